"""Progress of a long job, told with tqdm's interface."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from typing import Any, Generic, TypeVar

T = TypeVar("T")
Show = Callable[["ProgressBar[Any]"], Any]


def count_and_total(bar: ProgressBar[Any]) -> tuple[str, str]:
    """What ``html.Progress`` takes as its ``value`` and ``max``."""
    return str(bar.n), str(bar.total if bar.total is not None else bar.n)


def progress_bar(set_progress: Callable[[Any], Any], show: Show = count_and_total) -> Any:
    """Let a job report its progress to the page as it would with ``tqdm``.

    What is returned stands for ``tqdm``: wrap an iterable in it, or call its ``update``. It can be given to whatever
    takes a class like ``tqdm``. The page is told at most every ``mininterval`` seconds, and of the end in any case.

    Parameters
    ----------
    set_progress:
        What Dash passes to a background callback with ``progress=``.
    show:
        A function that makes of a bar what ``set_progress`` is to be given. It finds ``n``, ``total``, ``desc``,
        ``postfix``, ``elapsed`` (seconds) and ``rate`` (items a second, or ``None``). Default: the count and the
        total, for ``progress=[Output(bar, "value"), Output(bar, "max")]`` of a ``html.Progress``.

    Examples
    --------
    >>> from enrich import progress_bar
    >>> def job(set_progress, numbers):
    ...     tqdm = progress_bar(set_progress)
    ...     return sum(number for number in tqdm(numbers, mininterval=0))
    >>> job(print, [10, 20])
    ('0', '2')
    ('1', '2')
    ('2', '2')
    30
    """

    def make(iterable: Iterable[Any] | None = None, *args: Any, **kwargs: Any) -> ProgressBar[Any]:
        return ProgressBar(iterable, *args, set_progress=set_progress, show=show, **kwargs)

    return make


class ProgressBar(Generic[T]):
    """What ``progress_bar`` makes: a bar with tqdm's interface that tells the page.

    Parameters
    ----------
    iterable, desc, total, initial, disable, mininterval, postfix:
        As in ``tqdm``; ``mininterval`` is in seconds, default 0.25.
    set_progress, show:
        See ``progress_bar``.
    **_ignored:
        All else that ``tqdm`` takes, such as ``unit`` and ``leave``, has no meaning on a page.
    """

    def __init__(
        self,
        iterable: Iterable[T] | None = None,
        desc: str | None = None,
        total: float | None = None,
        *,
        set_progress: Callable[[Any], Any],
        show: Show = count_and_total,
        initial: float = 0,
        disable: bool | None = False,
        mininterval: float = 0.25,
        postfix: Mapping[str, Any] | None = None,
        **_ignored: Any,
    ) -> None:
        if total is None and isinstance(iterable, Sized):
            total = len(iterable)
        self.iterable = iterable
        self.desc = desc or ""
        self.total = total
        self.n = initial
        self.initial = initial
        self.disable = bool(disable)
        self.mininterval = mininterval
        self.postfix: dict[str, Any] = dict(postfix or {})
        self._set_progress, self._show = set_progress, show
        self._start = time.monotonic()
        self._told: float | None = None
        self._is_told = False
        self._is_closed = False
        self.refresh()

    @property
    def elapsed(self) -> float:
        """Seconds since the bar was made."""
        return time.monotonic() - self._start

    @property
    def rate(self) -> float | None:
        """Items a second; ``None`` before the first."""
        done = self.n - self.initial
        return done / self.elapsed if done and self.elapsed else None

    @property
    def format_dict(self) -> dict[str, Any]:
        """What tqdm's own bars are made of."""
        return {
            "n": self.n,
            "total": self.total,
            "elapsed": self.elapsed,
            "rate": self.rate,
            "prefix": self.desc,
            "postfix": ", ".join(f"{name}={value}" for name, value in self.postfix.items()),
        }

    def __iter__(self) -> Iterator[T]:
        if self.iterable is None:
            raise TypeError("This progress bar counts by update(); it was given nothing to go through.")
        with self:
            for item in self.iterable:
                yield item
                self.update()

    def __len__(self) -> int:
        return int(self.total or 0)

    def __enter__(self) -> ProgressBar[T]:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def update(self, n: float | None = 1) -> bool:
        """Count ``n`` more; was the page told?"""
        self.n += 1 if n is None else n
        self._is_told = False
        if self._told is not None and time.monotonic() - self._told < self.mininterval:
            return False
        return self.refresh()

    def refresh(self, *_ignored: Any, **_also_ignored: Any) -> bool:
        """Tell the page now."""
        if self.disable or self._is_closed:
            return False
        self._set_progress(self._show(self))
        self._told = time.monotonic()
        self._is_told = True
        return True

    def reset(self, total: float | None = None) -> None:
        """Begin anew, with another total if one is given."""
        self.n = self.initial
        self.total = self.total if total is None else total
        self._start = time.monotonic()
        self.refresh()

    def set_description(self, desc: str | None = None, refresh: bool = True) -> None:
        """Say what is being done."""
        self.desc = desc or ""
        if refresh:
            self.refresh()

    set_description_str = set_description

    def set_postfix(
        self, ordered_dict: Mapping[str, Any] | None = None, refresh: bool = True, **kwargs: Any
    ) -> None:
        """Set figures to show beside the bar."""
        self.postfix = {**(ordered_dict or {}), **kwargs}
        if refresh:
            self.refresh()

    def set_postfix_str(self, s: str = "", refresh: bool = True) -> None:
        """Set a text to show beside the bar."""
        self.set_postfix({"": s}, refresh)

    def display(self, *_ignored: Any, **_also_ignored: Any) -> None:
        """Tell the page now, as ``refresh`` does."""
        self.refresh()

    def clear(self, *_ignored: Any, **_also_ignored: Any) -> None:
        """Do nothing: a page has no line to clear."""

    def unpause(self) -> None:
        """Do nothing: there is no timer."""

    def close(self) -> None:
        """End: the page is told of the last count, if it was not."""
        if not self._is_told:
            self.refresh()
        self._is_closed = True

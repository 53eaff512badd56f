"""Ids with a prefix: both ways between what an author wrote and what is on the page."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from enrich.callbacks.overlap import fits
from enrich.callbacks.spec import FrozenId, Wildcard

Escape = Callable[[Any], bool]


class Prefixed(str):
    """A string id that has a prefix: what it starts with is no longer its author's choice."""

    __slots__ = ()


def default_prefix_escape(component_id: Any) -> bool:
    """Leave anchors as they are: ids that start with ``a-`` or ``anchor-``."""
    return isinstance(component_id, str) and component_id.startswith(("a-", "anchor-"))


def apply_prefix(prefix: str, component_id: Any, escape: Escape) -> Any:
    """Return an id with a prefix: a new dict for a dict, whose numbers and wildcards stay."""
    if not isinstance(component_id, Prefixed) and (escape(component_id) or _is_of_dash(component_id)):
        return component_id
    if isinstance(component_id, dict):
        return {
            key: f"{prefix}-{value}" if isinstance(value, str) else value
            for key, value in component_id.items()
        }
    return Prefixed(f"{prefix}-{component_id}")


def _is_of_dash(component_id: Any) -> bool:
    # The parts of dash.page_container: Dash's own callbacks know them by these ids.
    return isinstance(component_id, str) and component_id.startswith("_pages_")


class Names:
    """The ids of one program under one prefix.

    Parameters
    ----------
    prefix, escape:
        Those of the transform.
    known:
        The ids that the program's callbacks are declared with.
    """

    def __init__(self, prefix: str, escape: Escape, known: Iterable[str | FrozenId] = ()) -> None:
        self.prefix = prefix
        self.escape = escape
        self._known: set[str] = set()
        self._patterns: dict[tuple[str, ...], set[FrozenId]] = {}
        for component_id in known:
            if isinstance(component_id, FrozenId):
                self._patterns.setdefault(component_id.keys, set()).add(component_id)
            else:
                self._known.add(component_id)
        self._authors = {self.page(component_id): component_id for component_id in self._known}

    def page(self, component_id: Any) -> Any:
        """The id on the page of an id that the author wrote."""
        return apply_prefix(self.prefix, component_id, self.escape)

    def of_slot(self, component_id: str | FrozenId) -> str | FrozenId:
        if isinstance(component_id, FrozenId):
            return FrozenId.of(self.page(component_id.thaw()), partial=component_id.partial)
        slot_id: str = self.page(component_id)
        return slot_id

    def author(self, component_id: Any) -> Any:
        """The id that the author wrote, of an id on the page; what has no prefix stays."""
        start = f"{self.prefix}-"
        if isinstance(component_id, dict):
            texts = [value for value in component_id.values() if isinstance(value, str)]
            if not all(text.startswith(start) for text in texts):
                return component_id
            return {
                key: value.removeprefix(start) if isinstance(value, str) else value
                for key, value in component_id.items()
            }
        if component_id in self._authors:
            return self._authors[component_id]
        return component_id.removeprefix(start)

    def page_unless_written(self, component_id: Any) -> Any:
        """The id on the page, of an id that may already be one: authors used to prefix by hand what callbacks return.

        An id counts as prefixed where a callback is declared with what it stands for, and none with the id itself.
        """
        if not self.is_known(component_id) and self.is_known(self.author(component_id)):
            return Prefixed(component_id) if isinstance(component_id, str) else component_id
        return self.page(component_id)

    def for_scripts(self) -> dict[str, Any]:
        """What a script needs to do the same in the browser; a wildcard is ``None`` there."""
        default = self.escape is default_prefix_escape
        return {
            "prefix": self.prefix,
            "authors": {page: self._authors[page] for page in sorted(self._authors)},
            "patterns": sorted(
                (
                    {key: None if isinstance(value, Wildcard) else value for key, value in pattern.items}
                    for patterns in self._patterns.values()
                    for pattern in patterns
                ),
                key=str,
            ),
            "kept": ["a-", "anchor-", "_pages_"] if default else ["_pages_"],
        }

    def is_known(self, component_id: Any) -> bool:
        """Is a callback declared with the id?"""
        if not isinstance(component_id, dict):
            return component_id in self._known
        keys = tuple(sorted(component_id))
        return any(fits(pattern, component_id) for pattern in self._patterns.get(keys, ()))

    def reference(self, value: Any, rename: Callable[[Any], Any] | None = None) -> Any:
        """Rename the id in a property that names another component: an id, or a CSS selector of one."""
        rename = rename or self.page
        if isinstance(value, str) and value.startswith("#"):
            return f"#{rename(value[1:])}"
        return rename(value) if isinstance(value, str | dict) else value

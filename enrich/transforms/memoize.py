"""Memoize: a callback's results, kept in the store under its arguments.

What is kept is what travels: tokens for server-side values, JSON for the rest. So a hit loads nothing, neither the
arguments nor the results, and runs nothing.
"""

from __future__ import annotations

import asyncio
import functools
import json
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass
from typing import Any
from weakref import WeakSet

from enrich import dash_internals
from enrich.callbacks.call import current_app
from enrich.callbacks.compile import is_async
from enrich.callbacks.declare import is_serverside
from enrich.callbacks.parameters import author_of
from enrich.callbacks.spec import CallbackSpec, Slot
from enrich.callbacks.tree import is_branch
from enrich.callbacks.unsendable import unsendable
from enrich.callbacks.waiting import Waiting
from enrich.errors import DeclarationError, HandleError, HandleExpired, HandleForeign, StoreError
from enrich.store import Ref, looks_like_handle, make_memoize_key
from enrich.store.memoize import function_identity

_apps: WeakSet[Any] = WeakSet()
_TAKES = (
    "Give forget() the function that a callback was declared with, after its app was made or imported, and say "
    "memoize= in the declaration."
)


def forget(function: Callable[..., Any]) -> None:
    """Drop everything that is memoized of a callback, in every worker.

    Parameters
    ----------
    function:
        The callback's function, as it was declared with ``memoize=``.

    Raises
    ------
    DeclarationError
        If no app in this process has a callback of this function with ``memoize=``.

    Examples
    --------
    >>> from enrich import Dash, Input, Output, forget
    >>> app = Dash("doc")
    >>> @app.callback(Output("total", "children"), Input("year", "value"), memoize=True)
    ... def total(year):
    ...     return 2 * year
    >>> forget(total)
    """
    if not callable(function):
        raise DeclarationError(f"forget({function!r}): {_TAKES}")
    group = _identity(function)
    named = {app: {_identity(known): known for known in _memoized(app)} for app in list(_apps)}
    apps = [app for app, known in named.items() if group in known]
    if not apps:
        names = sorted({getattr(f, "__name__", repr(f)) for known in named.values() for f in known.values()})
        raise DeclarationError(
            f"forget({getattr(function, '__name__', repr(function))}): no app in this process has a callback of this "
            f"function with memoize=; they have {', '.join(map(repr, names)) or 'none'}. {_TAKES}"
        )
    failures = []
    for app in apps:
        try:
            app.store.forget(group=group)
        except StoreError as error:
            # One app's store that is away keeps nobody's results in the others.
            failures.append(error)
    if failures:
        raise failures[0]


def _memoized(app: Any) -> Iterator[Any]:
    """The functions that an app memoizes; its store needn't be opened for any other."""
    if app.has_store:
        # What is declared for every app inside a function is only in the program, once that is served.
        for spec in (*app._build.written().callbacks, *app._build.program.callbacks):
            for single in spec.singles:
                is_memoized = single.flags.get("memoize") or any(isinstance(o, Memo) for o in single.outer)
                if callable(single.func) and is_memoized:
                    yield author_of(single.func)


def _identity(function: Any) -> str:
    return function_identity(author_of(function))


def with_memo(spec: CallbackSpec, *, session_check: bool, arg_check: bool) -> CallbackSpec:
    """Carry out a callback's ``memoize=``; the same spec where it has none."""
    memoize = spec.flags.get("memoize")
    if memoize is None or memoize is False:
        return spec.without_flags("memoize")
    if spec.is_clientside:
        raise DeclarationError(
            f"{spec} runs in the browser and has memoize=. Only server-side callbacks have it."
        )
    if not (memoize is True or callable(memoize) or (isinstance(memoize, int | float) and memoize > 0)):
        raise DeclarationError(
            f"{spec} has memoize={memoize!r}. Give True, a positive number of seconds, or a function of the outputs."
        )
    markers = [slot.marker for slot in spec.output_slots() if is_serverside(slot)]
    checks = [marker.session_check for marker in markers if marker.session_check is not None]
    memo = Memo(
        ttl=None if memoize is True or callable(memoize) else float(memoize),
        by_session=any(checks) if checks else session_check,
        by_arguments=arg_check and all(marker.arg_check for marker in markers),
    )
    return spec.without_flags("memoize").with_changes(
        outer=(*spec.outer, memo), finish=(*spec.finish, memoize) if callable(memoize) else spec.finish
    )


def register(app: Any) -> None:
    """Let ``forget`` reach an app's store."""
    _apps.add(app)


class _Outdated(Exception):
    """A name among the arguments stands for another value than when the call began: whose result this is, isn't known."""

    def __init__(self, text: str) -> None:
        self.text = text


@dataclass(frozen=True, slots=True)
class Memo:
    """How one callback's results are kept."""

    ttl: float | None
    by_session: bool
    by_arguments: bool

    def __call__(self, function: Callable[..., Any], spec: CallbackSpec) -> Callable[..., Any]:
        if is_async(function):
            waiting = Waiting()

            @functools.wraps(function)
            async def recall_async(*args: Any, **kwargs: Any) -> Any:
                loop = asyncio.get_running_loop()

                def run() -> Any:
                    return asyncio.run_coroutine_threadsafe(function(*args, **kwargs), loop).result()

                alike = await self._alike(args, kwargs)
                return await waiting.run(alike, lambda: self._recall(spec, run, args, kwargs))

            return recall_async

        @functools.wraps(function)
        def recall(*args: Any, **kwargs: Any) -> Any:
            return self._recall(spec, lambda: function(*args, **kwargs), args, kwargs)

        return recall

    async def _alike(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Hashable:
        """What calls have in common that come to the same result."""
        app = current_app()

        def session() -> Hashable:
            try:
                named: Hashable = app._sessions.current_or_none()
                return named
            except Exception:  # session_id= knows nobody, and says so where it matters
                return object()

        # Opening the store reads its secret.
        whose = (
            None
            if not self.by_session
            else session()
            if app.has_open_store
            else await asyncio.to_thread(session)
        )
        outputs = getattr(dash_internals.context(), "outputs_list", None)
        return whose, repr(outputs), repr((args, kwargs))

    def _recall(
        self, spec: CallbackSpec, run: Callable[[], Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        app = current_app()
        made: list[str] = []
        stored: dict[str, Any] = {}

        def is_outdated() -> bool:
            # The function may have changed its arguments in place, so they aren't looked through again.
            try:
                return any(_stored(app, token) != known for token, known in stored.items())
            except HandleError:
                return True

        def made_text() -> str:
            result = run()
            try:
                text = dash_internals.to_json(result)
            except TypeError:
                raise unsendable(spec, result) from None
            if is_outdated():
                raise _Outdated(text)
            return text

        def for_everybody() -> str | None:
            text = made_text()
            if not any(_is_bound(app, token) for token in _tokens(json.loads(text))):
                return text
            # It holds a value of one session's, which nobody else may read: each session has a result of its own.
            made.append(text)
            return None

        def for_session() -> str:
            return made.pop() if made else made_text()

        try:
            given = self._arguments(app, spec, args, kwargs, stored)
        except HandleError:
            # One can't be had: the call says so, or what is passed in its place.
            return run()
        key = self._key(spec, given)
        try:
            if not self.by_session:
                is_kept, result = self._kept(app, None, spec, key, for_everybody)
                if is_kept:
                    return result
            return self._kept(app, app._sessions.current(), spec, key, for_session)[1]
        except _Outdated as outdated:
            return json.loads(outdated.text)

    def _kept(
        self, app: Any, session: str | None, spec: CallbackSpec, key: str, make: Callable[[], str | None]
    ) -> tuple[bool, Any]:
        """Is there a result, and which."""
        place: dict[str, Any] = {"scope": session, "group": _identity(spec.func)}
        payer = app._sessions.payer() if session is None else None
        for _attempt in range(2):
            text = app.store.compute(key, make, ttl=self.ttl, producer=str(spec), payer=payer, **place)
            if text is None:
                return False, None
            result = json.loads(text)
            if all(_is_there(app, session, token) for token in _tokens(result)):
                break
            # The store dropped a value that the kept result stands for.
            app.store.forget(key, **place)
        return True, result

    def _arguments(
        self,
        app: Any,
        spec: CallbackSpec,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        stored: dict[str, Any],
    ) -> list[Any]:
        """What the result depends on; a token counts as what it stands for to the running session, noted in `stored`."""
        if not self.by_arguments:
            return []
        tree: Any = spec.dash_inputs
        tree = tree if is_branch(tree) else (tree,)
        given: Any = kwargs if isinstance(tree, dict) else args[len(args) - len(tree) :]
        return [_by_key(app, value, stored) for value in _passed(tree, given)]

    def _key(self, spec: CallbackSpec, given: list[Any]) -> str:
        outputs = getattr(dash_internals.context(), "outputs_list", None)
        concrete = (
            sorted(dash_internals.prop_ids(outputs if isinstance(outputs, list) else [outputs]))
            if outputs
            else []
        )
        return make_memoize_key(_identity(spec.func), concrete, *given)


def _passed(tree: Any, value: Any) -> Iterator[Any]:
    """The values that the function would see, as they travelled."""
    if isinstance(tree, Slot):
        if tree.passed:
            yield value
    elif isinstance(tree, dict):
        for key, child in tree.items():
            yield from _passed(child, value[key])
    else:
        for child, part in zip(tree, value, strict=True):
            yield from _passed(child, part)


def _by_key(app: Any, value: Any, stored: dict[str, Any]) -> Any:
    """Let server-side values count by their content: their tokens differ from one writing to the next."""
    if isinstance(value, str) and looks_like_handle(value):
        if value not in stored:
            stored[value] = _stored(app, value)
        return stored[value]
    if isinstance(value, dict):
        return {key: _by_key(app, child, stored) for key, child in value.items()}
    if isinstance(value, list):
        return [_by_key(app, child, stored) for child in value]
    return value


def _stored(app: Any, token: str) -> tuple[str, str]:
    """What a token stands for, in a form that no JSON value has, so that nothing a browser sends is taken for it."""
    ref = app._sessions.opened(token)
    if not ref.key or not app.store.renew(Ref(ref.key, store=ref.store)):
        # What the call says, or takes in its place, is nothing to remember.
        raise HandleExpired("An argument's value is gone.")
    return "stored", ref.key


def _tokens(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if looks_like_handle(value):
            yield value
    elif isinstance(value, dict | list):
        for child in value.values() if isinstance(value, dict) else value:
            yield from _tokens(child)


def _is_there(app: Any, session: str | None, token: str) -> bool:
    found: bool = app.store.renew(app.store.open(token, session=session))
    return found


def _is_bound(app: Any, token: str) -> bool:
    try:
        app.store.open(token)
    except HandleForeign:
        return True
    return False

"""Every declaration ends in one of two functions of Dash: there it is recorded, whoever made it."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol
from weakref import WeakValueDictionary

from dash import Dash, _callback
from dash.exceptions import DashException, DuplicateIdError

from enrich.callbacks.spec import Clientside, Origin
from enrich.dash_internals.earlier import Earlier, earlier, keep

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

register_callback_of_dash = _callback.register_callback
register_clientside_callback_of_dash = _callback.register_clientside_callback
_setup_server_of_dash = Dash._setup_server


class Recorder(Protocol):
    """Takes the declarations made on one callback list."""

    def declare(
        self, func: Clientside | None, args: tuple[Any, ...], kwargs: Mapping[str, Any], origin: Origin
    ) -> Decorator: ...


class OwnRecorder(Recorder, Protocol):
    """A recorder with a callback list and a callback map of its own."""

    list: list[Any]
    map: dict[str, Any]


_recorders: WeakValueDictionary[int, Recorder] = WeakValueDictionary()
_global_recorder: list[Recorder] = []
_not_for_plain_dash: list[str] = []
_explain_duplicate: list[Callable[[Any, str], Exception | None]] = []


def record(callback_list: list[Any], recorder: Recorder) -> None:
    """Send declarations made on ``callback_list`` to ``recorder``, which keeps the list alive."""
    _recorders[id(callback_list)] = recorder


def record_globals(recorder: Recorder) -> None:
    """Send a copy of what ``dash.callback`` and its clientside twin declare, and have declared, to ``recorder``."""
    for declaration in earlier(
        _callback.GLOBAL_CALLBACK_LIST, _callback.GLOBAL_CALLBACK_MAP, _callback.GLOBAL_INLINE_SCRIPTS
    ):
        declare_again(declaration, recorder)
    _global_recorder[:] = [recorder]


def declare_again(declaration: Earlier, recorder: Recorder) -> None:
    """Hand a declaration that Dash has registered to a recorder."""
    func = declaration.func
    clientside = func if isinstance(func, Clientside) else None
    decorate = recorder.declare(clientside, declaration.args, declaration.kwargs, declaration.origin)
    if not isinstance(func, Clientside):
        decorate(func)


def _recording_callback(
    callback_list: list[Any], callback_map: dict[str, Any], prevent: Any, *args: Any, **kwargs: Any
) -> Decorator:
    recorder = _recorders.get(id(callback_list))
    if recorder is not None:
        return recorder.declare(None, args, kwargs, caller())
    origin = caller()
    if callback_list is not _callback.GLOBAL_CALLBACK_LIST or not _global_recorder:

        def register(fronts: list[Any], backs: dict[str, Any]) -> Decorator:
            return register_callback_of_dash(fronts, backs, prevent, *args, **kwargs)  # type: ignore[no-any-return]

        wrap, remember = keep(callback_list, callback_map, register, args, kwargs, origin)

        def decorate(func: Callable[..., Any]) -> Callable[..., Any]:
            wrap(func)
            remember(func)
            return func

        return decorate
    ours = _global_recorder[0].declare(None, args, kwargs, origin)
    try:
        # A plain Dash app takes its global callbacks from Dash's own lists, in Dash's own grammar.
        plain = register_unwarned(callback_list, callback_map, prevent, *args, **kwargs)
    except (DashException, ValueError) as error:
        _not_for_plain_dash.append(
            f"The callback at {origin} is left out of this plain dash.Dash app: {error}"
        )
        return ours
    return lambda func: ours(plain(func))


def register_unwarned(
    callback_list: list[Any],
    callback_map: dict[str, Any],
    prevent: Any,
    *args: Any,
    persistent: Any = False,
    **kwargs: Any,
) -> Decorator:
    """Register as Dash does, without its warning of a synchronous ``persistent`` callback: ours knows its place."""
    decorate: Decorator = register_callback_of_dash(callback_list, callback_map, prevent, *args, **kwargs)
    if persistent and "persistent" in callback_list[-1]:
        callback_list[-1]["persistent"] = persistent
    return decorate


def _recording_clientside_callback(
    callback_list: list[Any],
    callback_map: dict[str, Any],
    prevent: Any,
    inline_scripts: list[str],
    function: Any,
    *args: Any,
    **kwargs: Any,
) -> None:
    recorder = _recorders.get(id(callback_list))
    if recorder is None and callback_list is _callback.GLOBAL_CALLBACK_LIST and _global_recorder:
        recorder = _global_recorder[0]
        register_clientside_callback_of_dash(
            callback_list, callback_map, prevent, inline_scripts, function, *args, **kwargs
        )
    func = (
        Clientside(source=function, is_authors=True)
        if isinstance(function, str)
        else Clientside(namespace=function.namespace, function_name=function.function_name, is_authors=True)
    )
    if recorder is None:

        def register(fronts: list[Any], backs: dict[str, Any]) -> None:
            register_clientside_callback_of_dash(
                fronts, backs, prevent, inline_scripts, function, *args, **kwargs
            )

        _, remember = keep(callback_list, callback_map, register, args, kwargs, caller())
        remember(func)
        return
    recorder.declare(func, args, kwargs, caller())


def _warning_setup_server(app: Any) -> Any:
    """Say which global callbacks a plain Dash app lacks, since Dash's grammar can't express them."""
    if id(app._callback_list) not in _recorders:
        while _not_for_plain_dash:
            warnings.warn(f"{_not_for_plain_dash.pop(0)} Use enrich.Dash.", stacklevel=2)
    with explained_duplicates(app):
        return _setup_server_of_dash(app)


@contextmanager
def explained_duplicates(app: Any) -> Iterator[None]:
    """Dash looks at a layout's ids in here: say more than it does where one is there twice."""
    try:
        yield
    except DuplicateIdError as error:
        name = str(error).partition("`")[2].rpartition("`")[0]
        for explain in _explain_duplicate:
            if (explained := explain(app, name)) is not None:
                raise explained from error
        raise


def explain_duplicate_ids(explain: Callable[[Any, str], Exception | None]) -> None:
    """Have a function look at an app whose layout has an id twice, for an error that says more than Dash's."""
    _explain_duplicate[:] = [explain]


def caller() -> Origin:
    """Find the line outside Dash and outside this package that declares a callback."""
    frame = sys._getframe(2)
    while (outer := frame.f_back) is not None:
        if frame.f_globals.get("__name__", "").partition(".")[0] not in ("dash", "enrich"):
            break
        frame = outer
    return Origin(
        file=frame.f_code.co_filename,
        line=frame.f_lineno,
        module=frame.f_globals.get("__name__", ""),
        at_module_level=frame.f_code.co_name == "<module>",
    )


@contextmanager
def hidden_globals() -> Iterator[None]:
    """Keep an app of ours from taking Dash's global callbacks: it has its own record of them."""
    kept = (
        list(_callback.GLOBAL_CALLBACK_LIST),
        dict(_callback.GLOBAL_CALLBACK_MAP),
        list(_callback.GLOBAL_INLINE_SCRIPTS),
    )
    _callback.GLOBAL_CALLBACK_LIST.clear()
    _callback.GLOBAL_CALLBACK_MAP.clear()
    _callback.GLOBAL_INLINE_SCRIPTS.clear()
    try:
        yield
    finally:
        _callback.GLOBAL_CALLBACK_LIST[:0] = kept[0]
        _callback.GLOBAL_CALLBACK_MAP.update(kept[1])
        _callback.GLOBAL_INLINE_SCRIPTS[:0] = kept[2]


def clear_globals() -> None:
    """Take Dash's global callbacks out of its lists, as the first app's first request does."""
    _not_for_plain_dash.clear()
    _callback.GLOBAL_CALLBACK_LIST.clear()
    _callback.GLOBAL_CALLBACK_MAP.clear()
    _callback.GLOBAL_INLINE_SCRIPTS.clear()


Dash._setup_server = _warning_setup_server  # type: ignore[method-assign]
_callback.register_callback = _recording_callback  # type: ignore[assignment]
_callback.register_clientside_callback = _recording_clientside_callback  # type: ignore[assignment]

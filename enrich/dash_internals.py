"""The only file that touches Dash's private names.

``tests/test_dash_internals.py`` is its contract with each supported Dash: a name that moves fails there first.
"""

from __future__ import annotations

import copy
import hashlib
import inspect
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol
from weakref import WeakValueDictionary

import flask
from dash import Input, Output, Patch, State, _callback, _validate, no_update
from dash._callback_context import context_value
from dash._grouping import flatten_grouping, map_grouping, update_args_group
from dash._utils import (
    AttributeDict,
    convert_to_AttributeDict,
    create_callback_id,
    inputs_to_dict,
    inputs_to_vals,
    stringify_id,
)
from dash.background_callback.managers import BaseBackgroundCallbackManager
from dash.development.base_component import Component
from dash.exceptions import DuplicateCallback, PreventUpdate

from enrich.callbacks.spec import Clientside, Origin

__all__ = ["PreventUpdate"]

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

_register_callback = _callback.register_callback
_register_clientside_callback = _callback.register_clientside_callback
_register_job = BaseBackgroundCallbackManager.register_func

CALLBACK_OPTIONS = frozenset(
    name
    for name, parameter in inspect.signature(_callback.callback).parameters.items()
    if parameter.kind is inspect.Parameter.KEYWORD_ONLY
) | {"_allow_dynamic_callbacks", "callback_api_paths"}
"""Keywords of ``dash.callback`` beside the dependencies."""


# --- validation: what Dash refuses is refused in Dash's words -----------------------------------


def validate_dependencies(outputs: list[Any], inputs: list[Any], states: list[Any]) -> None:
    _validate.validate_callback(outputs, inputs, states, [], (Input, Output, State))


def refuse_dependency(found: Any) -> None:
    """Raise Dash's error for something that is not a dependency."""
    _validate.validate_callback([], [], [], [found], (Input, Output, State))


# --- values -------------------------------------------------------------------------------------

NO_UPDATE = no_update
NoUpdate = type(no_update)


def is_no_update(value: Any) -> bool:
    """Tell whether ``value`` stands for no update, without comparing values (they may be DataFrames)."""
    return value is NoUpdate or isinstance(value, NoUpdate)


def flatten_result(value: Any, outputs: Any) -> list[Any]:
    """Flatten what a callback returned along its outputs; Dash's error if the shapes differ."""
    return list(flatten_grouping(value, outputs)) if isinstance(outputs, list | tuple | dict) else [value]


def values(items: Sequence[Any]) -> list[Any]:
    """Take the values out of a request's items."""
    return list(inputs_to_vals(items))


def map_updated_props(function: Callable[[Any], Any]) -> None:
    """Replace every value that ``set_props`` has queued in this call."""
    updated: dict[str, Any] = getattr(context(), "updated_props", None) or {}
    for component_id, props in list(updated.items()):
        updated[component_id] = {name: function(value) for name, value in props.items()}


def map_component(value: Any, function: Callable[[Any], Any]) -> Any:
    """Apply ``function`` to what a component or a ``Patch`` holds; a changed copy, or the same object."""
    if isinstance(value, Component):
        held = {name: getattr(value, name) for name in value._prop_names if hasattr(value, name)}
        changed = {name: new for name, old in held.items() if (new := function(old)) is not old}
        if not changed:
            return value
        component = copy.copy(value)
        for name, new in changed.items():
            setattr(component, name, new)
        return component
    if isinstance(value, Patch):
        operations = [{**op, "params": function(op["params"])} for op in value._operations]
        if all(a["params"] is b["params"] for a, b in zip(operations, value._operations, strict=True)):
            return value
        patch = Patch()
        patch._operations = operations
        return patch
    return value


def id_text(component_id: Any) -> str:
    return str(stringify_id(component_id))


# --- recording: every declaration ends in one of two functions of Dash ---------------------------


class Recorder(Protocol):
    """Takes the declarations made on one callback list."""

    def declare(
        self, func: Clientside | None, args: tuple[Any, ...], kwargs: Mapping[str, Any], origin: Origin
    ) -> Decorator: ...


_recorders: WeakValueDictionary[int, Recorder] = WeakValueDictionary()
_global_recorder: list[Recorder] = []


def record(callback_list: list[Any], recorder: Recorder) -> None:
    """Send declarations made on ``callback_list`` to ``recorder``, which keeps the list alive."""
    _recorders[id(callback_list)] = recorder


def record_globals(recorder: Recorder) -> None:
    """Send a copy of what ``dash.callback`` and its clientside twin declare to ``recorder``."""
    _global_recorder[:] = [recorder]


def _recording_callback(
    callback_list: list[Any], callback_map: dict[str, Any], prevent: Any, *args: Any, **kwargs: Any
) -> Decorator:
    recorder = _recorders.get(id(callback_list))
    if recorder is not None:
        return recorder.declare(None, args, kwargs, _caller())
    if callback_list is not _callback.GLOBAL_CALLBACK_LIST or not _global_recorder:
        return _register_callback(callback_list, callback_map, prevent, *args, **kwargs)  # type: ignore[no-any-return]
    ours = _global_recorder[0].declare(None, args, kwargs, _caller())

    def declare_twice(func: Callable[..., Any]) -> Callable[..., Any]:
        # A plain Dash app takes its global callbacks from Dash's own lists, in Dash's own grammar.
        _register_callback(callback_list, callback_map, prevent, *args, **kwargs)(func)
        return ours(func)

    return declare_twice


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
        _register_clientside_callback(
            callback_list, callback_map, prevent, inline_scripts, function, *args, **kwargs
        )
    if recorder is None:
        _register_clientside_callback(
            callback_list, callback_map, prevent, inline_scripts, function, *args, **kwargs
        )
        return
    func = (
        Clientside(source=function)
        if isinstance(function, str)
        else Clientside(namespace=function.namespace, function_name=function.function_name)
    )
    recorder.declare(func, args, kwargs, _caller())


def _caller() -> Origin:
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


# --- declaring and emitting ---------------------------------------------------------------------


def declare_callback(
    args: tuple[Any, ...], kwargs: Mapping[str, Any], callback_list: list[Any], callback_map: dict[str, Any]
) -> Decorator:
    """Run Dash's own decorator on the given lists."""
    return _callback.callback(*args, callback_list=callback_list, callback_map=callback_map, **kwargs)


def declare_clientside_callback(
    function: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], callback_list: list[Any]
) -> None:
    _callback.register_clientside_callback(callback_list, {}, False, [], function, *args, **kwargs)


def register(
    prevent: Any, inputs: Any, kwargs: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any], Callable[[Callable[..., Any]], Callable[..., Any]]]:
    """Register a server-side callback on lists of its own.

    Returns the entry for the front end, the entry for the back end, and a function that makes Dash's handler of a
    function: made of the same declaration each time, so that one callback can have two handlers.
    """
    entries: list[dict[str, Any]] = []
    handlers: dict[str, dict[str, Any]] = {}
    # Dash keeps a single positional dependency single; in inputs= it makes a list of it.
    args, inputs_kw = ((inputs,), {}) if isinstance(inputs, Input | State) else ((), {"inputs": inputs})
    wrap = _register_callback(entries, handlers, prevent, *args, **inputs_kw, **kwargs)
    (handler_entry,) = handlers.values()

    def handler_of(func: Callable[..., Any]) -> Callable[..., Any]:
        wrap(func)
        handler: Callable[..., Any] = handler_entry["callback"]
        return handler

    return entries[0], handler_entry, handler_of


def register_clientside(
    prevent: Any, function: Any, kwargs: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any], list[str]]:
    """Register a clientside callback on lists of its own; returns both entries and its inline scripts."""
    entries: list[dict[str, Any]] = []
    handlers: dict[str, dict[str, Any]] = {}
    scripts: list[str] = []
    _register_clientside_callback(entries, handlers, prevent, scripts, function, **kwargs)
    (handler_entry,) = handlers.values()
    return entries[0], handler_entry, scripts


def add_api(path: str, func: Callable[..., Any]) -> None:
    """Publish a function under ``api_endpoint``, as ``app.setup_apis()`` expects it."""
    paths = getattr(_callback, "GLOBAL_API_PATHS", None)  # since Dash 3.4
    if paths is not None:
        paths[path] = func


# --- background jobs: known to Dash by the decorator's function, whatever is compiled later -------


def register_job(
    func: Callable[..., Any], outputs: Sequence[Output], inputs: Sequence[Input], progress: bool
) -> None:
    """Make a background function known to every manager, once, under a key that each process computes alike."""
    declared_id = create_callback_id(list(outputs), list(inputs), not outputs)
    func.__enrich_job_key__ = _register_job(func, progress, declared_id)  # type: ignore[attr-defined]


def _register_job_once(fn: Callable[..., Any], progress: bool, callback_id: str) -> str:
    known: str | None = getattr(fn, "__enrich_job_key__", None)
    return known if known is not None else str(_register_job(fn, progress, callback_id))


# --- Dash's global lists ------------------------------------------------------------------------


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
    _callback.GLOBAL_CALLBACK_LIST.clear()
    _callback.GLOBAL_CALLBACK_MAP.clear()
    _callback.GLOBAL_INLINE_SCRIPTS.clear()


def global_declarations() -> tuple[list[dict[str, Any]], dict[str, dict[str, Any]]]:
    """What ``dash.callback`` declared and no app has taken yet."""
    return _callback.GLOBAL_CALLBACK_LIST, _callback.GLOBAL_CALLBACK_MAP


def refuse_duplicate(message: str) -> None:
    raise DuplicateCallback(message)


# --- the context of a call ------------------------------------------------------------------------


def context() -> Any:
    """The context of the running callback, or an empty mapping outside of one."""
    return context_value.get()


@contextmanager
def use_context(view: Any) -> Iterator[None]:
    """Show ``view`` as ``ctx`` for a while."""
    token = context_value.set(view)
    try:
        yield
    finally:
        context_value.reset(token)


def member_view(
    whole: Any,
    inputs: Sequence[Any],
    states: Sequence[Any],
    input_shape: Any,
    outputs: Sequence[Any],
    output_shape: Any,
) -> Any:
    """Make the ``ctx`` that a member of a joint callback would have on its own.

    Parameters
    ----------
    whole:
        The context of the joint callback. The response and the updated properties stay shared with it.
    inputs, states, outputs:
        The request's items for the member's own slots, each in the member's order.
    input_shape, output_shape:
        The member's trees, with positions in ``inputs + states`` and in ``outputs`` for leaves.
    """
    changed = [t for t in whole.triggered_inputs if t["prop_id"] in set(prop_ids(inputs))]
    items = convert_to_AttributeDict([*inputs, *states])
    for item in items:
        for part in item if isinstance(item, list) else [item]:
            update_args_group(part, [t["prop_id"] for t in changed])
    view = AttributeDict(whole)
    view.inputs_list, view.states_list = list(inputs), list(states)
    view.input_values, view.state_values = inputs_to_dict(inputs), inputs_to_dict(states)
    view.triggered_inputs = changed
    view.args_grouping = _group(items, input_shape)
    view.using_args_grouping = _is_grouped(input_shape)
    view.outputs_list = list(outputs) if isinstance(output_shape, list) else outputs[0]
    view.outputs_grouping = _group(outputs, output_shape)
    view.using_outputs_grouping = _is_grouped(output_shape)
    return view


def prop_ids(items: Sequence[Any]) -> Iterator[str]:
    """Name the properties in a request's items as ``triggered`` names them."""
    for item in items:
        for part in item if isinstance(item, list) else [item]:
            yield f"{stringify_id(part['id'])}.{part['property']}"


def _group(items: Sequence[Any], shape: Any) -> Any:
    return map_grouping(lambda position: items[position], shape) if items else []


def _is_grouped(shape: Any) -> bool:
    return not isinstance(shape, int) and shape != list(range(len(shape)))


# --- requests -------------------------------------------------------------------------------------


def wires_in_request(wires: Sequence[Any], body: Mapping[str, Any]) -> tuple[Any, ...]:
    """Tell which wires have values in a request, by a substring test on its bytes where the server keeps them."""
    if not wires:
        return ()
    raw = _raw_body()
    if raw is not None:
        return tuple(wire for wire in wires if wire.mark.encode() in raw)
    items = [*body.get("inputs", ()), *(body.get("state") or ())]
    return tuple(wire for wire in wires if _holds(items, wire.mark))


def _raw_body() -> bytes | None:
    if not flask.has_request_context() or flask.request.content_encoding:
        return None
    # Flask caches them when Dash parses the JSON, so this copies nothing.
    return flask.request.get_data()


def _holds(value: Any, mark: str) -> bool:
    if isinstance(value, str):
        return mark in value
    if isinstance(value, dict):
        return any(_holds(child, mark) for child in value.values())
    return isinstance(value, list) and any(_holds(child, mark) for child in value)


# --- apps -------------------------------------------------------------------------------------------


def app_identity(app: Any) -> str:
    """Name an app as every worker of it does, however it was started, and no other app of this user.

    A module's name is not enough: two projects may both have an ``app.py``. A name that is no module was chosen.
    """
    name = app.config.name
    module = sys.modules.get(name)
    if module is None:
        return str(name)
    file = getattr(module, "__file__", None)
    stem = (
        os.path.splitext(os.path.basename(file))[0] if name in ("__main__", "__mp_main__") and file else name
    )
    root = os.path.realpath(os.path.dirname(file) if file else os.getcwd())
    return f"{stem.rpartition('.')[2]}-{hashlib.blake2s(root.encode(), digest_size=4).hexdigest()}"


# --- setup ------------------------------------------------------------------------------------------


def forget_setup(app: Any, mark: str) -> None:
    """Let the next request try again: Dash marks a step of its setup as done before doing it."""
    app._got_first_request[mark] = False


@contextmanager
def retried_router(app: Any) -> Iterator[None]:
    """While Dash installs its pages router: run it once at a time, and let a failed run be tried again."""
    backend = getattr(app, "backend", None) or app.server  # Dash 3 has no backends
    install = backend.before_request

    def install_retried(router: Callable[[], Any]) -> Any:
        if inspect.iscoroutinefunction(router):

            async def route_async() -> Any:
                try:
                    return await router()
                except BaseException:
                    forget_setup(app, "pages")
                    raise

            return install(route_async)

        def route() -> Any:
            if app._build.has_router:
                return None
            with app._build.inside():
                try:
                    result = router()
                except BaseException:
                    forget_setup(app, "pages")
                    raise
                app._build.has_router = True
                return result

        return install(route)

    backend.before_request = install_retried
    try:
        yield
    finally:
        del backend.before_request


_callback.register_callback = _recording_callback  # type: ignore[assignment]
_callback.register_clientside_callback = _recording_clientside_callback  # type: ignore[assignment]
BaseBackgroundCallbackManager.register_func = staticmethod(_register_job_once)  # type: ignore[method-assign]

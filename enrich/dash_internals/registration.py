"""Dash's way from dependencies and a function to what it serves."""

from __future__ import annotations

import inspect
import itertools
import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dash import Input, Output, State, __version__, _callback, _validate
from dash._utils import create_callback_id
from dash.background_callback.managers import BaseBackgroundCallbackManager
from dash.exceptions import DuplicateCallback

from enrich.callbacks.tree import grouping, leaves
from enrich.dash_internals.recording import (
    Decorator,
    OwnRecorder,
    caller,
    register_clientside_callback_of_dash,
    register_unwarned,
)

_PARSED = "_enrich_parsed"
_parse_of_dash = _callback.handle_grouped_callback_args  # type: ignore[attr-defined]
_fail_callback_output_of_dash = _validate.fail_callback_output
_explain_unsendable: list[Callable[[Any], Exception | None]] = []
_validate_background_callbacks_of_dash = _validate.validate_background_callbacks
_register_job = BaseBackgroundCallbackManager.register_func
_key_of_dash = BaseBackgroundCallbackManager.build_cache_key

_DEFAULTS = {
    name: parameter.default
    for name, parameter in inspect.signature(_callback.callback).parameters.items()
    if parameter.kind is inspect.Parameter.KEYWORD_ONLY
}
CALLBACK_OPTIONS = frozenset(_DEFAULTS) | {"_allow_dynamic_callbacks", "callback_api_paths"}
"""Keywords of ``dash.callback`` beside the dependencies."""
CALLBACK_STRUCTURE = frozenset({"output", "inputs", "state", "prevent_initial_call"})
"""Keywords of ``dash.callback`` that its parser reads."""
_VERSION = tuple(int(part) for part in __version__.split(".")[:2])
MATCH_MAY_STAND_ALONE = _VERSION >= (4, 2)
"""Does dash-renderer take inputs with MATCH where no output has any?"""
RUNNING_TAKES_PATCHES = _VERSION >= (3, 3)
"""Does dash-renderer apply a ``Patch`` in ``running``?"""


def says_nothing(option: str, value: Any) -> bool:
    """Is it what Dash takes an option to be where nobody gives it?"""
    return value is None or value is _DEFAULTS.get(option)


def validate_dependencies(
    outputs: list[Any], inputs: list[Any], states: list[Any], leftover: Sequence[Any] = ()
) -> None:
    """Raise Dash's error for a wrong id or property, and for dependencies that have no place."""
    _validate.validate_callback(outputs, inputs, states, list(leftover), (Input, Output, State))


def validate_duplicates(outputs: list[Any], prevent: Any, default: Any) -> None:
    """Raise Dash's error for duplicate outputs that would run when the page loads."""
    _validate.validate_duplicate_output(outputs, prevent, default)


def refuse_dependency(found: Any) -> None:
    """Raise Dash's error for something that is not a dependency."""
    _validate.validate_callback([], [], [], [found], (Input, Output, State))


def refuse_duplicate(message: str) -> None:
    raise DuplicateCallback(message)


def declare_callback(args: tuple[Any, ...], kwargs: Mapping[str, Any], recorder: OwnRecorder) -> Decorator:
    """Declare on an app's or a blueprint's own lists, by Dash's decorator where there are options for it to read."""
    if kwargs.keys() <= CALLBACK_STRUCTURE:
        return recorder.declare(None, args, kwargs, caller())
    return _callback.callback(*args, callback_list=recorder.list, callback_map=recorder.map, **kwargs)


def declare_clientside_callback(
    function: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], callback_list: list[Any]
) -> None:
    _callback.register_clientside_callback(callback_list, {}, False, [], function, *args, **kwargs)


def register(
    prevent: Any, inputs: Any, kwargs: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any], Decorator]:
    """Register a server-side callback on lists of its own.

    Returns its entries for the browser and for dispatching, and what adds the handler of a function to the latter.
    """
    entries: list[dict[str, Any]] = []
    handlers: dict[str, dict[str, Any]] = {}
    parsed = (kwargs["output"], *_split(inputs), kwargs.get("prevent_initial_call"))
    decorate = register_unwarned(entries, handlers, prevent, **kwargs, **{_PARSED: parsed})
    (handler,) = handlers.values()
    return entries[0], handler, decorate


def _split(inputs: Any) -> tuple[list[Input], list[State], Any]:
    """Take a tree of dependencies apart, as Dash's parser does: inputs, states, and the tree of their places."""
    flat = leaves(inputs)
    of_inputs = [dependency for dependency in flat if isinstance(dependency, Input)]
    of_states = [dependency for dependency in flat if not isinstance(dependency, Input)]
    next_input, next_state = itertools.count(), itertools.count(len(of_inputs))
    places = grouping(lambda found: next(next_input if isinstance(found, Input) else next_state), inputs)
    return of_inputs, of_states, places


def _parse_once(args: Any, kwargs: Any) -> Any:
    """Stand for Dash's parser: what was declared through us is parsed already."""
    return kwargs[_PARSED] if _PARSED in kwargs else _parse_of_dash(args, kwargs)


def register_clientside(
    prevent: Any, function: Any, kwargs: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any], list[str]]:
    """Register a clientside callback on lists of its own; returns both entries and its inline scripts."""
    entries: list[dict[str, Any]] = []
    handlers: dict[str, dict[str, Any]] = {}
    scripts: list[str] = []
    register_clientside_callback_of_dash(entries, handlers, prevent, scripts, function, **kwargs)
    (handler_entry,) = handlers.values()
    return entries[0], handler_entry, scripts


def add_api(path: str, func: Callable[..., Any]) -> None:
    """Publish a function under ``api_endpoint``, as ``app.setup_apis()`` expects it."""
    paths = getattr(_callback, "GLOBAL_API_PATHS", None)  # since Dash 3.4
    if paths is not None:
        paths[path] = func


def register_job(
    func: Callable[..., Any], outputs: Sequence[Output], inputs: Sequence[Input], progress: bool
) -> str:
    """Make a background function known to every manager, once; the key, which each process computes alike."""
    declared_id = create_callback_id(list(outputs), list(inputs), not outputs)
    return str(_register_job(func, progress, declared_id))


def _register_job_once(fn: Callable[..., Any], progress: bool, callback_id: str) -> str:
    known: str | None = getattr(fn, "__enrich_job_key__", None)
    return known if known is not None else str(_register_job(fn, progress, callback_id))


def _key_of_result(manager: BaseBackgroundCallbackManager, *args: Any, **kwargs: Any) -> str:
    """Stand for Dash's key of a job's result: before 4.5, jobs of equal arguments take each other's, whoever asks."""
    # Only where the manager caches is that wanted.
    caches = manager.cache_by is not None
    return str(_key_of_dash(manager, *args, **kwargs)) if caches else secrets.token_hex(32)


def _validate_background_callbacks(callback_map: Mapping[str, Mapping[str, Any]]) -> None:
    """Stand for Dash's check, which indexes all callbacks of an app before it looks for one in the background."""
    if any(entry.get("background") for entry in callback_map.values()):
        _validate_background_callbacks_of_dash(callback_map)


def explain_unsendable(explain: Callable[[Any], Exception | None]) -> None:
    """Have a function look at a result that is no JSON, for an error that says more than Dash's."""
    _explain_unsendable[:] = [explain]


def _fail_callback_output(result: Any, output: Any) -> None:
    """Stand for what Dash calls once it failed to write an answer, on every server and for every kind of callback."""
    for explain in _explain_unsendable:
        if (explained := explain(result)) is not None:
            # The failure to write JSON, and all the frames of the encoder, say no more.
            raise explained from None
    _fail_callback_output_of_dash(result, output)


BaseBackgroundCallbackManager.build_cache_key = _key_of_result  # type: ignore[assignment, method-assign]
BaseBackgroundCallbackManager.register_func = staticmethod(_register_job_once)  # type: ignore[method-assign]
_callback.handle_grouped_callback_args = _parse_once  # type: ignore[attr-defined]
_validate.validate_background_callbacks = _validate_background_callbacks
_validate.fail_callback_output = _fail_callback_output

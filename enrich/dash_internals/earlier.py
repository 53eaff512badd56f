"""Declarations that Dash has already registered, read back: for plain apps that become apps of ours later.

Those made since this package was imported are kept as they were written, in the entries of the app's callback map.
Those made earlier are rebuilt from what Dash keeps of them.
"""

from __future__ import annotations

import inspect
import itertools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dash import ALL, ALLSMALLER, MATCH, Output, State
from dash._grouping import map_grouping

from enrich.callbacks.spec import Clientside, Origin

_serial = itertools.count()


@dataclass(frozen=True, slots=True)
class Earlier:
    """A declaration: what was given to the decorator, and the function."""

    func: Callable[..., Any] | Clientside
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    origin: Origin
    serial: int = -1
    replaced: Earlier | None = None
    """The one of the same id that it took the place of."""


class _Entry(dict[str, Any]):
    """An entry of a callback map that remembers its declaration."""

    declaration: Earlier | None = None


def keep(
    callback_list: list[Any],
    callback_map: dict[str, Any],
    register: Callable[[list[Any], dict[str, Any]], Any],
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    origin: Origin,
) -> tuple[Any, Callable[[Any], None]]:
    """Register a callback by Dash's ``register``; returns what that returned, and what remembers its function."""
    fronts: list[Any] = []
    backs: dict[str, Any] = {}
    result = register(fronts, backs)
    ((callback_id, back),) = backs.items()
    entry = backs[callback_id] = _Entry(back)
    replaced = getattr(callback_map.get(callback_id), "declaration", None)
    callback_map[callback_id] = entry
    callback_list.extend(fronts)

    def remember(func: Any) -> None:
        entry.declaration = Earlier(func, args, kwargs, origin, next(_serial), replaced)

    return result, remember


def earlier(
    callback_list: Sequence[Any], callback_map: Mapping[str, Any], scripts: Sequence[str]
) -> list[Earlier]:
    """All declarations on an app's lists, in the order in which they were made."""
    found: list[Earlier] = []
    for front in callback_list:
        back = callback_map[front["output"]]
        declaration: Earlier | None = getattr(back, "declaration", None)
        if declaration is None:
            found.append(_rebuilt(front, back, scripts))
        while declaration is not None:
            if declaration not in found:
                found.append(declaration)
            declaration = declaration.replaced
    return sorted(found, key=lambda declaration: declaration.serial)


def _rebuilt(front: Mapping[str, Any], back: Mapping[str, Any], scripts: Sequence[str]) -> Earlier:
    if front["clientside_function"]:
        return _rebuilt_clientside(front, back, scripts)
    handler = back["callback"]
    func = handler.__wrapped__
    inputs = [*back["raw_inputs"], *map(_state, front["state"])]
    shape, outputs = back["inputs_state_indices"], back["output"]
    kwargs = _options(front, back)
    one_output = isinstance(outputs, Output)
    kwargs["output"] = (
        outputs if one_output else map_grouping(lambda place: outputs[place], back["outputs_indices"])
    )
    args: tuple[Any, ...] = ()
    if isinstance(shape, int):
        args = (inputs[shape],)
    else:
        kwargs["inputs"] = map_grouping(lambda place: inputs[place], shape)
    on_error = inspect.getclosurevars(handler).nonlocals.get("on_error")
    if on_error is not None:
        kwargs["on_error"] = on_error
    return Earlier(func, args, kwargs, _origin(func))


def _rebuilt_clientside(front: Mapping[str, Any], back: Mapping[str, Any], scripts: Sequence[str]) -> Earlier:
    function = front["clientside_function"]
    kwargs = _options(front, back) | {
        "output": back["output"],
        "inputs": list(back["raw_inputs"]),
        "state": [_state(item) for item in front["state"]],
    }
    func = Clientside(
        namespace=function["namespace"], function_name=function["function_name"], is_authors=True
    )
    start = f'ns["{func.function_name}"] = '
    for script in scripts:
        if is_inline(script) and start in script:
            func = Clientside(source=script.partition(start)[2].rpartition(";\n}")[0], is_authors=True)
    return Earlier(func, (), kwargs, Origin("an earlier module", 0, "", True))


def is_inline(script: str) -> bool:
    """Is it the source of a clientside callback, as Dash writes it into the page?"""
    return "_dashprivate_clientside_funcs" in script


_OPTIONS_OF_FRONT = (
    "optional",
    "hidden",
    "websocket",
    "persistent",
    "compress_payload",
    "compress_threshold",
)
_OPTIONS_OF_BACK = ("background", "manager", "mcp_enabled", "mcp_expose_docstring")


def _options(front: Mapping[str, Any], back: Mapping[str, Any]) -> dict[str, Any]:
    # Those that were not given too: Dash's decorator passes on their defaults.
    options = {name: front[name] for name in _OPTIONS_OF_FRONT if name in front}
    options |= {name: back[name] for name in _OPTIONS_OF_BACK if name in back}
    if front.get("dynamic_creator"):
        options["_allow_dynamic_callbacks"] = True
    if running := front.get("running"):
        on, off = running["running"], running["runningOff"]
        options["running"] = [(_output(prop_id), value, off[prop_id]) for prop_id, value in on.items()]
    if front["prevent_initial_call"]:
        options["prevent_initial_call"] = True
    elif any(output.allow_duplicate for output in _flat(back["output"])):
        options["prevent_initial_call"] = "initial_duplicate"
    return options


def _flat(outputs: Any) -> Iterator[Any]:
    yield from [outputs] if isinstance(outputs, Output) else outputs


def _state(item: Mapping[str, Any]) -> State:
    more = {"allow_optional": True} if item.get("allow_optional") else {}
    if item.get("partial"):
        more["partial_pattern"] = True
    return State(_id(item["id"]), item["property"], **more)


def _output(prop_id: str) -> Output:
    component_id, _, prop = prop_id.rpartition(".")
    return Output(_id(component_id.replace("\\.", ".")), prop)


_WILDCARDS = {"ALL": ALL, "MATCH": MATCH, "ALLSMALLER": ALLSMALLER}


def _id(text: str) -> Any:
    if not text.startswith("{"):
        return text
    return {
        key: _WILDCARDS[value[0]] if isinstance(value, list) else value
        for key, value in json.loads(text).items()
    }


def _origin(func: Callable[..., Any]) -> Origin:
    code = getattr(inspect.unwrap(func), "__code__", None)
    qualname = getattr(func, "__qualname__", "")
    return Origin(
        file=getattr(code, "co_filename", "an earlier module"),
        line=getattr(code, "co_firstlineno", 0),
        module=getattr(func, "__module__", None) or "",
        at_module_level="<locals>" not in qualname,
    )

"""Dash's grammar of arguments, in any order and nesting -> what a CallbackSpec says.

Dash's own rules decide the shapes (``dash.dependencies.handle_grouped_callback_args``): a single output that was not
in a list stays single, and so does a single input, so that ``ctx.args_grouping`` looks as under Dash. Beyond Dash,
outputs, inputs and states may come in any order.
"""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Mapping
from typing import Any

from dash import Input, Output, State
from dash.dependencies import DashDependency

from enrich import dash_internals
from enrich.callbacks.spec import Finish, FrozenId, Origin, Slot
from enrich.callbacks.tree import is_branch, leaves, map_leaves
from enrich.dependencies import ServersideOutput, Trigger
from enrich.errors import DeclarationError
from enrich.meant import nearest
from enrich.other_package import refuse_theirs

KNOWN_FLAGS = frozenset(
    {"group", "memoize", "priority", "blocking", "blocking_timeout", "loading", "log", "on_missing", "checks"}
)
"""Keywords that our own transforms understand."""

_INCOMING = (Input, State)
_PLAIN = (*_INCOMING, Output)


def read(
    args: tuple[Any, ...], kwargs: Mapping[str, Any], origin: Origin, *, clientside: bool
) -> dict[str, Any]:
    """Read what was given to a callback decorator, refusing what can be refused by looking at it alone.

    Returns what a ``CallbackSpec`` takes beside the function and the origin.
    """
    args, prevent_initial_call = _trailing_bool(args, kwargs.get("prevent_initial_call"))
    outputs, inputs = _trees(args, kwargs, clientside=clientside, origin=origin)
    flags: dict[str, Any] = {}
    options: dict[str, Any] = {}
    for name, value in kwargs.items():
        if name in dash_internals.CALLBACK_OPTIONS:
            if not dash_internals.says_nothing(name, value):
                options[name] = value
        elif name not in dash_internals.CALLBACK_STRUCTURE:
            flags[name] = value
    if flags:
        _check_flags(flags, origin)
    output_tree = map_leaves(lambda one: _slot(one, origin), outputs)
    return {
        "outputs": output_tree,
        "inputs": map_leaves(lambda one: _slot(one, origin), inputs),
        "prevent_initial_call": prevent_initial_call,
        "options": options,
        "flags": flags,
        "finish": _bare_value(output_tree),
    }


def _trailing_bool(args: tuple[Any, ...], given: Any) -> tuple[tuple[Any, ...], Any]:
    if given is None and args and isinstance(args[-1], bool):
        return args[:-1], args[-1]
    return args, given


def _trees(
    args: tuple[Any, ...], kwargs: Mapping[str, Any], *, clientside: bool, origin: Origin
) -> tuple[Any, Any]:
    outputs: list[Any] = []
    inputs: list[Any] = []
    in_sequence = False
    for arg in args:
        # Like Dash, the outermost list or tuple is only a way to write several arguments.
        sequence = isinstance(arg, (list, tuple))
        for item in arg if sequence else (arg,):
            if _side(item, Input if inputs else Output, origin) is Output:
                in_sequence = in_sequence or sequence
                outputs.append(item)
            else:
                inputs.append(item)
    output_tree: Any = outputs[0] if len(outputs) == 1 and not in_sequence else outputs
    input_tree: Any = inputs[0] if len(inputs) == 1 else inputs
    leftover: list[Any] = []
    if "output" in kwargs:
        leftover += outputs
        output_tree = _expect(kwargs["output"], Output, origin)
    if "inputs" in kwargs:
        leftover += inputs
        input_tree = _inputs_and_state(kwargs["inputs"], kwargs.get("state"))
    elif "state" in kwargs:
        if not clientside:
            # The words are Dash's own.
            raise ValueError(
                "The state keyword argument may not be provided without the input keyword argument"
            )
        input_tree = [*inputs, *_as_list(kwargs["state"])]
    incoming = leaves(input_tree)
    dash_internals.validate_dependencies(
        leaves(output_tree),
        [d for d in incoming if not isinstance(d, State)],
        [d for d in incoming if isinstance(d, State)],
        leftover,
    )
    return output_tree, input_tree


def _side(item: Any, empty: type, origin: Origin) -> type:
    """Tell whether an argument belongs to the outputs or to the inputs; it may be a nested or an ``empty`` group."""
    if isinstance(item, Output):
        return Output
    if isinstance(item, _INCOMING):
        return Input
    parts = leaves(item)
    for part in parts:
        if not isinstance(part, _PLAIN):
            dash_internals.refuse_dependency(part)
    sides = {Output if isinstance(part, Output) else Input for part in parts}
    if len(sides) > 1:
        raise DeclarationError(
            f"The callback at {origin} has outputs and inputs in one group: {item!r}. "
            "Give outputs and inputs in groups of their own."
        )
    return sides.pop() if sides else empty


def _expect(tree: Any, kind: type, origin: Origin) -> Any:
    for dependency in leaves(tree):
        if not isinstance(dependency, kind):
            # The words are Dash's own.
            raise ValueError(
                f"Invalid value provided where an Output dependency object was expected: {dependency}"
            )
    return list(tree) if isinstance(tree, tuple) else tree


def _inputs_and_state(inputs: Any, state: Any) -> Any:
    """Join the two keyword arguments by Dash's rules, in Dash's order, without touching either."""
    inputs = [inputs] if isinstance(inputs, DashDependency) else inputs
    state = [state] if isinstance(state, DashDependency) else state
    if isinstance(inputs, dict):
        if state and not isinstance(state, dict):
            raise ValueError(
                "The input argument to app.callback was a dict, but the state argument was not.\n"
                "input and state arguments must have the same type"
            )
        return {**(state or {}), **inputs}
    if isinstance(inputs, list | tuple):
        if state and not isinstance(state, list | tuple):
            raise ValueError(
                "The input argument to app.callback was a list, but the state argument was not.\n"
                "input and state arguments must have the same type"
            )
        return [*inputs, *(state or ())]
    raise ValueError(
        "The input argument to app.callback may be a dict, list, or tuple,\n"
        f"but received value of type {type(inputs)}"
    )


def _as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _slot(dependency: DashDependency, origin: Origin) -> Slot:
    if type(dependency) not in _PLAIN:
        refuse_theirs(dependency, f"The callback at {origin}")
    component_id: Any = dependency.component_id
    return Slot(
        role="output"
        if isinstance(dependency, Output)
        else "state"
        if isinstance(dependency, State)
        else "input",
        id=FrozenId.of(component_id, partial=bool(getattr(dependency, "partial_pattern", False)))
        if isinstance(component_id, dict)
        else component_id,
        prop=dependency.component_property,
        allow_duplicate=bool(dependency.allow_duplicate),
        allow_optional=bool(getattr(dependency, "allow_optional", False)),
        marker=None if type(dependency) in _PLAIN else dependency,
    )


def is_trigger(slot: Slot) -> bool:
    return isinstance(slot.marker, Trigger)


def is_serverside(slot: Slot) -> bool:
    return isinstance(slot.marker, ServersideOutput)


def _bare_value(outputs: Any) -> tuple[Finish, ...]:
    """Let a callback with a one-element list of outputs return the value without a list around it."""
    if not isinstance(outputs, tuple) or len(outputs) != 1 or is_branch(outputs[0]):
        return ()
    return (_in_list_of_lists if outputs[0].is_for_all else _in_list,)


def _in_list(value: Any) -> Any:
    if dash_internals.is_no_update(value) or (isinstance(value, list | tuple) and len(value) == 1):
        return value
    return [value]


def _in_list_of_lists(value: Any) -> Any:
    # The value of an output for ALL is itself a list, so a list of one says nothing yet.
    if isinstance(value, list | tuple) and len(value) == 1 and not isinstance(value[0], list | tuple):
        return value if dash_internals.is_no_update(value[0]) else [value]
    return _in_list(value)


def _check_flags(flags: Mapping[str, Any], origin: Origin) -> None:
    group = flags.get("group")
    if group is not None and not isinstance(group, Hashable):
        raise DeclarationError(
            f"The callback at {origin} has group={group!r}. Give a name: text, or a number."
        )
    priority = flags.get("priority", 0)
    if isinstance(priority, bool) or not isinstance(priority, int | float):
        raise DeclarationError(
            f"The callback at {origin} has priority={priority!r}. Give a number; the default is 0."
        )
    _warn_of_near_misses(flags, origin)


def near_miss(name: str) -> str | None:
    """The option that a keyword which nothing knows was probably meant to be."""
    known = KNOWN_FLAGS | dash_internals.CALLBACK_OPTIONS | dash_internals.CALLBACK_STRUCTURE
    if name in known:
        return None
    return nearest(name, known, 0.8)


def _warn_of_near_misses(flags: Mapping[str, Any], origin: Origin) -> None:
    if flags.get("checks") == "off":
        return
    for name in flags:
        if (known := near_miss(name)) is not None:
            warnings.warn_explicit(
                f"The callback at {origin} has an option '{name}', which nothing here knows. "
                f"Did you mean '{known}'?",
                UserWarning,
                origin.file,
                origin.line,
            )

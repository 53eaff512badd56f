"""A call as Dash sees it: its context, the values in a request, and those in a result."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from dash import Patch, no_update
from dash._callback_context import context_value
from dash._grouping import flatten_grouping, map_grouping, update_args_group
from dash._utils import AttributeDict, convert_to_AttributeDict, inputs_to_dict, inputs_to_vals, stringify_id
from dash._utils import to_json as dash_to_json

NO_UPDATE = no_update
NoUpdate = type(no_update)


def is_patch(value: Any) -> bool:
    """Is it a ``Patch``, which changes what the page holds?"""
    return isinstance(value, Patch)


def is_no_update(value: Any) -> bool:
    """Tell whether ``value`` stands for no update, without comparing values (they may be DataFrames)."""
    return value is NoUpdate or isinstance(value, NoUpdate)


def flatten_result(value: Any, outputs: Any) -> list[Any]:
    """Flatten what a callback returned along its outputs; Dash's error if the shapes differ."""
    return list(flatten_grouping(value, outputs)) if isinstance(outputs, list | tuple | dict) else [value]


def values(items: Sequence[Any]) -> list[Any]:
    """Take the values out of a request's items."""
    return list(inputs_to_vals(items))


def to_json(value: Any) -> str:
    """Write a result as Dash would send it."""
    return str(dash_to_json(value))


def updated_props() -> dict[str, Any]:
    """What ``set_props`` has queued in this call."""
    return getattr(context(), "updated_props", None) or {}


def map_updated_props(function: Callable[[Any], Any]) -> None:
    """Replace every value that ``set_props`` has queued in this call."""
    updated = updated_props()
    for component_id, props in list(updated.items()):
        updated[component_id] = {name: function(value) for name, value in props.items()}


def id_text(component_id: Any) -> str:
    return str(stringify_id(component_id))


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
    view = inputs_view(whole, inputs, states, input_shape, changed)
    view.outputs_list = outputs[0] if isinstance(output_shape, int) else list(outputs)
    view.outputs_grouping = _group(outputs, output_shape)
    view.using_outputs_grouping = _is_grouped(output_shape)
    return view


def inputs_view(
    whole: Any, inputs: Sequence[Any], states: Sequence[Any], shape: Any, triggered: Sequence[Any]
) -> Any:
    """Make a ``ctx`` with other inputs, states and triggers; all else is shared with ``whole``.

    Parameters
    ----------
    whole:
        The context of the call.
    inputs, states:
        The request's items to show.
    shape:
        The tree to show, with positions in ``inputs + states`` for leaves.
    triggered:
        What changed, as ``ctx.triggered`` lists it.
    """
    items = convert_to_AttributeDict([*inputs, *states])
    for item in items:
        for part in item if isinstance(item, list) else [item]:
            update_args_group(part, [t["prop_id"] for t in triggered])
    view = AttributeDict(whole)
    view.inputs_list, view.states_list = list(inputs), list(states)
    view.input_values, view.state_values = inputs_to_dict(inputs), inputs_to_dict(states)
    view.triggered_inputs = list(triggered)
    view.args_grouping = _group(items, shape)
    view.using_args_grouping = _is_grouped(shape)
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

"""What the page holds for a callback's own outputs, for a step that needs to know."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from enrich import dash_internals
from enrich.callbacks.spec import CallbackSpec, Slot
from enrich.callbacks.view import view_of


def with_held(spec: CallbackSpec, is_wanted: Callable[[Slot], bool]) -> CallbackSpec:
    """Have the page send what it holds for some of a callback's outputs; a spec without such stays as it is."""
    ports = {
        f"held_{number}": Slot(role="state", id=slot.id, prop=slot.prop, allow_optional=True, passed=False)
        for number, slot in enumerate(spec.output_slots())
        if is_wanted(slot)
    }
    if not ports:
        return spec
    after = spec.with_changes(ports={**spec.ports, **ports})
    return after.with_changes(around=(view_of(spec, after, {}), *spec.around))


def held_values(slot: Slot, spec: CallbackSpec) -> Any:
    """Return what the page holds for an output that `with_held` asked for: a value, or a list of them."""
    number = next(n for n, output in enumerate(spec.output_slots()) if output is slot)
    context = dash_internals.context()
    outputs = context.outputs_list
    # One output alone isn't listed; with ALL, the list is that of its rows.
    item = outputs if isinstance(spec.outputs, Slot) else outputs[number]
    # Behind @ the page says which of the callbacks that share an output it means.
    parts = [{**part, "property": slot.prop} for part in (item if isinstance(item, list) else [item])]
    held = [context.state_values.get(name) for name in dash_internals.prop_ids(parts)]
    return held if isinstance(item, list) else held[0]

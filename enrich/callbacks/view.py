"""The author's view of ``ctx``, where Dash is given other inputs than the author declared."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from enrich import dash_internals
from enrich.callbacks.joint import ranks
from enrich.callbacks.spec import Around, CallbackSpec, Joint
from enrich.callbacks.tree import as_lists, fill


def view_of(before: CallbackSpec, after: CallbackSpec) -> Around:
    """Make a bracket that shows ``ctx`` as it would be had Dash been given ``before`` in place of ``after``.

    ``after`` has the slots of ``before``, of which some may have become states, and further ports. The value of such
    a port says in ``triggered`` what the user did, by the names of the properties.
    """
    new = [name for name in after.ports if name not in before.ports]
    slots = after.input_slots()
    places = ranks(slots)
    ports = [places[len(slots) - len(after.ports) + list(after.ports).index(name)] for name in new]
    own = before.input_slots()
    inputs = [places[i] for i, slot in enumerate(own) if slot.fires]
    states = [places[i] for i, slot in enumerate(own) if not slot.fires]
    shape: Any = as_lists(fill(before.dash_inputs, iter(ranks(own))))
    is_joint = isinstance(after.func, Joint)

    @contextmanager
    def show() -> Iterator[None]:
        whole = dash_internals.context()
        if not hasattr(whole, "inputs_list"):
            yield
            return
        request = [*whole.inputs_list, *(whole.states_list or ())]
        triggered = _triggered(whole, request, [request[place] for place in ports])
        if is_joint:
            # Its members find their values by their places in the whole request.
            count = len(whole.inputs_list)
            view = dash_internals.inputs_view(
                whole, request[:count], request[count:], list(range(len(request))), triggered
            )
        else:
            view = dash_internals.inputs_view(
                whole, [request[i] for i in inputs], [request[i] for i in states], shape, triggered
            )
        with dash_internals.use_context(view):
            yield

    return show


def _triggered(whole: Any, request: list[Any], ports: list[Any]) -> list[dict[str, Any]]:
    hidden = dict(zip(dash_internals.prop_ids(ports), ports, strict=True))
    changed: dict[str, Any] = {}
    for one in whole.triggered_inputs:
        port = hidden.get(one["prop_id"])
        names = [one["prop_id"]] if port is None else (port.get("value") or {}).get("triggered", [])
        changed.update(dict.fromkeys(names))
    flat = [part for item in request for part in (item if isinstance(item, list) else [item])]
    values = {name: part.get("value") for name, part in zip(dash_internals.prop_ids(flat), flat, strict=True)}
    return [{"prop_id": name, "value": values.get(name)} for name in changed]

"""The author's view of ``ctx``, where Dash is given other inputs than the author declared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from enrich import dash_internals
from enrich.callbacks.joint import ranks
from enrich.callbacks.spec import Around, CallbackSpec, Joint
from enrich.callbacks.tree import as_lists, fill


def view_of(before: CallbackSpec, after: CallbackSpec, sources: Mapping[str, Sequence[int]]) -> Around:
    """Make a bracket that shows ``ctx`` as it would be had Dash been given ``before`` in place of ``after``.

    Parameters
    ----------
    before, after:
        ``after`` has the slots of ``before``, of which some may have become states, and further ports.
    sources:
        For each of these ports, which slots of ``before`` it stands for. The port's value says in ``triggered`` which
        of them the user changed, as pairs: the place among them, and the place in a value that is for all.
    """
    slots = after.input_slots()
    places = ranks(slots)
    stands_for = {places[port_place(after, name)]: [places[i] for i in own] for name, own in sources.items()}
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
        triggered = _triggered(whole, request, stands_for)
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


def port_place(spec: CallbackSpec, name: str) -> int:
    """Where a port stands among a callback's inputs and states."""
    return len(spec.input_slots()) - len(spec.ports) + list(spec.ports).index(name)


def _triggered(
    whole: Any, request: list[Any], stands_for: Mapping[int, Sequence[int]]
) -> list[dict[str, Any]]:
    hidden = {next(dash_internals.prop_ids([request[place]])): place for place in stands_for}
    changed: dict[str, Any] = {}
    for one in whole.triggered_inputs:
        port = hidden.get(one["prop_id"])
        if port is None:
            changed[one["prop_id"]] = one["value"]
            continue
        for place, i in (request[port].get("value") or {}).get("triggered", []):
            item = request[stands_for[port][place]]
            parts = item[i : i + 1] if isinstance(item, list) else [item]
            changed.update(
                (name, part.get("value"))
                for name, part in zip(dash_internals.prop_ids(parts), parts, strict=True)
            )
    return [{"prop_id": name, "value": value} for name, value in changed.items()]

"""``skip_unchanged``: a callback that stores an equal value again leaves the page as it is."""

from __future__ import annotations

from typing import Any

from enrich import dash_internals
from enrich.callbacks.declare import is_serverside
from enrich.callbacks.spec import CallbackSpec, Slot
from enrich.callbacks.view import view_of
from enrich.errors import HandleError
from enrich.store import Ref, Store, looks_like_handle


def with_held_tokens(spec: CallbackSpec) -> CallbackSpec:
    """Have the page send the tokens that it holds for outputs with ``skip_unchanged``; other specs stay as they are."""
    ports = {
        f"held_{number}": Slot(role="state", id=slot.id, prop=slot.prop, allow_optional=True, passed=False)
        for number, slot in enumerate(spec.output_slots())
        if is_serverside(slot) and slot.marker.skip_unchanged
    }
    if not ports:
        return spec
    after = spec.with_changes(ports={**spec.ports, **ports})
    return after.with_changes(around=(*spec.around, view_of(spec, after, {})))


def held_values(slot: Slot, spec: CallbackSpec) -> Any:
    """What the page holds for an output with ``skip_unchanged``: a token, or a list of them."""
    if not slot.marker.skip_unchanged:
        return None
    number = next(n for n, output in enumerate(spec.output_slots()) if output is slot)
    context = dash_internals.context()
    outputs = context.outputs_list
    item = outputs[number] if isinstance(outputs, list) else outputs
    names = list(dash_internals.prop_ids([item]))
    held = [context.state_values.get(name) for name in names]
    return held if isinstance(item, list) else held[0]


def stands_for(token: Any, ref: Ref, store: Store, session: str | None) -> bool:
    """Is it a token of this very value, that this session can open?"""
    if not isinstance(token, str) or not looks_like_handle(token):
        return False
    try:
        held = store.open(token, session=session)
    except HandleError:
        # Another session's, or signed with a secret that was lost: the page needs a new one.
        return False
    return held.name is None and (held.key, held.store) == (ref.key, ref.store)

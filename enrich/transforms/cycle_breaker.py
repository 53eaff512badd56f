"""CycleBreaker: an input that may close a cycle of callbacks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from enrich.callbacks.hidden import HiddenStores, of_all_rows
from enrich.callbacks.naming import declaration_salt, hidden_id
from enrich.callbacks.spec import OURS, CallbackSpec, Clientside, Program, Slot
from enrich.callbacks.view import Fired, view_of
from enrich.dependencies import CycleBreakerInput
from enrich.transforms.base import DashTransform


class CycleBreakerTransform(DashTransform):
    """Enable ``CycleBreakerInput``: callbacks that write each other's inputs, and come to rest.

    A change passes on only where the value is another one than before, compared by value; so a cycle ends when nothing
    changes any more.

    Examples
    --------
    >>> from enrich import CycleBreakerInput, CycleBreakerTransform, DashProxy, Input, Output
    >>> app = DashProxy("doc", transforms=[CycleBreakerTransform()])
    >>> @app.callback(Output("fahrenheit", "value"), Input("celsius", "value"))
    ... def to_fahrenheit(celsius):
    ...     return celsius * 9 / 5 + 32
    >>> @app.callback(Output("celsius", "value"), CycleBreakerInput("fahrenheit", "value"))
    ... def to_celsius(fahrenheit):
    ...     return (fahrenheit - 32) * 5 / 9
    """

    after = ("TriggerTransform", "ServersideOutputTransform")

    def apply(self, program: Program, /) -> Program:
        if not program.says(CycleBreakerInput):
            return program
        seen: Counter[str] = Counter()
        callbacks: list[CallbackSpec] = []
        components: list[Any] = []
        for spec in program.callbacks:
            broken = [slot for slot in spec.input_slots() if _breaks(slot)]
            if not broken:
                callbacks.append(spec)
                continue
            salt = declaration_salt(spec, seen)
            relays = {slot.key: _relay(salt, slot) for slot in broken}
            callbacks.append(_relayed(spec, relays))
            for slot in {slot.key: slot for slot in broken}.values():
                stores = relays[slot.key]
                callbacks.extend(_relay_callbacks(stores, slot, spec))
                components.extend(stores.components())
        return program.with_changes(callbacks=tuple(callbacks), components=(*program.components, *components))


def _breaks(slot: Slot) -> bool:
    return isinstance(slot.marker, CycleBreakerInput) and slot.fires


def _relay(salt: str, slot: Slot) -> HiddenStores:
    return HiddenStores(
        name=hidden_id("cycle", salt, str(slot)),
        match=tuple(sorted(slot.match_keys)),
        parts=("go",),
        script="relay.js",
        settings={"forAll": slot.is_for_all},
    )


def _relayed(spec: CallbackSpec, relays: Mapping[Any, HiddenStores]) -> CallbackSpec:
    """The author's callback: it reads the property as a state, which closes no cycle, and fires on the relay."""
    after = spec.map_slots(lambda slot: slot.with_changes(as_state=True) if _breaks(slot) else slot)
    slots = {slot.key: (place, slot) for place, slot in reversed(list(enumerate(spec.input_slots())))}
    fired: dict[Any, Fired] = {}
    for number, (key, stores) in enumerate(relays.items()):
        place, slot = slots[key]
        ports = stores.ports(slot, prefix=f"cycle_{number}_")
        after = after.with_changes(ports={**after.ports, **ports})
        fired[key] = Fired.by(ports, [place])
    if isinstance(spec.func, Clientside):
        func = spec.func
        for key, stores in relays.items():
            func = stores.wrapped(func, after, fired[key])
        return after.with_changes(func=func)
    return after.with_changes(around=(view_of(spec, after, fired.values()), *spec.around))


def _relay_callbacks(stores: HiddenStores, slot: Slot, spec: CallbackSpec) -> tuple[CallbackSpec, ...]:
    relay = CallbackSpec(
        func=stores.function("changed"),
        outputs=(),
        # All rows at once: a relay with an output in the row would be part of the cycle again.
        inputs=(
            Slot("input", of_all_rows(slot.id), slot.prop, allow_optional=slot.allow_optional)
            if stores.match
            else slot.plain,
            stores.named,
        ),
        origin=spec.origin,
        # It sees what the page starts with, so as to know a change from it.
        prevent_initial_call=False,
        options=OURS,
        salt=f"relay {stores.name}",
    )
    return (relay, *stores.rows_callback(slot, spec.origin))

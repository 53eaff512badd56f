"""Multiplexer: one output in several callbacks."""

from __future__ import annotations

import warnings
from collections import Counter
from typing import Any

from enrich.callbacks.joint import join, priority
from enrich.callbacks.naming import declaration_salt
from enrich.callbacks.overlap import overlapping
from enrich.callbacks.spec import CallbackSpec, Joint, Program, Slot
from enrich.transforms.base import DashTransform


class MultiplexerTransform(DashTransform):
    """Let any number of callbacks, server-side and clientside, write to the same output.

    Nothing needs to be declared: outputs that address the same property, overlapping wildcards included, get
    ``allow_duplicate`` and a ``prevent_initial_call`` that goes with it. Callbacks that have the same outputs *and* the
    same inputs run in one request, in the order of declaration (or of ``priority=``, the lower first), and the last
    value that is not ``no_update`` holds.

    Parameters
    ----------
    proxy_location, proxy_wrapper_map:
        Settings of older libraries, accepted and without effect: there are no proxy components any more.

    Examples
    --------
    >>> from enrich import DashProxy, Input, MultiplexerTransform, Output
    >>> app = DashProxy("doc", transforms=[MultiplexerTransform()])
    >>> @app.callback(Output("log", "children"), Input("left", "n_clicks"), prevent_initial_call=True)
    ... def left(_):
    ...     return "left"
    >>> @app.callback(Output("log", "children"), Input("right", "n_clicks"), prevent_initial_call=True)
    ... def right(_):
    ...     return "right"
    """

    after = (
        "BlockingCallbackTransform",
        "CycleBreakerTransform",
        "GroupTransform",
        "ServersideOutputTransform",
        "TriggerTransform",
    )

    def __init__(self, proxy_location: Any = None, proxy_wrapper_map: Any = None) -> None:
        if proxy_location is not None or proxy_wrapper_map is not None:
            warnings.warn(
                "MultiplexerTransform: proxy_location and proxy_wrapper_map have no effect, "
                "since several callbacks can share an output without proxies. Remove them.",
                stacklevel=2,
            )

    def apply(self, program: Program, /) -> Program:
        slots = [
            slot for spec in (*(program.served or ()), *program.callbacks) for slot in spec.output_slots()
        ]
        if not overlapping(slots) and not any(slot.allow_duplicate for slot in slots):
            # No output is shared, so there are no twins either.
            return program
        callbacks = _merge_twins(program)
        return program.with_changes(callbacks=_mark_duplicates(callbacks, program))


def _merge_twins(program: Program) -> tuple[CallbackSpec, ...]:
    """Join the callbacks with the same outputs and inputs: in Dash the last would silently replace the others."""
    twins: dict[Any, list[CallbackSpec]] = {}
    for spec in program.callbacks:
        if (identity := _identity(spec)) is not None:
            twins.setdefault(identity, []).append(spec)
    if all(len(specs) == 1 for specs in twins.values()):
        return program.callbacks
    merged: list[CallbackSpec] = []
    for spec in program.callbacks:
        identity = _identity(spec)
        specs = [spec] if identity is None else twins.pop(identity, [])
        if len(specs) > 1:
            specs.sort(key=priority)
            initial = (program.prevents_initial_call(s) is not True for s in specs)
            merged.append(join(specs, initial=initial, what=f"output {spec.output_slots()[0]}"))
        else:
            merged.extend(specs)
    return tuple(merged)


def _identity(spec: CallbackSpec) -> Any:
    """What makes two server-side callbacks twins; ``None`` for those that can't be joined."""
    outputs = frozenset(slot.key for slot in spec.output_slots())
    if spec.is_clientside or spec.is_background or not outputs:
        return None
    return outputs, frozenset(slot.key for slot in spec.input_slots() if slot.fires)


def _mark_duplicates(callbacks: tuple[CallbackSpec, ...], program: Program) -> tuple[CallbackSpec, ...]:
    served = program.served or ()
    slots = [slot for spec in (*served, *callbacks) for slot in spec.output_slots()]
    later = overlapping(slots)
    if not later and not any(slot.allow_duplicate for slot in slots):
        return callbacks
    place = sum(len(spec.output_slots()) for spec in served)
    claims: Counter[Any] = Counter(claim for spec in served for claim in _claims(spec))
    seen: Counter[str] = Counter()
    marked: list[CallbackSpec] = []
    for spec in callbacks:
        size = len(spec.output_slots())
        own = {p - place for p in later if place <= p < place + size} if later else set()
        place += size
        if own and not isinstance(spec.func, Joint):
            # What overlaps within one callback is its author's mistake, and the browser's to tell.
            own -= overlapping(spec.output_slots())
        if own:
            spec = _allow(spec, own, program)
        # Dash tells duplicates apart by their inputs alone; where those are the same too, they need a name.
        if any(claims[claim] for claim in _claims(spec)):
            spec = spec.with_changes(salt=declaration_salt(spec, seen))
        claims.update(_claims(spec))
        marked.append(spec)
    return tuple(marked)


def _allow(spec: CallbackSpec, positions: set[int], program: Program) -> CallbackSpec:
    counter = iter(range(len(spec.output_slots())))

    def allow(slot: Slot) -> Slot:
        if slot.role != "output" or next(counter) not in positions:
            return slot
        return slot.with_changes(allow_duplicate=True)

    spec = spec.map_slots(allow)
    if program.prevents_initial_call(spec) is False:
        return spec.with_changes(prevent_initial_call="initial_duplicate")
    return spec


def _claims(spec: CallbackSpec) -> list[Any]:
    inputs = tuple(slot.key for slot in spec.input_slots() if slot.fires)
    return [(slot.key, inputs) for slot in spec.output_slots() if slot.allow_duplicate]

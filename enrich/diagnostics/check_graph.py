"""Checks of how callbacks hang together: cycles, and outputs that two of them claim."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from dash import ALLSMALLER

from enrich.callbacks.overlap import may_meet, overlapping
from enrich.callbacks.spec import CallbackSpec, FrozenId, Joint, Slot
from enrich.diagnostics.finding import REFUSED, Finding


class Edge(NamedTuple):
    """One callback writes what makes another one run."""

    source: int
    target: int
    through: Slot


def edges(callbacks: Sequence[CallbackSpec]) -> list[Edge]:
    """What fires what: from each output to the inputs that it fits, wildcards included."""
    plain: dict[Any, list[int]] = defaultdict(list)
    patterns = _Patterns()
    for place, spec in enumerate(callbacks):
        for slot in spec.input_slots():
            if not slot.fires:
                continue
            if isinstance(slot.id, FrozenId):
                patterns.add(slot.id, slot.prop, place)
            elif place not in plain[slot.key][-1:]:
                plain[slot.key].append(place)
    found: list[Edge] = []
    for place, spec in enumerate(callbacks):
        for slot in spec.output_slots():
            if isinstance(slot.id, FrozenId):
                targets = patterns.meeting(slot.id, slot.prop)
            else:
                targets = plain.get(slot.key, [])
            found.extend(Edge(place, target, slot) for target in dict.fromkeys(targets))
    return found


class _Patterns:
    """Who listens to which patterns, by their keys and property."""

    def __init__(self) -> None:
        self._full: dict[Any, list[tuple[int, FrozenId]]] = defaultdict(list)
        self._partial: list[tuple[int, str, FrozenId]] = []

    def add(self, component_id: FrozenId, prop: str, place: int) -> None:
        if component_id.partial:
            self._partial.append((place, prop, component_id))
        else:
            self._full[component_id.keys, prop].append((place, component_id))

    def meeting(self, component_id: FrozenId, prop: str) -> list[int]:
        if component_id.partial:
            full = [item for (_, p), items in self._full.items() if p == prop for item in items]
        else:
            full = self._full.get((component_id.keys, prop), [])
        partial = [(place, own) for place, p, own in self._partial if p == prop]
        return [place for place, own in [*full, *partial] if may_meet(component_id, own)]


def check_cycles(callbacks: Sequence[CallbackSpec]) -> Iterator[Finding]:
    """Find callbacks that fire each other in a circle, as dash-renderer refuses them."""
    following: dict[int, list[Edge]] = defaultdict(list)
    for edge in edges(callbacks):
        # A callback may write its own input. Duplicate outputs are nodes of their own for dash-renderer.
        if edge.source == edge.target or edge.through.allow_duplicate:
            continue
        if not _climbs(callbacks[edge.target], edge.through):
            following[edge.source].append(edge)
    for cycle in _cycles(len(callbacks), following):
        specs = [callbacks[edge.source] for edge in cycle]
        path = " -> ".join(
            f"{spec.func_name} -> {edge.through}" for spec, edge in zip(specs, cycle, strict=True)
        )
        others = ", ".join(str(spec) for spec in specs[1:])
        yield Finding.at(
            specs[0],
            "cycle",
            f"is in a cycle with {others}: {path} -> {specs[0].func_name}. "
            "Join them in one callback, or break the cycle with CycleBreakerInput.",
        )


def _climbs(spec: CallbackSpec, through: Slot) -> bool:
    """Does a callback read only rows that come before its own? Then rows follow each other, and no circle closes."""
    return any(
        isinstance(slot.id, FrozenId)
        and slot.prop == through.prop
        and any(value is ALLSMALLER for _, value in slot.id.items)
        for slot in spec.input_slots()
    )


def _cycles(count: int, following: dict[int, list[Edge]]) -> Iterator[list[Edge]]:
    """One cycle for each edge that leads back to where a walk from the first callback came through."""
    state = [0] * count  # 0: not seen, 1: on the way, 2: done
    for start in range(count):
        if state[start]:
            continue
        state[start] = 1
        way: list[Edge] = []
        walks = [iter(following.get(start, ()))]
        while walks:
            edge = next(walks[-1], None)
            if edge is None:
                walks.pop()
                state[way.pop().target if way else start] = 2
            elif state[edge.target] == 1:
                begin = next((i for i, one in enumerate(way) if one.source == edge.target), len(way))
                yield [*way[begin:], edge]
            elif state[edge.target] == 0:
                state[edge.target] = 1
                way.append(edge)
                walks.append(iter(following.get(edge.target, ())))


def check_outputs(callbacks: Sequence[CallbackSpec]) -> Iterator[Finding]:
    """Find callbacks that replace each other, and outputs that two claim without ``allow_duplicate`` on either."""
    twins = _twins(callbacks)
    for place, first in twins.items():
        spec = callbacks[place]
        yield Finding.at(
            spec,
            "replaced",
            f"has the same outputs and inputs as {callbacks[first]}, and Dash would keep only one of them. Add "
            f"{'MultiplexerTransform()' if spec.output_slots() else 'NoOutputTransform()'} to run both, or remove one.",
        )
    claims = [
        (slot, place)
        for place, spec in enumerate(callbacks)
        for slot in _unrepeated(spec)
        if not slot.allow_duplicate and place not in twins
    ]
    slots = [slot for slot, _ in claims]
    for later in sorted(overlapping(slots)):
        slot, place = claims[later]
        other = next((p for s, p in claims[:later] if p != place and _same(s, slot)), None)
        if other is not None:
            yield Finding.at(
                callbacks[place],
                "duplicate-output",
                f"writes '{slot}', and so does {callbacks[other]}. Add MultiplexerTransform(), or give "
                "allow_duplicate=True to one of the outputs.",
            )


def _unrepeated(spec: CallbackSpec) -> Iterator[Slot]:
    """The outputs that no earlier one of the callback stands for: of the others ``check_repeats`` speaks."""
    slots = spec.output_slots()
    repeated = overlapping(slots)
    return (slot for place, slot in enumerate(slots) if place not in repeated)


def check_repeats(callbacks: Iterable[CallbackSpec]) -> Iterator[Finding]:
    """Find callbacks that have one output twice, as they were written: a transform may mark one of the two."""
    for spec in callbacks:
        if isinstance(spec.func, Joint):
            yield from check_repeats(member.spec for member in spec.func.members)
            continue
        slots = [slot for slot in spec.output_slots() if not slot.allow_duplicate]
        for later in sorted(overlapping(slots)):
            slot = slots[later]
            first = next((s for s in slots[:later] if _same(s, slot) and _keys(s) == _keys(slot)), None)
            if first is not None:
                yield Finding.at(
                    spec,
                    "duplicate-output",
                    f"has two outputs for one property, '{first}' and '{slot}'. {REFUSED} Remove one of the two.",
                )


def _keys(slot: Slot) -> tuple[str, ...]:
    # Dash-renderer compares ids with the same keys alone, partial ones too.
    return slot.id.keys if isinstance(slot.id, FrozenId) else ()


def _twins(callbacks: Sequence[CallbackSpec]) -> dict[int, int]:
    """The callbacks that Dash would give the id of an earlier one, with that one."""
    seen: dict[Any, int] = {}
    found: dict[int, int] = {}
    for place, spec in enumerate(callbacks):
        if spec.salt is None:
            inputs = tuple(slot.key for slot in spec.input_slots() if slot.fires)
            # Dash gives an output with allow_duplicate a name of its own.
            outputs = tuple((slot.key, slot.allow_duplicate) for slot in spec.output_slots())
            said = (outputs, inputs)
            first = seen.setdefault(said, place)
            if first != place:
                found[place] = first
    return found


def _same(one: Slot, other: Slot) -> bool:
    if isinstance(one.id, FrozenId) and isinstance(other.id, FrozenId):
        return one.prop == other.prop and may_meet(one.id, other.id)
    return one.key == other.key

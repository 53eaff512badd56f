"""Which outputs address the same property of the same component, wildcards included, in linear time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations_with_replacement
from typing import Any

from enrich.callbacks.spec import ComponentId, FrozenId, Slot, Wildcard, told_apart


def fits(pattern: ComponentId, component_id: str | Mapping[str, Any]) -> bool:
    """Does a component's id fit the id that a callback is declared with?"""
    if not isinstance(pattern, FrozenId) or isinstance(component_id, str):
        return pattern == component_id
    keys = set(pattern.keys)
    if not (keys <= component_id.keys() if pattern.partial else keys == component_id.keys()):
        return False
    return all(isinstance(value, Wildcard) or component_id[key] == value for key, value in pattern.items)


def may_meet(one: FrozenId, other: FrozenId) -> bool:
    """May one component fit both ids?"""
    mine, theirs = one.thaw(), other.thaw()
    # Where an id isn't partial, a component that fits it has its keys and no others.
    if not one.partial and not mine.keys() >= theirs.keys():
        return False
    if not other.partial and not theirs.keys() >= mine.keys():
        return False
    pairs = [(mine[key], theirs[key]) for key in mine.keys() & theirs.keys()]
    return all(
        isinstance(a, Wildcard) or isinstance(b, Wildcard) or told_apart(a) == told_apart(b) for a, b in pairs
    )


def overlapping(slots: Sequence[Slot]) -> set[int]:
    """Return the positions of slots that overlap with an earlier one.

    Two ids overlap where, for every key, the values are equal or one is a wildcard. Ids with the same keys are sorted
    by which of them are wildcards; two such kinds are then joined by the values that are concrete in both, so that a
    thousand ids that differ in their type never meet.
    """
    later: set[int] = set()
    first: dict[Any, int] = {}
    families: dict[Any, list[int]] = defaultdict(list)
    partial: list[int] = []
    for position, slot in enumerate(slots):
        if isinstance(slot.id, FrozenId):
            (partial if slot.id.partial else families[slot.id.keys, slot.prop]).append(position)
        elif first.setdefault(slot.key, position) != position:
            later.add(position)
    for positions in families.values():
        later |= _overlapping_patterns(slots, positions)
    for position in partial:
        later |= _overlapping_partial(slots, position)
    return later


def _overlapping_partial(slots: Sequence[Slot], position: int) -> set[int]:
    """The later one of each pair that an id with any further keys is in; such ids are few."""
    own = slots[position]
    assert isinstance(own.id, FrozenId)
    return {
        max(place, position)
        for place, slot in enumerate(slots)
        if place != position
        and slot.prop == own.prop
        and isinstance(slot.id, FrozenId)
        and may_meet(slot.id, own.id)
    }


def _overlapping_patterns(slots: Sequence[Slot], positions: Iterable[int]) -> set[int]:
    kinds: dict[tuple[bool, ...], list[int]] = defaultdict(list)
    for position in positions:
        kinds[tuple(isinstance(value, Wildcard) for value in _values(slots[position]))].append(position)
    later: set[int] = set()
    for one, other in combinations_with_replacement(kinds, 2):
        concrete = [i for i, wild in enumerate(zip(one, other, strict=True)) if not any(wild)]

        def earliest(kind: tuple[bool, ...], concrete: list[int] = concrete) -> dict[Any, int]:
            found: dict[Any, int] = {}
            for position in kinds[kind]:
                found.setdefault(_project(slots[position], concrete), position)
            return found

        for mine, theirs in {(one, other), (other, one)}:
            before = earliest(theirs)
            later.update(p for p in kinds[mine] if before.get(_project(slots[p], concrete), p) < p)
    return later


def _values(slot: Slot) -> list[Any]:
    assert isinstance(slot.id, FrozenId)
    return [value for _, value in slot.id.items]


def _project(slot: Slot, places: list[int]) -> tuple[Any, ...]:
    values = _values(slot)
    return tuple(told_apart(values[i]) for i in places)

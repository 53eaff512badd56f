"""Several callbacks in one: joining their specs."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence
from typing import Any

from enrich.callbacks.spec import CallbackSpec, Joint, Member, Slot
from enrich.errors import GroupError

_OF_THE_MEMBER = frozenset({"on_error", "api_endpoint", "running"})
"""Options that each member keeps for itself; all others hold for the whole request."""


def join(specs: Sequence[CallbackSpec], *, initial: Iterable[bool], what: str) -> CallbackSpec:
    """Join callbacks into one spec: the unions of their outputs and inputs, in first-seen order.

    Parameters
    ----------
    specs:
        The members, in the order they are to run.
    initial:
        For each member: does it run when the page loads?
    what:
        How an error calls the whole, such as ``"group 'log'"``.

    Raises
    ------
    GroupError
        If they can't be one request; both places are named.
    """
    members = tuple(Member(spec, runs) for spec, runs in zip(specs, initial, strict=True))
    first = specs[0]
    for spec in specs:
        _refuse_what_cannot_join(specs, spec, what)
    inputs = _union(slot for spec in specs for slot in spec.input_slots())
    outputs = _union(slot for spec in specs for slot in spec.output_slots())
    _check_match_keys(specs, inputs, what)
    options = {k: v for k, v in first.options.items() if k not in _OF_THE_MEMBER}
    running = [entry for spec in specs for entry in spec.running]
    return CallbackSpec(
        func=Joint(members),
        # A member whose own inputs are not on the page is skipped, so none of them may stop the others.
        inputs=tuple(slot.with_changes(allow_optional=True) for slot in inputs),
        outputs=outputs,
        origin=first.origin,
        prevent_initial_call=not any(member.initial for member in members),
        options=options | ({"running": running} if running else {}),
        salt=first.salt,
    )


def priority(spec: CallbackSpec) -> float:
    """Where a member runs among the others: the higher, the later, so that its value holds. Default 0."""
    value: float = spec.flags.get("priority", 0)
    return value


def _union(slots: Iterable[Slot]) -> tuple[Slot, ...]:
    """First-seen order; an input wins over a state, since it must be able to trigger."""
    seen: dict[Any, Slot] = {}
    for slot in slots:
        known = seen.get(slot.key)
        if known is None or (not known.fires and slot.fires):
            seen[slot.key] = slot.plain
        elif slot.allow_duplicate:
            seen[slot.key] = known.with_changes(allow_duplicate=True)
    return tuple(seen.values())


def _refuse_what_cannot_join(specs: Sequence[CallbackSpec], spec: CallbackSpec, what: str) -> None:
    first = specs[0]
    others = ", ".join(str(other) for other in specs if other is not spec)
    beside = f", and {others} would run with it" if others else ""
    if spec.is_clientside:
        raise GroupError(
            f"{what}: {spec} runs in the browser{beside}. Only server-side callbacks can run as one."
        )
    if spec.is_background:
        raise GroupError(
            f"{what}: {spec} has background=True{beside}. A background callback is a job of its own."
        )
    if inspect.isasyncgenfunction(spec.func):
        raise GroupError(f"{what}: {spec} streams its values{beside}. A stream is a request of its own.")
    for name in sorted(set(first.options) | set(spec.options)):
        if name in _OF_THE_MEMBER:
            continue
        mine, theirs = first.options.get(name), spec.options.get(name)
        if mine is not theirs and mine != theirs:
            raise GroupError(
                f"{what}: {first} has {name}={mine!r}, {spec} has {name}={theirs!r}. "
                "They run in one request: give them the same."
            )


def _check_match_keys(specs: Sequence[CallbackSpec], inputs: Sequence[Slot], what: str) -> None:
    # dash-renderer refuses outputs whose MATCH keys differ, and inputs with a MATCH that no output has.
    expected: tuple[frozenset[str], CallbackSpec] | None = None
    for spec in specs:
        for slot in spec.output_slots():
            if expected is None:
                expected = (slot.match_keys, spec)
            elif slot.match_keys != expected[0]:
                raise GroupError(
                    f"{what}: {spec} has output {slot}, and {expected[1]} has outputs with MATCH on "
                    f"{sorted(expected[0]) or 'nothing'}. Outputs in one request must have MATCH on the same keys."
                )
    if expected is None:
        return
    for slot in inputs:
        if not slot.match_keys <= expected[0]:
            raise GroupError(
                f"{what}: input {slot} has MATCH on {sorted(slot.match_keys)}, the outputs of {expected[1]} "
                f"on {sorted(expected[0]) or 'nothing'}. Give the inputs' MATCH keys to the outputs too."
            )

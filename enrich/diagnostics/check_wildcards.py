"""Checks of the wildcards in ids: which of them dash-renderer refuses, and then runs no callback at all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dash import ALLSMALLER

from enrich import dash_internals
from enrich.callbacks.spec import CallbackSpec, FrozenId, Joint, Slot
from enrich.diagnostics.finding import REFUSED, ROLES, Finding


def check_wildcards(callbacks: Iterable[CallbackSpec]) -> Iterator[Finding]:
    """Find outputs whose MATCH keys differ, and inputs and states that look for a MATCH that no output has."""
    for spec in callbacks:
        # For the browser, the members of a joint one have all outputs of the whole.
        own = [member.spec for member in spec.func.members] if isinstance(spec.func, Joint) else [spec]
        for one in own:
            if (said := _refused(one, spec.output_slots())) is not None:
                yield Finding.at(one, "wildcards", said)


def _refused(spec: CallbackSpec, outputs: tuple[Slot, ...]) -> str | None:
    keys = outputs[0].match_keys if outputs else frozenset()
    for slot in spec.output_slots():
        if smaller := _smaller_keys(slot):
            return f"has ALLSMALLER on {_named(smaller)} in its Output '{slot}'. {REFUSED} Use MATCH or ALL there."
        if slot.match_keys != keys:
            return (
                f"has MATCH on {_named(keys)} in its Output '{outputs[0]}', and on {_named(slot.match_keys)} in "
                f"'{slot}'. {REFUSED} Give all its outputs MATCH on the same keys."
            )
    for slot in spec.input_slots():
        bound = slot.match_keys if keys or not dash_internals.MATCH_MAY_STAND_ALONE else frozenset()
        if unbound := (bound | _smaller_keys(slot)) - keys:
            word = "ALLSMALLER" if unbound & _smaller_keys(slot) else "MATCH"
            return (
                f"has {word} on {_named(unbound)} in {ROLES[slot.role]} '{slot}', and no output has MATCH there. "
                f"{REFUSED} Use ALL, or outputs with MATCH on {_named(unbound)}."
            )
    return None


def _smaller_keys(slot: Slot) -> frozenset[str]:
    items = slot.id.items if isinstance(slot.id, FrozenId) else ()
    return frozenset(key for key, value in items if value is ALLSMALLER)


def _named(keys: frozenset[str]) -> str:
    return " and ".join(f"'{key}'" for key in sorted(keys)) or "nothing"

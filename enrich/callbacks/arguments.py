"""What an author calls the arguments of a callback, for those who call it by name."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from enrich.callbacks.parameters import hints_of, parts
from enrich.callbacks.spec import CallbackSpec, Joint, Slot
from enrich.callbacks.tree import leaves

_LONGEST = 64


@dataclass(frozen=True, slots=True)
class Argument:
    """A value that the author's function receives, by the name that it has there."""

    name: str
    annotation: Any = None
    place: int = 0
    """Where its author wrote it, among all."""


def arguments(spec: CallbackSpec) -> tuple[Argument | None, ...]:
    """Name the value of each input slot of a callback; ``None`` for one that its function does not see."""
    own = _of_members(spec, spec.func) if isinstance(spec.func, Joint) else _of_function(spec)
    found = [one and replace(one, place=place) for place, one in enumerate(own)]
    # Ports stand behind the author's own.
    return (*found, *[None] * (len(spec.input_slots()) - len(found)))


def _of_function(spec: CallbackSpec) -> Iterator[Argument | None]:
    hints = hints_of(spec.func)
    for name, is_rest, node in parts(spec):
        slots = leaves(node)
        count = sum(slot.passed for slot in slots)
        for slot in slots:
            if not slot.passed:
                yield None
            elif count == 1 and not is_rest:
                yield Argument(name, hints.get(name) if slot is node else None)
            else:
                yield Argument(_with_property(name, slot))


def _with_property(name: str, slot: Slot) -> str:
    """Tell the values of one argument apart, as Dash does where a parameter takes several."""
    component = re.sub(r"\W+", "_", str(slot.id)).strip("_")
    return "_".join(filter(None, (name, f"{component}__{slot.prop}")))[:_LONGEST]


def _of_members(spec: CallbackSpec, joint: Joint) -> Iterator[Argument | None]:
    """What the members call the values that they share; the first one's name, with the member's where names clash."""
    found: dict[Any, tuple[str, Argument]] = {}
    for member in joint.members:
        for slot, argument in zip(member.spec.input_slots(), arguments(member.spec), strict=True):
            if argument is not None:
                found.setdefault(slot.key, (member.spec.func_name, argument))
    clashes = Counter(argument.name for _, argument in found.values())
    for slot in spec.input_slots():
        if slot.key not in found:
            yield None
            continue
        function, argument = found[slot.key]
        own = argument.name if clashes[argument.name] == 1 else f"{function}_{argument.name}"
        yield Argument(own, argument.annotation)

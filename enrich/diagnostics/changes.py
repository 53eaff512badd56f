"""Two forms of one callback, compared in words."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

from enrich.callbacks.spec import CallbackSpec, Slot


def changes(before: CallbackSpec, after: CallbackSpec) -> Iterator[str]:
    """Say how a callback differs from what it was, a line for each difference."""
    yield from _slots("output", before.output_slots(), after.output_slots())
    count = len(before.ports)
    own = len(before.input_slots()) - count
    yield from _slots(
        "", before.input_slots()[:own], after.input_slots()[: len(after.input_slots()) - len(after.ports)]
    )
    for name, slot in after.ports.items():
        if name not in before.ports:
            yield f"a hidden {'input' if slot.fires else 'state'} {slot}"
    if before.prevent_initial_call != after.prevent_initial_call:
        yield f"prevent_initial_call: {before.prevent_initial_call!r} -> {after.prevent_initial_call!r}"
    for name in sorted({*before.options, *after.options}):
        if before.options.get(name) != after.options.get(name):
            yield f"{name}=: {_short(before.options.get(name))} -> {_short(after.options.get(name))}"
    for name in before.flags:
        if name not in after.flags:
            yield f"{name}= is carried out"
    for what, old, new in (
        ("a bracket around the function", before.around, after.around),
        ("the result goes through", before.finish, after.finish),
        ("the compiled function is wrapped by", before.outer, after.outer),
    ):
        yield from (f"{what}: {_name(one)}" for one in new if not any(one is known for known in old))
    if before.func is not after.func:
        yield f"the function is wrapped: {_name(before.func)} -> {_name(after.func)}"
    if after.salt is not None and before.salt != after.salt:
        yield "an id of its own, apart from other callbacks of the same outputs and inputs"


def _slots(role: str, before: tuple[Slot, ...], after: tuple[Slot, ...]) -> Iterator[str]:
    for old, new in zip_longest(before, after):
        if old is None:
            yield f"{role or new.role} {new} is added"
        elif new is None:
            yield f"{role or old.role} {old} is taken away"
        elif old != new or old.converts != new.converts:
            yield from _slot(role or old.role, old, new)


def _slot(role: str, old: Slot, new: Slot) -> Iterator[str]:
    name = f"{role} {old}"
    if old.key != new.key:
        yield f"{name} -> {new}"
    if old.passed and not new.passed:
        yield f"{name} fires, and is not passed to the function"
    if not old.as_state and new.as_state:
        yield f"{name} becomes a state; a hidden input fires in its place"
    if not old.allow_duplicate and new.allow_duplicate:
        yield f"{name} gets allow_duplicate=True"
    if not old.allow_optional and new.allow_optional:
        yield f"{name} gets allow_optional=True"
    for convert in new.converts:
        if convert not in old.converts:
            yield f"{name} goes through {_name(convert)}"
    if new.want is not None and old.want is None:
        yield f"{name} is wanted as {new.want}"


def _name(value: Any) -> str:
    found = getattr(value, "__qualname__", None) or type(value).__name__
    return str(found).replace(".<locals>", "")


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."

"""What each transform did: programs are values and transforms are pure, so they are applied again, and compared."""

from __future__ import annotations

import inspect
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from enrich.callbacks.spec import CallbackSpec, Joint, Program
from enrich.diagnostics.changes import changes


@dataclass(slots=True)
class Change:
    """What one transform made of one callback."""

    transform: str
    lines: list[str]


@dataclass(slots=True)
class Written:
    """One callback as its author wrote it, and what became of it."""

    spec: CallbackSpec
    changes: list[Change] = field(default_factory=list)
    became: list[int] = field(default_factory=list)
    """Where it stands among the registered callbacks."""


@dataclass(slots=True)
class Registered:
    """One callback as Dash has it."""

    spec: CallbackSpec
    of: list[int]
    """Which written callbacks it comes from."""
    added_by: str | None = None
    """The transform that added it, if it is not the author's."""

    @property
    def name(self) -> str:
        """The callback's name, and for one that was added, whose it is."""
        return self.spec.func_name if self.added_by is None else f"{self.owner} ({self.added_by})"

    owner: str = ""


@dataclass(slots=True)
class History:
    """An app's callbacks, from what was written to what is registered."""

    transforms: list[str]
    """In the order in which they ran."""
    written: list[Written]
    registered: list[Registered]
    added: list[Change]
    """What transforms added to the whole: components, maps over the layout, wires."""


def history_of(written: Program, transforms: Sequence[Any]) -> History:
    """Apply an app's transforms to its callbacks, one after another, and note what each changes."""
    rows = [Written(spec) for spec in written.callbacks]
    added: list[Change] = []
    program = written
    known = [Registered(spec, [place]) for place, spec in enumerate(written.callbacks)]
    for transform in transforms:
        after = transform.apply(program)
        name = type(transform).__name__
        if whole := list(_whole(program, after)):
            added.append(Change(name, whole))
        known = _followed(name, rows, known, after.callbacks)
        program = after
    for place, one in enumerate(known):
        for row in one.of:
            rows[row].became.append(place)
    return History([repr(transform) for transform in transforms], rows, known, added)


def _followed(
    name: str, rows: list[Written], before: list[Registered], after: Iterable[CallbackSpec]
) -> list[Registered]:
    family = _Family(before)
    result: list[Registered] = []
    for spec in after:
        same = family.same(spec)
        if same is not None:
            result.append(same)
            continue
        parents = family.parents(spec)
        added_by, owner = None, ""
        if not parents:
            parents = family.at(spec)[:1]
            added_by = name.removesuffix("Transform")
            owner = parents[0].spec.func_name if parents else spec.func_name
            lines = [f"adds a hidden callback: {_arrow(spec)}"]
        elif len(parents) == 1:
            added_by, owner = parents[0].added_by, parents[0].owner
            lines = list(changes(parents[0].spec, spec))
        else:
            lines = ["runs in one request with " + ", ".join(str(p.spec) for p in parents)]
        of = list(dict.fromkeys(place for parent in parents for place in parent.of))
        result.append(Registered(spec, of, added_by, owner))
        if added_by in (None, name.removesuffix("Transform")):
            for place in of:
                rows[place].changes.append(Change(name, lines))
    return result


class _Family:
    """Finds what a changed callback was before."""

    def __init__(self, before: list[Registered]) -> None:
        self._by_id = {id(one.spec): one for one in before}
        self._by_function: dict[Any, list[Registered]] = defaultdict(list)
        self._by_origin: dict[Any, list[Registered]] = defaultdict(list)
        for one in before:
            self._by_function[_key(one.spec)].append(one)
            self._by_origin[one.spec.origin].append(one)

    def same(self, spec: CallbackSpec) -> Registered | None:
        return self._by_id.get(id(spec))

    def at(self, spec: CallbackSpec) -> list[Registered]:
        return self._by_origin.get(spec.origin, [])

    def parents(self, spec: CallbackSpec) -> list[Registered]:
        if (same := self.same(spec)) is not None:
            return [same]
        if isinstance(spec.func, Joint):
            whole = self._by_function.get(_key(spec), [])
            return whole[:1] or [
                parent for member in spec.func.members for parent in self.parents(member.spec)
            ]
        found = self._by_function.get(_key(spec), [])
        if not found and spec.is_clientside:
            # What wraps a clientside function is a new text.
            found = [
                one
                for one in self.at(spec)
                if one.spec.is_clientside and _outputs(one.spec) == _outputs(spec)
            ]
        if len(found) > 1:
            found = [one for one in found if _outputs(one.spec) == _outputs(spec)] or found
        return found[:1]


def _key(spec: CallbackSpec) -> Any:
    func = spec.func
    if isinstance(func, Joint):
        return tuple(_key(member.spec) for member in func.members)
    return spec.origin, func if spec.is_clientside else id(inspect.unwrap(func))  # type: ignore[arg-type]


def _outputs(spec: CallbackSpec) -> list[Any]:
    return [slot.key for slot in spec.output_slots()]


def _arrow(spec: CallbackSpec) -> str:
    inputs = ", ".join(str(slot) for slot in spec.input_slots() if slot.fires) or "nothing"
    return f"{inputs} -> {', '.join(map(str, spec.output_slots())) or 'no output'}"


def _whole(before: Program, after: Program) -> Iterator[str]:
    for component in after.components[len(before.components) :]:
        yield f"a hidden {type(component).__name__} '{getattr(component, 'id', '')}' in the layout"
    for change in after.layout_maps[len(before.layout_maps) :]:
        yield f"a change of the layout: {getattr(change, '__qualname__', repr(change))}"
    for wire in after.wires[len(before.wires) :]:
        yield f"values marked {wire.mark!r}, which any callback may receive"

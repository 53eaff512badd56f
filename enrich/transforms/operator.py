"""Operator: changes to a value that the page holds, in the words of older libraries."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from dash import Patch

from enrich.callbacks.parameters import innermost, names_in
from enrich.callbacks.spec import CallbackSpec, Joint, Member, Program, Slot
from enrich.dependencies import OperatorOutput
from enrich.errors import EnrichError
from enrich.transforms.base import DashTransform
from enrich.transforms.held import held_values, with_held
from enrich.transforms.multiplexer import MultiplexerTransform
from enrich.transforms.steps import Step, as_patch, carried_out, needs_value


class Operator:
    """Say what to change in the value that the page holds.

    ``Operator()[path]`` leads to a part of the value; ``.list`` and ``.dict`` offer what can be done to it. Each change
    returns the whole, so that several follow each other.

    Examples
    --------
    >>> from enrich import Operator
    >>> steps = Operator()["data"][0]["y"].list.append(3)
    >>> steps["layout"].dict.update({"title": "Sales"}).apply().to_plotly_json()["operations"][0]
    {'operation': 'Append', 'location': ['data', 0, 'y'], 'params': {'value': 3}}
    """

    def __init__(self, path: Iterable[Any] | None = None, steps: list[Step] | None = None) -> None:
        self.path = tuple(path or ())
        self.steps: list[Step] = [] if steps is None else steps

    def __getitem__(self, key: Any) -> Operator:
        return Operator([*self.path, key], self.steps)

    def __setitem__(self, key: Any, item: Any) -> None:
        self[key].assign(item)

    @property
    def list(self) -> ListOperator:
        """What can be done to a list."""
        return ListOperator(self)

    @property
    def dict(self) -> DictOperator:
        """What can be done to a dict."""
        return DictOperator(self)

    def assign(self, item: Any) -> Operator:
        """Put ``item`` in the place that the path leads to."""
        if not self.path:
            raise EnrichError(
                "Operator().assign(value) would replace the whole value. Return the value itself instead, "
                "or say where: Operator()[key].assign(value)."
            )
        return Operator(self.path[:-1], self.steps).with_step("assign", self.path[-1], item)

    def apply(self) -> Patch | Operator:
        """Return the ``Patch``; or this, if there is a step that a patch can't do."""
        return self if needs_value(self.steps) else as_patch(self.steps)

    def with_step(self, word: str, /, *args: Any, **options: Any) -> Operator:
        """Add a step where the path leads, and return an operator that is back at the top."""
        self.steps.append(Step(word, self.path, args, options))
        return Operator(steps=self.steps)

    def with_reset(self, empty: Any) -> Operator:
        """Put a value where the path leads; at the top it takes the place of all there was."""
        if self.path:
            return self.assign(empty)
        self.steps[:] = [Step("start", (), (empty,))]
        return Operator(steps=self.steps)

    def to_plotly_json(self) -> Any:
        """Travel as the ``Patch`` does."""
        if needs_value(self.steps):
            raise EnrichError(
                "Operator().list.sort() and reset() are no steps of a Patch, and only an OperatorOutput takes them. "
                "Declare the output as OperatorOutput(...), and add OperatorTransform()."
            )
        return as_patch(self.steps).to_plotly_json()


class ListOperator:
    """Changes to a list; each returns an ``Operator`` for the next change."""

    def __init__(self, operator: Operator) -> None:
        self.operator = operator

    def append(self, item: Any) -> Operator:
        """Add ``item`` at the end."""
        return self.operator.with_step("append", item)

    def extend(self, iterable: Iterable[Any]) -> Operator:
        """Add the items at the end."""
        return self.operator.with_step("extend", list(iterable))

    def insert(self, index: int, item: Any) -> Operator:
        """Put ``item`` before the one at ``index``."""
        return self.operator.with_step("insert", index, item)

    def remove(self, item: Any) -> Operator:
        """Take ``item`` out, as often as it is in there."""
        return self.operator.with_step("remove", item)

    def pop(self, index: int) -> Operator:
        """Take out the item at ``index``."""
        return self.operator.with_step("delete", index)

    def clear(self) -> Operator:
        """Take out all items."""
        return self.operator.with_step("clear")

    def reset(self) -> Operator:
        """Put an empty list here, whatever there was."""
        return self.operator.with_reset([])

    def reverse(self) -> Operator:
        """Turn the order round."""
        return self.operator.with_step("reverse")

    def sort(self, *, key: Callable[[Any], Any] | None = None, reverse: bool = False) -> Operator:
        """Sort as ``list.sort`` does, on the server: no ``Patch`` can.

        Without ``key``, items that Python can't compare come as numbers, texts, others, ``None``.
        The page sends what it holds where the callback's own code has the word ``sort``, and gets the whole new value.
        """
        return self.operator.with_step("sort", key=key, reverse=reverse)


class DictOperator:
    """Changes to a dict; each returns an ``Operator`` for the next change."""

    def __init__(self, operator: Operator) -> None:
        self.operator = operator

    def set(self, key: Any, item: Any) -> Operator:
        """Give ``key`` a value."""
        return self.operator.with_step("assign", key, item)

    def pop(self, key: Any) -> Operator:
        """Take ``key`` out."""
        return self.operator.with_step("delete", key)

    def update(self, obj: Mapping[str, Any]) -> Operator:
        """Give several keys a value."""
        return self.operator.with_step("update", dict(obj))

    def clear(self) -> Operator:
        """Take out all keys."""
        return self.operator.with_step("clear")

    def reset(self) -> Operator:
        """Put an empty dict here, whatever there was."""
        return self.operator.with_reset({})


class OperatorTransform(DashTransform):
    """Enable ``OperatorOutput``: outputs that several callbacks share, and that take an ``Operator``.

    Examples
    --------
    >>> from enrich import DashProxy, Input, Operator, OperatorOutput, OperatorTransform
    >>> app = DashProxy("doc", transforms=[OperatorTransform()])
    >>> @app.callback(OperatorOutput("log", "children"), Input("add", "n_clicks"))
    ... def add(n_clicks):
    ...     return Operator().list.append(f"click {n_clicks}")
    """

    after = (*MultiplexerTransform.after, "MultiplexerTransform")

    def apply(self, program: Program, /) -> Program:
        taken = program.map_callbacks(_take_operators) if program.says(OperatorOutput) else program
        if taken is program:
            return program
        return MultiplexerTransform().apply(taken)


def _is_operator(slot: Slot) -> bool:
    return isinstance(slot.marker, OperatorOutput)


def _take_operators(spec: CallbackSpec) -> CallbackSpec:
    if isinstance(spec.func, Joint):
        return _take_members(spec, spec.func)
    if spec.is_clientside or not any(map(_is_operator, spec.output_slots())):
        return spec
    spec = spec.map_slots(
        lambda slot: slot.with_changes(converts=(_resolve, *slot.converts)) if _is_operator(slot) else slot
    )
    return with_held(spec, _is_operator) if _sorts(spec.func) else spec


def _take_members(spec: CallbackSpec, joint: Joint) -> CallbackSpec:
    members = tuple(Member(_take_operators(member.spec), member.initial) for member in joint.members)
    if all(new.spec is old.spec for new, old in zip(members, joint.members, strict=True)):
        return spec
    ports = dict(spec.ports)
    known = {slot.key for slot in spec.input_slots()}
    for slot in (slot for member in members for slot in member.spec.input_slots()):
        if slot.key not in known:
            known.add(slot.key)
            ports[f"member_{len(ports)}"] = slot
    return spec.with_changes(func=Joint(members), ports=ports)


def _sorts(func: Any) -> bool:
    """Does the code of a function have the word ``sort``? Only then is the page's value worth sending."""
    code = getattr(innermost(func), "__code__", None)
    return code is not None and "sort" in names_in(code)


def _resolve(value: Any, slot: Slot, spec: CallbackSpec) -> Any:
    if slot.is_for_all and isinstance(value, list | tuple):
        return [_resolve_one(part, slot, spec, place) for place, part in enumerate(value)]
    return _resolve_one(value, slot, spec, None)


def _resolve_one(value: Any, slot: Slot, spec: CallbackSpec, place: int | None) -> Any:
    if isinstance(value, ListOperator | DictOperator):
        value = value.operator
    if not isinstance(value, Operator):
        return value
    if not needs_value(value.steps):
        return as_patch(value.steps)
    if value.steps[0].word == "start":
        return _carried_out(value.steps, None, slot, spec)
    if not _sorts(spec.func):
        raise EnrichError(
            f"{spec}, output {slot}: Operator().list.sort() needs what the page holds, and the page sends it only where "
            "the callback's own code has the word sort. Call sort() in the callback itself, "
            "or take the property as a State and return sorted(value)."
        )
    held = held_values(slot, spec)
    return _carried_out(value.steps, held if place is None else held[place], slot, spec)


def _carried_out(steps: Iterable[Step], held: Any, slot: Slot, spec: CallbackSpec) -> Any:
    try:
        return carried_out(steps, held)
    except EnrichError as error:
        raise EnrichError(f"{spec}, output {slot}: {error}") from error.__cause__

"""Operator: changes to a value that the page holds, in the words of older libraries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from dash import Patch

from enrich.callbacks.spec import CallbackSpec, Program, Slot
from enrich.dependencies import OperatorOutput
from enrich.errors import EnrichError
from enrich.transforms.base import DashTransform
from enrich.transforms.multiplexer import MultiplexerTransform


class Operator:
    """Build a ``dash.Patch``: changes to make to the value that the page holds.

    ``Operator()[path]`` leads to a part of the value; ``.list`` and ``.dict`` offer what can be done to it. Each change
    returns the whole, so that several follow each other.

    Examples
    --------
    >>> from enrich import Operator
    >>> steps = Operator()["data"][0]["y"].list.append(3)
    >>> steps["layout"].dict.update({"title": "Sales"}).apply().to_plotly_json()["operations"][0]
    {'operation': 'Append', 'location': ['data', 0, 'y'], 'params': {'value': 3}}
    """

    def __init__(self, path: Iterable[Any] | None = None, operations: Patch | None = None) -> None:
        self.path = list(path or ())
        self.operations = Patch() if operations is None else operations

    def __getitem__(self, key: Any) -> Operator:
        return Operator([*self.path, key], self.operations)

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
        self._holder()[self.path[-1]] = item
        return self._next()

    def apply(self) -> Patch:
        """Return the ``Patch``."""
        return self.operations

    def to_plotly_json(self) -> Any:
        """Travel as the ``Patch`` does."""
        return self.operations.to_plotly_json()

    def _holder(self) -> Any:
        return _at(self.operations, self.path[:-1])

    def _part(self) -> Any:
        return _at(self.operations, self.path)

    def _next(self) -> Operator:
        return Operator(operations=self.operations)


class ListOperator:
    """Changes to a list; each returns an ``Operator`` for the next change."""

    def __init__(self, operator: Operator) -> None:
        self.operator = operator

    def append(self, item: Any) -> Operator:
        """Add ``item`` at the end."""
        self.operator._part().append(item)
        return self.operator._next()

    def extend(self, iterable: Iterable[Any]) -> Operator:
        """Add the items at the end."""
        self.operator._part().extend(list(iterable))
        return self.operator._next()

    def insert(self, index: int, item: Any) -> Operator:
        """Put ``item`` before the one at ``index``."""
        self.operator._part().insert(index, item)
        return self.operator._next()

    def remove(self, item: Any) -> Operator:
        """Take ``item`` out, as often as it is in there."""
        self.operator._part().remove(item)
        return self.operator._next()

    def pop(self, index: int) -> Operator:
        """Take out the item at ``index``."""
        del self.operator._part()[index]
        return self.operator._next()

    def clear(self) -> Operator:
        """Take out all items."""
        self.operator._part().clear()
        return self.operator._next()

    def reverse(self) -> Operator:
        """Turn the order round."""
        self.operator._part().reverse()
        return self.operator._next()

    def sort(self) -> Operator:
        """Raise: ``Patch`` can't sort.

        Raises
        ------
        EnrichError
            Always; says what to do.
        """
        raise EnrichError(
            "Operator().list.sort() can't be carried out: dash.Patch has no sorting. "
            "Take the value as a State, and return sorted(value)."
        )


class DictOperator:
    """Changes to a dict; each returns an ``Operator`` for the next change."""

    def __init__(self, operator: Operator) -> None:
        self.operator = operator

    def set(self, key: Any, item: Any) -> Operator:
        """Give ``key`` a value."""
        self.operator._part()[key] = item
        return self.operator._next()

    def pop(self, key: Any) -> Operator:
        """Take ``key`` out."""
        del self.operator._part()[key]
        return self.operator._next()

    def update(self, obj: Mapping[str, Any]) -> Operator:
        """Give several keys a value."""
        self.operator._part().update(dict(obj))
        return self.operator._next()

    def clear(self) -> Operator:
        """Take out all keys."""
        self.operator._part().clear()
        return self.operator._next()


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
        if not any(_is_operator(slot) for spec in program.callbacks for slot in spec.output_slots()):
            return program
        program = program.map_callbacks(_take_operators)
        return MultiplexerTransform().apply(program)


def _is_operator(slot: Slot) -> bool:
    return isinstance(slot.marker, OperatorOutput)


def _take_operators(spec: CallbackSpec) -> CallbackSpec:
    if spec.is_clientside or not any(map(_is_operator, spec.output_slots())):
        return spec
    return spec.map_slots(
        lambda slot: slot.with_changes(converts=(_patch, *slot.converts)) if _is_operator(slot) else slot
    )


def _patch(value: Any, _slot: Slot, _spec: CallbackSpec) -> Any:
    if isinstance(value, list | tuple) and _slot.is_for_all:
        return [_patch_one(part) for part in value]
    return _patch_one(value)


def _patch_one(value: Any) -> Any:
    if isinstance(value, ListOperator | DictOperator):
        return value.operator.apply()
    return value.apply() if isinstance(value, Operator) else value


def _at(patch: Patch, path: Iterable[Any]) -> Any:
    part: Any = patch
    for key in path:
        part = part[key]
    return part

"""Typed arguments and results: what the transforms for dataclasses and for pydantic have in common."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Any

from enrich.callbacks.declare import is_serverside
from enrich.callbacks.parameters import (
    element_of,
    evaluated,
    hints_of,
    innermost,
    nonlocals_of,
    parameters,
)
from enrich.callbacks.spec import CallbackSpec, Convert, Joint, Program, Slot
from enrich.callbacks.tree import map_children, map_leaves
from enrich.errors import TypedValueError
from enrich.transforms.serverside import Serverside

Build = Callable[[Any, str], Any]
"""Makes a value of what JSON gave for it; takes the path to it too, for errors."""


def typed(
    program: Program,
    mentions: Callable[[Any], bool],
    reader: Callable[[Any], Build],
    writer: Callable[[Any], Any],
    *,
    storable: bool,
) -> Program:
    """Give annotated parameters a reader, and all outputs a writer; nothing to a program that has nothing typed.

    Parameters
    ----------
    program:
        The program.
    mentions:
        Tells whether an annotation names, somewhere, a type of the kind that is read and written.
    reader:
        Compiles an annotation.
    writer:
        Makes JSON of a returned value of the kind; gives any other back as it is.
    storable:
        Can the store keep such values as they are? Otherwise it is given their JSON.
    """
    search = _Search(mentions)
    if not any(search.uses(spec) for spec in program.callbacks):
        return program
    return program.map_callbacks(lambda spec: _typed(spec, mentions, reader, writer, storable))


class _Search:
    """Looks for a kind of type in functions; what many functions name is looked at once."""

    def __init__(self, mentions: Callable[[Any], bool]) -> None:
        self._mentions = mentions
        self._known: dict[Any, bool] = {}

    def uses(self, spec: CallbackSpec) -> bool:
        """Does the function take, return or name such a type?"""
        if not callable(spec.func):
            return False
        func = innermost(spec.func)
        code = getattr(func, "__code__", None)
        if code is None or code.co_freevars:
            return self._names_one(func)
        # Functions that are declared in a loop are alike, but for annotations that were made there.
        hints = [hint if isinstance(hint, str) else id(hint) for hint in func.__annotations__.values()]
        key = id(code), id(func.__globals__), *hints
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._names_one(func)
        return known

    def _names_one(self, func: Any) -> bool:
        code, scope = getattr(func, "__code__", None), getattr(func, "__globals__", {})
        if code is None or code.co_freevars:
            named = [*hints_of(func).values(), *nonlocals_of(func).values()]
            if any(map(self._mentions, named)):
                return True
        elif any(
            self._is_hint_of(func, hint, scope) for hint in getattr(func, "__annotations__", {}).values()
        ):
            return True
        return code is not None and any(self._is(scope[name]) for name in code.co_names if name in scope)

    def _is(self, value: Any) -> bool:
        known = self._known.get(id(value))
        if known is None:
            known = self._known[id(value)] = self._mentions(value)
        return known

    def _is_hint_of(self, func: Any, hint: Any, scope: Mapping[str, Any]) -> bool:
        if not isinstance(hint, str):
            return self._is(hint)
        # The same text in the same module is the same type.
        key = id(scope), hint
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = any(map(self._mentions, evaluated({"": hint}, scope, {}).values()))
        return known


def _typed(
    spec: CallbackSpec,
    mentions: Callable[[Any], bool],
    reader: Callable[[Any], Build],
    writer: Callable[[Any], Any],
    storable: bool,
) -> CallbackSpec:
    if spec.is_clientside or isinstance(spec.func, Joint):
        return spec
    builds = {
        number: _build(hint, slot, reader)
        for hint, slot, number in parameters(spec)
        if slot.passed and mentions(hint)
    }
    if builds:
        numbers = itertools.count()

        def read(slot: Slot) -> Slot:
            build = builds.get(next(numbers))
            return slot if build is None else slot.with_changes(converts=(*slot.converts, _reading(build)))

        spec = spec.with_changes(inputs=map_leaves(read, spec.inputs))
    write = _writing(writer if storable else _also_stored(writer))

    def written(slot: Slot) -> Slot:
        if storable and is_serverside(slot):
            return slot
        return slot.with_changes(converts=(write, *slot.converts))

    return spec.with_changes(outputs=map_leaves(written, spec.outputs))


def _also_stored(writer: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def write(value: Any) -> Any:
        if not isinstance(value, Serverside):
            return writer(value)
        held = map_values(value.value, writer)
        return value if held is value.value else Serverside(held, value.key, value.backend)

    return write


def _reading(build: Build) -> Convert:
    def read(value: Any, slot: Slot, spec: CallbackSpec) -> Any:
        try:
            return build(value, str(slot))
        except TypedValueError as error:
            raise TypedValueError(f"{spec}, argument {error}") from error.__cause__

    return read


def _build(hint: Any, slot: Slot, reader: Callable[[Any], Build]) -> Build:
    """Compile an input's annotation."""
    build = reader(hint)
    each = slot.is_for_all and element_of(hint, list) is None
    return _unless_none(_of_each(build) if each else build)


def _unless_none(build: Build) -> Build:
    """Pass on what Dash gives for a property without a value."""
    return lambda value, path: None if value is None else build(value, path)


def _of_each(build: Build) -> Build:
    """An annotation without ``list`` at an input for all is for each of the values."""

    def of_each(value: Any, path: str) -> Any:
        if not isinstance(value, list):
            return build(value, path)
        return [None if part is None else build(part, f"{path}[{i}]") for i, part in enumerate(value)]

    return of_each


def _writing(writer: Callable[[Any], Any]) -> Convert:
    def write(value: Any, _slot: Slot, _spec: CallbackSpec) -> Any:
        return map_values(value, writer)

    return write


def map_values(value: Any, writer: Callable[[Any], Any]) -> Any:
    """Apply ``writer`` to a value and, where it leaves it as it is, to what lists, tuples and dicts hold."""
    written = writer(value)
    if written is not value:
        return written
    return map_children(lambda part: map_values(part, writer), value)

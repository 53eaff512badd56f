"""Dataclasses as arguments and results."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import functools
import json
import types
import typing
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from enrich.callbacks.spec import Program
from enrich.errors import TypedValueError
from enrich.transforms.base import DashTransform
from enrich.transforms.typed import Build, typed


class DataclassTransform(DashTransform):
    """Let callbacks return dataclasses, and receive them where a parameter is annotated with one.

    They travel as JSON. An annotation may be ``M``, ``M | None``, ``list[M]``, ``dict[str, M]``, or ``Annotated``, as
    text or not; fields may be dataclasses, containers, enums, dates, decimals and UUIDs. What arrives is checked, and
    ``None``, which is what Dash gives for a value that is not there yet, is passed on.

    Raises
    ------
    TypedValueError
        In the callback, for what does not fit, with the path to the field.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> from enrich import DashProxy, DataclassTransform, Input, Output
    >>> @dataclass
    ... class Point:
    ...     x: int
    ...     y: int
    >>> app = DashProxy("doc", transforms=[DataclassTransform()])
    >>> @app.callback(Output("point", "data"), Input("x", "value"))
    ... def make(x: int):
    ...     return Point(x, 2 * x)
    >>> @app.callback(Output("log", "children"), Input("point", "data"))
    ... def show(point: Point | None):
    ...     return f"{point.x}, {point.y}" if point else "no point"
    """

    after = ("TriggerTransform", "ServersideOutputTransform")

    def apply(self, program: Program, /) -> Program:
        return typed(program, _mentions, compiled, write, storable=True)


def write(value: Any) -> Any:
    """Make JSON of a dataclass; anything else comes back as it is."""
    if not dataclasses.is_dataclass(value) or isinstance(value, type):
        return value
    return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return write(value)
    if isinstance(value, enum.Enum):
        return _plain(value.value)
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, datetime.timedelta):
        return value.total_seconds()
    if isinstance(value, decimal.Decimal | uuid.UUID):
        return str(value)
    if isinstance(value, Mapping):
        return {str(_plain(key)): _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(part) for part in value]
    dump = getattr(value, "model_dump", None)
    return value if dump is None else dump(mode="json")


def _mentions(hint: Any) -> bool:
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return True
    return any(_mentions(part) for part in typing.get_args(hint))


_SCALARS: dict[Any, Callable[[Any], Any]] = {
    datetime.datetime: datetime.datetime.fromisoformat,
    datetime.date: datetime.date.fromisoformat,
    datetime.time: datetime.time.fromisoformat,
    datetime.timedelta: lambda value: datetime.timedelta(seconds=value),
    decimal.Decimal: lambda value: decimal.Decimal(str(value)),
    uuid.UUID: uuid.UUID,
}


def compiled(hint: Any) -> Build:
    """Compile any annotation; what is not known is taken as it is."""
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        return compiled(args[0])
    if origin in (typing.Union, types.UnionType):
        return _union([arg for arg in args if arg is not type(None)], optional=type(None) in args)
    if origin is typing.Literal:
        return functools.partial(_literal, args)
    if origin in (list, set, frozenset) or (origin is tuple and args[1:] == (...,)):
        return functools.partial(_sequence, origin, compiled(args[0]))
    if origin is tuple:
        return functools.partial(_tuple, [compiled(arg) for arg in args])
    if origin in (dict, Mapping):
        return functools.partial(_mapping, compiled(args[0]), compiled(args[1]))
    if not isinstance(hint, type):
        return lambda value, path: value
    if dataclasses.is_dataclass(hint):
        return functools.partial(_dataclass, hint)
    if issubclass(hint, enum.Enum):
        return functools.partial(_made, hint, hint)
    if hint in _SCALARS:
        return functools.partial(_made, hint, _SCALARS[hint])
    if hint in (int, float, str, bool):
        return functools.partial(_scalar, hint)
    validate = getattr(hint, "model_validate", None)
    return (lambda value, path: value) if validate is None else functools.partial(_made, hint, validate)


def _wrong(path: str, expected: Any, value: Any) -> TypedValueError:
    name = expected.__name__ if isinstance(expected, type) else str(expected)
    text = repr(value)
    return TypedValueError(f"{path}: expected {name}, got {text if len(text) <= 80 else text[:77] + '...'}")


def _scalar(kind: type, value: Any, path: str) -> Any:
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    # JavaScript writes 2.0 as 2, and some components give 2 as 2.0.
    if kind is int and isinstance(value, float) and value.is_integer():
        return int(value)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise _wrong(path, kind, value)
    return value


def _made(kind: type, make: Callable[[Any], Any], value: Any, path: str) -> Any:
    if isinstance(value, kind):
        return value
    try:
        return make(value)
    except (ValueError, TypeError, ArithmeticError) as error:
        raise _wrong(path, kind, value) from error


def _literal(choices: tuple[Any, ...], value: Any, path: str) -> Any:
    if not any(value == choice and type(value) is type(choice) for choice in choices):
        raise _wrong(path, f"one of {', '.join(map(repr, choices))}", value)
    return value


def _sequence(kind: Any, build: Build, value: Any, path: str) -> Any:
    if not isinstance(value, list | tuple | set | frozenset):
        raise _wrong(path, kind, value)
    return kind(build(part, f"{path}[{i}]") for i, part in enumerate(value))


def _tuple(builds: list[Build], value: Any, path: str) -> Any:
    if not isinstance(value, list | tuple) or len(value) != len(builds):
        raise _wrong(path, f"{len(builds)} values", value)
    return tuple(
        build(part, f"{path}[{i}]") for i, (build, part) in enumerate(zip(builds, value, strict=True))
    )


def _mapping(key: Build, build: Build, value: Any, path: str) -> Any:
    if not isinstance(value, Mapping):
        raise _wrong(path, dict, value)
    return {_key(key, k, path): build(part, f"{path}[{k!r}]") for k, part in value.items()}


def _key(build: Build, key: Any, path: str) -> Any:
    """Read a key, which JSON makes text of."""
    try:
        return build(key, path)
    except TypedValueError:
        return build(json.loads(key), path)


def _union(hints: list[Any], *, optional: bool) -> Build:
    builds = [compiled(hint) for hint in hints]

    def build(value: Any, path: str) -> Any:
        if value is None and optional:
            return None
        for hint in hints:
            if isinstance(hint, type) and type(value) is hint:
                return value
        failures: list[TypedValueError] = []
        for one in builds:
            try:
                return one(value, path)
            except TypedValueError as error:
                failures.append(error)
        if len(failures) == 1:
            raise failures[0]
        raise TypedValueError(f"{path}: fits none of the types: {'; '.join(map(str, failures))}")

    return build


@functools.cache
def _fields(kind: type) -> tuple[tuple[dataclasses.Field[Any], Build], ...]:
    hints = typing.get_type_hints(kind, include_extras=True)
    return tuple((f, compiled(hints[f.name])) for f in dataclasses.fields(kind))


def _dataclass(kind: type, value: Any, path: str) -> Any:
    if isinstance(value, kind):
        return value
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise _wrong(path, kind, value) from error
    if not isinstance(value, Mapping):
        raise _wrong(path, kind, value)
    init: dict[str, Any] = {}
    later: dict[str, Any] = {}
    for f, build in _fields(kind):
        if f.name in value:
            (init if f.init else later)[f.name] = build(value[f.name], f"{path}.{f.name}")
        elif f.init and f.default is f.default_factory is dataclasses.MISSING:
            raise TypedValueError(f"{path}.{f.name}: {kind.__name__} needs this field")
    try:
        made = kind(**init)
    except (ValueError, TypeError) as error:
        raise TypedValueError(f"{path}: {kind.__name__} refuses it: {error}") from error
    for name, part in later.items():
        object.__setattr__(made, name, part)
    return made

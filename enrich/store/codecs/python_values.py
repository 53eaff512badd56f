"""Values of the standard library that JSON has no word for."""

from __future__ import annotations

import base64
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from operator import attrgetter
from pathlib import PosixPath, PurePosixPath, PureWindowsPath
from typing import Any
from uuid import UUID, SafeUUID

from .context import DECODERS, ENCODERS, TAG, Node, Reader, Writer
from .entry import Piece
from .timezones import encode_timezone

# Longer byte strings are parts of their own: as text they would take a third more, and pass through JSON.
_SHORT = 256

_MICROSECOND = timedelta(microseconds=1)


def _bytes(writer: Writer, value: bytes | bytearray) -> Node:
    tag = type(value).__name__
    if len(value) <= _SHORT:
        return {TAG: tag, "v": base64.b64encode(value).decode("ascii")}
    piece: Piece = value if isinstance(value, bytes) else memoryview(value)
    return {TAG: tag, "i": writer.parts.add([piece])}


def _raw(reader: Reader, node: dict[str, Any]) -> Any:
    return base64.b64decode(node["v"]) if "v" in node else reader.source.part(node["i"])


def _zone(writer: Writer, value: datetime | time) -> Node:
    return None if value.tzinfo is None else encode_timezone(writer, value.tzinfo)


def _datetime(writer: Writer, value: datetime) -> Node:
    fields = [value.year, value.month, value.day, value.hour, value.minute, value.second, value.microsecond]
    return {TAG: "datetime", "v": fields, "z": _zone(writer, value), "f": value.fold}


def _time(writer: Writer, value: time) -> Node:
    fields = [value.hour, value.minute, value.second, value.microsecond]
    return {TAG: "time", "v": fields, "z": _zone(writer, value), "f": value.fold}


def _decode_datetime(reader: Reader, node: dict[str, Any]) -> datetime:
    return datetime(*node["v"]).replace(tzinfo=node["z"], fold=node["f"])


def _decode_time(reader: Reader, node: dict[str, Any]) -> time:
    return time(*node["v"]).replace(tzinfo=node["z"], fold=node["f"])


def _carried_as_text(kind: type[Any]) -> None:
    tag = kind.__name__

    def encode(writer: Writer, value: Any) -> Node:
        text = str(value)
        return {TAG: tag, "v": text if text.isascii() else writer.node(text)}

    ENCODERS[kind] = encode
    DECODERS[tag] = lambda reader, node: kind(node["v"])


def _carried_by_parts(kind: type[Any], *names: str) -> None:
    tag, parts_of = kind.__name__, attrgetter(*names)
    ENCODERS[kind] = lambda writer, value: {TAG: tag, "v": [*map(writer.node, parts_of(value))]}
    DECODERS[tag] = lambda reader, node: kind(*node["v"])


_AS_TEXT: tuple[type[Any], ...] = (
    *(Decimal, IPv4Address, IPv6Address, IPv4Network, IPv6Network),
    *(PurePosixPath, PosixPath, PureWindowsPath),
)
for _kind in _AS_TEXT:
    _carried_as_text(_kind)
_carried_by_parts(complex, "real", "imag")
_carried_by_parts(Fraction, "numerator", "denominator")
_carried_by_parts(range, "start", "stop", "step")
_carried_by_parts(slice, "start", "stop", "step")
ENCODERS.update(
    {
        bytes: _bytes,
        bytearray: _bytes,
        datetime: _datetime,
        time: _time,
        date: lambda writer, value: {TAG: "date", "v": value.toordinal()},
        timedelta: lambda writer, value: {
            TAG: "timedelta",
            "v": [value.days, value.seconds, value.microseconds],
        },
        UUID: lambda writer, value: {TAG: "UUID", "v": value.hex, "s": value.is_safe.name},
        type(...): lambda writer, value: {TAG: "..."},
    }
)
DECODERS.update(
    {
        "bytes": lambda reader, node: bytes(_raw(reader, node)),
        "bytearray": lambda reader, node: bytearray(_raw(reader, node)),
        "datetime": _decode_datetime,
        "time": _decode_time,
        "date": lambda reader, node: date.fromordinal(node["v"]),
        "timedelta": lambda reader, node: timedelta(*node["v"]),
        "UUID": lambda reader, node: UUID(node["v"], is_safe=SafeUUID[node["s"]]),
        "...": lambda reader, node: ...,
    }
)

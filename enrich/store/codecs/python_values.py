"""Values of the standard library that JSON has no word for."""

from __future__ import annotations

import base64
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
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


def _range(writer: Writer, value: range) -> Node:
    return {TAG: "range", "v": [writer.node(value.start), writer.node(value.stop), writer.node(value.step)]}


def _slice(writer: Writer, value: slice) -> Node:
    return {TAG: "slice", "v": [writer.node(value.start), writer.node(value.stop), writer.node(value.step)]}


def _complex(writer: Writer, value: complex) -> Node:
    return {TAG: "complex", "v": [writer.node(value.real), writer.node(value.imag)]}


def _fraction(writer: Writer, value: Fraction) -> Node:
    return {TAG: "Fraction", "v": [writer.node(value.numerator), writer.node(value.denominator)]}


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
        Decimal: lambda writer, value: {TAG: "Decimal", "v": str(value)},
        UUID: lambda writer, value: {TAG: "UUID", "v": value.hex, "s": value.is_safe.name},
        complex: _complex,
        Fraction: _fraction,
        range: _range,
        slice: _slice,
        type(...): lambda writer, value: {TAG: "..."},
        IPv4Address: lambda writer, value: {TAG: "IPv4Address", "v": str(value)},
        IPv6Address: lambda writer, value: {TAG: "IPv6Address", "v": str(value)},
        IPv4Network: lambda writer, value: {TAG: "IPv4Network", "v": str(value)},
        IPv6Network: lambda writer, value: {TAG: "IPv6Network", "v": str(value)},
        PurePosixPath: lambda writer, value: {TAG: "PurePosixPath", "v": writer.node(str(value))},
        PosixPath: lambda writer, value: {TAG: "PosixPath", "v": writer.node(str(value))},
        PureWindowsPath: lambda writer, value: {TAG: "PureWindowsPath", "v": writer.node(str(value))},
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
        "Decimal": lambda reader, node: Decimal(node["v"]),
        "UUID": lambda reader, node: UUID(node["v"], is_safe=SafeUUID[node["s"]]),
        "complex": lambda reader, node: complex(*node["v"]),
        "Fraction": lambda reader, node: Fraction(*node["v"]),
        "range": lambda reader, node: range(*node["v"]),
        "slice": lambda reader, node: slice(*node["v"]),
        "...": lambda reader, node: ...,
        "IPv4Address": lambda reader, node: IPv4Address(node["v"]),
        "IPv6Address": lambda reader, node: IPv6Address(node["v"]),
        "IPv4Network": lambda reader, node: IPv4Network(node["v"]),
        "IPv6Network": lambda reader, node: IPv6Network(node["v"]),
        "PurePosixPath": lambda reader, node: PurePosixPath(node["v"]),
        "PosixPath": lambda reader, node: PosixPath(node["v"]),
        "PureWindowsPath": lambda reader, node: PureWindowsPath(node["v"]),
    }
)

"""JSON-able values: what JSON has words for as it is, everything else under a tag.

Types are compared exactly: a subclass of ``dict`` or ``str`` isn't one that comes back.
"""

from __future__ import annotations

import math
import struct
from collections import Counter, OrderedDict, deque
from collections.abc import Iterable
from operator import itemgetter
from typing import Any

import numpy as np

from .arrow_file import Parts
from .container import write_container
from .context import DECODERS, ENCODERS, TAG, Node, Reader, Writer, dumps, entry_within, has_hash
from .entry import Encoded, Refusal, excerpt

PLAIN = frozenset({str, int, float, bool, type(None)})

# json reads and writes integers in decimal, and Python may refuse more than 640 digits there.
_LONG = 1 << 2100
_SIMPLE = frozenset({float, bool, type(None)})
_NAN = struct.pack("<d", math.nan)


def is_plain(value: Any, depth: int = 0) -> bool:
    """Whether the value is JSON as it stands, so that neither side needs to look at its parts."""
    kind = type(value)
    if kind is list:
        if depth > 50:
            return False
        kinds = _kinds(value)
        return kinds <= PLAIN or all(is_plain(item, depth + 1) for item in value)
    if kind is dict:
        if depth > 50 or _kinds(value) - {str} or TAG in value:
            return False
        kinds = _kinds(value.values())
        return kinds <= PLAIN or all(is_plain(item, depth + 1) for item in value.values())
    return has_hash(kind) and kind in PLAIN


def _kinds(values: Iterable[Any]) -> set[type[Any]]:
    try:
        return set(map(type, values))
    except TypeError:  # classes without a hash are none of those that are looked for
        return {object}


def plain_text(value: Any) -> str | None:
    """The JSON of a plain value; None for what needs tags."""
    if not is_plain(value):
        return None
    try:
        text = dumps(value)
        text.encode()
    except ValueError:  # an integer with more digits than Python turns into text, or a lone surrogate
        return None
    return None if "NaN" in text and _has_unusual_nan(value) else text


def _has_unusual_nan(value: Any) -> bool:
    """Whether a NaN in a plain value has a sign or a payload, which JSON has no words for."""
    kind = type(value)
    cells = value if kind is list else value.values() if kind is dict else [value]
    kinds = _kinds(cells)
    if kinds <= PLAIN:
        return float in kinds and _unusual(cells)
    return any(map(_has_unusual_nan, cells))


def _unusual(values: Iterable[Any]) -> bool:
    """Whether one of these floats and constants is a NaN of other bits than the usual one."""
    found = [value for value in values if value != value]
    return bool(found) and struct.pack(f"<{len(found)}d", *found) != _NAN * len(found)


def is_text(values: Iterable[str]) -> bool:
    """Whether these strings have a UTF-8 form, that is, no surrogates."""
    try:
        "".join(values).encode()
    except UnicodeEncodeError:
        return False
    return True


def _str(writer: Writer, value: str) -> Node:
    if value.isascii() or is_text([value]):
        return value
    return {TAG: "str", "v": value.encode("utf-8", "surrogatepass").hex()}


def _itself(writer: Writer, value: Any) -> Node:
    return value


def _float(writer: Writer, value: float) -> Node:
    if value == value or value is np.nan:
        return value
    if (bits := struct.pack("<d", value)) != _NAN:
        return {TAG: "nan", "v": bits.hex()}
    # NaN is unequal to itself, so keys are told apart by which NaN is in them; json gives all of them the same one.
    return {TAG: "nan"} if writer.in_key else value


def _decode_nan(reader: Reader, node: dict[str, Any]) -> float:
    bits = bytes.fromhex(node["v"]) if "v" in node else _NAN
    found: float = struct.unpack("<d", bits)[0]
    return found


def _int(writer: Writer, value: int) -> Node:
    return value if -_LONG < value < _LONG else {TAG: "int", "v": hex(value)}


def items(writer: Writer, value: Any) -> list[Node]:
    """The nodes of a sequence's items."""
    kinds = _kinds(value)
    if kinds <= _SIMPLE and not writer.in_key and not (float in kinds and _unusual(value)):
        return list(value)
    if kinds == {str} and is_text(value):
        return list(value)
    nodes = []
    for index, item in enumerate(value):
        try:
            nodes.append(writer.node(item))
        except Refusal as refusal:
            raise refusal.below(f"[{index}]") from None
    return nodes


def _dict(writer: Writer, value: dict[Any, Any]) -> Node:
    if TAG in value or _kinds(value) - {str} or not is_text(value):
        return {TAG: "dict", "v": pairs(writer, value)}
    nodes = {}
    for key, item in value.items():
        try:
            nodes[key] = writer.node(item)
        except Refusal as refusal:
            raise refusal.below(f"[{key!r}]") from None
    return nodes


def pairs(writer: Writer, value: Any) -> list[Node]:
    """The nodes of a mapping whose keys aren't all text."""
    nodes = []
    for key, item in value.items():
        try:
            nodes.append([writer.key(key), writer.node(item)])
        except Refusal as refusal:
            raise refusal.below(f"[{excerpt(key)}]") from None
    return nodes


def _tuple(writer: Writer, value: tuple[Any, ...]) -> Node:
    return {TAG: "tuple", "v": items(writer, value)}


def _set(writer: Writer, value: set[Any] | frozenset[Any]) -> Node:
    # Equal sets are to give equal bytes, and iterate in any order. Parts are numbered as they are met, so a member
    # that has some becomes an entry of its own.
    ours, writer.parts = writer.parts, Parts()
    plain, entries = [], []
    try:
        with entry_within():
            for item in value:
                text = dumps(node := writer.key(item))
                if writer.parts.spans:
                    entries.append(write_container("member", text, writer.parts))
                    writer.parts = Parts()
                else:
                    plain.append((text, node))
    finally:
        writer.parts = ours
    plain.sort(key=itemgetter(0))
    members = [*(node for _, node in plain), *map(writer.embed, sorted(entries, key=Encoded.digest))]
    return {TAG: type(value).__name__, "v": members}


def _subclass(writer: Writer, value: Any) -> Node:
    if vars(value):
        raise Refusal(f"it has attributes besides its items: {excerpt(vars(value))}", "Make it a plain dict.")
    return {TAG: type(value).__name__, "v": pairs(writer, value)}


def _deque(writer: Writer, value: deque[Any]) -> Node:
    return {TAG: "deque", "v": items(writer, value), "n": value.maxlen}


ENCODERS.update(
    {
        type(None): _itself,
        bool: _itself,
        float: _float,
        str: _str,
        int: _int,
        list: items,
        dict: _dict,
        tuple: _tuple,
        set: _set,
        frozenset: _set,
        deque: _deque,
        OrderedDict: _subclass,
        Counter: _subclass,
    }
)
DECODERS.update(
    {
        "str": lambda reader, node: bytes.fromhex(node["v"]).decode("utf-8", "surrogatepass"),
        "nan": _decode_nan,
        "int": lambda reader, node: int(node["v"], 16),
        "dict": lambda reader, node: dict(node["v"]),
        "tuple": lambda reader, node: tuple(node["v"]),
        "set": lambda reader, node: set(node["v"]),
        "frozenset": lambda reader, node: frozenset(node["v"]),
        "deque": lambda reader, node: deque(node["v"], node["n"]),
        "OrderedDict": lambda reader, node: OrderedDict(node["v"]),
        "Counter": lambda reader, node: Counter(dict(node["v"])),
    }
)

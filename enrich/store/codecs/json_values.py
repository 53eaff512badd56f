"""JSON-able values: what JSON has words for as it is, everything else under a tag.

Types are compared exactly: a subclass of ``dict`` or ``str`` isn't one that comes back.
"""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from collections.abc import Iterable
from typing import Any

from .context import DECODERS, ENCODERS, TAG, Node, Reader, Writer, dumps, texts
from .entry import Refusal, excerpt

PLAIN = frozenset({str, int, float, bool, type(None)})

# json reads and writes integers in decimal, and Python refuses more than 4300 digits there.
_LONG = 1 << 13_000
_SIMPLE = frozenset({float, bool, type(None)})


def is_plain(value: Any, depth: int = 0) -> bool:
    """Whether the value is JSON as it stands, so that neither side needs to look at its parts."""
    kind = type(value)
    if kind is list:
        if depth > 50:
            return False
        kinds = set(map(type, value))
        return kinds <= PLAIN or all(is_plain(item, depth + 1) for item in value)
    if kind is dict:
        if depth > 50 or set(map(type, value)) - {str} or TAG in value:
            return False
        kinds = set(map(type, value.values()))
        return kinds <= PLAIN or all(is_plain(item, depth + 1) for item in value.values())
    return kind in PLAIN


def plain_text(value: Any) -> str | None:
    """The JSON of a plain value; None for what needs tags."""
    if not is_plain(value):
        return None
    try:
        text = dumps(value)
        text.encode()
    except ValueError:  # an integer with more digits than Python turns into text, or a lone surrogate
        return None
    return text


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


def _int(writer: Writer, value: int) -> Node:
    return value if -_LONG < value < _LONG else {TAG: "int", "v": hex(value)}


def _list(writer: Writer, value: list[Any]) -> Node:
    return items(writer, value)


def items(writer: Writer, value: Any) -> list[Node]:
    """The nodes of a sequence's items."""
    kinds = set(map(type, value))
    if kinds <= _SIMPLE or (kinds == {str} and is_text(value)):
        return list(value)
    nodes = []
    for index, item in enumerate(value):
        try:
            nodes.append(writer.node(item))
        except Refusal as refusal:
            raise refusal.below(f"[{index}]") from None
    return nodes


def _dict(writer: Writer, value: dict[Any, Any]) -> Node:
    if TAG in value or set(map(type, value)) - {str} or not is_text(value):
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
            nodes.append([writer.node(key), writer.node(item)])
        except Refusal as refusal:
            raise refusal.below(f"[{excerpt(key)}]") from None
    return nodes


def _tuple(writer: Writer, value: tuple[Any, ...]) -> Node:
    return {TAG: "tuple", "v": items(writer, value)}


def _set(writer: Writer, value: set[Any]) -> Node:
    return {TAG: "set", "v": _ordered(writer, value)}


def _frozenset(writer: Writer, value: frozenset[Any]) -> Node:
    return {TAG: "frozenset", "v": _ordered(writer, value)}


def _ordered(writer: Writer, value: Any) -> list[str]:
    # Equal sets are to give equal bytes, and iterate in any order.
    before = writer.parts.mark()
    members = texts([writer.node(item) for item in value])
    if writer.parts.mark() == before:
        return members
    # Parts are numbered as they are met, so they are met in the order of what is in them.
    writer.parts.reset(before)
    return [dumps(writer.node(item)) for item in sorted(value, key=lambda item: _content(writer, item))]


def _content(writer: Writer, item: Any) -> tuple[str, bytes]:
    alone = Writer(writer.pickler)
    text = dumps(alone.node(item))
    return text, b"".join(alone.parts.pieces)


def _members(reader: Reader, node: dict[str, Any]) -> list[Any]:
    return [reader.loads(text) for text in node["v"]]


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
        float: _itself,
        str: _str,
        int: _int,
        list: _list,
        dict: _dict,
        tuple: _tuple,
        set: _set,
        frozenset: _frozenset,
        deque: _deque,
        OrderedDict: _subclass,
        Counter: _subclass,
    }
)
DECODERS.update(
    {
        "str": lambda reader, node: bytes.fromhex(node["v"]).decode("utf-8", "surrogatepass"),
        "int": lambda reader, node: int(node["v"], 16),
        "dict": lambda reader, node: dict(node["v"]),
        "tuple": lambda reader, node: tuple(node["v"]),
        "set": lambda reader, node: set(_members(reader, node)),
        "frozenset": lambda reader, node: frozenset(_members(reader, node)),
        "deque": lambda reader, node: deque(node["v"], node["n"]),
        "OrderedDict": lambda reader, node: OrderedDict(node["v"]),
        "Counter": lambda reader, node: Counter(dict(node["v"])),
    }
)

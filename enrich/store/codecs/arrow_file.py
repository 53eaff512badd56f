"""Arrow IPC files with our metadata: written from regions of live memory, opened without reading the data.

::

    ARROW1 · schema · dictionaries · record batch · end of stream    what any Arrow tool reads
    parts                                                            values that aren't rows; other tools skip them
    numbers · metadata ranges · trailer                              where everything is, and the digest of it all
    footer · ARROW1                                                  what any Arrow tool reads first

Our metadata is JSON in the schema's metadata, under ``enrich``. The trailer points at it, so that reading a frame
of thousands of columns doesn't parse a schema of as many fields. It says what the value is and not where it lies, so
it is the same for all frames of one make: an app stores frames of few makes, and each is put into words only once.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import xxhash

from .arrow_layout import Body, Column
from .arrow_messages import (
    END_OF_STREAM,
    Block,
    dictionary_batch,
    encapsulate,
    footer,
    record_batch,
    schema_table,
)
from .entry import ALIGNMENT, CorruptEntry, Encoded, Piece, padding

ARROW_MAGIC = b"ARROW1"
# One encoder for all: making one costs more than encoding a frame's metadata.
as_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode
# A missing value is the one NaN that everyone uses: labels are looked up by identity.
CONSTANTS = {"NaN": np.nan, "Infinity": np.inf, "-Infinity": -np.inf}
_from_json = json.JSONDecoder(parse_constant=CONSTANTS.__getitem__).decode
METADATA_KEY = b"enrich"

_VERSION = 4
_TRAILER_MAGIC = b"enrich\0A"
# magic, version, number of ranges, position and length of our metadata, where dictionaries, body and parts start,
# length of the numbers in bytes, rows, length of the file; then the digest.
_TRAILER = struct.Struct("<8sIIQQQQQQQQ")
_DIGEST_SIZE = 16
_RANGE = struct.Struct("<QQ")
_TAIL = struct.Struct("<i6s")


class Plan(dict[str, Any]):
    """Our metadata of a file; shared by all that say the same."""

    __slots__ = ("outline", "recipe")

    def __init__(self, plan: dict[str, Any]) -> None:
        super().__init__(plan)
        # How such a table is read, once somebody has worked it out.
        self.recipe: Any = None
        # What is to be done about it as another library's table, likewise.
        self.outline: Any = None


class ArrowEntry(NamedTuple):
    """An opened file: its metadata, and the memory it lies in."""

    view: memoryview
    plan: Plan
    rows: int
    numbers: tuple[int, ...]
    # Offset and length of each part, one after the other.
    parts: tuple[int, ...]
    # Which of the parts are entries themselves.
    entries: tuple[int, ...]
    dictionaries_at: int
    body_at: int
    parts_at: int

    def part(self, index: int) -> memoryview:
        """The memory of one part."""
        offset, length = self.parts[2 * index : 2 * index + 2]
        start = self.parts_at + offset
        if offset < 0 or length < 0 or start + length > len(self.view):
            raise CorruptEntry(f"part {index} lies outside of the entry")
        return self.view[start : start + length]

    def reader(self) -> pa.ipc.RecordBatchFileReader:
        """The file as pyarrow reads it, over the same memory."""
        return pa.ipc.open_file(pa.py_buffer(self.view))


class Parts:
    """Values that aren't rows, each aligned, kept behind the batches."""

    def __init__(self) -> None:
        self.pieces: list[Piece] = []
        self.spans: list[tuple[int, int]] = []
        # Which of them are entries themselves.
        self.entries: list[int] = []
        self.size = 0

    def add(self, pieces: Sequence[Piece]) -> int:
        """Append the buffers of one part and return its number."""
        length = sum(len(piece) for piece in pieces)
        self.spans.append((self.size, length))
        end = padding(self.size + length)
        self.pieces += [*pieces, end] if end else pieces
        self.size += length + len(end)
        return len(self.spans) - 1

    def add_entry(self, entry: Encoded) -> int:
        """Append a whole entry and return its number."""
        index = self.add(entry.buffers)
        self.entries.append(index)
        return index

    def mark(self) -> tuple[int, int, int, int]:
        """A point to go back to."""
        return len(self.pieces), len(self.spans), len(self.entries), self.size

    def reset(self, mark: tuple[int, int, int, int]) -> None:
        """Forget the parts that were added since."""
        del self.pieces[mark[0] :], self.spans[mark[1] :], self.entries[mark[2] :]
        self.size = mark[3]


def write_batch(names: Sequence[str], body: Body, text: bytes, kind: str, parts: Parts) -> Encoded:
    """A file of one record batch, whose columns lie as ``body`` says; ``text`` is from ``plan_text``."""
    body.finish()
    dictionaries = _dictionaries(body.columns)
    make = _make_of(tuple(names), tuple([(column.type, column.repeat) for column in body.columns]), text)
    pieces: list[Piece] = [make.head]
    position = len(make.head)
    blocks: list[Block] = []
    for prefix, dictionary in dictionaries:
        blocks.append(Block(position, len(prefix), dictionary.size))
        pieces += [prefix, *dictionary.pieces]
        position += len(prefix) + dictionary.size
    prefix = encapsulate(record_batch(body.parts(), body.size), position, ALIGNMENT)
    batch = Block(position, len(prefix), body.size)
    pieces += [prefix, *body.pieces, END_OF_STREAM]
    layout = Layout(
        pieces=pieces,
        size=position + len(prefix) + body.size + len(END_OF_STREAM),
        metadata=[make.head, prefix],
        ranges=[(0, len(make.head)), (position, len(prefix))],
        footer=footer(make.message, make.table_at, blocks, [batch]),
        rows=body.rows,
        numbers=body.numbers,
        text_at=make.text_at,
        text_size=len(text),
        dictionaries_at=len(make.head),
        body_at=position + len(prefix),
    )
    return layout.finish(parts, kind)


class _Make(NamedTuple):
    """What all files of tables of one make have in common: how they start, and their schema."""

    head: bytes
    message: bytes
    table_at: int
    text_at: int
    # Types that may have fields with metadata in them, by the numbers of their runs.
    nested: list[tuple[int, pa.DataType]]


_Runs = tuple[tuple[pa.DataType, int], ...]


def _make_of(names: tuple[str, ...], runs: _Runs, text: bytes) -> _Make:
    try:
        make = _make(names, runs, text)
    except TypeError:  # a user's extension type has no hash
        return _make.__wrapped__(names, runs, text)
    # Types are equal whatever the metadata of fields in them.
    if all(kind.equals(runs[at][0], check_metadata=True) for at, kind in make.nested):
        return make
    return _make.__wrapped__(names, runs, text)


@lru_cache(maxsize=64)
def _make(names: tuple[str, ...], runs: _Runs, text: bytes) -> _Make:
    types = [kind for kind, count in runs for _ in range(count)]
    schema = pa.schema([pa.field(name, kind) for name, kind in zip(names, types, strict=True)])
    message = bytes(schema.with_metadata({METADATA_KEY: text}).serialize())[8:]
    start = ARROW_MAGIC + b"\0\0"
    head = start + encapsulate(message, len(start), ALIGNMENT)
    nested = [(at, kind) for at, (kind, _) in enumerate(runs) if _may_be_nested(kind)]
    return _Make(head, message, schema_table(message), head.index(text), nested)


def _may_be_nested(kind: pa.DataType) -> bool:
    return bool(kind.num_fields) or isinstance(kind, (pa.DictionaryType, pa.BaseExtensionType))


def _dictionaries(columns: Sequence[Column]) -> list[tuple[bytes, Body]]:
    """The dictionaries with their messages, in the order of the fields, in which pyarrow gives out their ids."""
    found = [body for column in columns for body in column.dictionaries]
    messages = []
    position = 0
    for identity, body in enumerate(found):
        body.finish()
        prefix = encapsulate(dictionary_batch(body.parts(), body.size, identity), 0, ALIGNMENT)
        if body.place is not None:
            numbers, at = body.place
            numbers[at] = position + len(prefix)
        position += len(prefix) + body.size
        messages.append((prefix, body))
    return messages


@dataclass(slots=True)
class Layout:
    """An Arrow file up to the end of its stream, which parts, trailer and footer are added to."""

    pieces: list[Piece]
    size: int
    metadata: list[Piece]
    ranges: list[tuple[int, int]]
    footer: bytes
    rows: int
    numbers: list[int]
    text_at: int
    text_size: int
    dictionaries_at: int = 0
    body_at: int = 0

    def finish(self, parts: Parts, kind: str) -> Encoded:
        """The whole file."""
        gap = padding(self.size)
        parts_at = self.size + len(gap)
        # All that comes before the footer is a multiple of 16 long, so it is aligned as flatbuffers want it.
        numbers = _pack_numbers(self.numbers, [*chain.from_iterable(parts.spans)], parts.entries)
        ranges = b"".join([_RANGE.pack(*pair) for pair in self.ranges])
        tail = self.footer + _TAIL.pack(len(self.footer), ARROW_MAGIC)
        total = parts_at + parts.size + len(numbers) + len(ranges) + _TRAILER.size + _DIGEST_SIZE + len(tail)
        trailer = _TRAILER.pack(
            _TRAILER_MAGIC, _VERSION, len(self.ranges), self.text_at, self.text_size,
            self.dictionaries_at, self.body_at, parts_at, len(numbers), self.rows, total,
        )  # fmt: skip
        start = numbers + ranges + trailer
        digest = xxhash.xxh3_128(start)
        for piece in self.metadata:
            digest.update(piece)
        digest.update(tail)
        return Encoded((*self.pieces, gap, *parts.pieces, start + digest.digest() + tail), total, kind)


def _pack_numbers(*lists: Sequence[int]) -> bytes:
    """The lengths of three lists, and what is in them; a multiple of 16 long."""
    numbers = [*map(len, lists), *chain.from_iterable(lists)]
    return struct.pack(f"<{len(numbers)}q", *numbers).ljust(-(-len(numbers) // 2) * 16, b"\0")


def plan_text(plan: Iterable[tuple[str, Any]]) -> bytes:
    """Our metadata as text, put into words only once for specs that are shared."""
    plan = tuple(plan)
    try:
        return _shared_text(plan)
    except TypeError:  # a spec of this value only has no hash
        return as_json(dict(plan)).encode()


@lru_cache(maxsize=64)
def _shared_text(plan: tuple[tuple[str, Any], ...]) -> bytes:
    return as_json(dict(plan)).encode()


def is_arrow(view: memoryview) -> bool:
    """Whether these bytes start as an Arrow file does."""
    return view[:6] == ARROW_MAGIC


def open_entry(view: memoryview) -> ArrowEntry:
    """Check the structure of a file and read our metadata; raises ``CorruptEntry``."""
    size = len(view)
    fixed = _TRAILER.size + _DIGEST_SIZE
    if size < fixed + _TAIL.size or view[:6] != ARROW_MAGIC:
        raise CorruptEntry("not an entry of this store")
    footer_size, magic = _TAIL.unpack_from(view, size - _TAIL.size)
    footer_at = size - _TAIL.size - footer_size
    trailer_at = footer_at - fixed
    if magic != ARROW_MAGIC or footer_size <= 0 or trailer_at < 8:
        raise CorruptEntry("the end of the file is missing")
    (
        magic, version, count, text_at, text_size,
        dictionaries_at, body_at, parts_at, numbers_size, rows, total,
    ) = _TRAILER.unpack_from(view, trailer_at)  # fmt: skip
    if magic != _TRAILER_MAGIC:
        raise CorruptEntry("an Arrow file, but not an entry of this store")
    if version != _VERSION:
        raise CorruptEntry(f"written by another version of this store (format {version})")
    ranges_at = trailer_at - count * _RANGE.size
    numbers_at = ranges_at - numbers_size
    if total != size or numbers_at < 8 or text_at + text_size > size or body_at > size or parts_at > size:
        raise CorruptEntry("the file is shorter or longer than it says")
    digest = xxhash.xxh3_128(view[numbers_at : trailer_at + _TRAILER.size])
    for at, length in _RANGE.iter_unpack(view[ranges_at:trailer_at]):
        digest.update(view[at : at + length])
    digest.update(view[footer_at:])
    if digest.digest() != view[footer_at - _DIGEST_SIZE : footer_at]:
        raise CorruptEntry("the digest of the metadata differs")
    text = bytes(view[text_at : text_at + text_size])
    plan = _known_plan(text) if text_size < _KNOWN_BELOW else _parsed(text)
    # As _pack_numbers has them: three lengths, and the lists.
    lists = struct.unpack_from(f"<{numbers_size // 8}q", view, numbers_at)
    first = 3 + lists[0]
    second = first + lists[1]
    return ArrowEntry(
        view, plan, rows, lists[3:first], lists[first:second], lists[second : second + lists[2]],
        dictionaries_at, body_at, parts_at,
    )  # fmt: skip


def _parsed(text: bytes) -> Plan:
    return Plan(_from_json(text.decode()))


# Nothing that is decoded is a part of its plan, so that all may share one.
_KNOWN_BELOW = 1 << 17
_known_plan = lru_cache(maxsize=64)(_parsed)

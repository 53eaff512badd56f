"""Arrow IPC messages as flatbuffers: those that hold offsets are written here, schemas by pyarrow.

pyarrow's own writer lays the data out itself, column by column. Writing these few tables (Message.fbs, File.fbs)
lets the buffers stay where and how pandas has them, so that a block of many columns is one piece on both sides.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

_METADATA_V5 = 4
_DICTIONARY_BATCH = 2
_RECORD_BATCH = 3
_CONTINUATION = 0xFFFFFFFF

END_OF_STREAM = struct.pack("<II", _CONTINUATION, 0)

# Each layout is fixed, and a multiple of 8 bytes long, so that the 8-byte fields of what follows are aligned.
# Message: root offset, vtable at 4, table at 16 (header at 20, bodyLength at 24, version at 32, its type at 34).
_MESSAGE = struct.Struct("<I6HiIqhB5x")
# DictionaryBatch: vtable, table at 16 (data at 20, id at 24, isDelta at 32).
_DICTIONARY = struct.Struct("<5H6xiIqB7x")
# RecordBatch: vtable, table at 16 (nodes at 20, length at 24, buffers at 32, variadic counts at 36).
_BATCH = struct.Struct("<7H2xiIqII")
# Footer: root offset, vtable at 4, table at 16 (schema at 20, dictionaries at 24, batches at 28, version at 32).
_FOOTER = struct.Struct("<I6HiIIIh2x")
_BLOCK = struct.Struct("<qi4xq")
_COUNT = struct.Struct("<4xI")
_PAIR = struct.Struct("<qq")


class BatchParts(NamedTuple):
    """What a record batch message says: the length and null count of each array, and where its buffers lie."""

    rows: int
    nodes: Sequence[tuple[int, int]]
    buffers: Sequence[tuple[int, int]]
    variadic: Sequence[int]


class PackedParts(NamedTuple):
    """The same as it is written: a pair is two numbers of 8 bytes."""

    rows: int
    nodes: bytes
    buffers: bytes
    variadic: Sequence[int]


class Block(NamedTuple):
    """Where a message of the file starts, and how long its metadata and its body are."""

    offset: int
    metadata: int
    body: int


def encapsulate(message: bytes, position: int, alignment: int) -> bytes:
    """A message with its prefix, padded so that what follows it is aligned."""
    length = len(message) + -(position + 8 + len(message)) % alignment
    return struct.pack("<II", _CONTINUATION, length) + message.ljust(length, b"\0")


def record_batch(parts: PackedParts, body_length: int) -> bytes:
    """The message of a record batch."""
    return _message(_RECORD_BATCH, body_length) + _batch_table(parts)


def dictionary_batch(parts: PackedParts, body_length: int, dictionary_id: int) -> bytes:
    """The message of a dictionary batch."""
    data = _DICTIONARY.size + 16 - 20
    table = _DICTIONARY.pack(10, 24, 8, 4, 16, 16, data, dictionary_id, 0)
    return _message(_DICTIONARY_BATCH, body_length) + table + _batch_table(parts)


def _message(header_type: int, body_length: int) -> bytes:
    header = _MESSAGE.size + 16 - 20
    return _MESSAGE.pack(16, 12, 20, 16, 18, 4, 8, 12, header, body_length, _METADATA_V5, header_type)


def _batch_table(parts: PackedParts) -> bytes:
    vectors = [_vector(len(pairs) // _PAIR.size, pairs) for pairs in (parts.nodes, parts.buffers)]
    if parts.variadic:
        vectors.append(_vector(len(parts.variadic), struct.pack(f"<{len(parts.variadic)}q", *parts.variadic)))
    counts_at = [_BATCH.size + 4]
    for vector in vectors:
        counts_at.append(counts_at[-1] + len(vector))
    variadic = (20, counts_at[2] - 36) if parts.variadic else (0, 0)
    table = _BATCH.pack(
        14, 24, 8, 4, 16, 0, variadic[0], 16, counts_at[0] - 20, parts.rows, counts_at[1] - 32, variadic[1]
    )  # fmt: skip
    return b"".join([table, *vectors])


def _vector(count: int, items: bytes) -> bytes:
    # A 4-byte count and the items; the 4 bytes before the count keep the 8-byte items aligned.
    return _COUNT.pack(count) + items


def pack_pairs(pairs: Sequence[tuple[int, int]]) -> bytes:
    """Pairs as a message has them."""
    return struct.pack(f"<{2 * len(pairs)}q", *chain.from_iterable(pairs))


def footer(
    schema_message: bytes, table_at: int, dictionaries: Sequence[Block], batches: Sequence[Block]
) -> bytes:
    """The footer of a file: where everything is, and its schema once more.

    The schema's table is taken over together with the whole message around it. Offsets in a flatbuffer are
    relative, so the footer can point into the copy.
    """
    dictionary_blocks = _blocks(dictionaries)
    batch_blocks = _blocks(batches)
    dictionaries_at = _FOOTER.size
    batches_at = dictionaries_at + len(dictionary_blocks) + 4
    message_at = batches_at + len(batch_blocks)
    table = _FOOTER.pack(
        16, 12, 18, 16, 4, 8, 12, 12,
        message_at + table_at - 20, dictionaries_at - 24, batches_at - 28, _METADATA_V5,
    )  # fmt: skip
    return b"".join([table, dictionary_blocks, bytes(4), batch_blocks, schema_message])


def _blocks(blocks: Sequence[Block]) -> bytes:
    packed = [_BLOCK.pack(block.offset, block.metadata, block.body) for block in blocks]
    return struct.pack("<I", len(blocks)) + b"".join(packed)


def schema_table(message: bytes) -> int:
    """Where the schema's table is in its message."""
    return _field(message, _root(message), 2)


def read_batch(message: bytes) -> tuple[int | None, BatchParts]:
    """What a dictionary or record batch message of pyarrow's says; first the dictionary's id, if it is one."""
    header = _field(message, _root(message), 2)
    (kind,) = struct.unpack_from("<B", message, _slot(message, _root(message), 1))
    identity = None
    if kind == _DICTIONARY_BATCH:
        id_at = _slot(message, header, 0)
        identity = struct.unpack_from("<q", message, id_at)[0] if id_at else 0
        header = _field(message, header, 1)
    rows_at = _slot(message, header, 0)
    rows = struct.unpack_from("<q", message, rows_at)[0] if rows_at else 0
    nodes = _read_pairs(message, header, 1)
    buffers = _read_pairs(message, header, 2)
    variadic = _integers(message, header, 4, 1)
    return identity, BatchParts(rows, nodes, buffers, variadic)


def _read_pairs(message: bytes, table: int, field: int) -> list[tuple[int, int]]:
    flat = _integers(message, table, field, 2)
    return list(zip(flat[::2], flat[1::2], strict=True))


def _integers(message: bytes, table: int, field: int, per_item: int) -> list[int]:
    if not _slot(message, table, field):
        return []
    vector = _field(message, table, field)
    (count,) = struct.unpack_from("<I", message, vector)
    return list(struct.unpack_from(f"<{count * per_item}q", message, vector + 4))


def _root(buffer: bytes) -> int:
    return int(struct.unpack_from("<I", buffer, 0)[0])


def _slot(buffer: bytes, table: int, field: int) -> int:
    """The position of a table's field, or 0 when it isn't there."""
    vtable = table - struct.unpack_from("<i", buffer, table)[0]
    (size,) = struct.unpack_from("<H", buffer, vtable)
    if 4 + 2 * field >= size:
        return 0
    (offset,) = struct.unpack_from("<H", buffer, vtable + 4 + 2 * field)
    return table + offset if offset else 0


def _field(buffer: bytes, table: int, field: int) -> int:
    """The position that a field's offset points to."""
    slot = _slot(buffer, table, field)
    return int(slot + struct.unpack_from("<I", buffer, slot)[0])

"""Arrow arrays as columns of a body, and back: the buffers themselves where the type is a simple one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa

from .arrow_dictionaries import dictionaries_differ, dictionary_types
from .arrow_layout import ABSENT, Body, Column, Shape, Span, Spec
from .arrow_messages import read_batch
from .entry import Piece, Refusal
from .memory import FrameReader, ReadColumn, pack_bits

_SIMPLE: dict[str, pa.DataType] = {
    str(kind): kind
    for kind in (
        *(pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64()),
        *(pa.float16(), pa.float32(), pa.float64(), pa.bool_(), pa.date32(), pa.date64()),
        *(pa.string(), pa.large_string(), pa.binary(), pa.large_binary()),
        *(pa.time32("s"), pa.time32("ms"), pa.time64("us"), pa.time64("ns")),
        *(pa.timestamp(unit) for unit in ("s", "ms", "us", "ns")),
        *(pa.duration(unit) for unit in ("s", "ms", "us", "ns")),
    )
}
_OFFSETS = {pa.string(): "<i4", pa.binary(): "<i4", pa.large_string(): "<i8", pa.large_binary(): "<i8"}


def type_spec(kind: pa.DataType) -> Any:
    """A simple type's name, or None for types that are left to pyarrow's own reader and writer."""
    if pa.types.is_decimal128(kind):
        return ("decimal", kind.precision, kind.scale)
    if pa.types.is_timestamp(kind) and kind.tz is not None:
        return ("timestamp", kind.unit, kind.tz)
    if pa.types.is_fixed_size_binary(kind) and not isinstance(kind, pa.BaseExtensionType) and kind.byte_width:
        return ("fixed", kind.byte_width)
    name = str(kind)
    return name if _SIMPLE.get(name) == kind else None


def type_of(spec: Any) -> pa.DataType:
    """The type of a name."""
    if isinstance(spec, str):
        return _SIMPLE[spec]
    if spec[0] == "decimal":
        return pa.decimal128(*spec[1:])
    return pa.timestamp(*spec[1:]) if spec[0] == "timestamp" else pa.binary(spec[1])


def one_array(values: pa.Array | pa.ChunkedArray) -> pa.Array:
    """The values as a single array; copies only where there are several."""
    if isinstance(values, pa.Array):
        return values
    if values.num_chunks == 1:
        return values.chunk(0)
    if not values.num_chunks:
        return pa.nulls(0, values.type)
    try:
        return (values.unify_dictionaries() if dictionaries_differ(values) else values).combine_chunks()
    except pa.ArrowException as error:
        raise Refusal(f"its chunks can't be made one: {error}", "Cast it to another type.") from error


def encode_arrow(body: Body, array: pa.Array) -> tuple[Column, Spec]:
    """Lay an array into the body; its spec says where, or nothing if pyarrow is to find it."""
    kind = array.type
    # A user's extension type has no hash to be looked up by.
    spec = None if isinstance(kind, pa.BaseExtensionType) else _simple_spec(kind)
    if spec is None:
        return _foreign_column(body, array), {"t": "pa"}
    buffers, offset, rows, nulls = array.buffers(), array.offset, len(array), array.null_count
    validity = body.add(_bits(buffers[0], offset, rows)) if nulls else ABSENT
    data: tuple[Span, ...]
    offset_type = _OFFSETS.get(kind)
    if offset_type is not None:
        data = _variable(body, buffers, offset, rows, offset_type)
    elif kind == pa.bool_():
        data = (body.add(_bits(buffers[1], offset, rows)),)
    else:
        width = kind.bit_width // 8
        data = (body.add(_slice(buffers[1], offset * width, rows * width)),)
    spans = (validity, *data)
    body.numbers.append(nulls)
    for span in spans:
        body.numbers += span
    return Column(kind, ((rows, nulls),), spans), spec


@lru_cache(maxsize=256)
def _simple_spec(kind: pa.DataType) -> Spec | None:
    name = type_spec(kind)
    if name is None:
        return None
    return Shape(t="pa", ty=name, b=2 if kind in _OFFSETS else 1)


def _slice(buffer: pa.Buffer | None, start: int, length: int) -> Piece:
    return memoryview(buffer)[start : start + length] if buffer is not None and length else b""


def _bits(buffer: pa.Buffer | None, offset: int, rows: int) -> Piece:
    if buffer is None or not rows:
        return b""
    packed = np.frombuffer(buffer, np.uint8)[offset // 8 : (offset + rows + 7) // 8]
    if offset % 8 == 0 and rows % 8 == 0:
        return packed.data
    # Bits before and behind the array may be anything, and equal values are to give equal bytes.
    return pack_bits(np.unpackbits(packed, bitorder="little")[offset % 8 : offset % 8 + rows]).data


def _variable(
    body: Body, buffers: Sequence[Any], offset: int, rows: int, offset_type: str
) -> tuple[Span, Span]:
    if not rows:
        return ABSENT, ABSENT
    width = np.dtype(offset_type).itemsize
    offsets = np.frombuffer(buffers[1], offset_type, rows + 1, offset * width)
    first, last = int(offsets[0]), int(offsets[-1])
    if first:
        offsets = offsets - offsets[0]
    return body.add(offsets.data.cast("B")), body.add(_slice(buffers[2], first, last - first))


def _foreign_column(body: Body, array: pa.Array) -> Column:
    """Nested, view, dictionary and extension arrays, laid out by pyarrow and taken over as one region."""
    sink = pa.BufferOutputStream()
    batch = pa.record_batch([array], names=["column"])
    check_field(batch.schema.field(0))
    with pa.ipc.new_stream(sink, batch.schema) as stream:
        stream.write_batch(batch)
    dictionaries = []
    for message in pa.ipc.MessageReader.open_stream(sink.getvalue()):
        if message.type == "schema":
            continue
        identity, parts = read_batch(bytes(message.metadata))
        target = body if identity is None else Body(rows=parts.rows)
        at, _ = target.add(memoryview(message.body))
        spans = tuple((at + start, length) for start, length in parts.buffers)
        column = Column(array.type, tuple(parts.nodes), spans, tuple(parts.variadic))
        if identity is not None:
            target.columns.append(column)
            dictionaries.append((identity, target))
    bodies = tuple(target for _, target in sorted(dictionaries, key=lambda pair: pair[0]))
    return Column(array.type, column.nodes, column.buffers, column.variadic, bodies)


def check_field(field: pa.Field) -> None:
    """Refuse a type that comes back as another one, as extension types do that aren't registered."""
    if any(any(dictionary_types(kind.value_type)) for kind in dictionary_types(field.type)):
        raise Refusal("its dictionary has a dictionary of its own", "Cast it to the type of its values.")
    try:
        back = pa.ipc.read_schema(pa.schema([field]).serialize()).field(0)
    except pa.ArrowException as error:
        raise Refusal(f"pyarrow can't read its type {field.type} back", "Cast it to another type.") from error
    if not field.equals(back, check_metadata=True):
        raise Refusal(
            f"its type {field.type} comes back as {back.type}",
            "Register the type, or cast it to its storage.",
        )


def arrow_decoder(spec: Spec) -> ReadColumn:
    """How the array of a spec is read that says where its buffers are."""
    kind, has_offsets = type_of(spec["ty"]), spec["b"] == 2

    def decode(source: FrameReader, base: int, rows: int) -> pa.Array:
        following, memory = source.next, source.buffer().slice
        nulls, at, length = following(), following(), following()
        buffers = [memory(base + at, length) if nulls else None, memory(base + following(), following())]
        if has_offsets:
            buffers.append(memory(base + following(), following()))
        return pa.Array.from_buffers(kind, rows, buffers, nulls)

    return decode

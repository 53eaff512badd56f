"""numpy columns of a frame: all of one dtype lie side by side, so that they come back as one block."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from .arrow_columns import Spec
from .arrow_layout import ABSENT, Body, Column, Span
from .entry import Refusal
from .memory import Memory, pack_bits
from .numpy_values import raw

_NAT = np.iinfo(np.int64).min
# Regions below this size are copied together, so that many narrow columns aren't as many writes.
_SMALL = 1 << 20


def is_flat(dtype: np.dtype[Any]) -> bool:
    """Whether memory of this dtype can be stored as it is: of fixed size, without objects."""
    return dtype.kind in "iufcmMb"


def encode_block(body: Body, blocks: Sequence[np.ndarray[Any, Any]]) -> tuple[list[Column], Spec]:
    """Lay blocks of one dtype, each (columns × rows), into the body, one behind the other."""
    dtype = blocks[0].dtype
    rows = blocks[0].shape[1]
    count = sum(len(block) for block in blocks)
    if dtype.kind == "b":
        packed = pack_bits(np.concatenate(blocks) if len(blocks) > 1 else blocks[0])
        offset, stride = _lay(body, [packed])
        spans = [(offset + index * stride, packed.shape[1]) for index in range(count)]
        columns = [Column(pa.bool_(), ((rows, 0),), (ABSENT, span)) for span in spans]
        return columns, {"t": "bits", "o": offset, "k": count, "s": stride}
    spec = {"t": "flat", "d": dtype.str, "k": count}
    if not dtype.isnative:
        blocks = [block.astype(dtype.newbyteorder("=")) for block in blocks]
    offset, stride = _lay(body, blocks)
    width = rows * dtype.itemsize
    spans = [(offset + index * stride, width) for index in range(count)]
    if dtype.kind in "mM":
        moments = [row for block in blocks for row in block]
        columns = [_moments(body, dtype, span, row) for span, row in zip(spans, moments, strict=True)]
    else:
        kind, lengths, absent = _plain_type(dtype)
        nodes = tuple((rows * length, 0) for length in lengths)
        columns = [Column(kind, nodes, (*absent, span)) for span in spans]
    return columns, {**spec, "o": offset, "s": stride}


def _lay(body: Body, blocks: Sequence[np.ndarray[Any, Any]]) -> tuple[int, int]:
    width = blocks[0].shape[1] * blocks[0].itemsize
    # Arrow's readers want every buffer to start at a multiple of 8.
    stride = width + -width % 8
    start = body.size + -body.size % 64
    for number, block in enumerate(blocks):
        alignment = 8 if number else 64
        if stride == width and block.flags.c_contiguous:
            body.add(raw(block), alignment)
        elif stride == width:
            body.add(raw(np.ascontiguousarray(block)), alignment)
        elif block.nbytes < _SMALL:
            padded = np.zeros((len(block), stride), np.uint8)
            padded[:, :width] = np.ascontiguousarray(block).view(np.uint8)
            body.add(raw(padded), alignment)
        else:
            for row in block:
                body.add(raw(np.ascontiguousarray(row)), alignment)
                alignment = 8
    return start, stride


def _moments(body: Body, dtype: np.dtype[Any], span: Span, values: np.ndarray[Any, Any]) -> Column:
    if np.datetime_data(dtype)[0] not in ("s", "ms", "us", "ns"):
        raise Refusal(f"its dtype is {dtype}", "Convert it to seconds, or to days as text.")
    rows = len(values)
    nulls, validity = _validity(body, values.view("i8") == _NAT) if rows else (0, ABSENT)
    return Column(pa.from_numpy_dtype(dtype.newbyteorder("=")), ((rows, nulls),), (validity, span))


def _plain_type(dtype: np.dtype[Any]) -> tuple[pa.DataType, tuple[int, ...], tuple[Span, ...]]:
    """The Arrow type of a dtype, the lengths of its arrays in rows, and the validity bitmaps it does without."""
    if dtype.kind == "c" and dtype.itemsize <= 16:
        # A pair of numbers for other tools; in memory just what numpy has.
        part = pa.float64() if dtype.itemsize == 16 else pa.float32()
        return pa.list_(part, 2), (1, 2), (ABSENT, ABSENT)
    if dtype.itemsize > 8:
        return pa.binary(dtype.itemsize), (1,), (ABSENT,)
    return pa.from_numpy_dtype(dtype.newbyteorder("=")), (1,), (ABSENT,)


def _validity(body: Body, missing: np.ndarray[Any, Any]) -> tuple[int, Span]:
    nulls = int(np.count_nonzero(missing))
    return (nulls, body.add(pack_bits(~missing).data)) if nulls else (0, ABSENT)


def encode_flat(body: Body, values: np.ndarray[Any, Any]) -> tuple[Column, Spec]:
    """Lay one array into the body."""
    columns, spec = encode_block(body, [values.reshape(1, -1)])
    return columns[0], spec


def with_validity(body: Body, column: Column, missing: np.ndarray[Any, Any], kind: pa.DataType) -> Column:
    """The column as another type, with its missing rows marked for Arrow; the data keeps its sentinels."""
    nulls, validity = _validity(body, missing)
    return Column(kind, ((column.nodes[0][0], nulls),), (validity, column.buffers[1]))


def decode_block(memory: Memory, rows: int, spec: Spec) -> np.ndarray[Any, Any]:
    """The columns of one dtype as an array (columns × rows)."""
    shape = (spec["k"], rows)
    if spec["t"] == "bits":
        packed = memory.block(spec["o"], (spec["k"], (rows + 7) // 8), spec["s"], np.dtype("u1"))
        return np.unpackbits(packed, axis=1, count=rows, bitorder="little").view(bool)
    dtype = np.dtype(spec["d"])
    values = memory.block(spec["o"], shape, spec["s"], dtype.newbyteorder("="))
    return values if dtype.isnative else values.astype(dtype)


def decode_row(memory: Memory, rows: int, spec: Spec, row: int) -> np.ndarray[Any, Any]:
    """One column of a block."""
    return decode_block(memory, rows, {**spec, "o": spec["o"] + row * spec["s"], "k": 1})


def decode_flat(memory: Memory, rows: int, spec: Spec) -> np.ndarray[Any, Any]:
    """The single column of a block, as an array of one dimension."""
    values: np.ndarray[Any, Any] = decode_block(memory, rows, spec)[0]
    return values

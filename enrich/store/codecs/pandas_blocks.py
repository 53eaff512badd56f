"""numpy columns of a frame: all of one dtype lie side by side, so that they come back as one block."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from .arrow_layout import ABSENT, Body, Column, Span, Spec, shared
from .entry import ALIGNMENT, Refusal
from .memory import FrameReader, ReadColumn, pack_bits
from .numpy_values import dtype_text, raw

Array = np.ndarray[Any, Any]
NAT = np.iinfo(np.int64).min
# Regions below this size are copied together, so that many narrow columns aren't as many writes.
_SMALL = 1 << 20
# Fewer columns are described sooner one by one.
_RUN_FROM = 32


def is_flat(dtype: np.dtype[Any]) -> bool:
    """Whether memory of this dtype can be stored as it is: of fixed size, without objects and metadata."""
    return dtype.kind in "iufcmMb" and dtype.metadata is None


def encode_block(body: Body, blocks: Sequence[Array], run: bool = False) -> tuple[list[Column], Spec]:
    """Lay blocks of one dtype, each (columns × rows), into the body, one behind the other.

    Columns that are a ``run``, that is, that lie side by side in the table too, may come out as one.
    """
    dtype = blocks[0].dtype
    rows = blocks[0].shape[1]
    if dtype.kind == "b":
        packed = pack_bits(np.concatenate(blocks) if len(blocks) > 1 else blocks[0])
        laid = _lay(body, [packed])
        return _columns(pa.bool_(), ((rows, 0),), laid, run), _block_spec("bits", None, laid.columns)
    make = _make(dtype, dtype.char)
    if not dtype.isnative:
        blocks = [block.astype(make.native) for block in blocks]
    laid = _lay(body, blocks)
    spec = _block_spec("flat", make.text, laid.columns)
    if dtype.kind in "mM":
        moments = [row for block in blocks for row in block]
        return [_moments(body, make, laid.span(at), row) for at, row in enumerate(moments)], spec
    return _columns(make.type, tuple([(rows * length, 0) for length in make.lengths]), laid, run), spec


def _columns(kind: pa.DataType, nodes: tuple[Span, ...], laid: _Laid, run: bool) -> list[Column]:
    absent = (ABSENT,) * len(nodes)
    if run and laid.columns >= _RUN_FROM:
        return [Column(kind, nodes, (*absent, laid.span(0)), repeat=laid.columns, stride=laid.stride)]
    return [Column(kind, nodes, (*absent, laid.span(at))) for at in range(laid.columns)]


@shared
def _block_spec(kind: str, dtype: str | None, count: int) -> Spec:
    return {"t": kind, "d": dtype, "k": count}


def _stride(width: int) -> int:
    # Arrow's readers want every buffer to start at a multiple of 8.
    return width + -width % 8


class _Laid(NamedTuple):
    """Rows of equal width in the body: where they start, and how far they are apart."""

    start: int
    width: int
    stride: int
    columns: int

    def span(self, at: int) -> Span:
        return self.start + at * self.stride, self.width


def _lay(body: Body, blocks: Sequence[Array]) -> _Laid:
    """Lay the blocks' rows, and note where they start."""
    width = blocks[0].shape[1] * blocks[0].itemsize
    stride = _stride(width)
    start = body.size + -body.size % ALIGNMENT
    body.numbers.append(start)
    alignment = ALIGNMENT
    for block in blocks:
        # The only row needs no padding: what comes next is aligned by itself.
        if block.flags.c_contiguous and (stride == width or len(block) == 1):
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
        alignment = 8
    return _Laid(start, width, stride, sum(map(len, blocks)))


class _Make(NamedTuple):
    """What all columns of a dtype have in common."""

    text: str
    native: np.dtype[Any]
    type: pa.DataType
    # The lengths of the type's arrays in rows; each has a validity bitmap that it does without.
    lengths: tuple[int, ...]


@cache
def _make(dtype: np.dtype[Any], char: str) -> _Make:
    # Dtypes that differ only in their character are equal.
    native = dtype.newbyteorder("=")
    if dtype.kind in "mM" and np.datetime_data(dtype)[0] not in ("s", "ms", "us", "ns"):
        raise Refusal(f"its dtype is {dtype}", "Convert it to seconds, or to days as text.")
    if dtype.kind == "c" and dtype.itemsize <= 16:
        # A pair of numbers for other tools; in memory just what numpy has.
        part = pa.float64() if dtype.itemsize == 16 else pa.float32()
        return _Make(dtype_text(dtype), native, pa.list_(part, 2), (1, 2))
    kind = pa.binary(dtype.itemsize) if dtype.itemsize > 8 else pa.from_numpy_dtype(native)
    return _Make(dtype_text(dtype), native, kind, (1,))


def _moments(body: Body, make: _Make, span: Span, values: Array) -> Column:
    rows = len(values)
    nulls, validity = _validity(body, values.view("i8") == NAT) if rows else (0, ABSENT)
    return Column(make.type, ((rows, nulls),), (validity, span))


def _validity(body: Body, missing: Array) -> tuple[int, Span]:
    nulls = int(np.count_nonzero(missing))
    return (nulls, body.add(pack_bits(~missing).data)) if nulls else (0, ABSENT)


def encode_flat(body: Body, values: Array) -> tuple[Column, Spec]:
    """Lay one array into the body."""
    columns, spec = encode_block(body, [values.reshape(1, -1)])
    return columns[0], spec


def with_validity(body: Body, column: Column, missing: Array, kind: pa.DataType) -> Column:
    """The column as another type, with its missing rows marked for Arrow; the data keeps its sentinels."""
    nulls, validity = _validity(body, missing)
    return Column(kind, ((column.nodes[0][0], nulls),), (validity, column.buffers[1]))


def block_decoder(spec: Spec, first: int = 0, count: int | None = None) -> ReadColumn:
    """How the columns of one dtype are read, or ``count`` of them from the ``first`` on: as (columns × rows)."""
    columns: int = spec["k"] if count is None else count
    if spec["t"] == "bits":

        def bits(source: FrameReader, base: int, rows: int) -> Array:
            width = (rows + 7) // 8
            stride = _stride(width)
            at = base + source.next() + first * stride
            if not (rows and columns):
                return np.empty((columns, rows), bool)
            packed: Array = np.ndarray((columns, width), "u1", source.view, at, (stride, 1))
            return np.unpackbits(packed, axis=1, count=rows, bitorder="little").view(bool)

        return bits
    dtype = np.dtype(spec["d"])
    native = dtype if dtype.isnative else dtype.newbyteorder("=")
    size = dtype.itemsize

    def flat(source: FrameReader, base: int, rows: int) -> Array:
        stride = rows * size
        stride += -stride % 8
        at = base + source.next() + first * stride
        if not (rows and columns):
            return np.empty((columns, rows), dtype)
        values: Array = np.ndarray((columns, rows), native, source.view, at, (stride, size))
        return values if native is dtype else values.astype(dtype)

    return flat


def flat_decoder(spec: Spec) -> ReadColumn:
    """How the single column of a block is read, as an array of one dimension."""
    block = block_decoder(spec)
    return lambda source, base, rows: block(source, base, rows)[0]

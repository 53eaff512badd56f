"""Columns of Python objects: cells of one type as that Arrow type, mixed ones as a struct with a child per type.

A missing cell is one of None, NaN, NA and NaT, and comes back as the one it was.
"""

from __future__ import annotations

import decimal
from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID, SafeUUID

import numpy as np
import pandas as pd
import pyarrow as pa

from .arrow_columns import arrow_decoder, encode_arrow
from .arrow_layout import ABSENT, Body, Column, Spec, null_column, shared, struct_column
from .context import Writer, dumps, has_hash
from .entry import Refusal, type_name
from .memory import FrameReader, ReadColumn
from .numpy_values import addresses, objects, raw

MISSING: dict[str, Any] = {"None": None, "nan": np.nan, "NA": pd.NA, "NaT": pd.NaT}
_MARKERS: dict[type[Any], str] = {type(None): "None", type(pd.NA): "NA", type(pd.NaT): "NaT"}
_Cells = Sequence[Any]
Array = np.ndarray[Any, Any]


def _timestamps(cells: _Cells) -> pa.Array:
    # A zone or a fold isn't in Arrow's microseconds: such cells are carried one by one.
    if any(cell is not None and (cell.tzinfo is not None or cell.fold) for cell in cells):
        raise ValueError("zoned")
    return pa.array(cells, pa.timestamp("us"))


def _times(cells: _Cells) -> pa.Array:
    if any(cell is not None and (cell.tzinfo is not None or cell.fold) for cell in cells):
        raise ValueError("zoned")
    return pa.array(cells, pa.time64("us"))


def _decimals(cells: _Cells) -> pa.Array:
    # Arrow has one scale for a column: 1.0 and 1.00 stay apart only if they aren't in one.
    parts = [cell.as_tuple() for cell in cells if cell is not None]
    scales = {part.exponent for part in parts}
    negative_zero = any(part.sign and not any(part.digits) for part in parts)
    if (
        len(scales) > 1
        or negative_zero
        or not isinstance(scale := scales.pop(), int)
        or not -38 <= scale <= 0
    ):
        raise ValueError("not of one scale")
    return pa.array(cells, pa.decimal128(38, -scale))


def _uuids(cells: _Cells) -> pa.Array:
    if any(cell is not None and cell.is_safe is not SafeUUID.unknown for cell in cells):
        raise ValueError("has is_safe")
    return pa.array([None if cell is None else cell.bytes for cell in cells], pa.binary(16))


def _of(kind: pa.DataType) -> Callable[..., pa.Array]:
    return lambda cells, mask=None: pa.array(cells, kind, mask=mask, from_pandas=True)


def _integers(cells: Array, mask: Array | None = None) -> pa.Array:
    # numpy makes numbers of Python's own, and the other way round, a good deal faster than Arrow does.
    if mask is None:
        return pa.array(cells.astype(np.int64))
    numbers = np.zeros(len(cells), np.int64)
    numbers[~mask] = cells[~mask].astype(np.int64)
    return pa.array(numbers, mask=mask)


_PURE: dict[type[Any], Callable[..., pa.Array]] = {
    str: _of(pa.large_string()),
    bool: _of(pa.bool_()),
    int: _integers,
    float: lambda cells: pa.array(cells, pa.float64(), from_pandas=False),
    bytes: _of(pa.large_binary()),
    date: _of(pa.date32()),
    datetime: _timestamps,
    time: _times,
    timedelta: _of(pa.duration("us")),
    decimal.Decimal: _decimals,
    UUID: _uuids,
}


# These are made from an array of objects as it is, with a mask for what is missing or of another type.
_DIRECT = frozenset({str, bool, int, bytes, date, timedelta})


class _Types:
    """Which types the cells have, and where: told apart by what the types' addresses are."""

    def __init__(self, cells: list[Any]) -> None:
        self._types = np.fromiter(map(type, cells), object, len(cells))
        self._addresses = addresses(self._types)
        self.found = self._find()

    def _find(self) -> set[type[Any]]:
        found = set()
        others = np.ones(len(self._types), bool)
        while others.any():
            kind = self._types[others.argmax()]
            if not has_hash(kind):
                what = f"the class {type_name(kind)} of its cells has no hash"
                raise Refusal(what, "Give its metaclass one.", pickle_helps=False)
            found.add(kind)
            if len(found) > _MOST_TYPES:
                return set(self._types)
            others &= self._addresses != id(kind)
        return found

    def places(self, kind: type[Any]) -> Array:
        """Where the cells of a type are, as a mask."""
        places: Array = self._addresses == id(kind)
        return places


def encode_objects(writer: Writer, body: Body, values: Array) -> tuple[Column, Spec]:
    """Lay an array of objects into the body."""
    cells = values.tolist()
    types = _Types(cells)
    markers = {_MARKERS[kind] for kind in types.found if kind in _MARKERS}
    kinds = types.found - _MARKERS.keys()
    if float in kinds and len(kinds) + len(markers) > 1 and _only_nan(values[types.places(float)]):
        kinds.discard(float)
        markers.add("nan")
    if not kinds and len(markers) <= 1:
        return null_column(len(cells)), _spec("fill", None, (*markers, "None")[0], None)
    if len(kinds) == 1 and len(markers) <= 1:
        (kind,) = kinds
        (marker,) = markers or (None,)
        if kind in _DIRECT:
            array = _pure(kind, values, *([~types.places(kind)] if markers else []))
        else:
            array = _pure(kind, cells if marker in (None, "None") else _blank(cells, kind))
        if array is not None:
            column, spec = encode_arrow(body, array)
            return column, _spec("obj", kind.__name__, marker, spec)
    try:
        return _mixed(writer, body, values, cells, types)
    except Refusal as refusal:
        if writer.pickler is None or not (refusal.in_place and refusal.pickle_helps):
            raise
        return null_column(len(cells)), {"t": "node", "v": writer.pickled(values)}


@shared
def _spec(kind: str, cells: Any, missing: str | None, content: Any) -> Spec:
    return {"t": kind, "k": cells, "null": missing, "c": content}


def _only_nan(floats: Array) -> bool:
    """Whether they are all the usual NaN, without a sign or a payload."""
    return bool((floats.astype(np.float64).view(np.uint64) == np.float64(np.nan).view(np.uint64)).all())


def _blank(cells: _Cells, kind: type[Any]) -> list[Any]:
    return [cell if type(cell) is kind else None for cell in cells]


def _pure(kind: type[Any], cells: Any, *mask: Array) -> pa.Array | None:
    convert = _PURE.get(kind)
    if convert is None:
        return None
    try:
        array: pa.Array = convert(cells, *mask)
    except (ValueError, OverflowError, pa.ArrowException):
        # Too big for the Arrow type, a lone surrogate, ...: such cells are carried one by one.
        return None
    return array


def _mixed(writer: Writer, body: Body, values: Array, cells: list[Any], types: _Types) -> tuple[Column, Spec]:
    rows = len(cells)
    kinds = sorted(types.found - _MARKERS.keys(), key=lambda kind: (kind.__module__, kind.__qualname__))
    if len(_MARKERS) + len(kinds) > _MOST_TYPES:
        raise Refusal(f"its cells are of {len(types.found)} types", "Put them into columns of their own.")
    tags = np.zeros(rows, np.int8)
    for number, kind in enumerate(_MARKERS):
        tags[types.places(kind)] = number
    names: list[str] = []
    arrays: list[pa.Array] = []
    others = np.zeros(rows, bool)
    for kind in kinds:
        mine = types.places(kind)
        array = _among(kind, values, mine)
        if array is None:
            others |= mine
            continue
        tags[mine] = len(_MARKERS) + len(names)
        names.append(kind.__name__)
        arrays.append(array)
    if others.any():
        texts = [_text(writer, row, cells[row]) for row in np.flatnonzero(others).tolist()]
        tags[others] = len(_MARKERS) + len(names)
        names.append("json")
        arrays.append(_spread(pa.array(texts, pa.large_string()), others))
    children, specs = (
        zip(*(encode_arrow(body, array) for array in arrays), strict=True) if arrays else ((), ())
    )
    at = body.add(raw(tags))
    body.numbers.append(at[0])
    tag_column = Column(pa.int8(), ((rows, 0),), (ABSENT, at))
    column = struct_column(["kind", *names], [tag_column, *children], rows)
    return column, _spec("mixed", tuple(names), None, tuple(specs))


# Each row says in a byte which type it has.
_MOST_TYPES = 120


def _among(kind: type[Any], values: Array, places: Array) -> pa.Array | None:
    """The cells of one type at their places among all rows, and null elsewhere."""
    if kind in _DIRECT:
        return _pure(kind, values, ~places)
    array = _pure(kind, values[places].tolist())
    return None if array is None else _spread(array, places)


def _spread(array: pa.Array, places: Array) -> pa.Array:
    """The values at their places among all rows, and null elsewhere."""
    return array.take(pa.array(np.cumsum(places) - 1, mask=~places))


def _text(writer: Writer, row: int, cell: Any) -> str:
    # A column with cells that need pickle is pickled as one, so that cells which are one object stay one.
    pickler, writer.pickler = writer.pickler, None
    try:
        return dumps(writer.node(cell))
    except Refusal as refusal:
        raise refusal.below(f" in row {row}") from None
    finally:
        writer.pickler = pickler


def object_decoder(spec: Spec) -> ReadColumn:
    """How the array of a spec of this file is read."""
    if spec["t"] == "fill":
        return lambda source, base, rows: np.full(rows, MISSING[spec["null"]], object)
    if spec["t"] == "obj":
        values, kind, marker = arrow_decoder(spec["c"]), spec["k"], spec["null"]
        return lambda source, base, rows: _cells(values(source, base, rows), kind, marker)
    return _mixed_decoder([*zip(spec["k"], map(arrow_decoder, spec["c"]), strict=True)])


def _mixed_decoder(kinds: list[tuple[str, ReadColumn]]) -> ReadColumn:
    def decode(source: FrameReader, base: int, rows: int) -> Array:
        values = np.full(rows, None, object)
        children = [(kind, child(source, base, rows)) for kind, child in kinds]
        tags = source.array(base + source.next(), rows, "i1")
        for code, marker in enumerate(_MARKERS.values()):
            if marker != "None":
                values[tags == code] = MISSING[marker]
        for code, (kind, child) in enumerate(children, len(_MARKERS)):
            mine = tags == code
            if kind == "json":
                texts = child.filter(pa.array(mine)).to_pylist()
                values[mine] = objects([source.reader.loads(text) for text in texts])
            else:
                values[mine] = _cells(child, kind, None)[mine]
        return values

    return decode


def _cells(array: pa.Array, kind: str, marker: str | None) -> Array:
    values: Array
    if kind in ("str", "bytes"):
        values = array.to_numpy(zero_copy_only=False)
    elif kind in ("int", "float"):
        # numpy makes Python's own numbers of its own, a good deal faster than Arrow does.
        values = np.frombuffer(array.buffers()[1], "i8" if kind == "int" else "f8", len(array)).astype(object)
        if array.null_count:
            values[np.asarray(array.is_null())] = None
    else:
        cells = array.to_pylist()
        if kind == "UUID":
            cells = [None if cell is None else UUID(bytes=cell) for cell in cells]
        values = np.fromiter(cells, object, len(array))
    if marker not in (None, "None"):
        values[np.asarray(array.is_null())] = MISSING[str(marker)]
    return values

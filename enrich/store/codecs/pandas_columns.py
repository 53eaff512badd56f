"""Columns that aren't plain numpy: pandas' extension arrays, each by its exact type.

The memory behind an array goes into the file as it is: a missing date stays the smallest integer and a missing
category −1, under the validity bitmap that Arrow's readers look at.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

from .arrow_columns import decode_arrow, encode_arrow, one_array
from .arrow_layout import Body, Column, Shape, Spec, null_column, shared, struct_column
from .context import Node, Reader, Writer
from .entry import CorruptEntry, Refusal, type_name
from .memory import Memory
from .pandas_blocks import decode_flat, encode_flat, is_flat, with_validity
from .pandas_internals import datetime_array, masked_data, ndarray_of, string_array, string_dtype, with_freq
from .pandas_objects import decode_objects, encode_objects
from .timezones import encode_timezone

if TYPE_CHECKING:
    from .arrow_file import ArrowEntry

_NAT = np.iinfo(np.int64).min
_MASKED = (pd.arrays.IntegerArray, pd.arrays.FloatingArray, pd.arrays.BooleanArray)

Encoded = tuple[Column, Spec]
EncodeArray = Callable[[Writer, Body, Any], Encoded]
DecodeArray = Callable[["FrameReader", Memory, int, Spec], Any]

# By dtype, so that a library's arrays can be added where the library is imported.
ARRAYS: dict[type[Any], EncodeArray] = {}
SPECS: dict[str, DecodeArray] = {}


class FrameReader:
    """What the parts of a frame are read from."""

    def __init__(self, entry: ArrowEntry, reader: Reader) -> None:
        self.entry = entry
        self.reader = reader
        self.rows = entry.rows
        self._numbers = iter(entry.numbers)
        self.body = Memory(entry.view, entry.body_at, self._numbers)

    def go_to(self, number: int) -> None:
        """Go on with this one of the numbers, which are read in the order of the columns otherwise."""
        self._numbers = iter(self.entry.numbers[number:])
        self.body = Memory(self.entry.view, self.entry.body_at, self._numbers)

    def dictionary(self, offset: int) -> Memory:
        """The memory of a dictionary."""
        return Memory(self.entry.view, self.entry.dictionaries_at + offset, self._numbers)

    def column(self, spec: Spec, memory: Memory | None = None, rows: int | None = None) -> Any:
        """The array of a column's spec."""
        decode = SPECS.get(spec["t"])
        if decode is None:
            raise CorruptEntry(f"a column of unknown kind: {spec['t']}")
        return decode(self, memory or self.body, self.rows if rows is None else rows, spec)


def encode_column(writer: Writer, body: Body, values: Any) -> Encoded:
    """Lay one column into the body; raises ``Refusal``."""
    if isinstance(values, np.ndarray):
        if values.dtype == object:
            return encode_objects(writer, body, values)
        if is_flat(values.dtype):
            return encode_flat(body, values)
        return _pickled(writer, values)
    encode = ARRAYS.get(type(values.dtype))
    if isinstance(values.dtype, np.dtype) or type(values) is pd.arrays.NumpyExtensionArray:
        return encode_column(writer, body, ndarray_of(values))
    if encode is None and _is_masked(values):
        encode = _masked
    return encode(writer, body, values) if encode else _pickled(writer, values)


@shared
def _spec(kind: str, content: Spec) -> Spec:
    return {"t": kind, "c": content}


def _pickled(writer: Writer, values: Any) -> Encoded:
    if writer.pickler is None:
        raise Refusal(
            f"its dtype is {values.dtype} ({type_name(type(values))})",
            "Convert it to a dtype of pandas or Arrow.",
        )
    return null_column(len(values)), {"t": "node", "v": writer.pickled(values)}


def is_opaque(spec: Spec | None) -> bool:
    """Whether other tools see nothing but nulls in a column."""
    return spec is not None and spec["t"] in ("node", "sparse")


def _is_masked(values: Any) -> bool:
    return type(values) in _MASKED


def _masked(writer: Writer, body: Body, values: Any) -> Encoded:
    data, mask = masked_data(values)
    missing = bool(mask.any())
    if missing:
        # What lies under the mask is left over from computing, and equal columns are to give equal bytes.
        data = np.where(mask, np.zeros(1, data.dtype), data)
    column, spec = encode_flat(body, data)
    if missing:
        column = with_validity(body, column, mask, column.type)
    body.numbers.append(column.buffers[0][0] if missing else -1)
    return column, _spec("masked", spec)


def _decode_masked(frame: FrameReader, memory: Memory, rows: int, spec: Spec) -> Any:
    data = decode_flat(memory, rows, spec["c"])
    at = memory.next()
    mask = np.zeros(rows, bool) if at < 0 else ~memory.bits(at, rows)
    kind = _MASKED[0] if data.dtype.kind in "iu" else _MASKED[1] if data.dtype.kind == "f" else _MASKED[2]
    return kind(data, mask)


def _string(writer: Writer, body: Body, values: Any) -> Encoded:
    dtype = values.dtype
    if dtype.storage == "python":
        column, spec = encode_objects(writer, body, np.asarray(values, dtype=object))
    else:
        array = one_array(values.__arrow_array__())
        if array.type != pa.large_string():  # pandas 2.2 also takes dictionaries of strings
            array = array.cast(pa.large_string())
        column, spec = encode_arrow(body, array)
    return column, _string_spec(dtype.storage, string_na(dtype), spec)


@shared
def _string_spec(storage: str, missing: str, content: Spec) -> Spec:
    return {"t": "str", "s": storage, "na": missing, "c": content}


def string_na(dtype: Any) -> str:
    """Which missing value a string dtype has: NA, or NaN as pandas 3's ``str``."""
    return "NA" if getattr(dtype, "na_value", pd.NA) is pd.NA else "nan"


def _decode_string(frame: FrameReader, memory: Memory, rows: int, spec: Spec) -> Any:
    storage, missing, content = spec["s"], spec["na"], spec["c"]
    if storage == "python":
        cells = decode_objects(frame.reader, memory, rows, content)
        return pd.array(cells, dtype=string_dtype(storage, missing))
    return string_array(decode_arrow(memory, rows, content), storage, missing)


def _arrow(writer: Writer, body: Body, values: Any) -> Encoded:
    array = one_array(values.__arrow_array__())
    column, spec = encode_arrow(body, array)
    if type(spec) is Shape:
        return column, _spec("arrow", spec)
    # The field that pyarrow finds it at; whoever knows the table's fields sets it.
    return column, {"t": "arrow", "c": spec, "f": 0}


def _decode_arrow(frame: FrameReader, memory: Memory, rows: int, spec: Spec) -> Any:
    if "f" not in spec:
        return pd.arrays.ArrowExtensionArray(decode_arrow(memory, rows, spec["c"]))
    return pd.arrays.ArrowExtensionArray(frame.entry.reader().get_batch(0).column(spec["f"]))


def _zoned(writer: Writer, body: Body, values: Any) -> Encoded:
    column, spec = encode_flat(body, ndarray_of(values).reshape(-1))
    zone = encode_timezone(writer, values.dtype.tz)
    column = Column(pa.timestamp(values.dtype.unit, tz=_arrow_zone(zone)), column.nodes, column.buffers)
    return column, {"t": "tz", "c": spec, "z": zone}


def _arrow_zone(zone: Node) -> str:
    # Other tools know zones by name only; which library it comes from, or that it has none, only pandas cares for.
    return str(zone["v"]) if zone["k"] in ("zoneinfo", "pytz") else "UTC"


def _decode_zoned(frame: FrameReader, memory: Memory, rows: int, spec: Spec) -> Any:
    data = decode_flat(memory, rows, spec["c"])
    zone = frame.reader.value(spec["z"])
    return datetime_array(data, pd.DatetimeTZDtype(np.datetime_data(data.dtype)[0], zone))


def _period(writer: Writer, body: Body, values: Any) -> Encoded:
    ordinals = values.asi8.reshape(-1)
    column, spec = encode_flat(body, ordinals)
    column = with_validity(body, column, ordinals == _NAT, pa.int64())
    return column, {"t": "period", "c": spec, "d": writer.node(values.dtype.freq)}


def _decode_period(frame: FrameReader, memory: Memory, rows: int, spec: Spec) -> Any:
    dtype = pd.PeriodDtype(frame.reader.value(spec["d"]))
    return pd.arrays.PeriodArray(decode_flat(memory, rows, spec["c"]), dtype=dtype)


def _interval(writer: Writer, body: Body, values: Any) -> Encoded:
    columns, specs = [], []
    for side in (values.left, values.right):
        column, spec = encode_column(writer, body, side.array)
        columns.append(column)
        freq = getattr(side, "freq", None)
        specs.append(spec if freq is None else {**spec, "freq": writer.node(freq)})
    column = struct_column(["left", "right"], columns, len(values))
    return column, {"t": "interval", "sides": specs, "closed": values.closed}


def _decode_interval(frame: FrameReader, memory: Memory, rows: int, spec: Spec) -> Any:
    sides = []
    for side in spec["sides"]:
        index = pd.Index(frame.column(side, memory, rows), copy=False)
        sides.append(with_freq(index, frame.reader.value(side["freq"])) if "freq" in side else index)
    return pd.arrays.IntervalArray.from_arrays(*sides, closed=spec["closed"])


def _node(frame: FrameReader, memory: Memory, rows: int, spec: Spec) -> Any:
    return frame.reader.value(spec["v"])


ARRAYS.update(
    {
        pd.StringDtype: _string,
        pd.ArrowDtype: _arrow,
        pd.DatetimeTZDtype: _zoned,
        pd.PeriodDtype: _period,
        pd.IntervalDtype: _interval,
    }
)
SPECS.update(
    {
        "flat": lambda frame, memory, rows, spec: decode_flat(memory, rows, spec),
        "bits": lambda frame, memory, rows, spec: decode_flat(memory, rows, spec),
        "obj": lambda frame, memory, rows, spec: decode_objects(frame.reader, memory, rows, spec),
        "fill": lambda frame, memory, rows, spec: decode_objects(frame.reader, memory, rows, spec),
        "mixed": lambda frame, memory, rows, spec: decode_objects(frame.reader, memory, rows, spec),
        "node": _node,
        "masked": _decode_masked,
        "str": _decode_string,
        "arrow": _decode_arrow,
        "tz": _decode_zoned,
        "period": _decode_period,
        "interval": _decode_interval,
    }
)

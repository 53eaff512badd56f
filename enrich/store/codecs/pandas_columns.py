"""Columns that aren't plain numpy: pandas' extension arrays, each by its exact type.

The memory behind an array goes into the file as it is: a missing date stays the smallest integer and a missing
category −1, under the validity bitmap that Arrow's readers look at.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from .arrow_columns import arrow_decoder, encode_arrow, one_array
from .arrow_layout import Body, Column, Shape, Spec, null_column, shared, struct_column
from .context import Node, Writer
from .entry import CorruptEntry, Refusal, type_name
from .memory import FrameReader, ReadColumn
from .pandas_blocks import NAT, encode_flat, flat_decoder, is_flat, with_validity
from .pandas_internals import datetime_array, masked_data, ndarray_of, string_dtype, string_wrapper, with_freq
from .pandas_objects import encode_objects, object_decoder
from .timezones import encode_timezone

# Kinds of zones that are their names.
_NAMED = ("zoneinfo", "pytz")
_MASKED = (pd.arrays.IntegerArray, pd.arrays.FloatingArray, pd.arrays.BooleanArray)

Encoded = tuple[Column, Spec]
EncodeArray = Callable[[Writer, Body, Any], Encoded]

# By dtype and by tag, so that a library's arrays can be added where the library is imported.
ARRAYS: dict[type[Any], EncodeArray] = {}
SPECS: dict[str, Callable[[Spec], ReadColumn]] = {}
# Whether a column means to any Arrow tool what it means to pandas; those of tags that aren't here never do.
PLAIN: dict[str, Callable[[Spec], bool]] = {}


def decoder(spec: Spec) -> ReadColumn:
    """How the array of a column's spec is read."""
    make = SPECS.get(spec["t"])
    if make is None:
        raise CorruptEntry(f"a column of unknown kind: {spec['t']}")
    return make(spec)


def is_plain(spec: Spec) -> bool:
    """Whether a column is plain Arrow data in the file, rather than in words of our own."""
    return spec["t"] in PLAIN and PLAIN[spec["t"]](spec)


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
        dtype = repr(values.dtype) if getattr(values.dtype, "metadata", None) else values.dtype
        raise Refusal(
            f"its dtype is {dtype} ({type_name(type(values))})",
            "Convert it to a dtype of pandas or Arrow.",
        )
    return null_column(len(values)), {"t": "node", "v": writer.pickled(values)}


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


def _masked_decoder(spec: Spec) -> ReadColumn:
    values = flat_decoder(spec["c"])

    def decode(source: FrameReader, base: int, rows: int) -> Any:
        data = values(source, base, rows)
        at = source.next()
        mask = np.zeros(rows, bool) if at < 0 else ~source.bits(base + at, rows)
        kind = _MASKED[0] if data.dtype.kind in "iu" else _MASKED[1] if data.dtype.kind == "f" else _MASKED[2]
        return kind(data, mask)

    return decode


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


def _string_decoder(spec: Spec) -> ReadColumn:
    storage, missing = spec["s"], spec["na"]
    if storage == "python":
        cells, dtype = object_decoder(spec["c"]), string_dtype(storage, missing)
        return lambda source, base, rows: pd.array(cells(source, base, rows), dtype=dtype)
    texts, wrap = arrow_decoder(spec["c"]), string_wrapper(storage, missing)
    return lambda source, base, rows: wrap(pa.chunked_array([texts(source, base, rows)]))


def _arrow(writer: Writer, body: Body, values: Any) -> Encoded:
    array = one_array(values.__arrow_array__())
    column, spec = encode_arrow(body, array)
    if type(spec) is Shape:
        return column, _spec("arrow", spec)
    # The field that pyarrow finds it at; whoever knows the table's fields sets it.
    return column, {"t": "arrow", "c": spec, "f": 0}


def _arrow_decoder(spec: Spec) -> ReadColumn:
    wrap = pd.arrays.ArrowExtensionArray
    if "f" not in spec:
        values = arrow_decoder(spec["c"])
        return lambda source, base, rows: wrap(values(source, base, rows))
    return lambda source, base, rows: wrap(source.entry.reader().get_batch(0).column(spec["f"]))


def _zoned(writer: Writer, body: Body, values: Any) -> Encoded:
    column, spec = encode_flat(body, ndarray_of(values).reshape(-1))
    zone = encode_timezone(writer, values.dtype.tz)
    column = Column(pa.timestamp(values.dtype.unit, tz=_arrow_zone(zone)), column.nodes, column.buffers)
    return column, {"t": "tz", "c": spec, "z": zone}


def _arrow_zone(zone: Node) -> str:
    # Other tools know zones by name only; which library it comes from, or that it has none, only pandas cares for.
    return str(zone["v"]) if zone["k"] in _NAMED else "UTC"


def _zoned_decoder(spec: Spec) -> ReadColumn:
    moments = flat_decoder(spec["c"])

    def decode(source: FrameReader, base: int, rows: int) -> Any:
        data = moments(source, base, rows)
        zone = source.reader.value(spec["z"])
        return datetime_array(data, pd.DatetimeTZDtype(np.datetime_data(data.dtype)[0], zone))

    return decode


def _period(writer: Writer, body: Body, values: Any) -> Encoded:
    ordinals = values.asi8.reshape(-1)
    column, spec = encode_flat(body, ordinals)
    column = with_validity(body, column, ordinals == NAT, pa.int64())
    return column, {"t": "period", "c": spec, "d": writer.node(values.dtype.freq)}


def _period_decoder(spec: Spec) -> ReadColumn:
    ordinals = flat_decoder(spec["c"])

    def decode(source: FrameReader, base: int, rows: int) -> Any:
        dtype = pd.PeriodDtype(source.reader.value(spec["d"]))
        return pd.arrays.PeriodArray(ordinals(source, base, rows), dtype=dtype)

    return decode


def _interval(writer: Writer, body: Body, values: Any) -> Encoded:
    columns, specs = [], []
    for side in (values.left, values.right):
        column, spec = encode_column(writer, body, side.array)
        columns.append(column)
        freq = getattr(side, "freq", None)
        specs.append(spec if freq is None else {**spec, "freq": writer.node(freq)})
    column = struct_column(["left", "right"], columns, len(values))
    return column, {"t": "interval", "sides": specs, "closed": values.closed}


def _interval_decoder(spec: Spec) -> ReadColumn:
    sides = [(decoder(side), side.get("freq")) for side in spec["sides"]]

    def decode(source: FrameReader, base: int, rows: int) -> Any:
        found = []
        for values, freq in sides:
            index = pd.Index(values(source, base, rows), copy=False)
            found.append(index if freq is None else with_freq(index, source.reader.value(freq)))
        return pd.arrays.IntervalArray.from_arrays(*found, closed=spec["closed"])

    return decode


def _node_decoder(spec: Spec) -> ReadColumn:
    return lambda source, base, rows: source.reader.value(spec["v"])


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
        "flat": flat_decoder,
        "bits": flat_decoder,
        "obj": object_decoder,
        "fill": object_decoder,
        "mixed": object_decoder,
        "node": _node_decoder,
        "masked": _masked_decoder,
        "str": _string_decoder,
        "arrow": _arrow_decoder,
        "tz": _zoned_decoder,
        "period": _period_decoder,
        "interval": _interval_decoder,
    }
)


def _always(spec: Spec) -> bool:
    return True


def _is_number(spec: Spec) -> bool:
    dtype = np.dtype(spec["d"])
    return dtype.kind != "c" and dtype.itemsize <= 8


PLAIN.update(
    {
        "flat": _is_number,
        "bits": _always,
        "obj": lambda spec: spec["k"] != "UUID",
        "fill": _always,
        "masked": _always,
        "str": lambda spec: spec["s"] != "python" or is_plain(spec["c"]),
        "arrow": _always,
        "tz": lambda spec: spec["z"]["k"] in (*_NAMED, "utc", "dateutil.utc"),
    }
)

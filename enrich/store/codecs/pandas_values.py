"""pandas as the store sees it: which types are tables, and scalars that occur as names, cells and attrs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
from pandas.tseries.frequencies import to_offset

from . import pandas_categories, pandas_sparse  # noqa: F401  (these add kinds of columns)
from .arrow_file import ArrowEntry
from .columns_asked import check_names
from .context import DECODERS, ENCODERS, FINDERS, KINDS, TABLES, TAG, Encode, Node, Reader, Writer
from .entry import Refusal, excerpt
from .memory import FrameReader
from .pandas_forms import encode_known
from .pandas_frames import decode_frame, decode_series, encode_series
from .pandas_index import encode_index_entry, index_decoder
from .pandas_internals import ndarray_of, offset_parts
from .timezones import encode_timezone


def _timestamp(writer: Writer, value: pd.Timestamp) -> Node:
    zone = None if value.tzinfo is None else encode_timezone(writer, value.tzinfo)
    if zone is not None and (value.utcoffset() or timedelta()) % timedelta(seconds=1):
        raise Refusal(
            f"pandas doesn't keep moments of its zone {excerpt(value.tzinfo)} exactly", "Use another zone."
        )
    return {
        TAG: "pandas.Timestamp",
        "v": value.asm8.view("i8").item(),
        "u": value.unit,
        "z": zone,
        "f": value.fold,
    }


def _decode_timestamp(reader: Reader, node: dict[str, Any]) -> pd.Timestamp:
    moment = pd.Timestamp(np.datetime64(node["v"], node["u"]))
    if node["z"] is not None:
        moment = moment.tz_localize("UTC").tz_convert(node["z"])
    return moment if moment.fold == node["f"] else moment.replace(fold=node["f"])


def _timedelta(writer: Writer, value: pd.Timedelta) -> Node:
    return {TAG: "pandas.Timedelta", "v": value.asm8.view("i8").item(), "u": value.unit}


def _period(writer: Writer, value: pd.Period) -> Node:
    return {TAG: "pandas.Period", "v": value.ordinal, "f": _offset(writer, value.freq)}


def _interval(writer: Writer, value: pd.Interval) -> Node:
    sides = [writer.node(value.left), writer.node(value.right)]
    return {TAG: "pandas.Interval", "v": sides, "c": value.closed}


def _offset(writer: Writer, value: Any) -> Node:
    # Offsets with calendars or times of their own have more to them than their name says.
    try:
        rebuilt = to_offset(value.freqstr)
    except ValueError:
        rebuilt = None
    if (
        rebuilt is None
        or type(rebuilt) is not type(value)
        or rebuilt != value
        or rebuilt.normalize != value.normalize
    ):
        return _plain_offset(writer, value)
    return {TAG: "pandas.offset", "v": value.freqstr}


def _plain_offset(writer: Writer, value: Any) -> Node:
    if type(value) is pd.DateOffset:
        return {
            TAG: "pandas.DateOffset",
            "n": value.n,
            "z": value.normalize,
            "k": writer.node(dict(sorted(value.kwds.items()))),
        }
    kind, parts = type(value), offset_parts(value)
    if getattr(pd.offsets, kind.__name__, None) is not kind or kind(**parts) != value:
        raise Refusal(f"it is the offset {excerpt(value)}", "Set its freq to None.")
    return {TAG: "pandas.offset.parts", "k": kind.__name__, "v": writer.node(parts)}


def _find(value: Any) -> Encode | None:
    if isinstance(value, pd.offsets.BaseOffset):
        return _offset
    return _array if isinstance(value, pd.api.extensions.ExtensionArray) else None


def _read_index(entry: ArrowEntry, reader: Reader, columns: Any) -> pd.Index:
    index = index_decoder(entry.plan["index"])(FrameReader(entry, reader), entry.body_at, entry.rows)
    check_names(columns, list(index.names))
    return index


def _array(writer: Writer, value: Any) -> Node:
    if type(value) is pd.arrays.NumpyExtensionArray:
        return {TAG: "pandas.NumpyExtensionArray", "v": writer.node(ndarray_of(value))}
    # As an index, since in pandas 2 a datetime array can have a frequency. There is no index of sparse arrays.
    if isinstance(value.dtype, pd.SparseDtype):
        entry = encode_series(pd.Series(value, copy=False), writer.pickler)
    else:
        entry = encode_index_entry(pd.Index(value, dtype=value.dtype, copy=False), writer.pickler)
    return {TAG: "pandas.array", "v": writer.embed(entry)}


for _kind in (pd.Index, pd.RangeIndex, pd.MultiIndex, pd.DatetimeIndex, pd.TimedeltaIndex):
    TABLES[_kind] = encode_index_entry
for _kind in (pd.PeriodIndex, pd.IntervalIndex, pd.CategoricalIndex):
    TABLES[_kind] = encode_index_entry
TABLES[pd.DataFrame] = encode_known
TABLES[pd.Series] = encode_series
KINDS["pandas.DataFrame"] = decode_frame
KINDS["pandas.Series"] = decode_series
KINDS["pandas.Index"] = _read_index

ENCODERS.update(
    {
        pd.Timestamp: _timestamp,
        pd.Timedelta: _timedelta,
        pd.Period: _period,
        pd.Interval: _interval,
        type(pd.NaT): lambda writer, value: {TAG: "pandas.NaT"},
        type(pd.NA): lambda writer, value: {TAG: "pandas.NA"},
    }
)
FINDERS["pandas"] = _find
DECODERS.update(
    {
        "pandas.Timestamp": _decode_timestamp,
        "pandas.Timedelta": lambda reader, node: pd.Timedelta(np.timedelta64(node["v"], node["u"])),
        "pandas.Period": lambda reader, node: pd.Period(ordinal=node["v"], freq=node["f"]),
        "pandas.Interval": lambda reader, node: pd.Interval(*node["v"], closed=node["c"]),
        "pandas.offset": lambda reader, node: to_offset(node["v"]),
        "pandas.offset.parts": lambda reader, node: getattr(pd.offsets, node["k"])(**node["v"]),
        "pandas.DateOffset": lambda reader, node: pd.DateOffset(node["n"], node["z"], **node["k"]),
        "pandas.NaT": lambda reader, node: pd.NaT,
        "pandas.NA": lambda reader, node: pd.NA,
        "pandas.NumpyExtensionArray": lambda reader, node: pd.arrays.NumpyExtensionArray(node["v"]),
        "pandas.array": lambda reader, node: node["v"].array,
    }
)

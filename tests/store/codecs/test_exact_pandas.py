"""The public table, pandas: each kind comes back as it was."""

from __future__ import annotations

import datetime as dt
import decimal
import uuid
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

import dateutil.tz
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from .exactness import assert_same, round_trip, stored

Kinds = dict[str, Callable[[], Any]]
PANDAS_3 = pd.__version__ >= "3"


def column(cells: Any, dtype: Any = object) -> pd.DataFrame:
    return pd.DataFrame({"x": pd.Series(cells, dtype=dtype)})


def under(index: pd.Index) -> pd.DataFrame:
    return pd.DataFrame({"x": np.arange(len(index)) * 1.5}, index=index)


def named(columns: pd.Index) -> pd.DataFrame:
    return pd.DataFrame(np.arange(2 * len(columns)).reshape(2, -1), columns=columns)


def unused_levels() -> pd.MultiIndex:
    frame = pd.DataFrame({"v": range(4)}, index=pd.MultiIndex.from_product([["a", "b"], [1, 2]]))
    return frame.loc[["a"]].index


INDEXES: Kinds = {
    "range": lambda: pd.RangeIndex(3),
    "range with a step": lambda: pd.RangeIndex(10, 0, -3, name="r"),
    "range that is empty and not at zero": lambda: pd.RangeIndex(5, 5),
    "int64": lambda: pd.Index([3, 1, 2]),
    "int8": lambda: pd.Index([3, 1, 2], dtype="int8"),
    "uint64": lambda: pd.Index([2**63, 1, 2], dtype="uint64"),
    "float with NaN": lambda: pd.Index([1.5, np.nan]),
    "float32": lambda: pd.Index([1.5, 2.5], dtype="float32"),
    "complex": lambda: pd.Index([1j, 2.0]),
    "bool": lambda: pd.Index([True, False]),
    "text": lambda: pd.Index(["a", "b"]),
    "text as objects": lambda: pd.Index(["a", "b"], dtype=object),
    "mixed objects": lambda: pd.Index(["a", 1, None, 2.5, (1, 2)], dtype=object),
    "tuples without levels": lambda: pd.Index([(1, "a"), (2, "b")], tupleize_cols=False),
    "duplicates": lambda: pd.Index(["a", "a"]),
    "dates": lambda: pd.Index([dt.date(2020, 1, 1), dt.date(2020, 1, 2)]),
    "datetime": lambda: pd.DatetimeIndex(["2020-01-01", "2021-01-01", "NaT"]),
    "datetime with freq": lambda: pd.date_range("2020", periods=3, freq="D", name="d"),
    "datetime with freq of two months": lambda: pd.date_range("2020", periods=3, freq="2ME"),
    "datetime with a business freq": lambda: pd.date_range("2020", periods=3, freq="B"),
    "datetime with an anchored freq": lambda: pd.date_range("2020", periods=3, freq="W-WED"),
    "datetime with a plain offset": lambda: pd.date_range(
        "2020", periods=3, freq=pd.DateOffset(months=1, days=2)
    ),
    "datetime in seconds": lambda: pd.date_range("2020", periods=3, unit="s"),
    "datetime in UTC": lambda: pd.date_range("2020", periods=3, tz="UTC"),
    "datetime with zone and freq": lambda: pd.date_range(
        "2020-03-28", periods=3, freq="D", tz="Europe/Berlin"
    ),
    "datetime over a change of clocks": lambda: pd.date_range(
        "2020-10-25", periods=5, freq="h", tz="Europe/Berlin"
    ),
    "timedelta": lambda: pd.to_timedelta([1, 2, None], unit="h"),
    "timedelta with freq": lambda: pd.timedelta_range("1h", periods=3, freq="30min"),
    "period": lambda: pd.period_range("2020", periods=3, freq="Q-DEC"),
    "period with NaT": lambda: pd.PeriodIndex(["2020-01", "NaT"], freq="M"),
    "interval": lambda: pd.interval_range(0, 3),
    "interval closed on both sides": lambda: pd.interval_range(0.5, 3.5, closed="both"),
    "interval of datetimes": lambda: pd.interval_range(pd.Timestamp("2020"), periods=3, freq="D"),
    "interval with a missing one": lambda: pd.IntervalIndex([pd.Interval(0.0, 1.0), np.nan]),
    "categorical": lambda: pd.CategoricalIndex(["a", "b", None], categories=["b", "a", "c"], ordered=True),
    "Int64": lambda: pd.Index([1, None], dtype="Int64"),
    "boolean": lambda: pd.Index([True, None], dtype="boolean"),
    "Float32": lambda: pd.Index([1.5, None], dtype="Float32"),
    "string[python]": lambda: pd.Index(["a", None], dtype="string[python]"),
    "string[pyarrow]": lambda: pd.Index(["a", None], dtype="string[pyarrow]"),
    "Arrow integers": lambda: pd.Index([1, None], dtype=pd.ArrowDtype(pa.int32())),
    "named by an integer": lambda: pd.Index([1, 2], name=0),
    "named by a tuple": lambda: pd.Index([1, 2], name=("a", 1)),
    "named by a date": lambda: pd.Index([1, 2], name=dt.date(2020, 1, 1)),
    "named by NaN": lambda: pd.Index([1, 2], name=np.nan),
    "named by a bool": lambda: pd.Index([1, 2], name=True),
    "named __index_level_0__": lambda: pd.Index([1, 2], name="__index_level_0__"),
    "named as the column": lambda: pd.Index([1, 2], name="x"),
    "two levels": lambda: pd.MultiIndex.from_product([["a", "b"], [1, 2]], names=["l", None]),
    "levels of one name": lambda: pd.MultiIndex.from_product([["a", "b"], [1, 2]], names=["l", "l"]),
    "unused levels": unused_levels,
    "levels with missing": lambda: pd.MultiIndex.from_arrays([["a", None], [1.0, np.nan]]),
    "levels of dates and categories": lambda: pd.MultiIndex.from_product(
        [pd.date_range("2020", periods=2, freq="D"), pd.CategoricalIndex(["u", "v"]), pd.interval_range(0, 2)]
    ),
    "levels of periods": lambda: pd.MultiIndex.from_product(
        [pd.period_range("2020", periods=2, freq="M"), [1]]
    ),
    "level of zoned datetimes": lambda: pd.MultiIndex.from_product(
        [pd.date_range("2020", periods=2, tz="UTC"), [1]]
    ),
    "one level": lambda: pd.MultiIndex.from_arrays([["a", "b"]], names=["only"]),
    "empty levels": lambda: pd.MultiIndex.from_arrays([[], []], names=["a", "b"]),
    "sorted levels": lambda: pd.MultiIndex.from_product([["a", "b"], [1, 2]]).sortlevel()[0],
    "no rows": lambda: pd.Index([], dtype="float64"),
    "no rows of objects": lambda: pd.Index([], dtype=object, name="none"),
    "no rows of datetimes": lambda: pd.DatetimeIndex([], tz="UTC"),
}

COLUMN_NAMES: Kinds = {
    "text": lambda: pd.Index(["a", "b"]),
    "text as objects": lambda: pd.Index(["a", "b"], dtype=object),
    "named": lambda: pd.Index(["a", "b"], name="names"),
    "duplicates": lambda: pd.Index(["a", "a"]),
    "empty text": lambda: pd.Index(["", " "]),
    "names that others give out": lambda: pd.Index(["__index_level_0__", "a_1", "a"]),
    "unicode": lambda: pd.Index(["ä", "日本", "🎈", "\x00"]),
    "lone surrogates": lambda: pd.Index(["\ud800", "a"], dtype=object),
    "a surrogate pair in halves": lambda: pd.Index(["\ud83d\ude00", "😀"], dtype=object),
    "range": lambda: pd.RangeIndex(2),
    "range not from zero": lambda: pd.RangeIndex(2, 8, 3, name="r"),
    "integers": lambda: pd.Index([5, 3]),
    "int8": lambda: pd.Index([5, 3], dtype="int8"),
    "floats": lambda: pd.Index([0.5, np.nan]),
    "bools": lambda: pd.Index([True, False]),
    "the same bool twice": lambda: pd.Index([True, True]),
    "None": lambda: pd.Index([None, "a"], dtype=object),
    "NaN, NaT and NA": lambda: pd.Index([np.nan, pd.NaT, pd.NA], dtype=object),
    "mixed": lambda: pd.Index(["a", 1, 2.5, (1, "b"), None], dtype=object),
    "1 and True and 1.0": lambda: pd.Index([1, True, 1.0, "1"], dtype=object),
    "tuples": lambda: pd.Index([("a", 1), ("b", 2)], tupleize_cols=False),
    "dates": lambda: pd.Index([dt.date(2020, 1, 1), dt.date(2020, 1, 2)]),
    "datetimes": lambda: pd.date_range("2020", periods=2, freq="D"),
    "zoned datetimes": lambda: pd.date_range("2020", periods=2, tz="Europe/Berlin"),
    "timedeltas": lambda: pd.to_timedelta([1, 2], unit="D"),
    "periods": lambda: pd.period_range("2020", periods=2, freq="M"),
    "intervals": lambda: pd.interval_range(0, 2),
    "categories": lambda: pd.CategoricalIndex(["a", "b"], categories=["b", "a", "z"]),
    "two levels": lambda: pd.MultiIndex.from_product([["a", "b"], [1, 2]], names=["l", "k"]),
    "levels of mixed kinds": lambda: pd.MultiIndex.from_tuples([("a", 1), ("a", "x"), (None, 2.5)]),
    "Int64": lambda: pd.Index([1, 2], dtype="Int64"),
    "string[python]": lambda: pd.Index(["a", "b"], dtype="string[python]"),
    "string[pyarrow]": lambda: pd.Index(["a", "b"], dtype="string[pyarrow]"),
}

ENUM_LIKE = pd.CategoricalDtype(["x", "y", "unused"], ordered=True)

DTYPES: Kinds = {
    **{
        name: (lambda name=name: column([1, 0, 2, 3, 4], name))
        for name in ("int8", "int16", "int32", "int64")
    },
    **{
        name: (lambda name=name: column([1, 0, 2, 3, 4], name))
        for name in ("uint8", "uint16", "uint32", "uint64")
    },
    **{
        name: (lambda name=name: column([1.5, -0.0, np.nan, np.inf], name))
        for name in ("float16", "float32", "float64")
    },
    "complex64": lambda: column([1j, 2], "complex64"),
    "complex128": lambda: column([1j, complex(np.nan, -0.0)], "complex128"),
    "longdouble": lambda: column([np.longdouble(1) / 3, np.nan], "longdouble"),
    "complex longdouble": lambda: column([1j, 2], np.clongdouble),
    "big-endian floats": lambda: column(np.array([1.5, 2.5], ">f8"), ">f8"),
    "big-endian integers": lambda: column(np.array([1, 2], ">i4"), ">i4"),
    "NaN with a payload": lambda: column(np.array([0x7FF8000000000123, 0], "u8").view("f8"), "float64"),
    "bool": lambda: column([True, False, True], bool),
    "many bools": lambda: pd.DataFrame(np.arange(99).reshape(33, 3) % 2 == 0),
    "datetime64[ns]": lambda: column(["2020-01-01 00:00:00.000000001", None], "datetime64[ns]"),
    "datetime64[us]": lambda: column(["2020-01-01", None], "datetime64[us]"),
    "datetime64[ms]": lambda: column(["2020-01-01", "9999-12-31"], "datetime64[ms]"),
    "datetime64[s]": lambda: column(["0001-01-01", None], "datetime64[s]"),
    "timedelta64[ns]": lambda: column([1, None], "timedelta64[ns]"),
    "timedelta64[s]": lambda: column(pd.to_timedelta([1, None], unit="s").as_unit("s"), None),
    "datetime in UTC": lambda: column(pd.to_datetime(["2020", None], utc=True), None),
    "datetime in a zone": lambda: column(pd.DatetimeIndex(["2020", None], tz="Europe/Berlin"), None),
    "datetime in a ZoneInfo": lambda: column(
        pd.DatetimeIndex(["2020", None], tz=ZoneInfo("Asia/Tokyo")), None
    ),
    "datetime in a dateutil zone": lambda: column(
        pd.DatetimeIndex(["2020", None], tz=dateutil.tz.gettz("Europe/Paris")), None
    ),
    "datetime in dateutil's UTC": lambda: column(pd.DatetimeIndex(["2020"], tz=dateutil.tz.UTC), None),
    "datetime in dateutil's local zone": lambda: column(
        pd.DatetimeIndex(["2020"], tz=dateutil.tz.tzlocal()), None
    ),
    "datetime at dateutil's offset": lambda: column(
        pd.DatetimeIndex(["2020"], tz=dateutil.tz.tzoffset("X", 5400)), None
    ),
    "datetime at a fixed offset": lambda: column(
        pd.DatetimeIndex(["2020"], tz=dt.timezone(dt.timedelta(minutes=90))), None
    ),
    "datetime at a named offset": lambda: column(
        pd.DatetimeIndex(["2020"], tz=dt.timezone(dt.timedelta(hours=1), "mine")), None
    ),
    "datetime in seconds in a zone": lambda: column(pd.DatetimeIndex(["2020"], tz="UTC").as_unit("s"), None),
    "datetimes before 1677": lambda: column(np.array(["0100-01-01"], "M8[us]"), None),
    "period": lambda: column(pd.period_range("2020", periods=3, freq="D"), None),
    "period with NaT": lambda: column(pd.PeriodIndex(["2020Q1", "NaT"], freq="Q-NOV"), None),
    "interval": lambda: column(pd.interval_range(0, 3, closed="neither"), None),
    "interval of floats with a missing one": lambda: column(
        pd.arrays.IntervalArray.from_tuples([(0.0, 1.0), None]), None
    ),
    "interval of zoned datetimes": lambda: column(
        pd.interval_range(pd.Timestamp("2020", tz="UTC"), periods=3), None
    ),
    "pd.cut": lambda: pd.DataFrame({"x": pd.cut([1, 5, 9], [0, 3, 6, 10])}),
    "pd.qcut": lambda: pd.DataFrame({"x": pd.qcut(np.arange(10.0), 4)}),
    "categorical": lambda: column(["x", None, "y"], ENUM_LIKE),
    "categorical of integers": lambda: column([3, 1, 3], "category"),
    "categorical of floats": lambda: column([0.5, np.nan], "category"),
    "categorical of bools": lambda: column([True, False], "category"),
    "categorical of datetimes": lambda: column(pd.to_datetime(["2020", "2021", None]), "category"),
    "categorical of zoned datetimes": lambda: column(pd.to_datetime(["2020", None], utc=True), "category"),
    "categorical of objects": lambda: column(pd.Categorical(["a", 1, (1, 2), None]), None),
    "categorical of text as objects": lambda: column(
        pd.Categorical(["a"], categories=pd.Index(["a", "b"], dtype=object)), None
    ),
    "categorical of string[python]": lambda: column(pd.array(["a", "b"], dtype="string[python]"), "category"),
    "categorical of string[pyarrow]": lambda: column(
        pd.array(["a", "b"], dtype="string[pyarrow]"), "category"
    ),
    "categorical of Int64": lambda: column(pd.array([1, None], dtype="Int64"), "category"),
    "categorical of periods": lambda: column(pd.period_range("2020", periods=2, freq="M"), "category"),
    "categorical with named categories": lambda: column(
        pd.Categorical.from_codes([0, 1], pd.Index(["a", "b"], name="n")), None
    ),
    "categorical over a range": lambda: column(pd.Categorical.from_codes([0, 1], pd.RangeIndex(3)), None),
    "categorical with 1000 categories": lambda: column([str(n) for n in range(1000)], "category"),
    "categorical without rows": lambda: column([], ENUM_LIKE),
    "categorical without categories": lambda: column([None, None], "category"),
    **{
        name: (lambda name=name: column([1, None, 0], name))
        for name in (
            "Int8",
            "Int16",
            "Int32",
            "Int64",
            "UInt8",
            "UInt16",
            "UInt32",
            "UInt64",
            "Float32",
            "Float64",
        )
    },
    "Float64 with NaN and NA": lambda: column(
        pd.arrays.FloatingArray(np.array([np.nan, 1.0, 0.0]), np.array([False, False, True])), None
    ),
    "boolean": lambda: column([True, None, False], "boolean"),
    "string[python]": lambda: column(["a", None, ""], "string[python]"),
    "string[python] with a lone surrogate": lambda: column(["\ud800", None], "string[python]"),
    "string[pyarrow]": lambda: column(["a", None, "ü"], "string[pyarrow]"),
    "a slice of string[pyarrow]": lambda: column(["a", None, "ü", "d", None] * 9, "string[pyarrow]").iloc[
        3:33:1
    ],
    "string without any": lambda: column([None, None], "string[pyarrow]"),
    "str": lambda: column(["a", None, "ü"], "str"),
    **(
        {
            "str stored by Python": lambda: column(["a", np.nan], pd.StringDtype("python", na_value=np.nan)),
            "a slice of str": lambda: column(["a", None, "ü", "d", None] * 9, "str").iloc[3:33],
        }
        if PANDAS_3
        else {"string[pyarrow_numpy]": lambda: column(["a", np.nan], "string[pyarrow_numpy]")}
    ),
    "Sparse of floats": lambda: column(pd.arrays.SparseArray([0.0, np.nan, 2.0]), None),
    "Sparse of integers": lambda: column(pd.arrays.SparseArray([0, 0, 2], fill_value=0), None),
    "Sparse in blocks": lambda: column(pd.arrays.SparseArray([1.0, np.nan, 2.0], kind="block"), None),
    "Sparse of bools": lambda: pd.get_dummies(pd.Series(["a", "b", "a"]), sparse=True),
    "Sparse that stores its fill value": lambda: column(
        pd.arrays.SparseArray([0, 0, 2], fill_value=1).astype(pd.SparseDtype(int, 1)), None
    ),
}

ARROW_TYPES: dict[str, tuple[pa.DataType, list[Any]]] = {
    "int64": (pa.int64(), [1, None]),
    "bool": (pa.bool_(), [True, None]),
    "float16": (pa.float16(), [np.float16(1.5), None]),
    "double with NaN and null": (pa.float64(), [float("nan"), None]),
    "string": (pa.string(), ["a", None]),
    "large_string": (pa.large_string(), ["a", None]),
    "binary": (pa.binary(), [b"a", None]),
    "fixed binary": (pa.binary(3), [b"abc", None]),
    "date32": (pa.date32(), [dt.date(2020, 1, 1), None]),
    "date64": (pa.date64(), [dt.date(2020, 1, 1), None]),
    "time64": (pa.time64("us"), [dt.time(1, 2), None]),
    "timestamp": (pa.timestamp("ms"), [dt.datetime(2020, 1, 1), None]),
    "zoned timestamp": (pa.timestamp("ns", "Europe/Berlin"), [dt.datetime(2020, 1, 1), None]),
    "duration": (pa.duration("s"), [dt.timedelta(1), None]),
    "decimal128": (pa.decimal128(10, 2), [decimal.Decimal("1.00"), None]),
    "decimal256": (pa.decimal256(50, 2), [decimal.Decimal("1.00"), None]),
    "list": (pa.list_(pa.int64()), [[1, 2], None, []]),
    "large list of strings": (pa.large_list(pa.string()), [["a", None], None]),
    "fixed list": (pa.list_(pa.int8(), 2), [[1, 2], None]),
    "struct": (pa.struct([("a", pa.int64()), ("b", pa.list_(pa.string()))]), [{"a": 1, "b": ["x"]}, None]),
    "map": (pa.map_(pa.string(), pa.int64()), [[("a", 1)], None]),
    "dictionary": (pa.dictionary(pa.int8(), pa.string()), ["a", None, "a"]),
    "list of dictionary": (pa.list_(pa.dictionary(pa.int8(), pa.string())), [["a", "b"], None]),
    "null": (pa.null(), [None, None]),
}
for _name, (_type, _cells) in ARROW_TYPES.items():
    DTYPES[f"Arrow {_name}"] = lambda kind=_type, cells=_cells: column(
        pd.arrays.ArrowExtensionArray(pa.array(cells, kind)), None
    )
    DTYPES[f"Arrow {_name}, in chunks and sliced"] = lambda kind=_type, cells=_cells: column(
        pd.arrays.ArrowExtensionArray(
            pa.chunked_array([pa.array(cells * 9, kind), pa.array(cells, kind)])[3:17]
        ),
        None,
    )

UUID_1 = uuid.UUID(int=1)
NAIVE = dt.datetime(2020, 1, 1, 12)
CELLS: dict[str, list[Any]] = {
    "text": ["a", "", "ü"],
    "text and None": ["a", None],
    "text and NaN": ["a", np.nan],
    "text and NaT": ["a", pd.NaT],
    "text and NA": ["a", pd.NA],
    "text and every missing": ["a", None, np.nan, pd.NA, pd.NaT],
    "lone surrogates": ["\ud800", "\ud83d\ude00", "😀"],
    "numpy text": [np.str_("a"), "a"],
    "None": [None, None],
    "NaN": [np.nan, np.nan],
    "NA": [pd.NA, pd.NA],
    "None and NaN": [None, np.nan],
    "integers": [1, -5, 2**62],
    "integers and None": [1, None],
    "integers and NaN": [1, np.nan],
    "big integers": [2**70, -(2**65), 1],
    "huge integers": [10**5000, 1],
    "integers and floats": [1, 2.5, 3],
    "bools": [True, False],
    "bools and None": [True, None],
    "bools and integers": [True, 1, 0, False],
    "floats": [1.5, np.nan, -0.0, np.inf],
    "floats and None": [1.5, np.nan, None],
    "complex": [1j, complex(np.nan, 1)],
    "bytes": [b"a", b"", b"\xff"],
    "bytes and None": [b"a", None],
    "long bytes": [b"a" * 1000, bytearray(b"b" * 1000)],
    "bytearrays": [bytearray(b"a"), bytearray()],
    "dates": [dt.date(2020, 1, 1), dt.date(1, 1, 1)],
    "dates and None": [dt.date(2020, 1, 1), None],
    "dates and NaT": [dt.date(2020, 1, 1), pd.NaT],
    "datetimes": [NAIVE, dt.datetime(9999, 12, 31, 23, 59, 59, 999999)],
    "datetimes and dates": [NAIVE, dt.date(2020, 1, 1)],
    "datetimes with fold": [NAIVE.replace(fold=1), NAIVE],
    "zoned datetimes": [NAIVE.replace(tzinfo=ZoneInfo("Europe/Berlin")), NAIVE.replace(tzinfo=dt.UTC)],
    "datetimes with and without zone": [NAIVE.replace(tzinfo=dt.UTC), NAIVE],
    "times": [dt.time(1, 2, 3), dt.time(23, 59, 59, 999999)],
    "zoned times": [dt.time(1, tzinfo=dt.UTC), dt.time(2)],
    "timedeltas": [dt.timedelta(1, 2, 3), dt.timedelta(-1)],
    "huge timedeltas": [dt.timedelta.max, dt.timedelta.min],
    "Decimals": [decimal.Decimal("1.50"), decimal.Decimal("2.25")],
    "Decimals of several scales": [decimal.Decimal("1.5"), decimal.Decimal("1.50"), decimal.Decimal("1E+5")],
    "Decimals NaN, infinite and -0": [
        decimal.Decimal(t) for t in ("NaN", "-NaN", "-Infinity", "-0", "-0.00")
    ],
    "long Decimals": [decimal.Decimal("1" * 60), decimal.Decimal(1)],
    "Decimals and None": [decimal.Decimal("1.5"), None],
    "UUIDs": [UUID_1, uuid.UUID(int=2)],
    "UUIDs and None": [UUID_1, None],
    "nanosecond Timestamps": [pd.Timestamp(1, unit="ns"), pd.Timestamp("2020")],
    "Timestamps of several zones": [pd.Timestamp("2020", tz="UTC"), pd.Timestamp("2020", tz="Asia/Tokyo")],
    "Timestamps with fold": [pd.Timestamp("2020-10-25 01:30", tz="UTC").tz_convert("Europe/Berlin")],
    "Timestamps and NaT": [pd.Timestamp("2020"), pd.NaT],
    "Timedeltas": [pd.Timedelta(1, "ns"), pd.Timedelta("1D")],
    "Periods": [pd.Period("2020", "M"), pd.Period("2020", "D")],
    "Intervals": [pd.Interval(0, 1), pd.Interval(pd.Timestamp("2020"), pd.Timestamp("2021"), closed="both")],
    "numpy scalars": [np.float64(1.5), np.int8(1), np.bool_(True), np.datetime64("2020"), np.float32("nan")],
    "lists": [[1, 2], [], ["a", None]],
    "lists of one length": [[1, 2], [3, 4]],
    "nested lists": [[[1], (2, [3])]],
    "tuples": [(1, 2), (), ("a",)],
    "sets": [{1, 2}, set(), {"a"}],
    "frozensets": [frozenset({1, (2, 3)})],
    "dicts": [{"a": 1}, {"b": [1]}, {}],
    "dicts with other keys": [{1: "a", (1, 2): None, None: 2.5}],
    "dicts with our own key": [{"$": "tuple", "v": [1]}],
    "numpy arrays": [np.arange(3), np.array([["a"]]), np.array(1.5)],
    "frames": [pd.DataFrame({"a": [1]}), pd.Series([1, 2])],
    "ranges and slices": [range(3), slice(1, None), ...],
    "everything": [1, "a", 2.5, None, [1], (1,), {"a"}, b"b", NAIVE, UUID_1, True, decimal.Decimal(1), pd.NA],
}
OBJECT_CELLS: Kinds = {name: (lambda cells=cells: cells_frame(cells)) for name, cells in CELLS.items()}


def cells_frame(cells: list[Any]) -> pd.DataFrame:
    values = np.empty(len(cells), object)
    for index, cell in enumerate(cells):
        values[index] = cell
    return pd.DataFrame({"x": pd.Series(values, dtype=object)})


def with_attrs(attrs: dict[Any, Any]) -> pd.DataFrame:
    frame = pd.DataFrame({"a": [1]})
    frame.attrs = attrs
    return frame


METADATA: Kinds = {
    "attrs": lambda: with_attrs({"source": "x", "n": 1}),
    "attrs with tuples and integer keys": lambda: with_attrs(
        {1: (1, 2), "s": {3}, None: dt.date(2020, 1, 1)}
    ),
    "attrs with arrays and frames": lambda: with_attrs({"a": np.arange(3), "f": pd.DataFrame({"b": [2.5]})}),
    "flags": lambda: pd.DataFrame({"a": [1]}).set_flags(allows_duplicate_labels=False),
}

EMPTIES: Kinds = {
    "nothing": pd.DataFrame,
    "no rows": lambda: pd.DataFrame({"a": pd.Series([], dtype="int64"), "b": pd.Series([], dtype="str")}),
    "no rows of each dtype": lambda: pd.concat(
        [frame().head(0).rename(columns=lambda _, n=name: n) for name, frame in DTYPES.items()], axis=1
    ),
    "no columns": lambda: pd.DataFrame(index=pd.RangeIndex(3)),
    "no columns under text": lambda: pd.DataFrame(index=["a", "b"]),
    "no columns of named kind": lambda: pd.DataFrame(columns=pd.Index([], dtype="int64", name="n")),
    "no rows, object index": lambda: pd.DataFrame({"a": []}, index=pd.Index([], dtype=object)),
    "no rows, multi index": lambda: pd.DataFrame({"a": []}, index=pd.MultiIndex.from_arrays([[], []])),
}

SHAPES: Kinds = {
    "mixed": lambda: pd.DataFrame(
        {"a": [1, 2], "b": [1.5, 2.5], "c": ["x", "y"], "d": [3, 4], "e": [True, False]}
    ),
    "columns in turns": lambda: pd.DataFrame({n: (np.arange(5) * (1 if n % 2 else 0.5)) for n in range(9)}),
    "many blocks of one dtype": lambda: pd.concat(
        [pd.Series(np.arange(5.0), name=n) for n in range(5)], axis=1
    ),
    "row-major": lambda: pd.DataFrame(np.arange(12.0).reshape(3, 4)),
    "every second row": lambda: pd.DataFrame({"a": np.arange(9.0), "b": np.arange(9)}).iloc[::2],
    "reversed": lambda: pd.DataFrame({"a": np.arange(9.0), "s": list("abcdefghi")}).iloc[::-1],
    "narrow integers of odd length": lambda: pd.DataFrame(np.arange(21, dtype="int16").reshape(7, 3)),
    "many narrow integers": lambda: pd.DataFrame(np.zeros((600_001, 2), "int8")),
    "wide": lambda: pd.DataFrame(np.arange(6000.0).reshape(3, 2000)),
    "transposed": lambda: pd.DataFrame(np.arange(12.0).reshape(3, 4)).T,
    "all zoned": lambda: pd.DataFrame({n: pd.date_range("2020", periods=3, tz="UTC") for n in "ab"}),
    "one row": lambda: pd.DataFrame({"a": [1], "b": ["x"]}),
}

FRAMES: Kinds = {
    **{f"index: {name}": (lambda make=make: under(make())) for name, make in INDEXES.items()},
    **{f"names: {name}": (lambda make=make: named(make())) for name, make in COLUMN_NAMES.items()},
    **{f"dtype: {name}": make for name, make in DTYPES.items()},
    **{f"cells: {name}": make for name, make in OBJECT_CELLS.items()},
    **{f"metadata: {name}": make for name, make in METADATA.items()},
    **{f"empty: {name}": make for name, make in EMPTIES.items()},
    **{f"shape: {name}": make for name, make in SHAPES.items()},
}


@pytest.mark.parametrize("kind", FRAMES)
def test_frame_comes_back_as_it_was(kind: str) -> None:
    frame = FRAMES[kind]()
    assert_same(frame, round_trip(frame))


@pytest.mark.parametrize("kind", FRAMES)
def test_equal_frames_give_equal_bytes(kind: str) -> None:
    assert stored(FRAMES[kind]()) == stored(FRAMES[kind]())


@pytest.mark.parametrize("kind", INDEXES)
def test_index_comes_back_as_it_was(kind: str) -> None:
    assert_same(INDEXES[kind](), round_trip(INDEXES[kind]()))


@pytest.mark.parametrize("kind", [*DTYPES, *OBJECT_CELLS])
def test_series_comes_back_as_it_was(kind: str) -> None:
    frame = {**DTYPES, **OBJECT_CELLS}[kind]()
    series = frame.iloc[:, 0].rename(("a", 1))
    series.attrs = {"a": (1,)}
    assert_same(series, round_trip(series))


@pytest.mark.parametrize("kind", DTYPES)
def test_array_of_pandas_comes_back_as_it_was(kind: str) -> None:
    array = DTYPES[kind]().iloc[:, 0].array
    if not isinstance(array, pd.arrays.NumpyExtensionArray):
        assert_same(array, round_trip(array))

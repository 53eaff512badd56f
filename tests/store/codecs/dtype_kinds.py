"""The public table, dtypes: a kind's name, and how a frame with one such column is made."""

from __future__ import annotations

import datetime as dt
import decimal
from typing import Any
from zoneinfo import ZoneInfo

import dateutil.tz
import numpy as np
import pandas as pd
import pyarrow as pa

from .index_kinds import Kinds

PANDAS_3 = pd.__version__ >= "3"


def column(cells: Any, dtype: Any = object) -> pd.DataFrame:
    return pd.DataFrame({"x": pd.Series(cells, dtype=dtype)})


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
    "datetime in dateutil's file of UTC": lambda: column(
        pd.DatetimeIndex(["2020"], tz=dateutil.tz.gettz("UTC")), None
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
    "integers of C's two kinds": lambda: pd.DataFrame(
        {
            "a": np.arange(3, dtype="q"),
            "b": np.arange(3, dtype="l"),
            "c": np.arange(3, dtype=">q"),
            "d": np.arange(3, dtype="Q"),
        }
    ),
    "categorical of lone surrogates": lambda: column(
        pd.Categorical(pd.Index(["\ud800", "b"], dtype=object)), None
    ),
    "categorical of huge integers": lambda: column(
        pd.Categorical.from_codes([0, 1], pd.Index([10**5000, 1], dtype=object)), None
    ),
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
    "Sparse of C's long long": lambda: column(pd.arrays.SparseArray(np.array([0, 2], "q")), None),
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
# Types of which pyarrow makes no arrays from Python's values, and one that older ones change in doing so.
UNMADE_TYPES: dict[str, pa.DataType] = {
    "ordered dictionary": pa.dictionary(pa.uint8(), pa.string(), ordered=True),
    "dictionary of decimals": pa.dictionary(pa.int8(), pa.decimal128(2, 1)),
    "dictionary of views": pa.dictionary(pa.int8(), pa.string_view()),
    "dictionary of structs": pa.dictionary(pa.int8(), pa.struct({"a": pa.int8()})),
    "sparse union": pa.sparse_union([pa.field("a", pa.int8())]),
    "dense union": pa.dense_union([pa.field("a", pa.int8()), pa.field("b", pa.string())]),
    "tensor": pa.fixed_shape_tensor(pa.int8(), [2]),
    "list of tensors": pa.list_(pa.fixed_shape_tensor(pa.int8(), [2])),
    "struct of a tensor": pa.struct({"a": pa.fixed_shape_tensor(pa.int8(), [2])}),
}
DTYPES["Arrow dictionaries that differ in the sign of a zero"] = lambda: column(
    pd.arrays.ArrowExtensionArray(
        pa.chunked_array([pa.DictionaryArray.from_arrays(pa.array([0], pa.int8()), [x]) for x in (0.0, -0.0)])
    ),
    None,
)
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

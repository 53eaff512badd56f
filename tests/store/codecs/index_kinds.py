"""The public table, indexes and column names: a kind's name, and how one is made."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

Kinds = dict[str, Callable[[], Any]]


def under(index: pd.Index) -> pd.DataFrame:
    return pd.DataFrame({"x": np.arange(len(index)) * 1.5}, index=index)


def named(columns: pd.Index) -> pd.DataFrame:
    return pd.DataFrame(np.arange(2 * len(columns)).reshape(2, -1), columns=columns)


def unused_levels() -> pd.MultiIndex:
    frame = pd.DataFrame({"v": range(4)}, index=pd.MultiIndex.from_product([["a", "b"], [1, 2]]))
    return frame.loc[["a"]].index


INDEXES: Kinds = {
    "lone surrogate as a name": lambda: pd.Index([1, 2, 3], name="\ud800"),
    "range": lambda: pd.RangeIndex(3),
    "range with a step": lambda: pd.RangeIndex(10, 0, -3, name="r"),
    "range beyond 64 bits": lambda: pd.RangeIndex(2**70, 2**70 + 3),
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
    "datetime with business hours": lambda: pd.date_range(
        "2020-01-06", periods=9, freq=pd.offsets.BusinessHour(2, start="09:30")
    ),
    "datetime with a calendar": lambda: pd.date_range(
        "2020", periods=3, freq=pd.offsets.CustomBusinessDay(weekmask="Mon Tue", holidays=["2020-01-06"])
    ),
    "datetime with normalized ends of months": lambda: pd.DatetimeIndex(
        pd.date_range("2020", periods=3, freq=pd.offsets.MonthEnd(normalize=True))
    ),
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
    "lone surrogate as a name": lambda: pd.Index([1, 2], name="\ud800"),
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

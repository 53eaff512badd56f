"""The public table, cells of object columns: a kind's name, and the cells."""

from __future__ import annotations

import datetime as dt
import decimal
import uuid
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

UUID_1 = uuid.UUID(int=1)
NAIVE = dt.datetime(2020, 1, 1, 12)
CELLS: dict[str, list[Any]] = {
    "text": ["a", "", "ü"],
    "text and None": ["a", None],
    "text and NaN": ["a", np.nan],
    "text and NaN with a sign": ["a", -np.nan],
    "text and floats": ["a", 1.5, np.nan],
    "text and integers beyond 64 bits": ["a", 1, True, 2**70],
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
    "naive Timestamps with fold": [
        pd.Timestamp(5).replace(fold=1),
        pd.Timestamp("2020").as_unit("s").replace(fold=1),
    ],
    "Timestamps with a fold that means nothing": [pd.Timestamp("2020", tz="Europe/Berlin").replace(fold=1)],
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

"""The public table, everything that isn't pandas: each kind comes back as it was."""

from __future__ import annotations

import datetime as dt
import decimal
import fractions
import ipaddress
import pathlib
import sys
import uuid
from collections import Counter, OrderedDict, deque
from typing import Any
from zoneinfo import ZoneInfo

import dateutil.tz
import numpy as np
import pandas as pd
import plotly.graph_objects as go
import polars as pl
import pyarrow as pa
import pytest
from plotly.subplots import make_subplots

from . import samples
from .cell_kinds import CELLS
from .dtype_kinds import ARROW_TYPES, UNMADE_TYPES
from .exactness import assert_same, round_trip, stored
from .index_kinds import Kinds
from .samples import Access, Color, Derived, Frozen, Level, Maß, Pair, Point, Remembering, Result, Word

JSON: Kinds = {
    "None": lambda: None,
    "bool": lambda: True,
    "int": lambda: -5,
    "huge int": lambda: 10**6000,
    "float": lambda: 0.1,
    "NaN": lambda: float("nan"),
    "NaN with a sign": lambda: -float("nan"),
    "NaN with a sign in lists": lambda: [[1.5, -float("nan")], ([float("nan"), -float("nan"), None],)],
    "NaN with a payload": lambda: {"a": np.array([0x7FF8000000000123], "u8").view("f8").tolist()},
    "NaN with a sign as keys": lambda: {-float("nan"): 1, float("nan"): 2},
    "complex NaN with a sign": lambda: complex(-float("nan"), -float("nan")),
    "negative zero": lambda: -0.0,
    "infinity": lambda: float("-inf"),
    "text": lambda: "ü 日本 🎈 \x00 \u2028",
    "lone surrogate": lambda: "\ud800",
    "surrogate pair in halves": lambda: ["\ud83d\ude00", "😀"],
    "list": lambda: [1, 2.0, "a", None, True, [], {}],
    "dict": lambda: {"a": [1, {"b": None}], "": 2},
    "dict in its order": lambda: {"b": 1, "a": 2},
    "dict with integer keys": lambda: {1: "a", 2: "b"},
    "dict with keys of many types": lambda: {
        1: 1,
        "1": 2,
        1.5: 3,
        None: 4,
        (1, 2): 5,
        dt.date(2020, 1, 1): 6,
    },
    "dict with our own key": lambda: {"$": "tuple", "v": [1, 2]},
    "dict with a surrogate key": lambda: {"\ud800": 1},
    "dict with bool keys": lambda: {True: 1, False: 2},
    "dict with several NaN as keys": lambda: {float("nan"): 1, float("nan"): 2, (float("nan"), 1): 3},
    "ordered dict with several NaN as keys": lambda: OrderedDict([(float("nan"), 1), (float("nan"), 2)]),
    "Counter of several NaN": lambda: Counter([float("nan"), float("nan")]),
    "set of several NaN": lambda: {float("nan"), float("nan"), np.nan},
    "frozenset of several NaN in tuples": lambda: frozenset([(float("nan"),), (float("nan"),)]),
    "tuple": lambda: (1, (2, [3]), ()),
    "tuple in a list": lambda: [(1, 2), [1, 2]],
    "set": lambda: {1, "a", (2, 3), None},
    "frozenset": lambda: frozenset({1, frozenset({2})}),
    "bytes": lambda: b"\x00\xff",
    "long bytes": lambda: bytes(range(256)) * 40,
    "bytearray": lambda: bytearray(b"ab") * 4000,
    "empty bytes": lambda: b"",
    "complex": lambda: complex(-0.0, float("nan")),
    "date": lambda: dt.date(1, 1, 1),
    "datetime": lambda: dt.datetime(2020, 2, 29, 1, 2, 3, 4, fold=1),
    "datetime in UTC": lambda: dt.datetime(2020, 1, 1, tzinfo=dt.UTC),
    "datetime in a zone": lambda: dt.datetime(2020, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"), fold=1),
    "datetime at an offset": lambda: dt.datetime(2020, 1, 1, tzinfo=dt.timezone(dt.timedelta(seconds=-3661))),
    "datetime at a named offset": lambda: dt.datetime(
        2020, 1, 1, tzinfo=dt.timezone(dt.timedelta(0), "UTC ")
    ),
    "datetime in dateutil's zone": lambda: dt.datetime(2020, 1, 1, tzinfo=dateutil.tz.gettz("Asia/Tokyo")),
    "time": lambda: dt.time(1, 2, 3, 4, tzinfo=dt.UTC, fold=1),
    "timedelta": lambda: dt.timedelta(-999999999, 1, 2),
    "zone": lambda: [ZoneInfo("Asia/Tokyo"), dt.UTC],
    "zone with its own name given": lambda: [
        dt.datetime.strptime("2020 UTC +0000", "%Y %Z %z").tzinfo,
        dt.timezone(dt.timedelta(hours=1), "UTC+01:00"),
    ],
    "Decimal": lambda: [decimal.Decimal(t) for t in ("1.10", "-0", "1E+3", "NaN123", "sNaN", "Infinity")][:3],
    "UUID": lambda: uuid.UUID(int=5),
    "Fraction": lambda: fractions.Fraction(-1, 3),
    "range": lambda: range(5, -3, -2),
    "slice": lambda: slice(None, 3),
    "ellipsis": lambda: ...,
    "deque": lambda: deque([1, (2,)], maxlen=5),
    "OrderedDict": lambda: OrderedDict([("b", 1), ("a", (2,))]),
    "Counter": lambda: Counter("aab"),
    "addresses": lambda: [ipaddress.ip_address("::1"), ipaddress.ip_network("10.0.0.0/8")],
    "path": lambda: [pathlib.Path("/a/b"), pathlib.PurePosixPath("c"), pathlib.PureWindowsPath("d")],
    "names that aren't text": lambda: [
        pathlib.Path("/a/\udcff"),
        pathlib.PureWindowsPath("\udcff"),
        dt.timezone(dt.timedelta(hours=1), "\udcff"),
    ],
    "enum": lambda: [Color.RED, Color.ALIAS, Color.BLUE, Level.LOW, Word.YES],
    "flags": lambda: [Access.READ, Access.READ | Access.RUN, Access(0)],
    "flags of bits without a name": lambda: [
        samples.Overlapping.UPPER,
        samples.Overlapping.UPPER | samples.Overlapping.LOWER,
    ],
    "named tuple": lambda: Point(1.5, Pair("a", (1,))),
    "named tuple that iterates in a way of its own": lambda: samples.Reversed(1, [2]),
    "flags with operators of their own": lambda: [samples.Loud.A, samples.Loud(3), samples.Loud(0)],
    "dataclass with a descriptor": lambda: samples.Doubled(2),
    "dataclass with a property that keeps it under another name": lambda: samples.Renamed(2),
    "enum as a key": lambda: {Color.RED: 1, Level.LOW: 2},
    "dataclass": lambda: Frozen(dt.date(2020, 1, 1), {"a": (1,)}),
    "150 levels": lambda: nested(140),
}


def nested(depth: int) -> Any:
    value: Any = ("leaf",)
    for _ in range(depth):
        value = [value]
    return value


for _name, _cells in CELLS.items():
    if "Decimals NaN" not in _name:
        JSON[f"list of {_name}"] = lambda cells=_cells: list(cells)

ARRAYS: Kinds = {
    **{
        kind: (lambda kind=kind: np.array([0, 1, 5], kind))
        for kind in ("b", "B", "h", "H", "i", "I", "q", "Q", "?")
    },
    **{
        kind: (lambda kind=kind: np.array([0, 1.5, -0.0], kind))
        for kind in ("e", "f", "d", "g", "F", "D", "G")
    },
    **(
        {
            f"texts of any length{name}": (
                lambda options=options: (
                    np.array([["a", ""], ["\0z\0", "ü" * 99]], np.dtypes.StringDType(**options)).T
                )
            )
            for name, options in {
                "": {},
                ", with NaN": {"na_object": np.nan},
                ", with None": {"na_object": None, "coerce": False},
            }.items()
        }
        if hasattr(np.dtypes, "StringDType")
        else {}
    ),
    "NaN with a payload": lambda: np.array([0x7FF8000000000123], "u8").view("f8"),
    "two dimensions": lambda: np.arange(6).reshape(2, 3),
    "Fortran order": lambda: np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "every second": lambda: np.arange(10)[::2],
    "reversed": lambda: np.arange(10)[::-1],
    "broadcast": lambda: np.broadcast_to(np.arange(3), (4, 3)),
    "five dimensions": lambda: np.arange(32).reshape(2, 2, 2, 2, 2),
    "no dimensions": lambda: np.array(1.5),
    "no items": lambda: np.empty((0, 3), "int8"),
    "big-endian": lambda: np.array([1, 2], ">i4"),
    **{
        f"C's integers, {kind}": (lambda kind=kind: [np.array([1, 2], kind), np.dtype(kind)])
        for kind in (">l", ">q", ">L", ">Q")
    },
    "records of C's integers": lambda: np.zeros(2, [("a", "q"), ("b", ">q"), ("c", "l"), ("d", "Q", (2,))]),
    "records of C's integers that overlap": lambda: np.zeros(
        2, np.dtype({"names": ["a", "b"], "formats": [">q", ("q", (2,))], "offsets": [4, 0]})
    ),
    "datetime64[ns]": lambda: np.array(["2020", "NaT"], "M8[ns]"),
    "datetime64[D]": lambda: np.array(["2020-01-01", "NaT"], "M8[D]"),
    "timedelta64[15m]": lambda: np.array([1, 2], "m8[15m]"),
    "text": lambda: np.array(["a", "bcd", ""]),
    "byte strings": lambda: np.array([b"a", b"bcd"]),
    "void": lambda: np.array([b"abc"], "V3"),
    "records": lambda: np.array([(1, 2.5, "a")], [("x", "i4"), ("y", "f8"), ("z", "U3")]),
    "nested records": lambda: np.zeros(2, [("p", [("x", "i1"), ("y", ">f4", (2, 2))])]),
    "records that overlap": lambda: np.array(
        [(1, 2), (3, 4)], np.dtype({"names": ["a", "b"], "formats": ["<i4", "i2"], "offsets": [0, 2]})
    ),
    "records out of order": lambda: np.array(
        [(1, (2, "x"))],
        np.dtype({"names": ["a", "b"], "formats": [">i4", [("c", "i1"), ("d", "U1")]], "offsets": [6, 0]}),
    ),
    "aligned records": lambda: np.zeros(2, np.dtype([("a", "i1"), ("b", "f8")], align=True)),
    "aligned records in records": lambda: np.zeros(
        2, [("a", np.dtype([("b", "i1"), ("c", "f8")], align=True), (2,))]
    ),
    "records of frames": lambda: np.asarray(
        pd.DataFrame({"a": [1], "b": ["x"]}).to_records(column_dtypes={"b": "U3"})
    ),
    "record": lambda: [np.asarray(pd.DataFrame({"a": [1]}).to_records())[0]],
    "dtypes of records": lambda: [
        np.dtype((np.record, [(("title", "a"), "i4")])),
        np.dtype((np.record, np.dtype([("a", "i1"), ("b", "f8")], align=True))),
        np.dtype([("a", np.dtype((np.record, [("b", "i4")])), (2,))]),
    ],
    "objects": lambda: np.array([1, "a", None, (1, 2)], object),
    "objects with a NaN with a sign": lambda: np.array([-float("nan"), None], object),
    "objects in two dimensions": lambda: np.array([[1, "a"], [None, 2.5]], object),
    "objects in Fortran order": lambda: np.asfortranarray(np.array([[1, "a"], [None, 2.5]], object)),
    "masked, hard": lambda: np.ma.MaskedArray([1.5, 2.5], [True, False], hard_mask=np.True_),
    "masked": lambda: np.ma.MaskedArray([1.5, 2.5], [True, False], fill_value=9.0),
    "masked records": lambda: np.ma.MaskedArray(np.zeros(1, (np.record, [("a", "i4")])), [(True,)]),
    "scalar": lambda: [np.float64(0.1), np.int8(-1), np.bool_(True), np.str_("a"), np.bytes_(b"a")],
    "scalars without a character": lambda: [np.str_(""), np.bytes_(b""), np.str_("\ud800")],
    "scalar without a byte": lambda: np.void(b""),
    "scalar of time": lambda: [np.datetime64("2020-01-01", "D"), np.timedelta64("NaT", "s")],
    "scalar record": lambda: list(np.array([(1, 2.5)], [("x", "i4"), ("y", "f8")])),
    "dtype": lambda: [np.dtype("f8"), np.dtype([("x", ">i4")])],
}


def differing() -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(values).dictionary_encode() for values in (["a", "b"], ["c"])])


def in_chunks(*dictionaries: Any) -> pa.Table:
    """A column of chunks that have these dictionaries, and the last item of each; and the same in lists."""
    chunks = [
        pa.DictionaryArray.from_arrays(pa.array([len(items) - 1], pa.int8()), items) for items in dictionaries
    ]
    lists = [pa.ListArray.from_arrays([0, 1], chunk) for chunk in chunks]
    return pa.table({"d": pa.chunked_array(chunks), "l": pa.chunked_array(lists)})


TABLES: Kinds = {
    "columns": lambda: pa.table({"a": [1, None], "b": ["x", None], "c": [[1], None]}),
    "in chunks": lambda: pa.table(
        {"a": pa.chunked_array([[1, 2], [3]]), "b": pa.chunked_array([["a"], ["b", "c"]])}
    ),
    "sliced": lambda: pa.table({"a": list(range(100)), "b": list(map(str, range(100)))}).slice(13, 40),
    "duplicate names": lambda: pa.table([pa.array([1]), pa.array(["a"])], names=["x", "x"]),
    "with metadata": lambda: pa.table({"a": [1]}).replace_schema_metadata({"k": "v", b"\xff": b"\x00"}),
    "with a key of ours": lambda: pa.table({"a": [1]}).replace_schema_metadata({"enrich": "mine"}),
    "with metadata of pandas": lambda: pa.Table.from_pandas(pd.DataFrame({"a": [1]}, index=["x"])),
    "fields with metadata, not null": lambda: pa.table(
        [pa.array([1])], schema=pa.schema([pa.field("a", pa.int64(), nullable=False, metadata={"m": "n"})])
    ),
    "dictionaries of one kind": lambda: pa.table(
        {"d": pa.chunked_array([pa.array(["a", "b"]).dictionary_encode() for _ in range(2)])}
    ),
    "dictionaries made one": lambda: pa.table({"d": differing()}).unify_dictionaries(),
    "dictionaries that say a value twice": lambda: in_chunks(["b", "b", "a"], ["b", "b", "a"]),
    "dictionaries with a null": lambda: in_chunks(["a", None], ["a", None]),
    "dictionaries with NaN": lambda: in_chunks([1.5, float("nan")], [1.5, float("nan")]),
    "dictionaries of structs": lambda: in_chunks(*[pa.array([{"x": -0.0}])] * 2),
    "dictionaries of zeros made one": lambda: in_chunks([0.0], [-0.0]).unify_dictionaries(),
    "ordered dictionary": lambda: pa.table(
        {"d": pa.DictionaryArray.from_arrays(pa.array([0, None], pa.int16()), ["x", "y"], ordered=True)}
    ),
    "string view": lambda: pa.table({"s": pa.array(["a", None, "longer than twelve"], pa.string_view())}),
    "month interval": lambda: pa.table({"i": pa.array([(1, 2, 3), None], pa.month_day_nano_interval())}),
    "union": lambda: pa.table(
        {
            "u": pa.UnionArray.from_dense(
                pa.array([0, 1], pa.int8()), pa.array([0, 0], pa.int32()), [pa.array([1]), pa.array(["a"])]
            )
        }
    ),
    "run-end encoded": lambda: pa.table({"r": pa.RunEndEncodedArray.from_arrays([2, 5], ["a", "b"])}),
    # Older pyarrow has tensors only.
    **(
        {"extension": lambda: pa.table({"u": pa.array([b"0" * 16], pa.uuid())})}
        if hasattr(pa, "uuid")
        else {}
    ),
    "tensors": lambda: pa.table(
        {"t": pa.FixedShapeTensorArray.from_numpy_ndarray(np.arange(8.0).reshape(2, 2, 2))}
    ),
    "no rows": lambda: pa.table(
        {"a": pa.array([], pa.int64()), "d": pa.array([], pa.dictionary(pa.int8(), pa.string()))}
    ),
    "no columns": lambda: pa.table({}),
    "record batch": lambda: pa.record_batch({"a": [1, None], "d": pa.array(["a", "b"]).dictionary_encode()}),
    "record batch without rows": lambda: pa.record_batch({"a": pa.array([], pa.int64())}),
    **{
        f"record batch without rows of {name}": (lambda kind=kind: pa.record_batch({"a": pa.nulls(0, kind)}))
        for name, kind in UNMADE_TYPES.items()
    },
    **{
        f"Arrow {name}": (lambda kind=kind, cells=cells: pa.table({"x": pa.array(cells, kind)}))
        for name, (kind, cells) in ARROW_TYPES.items()
    },
}

POLARS: Kinds = {
    "frame": lambda: pl.DataFrame(
        {"a": [1, None], "b": ["x", "longer than twelve bytes"], "c": [1.5, float("nan")]}
    ),
    "lazy frame": lambda: pl.DataFrame({"a": [1, 2]}).lazy().filter(pl.col("a") > 1),
    "series": lambda: pl.Series("s", [1, None]),
    "no rows": lambda: pl.DataFrame(schema={"a": pl.Int8, "b": pl.Categorical, "c": pl.List(pl.String)}),
    "nothing": pl.DataFrame,
    "categorical": lambda: pl.DataFrame({"c": pl.Series(["a", None, "b"], dtype=pl.Categorical)}),
    "enum": lambda: pl.DataFrame({"c": pl.Series(["a", None], dtype=pl.Enum(["b", "a"]))}),
    "nested": lambda: pl.DataFrame({"l": [[1, 2], None], "s": [{"x": 1}, {"x": None}]}),
    "categoricals in arrays": lambda: pl.DataFrame(
        {"a": pl.Series([["x"], ["y"]], dtype=pl.Array(pl.Categorical, 1))}
    ),
    "enums and categoricals in lists and structs": lambda: pl.DataFrame(
        {
            "l": pl.Series([["x"], None], dtype=pl.List(pl.Enum(["x", "y"]))),
            "s": pl.Series(
                [[{"e": "x", "c": "z"}], []],
                dtype=pl.List(pl.Struct({"e": pl.Enum(["x"]), "c": pl.Categorical})),
            ),
        }
    ),
    "categoricals in lists in chunks": lambda: pl.concat(
        [pl.DataFrame({"l": pl.Series([[x]], dtype=pl.List(pl.Categorical))}) for x in "ab"], rechunk=False
    ),
    "names with a zero": lambda: pl.DataFrame({"\0": [1], "s": [{"a\0": "x"}]}),
    "array": lambda: pl.DataFrame({"a": pl.Series([[1, 2], [3, 4]], dtype=pl.Array(pl.Int8, 2))}),
    "times": lambda: pl.DataFrame({"d": [dt.date(2020, 1, 1)], "t": [dt.time(1)], "x": [dt.timedelta(1)]}),
    "datetimes": lambda: pl.DataFrame(
        {
            unit: pl.Series([dt.datetime(2020, 1, 1), None], dtype=pl.Datetime(unit, "Europe/Berlin"))
            for unit in ("ms", "us", "ns")
        }
    ),
    "decimal": lambda: pl.DataFrame(
        {"d": pl.Series([decimal.Decimal("1.10"), None], dtype=pl.Decimal(10, 2))}
    ),
    "binary and null": lambda: pl.DataFrame({"b": [b"a", None], "n": [None, None]}),
    "in chunks": lambda: pl.concat([pl.DataFrame({"a": [1]}), pl.DataFrame({"a": [2]})], rechunk=False),
    "sorted": lambda: pl.DataFrame(
        [
            pl.Series("^a$", [1, 2]).set_sorted(),
            pl.Series("a", [2, 1]),
            pl.Series("b", [2, 1]).set_sorted(descending=True),
            pl.Series("c", [1, 2]),
        ]
    ),
    "sorted of types of its own": lambda: pl.DataFrame({"a": pl.Series([1, 2], dtype=pl.Int128).sort()}),
    "sorted lazy frame": lambda: pl.DataFrame({"a": [2, 1]}).lazy().sort("a"),
    "sorted series in chunks": lambda: pl.concat(
        [pl.Series("s", [1]), pl.Series("s", [2])], rechunk=False
    ).set_sorted(),
    "numbers": lambda: pl.DataFrame(
        {str(kind): pl.Series([1, None], dtype=kind) for kind in (pl.Int8, pl.UInt64, pl.Float32)}
    ),
}


# The oldest polars can't make these.
if not hasattr(pl, "Int128"):
    for _name in ("categoricals in arrays", "categoricals in lists in chunks", "sorted of types of its own"):
        del POLARS[_name]


def plot() -> go.Figure:
    figure = go.Figure(
        go.Scatter(x=np.arange(3), y=[1, None, 2.5], name="ü"), layout={"title": {"text": "t"}}
    )
    figure.add_bar(x=pd.date_range("2020", periods=2), y=np.array([1.5, 2.5], "f4"))
    return figure


def animated() -> go.Figure:
    layout = {"xaxis2": {"anchor": "y"}, "shapes": [{"type": "line"}]}
    frames = [go.Frame(name=name, data=[go.Bar(y=np.arange(2.5))], layout=layout) for name in "ab"]
    return go.Figure(go.Bar(y=np.array(["a", "b"])), layout, frames)


def without_template(figure: go.Figure) -> go.Figure:
    figure.layout.template = None
    return figure


def subplots() -> go.Figure:
    figure = make_subplots(rows=1, cols=2)
    figure.add_trace(go.Scatter(y=[1]), row=1, col=2)
    return figure


CONTAINERS: Kinds = {
    "figure": plot,
    "empty figure": go.Figure,
    "figure with subplots": subplots,
    "figure with frames": animated,
    "figure without a template": lambda: without_template(plot()),
    "empty figure without a template": lambda: without_template(go.Figure()),
    "figure in an order of its own": lambda: go.Figure(go.Bar(y=[1]), {"title": "t"}).update_traces(base=1).update_layout(bargap=0),
    "figure of data that plotly did not check": lambda: go.Figure({"data": [{"type": "bar", "y": pd.Series([1], name="s"), "own": {1: 2}}]}, _validate=False),
    "figure whose template is only named": lambda: go.Figure(layout={"template": "ggplot2"}, _validate=False),
    "dict of frames": lambda: {"a": pd.DataFrame({"x": [1]}), "b": pl.DataFrame({"y": [2]}), "c": pa.table({"z": [3]})},
    "list of arrays": lambda: [np.arange(3), np.array(1), [np.zeros((2, 2))]],
    "tuple of a series and an index": lambda: (pd.Series([1], name="s"), pd.date_range("2020", periods=2)),
    "frame under integer keys": lambda: {1: {2: pd.DataFrame({"x": ["a"]})}},
    "named tuple of frames": lambda: Point(pd.DataFrame({"x": [1]}), np.arange(2)),
    "dataclass with a frame": lambda: Result("r", pd.DataFrame({"x": [1.5]}), ("a",)),
    "derived dataclass": lambda: Derived("r", pd.DataFrame({"x": [1.5]})),
    "dataclass of a name that isn't ASCII": lambda: Maß(np.arange(2)),
    "scalars of pandas": lambda: [
        pd.Timestamp("2020", tz="Asia/Tokyo"), pd.Timestamp(5), pd.Timedelta(1, "ns"), pd.NaT, pd.NA,
        pd.Period("2020", "M"), pd.Interval(0.5, 1, closed="left"), pd.offsets.MonthEnd(2), pd.offsets.Day(),
    ],
}  # fmt: skip

VALUES: Kinds = {
    f"{family}: {name}": make
    for family, kinds in {
        "json": JSON,
        "numpy": ARRAYS,
        "pyarrow": TABLES,
        "polars": POLARS,
        "containers": CONTAINERS,
    }.items()
    for name, make in kinds.items()
}


@pytest.mark.parametrize("kind", VALUES)
def test_value_comes_back_as_it_was(kind: str) -> None:
    value = VALUES[kind]()
    assert_same(value, round_trip(value))


@pytest.mark.parametrize("kind", VALUES)
def test_equal_values_give_equal_bytes(kind: str) -> None:
    assert stored(VALUES[kind]()) == stored(VALUES[kind]())


@pytest.mark.parametrize(
    "dtype",
    [
        np.dtype("g"),
        np.dtype("G"),
        np.dtype("g").newbyteorder(),
        np.dtype([("a", "i1"), ("b", "f8")], align=True),
        np.dtype([("a", "i1"), ("b", "g", 2)]),
        np.dtype([("a", [("b", "i2"), ("c", "i4")])], align=True),
    ],
    ids=str,
)
def test_what_memory_held_before_is_not_stored(dtype: np.dtype[Any]) -> None:
    clean, dirty = (np.full(2 * dtype.itemsize, byte, np.uint8).view(dtype) for byte in (0, 255))
    for field in dtype.names or (...,):
        clean[field] = dirty[field] = np.ones((), dtype[field] if dtype.names else dtype)
    assert stored(clean) == stored(dirty)
    assert stored(clean[0]) == stored(dirty[0])
    assert (round_trip(dirty) == dirty).all()


@pytest.mark.parametrize("text", ["NaN", "NaN123", "sNaN", "-sNaN1", "Infinity"])
def test_decimal_that_is_no_number_comes_back(text: str) -> None:
    assert str(round_trip(decimal.Decimal(text))) == text


@pytest.mark.parametrize("text", [np.str_("a\0"), np.bytes_(b"a\0\0")])
def test_zeros_at_the_end_of_a_numpy_text_stay(text: Any) -> None:
    # numpy leaves them out also when it compares.
    back = round_trip([text])[0]
    assert type(back) is type(text)
    assert len(back) == len(text)


def test_equal_sets_give_equal_bytes() -> None:
    names = [f"name {number}" for number in range(50)]
    backwards = set()
    for name in reversed(names):
        backwards.add(name)
    assert stored(set(names)) == stored(backwards)


def test_cached_attribute_of_a_dataclass_comes_back() -> None:
    value = Result("r", pd.DataFrame({"x": [1.5]}))
    assert value.size == 1
    assert vars(round_trip(value))["size"] == 1


def test_fill_value_of_masked_texts_comes_back() -> None:
    assert round_trip(np.ma.MaskedArray(["a"], [True])).fill_value == "N/A"
    assert round_trip(np.ma.MaskedArray(["a", "bb"], fill_value="zz")).fill_value == "zz"


def test_equal_sets_of_long_bytes_give_equal_bytes() -> None:
    members = [bytes([number]) * 300 for number in range(50)]
    backwards = set()
    for member in reversed(members):
        backwards.add(member)
    assert stored([set(members), {(members[0], "a"), "b"}]) == stored([backwards, {"b", (members[0], "a")}])
    assert round_trip(backwards) == set(members)


@pytest.mark.parametrize("innermost", [1, b"a" * 300], ids=["a number", "long bytes"])
def test_sets_in_sets_take_as_much_as_what_is_in_them(innermost: Any) -> None:
    value = frozenset({innermost})
    for number in range(25):
        value = frozenset({value, number})
    assert round_trip(value) == value
    assert len(stored(value)) < 20_000


def test_missing_value_as_a_key_is_found_again() -> None:
    assert round_trip({np.nan: 1, (np.nan, 1): 2})[np.nan] == 1


def test_integer_longer_than_python_writes_in_decimal() -> None:
    usual = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(640)
    try:
        for value in (10**1000, [10**1000], {1: 10**650}, pd.Series([10**1000, 1], dtype=object)):
            assert_same(value, round_trip(value))
    finally:
        sys.set_int_max_str_digits(usual)


def test_slots_of_a_dataclass_s_bases_come_back() -> None:
    value = Remembering("r")
    value.cache = (1,)
    back = round_trip(value)
    assert (back.name, back.cache, back._Cached__key) == ("r", (1,), "kept")
    del value.cache
    assert not hasattr(round_trip(value), "cache")


def test_items_of_a_named_tuple_are_carried_in_their_places() -> None:
    back = round_trip(samples.Reversed(1, [2]))
    assert (back.x, back.y) == (1, [2])


def test_property_in_front_of_an_attribute_is_not_asked() -> None:
    assert vars(round_trip(samples.Shouting("a"))) == {"word": "a", "size": 3}
    later = round_trip(samples.Later(1))
    assert later.first == 1
    assert not hasattr(later, "second")


def test_slots_of_one_name_stay_two_and_empty_ones_empty() -> None:
    value = samples.Answering(1)
    samples.Base.shared.__set__(value, 2)
    back = round_trip(value)
    assert (back.shared, samples.Base.shared.__get__(back)) == (1, 2)
    with pytest.raises(AttributeError):
        samples.Answering.late.__get__(back)


def test_array_shares_the_memory_of_the_entry() -> None:
    data = stored({"a": np.arange(1000)})
    from enrich.store.codecs import decode

    array = decode(data)["a"]
    array[0] = 99
    assert decode(data)["a"][0] == 99

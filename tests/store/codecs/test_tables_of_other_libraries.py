"""pandas' objects as other libraries' tables: what the library itself makes of them, or refused; never our own words."""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import re
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from enrich.errors import StoreError, UnknownColumnError
from enrich.store.codecs import decode, describe
from enrich.store.codecs.arrow_types import with_innermost

from .exactness import stored
from .pickling import KeyedPickler
from .samples import Custom
from .test_exact_pandas import FRAMES

FORMS = [pa.Table, pl.DataFrame, pl.LazyFrame, duckdb.DuckDBPyRelation]
# What pyarrow makes other moments of.
CHANGED = {
    f"cells: {kind}"
    for kind in (
        "datetimes with fold",
        "zoned datetimes",
        "datetimes with and without zone",
        "zoned times",
        "nanosecond Timestamps",
        "Timestamps of several zones",
        "naive Timestamps with fold",
        "Timedeltas",
    )
}


def fresh(frame: pd.DataFrame) -> pa.Table:
    """What pyarrow makes of a frame that was never stored, once its names are texts and its numbers native."""
    frame = frame.copy()
    frame.attrs = {}
    frame.columns = [name if type(name) is str else str(name) for name in frame.columns]
    for at, dtype in enumerate(frame.dtypes):
        if isinstance(dtype, pd.SparseDtype):
            frame.isetitem(at, frame.iloc[:, at].sparse.to_dense())
        elif isinstance(dtype, np.dtype) and not dtype.isnative:
            frame.isetitem(at, frame.iloc[:, at].astype(dtype.newbyteorder("=")))
    frame.index.names = [name if type(name) is str else None for name in frame.index.names]
    return pa.Table.from_pandas(frame)


def is_refused_by_pyarrow(frame: pd.DataFrame) -> bool:
    """Whether pyarrow has no type for a column, or only one of pandas' own."""
    try:
        types = fresh(frame).schema.types
    except (pa.ArrowException, ValueError, TypeError, OverflowError):
        return True
    return any("pandas." in str(kind) for kind in types)


def cells(table: Any) -> dict[str, list[Any]]:
    if isinstance(table, pl.LazyFrame):
        table = table.collect()
    if isinstance(table, pl.DataFrame):
        found = table.to_dict(as_series=False)
    else:
        found = (table if isinstance(table, pa.Table) else table.to_arrow_table()).to_pydict()
    return {name: [plain(cell) for cell in column] for name, column in found.items()}


def plain(cell: Any) -> Any:
    """A cell to compare: NaN and null are both missing, and how many digits a Decimal shows depends on its type."""
    if isinstance(cell, float | np.floating) and cell != cell:
        return None
    if isinstance(cell, decimal.Decimal):
        return cell.normalize()
    if isinstance(cell, list | tuple):
        return [plain(part) for part in cell]
    return {key: plain(part) for key, part in cell.items()} if isinstance(cell, dict) else cell


def types(table: pa.Table) -> list[str]:
    """Types to compare: texts are large or small, and Decimals have the digits that they need or as many as fit."""
    return [re.sub(r"large_|decimal128\(\d+", "", str(field.type)) for field in table.schema]


def taken(form: Any, table: pa.Table) -> Any:
    if form is pa.Table:
        return table
    if form is duckdb.DuckDBPyRelation:
        # One of its own, since a failure makes DuckDB refuse all that comes after it.
        with duckdb.connect() as own:
            return own.from_arrow(table).to_arrow_table()
    found = pl.from_arrow(table)
    return found.lazy() if form is pl.LazyFrame else found


@pytest.mark.parametrize("form", FORMS, ids=lambda form: f"{form.__module__}.{form.__name__}")
@pytest.mark.parametrize("kind", [kind for kind in FRAMES if kind not in CHANGED])
def test_a_table_is_what_the_library_makes_of_the_frame_or_refused(kind: str, form: type) -> None:
    frame = FRAMES[kind]()
    data = stored(frame)
    try:
        table = decode(data, as_type=form)
    except StoreError:
        assert form is not pa.Table or is_refused_by_pyarrow(frame)
        return
    expected = fresh(frame)
    if form is pa.Table and table.equals(expected):
        return  # in zones, too, that Python doesn't know
    if len(set(expected.column_names)) < len(expected.column_names):
        return  # pyarrow 16 gives levels of one name one name
    if kind == "dtype: timedelta64[s]" and form is duckdb.DuckDBPyRelation:
        return  # DuckDB converts what lies under a null too, and finds it too large
    ours = cells(table)
    if isinstance(frame.index, pd.RangeIndex) and frame.index.name is not None:
        ours.pop(frame.index.name)
    elif form is pa.Table and kind != "cells: NaN":  # floats in the file, and nulls to pyarrow
        assert types(table) == types(expected)
    try:
        theirs = taken(form, expected)
    except Exception:
        theirs = expected  # which the library may take by other buffers than these
    assert ours == cells(theirs)


def object_frame(*cells: Any) -> pd.DataFrame:
    values = np.empty(len(cells), object)
    values[:] = cells
    return pd.DataFrame({"a": range(len(cells)), "t": pd.Series(values, dtype=object)})


@pytest.mark.parametrize("form", FORMS)
def test_lists_are_lists_whatever_the_file_says(form: type) -> None:
    table = decode(stored(object_frame(["x"], ["y", "z"])), as_type=form)
    assert cells(table) == {"a": [0, 1], "t": [["x"], ["y", "z"]]}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("frame", "held", "mend"),
    [
        (object_frame(1, "x"), "objects of type int and str", r"astype\(str\)"),
        (object_frame(1j, 2j).rename(columns={"a": "b"}), "objects of type complex", "astype"),
        (pd.DataFrame({"t": pd.period_range("2020", periods=2, freq="D")}), r"period\[D\]", "to_timestamp"),
        (pd.DataFrame({"t": pd.interval_range(0, 2)}), "interval", "astype"),
        (pd.DataFrame({"t": pd.cut([1, 5], [0, 2, 9])}), "categories of interval", "astype"),
        (pd.DataFrame({"t": [1j, 2j]}), "complex128", "astype"),
    ],
)
def test_a_column_without_a_type_is_refused_with_what_it_holds_and_a_mend(
    frame: pd.DataFrame, held: str, mend: str, form: type
) -> None:
    data = stored(frame.assign(other=1))
    with pytest.raises(StoreError, match=rf"Column 't' .* holds {held}.* leave .*Columns\(.* {mend}"):
        decode(data, as_type=form)
    assert cells(decode(data, as_type=form, columns=["other"])) == {"other": [1, 1]}


@pytest.mark.parametrize("form", FORMS)
def test_a_series_and_an_index_are_converted_like_columns(form: type) -> None:
    frame = object_frame(["x"], [])
    assert cells(decode(stored(frame["t"]), as_type=form)) == {"t": [["x"], []]}
    assert cells(decode(stored(pd.RangeIndex(2, name="n")), as_type=form)) == {"n": [0, 1]}
    with pytest.raises(StoreError, match="Column 'n' .* holds period"):
        decode(stored(pd.period_range("2020", periods=2, freq="D", name="n")), as_type=form)


MOMENT = dt.datetime(2020, 1, 1, 5)
NANOSECOND = pd.Timestamp("2020-01-01 00:00:00.123456789")
BERLIN = pd.Timestamp("2020-01-01", tz="Europe/Berlin")


class Named(NamedTuple):
    a: int


class Colour(enum.StrEnum):
    RED = "red"


class Size(enum.IntEnum):
    SMALL = 1


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "cells",
    [
        (dt.date(2020, 1, 1), MOMENT),
        (MOMENT, dt.date(2020, 1, 1)),
        (MOMENT, MOMENT.replace(tzinfo=dt.UTC)),
        (MOMENT.replace(tzinfo=dt.UTC), MOMENT),
        (BERLIN, BERLIN.tz_convert("UTC")),
        (MOMENT.replace(fold=1),),
        (NANOSECOND, dt.datetime(1, 1, 1)),
        (NANOSECOND, dt.date(2020, 1, 1)),
        (pd.Timedelta(1, "ns"), dt.timedelta.max),
        (dt.time(1, tzinfo=dt.UTC),),
        (dt.time(1, tzinfo=ZoneInfo("Europe/Berlin")),),
        (dt.time(1, fold=1),),
        (decimal.Decimal("NaN"), decimal.Decimal(1)),
        (decimal.Decimal("sNaN"),),
        (1.5, True),
        (1.5, np.bool_(True)),
        (1.5, 2**60 + 1),
        (np.longdouble("1.1"), 1.5),
        ("a", b"b"),
        (b"b", "a"),
        ({1, 2},),
        (None, {1, 2}),
        (Named(1),),
        ({b"a": 1},),
        ({"a": [1.5, True]},),
        ([{"a": dt.date(2020, 1, 1)}, {"a": MOMENT}],),
        (np.array([1, 2]), [True, 0.5]),
        (np.ma.array([1, 2], mask=[False, True]),),
        (pd.DateOffset(months=1),),
    ],
    ids=repr,
)
def test_cells_that_would_be_others_are_refused(cells: tuple[Any, ...], form: type) -> None:
    frame = object_frame(None, *cells)
    indexed = frame[["a"]].set_axis(pd.Index(frame["t"], dtype=object))
    for value in (frame, indexed, frame["t"]):
        with pytest.raises(StoreError, match=r"Column 't' .* holds objects of type .*\(.*leave .*Columns\("):
            decode(stored(value, pickler=KeyedPickler()), as_type=form, pickler=KeyedPickler())


def test_what_a_cell_would_become_is_said() -> None:
    data = stored(object_frame(dt.date(2020, 1, 1), MOMENT))
    became = r"\(datetime.datetime\(2020, 1, 1, 5, 0\) would become datetime.date\(2020, 1, 1\)\)"
    with pytest.raises(StoreError, match=f"objects of type datetime.date and datetime.datetime, .* {became}"):
        decode(data, as_type=pa.Table)


@pytest.mark.parametrize(
    "cells",
    [
        (np.datetime64("2020-01-01"), np.float32(0.5)),
        ([np.datetime64("2020-01-01"), np.True_],),
        (np.array(["2020-01-01"], "M8[ns]"), np.array([0.5])),
        ({"a": [np.array(["2020-01-01"], "M8[s]")]}, {"a": (np.arange(2),)}),
        (np.array([np.datetime64("2020-01-01"), np.int8(1)], object),),
    ],
    ids=str,
)
def test_cells_at_which_pyarrow_crashes_are_refused(cells: tuple[Any, ...]) -> None:
    data = stored(object_frame(*cells))
    with pytest.raises(StoreError, match=r"Column 't' .*\(numpy.datetime64 beside another type of numpy's\)"):
        decode(data, as_type=pa.Table)


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        ((NANOSECOND, None, pd.NaT, dt.datetime(2020, 1, 1)), pa.timestamp("ns")),
        ((NANOSECOND.tz_localize("Europe/Berlin"), BERLIN), pa.timestamp("ns", "Europe/Berlin")),
        ((pd.Timedelta(1, "ns"), dt.timedelta(1)), pa.duration("ns")),
        (([NANOSECOND], [], None), pa.list_(pa.timestamp("ns"))),
        ((np.array([NANOSECOND, None], object),), pa.list_(pa.timestamp("ns"))),
        (
            (np.array(["2020-01-01T00:00:00.000000001", "NaT"], "M8[ns]"), [None]),
            pa.list_(pa.timestamp("ns")),
        ),
        (({"a": [pd.Timedelta(1, "ns")]},), pa.struct({"a": pa.list_(pa.duration("ns"))})),
        ((BERLIN, BERLIN + pd.Timedelta(180, "D")), pa.timestamp("us", "Europe/Berlin")),
        ((dt.datetime(1, 1, 1), pd.Timestamp("2020")), pa.timestamp("us")),
        (([1], [2.5], (3,)), pa.list_(pa.float64())),
        ((np.float32(0.1), 0.1, 2**53), pa.float64()),
        ((decimal.Decimal("1.5"), decimal.Decimal("1.25"), 3), pa.decimal128(3, 2)),
        ((b"a", bytearray(b"b")), pa.binary()),
        ((np.str_("a"), Colour.RED), pa.string()),
        ((Size.SMALL, np.int8(2), pd.NA), pa.int64()),
        ((np.arange(2), np.arange(0), None), pa.list_(pa.int64())),
        (
            ({"a": np.datetime64("2020-01-01", "us"), "b": np.float64(1.5)},),
            pa.struct({"a": pa.timestamp("us"), "b": pa.float64()}),
        ),
        ((np.array([0.1, np.nan]), np.arange(2)), pa.list_(pa.float64())),
        (({"a": 1}, {"b": 0.5, "a": np.nan}, None, {}), pa.struct({"a": pa.int64(), "b": pa.float64()})),
        (([None, np.nan, pd.NA, "a"], [pd.NaT]), pa.list_(pa.string())),
    ],
    ids=str,
)
def test_cells_that_fit_one_type_are_carried_without_loss(cells: tuple[Any, ...], kind: pa.DataType) -> None:
    column = decode(
        stored(object_frame(*cells), pickler=KeyedPickler()), as_type=pa.Table, pickler=KeyedPickler()
    )["t"]
    assert column.type == kind
    for cell, carried in zip(cells, column.to_pylist(), strict=True):
        assert whole(carried) == whole(cell)


def whole(cell: Any) -> Any:
    """A cell to compare, in which all that is missing is None."""
    if isinstance(cell, list | tuple | np.ndarray):
        return [*map(whole, cell)]
    if isinstance(cell, dict):
        return {key: part for key in cell if (part := whole(cell[key])) is not None}
    return None if pd.isna(cell) else cell


def test_categories_are_carried_without_loss_or_refused() -> None:
    moments = pd.Categorical.from_codes([0, -1], pd.Index([NANOSECOND, MOMENT], dtype=object))
    column = decode(stored(pd.DataFrame({"t": moments})), as_type=pa.Table)["t"]
    assert column.to_pylist() == [NANOSECOND, None]
    mixed = pd.Categorical.from_codes([0, 1], pd.Index([1.5, True], dtype=object))
    with pytest.raises(
        StoreError, match=r"categories of objects of type bool and float.*True would become 1\.0"
    ):
        decode(stored(pd.DataFrame({"t": mixed})), as_type=pa.Table)


def test_levels_are_columns_of_what_they_hold() -> None:
    levels = pd.MultiIndex.from_product([["a", "b"], [0.5, 1.5]], names=["k", "l"])
    frame = pd.DataFrame({"x": range(4)}, index=levels)
    assert decode(stored(frame), as_type=pl.DataFrame).schema == {
        "x": pl.Int64,
        "k": pl.String,
        "l": pl.Float64,
    }
    assert [str(kind) for kind in describe(stored(frame)).schema.types] == ["int64", "large_string", "double"]


@pytest.mark.parametrize("form", FORMS)
def test_columns_of_one_name_are_refused_by_name(form: type) -> None:
    frame = pd.DataFrame([[1, 2, 3]], columns=["a", "b", "a"])
    data = stored(frame)
    for columns in (None, ["a"], ["b", "a"]):
        with pytest.raises(StoreError, match="several columns named 'a'"):
            decode(data, as_type=form, columns=columns)
    assert cells(decode(data, as_type=form, columns=["b"])) == {"b": [2]}
    with pytest.raises(UnknownColumnError, match="no column 'a_1'"):
        decode(data, as_type=form, columns=["a_1"])


def test_names_that_a_library_would_change_are_refused() -> None:
    data = stored(pd.DataFrame({"a": [1], "A": [2]}))
    assert decode(data, as_type=pl.DataFrame).columns == ["a", "A"]
    with pytest.raises(StoreError, match="DuckDB would call column 'A' of the stored table 'A_1'"):
        decode(data, as_type=duckdb.DuckDBPyRelation)


def test_types_that_a_library_lacks_are_refused_with_the_column() -> None:
    moments = pd.to_datetime(["2020-01-01T00:00+01:30"])
    with pytest.raises(StoreError, match="polars can't take column 't' .* tz=\\+01:30"):
        decode(stored(pd.DataFrame({"x": [1], "t": moments})), as_type=pl.DataFrame)


NANOSECONDS = pa.duration("ns")


@pytest.mark.parametrize(
    "value",
    [
        pd.DataFrame({"t": pd.to_timedelta([1_500, None], unit="ns")}),
        object_frame(pd.Timedelta(1, "ns")),
        object_frame([pd.Timedelta(1, "ns")], []),
        pl.DataFrame({"t": pl.Series([[1]], dtype=pl.List(pl.Duration("ns")))}),
        pa.table({"t": pa.array([{"a": 1}], pa.struct({"a": NANOSECONDS}))}),
        pa.table({"t": pa.array([1], NANOSECONDS).dictionary_encode()}),
        pa.table({"t": pa.array([[1]], pa.list_(NANOSECONDS, 1))}),
        pa.table({"t": pa.array([[("k", 1)]], pa.map_(pa.string(), NANOSECONDS))}),
    ],
    ids=["numpy", "objects", "objects that are lists", "polars", "struct", "dictionary", "fixed size", "map"],
)
def test_nanoseconds_that_duckdb_would_cut_off_its_intervals_are_refused(value: Any) -> None:
    data = stored(value)
    with pytest.raises(
        StoreError, match=r"DuckDB can't take column 't' .* duration\[ns\].*lose data.* leave it out"
    ):
        decode(data, as_type=duckdb.DuckDBPyRelation)
    assert decode(data, as_type=pa.Table)["t"].num_chunks


@pytest.mark.parametrize(
    "kind",
    [
        pa.list_(pa.field("element", pa.int64(), nullable=False, metadata={"k": "v"})),
        pa.large_list(pa.field("element", pa.duration("us"), nullable=False)),
        pa.list_(pa.field("element", pa.int64(), nullable=False), 2),
        pa.map_(pa.string(), pa.field("v", pa.int64(), nullable=False), keys_sorted=True),
        pa.struct([pa.field("a", pa.duration("s"), nullable=False, metadata={"k": "v"})]),
        pa.dictionary(pa.int8(), pa.string(), ordered=True),
    ],
    ids=str,
)
def test_a_type_with_nothing_to_change_in_it_stays_as_it_is(kind: pa.DataType) -> None:
    assert with_innermost(kind, lambda inner: inner).equals(kind, check_metadata=True)


def test_duckdb_takes_durations_of_whole_microseconds() -> None:
    frame = pd.DataFrame({"t": pd.to_timedelta([5_000, None], unit="ns"), "m": [NANOSECOND] * 2})
    relation = decode(stored(frame), as_type=duckdb.DuckDBPyRelation)
    assert relation.fetchall() == [
        (duration, NANOSECOND.to_pydatetime(warn=False)) for duration in (dt.timedelta(microseconds=5), None)
    ]
    assert relation.to_arrow_table()["m"].to_pylist() == [NANOSECOND] * 2


@pytest.mark.parametrize("form", FORMS)
def test_pickled_cells_are_refused_and_the_rest_is_read(form: type) -> None:
    data = stored(object_frame(Custom(1)), pickler=KeyedPickler())
    with pytest.raises(StoreError, match="Column 't' .* holds objects of type .*Custom"):
        decode(data, as_type=form, pickler=KeyedPickler())
    assert cells(decode(data, as_type=form, columns=["a"], pickler=KeyedPickler())) == {"a": [0]}


def test_plain_columns_are_the_memory_of_the_file() -> None:
    data = stored(pd.DataFrame({"n": np.arange(9), "t": [["x"]] * 9}))
    (numbers,) = decode(data, as_type=pa.Table)["n"].chunks
    start = np.frombuffer(data, np.uint8).ctypes.data
    assert start <= numbers.buffers()[1].address < start + len(data)


def test_the_schema_says_nothing_of_how_cells_are_stored() -> None:
    frame = object_frame(["x"], ["y"]).set_index(pd.RangeIndex(2, name="n"))
    schema = describe(stored(frame)).schema
    assert schema.names == ["a", "t", "n"]
    kind = schema.field("t").type
    assert not pa.types.is_struct(kind)
    if hasattr(pa, "opaque"):
        assert (kind.type_name, kind.vendor_name) == ("object", "pandas")


def test_columns_that_are_plain_have_their_types_in_the_schema() -> None:
    for make in (FRAMES["shape: mixed"], FRAMES["dtype: categorical"], FRAMES["index: named as the column"]):
        data = stored(make())
        assert describe(data).schema == decode(data, as_type=pa.Table).schema

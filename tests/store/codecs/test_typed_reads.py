"""A stored table in the form that is asked for, whole or some of its columns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import plotly.graph_objects as go
import polars as pl
import pyarrow as pa
import pytest

from enrich.errors import StoreConfigError, StoreError, UnknownColumnError
from enrich.store import FileSystemBackend, Store
from enrich.store.codecs import decode, describe
from enrich.store.codecs.arrow_file import open_entry

from .exactness import assert_same, stored
from .pickling import KeyedPickler
from .samples import Custom
from .test_exact_pandas import FRAMES

FRAME = pd.DataFrame({"a": [1, 2], "b": ["x", None], "c": [0.5, 1.5]})
FORMS = [pd.DataFrame, pa.Table, pl.DataFrame, pl.LazyFrame, duckdb.DuckDBPyRelation]
SOURCES: dict[str, Any] = {
    "pandas": FRAME,
    "pyarrow": pa.table({"a": [1, 2], "b": ["x", None], "c": [0.5, 1.5]}),
    "polars": pl.DataFrame({"a": [1, 2], "b": ["x", None], "c": [0.5, 1.5]}),
    "lazy": pl.LazyFrame({"a": [1, 2], "b": ["x", None], "c": [0.5, 1.5]}),
}


def rows(table: Any) -> list[tuple[Any, ...]]:
    if isinstance(table, pl.LazyFrame):
        table = table.collect()
    if isinstance(table, duckdb.DuckDBPyRelation):
        table = table.to_arrow_table()
    if isinstance(table, pl.DataFrame):
        return table.rows()
    if isinstance(table, pa.Table):
        return [tuple(row.values()) for row in table.to_pylist()]
    return [
        tuple(None if cell is None or cell != cell else cell for cell in row)
        for row in table.to_numpy().tolist()
    ]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("source", SOURCES)
def test_table_is_read_as_the_form_asked_for(source: str, form: type) -> None:
    table = decode(stored(SOURCES[source]), as_type=form)
    assert isinstance(table, form)
    assert rows(table) == [(1, "x", 0.5), (2, None, 1.5)]


@pytest.mark.parametrize("form", [None, *FORMS])
@pytest.mark.parametrize("source", SOURCES)
def test_columns_come_in_the_order_asked_for(source: str, form: type | None) -> None:
    table = decode(stored(SOURCES[source]), as_type=form, columns=["c", "a"])
    assert rows(table) == [(0.5, 1), (1.5, 2)]


@pytest.mark.parametrize("form", [None, *FORMS])
@pytest.mark.parametrize("source", SOURCES)
def test_unknown_column_lists_those_there_are(source: str, form: type | None) -> None:
    with pytest.raises(UnknownColumnError, match=r"no column 'z'\. It has: 'a', 'b', 'c'"):
        decode(stored(SOURCES[source]), as_type=form, columns=["a", "z"])


@pytest.mark.parametrize("form", [None, *FORMS])
def test_unknown_column_is_guessed_at(form: type | None) -> None:
    frame = pd.DataFrame({"degrees": [1.5], "city": ["Oslo"], 7: [1]})
    guess = r"no column 'degres', 'z'\. Did you mean 'degrees'\? It has: 'degrees'"
    with pytest.raises(UnknownColumnError, match=guess):
        decode(stored(frame), as_type=form, columns=["degres", "z"])


def test_table_is_read_as_an_array() -> None:
    array = decode(stored(FRAME[["a", "c"]]), as_type=np.ndarray)
    assert array.tolist() == [[1.0, 0.5], [2.0, 1.5]]


def test_array_is_read_as_a_frame() -> None:
    assert decode(stored(np.eye(2)), as_type=pd.DataFrame).shape == (2, 2)


@pytest.mark.skipif(not hasattr(pl, "Int128"), reason="a type of newer polars")
def test_frame_that_only_polars_can_write_is_read_as_far_as_that_goes() -> None:
    frame = pl.DataFrame({"a": [1, 2], "b": [1 << 100, 2]}, schema={"a": pl.Int64, "b": pl.Int128})
    data = stored(frame)
    assert_same(frame.select("b"), decode(data, columns=["b"]))
    assert_same(frame, decode(data, as_type=pl.LazyFrame).collect())
    assert decode(data, as_type=pd.DataFrame, columns=["a"]).equals(pd.DataFrame({"a": [1, 2]}))
    assert decode(data, as_type=np.ndarray, columns=["a"]).tolist() == [[1], [2]]
    with pytest.raises(StoreError, match="types that Arrow lacks"):
        decode(data, as_type=pa.Table)
    with pytest.raises(UnknownColumnError, match="no column 'z'"):
        decode(data, columns=["z"])
    with pytest.raises(UnknownColumnError, match="no column 'z'"):
        decode(data, as_type=pa.Table, columns=["z"])


@pytest.mark.parametrize("kind", FRAMES)
def test_every_frame_is_read_as_itself_and_as_arrow(kind: str) -> None:
    frame = FRAMES[kind]()
    data = stored(frame)
    assert_same(frame, decode(data, as_type=pd.DataFrame))
    try:
        table = decode(data, as_type=pa.Table)
    except StoreError:
        return  # what is refused says test_tables_of_other_libraries.py
    table.validate(full=True)
    assert table.num_rows == len(frame) or not table.num_columns
    assert not table.schema.metadata


@pytest.mark.parametrize("kind", FRAMES)
def test_chosen_columns_equal_those_of_the_whole(kind: str) -> None:
    frame = FRAMES[kind]()
    if frame.columns.nlevels > 1 or not frame.columns.is_unique or frame.columns.hasnans:
        return
    if "big-endian" in kind and pd.__version__ < "3":
        return  # pandas 2 can't choose columns of such a frame
    places = list(range(len(frame.columns)))[::-2]
    names = [frame.columns.tolist()[place] for place in places]
    assert_same(frame.iloc[:, places], decode(stored(frame), columns=names))


def test_columns_may_be_asked_for_by_an_iterator() -> None:
    data = stored(FRAME)
    for _ in range(2):
        assert_same(FRAME[["c", "a"]], decode(data, columns=(name for name in ["c", "a"])))
        assert_same(FRAME[["c", "a"]], decode(data, columns=["c", "a"]))


def test_what_is_kept_of_the_columns_asked_for_is_bounded() -> None:
    names = [f"c{number}" for number in range(100)]
    data = stored(pd.DataFrame([range(100)], columns=names))
    for number in range(300):
        chosen = names[number % 90 :: 2 + number % 7]
        assert decode(data, columns=chosen).columns.tolist() == chosen
    plan = open_entry(memoryview(data)).plan
    assert len(plan.recipe._choices) <= 64
    assert max(map(len, plan.recipe._choices)) <= 64


def test_columns_of_one_name_all_come() -> None:
    frame = pd.DataFrame([[1, 2, 3]], columns=["a", "b", "a"])
    assert_same(frame[["a"]], decode(stored(frame), columns=["a"]))


def test_sparse_and_pickled_columns_are_not_lost_on_the_way_to_arrow() -> None:
    frame = pd.DataFrame({"s": pd.arrays.SparseArray([0, 0, 2]), "x": [1, 2, 3]})
    assert decode(stored(frame), as_type=pa.Table)["s"].to_pylist() == [0, 0, 2]
    assert decode(stored(frame), as_type=pl.DataFrame)["s"].to_list() == [0, 0, 2]


@pytest.mark.parametrize("values", [[1, 2, 3], [1, 2, 4]])
def test_a_named_index_is_a_column_whatever_is_in_it(values: list[int]) -> None:
    # pandas 3 makes a range of the first.
    frame = pd.DataFrame({"a": values, "b": list("xyz")}).set_index("a")
    for value, others in ((frame, ["b"]), (frame["b"], ["b"]), (frame[[]], [])):
        table = decode(stored(value), as_type=pa.Table)
        assert table.column_names == [*others, "a"]
        assert table["a"].to_pylist() == values
    assert decode(stored(frame), as_type=pl.DataFrame, columns=["a"]).to_dict(as_series=False) == {
        "a": values
    }
    sparse = pd.DataFrame({"s": pd.arrays.SparseArray([0, 0, 2])}, index=frame.index)
    assert decode(stored(sparse), as_type=pa.Table).to_pydict() == {"s": [0, 0, 2], "a": values}
    twice = pd.DataFrame({"a": [5, 6, 7]}, index=frame.index)
    assert decode(stored(twice), as_type=pa.Table).column_names == ["a", "__index_level_0__"]


def test_pickled_column_is_not_read_as_nulls() -> None:
    frame = pd.DataFrame({"x": [1], "o": pd.Series([Custom(1)], dtype=object)})
    data = stored(frame, pickler=KeyedPickler())
    with pytest.raises(StoreError, match="Column 'o' .* holds objects of type"):
        decode(data, as_type=pa.Table, pickler=KeyedPickler())
    assert decode(data, as_type=pa.Table, columns=["x"], pickler=KeyedPickler())["x"].to_pylist() == [1]


def test_pickled_index_is_not_read_as_nulls() -> None:
    frame = pd.DataFrame({"x": [1]}, index=pd.Index([Custom(1)], dtype=object))
    with pytest.raises(StoreError, match="Column '__index_level_0__' .* holds objects of type"):
        decode(stored(frame, pickler=KeyedPickler()), as_type=pa.Table, pickler=KeyedPickler())


def test_zoned_datetimes_keep_their_zone_in_arrow() -> None:
    frame = pd.DataFrame({"t": pd.date_range("2020", periods=2, tz="Europe/Berlin")})
    assert decode(stored(frame), as_type=pa.Table).schema.field("t").type.tz == "Europe/Berlin"


def test_series_and_index_are_read_as_frames() -> None:
    assert decode(stored(pd.Series([1], name="s")), as_type=pd.DataFrame).columns.tolist() == ["s"]
    assert decode(stored(pd.Index([1], name="s")), as_type=pd.DataFrame).columns.tolist() == ["s"]


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ({"a": 1}, "dict"),
        ("text", "str"),
        ([1, 2], "list"),
        (go.Figure(), "plotly.*Figure"),
        (np.eye(1)[None], "numpy.*"),
    ],
)
def test_value_that_is_no_table_says_so_and_what_to_do(value: Any, kind: str) -> None:
    says = rf"The stored value is a {kind}, not a table: .* Take it as it was stored, .* or store a table"
    for options in ({"as_type": pd.DataFrame}, {"as_type": pa.Table}, {"columns": ["a"]}):
        with pytest.raises(StoreError, match=says):
            decode(stored(value), **options)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("shape", [(2,), (2, 1), (2, 3)])
def test_array_is_read_as_every_form(form: type, shape: tuple[int, ...]) -> None:
    array = np.arange(np.prod(shape)).reshape(shape)
    table = decode(stored(array), as_type=form)
    assert isinstance(table, form)
    assert rows(table) == [tuple(row) for row in array.reshape(2, -1).tolist()]
    first = decode(stored(array), as_type=form, columns=[0 if form is pd.DataFrame else "0"])
    assert rows(first) == [(row[0],) for row in array.reshape(2, -1).tolist()]


def test_array_of_numbers_that_a_form_lacks_is_refused() -> None:
    with pytest.raises(StoreError, match="Column '0' .* complex128"):
        decode(stored(np.array([1j])), as_type=pl.DataFrame)


def test_form_that_is_unknown_lists_those_there_are() -> None:
    with pytest.raises(StoreError, match=r"can't be read as dict, but as one of: pandas\.DataFrame"):
        decode(stored(FRAME), as_type=dict)


def test_description_says_what_is_there_without_reading_it() -> None:
    data = stored(FRAME)
    description = describe(data)
    assert (description.kind, description.rows, description.nbytes) == ("pandas.DataFrame", 2, len(data))
    assert description.schema.names == ["a", "b", "c"]
    assert not description.schema.metadata
    assert describe(stored([1])).kind == "json"
    assert describe(stored(go.Figure())).kind == "plotly.graph_objs._figure.Figure"
    assert describe(stored([np.arange(2)])).kind == "list"
    assert describe(stored(pl.DataFrame({"a": [1]}))).kind == "polars.DataFrame"


@pytest.mark.skipif(not hasattr(pl, "Int128"), reason="a type of newer polars")
def test_frame_in_polars_own_dialect_says_how_many_rows_it_has() -> None:
    description = describe(stored(pl.DataFrame({"a": pl.Series([1, 2], dtype=pl.Int128)})))
    assert (description.kind, description.rows, description.schema) == ("polars.DataFrame", 2, None)


def test_columns_asked_for_are_known_to_be_sorted() -> None:
    frame = pl.DataFrame({"a": [2, 1], "b": [1, 2]}).sort("a")
    back = decode(stored(frame), columns=["b", "a"])
    assert (back["a"].flags["SORTED_ASC"], back["b"].flags["SORTED_ASC"]) == (True, False)


def test_table_without_columns_is_no_relation() -> None:
    with pytest.raises(StoreError, match="no columns"):
        decode(stored(pd.DataFrame()), as_type=duckdb.DuckDBPyRelation)


@pytest.mark.parametrize("value", [FRAME[["a", "c"]], FRAME["a"], FRAME, pl.DataFrame({"a": [1, 2]})])
def test_an_array_may_be_written_to(value: Any, tmp_path: Path) -> None:
    store = Store(FileSystemBackend(tmp_path))
    ref = store.put(value)
    array = store.get(ref, as_type=np.ndarray)
    before = array.tolist()
    array[0] = array[-1]
    assert array.tolist() != before
    assert store.get(ref, as_type=np.ndarray).tolist() == before


@pytest.mark.parametrize("value", [FRAME, pl.DataFrame({"a": [1, 2]}), pa.table({"a": [1, 2]})])
def test_a_column_asked_for_twice_is_refused(value: Any) -> None:
    with pytest.raises(StoreConfigError, match="'a' is asked for twice"):
        decode(stored(value), columns=["a", "a"])


def test_a_polars_series_always_comes_as_a_whole() -> None:
    series = pl.Series("a", [1, 2])
    assert decode(stored(series), columns=[]).equals(series)
    assert decode(stored(series), columns=["a"]).equals(series)
    with pytest.raises(UnknownColumnError):
        decode(stored(series), columns=["b"])

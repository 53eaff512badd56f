"""The file of a table is an Arrow file: other tools open it and find the columns under their names."""

from __future__ import annotations

import io

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from enrich.store.codecs import decode

from .exactness import stored
from .test_exact_pandas import FRAMES, wide_frame

# What polars has no type for, or no way to read: these it refuses in any Arrow file.
POLARS_CANNOT = {
    *(name for name in FRAMES if "Arrow list of dictionary" in name or "Arrow decimal256" in name),
    "empty: no rows of each dtype",
}


def frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "n": [1, 2, 3],
            "x": [1.5, np.nan, 2.5],
            "s": ["a", None, "c"],
            "t": pd.to_datetime(["2020-01-01", None, "2020-01-03"]),
            "b": [True, False, True],
            "c": pd.Categorical(["u", None, "v"]),
        },
        index=pd.Index([10, 20, 30], name="key"),
    )


@pytest.mark.parametrize("kind", FRAMES)
def test_pyarrow_opens_it(kind: str) -> None:
    value = FRAMES[kind]()
    table = pa.ipc.open_file(pa.py_buffer(stored(value))).read_all()
    table.validate(full=True)
    assert table.num_rows == len(value)
    assert table.num_columns >= value.shape[1]


@pytest.mark.parametrize("kind", FRAMES)
def test_pyarrow_reads_it_as_a_stream(kind: str) -> None:
    data = stored(FRAMES[kind]())
    table = pa.ipc.open_stream(pa.py_buffer(data[8:])).read_all()
    table.validate(full=True)


@pytest.mark.parametrize("kind", sorted(FRAMES.keys() - POLARS_CANNOT))
def test_polars_opens_it(kind: str) -> None:
    value = FRAMES[kind]()
    data = stored(value)
    if not hasattr(pl, "Int128") and _has_dictionary_of_other_than_text(pa.ipc.open_file(data).schema):
        pytest.skip("the oldest polars reads dictionaries of text only")
    table = pl.read_ipc(io.BytesIO(data))
    assert table.width >= value.shape[1]
    assert table.height == len(value) or not table.width


def _has_dictionary_of_other_than_text(schema: pa.Schema) -> bool:
    kinds = [kind.value_type for kind in schema.types if pa.types.is_dictionary(kind)]
    return any(kind not in (pa.string(), pa.large_string()) for kind in kinds)


def test_columns_have_their_names_and_values() -> None:
    table = pa.ipc.open_file(pa.py_buffer(stored(frame()))).read_all()
    assert table.column_names == ["n", "x", "s", "t", "b", "c", "key"]
    assert table["n"].to_pylist() == [1, 2, 3]
    assert table["s"].to_pylist() == ["a", None, "c"]
    assert table["t"].to_pylist()[1] is None
    assert table["b"].to_pylist() == [True, False, True]
    assert table["c"].to_pylist() == ["u", None, "v"]
    assert table["key"].to_pylist() == [10, 20, 30]


def test_duckdb_reads_it() -> None:
    stored_table = pa.ipc.open_file(pa.py_buffer(stored(frame()))).read_all()  # noqa: F841
    rows = duckdb.sql("select s, c, n + 1 as m from stored_table where b order by n").fetchall()
    assert rows == [("a", "u", 2), ("c", "v", 4)]


def test_duckdb_reads_the_views_that_polars_writes() -> None:
    table = decode(
        stored(pl.DataFrame({"s": ["a", None], "b": [b"\0", None]})), as_type=duckdb.DuckDBPyRelation
    )
    assert table.fetchall() == [("a", b"\0"), (None, None)]


def test_polars_reads_the_values() -> None:
    table = pl.read_ipc(io.BytesIO(stored(frame())))
    assert table.filter(pl.col("c") == "v")["n"].to_list() == [3]
    assert table["t"].null_count() == 1


def test_arrow_values_equal_those_of_pandas() -> None:
    value = frame()
    ours = pa.ipc.open_file(pa.py_buffer(stored(value))).read_all()
    theirs = pa.Table.from_pandas(value)
    for name in value.columns:
        assert ours[name].to_pylist() == theirs[name].to_pylist() or name == "x"


def test_each_of_many_columns_side_by_side_has_its_own_values() -> None:
    value = wide_frame()
    table = pa.ipc.open_file(pa.py_buffer(stored(value))).read_all()
    assert table.column_names == list(value.columns)
    for name in value.columns[:151]:
        expected = [None if pd.isna(cell) else cell for cell in value[name]]
        assert table[name].to_pylist() == expected
    assert table["c49"].to_pylist() == [[0.0, cell.imag] for cell in value["c49"]]


@pytest.mark.parametrize("kind", [pa.table, pl.DataFrame])
def test_tables_of_other_libraries_open_too(kind: type) -> None:
    data = stored(kind({"a": [1, 2], "b": ["x", None]}))
    assert pa.ipc.open_file(pa.py_buffer(data)).read_all()["a"].to_pylist() == [1, 2]
    assert pl.read_ipc(io.BytesIO(data))["b"].to_list() == ["x", None]

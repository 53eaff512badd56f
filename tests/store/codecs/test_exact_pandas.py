"""The public table, pandas: each kind comes back as it was."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from enrich.store.codecs import decode, encode

from .cell_kinds import CELLS
from .dtype_kinds import DTYPES, PANDAS_3, UNMADE_TYPES
from .exactness import assert_same, round_trip, stored
from .index_kinds import COLUMN_NAMES, INDEXES, Kinds, named, under
from .pickling import KeyedPickler

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


def wide_frame() -> pd.DataFrame:
    """Runs of columns of each width, a text between them, complex numbers, and an odd number of rows."""
    return pd.concat(
        [
            pd.DataFrame(np.arange(150.0).reshape(3, 50)).add_prefix("x"),
            pd.DataFrame({"text": ["a", None, "ä"]}),
            pd.DataFrame(np.arange(150, dtype="i2").reshape(3, 50)).add_prefix("i"),
            pd.DataFrame(np.arange(150).reshape(3, 50) % 2 == 0).add_prefix("b"),
            pd.DataFrame(np.arange(150).reshape(3, 50) * 1j).add_prefix("c"),
        ],
        axis=1,
    )


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
    "wide of each kind": lambda: wide_frame(),
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


@pytest.mark.parametrize("kind", [pd.Series, pd.DataFrame])
def test_names_that_are_equal_to_python_stay_apart(kind: type[Any]) -> None:
    for name in (1, True, 1.0, "1"):
        assert_same(round_trip(kind([1]).rename_axis(name)), kind([1]).rename_axis(name))
        assert_same(round_trip(pd.Series([1], name=name)), pd.Series([1], name=name))


def test_names_that_python_turns_into_no_text_come_back() -> None:
    names = pd.Index([10**5000, 1], dtype=object)
    assert list(round_trip(pd.DataFrame([[1, 2]], columns=names)).columns) == [10**5000, 1]


class Metres(pa.ExtensionType):
    """A type of a user's own: its instances have no hash."""

    def __init__(self) -> None:
        super().__init__(pa.int64(), "tests.metres")

    def __arrow_ext_serialize__(self) -> bytes:
        return b""

    @classmethod
    def __arrow_ext_deserialize__(cls, storage_type: pa.DataType, serialized: bytes) -> Metres:
        return cls()


def test_extension_type_of_a_user_comes_back() -> None:
    pa.register_extension_type(Metres())
    try:
        array = pa.ExtensionArray.from_storage(Metres(), pa.array([1, None]))
        back = round_trip(pd.DataFrame({"a": pd.arrays.ArrowExtensionArray(array)}))
        assert back["a"].array.__arrow_array__().equals(pa.chunked_array([array]))
    finally:
        pa.unregister_extension_type("tests.metres")


@pytest.mark.parametrize("name", UNMADE_TYPES)
def test_arrow_column_of_no_chunks_comes_back(name: str) -> None:
    array = pd.arrays.ArrowExtensionArray(pa.chunked_array([], UNMADE_TYPES[name]))
    back = round_trip(pd.DataFrame({"a": array}))
    assert_same(array, back["a"].array)


def test_metadata_inside_an_arrow_type_is_the_frame_s_own() -> None:
    for metadata in (None, {"unit": "m"}, {"unit": "km"}):
        kind = pa.list_(pa.field("item", pa.int64(), metadata=metadata))
        back = round_trip(pd.DataFrame({"a": pd.array([[1]], dtype=pd.ArrowDtype(kind))}))
        assert back["a"].dtype.pyarrow_dtype.equals(kind, check_metadata=True)


def test_frames_of_one_make_differ_only_in_what_they_hold() -> None:
    starts = set()
    for rows in (1, 2, 300):
        frame = pd.DataFrame({"a": np.arange(rows), "b": pd.Categorical(["x"] * rows)})
        assert_same(round_trip(frame), frame)
        starts.add(bytes(encode(frame).buffers[0]))
    assert len(starts) == 1


def test_an_offset_gives_equal_bytes_whatever_python_hashes_with() -> None:
    code = (
        "import pandas as pd, hashlib; from enrich.store.codecs import encode; "
        "offset = pd.DateOffset(months=1, days=2, hours=3, minutes=4); "
        "print(hashlib.sha256(b''.join(encode(offset).buffers)).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in "123"
    }
    assert len(digests) == 1


def test_a_flag_of_numpy_s_is_no_other_than_python_s() -> None:
    for ordered in (np.True_, True, np.False_, False):
        # Of a make that nobody has met before.
        categories = pd.Index([1, 2], dtype="u2", name=f"unseen {bool(ordered)}")
        values = pd.Categorical([1, 2], categories=categories, ordered=ordered)
        for value in (pd.Series(values), pd.DataFrame({"a": values}), pd.Index(values)):
            assert round_trip(value).equals(value)


@pytest.mark.parametrize("dtype", ["U1", "M8[s]", "f2", "S1", "i8"])
def test_numpy_s_arrays_as_pandas_has_them(dtype: str) -> None:
    array = pd.arrays.NumpyExtensionArray(np.zeros(3, dtype))
    assert_same([array], round_trip([array]))


@pytest.mark.skipif(not PANDAS_3, reason="older pandas has no columns of records")
@pytest.mark.parametrize("wrap", [pd.Series, lambda array: pd.DataFrame({"a": array}), lambda array: [array]])
def test_records_as_pandas_has_them(wrap: Any) -> None:
    array = pd.arrays.NumpyExtensionArray(np.array([(1, 2.5), (3, 4.5)], [("a", "i4"), ("b", "f8")]))
    found = decode(stored(wrap(array), pickler=KeyedPickler()), pickler=KeyedPickler())
    assert_same(wrap(array), found)

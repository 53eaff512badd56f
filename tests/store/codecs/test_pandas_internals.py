"""The contract of the one file that uses private names of pandas: what it takes for granted, in each version."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from enrich.store.codecs import pandas_internals as internals
from enrich.store.codecs.pandas_columns import string_na

from .exactness import assert_same


def test_blocks_are_the_frames_own_memory() -> None:
    frame = pd.DataFrame({"a": [1.5, 2.5], "b": [1, 2], "c": [3.5, 4.5]})
    blocks = internals.blocks_of(frame)
    assert sorted(position for _, positions in blocks for position in positions) == [0, 1, 2]
    for values, positions in blocks:
        assert values.shape == (len(positions), 2)
        for row, position in zip(values, positions, strict=True):
            assert np.shares_memory(row, frame.iloc[:, position].to_numpy())


def test_naive_datetimes_are_plain_arrays() -> None:
    frame = pd.DataFrame({"t": pd.to_datetime(["2020", None]), "d": pd.to_timedelta([1, 2])})
    assert {type(values) for values, _ in internals.blocks_of(frame)} == {np.ndarray}


@pytest.mark.parametrize(
    "column",
    [
        pd.date_range("2020", periods=2, tz="UTC").array,
        pd.period_range("2020", periods=2, freq="M").array,
        pd.Categorical(["a", "b"]),
        pd.array([1, None], dtype="Int64"),
        pd.array(["a", None], dtype="string[python]"),
        pd.array(["a", None], dtype="string[pyarrow]"),
        pd.interval_range(0, 2).array,
        pd.arrays.SparseArray([0, 1]),
    ],
    ids=lambda column: str(column.dtype),
)
def test_frame_is_built_of_any_extension_array(column: object) -> None:
    names = pd.Index(["a", "n"])
    blocks = [(column, internals.placement([0])), (np.array([[1.5, 2.5]]), internals.placement([1]))]
    frame = internals.frame_of(blocks, pd.RangeIndex(2), names)
    assert_same(pd.DataFrame({"a": column, "n": [1.5, 2.5]}), frame)


def test_frame_is_built_over_the_arrays_it_is_given() -> None:
    values = np.arange(6.0).reshape(2, 3)
    frame = internals.frame_of(
        [(values, internals.placement(slice(0, 2, 1)))], pd.RangeIndex(3), pd.Index(["b", "a"])
    )
    assert np.shares_memory(frame["b"].to_numpy(), values)
    assert frame["b"].tolist() == [0.0, 1.0, 2.0]
    frame.loc[0, "a"] = 9.0
    assert frame.loc[0, "a"] == 9.0


@pytest.mark.parametrize("kind", ["M8[s]", "M8[ns]", "m8[us]"])
def test_times_become_blocks_of_their_unit(kind: str) -> None:
    values = np.array([[1, 2]], "i8").view(kind)
    frame = internals.frame_of(
        [(values, internals.placement(slice(0, 1, 1)))], pd.RangeIndex(2), pd.Index(["t"])
    )
    assert_same(pd.DataFrame({"t": values[0]}), frame)


@pytest.mark.parametrize(
    "values", [np.array([1, 2]), np.array([1.5]), np.array([True]), np.array(["a", 1], object)]
)
def test_index_is_one_of_pandas_own_making(values: np.ndarray) -> None:
    index = internals.index_of(values, "name")
    assert_same(pd.Index(values, dtype=values.dtype, name="name"), index)
    assert np.shares_memory(index.to_numpy(), values)


def test_index_of_text_is_one_of_pandas_own_making() -> None:
    values = pd.array(["a", None], dtype="string[pyarrow]")
    assert_same(pd.Index(values, name="n"), internals.index_of(values, "n"))


@pytest.mark.parametrize("dtype", ["str", "string[pyarrow]"])
def test_string_array_is_one_of_pandas_own_making(dtype: str) -> None:
    made = pd.array(["a", None], dtype=dtype)
    if not hasattr(made, "__arrow_array__"):
        pytest.skip("before pandas 3, str means Python's own")
    wrap = internals.string_wrapper(made.dtype.storage, string_na(made.dtype))
    array = wrap(pa.chunked_array([made.__arrow_array__()]))
    assert_same(made, array)
    assert vars(array).keys() == vars(made).keys()


def test_frequency_is_set_without_a_look_at_the_values() -> None:
    index = pd.date_range("2020", periods=3)
    bare = pd.DatetimeIndex(index.to_numpy())
    assert internals.with_freq(bare, index.freq).freq == pd.offsets.Day()
    assert_same(index, bare)


def test_zoned_array_is_one_of_pandas_own_making() -> None:
    index = pd.date_range("2020", periods=3, tz="Europe/Berlin")
    moments = index.tz_convert("UTC").tz_localize(None).to_numpy()
    assert_same(pd.Series(index).array, internals.datetime_array(moments.copy(), index.dtype))


def test_categorical_is_one_of_pandas_own_making() -> None:
    made = pd.Categorical(["a", None, "b"], categories=["b", "a", "z"], ordered=True)
    assert_same(made, internals.categorical(made.codes, made.categories, True))


def test_sparse_array_keeps_its_stored_values() -> None:
    for kind in ("integer", "block"):
        made = pd.arrays.SparseArray([0, 0, 2, 3], kind=kind)
        name, places = internals.sparse_places(made)
        assert_same(made, internals.sparse_array(4, name, places, made.sp_values, made.dtype))


def test_masked_array_is_its_data_and_its_mask() -> None:
    data, mask = internals.masked_data(pd.array([1, None], dtype="Int64"))
    assert (data[0], mask.tolist()) == (1, [False, True])


def test_multi_index_keeps_levels_that_nothing_uses() -> None:
    levels = [pd.Index(["a", "unused"]), pd.Index([1, 2])]
    index = internals.multi_index(
        levels, [np.array([0, -1], "i1"), np.array([1, 0], "i1")], ["x", None], None
    )
    assert index.levels[0].tolist() == ["a", "unused"]
    assert index.tolist() == [("a", 2), (np.nan, 1)] or pd.isna(index[1][0])


def test_arrays_are_those_of_the_blocks() -> None:
    frame = pd.DataFrame({"a": [1.5, 2.5], "b": pd.to_datetime(["2020", None]), "c": [3.5, 4.5]})
    frame["d"] = pd.Categorical(["x", "y"])
    seen = internals.arrays_of(frame)
    assert [values.shape for values, _ in seen] == [values.shape for values, _ in internals.blocks_of(frame)]
    assert len({places for _, places in seen}) == len(seen)


def test_extras_are_attrs_and_flags() -> None:
    frame = pd.DataFrame({"a": [1.5]})
    assert not internals.has_extras(frame)
    assert internals.has_extras(frame.set_flags(allows_duplicate_labels=False))
    frame.attrs["unit"] = "m"
    assert internals.has_extras(frame)


def test_bounds_are_those_of_the_range() -> None:
    assert internals.bounds_of(pd.RangeIndex(3, 30, 4)) == (3, 30, 4)


def test_memory_and_dtype_of_text_are_the_arrays_own() -> None:
    values = pd.array(["a", None], dtype="string[pyarrow]")
    dtype, memory = internals.arrow_of(values)
    assert dtype is values.dtype
    assert memory is values.__arrow_array__()

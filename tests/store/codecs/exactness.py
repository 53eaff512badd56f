"""Equality as the store means it: ``assert_frame_equal(check_exact=True)``, and what that forgets."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from pandas.api.types import is_object_dtype

from enrich.store.codecs import decode, encode


def stored(value: Any, **options: Any) -> bytearray:
    """The bytes that a file of this value has."""
    entry = encode(value, **options)
    data = bytearray(b"".join(entry.buffers))
    assert len(data) == entry.nbytes
    return data


def round_trip(value: Any, **options: Any) -> Any:
    return decode(stored(value, **options), **options)


def assert_same(left: Any, right: Any, path: str = "value") -> None:
    """Fail unless two values are the same in type and in all that their type consists of."""
    assert type(left) is type(right), f"{path}: {type(left)} is not {type(right)}"
    if isinstance(left, pd.DataFrame):
        _same_frame(left, right, path)
    elif isinstance(left, pd.Series):
        if not is_object_dtype(left.dtype):  # pandas can't tell lists in lists with NaN in them
            pd.testing.assert_series_equal(left, right, check_exact=True, check_freq=True, check_flags=True)
        assert left.flags == right.flags, path
        assert_same(left.array, right.array, f"{path}.array")
        assert_same(left.index, right.index, f"{path}.index")
        assert_same(left.name, right.name, f"{path}.name")
        assert_same(left.attrs, right.attrs, f"{path}.attrs")
    elif isinstance(left, pd.Index):
        _same_index(left, right, path)
    elif isinstance(left, pd.api.extensions.ExtensionArray):
        _same_array(left, right, path)
    elif isinstance(left, np.ndarray):
        _same_ndarray(left, right, path)
    elif isinstance(left, (pa.Table, pa.RecordBatch)):
        assert left.schema.equals(right.schema, check_metadata=True), path
        assert left.num_rows == right.num_rows, path
        assert [_dictionaries(column) for column in left.columns] == [
            _dictionaries(column) for column in right.columns
        ]
        left, right = (
            (side if isinstance(side, pa.Table) else pa.Table.from_batches([side])).combine_chunks()
            for side in (left, right)
        )
        right.validate(full=True)
        _same_arrow(left, right, path)
    elif type(left).__module__.startswith(("polars", "plotly", "shapely")):
        _same_foreign(left, right, path)
    else:
        _same_plain(left, right, path)


def _same_frame(left: pd.DataFrame, right: pd.DataFrame, path: str) -> None:
    assert left.shape == right.shape
    assert left.flags == right.flags, path
    assert_same(list(left.dtypes), list(right.dtypes), f"{path}.dtypes")
    pd.testing.assert_frame_equal(
        _without_objects(left),
        _without_objects(right),
        check_exact=True,
        check_freq=True,
        check_flags=True,
        check_column_type="exact",
    )
    assert_same(left.columns, right.columns, f"{path}.columns")
    assert_same(left.index, right.index, f"{path}.index")
    assert_same(left.attrs, right.attrs, f"{path}.attrs")
    for position in range(left.shape[1]):
        ours, theirs = left.iloc[:, position], right.iloc[:, position]
        assert_same(ours.array, theirs.array, f"{path}[{left.columns[position]!r}]")
    if hasattr(left, "_geometry_column_name"):
        assert left._geometry_column_name == right._geometry_column_name
        assert left.crs == right.crs


def _without_objects(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame without its objects: pandas can't tell lists in lists with NaN in them."""
    places = [position for position, dtype in enumerate(frame.dtypes) if is_object_dtype(dtype)]
    plain = frame.copy(deep=False) if places else frame
    for position in places:
        plain.isetitem(position, 0)
    return plain


def _same_index(left: pd.Index, right: pd.Index, path: str) -> None:
    assert left.equals(right) or left.hasnans or left.dtype == object, path
    assert len(left) == len(right), path
    assert_same(list(left.names), list(right.names), f"{path}.names")
    if isinstance(left, pd.MultiIndex):
        assert left.nlevels == right.nlevels
        assert left.sortorder == right.sortorder
        for level, (ours, theirs) in enumerate(zip(left.levels, right.levels, strict=True)):
            assert_same(ours, theirs, f"{path}.levels[{level}]")
            np.testing.assert_array_equal(left.codes[level], right.codes[level])
    elif isinstance(left, pd.RangeIndex):
        assert (left.start, left.stop, left.step) == (right.start, right.stop, right.step), path
    else:
        assert_same(left.array, right.array, f"{path}.array")
        assert_same(getattr(left, "freq", None), getattr(right, "freq", None), f"{path}.freq")


def _same_array(left: Any, right: Any, path: str) -> None:
    assert_same(left.dtype, right.dtype, f"{path}.dtype")
    assert len(left) == len(right), path
    if isinstance(left, pd.Categorical):
        np.testing.assert_array_equal(left.codes, right.codes, strict=True)
        assert_same(left.categories, right.categories, f"{path}.categories")
        assert left.ordered is right.ordered, path
    elif isinstance(left, pd.arrays.SparseArray):
        assert left.sp_index.equals(right.sp_index), path
        assert type(left.sp_index) is type(right.sp_index), path
        assert_same(left.sp_values, right.sp_values, path)
    elif hasattr(left, "_mask"):
        np.testing.assert_array_equal(left._mask, right._mask)
        assert_same(left._data[~left._mask], right._data[~right._mask], path)
    elif hasattr(left, "_pa_array"):
        assert left._pa_array.type == right._pa_array.type, path
        _same_arrow(left._pa_array, right._pa_array, path)
    elif isinstance(left, pd.arrays.IntervalArray):
        assert_same(left.left, right.left, f"{path}.left")
        assert_same(left.right, right.right, f"{path}.right")
    elif type(left).__name__ == "GeometryArray":
        assert_same(np.asarray(left, object), np.asarray(right, object), path)
        assert left.crs == right.crs
    else:
        assert_same(left._ndarray, right._ndarray, path)


def _same_arrow(left: Any, right: Any, path: str) -> None:
    # For Arrow's equals, NaN differs from NaN, and 0.0 doesn't differ from -0.0.
    assert _cells(left) == _cells(right), path


def _dictionaries(column: Any) -> Any:
    """What the chunks of a column have as their dictionaries, which to_pylist() looks through."""
    if not pa.types.is_dictionary(column.type):
        return None
    chunks = column.chunks if isinstance(column, pa.ChunkedArray) else [column]
    return [_cells(chunk.dictionary) for chunk in chunks if len(chunk)]


def _cells(data: Any) -> str:
    return repr(data.to_pylist())


def _same_ndarray(left: np.ndarray[Any, Any], right: np.ndarray[Any, Any], path: str) -> None:
    _same_dtype(left.dtype, right.dtype, path)
    assert left.shape == right.shape, path
    assert right.flags.writeable or not right.size, path
    if left.dtype.hasobject and not left.dtype.names:  # objects, and texts of any length
        for position, (ours, theirs) in enumerate(
            zip(left.ravel().tolist(), right.ravel().tolist(), strict=True)
        ):
            assert_same(ours, theirs, f"{path}[{position}]")
    elif left.dtype.char in "gG":  # has bytes that mean nothing
        np.testing.assert_array_equal(left, right)
    else:
        assert left.tobytes() == right.tobytes(), path


def _same_dtype(left: np.dtype[Any], right: np.dtype[Any], path: str) -> None:
    assert left == right, f"{path}: {left} is not {right}"
    for name in ("byteorder", "type", "metadata", "isalignedstruct"):
        assert getattr(left, name) == getattr(right, name), f"{path}.{name}"
    for name in left.names or ():
        _same_dtype(left[name].base, right[name].base, f"{path}.{name}")


def _same_foreign(left: Any, right: Any, path: str) -> None:
    if hasattr(left, "collect"):
        left, right = left.collect(), right.collect()
    if hasattr(left, "schema"):
        assert left.schema == right.schema, path
        assert left.equals(right, null_equal=True) or _frame_cells(left) == _frame_cells(right), path
        assert _sorted(left) == _sorted(right), path
    elif hasattr(left, "dtype"):
        assert left.dtype == right.dtype, path
        assert left.name == right.name, path
        assert left.equals(right, null_equal=True), path
        assert _sorted(left.to_frame()) == _sorted(right.to_frame()), path
    elif hasattr(left, "to_plotly_json"):
        for name in ("_data", "_layout", "_grid_ref", "_grid_str", "_validate"):
            assert_same(getattr(left, name), getattr(right, name), f"{path}.{name}")
        assert_same(*([frame._props for frame in side.frames] for side in (left, right)), f"{path}.frames")
        assert left == right, path
    else:
        assert left == right, path


def _sorted(frame: Any) -> Any:
    return {name: (flags["SORTED_ASC"], flags["SORTED_DESC"]) for name, flags in frame.flags.items()}


def _frame_cells(frame: Any) -> str:
    return repr(frame.rows())


def _same_plain(left: Any, right: Any, path: str) -> None:
    if dataclasses.is_dataclass(left):
        for field in dataclasses.fields(left):
            assert_same(getattr(left, field.name), getattr(right, field.name), f"{path}.{field.name}")
    elif isinstance(left, dict):
        for ours, theirs in zip(left, right, strict=True):
            assert_same(ours, theirs, f"{path} key")
            assert_same(left[ours], right[theirs], f"{path}[{ours!r}]")
    elif isinstance(left, (list, tuple)) or type(left).__name__ == "deque":
        assert len(left) == len(right), path
        for position, (ours, theirs) in enumerate(zip(left, right, strict=True)):
            assert_same(ours, theirs, f"{path}[{position}]")
    elif isinstance(left, (set, frozenset)):
        ordered = (sorted(side, key=lambda item: (type(item).__name__, repr(item))) for side in (left, right))
        assert_same(*ordered, f"{path} member")
    elif left is None or left is pd.NA or left is pd.NaT or left is ...:
        assert left is right, path
    elif isinstance(left, np.dtype):
        _same_dtype(left, right, path)
    elif isinstance(left, (float, complex, np.generic)) or type(left).__name__ == "Decimal":
        assert repr(left) == repr(right), path
        assert left == right or left != left, path
        if isinstance(left, (float, complex)):  # NaN has a sign and a payload that its repr doesn't show
            assert np.array(left).tobytes() == np.array(right).tobytes(), path
    else:
        assert left == right, path
        for name in ("fold", "unit", "is_safe", "closed"):
            assert getattr(left, name, None) == getattr(right, name, None), f"{path}.{name}"
        if isinstance(left, dt.tzinfo):
            assert repr(left) == repr(right), path
        zone = getattr(left, "tzinfo", None)
        if zone is not None:
            assert_same(zone, right.tzinfo, f"{path}.tzinfo")

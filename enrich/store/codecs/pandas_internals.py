"""The one file that uses private names of pandas; ``tests/store/codecs/test_pandas_internals.py`` is its contract.

A frame's blocks can be read only through ``_mgr``. Building a frame from blocks is public from pandas 3.0
(``pandas.api.internals``, made for pyarrow), but checks what we know; the parts that it is made of are the same in
pandas 2.2 to 3.1. Public constructors look at every value, copy, or consolidate, which is what makes ``to_pandas``
slow.
"""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable, Hashable, Sequence
from functools import cache
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
from pandas._libs.internals import BlockPlacement
from pandas.core.arrays import DatetimeArray, TimedeltaArray
from pandas.core.internals.blocks import ExtensionBlock, get_block_type
from pandas.core.internals.managers import BlockManager

Places = Sequence[int]
Blocks = list[tuple[Any, BlockPlacement]]


def blocks_of(frame: pd.DataFrame) -> list[tuple[Any, Places]]:
    """The frame's own arrays, (columns × rows) or one column each, with the positions of their columns."""
    return [(_array_of(block.values), _places(block.mgr_locs.indexer)) for block in frame._mgr.blocks]


def _places(indexer: Any) -> Places:
    return range(*indexer.indices(sys.maxsize)) if type(indexer) is slice else tuple(indexer.tolist())


def _array_of(values: Any) -> Any:
    # Naive datetimes and timedeltas are extension arrays of two dimensions around a numpy array.
    if isinstance(values, np.ndarray) or not isinstance(values.dtype, np.dtype):
        return values
    return getattr(values, "_ndarray", values)


def arrays_of(frame: pd.DataFrame) -> list[tuple[Any, Hashable]]:
    """The arrays as pandas has them, with their columns' positions as something that can be compared."""
    arrays: list[tuple[Any, Hashable]] = []
    for block in frame._mgr.blocks:
        at = block._mgr_locs.indexer
        places = (at.start, at.stop, at.step) if type(at) is slice else (*at.tolist(),)
        arrays.append((block.values, places))
    return arrays


def has_extras(frame: pd.DataFrame) -> bool:
    """Has it attrs, or a flag that isn't as usual? The public way takes three calls."""
    return bool(frame._attrs) or not frame._flags._allows_duplicate_labels


def bounds_of(index: pd.RangeIndex) -> tuple[int, int, int]:
    """Where a range starts, stops, and its step."""
    values = index._range
    return values.start, values.stop, values.step


def arrow_of(array: Any) -> tuple[Any, pa.ChunkedArray]:
    """The dtype of a string array, and its memory."""
    return array._dtype, array._pa_array


def ndarray_of(array: Any) -> np.ndarray[Any, Any]:
    """The memory behind a datetime, timedelta or numpy extension array, without a copy."""
    return array._ndarray  # type: ignore[no-any-return]


def placement(positions: Any) -> BlockPlacement:
    """The positions of a block's columns, as pandas has them; frames may share one."""
    return BlockPlacement(positions)


def frame_of(blocks: Blocks, index: pd.Index, columns: pd.Index) -> pd.DataFrame:
    """A frame over these arrays as they are: (columns × rows) of numpy, or one extension array for a column."""
    made = []
    for values, positions in blocks:
        known: Any = values.dtype if type(values) is np.ndarray else type(values)
        kind, wrap = _block_make(known)
        if type(values) is np.ndarray and values.ndim == 1:
            values = values.reshape(1, -1)
        made.append(kind(values if wrap is None else wrap(values), positions, 2))
    manager = BlockManager(made, [columns, index], verify_integrity=False)
    return pd.DataFrame._from_mgr(manager, manager.axes)


@cache
def _block_make(known: Any) -> tuple[Any, Callable[[Any], Any] | None]:
    """The class of blocks over arrays of a dtype of numpy, or of an extension array's class, and how these come in."""
    # Zoned datetimes and periods are kept in two dimensions, other extension arrays in one; naive datetimes and
    # timedeltas are wrapped.
    if isinstance(known, np.dtype):
        wrapper = _WRAPPERS.get(known.kind)
        return get_block_type(known), wrapper and (
            lambda values: wrapper._simple_new(values, dtype=values.dtype)
        )
    example = _IN_TWO_DIMENSIONS.get(known)
    if example is None:
        return ExtensionBlock, None
    return get_block_type(example), lambda values: values.reshape(1, -1)


_WRAPPERS: dict[str, Any] = {"M": DatetimeArray, "m": TimedeltaArray}
# With a dtype that such arrays have.
_IN_TWO_DIMENSIONS: dict[Any, Any] = {
    DatetimeArray: pd.DatetimeTZDtype("ns", "UTC"),
    pd.arrays.PeriodArray: pd.PeriodDtype("D"),
}


def index_of(values: Any, name: Any) -> pd.Index:
    """An index over an array as it is."""
    if isinstance(values.dtype, pd.StringDtype) or (
        isinstance(values, np.ndarray) and values.dtype.kind not in "mM"
    ):
        return plain_index(values, name)
    return pd.Index(values, copy=False, name=name)


# The index of a range, and one of pandas' base class over numpy's or string arrays; the public ways look at the dtype
# and the values first.
range_index: Callable[[range, Any], pd.RangeIndex] = pd.RangeIndex._simple_new
plain_index: Callable[[Any, Any], pd.Index] = pd.Index._simple_new


def _labels_are_read_only() -> bool:
    labels = pd.Index(["a"], dtype="str")
    try:
        labels.array[0] = "b"
    except ValueError:
        return True
    return False


# Up to pandas 3.0 an index lets out its array, and finds what was written there before it first looked.
LABELS_ARE_READ_ONLY: Final = _labels_are_read_only()


def labels_like(index: pd.Index) -> Callable[[Any, Any], pd.Index]:
    """How indexes of an array equal to this one's are made, each with a name; what finds a label is made once."""
    # Now, since two threads may look for their first label at once.
    operator.contains(index, "")
    cache = dict(index._cache)

    def labels(values: Any, name: Any) -> pd.Index:
        made = plain_index(values, name)
        made._cache = dict(cache)
        return made

    return labels


@cache
def string_dtype(storage: str, missing: str) -> pd.StringDtype:
    """The string dtype of a storage and a missing value."""
    if missing == "NA" or storage.endswith("_numpy"):
        return pd.StringDtype(storage)
    return pd.StringDtype(storage, na_value=np.nan)


@cache
def string_wrapper(storage: str, missing: str) -> Callable[[pa.ChunkedArray], Any]:
    """How string arrays of pandas are made over Arrow's; the public ways take longer than all else of a column."""
    dtype = string_dtype(storage, missing)
    empty = dtype.__from_arrow__(pa.array([], pa.large_string()))
    kind, caches = type(empty), hasattr(empty, "_cache")

    def wrap(values: pa.ChunkedArray) -> Any:
        made: Any = object.__new__(kind)
        made._pa_array = values
        made._dtype = dtype
        if caches:
            made._cache = {}
        return made

    return wrap


def datetime_array(values: np.ndarray[Any, Any], dtype: pd.DatetimeTZDtype) -> Any:
    """A zoned datetime array over UTC moments; the public ways there copy or look at every value."""
    return DatetimeArray._simple_new(values, dtype=dtype)


def with_freq(index: Any, freq: Any) -> Any:
    """The datetime or timedelta index with a frequency it is known to have; the setter would check every value."""
    # Up to pandas 3.0 the array has it, from 3.1 the index.
    holder = index._data if hasattr(index._data, "_freq") else index
    holder._freq = freq
    return index


def categorical(codes: np.ndarray[Any, Any], categories: pd.Index, ordered: bool) -> pd.Categorical:
    """A categorical over codes that are known to fit, and categories that are known to differ."""
    # The ways of the two classes look for missing and double categories, and for the smallest type of the codes.
    dtype = object.__new__(pd.CategoricalDtype)
    dtype._categories = categories
    dtype._ordered = ordered
    return super(pd.Categorical, pd.Categorical)._simple_new(codes, dtype)


def masked_data(array: Any) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """The values and the mask of a nullable array."""
    return array._data, array._mask


def multi_index(
    levels: list[pd.Index], codes: list[np.ndarray[Any, Any]], names: list[Any], sortorder: int | None
) -> pd.MultiIndex:
    """A MultiIndex of exactly these levels, unused ones too."""
    return pd.MultiIndex(levels, codes, sortorder=sortorder, names=names, verify_integrity=False)


def offset_parts(offset: Any) -> dict[str, Any]:
    """What an offset of pandas' own is made with; its calendar follows from the rest."""
    return {name: getattr(offset, name) for name in offset._attributes if name != "calendar"}


def sparse_places(values: Any) -> tuple[str, list[np.ndarray[Any, Any]]]:
    """Where a sparse array's stored values are: the kind of its index, and what that is made of."""
    index = values.sp_index
    if type(index).__name__ == "BlockIndex":
        return "block", [index.blocs, index.blengths]
    return "integer", [index.indices]


def sparse_array(
    rows: int,
    kind: str,
    places: list[np.ndarray[Any, Any]],
    values: np.ndarray[Any, Any],
    dtype: pd.SparseDtype,
) -> Any:
    """A sparse array of exactly these stored values; public ways there drop those that equal the fill value."""
    from pandas._libs.sparse import BlockIndex, IntIndex

    index_kind: Any = BlockIndex if kind == "block" else IntIndex
    index = index_kind(rows, *places)
    return pd.arrays.SparseArray._simple_new(values, index, dtype)

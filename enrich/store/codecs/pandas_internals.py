"""The one file that uses private names of pandas; ``tests/store/codecs/test_pandas_internals.py`` is its contract.

A frame's blocks can be read only through ``_mgr`` (pandas 2.2 to 3.x). Building a frame from blocks is public from
pandas 3.0 (``pandas.api.internals``, made for pyarrow); pandas 2.2 has the same parts under private names. Public
constructors look at every value, copy, or consolidate, which is what makes ``to_pandas`` slow.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

__all__ = ["frame_of"]

Blocks = list[tuple[Any, "np.ndarray[Any, Any]"]]


def blocks_of(frame: pd.DataFrame) -> Blocks:
    """The frame's own arrays, (columns × rows) or one column each, with the positions of their columns."""
    return [(_array_of(block.values), block.mgr_locs.as_array) for block in frame._mgr.blocks]


def _array_of(values: Any) -> Any:
    # Naive datetimes and timedeltas are extension arrays of two dimensions around a numpy array.
    if isinstance(getattr(values, "dtype", None), np.dtype) and not isinstance(values, np.ndarray):
        return getattr(values, "_ndarray", values)
    return values


def ndarray_of(array: Any) -> np.ndarray[Any, Any]:
    """The memory behind a datetime, timedelta or numpy extension array, without a copy."""
    return array._ndarray  # type: ignore[no-any-return]


try:
    from pandas.api.internals import create_dataframe_from_blocks as frame_of
except ImportError:
    from pandas.core.internals.api import make_block
    from pandas.core.internals.managers import BlockManager

    def frame_of(blocks: Blocks, index: pd.Index, columns: pd.Index) -> pd.DataFrame:
        """A frame over these arrays, as they are."""
        made = [make_block(values, placement) for values, placement in blocks]
        manager = BlockManager(made, [columns, index], verify_integrity=False)
        return pd.DataFrame._from_mgr(manager, manager.axes)


def datetime_array(values: np.ndarray[Any, Any], dtype: pd.DatetimeTZDtype) -> Any:
    """A zoned datetime array over UTC moments; the public ways there copy or look at every value."""
    from pandas.core.arrays import DatetimeArray

    return DatetimeArray._simple_new(values, dtype=dtype)


def with_freq(index: Any, freq: Any) -> Any:
    """The datetime or timedelta index with a frequency it is known to have; the setter would check every value."""
    # Up to pandas 3.0 the array has it, from 3.1 the index.
    holder = index._data if hasattr(index._data, "_freq") else index
    holder._freq = freq
    return index


def categorical(codes: np.ndarray[Any, Any], dtype: pd.CategoricalDtype) -> pd.Categorical:
    """A categorical over codes that are known to fit."""
    return pd.Categorical.from_codes(codes, dtype=dtype, validate=False)


def masked_data(array: Any) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """The values and the mask of a nullable array."""
    return array._data, array._mask


def multi_index(
    levels: list[pd.Index], codes: list[np.ndarray[Any, Any]], names: list[Any], sortorder: int | None
) -> pd.MultiIndex:
    """A MultiIndex of exactly these levels, unused ones too."""
    return pd.MultiIndex(levels, codes, sortorder=sortorder, names=names, verify_integrity=False)


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

    index = (BlockIndex if kind == "block" else IntIndex)(rows, *places)
    return pd.arrays.SparseArray._simple_new(values, index, dtype)

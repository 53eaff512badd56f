"""Python objects as an Arrow array, or a word on the cell that would come out as another one.

pyarrow takes the type that fits the first cells and makes the others fit: a datetime beside dates loses its hour.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import accumulate, chain
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from .arrow_types import with_innermost

# What these types become without a look at each cell.
_EXACT: dict[type[Any], pa.DataType] = {
    bool: pa.bool_(),
    int: pa.int64(),
    float: pa.float64(),
    str: pa.string(),
    bytes: pa.binary(),
}
# In this order, as a bool is an int too, and a datetime a date.
_KINDS: tuple[Any, ...] = (
    bool,
    (int, float, Decimal, np.longdouble),
    str,
    (bytes, bytearray, memoryview),
    date,
    timedelta,
)
# Those of which equal cells say the same.
_TOLD_BY_EQUALITY = frozenset({type(None), int, float, str, bytes, date, timedelta})
_Change = tuple[Any, Any]


class ChangedCell(ValueError):
    """A cell isn't what it was."""

    def __init__(self, change: _Change) -> None:
        super().__init__("{!r} would become {!r}".format(*change))


def exact_array(values: pd.Series[Any]) -> pa.Array:
    """The objects, or categories that are objects, as pyarrow converts them; raises ``ChangedCell``."""
    is_category = isinstance(values.dtype, pd.CategoricalDtype)
    if _has_mixed_moments(values.cat.categories if is_category else values):
        raise ValueError("numpy.datetime64 beside another type of numpy's")
    array = pa.array(values, from_pandas=True)
    change = _change_of(values, array)
    if change is None:
        return array
    # Of its own accord, pyarrow leaves out the nanoseconds of pandas' objects.
    finer = with_innermost(array.type, _in_nanoseconds)
    if not finer.equals(array.type):
        try:
            array = pa.array(values, finer, from_pandas=True)
        except (pa.ArrowException, OverflowError):
            raise ChangedCell(change) from None
        if _change_of(values, array) is None:
            return array
    raise ChangedCell(change)


def _has_mixed_moments(cells: Iterable[Any]) -> bool:
    """Whether numpy's moments and another type of numpy's would be of one column, at which pyarrow crashes."""
    dtypes: set[str] = set()
    items: list[Any] = []
    fields: defaultdict[Any, list[Any]] = defaultdict(list)
    for cell in cells:
        if isinstance(cell, np.generic):
            cell = cell.dtype
        if isinstance(cell, np.dtype):
            dtypes.add(cell.kind)
        elif isinstance(cell, np.ndarray):
            items.extend(cell.flat if cell.dtype == object else [cell.dtype])
        elif isinstance(cell, (list, tuple, set, frozenset)):
            items.extend(cell)
        elif isinstance(cell, dict):
            for key, value in cell.items():
                fields[key].append(value)
    return (
        ("M" in dtypes and len(dtypes) > 1)
        or (bool(items) and _has_mixed_moments(items))
        or any(map(_has_mixed_moments, fields.values()))
    )


def _change_of(values: pd.Series[Any], array: Any) -> _Change | None:
    if isinstance(values.dtype, pd.CategoricalDtype):
        return _change(values.cat.categories.tolist(), array.dictionary)
    cells = values.tolist()
    chunks = array.chunks if isinstance(array, pa.ChunkedArray) else [array]
    ends = [*accumulate(map(len, chunks))]
    changes = (_change(cells[end - len(chunk) : end], chunk) for chunk, end in zip(chunks, ends, strict=True))
    return next(filter(None, changes), None)


def _in_nanoseconds(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_timestamp(kind):
        return pa.timestamp("ns", kind.tz)
    if pa.types.is_duration(kind):
        return pa.duration("ns")
    return kind


def _change(cells: Sequence[Any], array: pa.Array) -> _Change | None:
    """A cell and what it became, of the first that changed."""
    kind = array.type
    if not (pa.types.is_list(kind) or pa.types.is_struct(kind)):
        return None if _is_exact(cells, kind) else _leaf_change(cells, array)
    is_kept = _is_list if pa.types.is_list(kind) else _is_record
    kept = []
    for at, (cell, is_null) in enumerate(zip(cells, array.is_null().to_pylist(), strict=True)):
        if _is_missing(cell) is not is_null or not (is_null or is_kept(cell)):
            return cell, array[at].as_py()
        if not is_null:
            kept.append(cell)
    if is_kept is _is_list:
        return _change_in_lists(kept, array.flatten())
    array = array.drop_null()
    fields = (
        _change([cell.get(part.name) for cell in kept], array.field(at)) for at, part in enumerate(kind)
    )
    return next(filter(None, fields), None)


def _change_in_lists(lists: Sequence[Any], items: pa.Array) -> _Change | None:
    if all(type(cell) is np.ndarray for cell in lists):
        dtypes = {cell.dtype for cell in lists if len(cell)}
        if len(dtypes) == 1 and (dtype := dtypes.pop()).kind in "biufmM" and _is_type_of(dtype, items.type):
            return None
    return _change([*chain.from_iterable(map(_items, lists))], items)


def _items(cells: Any) -> Iterable[Any]:
    # numpy's moments in nanoseconds would be integers.
    is_array = type(cells) is np.ndarray and cells.dtype.kind not in "mM"
    items: Iterable[Any] = cells.tolist() if is_array else cells
    return items


def _is_type_of(dtype: np.dtype[Any], kind: pa.DataType) -> bool:
    try:
        return bool(kind.equals(pa.from_numpy_dtype(dtype)))
    except pa.ArrowNotImplementedError:
        return False


def _is_list(cell: Any) -> bool:
    # The items of a set have no order, and those of other tuples have names.
    return isinstance(cell, (list, np.ndarray)) or type(cell) is tuple


def _is_record(cell: Any) -> bool:
    return isinstance(cell, dict) and all(isinstance(key, str) for key in cell)


def _is_exact(cells: Sequence[Any], kind: pa.DataType) -> bool:
    types = {*map(type, cells)} - {type(None), type(pd.NA), type(pd.NaT)}
    return not types or (len(types) == 1 and kind == _EXACT.get(types.pop()))


def _leaf_change(cells: Sequence[Any], array: pa.Array) -> _Change | None:
    pairs: Iterable[_Change] = zip(cells, array.to_pylist(), strict=True)
    if _TOLD_BY_EQUALITY.issuperset(map(type, cells)):
        pairs = (pair for pair in pairs if pair[0] != pair[1])
    return next((pair for pair in pairs if _sense(pair[0]) != _sense(pair[1])), None)


def _is_missing(cell: Any) -> bool:
    if isinstance(cell, (np.datetime64, np.timedelta64)):
        return bool(np.isnat(cell))
    return (
        cell is None
        or cell is pd.NA
        or cell is pd.NaT
        or (isinstance(cell, (float, np.floating)) and cell != cell)
    )


def _sense(cell: Any) -> Any:
    """What a cell says, to compare: a number is the same one in any type, and a moment has its zone."""
    if _is_missing(cell):
        return None
    if isinstance(cell, np.generic):
        cell = _unboxed(cell)
    if isinstance(cell, datetime):
        zone = cell.utcoffset()
        return datetime, cell.replace(tzinfo=None), zone, zone is None and cell.fold
    if isinstance(cell, time):
        return time, cell.replace(tzinfo=None), cell.tzinfo, cell.fold
    return next((kind for kind in _KINDS if isinstance(cell, kind)), type(cell)), cell


def _unboxed(cell: Any) -> Any:
    if isinstance(cell, np.datetime64) and np.datetime_data(cell)[0] == "ns":
        return pd.Timestamp(cell)
    if isinstance(cell, np.timedelta64) and np.datetime_data(cell)[0] == "ns":
        return pd.Timedelta(cell)
    return cell.item()

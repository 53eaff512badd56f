"""Frames of a form that was met before: all that their file says beside the data is known.

What a file says beside the data (schema, offsets, our metadata, digests) follows from the frame's *form*: the dtypes
and places of its blocks, how long their memory is, the bounds of its index, its names. So the first frame of a form
is encoded in full, and what came out is kept with the frame's memory taken out of it; a later frame of that form
puts its own memory there. An app stores frames of few forms, and the same frame again and again.

Only frames whose file holds nothing but such memory have a form here: no missing dates, no arrays of other kinds,
nothing that has to be copied. All others are encoded in full, always.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from .entry import Encoded, Pickler
from .pandas_blocks import NAT
from .pandas_columns import string_na
from .pandas_frames import encode_frame
from .pandas_index import labels_of, values_of
from .pandas_internals import arrays_of, arrow_of, bounds_of, has_extras, ndarray_of

_MOST_FORMS = 64
_MOST_METADATA = 16 << 20
# Numbers that Arrow has as they lie in memory.
_NUMBERS = frozenset("bBhHiIlLqQefd")
_TEXT = pa.large_string()
_NAME_TYPES = frozenset({str, type(None)})


# Stands in a form before texts that are objects, from which Arrow's memory of them follows.
_LABELS = object()
_MOST_LABELS = 1000

# What a frame's file says beside its data follows from these; and the memory that the file holds.
_Form = list[Any]
_Regions = list[memoryview]


class _Formless(Exception):
    """The file of this frame is not its memory and what follows from its form."""


class _Template(NamedTuple):
    """The file of one frame of a form; a number stands for the region of that number."""

    pieces: tuple[bytes | int, ...]
    nbytes: int
    kind: str

    @property
    def metadata(self) -> int:
        """Bytes that are kept."""
        return sum(len(piece) for piece in self.pieces if type(piece) is bytes)

    def filled(self, regions: _Regions) -> Encoded:
        """The file of another frame of the form."""
        pieces = [regions[piece] if type(piece) is int else piece for piece in self.pieces]
        return Encoded(tuple(pieces), self.nbytes, self.kind)  # type: ignore[arg-type]


# None for a form whose file turned out to hold copies of the frame's memory.
_templates: dict[Hashable, _Template | None] = {}


def encode_known(frame: pd.DataFrame, pickler: Pickler | None = None) -> Encoded:
    """A DataFrame as an Arrow file, the very one that `encode_frame` makes; sooner if its form was met before."""
    form: _Form = []
    regions: _Regions = []
    try:
        _look_at(frame, form, regions)
    except _Formless:
        return encode_frame(frame, pickler)
    key = tuple(form)
    template = _templates.get(key)
    if template is not None:
        return template.filled(regions)
    encoded = encode_frame(frame, pickler)
    if key not in _templates:
        _remember(key, encoded, regions)
    return encoded


def _remember(form: tuple[Any, ...], encoded: Encoded, regions: _Regions) -> None:
    places = {_place(region): number for number, region in enumerate(regions)}
    if len(places) < len(regions):
        return  # Two columns share their memory; of another frame of this form they may not.
    pieces = [
        piece if type(piece) is bytes else places.pop(_place(piece), piece) for piece in encoded.buffers
    ]
    if any(part is _LABELS for part in form):
        pieces = [bytes(piece) if type(piece) is memoryview else piece for piece in pieces]
    fits = not places and all(type(piece) in (bytes, int) for piece in pieces)
    template = _Template(tuple(pieces), encoded.nbytes, encoded.kind) if fits else None  # type: ignore[arg-type]
    _templates[form] = template
    for oldest in list(_templates):
        if len(_templates) <= _MOST_FORMS and _metadata() <= _MOST_METADATA:
            break
        _templates.pop(oldest, None)


def _place(region: Any) -> tuple[int, int]:
    return np.frombuffer(region, np.uint8).ctypes.data, len(region)


def _metadata() -> int:
    return sum(template.metadata for template in list(_templates.values()) if template is not None)


def _look_at(frame: pd.DataFrame, form: _Form, regions: _Regions) -> None:
    index, columns = frame.index, frame.columns
    rows = len(index)
    if not rows or has_extras(frame):
        raise _Formless
    form.append(rows)
    if type(columns) is pd.RangeIndex:
        _look_at_index(columns, form, regions)
    else:
        _look_at_names(columns, form)
    _look_at_index(index, form, regions)
    for values, places in arrays_of(frame):
        kind = type(values)
        look = _LOOKS.get(kind)
        if look is None:
            raise _Formless
        form += (kind, places)
        look(values, form, regions)


def _look_at_names(columns: pd.Index, form: _Form) -> None:
    names, name, dtype = tuple(labels_of(columns)), columns.name, columns.dtype
    if type(columns) is not pd.Index or type(name) not in _NAME_TYPES or set(map(type, names)) != {str}:
        raise _Formless
    form += (name, names, _kind(dtype) if isinstance(dtype, pd.StringDtype) else None)


def _look_at_index(index: pd.Index, form: _Form, regions: _Regions) -> None:
    """Look at an index of the rows, or at categories."""
    kind, name = type(index), index.name
    if type(name) not in _NAME_TYPES:
        raise _Formless
    form += (kind, name)
    if kind is pd.RangeIndex:
        form += bounds_of(index)
    elif kind is not pd.Index:
        raise _Formless
    elif type(array := index.array) is pd.arrays.ArrowStringArray:
        _look_at_strings(array, form, regions)
    else:
        _look_at_numbers(values_of(index), form, regions)


def _look_at_numbers(array: Any, form: _Form, regions: _Regions) -> None:
    if type(array) is not np.ndarray or not array.flags.c_contiguous:
        raise _Formless
    dtype = array.dtype
    # C's two integers of 8 bytes are equal as dtypes.
    code = dtype.char
    if code not in _NUMBERS or not dtype.isnative or dtype.metadata is not None:
        raise _Formless
    form += (code, array.size)
    regions.append(array.data.cast("B"))


def _look_at_moments(values: Any, form: _Form, regions: _Regions) -> None:
    array = ndarray_of(values)
    ticks = array.view(np.int64)
    # Zones have more to them than a name. What is missing is marked in a bitmap, which would have to be made.
    if type(values.dtype) is pd.DatetimeTZDtype or ticks.item(ticks.argmin()) == NAT:
        raise _Formless
    form.append(array.dtype)
    _look_at_numbers(ticks, form, regions)


def _look_at_strings(values: Any, form: _Form, regions: _Regions) -> None:
    dtype, chunks = arrow_of(values)
    if chunks.num_chunks != 1 or chunks.type != _TEXT:
        raise _Formless
    array = chunks.chunk(0)
    rows, nulls = len(array), array.null_count
    validity, offsets, texts = array.buffers()
    # A bitmap whose last bits mean nothing is copied, and so are the offsets of a slice.
    if array.offset or not rows or (nulls and rows % 8):
        raise _Formless
    at = np.frombuffer(offsets, np.int64, rows + 1)
    length = int(at[-1])
    if at[0]:
        raise _Formless
    form += (_kind(dtype), rows, nulls, length)
    if nulls:
        regions.append(memoryview(validity)[: rows // 8])
    regions.append(at.data.cast("B"))
    if length:  # what is empty isn't written
        regions.append(memoryview(texts)[:length])


def _kind(dtype: pd.StringDtype) -> tuple[str, str]:
    # A dtype's own hash takes longer than all else that is asked of a column; who is kept here keeps his id.
    known, kind = _kinds.get(id(dtype), (None, ("", "")))
    if known is not dtype:
        if len(_kinds) > _MOST_FORMS:
            _kinds.clear()
        kind = dtype.storage, string_na(dtype)
        _kinds[id(dtype)] = dtype, kind
    return kind


_kinds: dict[int, tuple[pd.StringDtype, tuple[str, str]]] = {}


def _look_at_categories(values: pd.Categorical, form: _Form, regions: _Regions) -> None:
    codes, dtype = ndarray_of(values), values.dtype
    categories = dtype.categories
    if codes.item(codes.argmin()) < 0:
        raise _Formless
    form.append(bool(dtype.ordered))
    if categories.dtype == object:  # as texts are in pandas 2
        if len(categories) > _MOST_LABELS:
            raise _Formless
        form.append(_LABELS)
        _look_at_names(categories, form)
    else:
        _look_at_index(categories, form, regions)
    _look_at_numbers(codes, form, regions)


_LOOKS: dict[type[Any], Callable[[Any, _Form, _Regions], None]] = {
    np.ndarray: _look_at_numbers,
    pd.Categorical: _look_at_categories,
    pd.arrays.ArrowStringArray: _look_at_strings,
    pd.arrays.DatetimeArray: _look_at_moments,
    pd.arrays.TimedeltaArray: _look_at_moments,
}

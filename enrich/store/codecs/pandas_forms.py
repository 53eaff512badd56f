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
from .pandas_columns import string_na
from .pandas_frames import encode_frame
from .pandas_index import labels_of, values_of
from .pandas_internals import arrays_of, arrow_of, bounds_of, ndarray_of

Array = np.ndarray[Any, Any]
_MOST_FORMS = 64
_MOST_METADATA = 16 << 20
# Numbers that Arrow has as they lie in memory.
_NUMBERS = frozenset("bBhHiIlLqQefd")
_TEXT = pa.large_string()
_OFFSET = 8


class _Formless(Exception):
    """The file of this frame is not its memory and what follows from its form."""


class _Seen:
    """What was seen of a frame so far: its form, and its memory."""

    __slots__ = ("form", "regions")

    def __init__(self, *form: Hashable) -> None:
        self.form: list[Any] = list(form)
        self.regions: list[memoryview] = []

    def add(self, array: Any) -> None:
        """Note the memory of numbers."""
        if type(array) is not np.ndarray or not array.flags.c_contiguous:
            raise _Formless
        if array.dtype.char not in _NUMBERS or not array.dtype.isnative:
            raise _Formless
        # C's two integers of 8 bytes are equal as dtypes.
        self.form += (array.dtype.char, array.size)
        self.regions.append(array.data.cast("B"))

    def add_buffer(self, buffer: pa.Buffer, start: int, stop: int) -> None:
        """Note the memory of a part of an Arrow buffer; an empty one isn't written."""
        self.form.append(stop - start)
        if stop > start:
            self.regions.append(memoryview(buffer)[start:stop])


class _Template(NamedTuple):
    """The file of one frame of a form; a number stands for the region of that number."""

    pieces: tuple[bytes | int, ...]
    nbytes: int
    kind: str

    @property
    def metadata(self) -> int:
        """Bytes that are kept."""
        return sum(len(piece) for piece in self.pieces if type(piece) is bytes)

    def filled(self, regions: list[memoryview]) -> Encoded:
        """The file of another frame of the form."""
        pieces = [regions[piece] if type(piece) is int else piece for piece in self.pieces]
        return Encoded(tuple(pieces), self.nbytes, self.kind)  # type: ignore[arg-type]


# None for a form whose file turned out to hold copies of the frame's memory.
_templates: dict[Hashable, _Template | None] = {}


def encode_known(frame: pd.DataFrame, pickler: Pickler | None = None) -> Encoded:
    """A DataFrame as an Arrow file, the very one that `encode_frame` makes; sooner if its form was met before."""
    try:
        seen = _look_at(frame)
    except _Formless:
        return encode_frame(frame, pickler)
    form = tuple(seen.form)
    template = _templates.get(form)
    if template is not None:
        return template.filled(seen.regions)
    encoded = encode_frame(frame, pickler)
    if form not in _templates:
        _remember(form, encoded, seen.regions)
    return encoded


def _remember(form: Hashable, encoded: Encoded, regions: list[memoryview]) -> None:
    places = {_place(region): number for number, region in enumerate(regions)}
    if len(places) < len(regions):
        return  # Two columns share their memory; of another frame of this form they may not.
    pieces = [piece if type(piece) is bytes else places.pop(_place(piece), None) for piece in encoded.buffers]
    fits = not places and None not in pieces
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


def _look_at(frame: pd.DataFrame) -> _Seen:
    rows = len(frame.index)
    if not rows or frame.attrs or not frame.flags.allows_duplicate_labels:
        raise _Formless
    seen = _Seen(rows)
    _look_at_names(seen, frame.columns)
    _look_at_index(seen, frame.index)
    for values, places in arrays_of(frame):
        seen.form += (type(values), places)
        look = _LOOKS.get(type(values))
        if look is None:
            raise _Formless
        look(seen, values)
    return seen


def _look_at_names(seen: _Seen, columns: pd.Index) -> None:
    if type(columns) is pd.RangeIndex:
        _look_at_index(seen, columns)
        return
    names = tuple(labels_of(columns))
    if type(columns) is not pd.Index or set(map(type, names)) != {str}:
        raise _Formless
    dtype = columns.dtype
    seen.form += (_name(columns), names, _kind(dtype) if isinstance(dtype, pd.StringDtype) else None)


def _look_at_index(seen: _Seen, index: pd.Index) -> None:
    """Look at an index of the rows, or at categories."""
    seen.form += (type(index), _name(index))
    if type(index) is pd.RangeIndex:
        seen.form += bounds_of(index)
    elif type(index) is not pd.Index:
        raise _Formless
    elif type(array := index.array) is pd.arrays.ArrowStringArray:
        _look_at_strings(seen, array)
    else:
        seen.add(values_of(index))


def _name(index: pd.Index) -> str | None:
    name: Any = index.name
    if name is None or type(name) is str:
        return name
    raise _Formless


def _look_at_numbers(seen: _Seen, block: Array) -> None:
    dtype = block.dtype
    if dtype.kind in "mM":
        # What is missing is marked in a bitmap, which would have to be made.
        if np.count_nonzero(np.isnat(block)):
            raise _Formless
        seen.form.append(dtype)
        block = block.view(np.int64)
    seen.add(block)


def _look_at_strings(seen: _Seen, values: Any) -> None:
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
    first, last = at[0], at[-1]
    if first:
        raise _Formless
    seen.form += (_kind(dtype), rows, nulls)
    if nulls:
        seen.add_buffer(validity, 0, rows // 8)
    seen.add_buffer(offsets, 0, _OFFSET * (rows + 1))
    seen.add_buffer(texts, 0, int(last))


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


def _look_at_categories(seen: _Seen, values: pd.Categorical) -> None:
    codes, dtype = ndarray_of(values), values.dtype
    if np.count_nonzero(codes < 0):
        raise _Formless
    seen.form.append(dtype.ordered)
    _look_at_index(seen, dtype.categories)
    seen.add(codes)


_LOOKS: dict[type[Any], Callable[[_Seen, Any], None]] = {
    np.ndarray: _look_at_numbers,
    pd.Categorical: _look_at_categories,
    pd.arrays.ArrowStringArray: _look_at_strings,
}

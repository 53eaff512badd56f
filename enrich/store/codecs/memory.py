"""Reading regions of an entry's memory as numpy views and Arrow buffers, without copies."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from .arrow_file import ArrowEntry
    from .context import Reader


class FrameReader:
    """What the parts of a frame are read from: the entry's memory, and the numbers that say where in it they lie."""

    __slots__ = ("_buffer", "entry", "next", "reader", "view")

    def __init__(self, entry: ArrowEntry, reader: Reader) -> None:
        self.entry = entry
        self.reader = reader
        self.view = entry.view
        # The next of the numbers, which are read in the order of the columns.
        self.next: Callable[[], int] = iter(entry.numbers).__next__
        self._buffer: pa.Buffer | None = None

    def go_to(self, number: int) -> None:
        """Go on with this one of the numbers."""
        self.next = iter(self.entry.numbers[number:]).__next__

    def array(self, at: int, count: int, dtype: str | np.dtype[Any]) -> np.ndarray[Any, Any]:
        """A writable view of ``count`` items."""
        return np.ndarray((count,), dtype, self.view, at if count else 0)

    def bits(self, at: int, count: int) -> np.ndarray[Any, Any]:
        """Bit-packed booleans, unpacked."""
        packed = self.array(at, (count + 7) // 8, "u1")
        return np.unpackbits(packed, count=count, bitorder="little").view(bool)

    def buffer(self) -> pa.Buffer:
        """The whole memory as Arrow has it."""
        buffer = self._buffer
        if buffer is None:
            buffer = self._buffer = pa.py_buffer(self.view)
        return buffer


# How a column is read: from what, where the memory starts that its numbers count from, and how many rows it has.
# Made from a spec once, and then used for all entries of one make.
ReadColumn = Callable[[FrameReader, int, int], Any]


def pack_bits(flags: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Booleans as Arrow's bits, along the last axis; unused bits are zero."""
    return np.packbits(flags, axis=-1, bitorder="little")

"""Reading regions of an entry's memory as numpy views and Arrow buffers, without copies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa


class Memory:
    """The memory behind a position of the entry, such as the body of its batch."""

    __slots__ = ("_buffer", "base", "next", "view")

    def __init__(self, view: memoryview, base: int, numbers: Iterator[int]) -> None:
        self.view = view
        self.base = base
        # The next of the numbers that say where things lie.
        self.next: Callable[[], int] = numbers.__next__
        self._buffer: pa.Buffer | None = None

    def array(self, offset: int, count: int, dtype: str | np.dtype[Any]) -> np.ndarray[Any, Any]:
        """A writable view of ``count`` items."""
        return np.ndarray((count,), dtype, self.view, self.base + offset if count else 0)

    def block(
        self, offset: int, shape: tuple[int, int], stride: int, dtype: np.dtype[Any]
    ) -> np.ndarray[Any, Any]:
        """A writable view of rows that are ``stride`` bytes apart."""
        if not shape[0] or not shape[1]:
            return np.empty(shape, dtype)
        return np.ndarray(shape, dtype, self.view, self.base + offset, (stride, dtype.itemsize))

    def bits(self, offset: int, count: int) -> np.ndarray[Any, Any]:
        """Bit-packed booleans, unpacked."""
        packed = self.array(offset, (count + 7) // 8, "u1")
        return np.unpackbits(packed, count=count, bitorder="little").view(bool)

    def buffer(self, offset: int, length: int) -> pa.Buffer:
        """An Arrow buffer over the same memory."""
        buffer = self._buffer
        if buffer is None:
            buffer = self._buffer = pa.py_buffer(self.view)
        return buffer.slice(self.base + offset, length)


def pack_bits(flags: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Booleans as Arrow's bits, along the last axis; unused bits are zero."""
    return np.packbits(flags, axis=-1, bitorder="little")

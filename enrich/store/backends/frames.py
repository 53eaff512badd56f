"""Frames around bytes whose place may tear them or mix them up: each says whose it is, how long, and when written."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from enrich.store.backends.protocol import MISSING, Buffer, Missing

MAGIC: Final = b"enrich\x00\x02"
_HEAD: Final = struct.Struct("<8s16sQd")


@dataclass(frozen=True, slots=True)
class Frame:
    """What a frame holds, and when it was written, in seconds since the epoch."""

    body: memoryview
    written: float


def framed(name: str, buffers: Sequence[Buffer], written: float) -> bytes:
    """Return the buffers as one, in a frame that says under which name."""
    nbytes = sum(memoryview(buffer).nbytes for buffer in buffers)
    return b"".join((_HEAD.pack(MAGIC, _digest(name), nbytes, written), *buffers))


def unframed(name: str, data: object) -> Frame | Missing:
    """Return what a frame holds; one that is torn, or of another name, counts as missing."""
    if not isinstance(data, (bytes, bytearray)) or len(data) < _HEAD.size:
        return MISSING
    magic, whose, nbytes, written = _HEAD.unpack_from(data)
    if magic != MAGIC or whose != _digest(name) or nbytes != len(data) - _HEAD.size:
        return MISSING
    return Frame(memoryview(data)[_HEAD.size :], written)


def _digest(name: str) -> bytes:
    return hashlib.blake2b(name.encode(), digest_size=16).digest()

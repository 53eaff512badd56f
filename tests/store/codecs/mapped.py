"""Entries as files, and their private maps, as the file backend makes them."""

from __future__ import annotations

import mmap
from pathlib import Path
from typing import Any

from enrich.store.codecs import decode, encode


def write(path: Path, value: Any) -> Path:
    with path.open("wb") as file:
        for piece in encode(value).buffers:
            file.write(piece)
    return path


def read(path: Path, **options: Any) -> Any:
    with path.open("rb") as file:
        return decode(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY), **options)

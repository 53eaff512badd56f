"""Entries that aren't one table: a JSON header, and the raw memory of its parts."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from typing import Any

import xxhash

from .arrow_file import Parts
from .context import dumps
from .entry import CorruptEntry, Encoded, padding

_MAGIC = b"ENRICH\r\n"
_VERSION = 2
# magic, version, length of the head and of the header, length of it all; then the digest of all that and of the
# header. The digest is also the last of the file, since file systems may lose the end of what a crash cut short.
_PREFIX = struct.Struct("<8sIIQQ")
_DIGEST_SIZE = 16
_HEADER_AT = _PREFIX.size + _DIGEST_SIZE


@dataclass(frozen=True, slots=True)
class Container:
    """An opened container."""

    view: memoryview
    header: dict[str, Any]
    text: str
    parts_at: int

    def part(self, index: int) -> memoryview:
        """The memory of one part."""
        offset, length = self.header["parts"][index]
        start = self.parts_at + offset
        if offset < 0 or length < 0 or start + length > len(self.view):
            raise CorruptEntry(f"part {index} lies outside of the entry")
        return self.view[start : start + length]


def write_container(kind: str, text: str, parts: Parts, rows: int | None = None) -> Encoded:
    """A container of one value, whose nodes are ``text``; a table says how many rows it has."""
    value = text.encode()
    about = {"kind": kind, "parts": parts.spans, "entries": parts.entries, "rows": rows}
    head = dumps(about).encode()
    header = head + b"\n" + value
    gap = padding(_HEADER_AT + len(header))
    total = _HEADER_AT + len(header) + len(gap) + parts.size + _DIGEST_SIZE
    prefix = _PREFIX.pack(_MAGIC, _VERSION, len(head), len(header), total)
    digest = xxhash.xxh3_128(prefix)
    digest.update(header)
    seal = digest.digest()
    if not parts.pieces:
        return Encoded((prefix + seal + header + gap + seal,), total, kind)
    return Encoded((prefix + seal + header + gap, *parts.pieces, seal), total, kind)


def open_container(view: memoryview) -> Container:
    """Check the structure of a container and read its header; raises ``CorruptEntry``."""
    if len(view) < _HEADER_AT or view[: len(_MAGIC)] != _MAGIC:
        raise CorruptEntry("not an entry of this store")
    _, version, head_size, header_size, total = _PREFIX.unpack_from(view, 0)
    if version != _VERSION:
        raise CorruptEntry(f"written by another version of this store (format {version})")
    end = _HEADER_AT + header_size
    if total != len(view) or end > total or head_size >= header_size:
        raise CorruptEntry("the entry is shorter or longer than it says")
    digest = xxhash.xxh3_128(view[: _PREFIX.size])
    digest.update(view[_HEADER_AT:end])
    seal = digest.digest()
    if seal != view[_PREFIX.size : _HEADER_AT]:
        raise CorruptEntry("the digest of the metadata differs")
    if seal != view[-_DIGEST_SIZE:]:
        raise CorruptEntry("the end of the entry was never written")
    header = json.loads(bytes(view[_HEADER_AT : _HEADER_AT + head_size]))
    text = str(view[_HEADER_AT + head_size + 1 : end], "utf-8")
    return Container(view, header, text, end + len(padding(end)))

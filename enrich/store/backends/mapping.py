"""The contents of a file as memory that belongs to the reader."""

from __future__ import annotations

import errno
import mmap
import os
import sys

from enrich.store.backends.protocol import Buffer

if sys.platform != "win32":
    import resource

# Below this a read is cheaper than a map with its page faults.
_MAP_FROM = 256 * 1024
# With fewer open files than this, no process comes close to its limit.
_FEW = 64
_NO_MAP = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENODEV})


def file_contents(fd: int, size: int) -> Buffer:
    """Map an open file privately, or read a small one; the caller may close the file."""
    if size < _MAP_FROM:
        return read_whole(fd, size)
    try:
        if sys.version_info < (3, 13):
            if _is_crowded(fd):
                return read_whole(fd, size)
        else:
            return mmap.mmap(fd, size, access=mmap.ACCESS_COPY, trackfd=False)
        return mmap.mmap(fd, size, access=mmap.ACCESS_COPY)
    except (OSError, ValueError) as error:
        # Out of descriptors or maps (a map keeps one of each while a frame lives), or a file cut short meanwhile.
        if isinstance(error, OSError) and error.errno not in _NO_MAP:
            raise
        return read_whole(fd, size)


def read_whole(fd: int, size: int) -> bytearray:
    """Read an open file from its start into memory of its own; shorter if it was cut meanwhile."""
    try:
        buffer = bytearray(size)
    except (MemoryError, OverflowError) as error:
        raise OSError(errno.ENOMEM, f"it has a file of {size:,} bytes, and there isn't the memory") from error
    at = 0
    while at < size:
        got = _read_into(fd, memoryview(buffer)[at:])
        if not got:
            return buffer[:at]
        at += got
    return buffer


if hasattr(os, "readv"):

    def _read_into(fd: int, view: memoryview) -> int:
        return os.readv(fd, [view])

else:

    def _read_into(fd: int, view: memoryview) -> int:
        data = os.read(fd, len(view))
        view[: len(data)] = data
        return len(data)


def _is_crowded(fd: int) -> bool:
    """Are descriptors getting short? A map keeps one for as long as its frame lives; sockets need some too."""
    if sys.platform == "win32":
        return False
    # The number that the map's will have: all lower ones are taken.
    probe = os.dup(fd)
    os.close(probe)
    if probe < _FEW:
        return False
    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return soft != resource.RLIM_INFINITY and probe > soft * 3 // 4

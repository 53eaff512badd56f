"""Locks that the operating system frees when their holder dies."""

from __future__ import annotations

import contextlib
import os
import sys
import time
import weakref
from io import FileIO
from pathlib import Path

from enrich.store.backends.group import open_file

PATIENCE = 30.0
"""Seconds to wait for a lock that is held for an instant only, unless its holder is stopped."""

if sys.platform == "win32":
    import msvcrt

    def _try_lock(fd: int) -> bool:
        try:
            msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def unlock_fd(fd: int) -> None:
        """Free what `lock_fd` locked."""
        os.lseek(fd, 0, os.SEEK_SET)
        msvcrt.locking(fd, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _try_lock(fd: int) -> bool:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def unlock_fd(fd: int) -> None:
        """Free what `lock_fd` locked."""
        fcntl.flock(fd, fcntl.LOCK_UN)


def lock_fd(fd: int, *, wait: float) -> bool:
    """Lock an open file for this descriptor only; False when another has it for all of these seconds."""
    if _try_lock(fd):
        return True
    until, pause = time.monotonic() + wait, 0.0001
    while (left := until - time.monotonic()) > 0:
        time.sleep(min(left, pause))
        if _try_lock(fd):
            return True
        pause = min(2 * pause, 0.01)
    return False


class FileLease:
    """A lock file that this process holds, until it lets go of this object at the latest."""

    __slots__ = ("__weakref__", "file", "keep", "path")

    def __init__(self, file: FileIO, path: Path, keep: bool) -> None:
        self.file = file
        self.path = path
        self.keep = keep
        _held.add(self)

    @property
    def seconds(self) -> None:
        """No time limit."""

    def renew(self) -> None:
        """Nothing to do: the lock lasts as long as its holder."""

    def release(self) -> None:
        """Remove the file unless it is to be kept, then let go of it: the other order would remove the next holder's."""
        _held.discard(self)
        if self.file.closed:
            return
        # In a folder that can't be written any more the next sweep removes it; what was done under it is done.
        with self.file, contextlib.suppress(OSError):
            try:
                if sys.platform != "win32" and not self.keep:
                    self.path.unlink()
            finally:
                # Closed alone, a child that is being forked would keep it for a moment.
                unlock_fd(self.file.fileno())


_held: weakref.WeakSet[FileLease] = weakref.WeakSet()


def _close_in_child() -> None:
    # A forked child shares the open file, and with it the lock: closing its copy leaves the lock to the parent.
    for lease in list(_held):
        lease.file.close()
    _held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_close_in_child)


def try_lock_file(path: Path, mode: int = 0o600, *, keep: bool = False) -> FileLease | None:
    """Take the lock that `path` stands for, or return None when a living process holds it."""
    while True:
        file = FileIO(open_file(path, mode))  # which closes itself, whatever happens
        try:
            if not lock_fd(file.fileno(), wait=0):
                file.close()
                return None
            if _is_same_file(file.fileno(), path):
                return FileLease(file, path, keep)
        except BaseException:
            file.close()
            raise
        file.close()  # The former holder removed it between our open and our lock: take the new file.


def wait_for_lock_file(path: Path, mode: int = 0o600, *, wait: float, keep: bool = False) -> FileLease | None:
    """Take such a lock when it is free, or return None when it isn't for all of these seconds."""
    until = time.monotonic() + wait
    while True:
        lease = try_lock_file(path, mode, keep=keep)
        if lease is not None or time.monotonic() >= until:
            return lease
        time.sleep(0.01)


def _is_same_file(fd: int, path: Path) -> bool:
    try:
        named = os.lstat(path)
    except FileNotFoundError:
        return False
    held = os.fstat(fd)
    return (named.st_dev, named.st_ino) == (held.st_dev, held.st_ino)

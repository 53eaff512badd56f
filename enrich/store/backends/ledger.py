"""How many bytes a folder holds, counted by all its writers together, so that a write never scans the folder."""

from __future__ import annotations

import errno
import math
import os
import struct
import sys
import time
import weakref
from collections.abc import Callable
from io import FileIO
from pathlib import Path
from typing import NamedTuple, TypeVar

from enrich.store.backends.group import open_file
from enrich.store.backends.lockfile import PATIENCE, lock_fd
from enrich.store.backends.locks import ThreadLock

if sys.platform == "win32":
    from enrich.store.backends.lockfile import unlock_fd
else:
    import fcntl

_FORM = struct.Struct("<qQd")
_MOST = 1 << 62  # bytes that nobody writes in a lifetime
T = TypeVar("T")


class Account(NamedTuple):
    """The state of a folder.

    Parameters
    ----------
    used: bytes in entries, at most this many.
    added: bytes ever reserved; a sweep learns from it what was written while it counted.
    swept: when the last sweep ended, seconds since the epoch; 0.0 when nobody has counted yet.
    """

    used: int = 0
    added: int = 0
    swept: float = 0.0


class Ledger:
    """A file with one `Account`, changed under a lock that the system frees when its holder dies."""

    def __init__(self, path: Path, mode: int = 0o600) -> None:
        self._file = _LockedFile(path, mode)

    def alone(self, work: Callable[[], T]) -> T:
        """Keep all other writers of the folder waiting while something is done."""
        return self._file.locked(lambda _fd: work())

    def read(self) -> Account:
        """Return the account as it is now."""
        return self._file.locked(_load)

    def reserve(self, nbytes: int, limit: int) -> Account | None:
        """Count `nbytes` in and return the account, or return None when that would pass the limit."""

        def reserve(fd: int) -> Account | None:
            used, added, swept = _load(fd)
            return None if used + nbytes > limit else _save(fd, Account(used + nbytes, added + nbytes, swept))

        return self._file.locked(reserve)

    def release(self, nbytes: int, since: Account) -> None:
        """Count bytes out that were dropped, or never written, after the account was this.

        A sweep that has ended meanwhile may have found them gone, and then they count no more.
        """

        def release(fd: int) -> None:
            used, added, swept = _load(fd)
            if swept == since.swept:
                _save(fd, Account(max(0, used - nbytes), added, swept))

        self._file.locked(release)

    def counted(self, nbytes: int, since: Account, now: float) -> Account:
        """Replace the count by what a sweep found, and add what was written since it began."""

        def replace(fd: int) -> Account:
            added = _load(fd).added
            return _save(fd, Account(nbytes + max(0, added - since.added), added, now))

        return self._file.locked(replace)

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        self._file.close()


class _LockedFile:
    """A file that one thread of one process has at a time."""

    def __init__(self, path: Path, mode: int) -> None:
        self._path = path
        self._name = os.fspath(path)
        self._mode = mode
        self._thread = ThreadLock()
        self._file: FileIO | None = None
        self._fd = -1
        self._place = (0, 0)
        self._pid = os.getpid()

    def locked(self, work: Callable[[int], T]) -> T:
        """Do something with the descriptor of the file that nobody else has meanwhile."""
        until, is_mine = time.monotonic() + PATIENCE, False
        with self._thread.raw:
            try:
                fd = self._opened()
                if not lock_fd(fd, wait=until - time.monotonic()):
                    raise TimeoutError(
                        errno.ETIMEDOUT, f"another process has kept its ledger for {PATIENCE:g} s"
                    )
                is_mine = True
                return work(fd)
            finally:
                # By a call of the system's alone: one of ours could be interrupted by a signal before it does it.
                if sys.platform == "win32":
                    if is_mine:
                        unlock_fd(self._fd)
                elif self._fd >= 0:
                    fcntl.flock(self._fd, fcntl.LOCK_UN)

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        self._fd = -1
        if self._file is not None:
            self._file.close()

    def _opened(self) -> int:
        # After a fork parent and child share the open file, and with it the lock on it.
        if self._pid != os.getpid() or not self._is_in_place():
            self.close()
            self._file = FileIO(open_file(self._path, self._mode), "r+")
            self._fd = self._file.fileno()
            weakref.finalize(self, self._file.close)
            self._pid, self._place = os.getpid(), _place_of(os.fstat(self._fd))
        return self._fd

    def _is_in_place(self) -> bool:
        """Is the open file still the one of this name? The folder may have been removed, or another put there."""
        try:
            return self._fd >= 0 and _place_of(os.stat(self._name)) == self._place
        except FileNotFoundError:
            return False


def _place_of(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino


def _load(fd: int) -> Account:
    data = _read(fd, _FORM.size)
    if len(data) < _FORM.size:
        return Account()
    account = Account(*_FORM.unpack(data))
    # A damaged file is as good as none: the folder is counted anew.
    is_sound = 0 <= account.used < _MOST and account.added < _MOST and math.isfinite(account.swept)
    return account if is_sound else Account()


def _save(fd: int, account: Account) -> Account:
    _write(fd, _FORM.pack(*account))
    return account


if sys.platform == "win32":

    def _read(fd: int, size: int) -> bytes:
        os.lseek(fd, 0, os.SEEK_SET)
        return os.read(fd, size)

    def _write(fd: int, data: bytes) -> None:
        os.lseek(fd, 0, os.SEEK_SET)
        os.write(fd, data)

else:

    def _read(fd: int, size: int) -> bytes:
        return os.pread(fd, size, 0)

    def _write(fd: int, data: bytes) -> None:
        os.pwrite(fd, data, 0)

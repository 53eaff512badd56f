"""How many bytes a folder holds, counted by all its writers together, so that a write never scans the folder."""

from __future__ import annotations

import contextlib
import errno
import math
import os
import struct
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from enrich.store.backends.group import open_file
from enrich.store.backends.lockfile import PATIENCE, lock_fd, unlock_fd
from enrich.store.backends.locks import ThreadLock

_FORM = struct.Struct("<qQd")


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

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Keep all other writers of the folder waiting."""
        with self._file:
            yield

    def read(self) -> Account:
        """Return the account as it is now."""
        with self._file as fd:
            return _load(fd)

    def reserve(self, nbytes: int, limit: int) -> Account | None:
        """Count `nbytes` in and return the account, or return None when that would pass the limit."""
        with self._file as fd:
            used, added, swept = _load(fd)
            if used + nbytes > limit:
                return None
            account = Account(used + nbytes, added + nbytes, swept)
            _save(fd, account)
            return account

    def release(self, nbytes: int) -> None:
        """Count bytes out that were dropped, or never written."""
        with self._file as fd:
            account = _load(fd)
            _save(fd, Account(max(0, account.used - nbytes), account.added, account.swept))

    def counted(self, nbytes: int, since: Account, now: float) -> Account:
        """Replace the count by what a sweep found, and add what was written since it began."""
        with self._file as fd:
            account = _load(fd)
            account = Account(nbytes + max(0, account.added - since.added), account.added, now)
            _save(fd, account)
            return account

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        self._file.close()


class _LockedFile:
    """A file that one thread of one process has at a time; entered, it gives the descriptor."""

    def __init__(self, path: Path, mode: int) -> None:
        self.path = path
        self._mode = mode
        self._thread = ThreadLock()
        self._fd = -1
        self._pid = os.getpid()

    def __enter__(self) -> int:
        until = time.monotonic() + PATIENCE
        if not self._thread.acquire(PATIENCE):
            raise _held_too_long()
        try:
            if self._pid != os.getpid():
                # After a fork: parent and child share the open file, and with it the lock on it.
                self.close()
                self._pid = os.getpid()
            fd = self._fd
            if fd < 0 or not os.fstat(fd).st_nlink:  # the folder was removed meanwhile
                fd = self._open()
            if not lock_fd(fd, wait=until - time.monotonic()):
                raise _held_too_long()
        except BaseException:
            self._thread.release()
            raise
        return fd

    def __exit__(self, *_error: object) -> None:
        try:
            unlock_fd(self._fd)
        finally:
            self._thread.release()

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = -1

    def _open(self) -> int:
        self.close()
        self._fd = open_file(self.path, self._mode)
        return self._fd


def _held_too_long() -> TimeoutError:
    return TimeoutError(errno.ETIMEDOUT, f"another process has kept its ledger for {PATIENCE:g} s")


def _load(fd: int) -> Account:
    data = _read(fd, _FORM.size)
    if len(data) < _FORM.size:
        return Account()
    account = Account(*_FORM.unpack(data))
    # A damaged file is as good as none: the folder is counted anew.
    return account if account.used >= 0 and math.isfinite(account.swept) else Account()


def _save(fd: int, account: Account) -> None:
    _write(fd, _FORM.pack(*account))


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

"""Values as files in a private folder, for all processes of one host."""

from __future__ import annotations

import errno
import logging
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Self, TypeVar

from enrich.errors import StoreConfigError, StoreUnavailableError
from enrich.store.backends.folder import TIMES_BY_FD, Bounds, Folder, failed, open_default, unavailable
from enrich.store.backends.group import NO_LINKS, set_used
from enrich.store.backends.layout import TRASH, is_entry, lock_file, record_file, shard
from enrich.store.backends.ledger import Ledger
from enrich.store.backends.lockfile import FileLease, try_lock_file
from enrich.store.backends.mapping import file_contents, read_whole
from enrich.store.backends.protocol import (
    MISSING,
    Buffer,
    Entry,
    Missing,
    Reach,
    Settings,
    Swept,
    check_positive,
    copied,
    scope_of,
)
from enrich.store.backends.quota import Quota
from enrich.store.backends.sweep import Sweeper, default_limit

logger = logging.getLogger("enrich.store")
T = TypeVar("T")

LARGEST_RECORD = 1 << 16  # the rest of a larger one isn't read: it is damaged
_TRIES = 5


class FileSystemBackend:
    """Keep values as files in a private folder that all processes of this host share.

    Parameters
    ----------
    cache_dir: the folder, made absolute at once. Default: one per app name, below the user's cache directory.
    max_bytes: most bytes to keep; default the store's, or else 10 GiB or a tenth of the disk.
    name: what declarations call this backend.

    Raises `StoreUnavailableError` when the folder can't be made or written.

    >>> FileSystemBackend("values", max_bytes=2**30).limit
    1073741824
    """

    reach: Reach = "host"

    def __init__(
        self,
        cache_dir: str | os.PathLike[str] | None = None,
        *,
        max_bytes: int | None = None,
        name: str = "files",
    ) -> None:
        if max_bytes is not None:
            check_positive(max_bytes, "FileSystemBackend(max_bytes")
        self.name = name
        self._max_bytes = max_bytes
        self._cache_dir = None if cache_dir is None else absolute(cache_dir)
        self._settings = Settings()
        if self._cache_dir is not None:
            self._open(Folder(self._cache_dir))

    def _open(self, folder: Folder) -> None:
        self.folder = folder
        settings = self._settings
        limit = self._max_bytes or settings.max_bytes or default_limit(folder.path)
        self.ledger = Ledger(folder.path / "ledger", folder.file_mode)
        self.sweeper = Sweeper(folder, self.ledger, limit=limit, ttl=settings.ttl, clock=settings.clock)
        self.quota = Quota(folder, self.sweeper, settings.session_quota) if settings.session_quota else None

    def with_settings(self, settings: Settings, /) -> Self:
        """Return this backend with the store's settings; a default folder is chosen here, by the app's name."""
        changed = copied(self)
        changed._settings = settings
        changed._open(open_default(settings.app) if self._cache_dir is None else Folder(self._cache_dir))
        changed._cache_dir = changed.folder.path
        return changed

    def __getstate__(self) -> dict[str, object]:
        return {
            "name": self.name,
            "_max_bytes": self._max_bytes,
            "_cache_dir": self._cache_dir,
            "_settings": self._settings,
        }

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__dict__.update(state)
        if self._cache_dir is not None:
            self._open(Folder(self._cache_dir))

    @property
    def private(self) -> bool:
        """Can only this user write to the folder?"""
        return self.folder.private

    @property
    def where(self) -> str:
        """The folder."""
        return str(self.folder.path)

    @property
    def evictions(self) -> int:
        """Entries that this process dropped, for age or room."""
        return self.sweeper.dropped

    @property
    def limit(self) -> int:
        """Most bytes that are kept."""
        return self.sweeper.limit

    def path(self, key: str) -> Path:
        """Return where an entry is; a table's file opens in any Arrow tool."""
        return self.folder.path / shard(key) / key

    def read(self, key: str, /, *, renew: bool = True) -> Buffer | Missing:
        """Map the file privately: what is written to the buffer stays in this process."""
        opened = self._find(shard(key), key)
        if opened is None:
            return MISSING
        fd, found = opened
        settings = self._settings
        try:
            now = settings.clock()
            age = now - found.st_mtime
            if age > settings.ttl:
                return MISSING
            if renew and abs(age) > settings.renew_after:
                self._renew_read(key, fd, now)
            return file_contents(fd, found.st_size)
        except OSError as error:
            raise unavailable(self.folder.path, error) from error
        finally:
            os.close(fd)

    def _find(self, sub: str, name: str) -> tuple[int, os.stat_result] | None:
        try:
            # A sweeper may have it aside, to look at its age once more, and put it back meanwhile.
            for place in (name, name + TRASH, name):
                try:
                    return self.folder.open(sub, place)
                except FileNotFoundError:
                    continue
        except OSError as error:
            raise unavailable(self.folder.path, error) from error
        return None

    def _renew_read(self, key: str, fd: int, now: float) -> None:
        try:
            set_used(fd if TIMES_BY_FD else self.path(key), now)
        except OSError as error:  # A folder made read-only can still be read.
            logger.warning("enrich.store: can't renew %s in %s: %s", key, self.folder.path, error)

    def write(self, key: str, buffers: Sequence[Buffer], nbytes: int, /, *, payer: str = "") -> None:
        """Write one temporary file by one gathered write, and rename it; then note who pays for it."""
        self.sweeper.check_size(nbytes)
        try:
            if self.quota is None:
                self._write(shard(key), key, buffers, nbytes, bounds=self.sweeper)
                return
            with self.quota.admitted(key, nbytes, payer):
                self._write(shard(key), key, buffers, nbytes, bounds=self.sweeper)
        except OSError as error:
            raise unavailable(self.folder.path, error) from error
        finally:
            self.sweeper.begin_if_due()  # who is refused needs it most

    def charge(self, key: str, nbytes: int, payer: str, /) -> None:
        """Let a session pay for a shared value that nobody pays for."""
        if self.quota is not None:
            try:
                self.quota.charge(key, nbytes, payer)
            except OSError as error:
                raise unavailable(self.folder.path, error) from error

    def _write(
        self,
        sub: str,
        name: str,
        buffers: Sequence[Buffer],
        nbytes: int,
        *,
        bounds: Bounds | None = None,
        new: bool = False,
    ) -> bool:
        settings = self._settings
        return self._trying(
            nbytes,
            lambda: self.folder.write(
                sub, name, buffers, nbytes,
                used=settings.clock(), bounds=bounds, durable=settings.durable, new=new,
            ),
        )  # fmt: skip

    def _trying(self, nbytes: int, write: Callable[[], T]) -> T:
        left = _TRIES
        while True:
            left -= 1
            try:
                return write()
            except OSError as error:
                if not left or not self._mended(error, nbytes):
                    raise failed(self.folder.path, error, nbytes) from error

    def _mended(self, error: OSError, nbytes: int) -> bool:
        """Take the reason why a write failed out of the way; was there something to be done?"""
        try:
            if isinstance(error, FileNotFoundError):
                # The folder was removed while running, or a sweeper took a temporary file that wasn't locked yet.
                self.folder.make("")
                return True
            # How much a disk quota leaves isn't known.
            available = shutil.disk_usage(self.folder.path).free if error.errno == errno.ENOSPC else 0
            return error.errno in (errno.ENOSPC, errno.EDQUOT) and self.sweeper.free(nbytes, available)
        except OSError as failure:
            raise failed(self.folder.path, failure, nbytes) from failure

    def renew(self, key: str, nbytes: int | None = None, /) -> bool:
        """Set the file's time unless it is gone or too old."""
        sub = shard(key)
        try:
            now = self._settings.clock()
            found = self.folder.touch(sub, key, now, now - self._settings.ttl)
        except FileNotFoundError:
            return False
        except OSError as error:
            raise unavailable(self.folder.path, error) from error
        return nbytes is None or found.st_size == nbytes

    def delete(self, key: str, /) -> bool:
        """Unlink the file; who has it mapped keeps reading it."""
        sub = shard(key)
        gone = False
        try:
            # A sweeper may have it aside, to look at its age once more, and put it back meanwhile: it has both names
            # for a moment, and counts once.
            for name in (key, key + TRASH, key):
                found = self.folder.look(sub, name)
                if found is not None:
                    if not scope_of(key):
                        self.sweeper.charges.release(key)
                    gone = self._unlink(sub, name, 0 if gone else found.st_size) or gone
        except OSError as error:
            raise unavailable(self.folder.path, error) from error
        return gone

    def _unlink(self, sub: str, name: str, nbytes: int) -> bool:
        since = self.ledger.read()
        gone = self.folder.unlink(sub, name)
        if gone:
            self.ledger.release(nbytes, since)
        return gone

    def discard(self, key: str, /) -> None:
        """Drop a torn file."""
        logger.warning("enrich.store: %s is torn or foreign; it counts as missing.", self.path(key))
        self.delete(key)

    def entries(self) -> Iterator[Entry]:
        """List the files, one folder at a time."""
        try:
            for _sub, entry, found in self.folder.scan("entries"):
                if is_entry(entry.name):
                    yield Entry(entry.name, found.st_size, found.st_mtime)
        except OSError as error:
            raise unavailable(self.folder.path, error) from error

    def sweep(self) -> Swept:
        """Drop what is too old or too much, unless another process is at it."""
        self.sweeper.join()
        try:
            return self.sweeper.sweep()
        except OSError as error:
            raise unavailable(self.folder.path, error) from error

    def clear(self) -> None:
        """Unlink all entries and records; the kept ones and those mapped by readers stay."""
        try:
            # In this order who pays for what is stored meanwhile stays noted: that is written after the entry.
            # Twice, since a sweeper may have an entry aside, to look at its age once more, and put it back meanwhile.
            for top in ("payers", "charges", "entries", "entries", "records"):
                for sub, entry, found in self.folder.scan(top):
                    if top == "entries":
                        self._unlink(sub, entry.name, found.st_size)
                    else:
                        self.folder.unlink(sub, entry.name)
        except OSError as error:
            raise unavailable(self.folder.path, error) from error

    def get_record(self, name: str, /, *, kept: bool = False) -> bytes | Missing:
        """Read a small file, and renew it at most once a minute."""
        sub, file = record_file(name, kept)
        opened = self._find(sub, file)
        if opened is None:
            return MISSING
        fd, found = opened
        try:
            now = self._settings.clock()
            age = now - found.st_mtime
            if not kept and age > self._settings.ttl:
                return MISSING
            if abs(age) > self._settings.renew_after and TIMES_BY_FD:
                self._renew_read(file, fd, now)
            return bytes(read_whole(fd, min(found.st_size, LARGEST_RECORD)))
        except OSError as error:
            raise unavailable(self.folder.path, error) from error
        finally:
            os.close(fd)

    def set_record(self, name: str, value: bytes, /, *, kept: bool = False) -> None:
        """Replace a small file by renaming a new one over it."""
        sub, file = record_file(name, kept)
        self._write(sub, file, [value], len(value))
        if not kept:
            self.sweeper.begin_if_due()

    def add_record(self, name: str, value: bytes, /, *, kept: bool = False) -> bytes:
        """Link a small file into place: of many at once, one wins, and all read the winner's whole."""
        sub, file = record_file(name, kept)
        if (found := self.get_record(name, kept=kept)) is not MISSING:  # on a full disk too
            return found
        for _attempt in range(3):
            try:
                if self._write(sub, file, [value], len(value), new=True):
                    return value
            except StoreUnavailableError as error:
                if getattr(error.__cause__, "errno", None) not in NO_LINKS:
                    raise
                return self._add_alone(name, value, kept)
            if (found := self.get_record(name, kept=kept)) is not MISSING:
                return found
            self.delete_record(name)  # it was too old
        raise StoreUnavailableError(
            f"{self.folder.path} keeps losing its files. Does something else clean it up?"
        )

    def _add_alone(self, name: str, value: bytes, kept: bool) -> bytes:
        """Do the same under a lock, where the file system has no hard links (some network and container mounts)."""

        def add() -> bytes:
            found = self.get_record(name, kept=kept)
            if found is not MISSING:
                return found
            self.folder.write(*record_file(name, kept), [value], len(value), used=self._settings.clock())
            return value

        # Room is made outside, since a sweep waits for the same lock.
        return self._trying(len(value), lambda: self.ledger.alone(add))

    def delete_record(self, name: str, /) -> bool:
        """Unlink a small file."""
        try:
            return self.folder.unlink(*record_file(name, False))
        except OSError as error:
            raise unavailable(self.folder.path, error) from error

    def try_lock(self, name: str, lease: float, /) -> FileLease | None:
        """Take an OS lock, which is free the moment its holder dies; the lease isn't needed."""

        def attempt() -> FileLease | None:
            with self.folder.opened("locks"):  # it is there, and no link
                return try_lock_file(self.folder.path / "locks" / lock_file(name), self.folder.file_mode)

        try:
            try:
                return attempt()
            except FileNotFoundError:
                self.folder.make("locks")
                return attempt()
        except OSError as error:
            raise failed(self.folder.path, error) from error


def absolute(cache_dir: str | os.PathLike[str]) -> Path:
    """Return where a folder of values is; raises `StoreConfigError` for what is no path, or an empty one."""
    try:
        given = os.fspath(cache_dir)
        if isinstance(given, str) and given and "\0" not in given:
            return Path(given).expanduser().absolute()
    except (TypeError, RuntimeError):  # no path, or in the home of nobody
        pass
    raise StoreConfigError(
        f"FileSystemBackend({cache_dir!r}): give the path of a folder, or nothing for the app's default one."
    )

"""Values in any `pyarrow.fs` file system (S3, GCS, Azure, HDFS), with a local folder in front."""

from __future__ import annotations

import atexit
import contextlib
import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Self

import pyarrow.fs as pafs

from enrich.errors import StoreConfigError, StoreError, StoreUnavailableError
from enrich.store.backends.arrow_files import ArrowFiles
from enrich.store.backends.frames import framed, unframed
from enrich.store.backends.layout import name_digest
from enrich.store.backends.lockfile import FileLease
from enrich.store.backends.protocol import (
    IN_USE,
    MISSING,
    Buffer,
    Entry,
    Missing,
    Reach,
    Settings,
    Swept,
    check_positive,
    copied,
)
from enrich.store.backends.sweep import LOW, begun
from enrich.store.backends.tier import Local, Tier, open_tier

logger = logging.getLogger("enrich.store")

_READS: Final = 5
_LONGEST_WRITE: Final = 3600.0  # seconds; a file that is unfinished for longer has lost its writer
_ending: Final = threading.Event()
atexit.register(_ending.set)


class ArrowFSBackend:
    """Keep values in a bucket or a folder of any Arrow file system, for several hosts.

    Parameters
    ----------
    fs: a `pyarrow.fs.FileSystem`; give it timeouts of its own.
    path: where in it: "bucket/folder", without a scheme.
    local: the folder of local copies: True for the default one, or a `FileSystemBackend`.
    max_bytes: most bytes to keep, seen to by sweeps; default the store's, or else no limit.
    name: what declarations call this backend.

    A remote file system can't let one of many workers win a race: the store needs a secret by argument or
    environment (unless it is a folder of this host), and concurrent memoized calls run once per host.

    Raises `StoreConfigError` for arguments that can't be.

    >>> from pyarrow.fs import LocalFileSystem
    >>> from enrich.store import ArrowFSBackend, Store
    >>> store = Store(ArrowFSBackend(LocalFileSystem(), "bucket"), app="doc")
    >>> store.get(store.put([1, 2, 3]))
    [1, 2, 3]
    """

    def __init__(
        self,
        fs: pafs.FileSystem,
        path: str,
        *,
        local: Local = True,
        max_bytes: int | None = None,
        name: str = "arrow",
    ) -> None:
        if max_bytes is not None:
            check_positive(max_bytes, "ArrowFSBackend(max_bytes")
        if not isinstance(fs, pafs.FileSystem):
            raise StoreConfigError(
                f"ArrowFSBackend({fs!r}): give a pyarrow.fs.FileSystem, as S3FileSystem()."
            )
        if local is False:
            raise StoreConfigError(
                "ArrowFSBackend needs its local folder, where its locks are. Leave local=True."
            )
        self.name = name
        self._files = ArrowFiles(fs, path)
        self.reach: Reach = "host" if self._files.local else "hosts"
        self.evictions = 0
        self._local = local
        self._max_bytes = max_bytes
        self._settings = Settings()
        self._tier = Tier(None, self._settings)
        self._swept = 0.0
        self._background: threading.Thread | None = None

    def with_settings(self, settings: Settings, /) -> Self:
        """Return this backend with the store's settings; its place is made and its local folder opened."""
        if settings.session_quota is not None:
            raise StoreConfigError(
                f"session_quota can't be kept by backend {self.name!r}: it would have to look through {self.where} at "
                "each write. Use FileSystemBackend() or RedisBackend(...)."
            )
        changed = copied(self)
        changed._settings = settings
        # A use costs the remote one small write, so it hears of one in a tenth of the ttl only.
        changed._tier = Tier(open_tier(self._local, self.name, settings), settings, settings.ttl / 10)
        changed._background = None
        self._files.open()
        return changed

    def __getstate__(self) -> dict[str, object]:
        state = self.__dict__.copy()
        del state["_tier"], state["_background"]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._background = None
        self._tier = Tier(
            open_tier(self._local, self.name, self._settings), self._settings, self._settings.ttl / 10
        )

    @property
    def private(self) -> bool:
        """Only when it is a folder of this host in which nobody else can read or write."""
        return self._files.private

    @property
    def where(self) -> str:
        """The kind of file system, and the path."""
        return self._files.where

    @property
    def limit(self) -> int | None:
        """Most bytes that a sweep leaves."""
        return self._max_bytes or self._settings.max_bytes

    def read(self, key: str, /, *, renew: bool = True) -> Buffer | Missing:
        """Return the local copy, else fetch the value and check its full digest."""
        if not renew:
            return self._files.read(self._files.place("entries", key))
        found = self._tier.read(key, lambda: self._fetch(key), lambda: self._use(key))
        self._sweep_in_time()
        return found

    def _fetch(self, key: str) -> Buffer | Missing:
        data = self._files.read(self._files.place("entries", key))
        if data is not MISSING:
            self._tier.pass_on(key, lambda: self._mark(key))
        return data

    def _use(self, key: str) -> bool:
        return self._is_there(key, None) and self._mark(key)

    def _mark(self, key: str) -> bool:
        self._files.write(self._files.place("used", key), [b"\n"])
        return True

    def write(self, key: str, buffers: Sequence[Buffer], nbytes: int, /, *, payer: str = "") -> None:
        """Upload the value, then keep a local copy."""
        self._files.write(self._files.place("entries", key), buffers)
        self._tier.used(key)
        self._tier.keep(key, buffers, nbytes)
        self._sweep_in_time()

    def renew(self, key: str, nbytes: int | None = None, /) -> bool:
        """Look at the remote, mark the entry as used there, and see whether a sweep was faster."""
        if not self._is_there(key, nbytes):
            return False
        if not self._tier.due(key):
            return True
        self._mark(key)
        self._tier.used(key)
        return self._is_there(key, nbytes)

    def _is_there(self, key: str, nbytes: int | None) -> bool:
        size = self._files.size(self._files.place("entries", key))
        return size is not None and nbytes in (None, size)

    def delete(self, key: str, /) -> bool:
        """Drop the value here and there; other hosts learn of it when they next pass a use on."""
        self._tier.drop(key)
        return self._drop("entries", key)

    def _drop(self, kind: str, name: str) -> bool:
        there = self._files.remove(self._files.place(kind, name))
        self._files.remove(self._files.place("used", name))
        return there

    def discard(self, key: str, /) -> None:
        """Drop a torn local copy, or without one the remote's."""
        if not self._tier.drop(key):
            self.delete(key)

    def entries(self) -> Iterator[Entry]:
        """List the remote; a value's last use is its own time or its mark's."""
        return self._uses("entries", self._marks())

    def _marks(self) -> dict[str, float]:
        return {info.base_name: info.mtime.timestamp() for info in self._files.listed("used")}

    def _uses(self, kind: str, marks: Mapping[str, float]) -> Iterator[Entry]:
        for info in self._files.listed(kind):
            used = max(info.mtime.timestamp(), marks.get(info.base_name, 0.0))
            yield Entry(info.base_name, info.size, used)

    def _sweep_in_time(self) -> None:
        now = self._settings.clock()
        if abs(now - self._swept) < max(self._settings.ttl / 10, 60.0):
            return
        self._swept = now
        if self._background is None or not self._background.is_alive():
            self._background = begun(self._sweep_quietly)

    def _sweep_quietly(self) -> None:
        try:
            self.sweep()
        except StoreError as error:
            # When the interpreter ends, Arrow takes its file systems away from threads that go on.
            if not _ending.is_set():
                logger.warning("enrich.store: can't sweep: %s", error)

    def sweep(self) -> Swept:
        """Drop what is too old, then the least recently used above the limit; one worker of a host at a time."""
        running = self._background
        if running is not None and running is not threading.current_thread():
            running.join()
        lock = self.try_lock("sweep", IN_USE)
        if lock is None:
            return Swept()
        try:
            return self._sweep()
        finally:
            lock.release()

    def _sweep(self) -> Swept:
        marks = self._marks()
        found = sorted(self._uses("entries", marks), key=lambda entry: entry.used)
        total = sum(entry.nbytes for entry in found)
        target = total if self.limit is None or total <= self.limit else int(self.limit * LOW)
        dropped = freed = 0
        left: list[float] = []
        for at, entry in enumerate(found):
            surplus = total - freed > target
            if not self._may_go(entry.used, surplus):
                left += [other.used for other in found[at:]]
                break
            # The list is as old as the sweep: it may have been used or stored again meanwhile.
            used = self._last_used("entries", entry.key)
            if self._may_go(used, surplus) and self.delete(entry.key):
                dropped += 1
                freed += entry.nbytes
            else:
                left.append(used)
        for record in self._uses("records", marks):
            if self._may_go(record.used) and self._may_go(self._last_used("records", record.key)):
                self._drop("records", record.key)
        for name, used in marks.items():
            if self._may_go(used) and self._may_go(self._last_used("used", name)):
                self._files.remove(self._files.place("used", name))
        self._files.drop_unfinished(self._settings.clock() - _LONGEST_WRITE)
        if dropped:
            logger.info("enrich.store: dropped %d entries (%d bytes) of %s", dropped, freed, self.where)
            self.evictions += dropped
        return Swept(len(found) - dropped, total - freed, dropped, freed, min(left, default=None))

    def _may_go(self, used: float, surplus: bool = False) -> bool:
        """Is what was last used then too old, or, where there is too much, out of use?"""
        # Uses are passed on late, so an entry counts as old only this much later.
        grace = max(self._settings.ttl / 10, IN_USE)
        age = self._settings.clock() - used
        return age > self._settings.ttl + grace or (surplus and age >= grace)

    def _last_used(self, kind: str, name: str) -> float:
        return self._files.last_written(self._files.place(kind, name), self._files.place("used", name))

    def clear(self) -> None:
        """Drop all values and records, and this host's copies."""
        self._tier.clear()
        for kind in ("entries", "used", "records"):
            for info in list(self._files.listed(kind)):
                self._files.remove(info.path)
        self._files.drop_unfinished(self._settings.clock() - _LONGEST_WRITE)

    def get_record(self, name: str, /, *, kept: bool = False) -> bytes | Missing:
        """Fetch a small file, and mark it as used: written anew, it could undo what another host wrote meanwhile."""
        digest = name_digest(name)
        data = self._whole_record(name, kept)
        if data is not MISSING and not kept:
            self._tier.pass_on(digest, lambda: self._mark(digest))
        return data

    def _whole_record(self, name: str, kept: bool) -> bytes | Missing:
        # An object store tells the length and gives the content by two requests, between which others may write.
        for _attempt in range(_READS):
            data = self._files.read(self._files.place(_kind(kept), name_digest(name)))
            if data is MISSING:
                return MISSING
            found = unframed(name, data)
            if found is not MISSING:
                return bytes(found.body)
        logger.warning("enrich.store: a record in %s can't be read and counts as missing", self.where)
        return MISSING

    def set_record(self, name: str, value: bytes, /, *, kept: bool = False) -> None:
        """Replace a small file."""
        digest = name_digest(name)
        record = framed(name, [value], self._settings.clock())
        self._files.write(self._files.place(_kind(kept), digest), [record])
        self._tier.used(digest)

    def add_record(self, name: str, value: bytes, /, *, kept: bool = False) -> bytes:
        """Write a small file unless there is one; only within one host can that be decided safely."""
        if name == "secret" and self.reach == "hosts":
            raise StoreConfigError(
                f"{self.where} can't make workers of several hosts agree on a secret. "
                "Give Store(secret=...) or set ENRICH_SECRET_KEY, the same everywhere."
            )
        with self._settled(name):
            found = self.get_record(name, kept=kept)
            if found is not MISSING:
                return found
            self.set_record(name, value, kept=kept)
            return value

    @contextlib.contextmanager
    def _settled(self, name: str) -> Iterator[None]:
        waiting = threading.Event()
        for _attempt in range(500):
            lock = self.try_lock(f"add {name}", IN_USE)
            if lock is not None:
                break
            waiting.wait(0.01)
        else:
            raise StoreUnavailableError(f"{self.where}: another worker holds a lock for too long.")
        try:
            yield
        finally:
            lock.release()

    def delete_record(self, name: str, /) -> bool:
        """Drop a small file."""
        return self._drop("records", name_digest(name))

    def try_lock(self, name: str, lease: float, /) -> FileLease | None:
        """Take a lock among this host's processes."""
        if self._tier.local is None:
            raise StoreConfigError(f"Backend {self.name!r} isn't opened yet: hand it to a Store.")
        return self._tier.local.try_lock(f"{self.where} {name}", lease)


def _kind(kept: bool) -> str:
    return "kept" if kept else "records"

"""Values in any `pyarrow.fs` file system (S3, GCS, Azure, HDFS), with a local folder in front."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import secrets
import threading
from collections.abc import Iterator, Sequence
from typing import Any, Self

import pyarrow.fs as pafs

from enrich.errors import StoreConfigError, StoreUnavailableError
from enrich.store.backends.folder import Folder
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
from enrich.store.backends.sweep import LOW
from enrich.store.backends.tier import Local, Tier, open_tier

logger = logging.getLogger("enrich.store")

# Object stores show an object when its upload has ended; other file systems show a half-written file.
_WHOLE_OBJECTS = frozenset({"s3", "gcs", "abfs"})


class ArrowFSBackend:
    """Keep values in a bucket or a folder of any Arrow file system, for several hosts.

    Parameters
    ----------
    fs: a `pyarrow.fs.FileSystem`; give it timeouts of its own.
    path: where in it: "bucket/folder".
    local: the folder of local copies: True for the default one, or a `FileSystemBackend`.
    max_bytes: most bytes to keep, seen to by sweeps; default the store's, or else no limit.
    name: how declarations call this backend.

    A remote file system can't let one of many workers win a race: the store needs a secret by argument or
    environment, and concurrent memoized calls run once per host.
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
        self.reach: Reach = "host" if fs.type_name == "local" else "hosts"
        self.evictions = 0
        self._fs = fs
        self._path = path.rstrip("/")
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
        with changed._asking():
            if self._fs.type_name not in _WHOLE_OBJECTS:
                self._fs.create_dir(self._path, recursive=True)
            self._fs.get_file_info(self._path)
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
        """Only when it is a folder of this host that only this user can write."""
        return self._fs.type_name == "local" and Folder(self._path).private

    @property
    def where(self) -> str:
        """The kind of file system, and the path."""
        return f"{self._fs.type_name}://{self._path}"

    @property
    def limit(self) -> int | None:
        """Most bytes that a sweep leaves."""
        return self._max_bytes or self._settings.max_bytes

    @contextlib.contextmanager
    def _asking(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError:
            raise
        except OSError as error:
            raise StoreUnavailableError(
                f"{self.where} can't be used ({error}). Is the address right, and may this host read and write there?"
            ) from error

    def _place(self, kind: str, name: str) -> str:
        return f"{self._path}/{kind}/{name[:2]}/{name}"

    def _get(self, path: str) -> bytes | Missing:
        try:
            with self._asking(), self._fs.open_input_file(path) as file:
                return bytes(file.read())
        except FileNotFoundError:
            return MISSING

    def _put(self, path: str, buffers: Sequence[Buffer]) -> None:
        whole = self._fs.type_name in _WHOLE_OBJECTS
        target = path if whole else f"{path}.tmp-{secrets.token_hex(8)}"
        with self._asking():
            if not whole:
                self._fs.create_dir(path.rpartition("/")[0], recursive=True)
            try:
                with self._fs.open_output_stream(target) as stream:
                    for buffer in buffers:
                        stream.write(buffer)
                if not whole:
                    self._fs.move(target, path)
            except BaseException:
                with contextlib.suppress(OSError):
                    self._fs.delete_file(
                        target
                    )  # closing a stream ends the upload of what was written so far
                raise

    # --- entries --------------------------------------------------------------------------------

    def read(self, key: str, /, *, renew: bool = True) -> Buffer | Missing:
        """Return the local copy, else fetch the value and check its full digest."""
        if not renew:
            return self._get(self._place("entries", key))
        found = self._tier.read(key, lambda: self._fetch(key), lambda: self._use(key))
        self._sweep_in_time()
        return found

    def _fetch(self, key: str) -> Buffer | Missing:
        data = self._get(self._place("entries", key))
        if data is not MISSING:
            self._tier.pass_on(key, lambda: self._mark(key))
        return data

    def _use(self, key: str) -> bool:
        with self._asking():
            found = self._fs.get_file_info(self._place("entries", key))
        return found.type == pafs.FileType.File and self._mark(key)

    def _mark(self, key: str) -> bool:
        self._put(self._place("used", key), [b"\n"])
        return True

    def write(self, key: str, buffers: Sequence[Buffer], nbytes: int, /, *, payer: str = "") -> None:
        """Upload the value, then keep a local copy."""
        self._put(self._place("entries", key), buffers)
        self._tier.used(key)
        self._tier.keep(key, buffers, nbytes)
        self._sweep_in_time()

    def renew(self, key: str, nbytes: int | None = None, /) -> bool:
        """Look at the remote, and mark the entry as used there."""
        with self._asking():
            found = self._fs.get_file_info(self._place("entries", key))
        if found.type != pafs.FileType.File or (nbytes is not None and found.size != nbytes):
            return False
        if self._tier.due(key):
            self._mark(key)
            self._tier.used(key)
        return True

    def delete(self, key: str, /) -> bool:
        """Drop the value here and there; other hosts learn of it when they next pass a use on."""
        self._tier.drop(key)
        self._remove(self._place("used", key))
        return self._remove(self._place("entries", key))

    def _remove(self, path: str) -> bool:
        with self._asking():
            if self._fs.get_file_info(path).type != pafs.FileType.File:
                return False
            try:
                self._fs.delete_file(path)
            except FileNotFoundError:
                return False
            return True

    def discard(self, key: str, /) -> None:
        """Drop a torn local copy, or without one the remote's."""
        if not self._tier.drop(key):
            self.delete(key)

    def _list(self, kind: str) -> Iterator[pafs.FileInfo]:
        with self._asking():
            found = self._fs.get_file_info(
                pafs.FileSelector(f"{self._path}/{kind}", allow_not_found=True, recursive=True)
            )
        yield from (
            info for info in found if info.type == pafs.FileType.File and ".tmp-" not in info.base_name
        )

    def entries(self) -> Iterator[Entry]:
        """List the remote; a value's last use is its own time or its mark's."""
        marks = {info.base_name: info.mtime.timestamp() for info in self._list("used")}
        for info in self._list("entries"):
            used = max(info.mtime.timestamp(), marks.get(info.base_name, 0.0))
            yield Entry(info.base_name, info.size, used)

    def _sweep_in_time(self) -> None:
        now = self._settings.clock()
        if abs(now - self._swept) < max(self._settings.ttl / 10, 60.0):
            return
        self._swept = now
        if self._background is None or not self._background.is_alive():
            self._background = threading.Thread(
                target=self._sweep_quietly, name="enrich-store-sweep", daemon=True
            )
            self._background.start()

    def _sweep_quietly(self) -> None:
        try:
            self.sweep()
        except StoreUnavailableError as error:
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
        now = self._settings.clock()
        # Uses are passed on late, so an entry counts as old only this much later.
        grace = max(self._settings.ttl / 10, IN_USE)
        found = sorted(self.entries(), key=lambda entry: entry.used)
        total = sum(entry.nbytes for entry in found)
        target = total if self.limit is None or total <= self.limit else int(self.limit * LOW)
        dropped = freed = 0
        for entry in found:
            expired = now - entry.used > self._settings.ttl + grace
            if not expired and (total - freed <= target or now - entry.used < grace):
                break
            if self.delete(entry.key):
                dropped += 1
                freed += entry.nbytes
        for info in self._list("records"):
            if now - info.mtime.timestamp() > self._settings.ttl + grace:
                self._remove(info.path)
        if dropped:
            logger.info("enrich.store: dropped %d entries (%d bytes) of %s", dropped, freed, self.where)
            self.evictions += dropped
        return Swept(
            len(found) - dropped,
            total - freed,
            dropped,
            freed,
            found[dropped].used if found[dropped:] else None,
        )

    def clear(self) -> None:
        """Drop all values and records, and this host's copies."""
        self._tier.clear()
        for kind in ("entries", "used", "records"):
            for info in list(self._list(kind)):
                self._remove(info.path)

    # --- records --------------------------------------------------------------------------------

    def _record(self, name: str, kept: bool) -> str:
        digest = hashlib.blake2b(name.encode(), digest_size=16).hexdigest()
        return self._place("kept" if kept else "records", digest)

    def get_record(self, name: str, /, *, kept: bool = False) -> bytes | Missing:
        """Fetch a small file; one that is used is written anew in a tenth of the ttl."""
        path = self._record(name, kept)
        data = self._get(path)
        if data is not MISSING and not kept and self._tier.due(path):
            self._put(path, [data])
            self._tier.used(path)
        return data

    def set_record(self, name: str, value: bytes, /, *, kept: bool = False) -> None:
        """Replace a small file."""
        path = self._record(name, kept)
        self._put(path, [value])
        self._tier.used(path)

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
        return self._remove(self._record(name, False))

    def try_lock(self, name: str, lease: float, /) -> FileLease | None:
        """Take a lock among this host's processes."""
        if self._tier.local is None:
            raise StoreConfigError(f"Backend {self.name!r} isn't opened yet: hand it to a Store.")
        return self._tier.local.try_lock(f"{self.where} {name}", lease)

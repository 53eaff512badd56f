"""Values in any cache that flask-caching or cachelib knows: Memcached, MongoDB, DynamoDB, ..."""

from __future__ import annotations

import contextlib
import logging
import math
import os
import re
import secrets
import tempfile
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final, NoReturn, Self

from enrich.errors import (
    StoreConfigError,
    StoreError,
    StoreFullError,
    StoreNotSharedError,
    StoreUnavailableError,
)
from enrich.store.backends.cache_client import CacheClient
from enrich.store.backends.folder import Folder, failed
from enrich.store.backends.frames import Frame, framed, unframed
from enrich.store.backends.group import is_closed
from enrich.store.backends.layout import lock_file, name_digest
from enrich.store.backends.lockfile import PATIENCE, FileLease, wait_for_lock_file
from enrich.store.backends.protocol import MISSING, Buffer, Entry, Missing, Reach, Settings, Swept, copied
from enrich.store.backends.tier import Tier

logger = logging.getLogger("enrich.store")

_PLAIN: Final = re.compile(r"[a-z0-9]{1,64}")


class FlaskCachingBackend:
    """Keep values in a cache of flask-caching or cachelib, which bounds and evicts by its own policy.

    Parameters
    ----------
    cache: a `flask_caching.Cache`, or any cachelib cache.
    reach: who sees its values ("process", "host", "hosts"), for caches of a kind not known here.
    name: what declarations call this backend.

    A failed write raises; the cache's own timeouts bound how long that takes. A value lives at least the store's
    ttl after its last use, unless the cache drops it. The cache can't list its values, so the command line can't.

    >>> from cachelib import SimpleCache
    >>> from enrich.store import FlaskCachingBackend, Store
    >>> store = Store(FlaskCachingBackend(SimpleCache()), app="doc")
    >>> store.get(store.put([1, 2, 3]))
    [1, 2, 3]
    """

    def __init__(self, cache: Any, *, reach: Reach | None = None, name: str = "cache") -> None:
        self.name = name
        self._client = CacheClient(cache)
        # Of a cache of another kind nobody knows who else writes to it.
        self._reach: Reach | None = reach or self._client.reach
        self._path = self._client.folder
        self._settings = Settings()
        self._tier = Tier(None, self._settings)

    def with_settings(self, settings: Settings, /) -> Self:
        """Return this backend with the store's settings."""
        if settings.session_quota is not None:
            raise StoreConfigError(
                f"session_quota can't be kept by backend {self.name!r}: its cache doesn't list what it holds. "
                "Use FileSystemBackend() or RedisBackend(...)."
            )
        changed = copied(self)
        changed._settings = settings
        changed._tier = Tier(None, settings, settings.ttl / 2)
        return changed

    def __reduce__(self) -> NoReturn:
        raise StoreNotSharedError(
            f"Backend {self.name!r} holds a connection and can't be sent to another process. "
            "Build the store in each process."
        )

    @property
    def reach(self) -> Reach:
        """Who sees its values; of a cache that isn't known only this process for sure."""
        return self._reach or "process"

    @property
    def private(self) -> bool:
        """Only in this process, or in a folder in which nobody else can read or write."""
        if self._path is not None:
            hidden = is_closed(self._path) or not self._client.others_read
            return Folder(self._path).private and hidden
        return self._reach == "process"

    @property
    def where(self) -> str:
        """The kind of cache."""
        return self._client.kind

    @contextlib.contextmanager
    def _asking(self) -> Iterator[Any]:
        cache = self._client.connected()
        try:
            yield cache
        except StoreError:
            raise
        except Exception as error:  # each client library has errors of its own
            if _says_full(error):
                raise self._refused(0) from error
            raise StoreUnavailableError(
                f"The cache behind backend {self.name!r} failed ({type(error).__name__}: {error}). Is it running?"
            ) from error

    def _refused(self, nbytes: int) -> StoreFullError:
        size = f" of {nbytes:,} bytes" if nbytes else ""
        return StoreFullError(
            f"The cache behind backend {self.name!r} ({self.where}) refused a value{size}: it is full, the value is "
            "too large for it (Memcached takes 1 MB unless started with -I), or it can't be reached."
        )

    @property
    def _timeout(self) -> int:
        # Renewed after half the ttl, so what was just used has the ttl before it.
        return math.ceil(self._settings.ttl * 1.5)

    def _lifetime(self, kept: bool) -> int:
        return self._client.for_ever if kept else self._timeout

    def read(self, key: str, /, *, renew: bool = True) -> Buffer | Missing:
        """Return the value, checked against its key; let it live on when half its time is over."""
        if not renew:
            return self._fetch(key, renew=False)
        return self._tier.read(key, lambda: self._fetch(key), lambda: True)

    def _fetch(self, key: str, *, renew: bool = True) -> bytearray | Missing:
        found = self._look(_named("e", key), renew)
        return MISSING if found is MISSING else bytearray(found.body)

    def _look(self, place: str, renew: bool) -> Frame | Missing:
        with self._asking() as cache:
            found = unframed(place, cache.get(place))
        if found is MISSING or not renew:
            return found
        if abs(self._settings.clock() - found.written) > self._settings.ttl / 2 and self._tier.due(place):
            try:
                self._renew(place, found)
            except StoreError as error:
                logger.warning("enrich.store: %s is served, but can't be renewed: %s", place, error)
        return found

    def _renew(self, place: str, found: Frame) -> None:
        """Let a value or record live on, unless another writer has replaced it meanwhile."""
        with self._asking():
            touched = self._client.touch(place, self._timeout)
        if not touched:
            with self._alone(place), self._client.alone():
                if self._look(place, renew=False) == found:
                    self._set(place, [found.body], self._timeout)
        self._tier.used(place)

    def _set(self, place: str, buffers: Sequence[Buffer], timeout: int) -> None:
        value = framed(place, buffers, self._settings.clock())
        with self._asking() as cache:
            done = cache.set(place, value, timeout=timeout)
        if not done:
            raise self._refused(len(value))

    def write(self, key: str, buffers: Sequence[Buffer], nbytes: int, /, *, payer: str = "") -> None:
        """Hand the value to the cache; its refusal raises."""
        self._set(_named("e", key), buffers, self._timeout)
        self._tier.used(key)

    def renew(self, key: str, nbytes: int | None = None, /) -> bool:
        """Say yes for what is still there, renewed as by a read; an equal value not used lately is written anew."""
        if nbytes is not None and self._tier.due(key):
            return False
        found = self._fetch(key)
        return found is not MISSING and nbytes in (None, len(found))

    def delete(self, key: str, /) -> bool:
        """Drop the value."""
        self._tier.drop(key)
        with self._asking() as cache:
            there = cache.get(_named("e", key)) is not None
            cache.delete(_named("e", key))
        return there

    def discard(self, key: str, /) -> None:
        """Drop a torn value."""
        self.delete(key)

    def entries(self) -> Iterator[Entry]:
        """Raise: these caches can't list."""
        raise StoreConfigError(
            f"The cache behind backend {self.name!r} ({self.where}) doesn't list what it holds, so its values can't be "
            "listed, counted or verified. Ask the cache's own tools."
        )

    def sweep(self) -> Swept:
        """Nothing to do: the cache evicts by its own policy."""
        return Swept()

    def clear(self) -> None:
        """Clear the whole cache, also of what others keep in it, but for the secret."""
        kept = self.get_record("secret", kept=True)
        with self._asking() as cache:
            cache.clear()
        if kept is not MISSING:
            self.set_record("secret", kept, kept=True)

    def get_record(self, name: str, /, *, kept: bool = False) -> bytes | Missing:
        """Return a record; let it live on when half its time is over."""
        found = self._look(_place(name, kept), renew=not kept)
        return MISSING if found is MISSING else bytes(found.body)

    def set_record(self, name: str, value: bytes, /, *, kept: bool = False) -> None:
        """Replace a record."""
        place = _place(name, kept)
        with self._alone(place):
            self._set(place, [value], self._lifetime(kept))

    def add_record(self, name: str, value: bytes, /, *, kept: bool = False) -> bytes:
        """Add a record unless there is one; the cache's own `add` decides among many."""
        place = _place(name, kept)
        record = framed(place, [value], self._settings.clock())
        with self._alone(place), self._asking() as cache:
            for _attempt in range(3):
                if cache.add(place, record, timeout=self._lifetime(kept)):
                    return value
                found = self._look(place, renew=False)
                if found is not MISSING:
                    return bytes(found.body)
                cache.delete(place)  # it is damaged, or of another make
        raise self._refused(len(value))

    @contextlib.contextmanager
    def _alone(self, place: str) -> Iterator[None]:
        if self._path is None:
            yield
            return
        # cachelib's file cache looks and then writes in its `add`: two processes could both win.
        lock = self._lock(place, PATIENCE)
        if lock is None:
            raise StoreUnavailableError(
                f"Another process that uses the cache in {self._path} has kept its lock for {PATIENCE:g} s. "
                "Let it go on if it was stopped, or end it."
            )
        try:
            yield
        finally:
            lock.release()

    @cached_property
    def _locks(self) -> Folder:
        user = os.getuid() if hasattr(os, "getuid") else "user"
        return Folder(Path(tempfile.gettempdir()) / f"dash-enrich-{user}", private=True)

    def _lock(self, name: str, wait: float) -> FileLease | None:
        path = self._locks.path / lock_file(f"{self._path}\0{name}")
        try:
            try:
                return wait_for_lock_file(path, wait=wait)
            except FileNotFoundError:
                self._locks.make("")
                return wait_for_lock_file(path, wait=wait)
        except OSError as error:
            raise failed(self._locks.path, error) from error

    def delete_record(self, name: str, /) -> bool:
        """Drop a record."""
        place = _place(name, False)
        with self._alone(place):
            there = self._look(place, renew=False) is not MISSING
            with self._asking() as cache:
                cache.delete(place)
        return there

    def try_lock(self, name: str, lease: float, /) -> FileLease | _CacheLease | None:
        """Add a token that expires with the lease; for files an OS lock."""
        if self._path is not None:
            return self._lock(f"lock {name}", 0.0)
        key, token = _named("l", name), secrets.token_hex(16).encode()
        with self._asking() as cache:
            taken = cache.add(key, token, timeout=math.ceil(lease))
        return _CacheLease(self, key, token, lease) if taken else None


class _CacheLease:
    def __init__(self, backend: FlaskCachingBackend, key: str, token: bytes, seconds: float) -> None:
        self._backend = backend
        self._key = key
        self._token = token
        self.seconds = seconds

    def renew(self) -> None:
        """Keep it for another lease, if it is still ours."""
        with self._backend._asking() as cache:
            if cache.get(self._key) == self._token:
                cache.set(self._key, self._token, timeout=math.ceil(self.seconds))

    def release(self) -> None:
        """Let the next one have it, if it is still ours."""
        with contextlib.suppress(StoreUnavailableError), self._backend._asking() as cache:
            if cache.get(self._key) == self._token:
                cache.delete(self._key)


def _says_full(error: Exception) -> bool:
    text = str(error)
    # Redis says that it has no memory left; libmemcached's error 48 is Memcached's "out of memory storing object".
    return type(error).__name__ in ("TooBig", "OutOfMemoryError") or text.startswith(("OOM", "error 48 "))


def _place(name: str, kept: bool) -> str:
    return _named("k" if kept else "r", name)


def _named(kind: str, name: str) -> str:
    # Memcached's keys have no spaces, plain characters only, and 250 of them at most.
    plain = _PLAIN.fullmatch(name) is not None
    return f"enrich.{kind}.{name if plain else name_digest(name)}"

"""Values in any cache that flask-caching or cachelib knows: Memcached, MongoDB, DynamoDB, ..."""

from __future__ import annotations

import contextlib
import copy
import hashlib
import io
import logging
import math
import os
import pickle
import re
import secrets
import struct
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NoReturn, Self

from cachelib.serializers import BaseSerializer

from enrich.errors import (
    StoreConfigError,
    StoreError,
    StoreFullError,
    StoreNotSharedError,
    StoreUnavailableError,
)
from enrich.store.backends.folder import Folder
from enrich.store.backends.lockfile import PATIENCE, FileLease, lock_fd, try_lock_file
from enrich.store.backends.protocol import MISSING, Buffer, Entry, Missing, Reach, Settings, Swept, copied
from enrich.store.backends.tier import Tier

logger = logging.getLogger("enrich.store")

_HEAD: Final = struct.Struct("<8sd")
_MAGIC: Final = b"enrich\x00\x01"
_FOR_EVER: Final = 0
_PLAIN: Final = re.compile(r"[a-z0-9]{1,64}")
_REACH: Final[dict[str, Reach]] = {
    "SimpleCache": "process",
    "FileSystemCache": "host",
    "UWSGICache": "host",
    "RedisCache": "hosts",
    "RedisSentinelCache": "hosts",
    "RedisClusterCache": "hosts",
    "BaseRedisCache": "hosts",
    "ValkeyCache": "hosts",
    "MemcachedCache": "hosts",
    "MongoDbCache": "hosts",
    "DynamoDbCache": "hosts",
}


class FlaskCachingBackend:
    """Keep values in a cache of flask-caching or cachelib, which bounds and evicts by its own policy.

    Parameters
    ----------
    cache: a `flask_caching.Cache`, or any cachelib cache.
    reach: who sees its values ("process", "host", "hosts"), for caches of a kind not known here.
    name: how declarations call this backend.

    A failed write raises; the cache's own timeouts bound how long that takes. A value lives at least the store's
    ttl after its last use, unless the cache drops it. The cache can't list its values, so the command line can't.
    """

    def __init__(self, cache: Any, *, reach: Reach | None = None, name: str = "cache") -> None:
        kinds = [kind.__name__ for kind in type(_inner(cache)).__mro__]
        if "NullCache" in kinds:
            raise StoreConfigError(
                "FlaskCachingBackend: a NullCache keeps nothing. Choose another CACHE_TYPE."
            )
        self.name = name
        # Of a cache of another kind nobody knows who else writes to it.
        self._reach: Reach | None = reach or next((_REACH[kind] for kind in kinds if kind in _REACH), None)
        self._cache = _without_pickle(_inner(cache))
        self._settings = Settings()
        self._tier = Tier(None, self._settings)
        path = getattr(self._cache, "_path", None) if "FileSystemCache" in kinds else None
        self._path = None if path is None else Path(path).absolute()

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
        """Only in this process, or in a folder that only this user can write."""
        if self._path is not None:
            return Folder(self._path).private
        return self._reach == "process"

    @property
    def where(self) -> str:
        """The kind of cache."""
        return type(self._cache).__name__

    @contextlib.contextmanager
    def _asking(self) -> Iterator[Any]:
        try:
            yield self._cache
        except (StoreFullError, StoreUnavailableError):
            raise
        except Exception as error:  # each client library has errors of its own
            if type(error).__name__ == "TooBig":
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

    def read(self, key: str, /, *, renew: bool = True) -> Buffer | Missing:
        """Return the value, checked against its key; write it anew when half its time is over."""
        if not renew:
            return self._fetch(key, renew=False)
        return self._tier.read(key, lambda: self._fetch(key), lambda: True)

    def _fetch(self, key: str, *, renew: bool = True) -> Buffer | Missing:
        with self._asking() as cache:
            data = cache.get(_named("e", key))
        if not isinstance(data, (bytes, bytearray)) or len(data) < _HEAD.size:
            return MISSING
        magic, written = _HEAD.unpack_from(data)
        if magic != _MAGIC:
            return MISSING
        body = bytearray(memoryview(data)[_HEAD.size :])
        if renew and abs(self._settings.clock() - written) > self._settings.ttl / 2:
            try:
                self._set(_named("e", key), self._framed([body]), self._timeout)
            except StoreError as error:
                logger.warning("enrich.store: can't renew %s: %s", key, error)
        return body

    def _framed(self, buffers: Sequence[Buffer]) -> bytes:
        return b"".join((_HEAD.pack(_MAGIC, self._settings.clock()), *buffers))

    def _set(self, key: str, value: bytes, timeout: int) -> None:
        with self._asking() as cache:
            done = cache.set(key, value, timeout=timeout)
        if not done:
            raise self._refused(len(value))

    def write(self, key: str, buffers: Sequence[Buffer], nbytes: int, /, *, payer: str = "") -> None:
        """Hand the value to the cache; its refusal raises."""
        self._set(_named("e", key), self._framed(buffers), self._timeout)
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
        """Return a record; an aged one is written anew."""
        key = _named("k" if kept else "r", name)
        with self._asking() as cache:
            data = cache.get(key)
        if not isinstance(data, (bytes, bytearray)) or data[:8] != _MAGIC:
            return MISSING
        _magic, written = _HEAD.unpack_from(data)
        body = bytes(data[_HEAD.size :])
        if not kept and abs(self._settings.clock() - written) > self._settings.ttl / 2:
            self.set_record(name, body)
        return body

    def set_record(self, name: str, value: bytes, /, *, kept: bool = False) -> None:
        """Replace a record."""
        timeout = _FOR_EVER if kept else self._timeout
        self._set(_named("k" if kept else "r", name), self._framed([value]), timeout)

    def add_record(self, name: str, value: bytes, /, *, kept: bool = False) -> bytes:
        """Add a record unless there is one; the cache's own `add` decides among many."""
        key = _named("k" if kept else "r", name)
        with self._alone(name), self._asking() as cache:
            for _attempt in range(3):
                if cache.add(key, self._framed([value]), timeout=_FOR_EVER if kept else self._timeout):
                    return value
                found = self.get_record(name, kept=kept)
                if found is not MISSING:
                    return found
        raise self._refused(len(value))

    @contextlib.contextmanager
    def _alone(self, name: str) -> Iterator[None]:
        if self._path is None:
            yield
            return
        # cachelib's file cache looks and then writes in its `add`: two processes could both win.
        fd = os.open(self._lock_path(name), os.O_CREAT | os.O_RDWR, 0o600)
        try:
            if not lock_fd(fd, wait=PATIENCE):
                raise StoreUnavailableError(
                    f"Another process that uses the cache in {self._path} has kept its lock for {PATIENCE:g} s. "
                    "Let it go on if it was stopped, or end it."
                )
            yield
        finally:
            os.close(fd)

    def _lock_path(self, name: str) -> Path:
        user = os.getuid() if hasattr(os, "getuid") else "user"
        folder = Folder(Path(tempfile.gettempdir()) / f"dash-enrich-{user}", private=True)
        digest = hashlib.blake2b(f"{self._path}\0{name}".encode(), digest_size=16).hexdigest()
        return folder.path / f"{digest}.lock"

    def delete_record(self, name: str, /) -> bool:
        """Drop a record."""
        there = self.get_record(name) is not MISSING
        with self._asking() as cache:
            cache.delete(_named("r", name))
        return there

    def try_lock(self, name: str, lease: float, /) -> FileLease | _CacheLease | None:
        """Add a token that expires with the lease; for files an OS lock."""
        if self._path is not None:
            return try_lock_file(self._lock_path(f"lock {name}"))
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


def _named(kind: str, name: str) -> str:
    # Memcached's keys have no spaces, plain characters only, and 250 of them at most.
    plain = _PLAIN.fullmatch(name) is not None
    return f"enrich.{kind}.{name if plain else hashlib.blake2b(name.encode(), digest_size=16).hexdigest()}"


def _inner(cache: Any) -> Any:
    """Return the cachelib cache of a `flask_caching.Cache`, which has it only after `init_app`."""
    if hasattr(cache, "init_app"):
        app = getattr(cache, "app", None)
        if app is None:
            raise StoreConfigError(
                "FlaskCachingBackend: this Cache has no app yet. Call cache.init_app(server) first."
            )
        return app.extensions["cache"][cache]
    if not all(callable(getattr(cache, method, None)) for method in ("get", "set", "add", "delete")):
        raise StoreConfigError(
            f"FlaskCachingBackend({cache!r}): give a flask_caching.Cache or a cachelib cache."
        )
    return cache


class _NoClasses(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> NoReturn:
        raise pickle.UnpicklingError(f"{module}.{name} isn't wanted here")


class _BytesSerializer(BaseSerializer):  # type: ignore[misc]  # cachelib is read without its types
    """Bytes as they are; else plain numbers only, such as the entry counter of cachelib's file cache.

    cachelib's own serializers unpickle whatever the server holds, so who can write there could run code here.
    """

    def dumps(self, value: Any, protocol: int = pickle.HIGHEST_PROTOCOL) -> bytes:
        """Return the bytes to keep."""
        return bytes(value) if isinstance(value, (bytes, bytearray)) else pickle.dumps(value, protocol)

    def loads(self, bvalue: bytes | None) -> Any:
        """Return what was kept, or None for anything that would need a class."""
        if bvalue is None or bvalue[:8] == _MAGIC or len(bvalue) == 32:
            return bvalue
        try:
            return _NoClasses(io.BytesIO(bvalue)).load()
        except Exception:  # damaged pickles raise nearly anything
            return None

    def dump(self, value: Any, f: Any, protocol: int = pickle.HIGHEST_PROTOCOL) -> None:
        """Write the bytes to keep."""
        f.write(self.dumps(value, protocol))

    def load(self, f: Any) -> Any:
        """Read what was kept."""
        return self.loads(f.read())


def _without_pickle(cache: Any) -> Any:
    if not isinstance(getattr(cache, "serializer", None), BaseSerializer):
        return cache
    safe = copy.copy(cache)
    safe.serializer = _BytesSerializer()
    return safe

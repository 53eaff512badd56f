"""The cachelib cache behind `FlaskCachingBackend`: what kind it is, without pickle, with connections of its own."""

from __future__ import annotations

import contextlib
import copy
import ctypes
import functools
import io
import os
import pickle
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NoReturn

from cachelib.serializers import BaseSerializer

from enrich.errors import StoreConfigError, StoreNotSharedError
from enrich.store.backends.frames import MAGIC
from enrich.store.backends.locks import ThreadLock
from enrich.store.backends.protocol import Reach

_TOKEN_LENGTH: Final = 32  # of a lock's holder
_SORT_BY_EXPIRY: Final = frozenset({"SimpleCache", "FileSystemCache"})
_LAST_TIME: Final = (
    2**32 - 1 - 86_400
)  # a day before cachelib's file cache, whose times have 32 bits, can't write it
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


class CacheClient:
    """A cachelib cache as the store uses it.

    Parameters
    ----------
    cache: a `flask_caching.Cache`, or any cachelib cache.
    """

    def __init__(self, cache: Any) -> None:
        found = _inner(cache)
        self.kind = type(found).__name__
        self._kinds = [kind.__name__ for kind in type(found).__mro__]
        if "NullCache" in self._kinds:
            raise StoreConfigError(
                "FlaskCachingBackend: a NullCache keeps nothing. Choose another CACHE_TYPE."
            )
        if "SpreadSASLMemcachedCache" in self._kinds:
            raise StoreConfigError(
                "FlaskCachingBackend: a SpreadSASLMemcachedCache doesn't say whether it has kept a value, and doesn't find "
                'what it adds. Set CACHE_TYPE="SASLMemcachedCache", and start Memcached with -I for large values.'
            )
        cache = _without_pickle(found)
        self._shares_socket = "MemcachedCache" in self._kinds
        self._reconnected = _reconnecting(cache) if self._shares_socket else None
        self._cache = cache if self._reconnected is None else self._reconnected()
        self._pid = os.getpid()
        self._lock = ThreadLock()

    @property
    def reach(self) -> Reach | None:
        """Who sees its values; None for a cache of a kind not known here."""
        return next((_REACH[kind] for kind in self._kinds if kind in _REACH), None)

    @property
    def folder(self) -> Path | None:
        """Where a cache of files keeps them."""
        path = getattr(self._cache, "_path", None) if "FileSystemCache" in self._kinds else None
        return None if path is None else Path(path).absolute()

    @property
    def others_read(self) -> bool:
        """May others read the files of a cache of files, if they can look into its folder?"""
        return bool((getattr(self._cache, "_mode", None) or 0) & 0o077)

    @property
    def for_ever(self) -> int:
        """The timeout of what must not be dropped for its age."""
        # These drop first what expires first, and take 0, which is "never" elsewhere, for the earliest time of all.
        if _SORT_BY_EXPIRY.isdisjoint(self._kinds):
            return 0
        return _LAST_TIME - int(time.time())

    def connected(self) -> Any:
        """Return the cache, connected anew in a forked process: who shares a socket gets others' answers."""
        if self._shares_socket and self._pid != os.getpid():
            self._reconnect()
        return self._cache

    def touch(self, key: str, timeout: int) -> bool:
        """Let what is kept live for some seconds from now; False where the cache can only write it anew."""
        cache = self.connected()
        if hasattr(cache, "_write_client") and hasattr(cache, "_get_prefix"):
            cache._write_client.expire(f"{cache._get_prefix()}{key}", timeout)
            return True
        if "MemcachedCache" in self._kinds and hasattr(cache, "_client_context"):
            with cache._client_context() as client:
                if hasattr(client, "touch"):
                    client.touch(cache._normalize_key(key), cache._normalize_timeout(timeout))
                    return True
        return False

    def alone(self) -> contextlib.AbstractContextManager[Any]:
        """Keep other threads from writing to a cache in memory."""
        lock = getattr(self._cache, "_lock", None) if "SimpleCache" in self._kinds else None
        return contextlib.nullcontext() if lock is None else lock

    def _reconnect(self) -> None:
        if self._reconnected is None:
            raise StoreNotSharedError(
                f"{self.kind} was connected before this process was forked, and its client can't be connected anew: both "
                "would read each other's answers. Build the store in each process, or install pylibmc."
            )
        with self._lock.raw:
            if self._pid == os.getpid():
                return
            # Freed, it would take leave of the server on the parent's connection, which the server then closes.
            ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._cache))
            self._cache = self._reconnected()
            self._pid = os.getpid()


def _reconnecting(cache: Any) -> Callable[[], Any] | None:
    """Return what makes a Memcached cache like this with connections of its own; None for clients other than pylibmc's."""
    try:
        import pylibmc
    except ImportError:
        return None
    shared = cache._client

    def pooled() -> Any:
        own = copy.copy(cache)
        own._client = pylibmc.ClientPool(model, max(shared.maxsize, 1))
        own._client_context = functools.partial(own._client.reserve, **cache._client_context.keywords)
        return own

    def single() -> Any:
        own = copy.copy(cache)
        own._client = model.clone()
        own._client_context = functools.partial(contextlib.nullcontext, own._client)
        return own

    if isinstance(shared, pylibmc.ClientPool):
        with shared.reserve(block=True) as client:
            model = client.clone()
        return pooled
    if isinstance(shared, pylibmc.Client):
        model = shared.clone()
        return single
    return None


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
        if bvalue is None or bvalue[: len(MAGIC)] == MAGIC or len(bvalue) == _TOKEN_LENGTH:
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

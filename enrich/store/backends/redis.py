"""Values in Redis, for workers on several hosts, with a local folder in front."""

from __future__ import annotations

import contextlib
import math
import secrets
from collections.abc import Iterator, Sequence
from typing import Any, Self

from enrich.errors import StoreFullError, StoreUnavailableError
from enrich.store.backends.protocol import (
    KEY,
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
from enrich.store.backends.redis_client import answers, connect, without_login
from enrich.store.backends.redis_errors import store_error
from enrich.store.backends.redis_quota import RedisQuota
from enrich.store.backends.tier import Local, Tier, open_tier

_BATCH = 500
_OF_THIS_PROCESS = ("_client", "_tier", "_quota")
_LARGEST = 512 << 20  # a Redis string holds no more
_RENEW = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('pexpire', KEYS[1], ARGV[2]) end return 0"
_RELEASE = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"


class RedisBackend:
    """Keep values in Redis: shared by all hosts that reach it, bounded by its own `maxmemory`.

    Parameters
    ----------
    url: `redis://`, `rediss://` (TLS) or `unix://`, with a percent-encoded login; `redis+cluster://host:port` for a
        cluster; `redis+sentinel://host:port,host:port/service/db` for a service that sentinels watch, whose own login
        is `?sentinel_username=...&sentinel_password=...`; the last two with TLS as `rediss+cluster://` and
        `rediss+sentinel://`.
    prefix: begins all keys, so that several apps can share one server.
    timeout: seconds to wait for an answer of the server. A lost connection is tried once more, so an error may take
        twice as long, and on a cluster, where each command of a request is tried again, five times.
    local: the folder of local copies: True for the default one, False for none, or a `FileSystemBackend`.
    name: what declarations call this backend.
    **client: further arguments of redis-py's `Redis.from_url`, such as `socket_keepalive=True`; where the URL says
        something else, that counts.

    Failures raise `StoreUnavailableError`, or `StoreFullError` when the server is out of memory; an argument that can't
    be used raises `StoreConfigError`.

    >>> from enrich.store import RedisBackend
    >>> RedisBackend("rediss://app:secret@cache:6379/0", prefix="sales:", timeout=2).where
    'rediss://cache:6379/0'
    """

    reach: Reach = "hosts"
    private = False

    def __init__(
        self,
        url: str = "redis://127.0.0.1:6379/0",
        *,
        prefix: str = "enrich:",
        timeout: float = 5.0,
        local: Local = True,
        name: str = "redis",
        **client: Any,
    ) -> None:
        timeout = client.get("socket_timeout") or timeout
        check_positive(timeout, "RedisBackend(timeout")
        self.name = name
        self._url = url
        self._prefix = prefix
        self._timeout = timeout
        self._local = local
        self._settings = Settings()
        self._given = client
        self._client = connect(url, timeout, client)
        self._tier = Tier(None, self._settings)
        self._quota: RedisQuota | None = None

    def with_settings(self, settings: Settings, /) -> Self:
        """Return this backend with the store's settings, and its local folder opened."""
        changed = copied(self)
        changed._settings = settings
        changed._tier = Tier(open_tier(self._local, self.name, settings), settings)
        quota = settings.session_quota
        changed._quota = (
            None if quota is None else RedisQuota(self._prefix, changed._ttl, quota, settings.clock)
        )
        return changed

    def __getstate__(self) -> dict[str, Any]:
        return {name: kept for name, kept in self.__dict__.items() if name not in _OF_THIS_PROCESS}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._client = connect(self._url, self._timeout, self._given)
        self.__dict__.update(self.with_settings(self._settings).__dict__)

    @property
    def where(self) -> str:
        """The server, without the login."""
        return without_login(self._url)

    @contextlib.contextmanager
    def _asking(self) -> Iterator[Any]:
        import redis.exceptions

        try:
            yield self._client
        except (redis.exceptions.RedisError, redis.exceptions.RedisClusterException, OSError) as error:
            raise store_error(error, self.where, self._timeout) from error

    def _entry(self, key: str) -> str:
        return f"{self._prefix}e:{key}"

    def _record(self, name: str, kept: bool) -> str:
        return f"{self._prefix}{'k' if kept else 'r'}:{name}"

    @property
    def _ttl(self) -> int:
        return math.ceil(self._settings.ttl)

    def read(self, key: str, /, *, renew: bool = True) -> Buffer | Missing:
        """Return the local copy, else fetch the value and check its full digest."""
        if not renew:
            return self._fetch(key, renew=False)
        return self._tier.read(key, lambda: self._fetch(key), lambda: self._renew(key) is not None)

    def _fetch(self, key: str, *, renew: bool = True) -> Buffer | Missing:
        with self._asking() as client:
            pipe = client.pipeline(transaction=False)
            pipe.get(self._entry(key))
            if renew:
                pipe.expire(self._entry(key), self._ttl)
            data: bytes | None = answers(pipe)[0]
        if data is None:
            return MISSING
        if renew:
            self._renew_charge(key)
        return data

    def _renew_charge(self, key: str) -> None:
        if self._quota is None:
            return
        # A server that is full lists nothing anew; its values can still be read.
        with contextlib.suppress(StoreFullError), self._asking() as client:
            self._quota.renew(client, key)

    def write(self, key: str, buffers: Sequence[Buffer], nbytes: int, /, *, payer: str = "") -> None:
        """Send the value, note who pays for it, then keep a local copy."""
        if nbytes > _LARGEST:
            raise StoreFullError(
                f"A value of {nbytes:,} bytes is too large for Redis, which holds {_LARGEST:,} in one key. "
                "Use FileSystemBackend() or ArrowFSBackend(...) for such values."
            )
        with self._asking() as client:
            if self._quota is None:
                client.set(self._entry(key), b"".join(buffers), ex=self._ttl)
            else:
                with self._quota.admitted(client, key, nbytes, payer, self._tier.drop) as pipe:
                    pipe.set(self._entry(key), b"".join(buffers), ex=self._ttl)
        self._tier.used(key)
        self._tier.keep(key, buffers, nbytes)

    def charge(self, key: str, nbytes: int, payer: str, /) -> None:
        """Let a session pay for a shared value that nobody pays for."""
        if self._quota is None:
            return
        # The value is stored, whether or not a server that is full can note who pays.
        with contextlib.suppress(StoreFullError), self._asking() as client:
            self._quota.charge(client, key, nbytes, payer)

    def renew(self, key: str, nbytes: int | None = None, /) -> bool:
        """Ask the server, not the local copy: other hosts need it there."""
        found = self._renew(key)
        if found is not None:
            self._tier.used(key)
        return found is not None and (nbytes is None or found == nbytes)

    def _renew(self, key: str) -> int | None:
        with self._asking() as client:
            pipe = client.pipeline(transaction=False)
            pipe.expire(self._entry(key), self._ttl)
            pipe.strlen(self._entry(key))
            there, length = answers(pipe)
        if not there or length is None:
            return None
        self._renew_charge(key)
        return int(length)

    def delete(self, key: str, /) -> bool:
        """Drop the value here and on the server; other hosts learn of it when they next pass a use on."""
        self._tier.drop(key)
        with self._asking() as client:
            if self._quota is not None:
                self._quota.release(client, key)
            return bool(client.unlink(self._entry(key)))

    def discard(self, key: str, /) -> None:
        """Drop a torn local copy, or without one the server's."""
        if not self._tier.drop(key):
            self.delete(key)

    def entries(self) -> Iterator[Entry]:
        """List the server's values, with their last use as their expiry tells it."""
        skip = len(self._entry("").encode())
        for batch in self._scan("e:*"):
            with self._asking() as client:
                pipe = client.pipeline(transaction=False)
                for key in batch:
                    pipe.strlen(key)
                    pipe.pttl(key)
                found = answers(pipe)
            now = self._settings.clock()
            for key, nbytes, pttl in zip(batch, found[::2], found[1::2], strict=True):
                name = key[skip:].decode("ascii", "replace")
                if nbytes is not None and pttl != -2 and KEY.fullmatch(name):
                    yield Entry(name, nbytes, now - max(0.0, self._ttl - pttl / 1000))

    def _scan(self, pattern: str) -> Iterator[list[bytes]]:
        escaped = "".join(f"\\{c}" if c in "*?[]\\" else c for c in self._prefix)
        batch: list[bytes] = []
        with self._asking() as client:
            for key in client.scan_iter(match=escaped + pattern, count=_BATCH):
                batch.append(key)
                if len(batch) >= _BATCH:
                    yield batch
                    batch = []
        if batch:
            yield batch

    def sweep(self) -> Swept:
        """Count; the server drops by age and `maxmemory` itself, the local folder is swept."""
        if self._tier.local is not None:
            self._tier.local.sweep()
        found = list(self.entries())
        return Swept(
            len(found),
            sum(entry.nbytes for entry in found),
            oldest=min((e.used for e in found), default=None),
        )

    def clear(self) -> None:
        """Drop all values and records below the prefix, and this host's copies."""
        self._tier.clear()
        # In this order who pays for what is stored meanwhile stays noted: that is sent with the entry.
        for pattern in ("c:*", "p:*", "e:*", "r:*"):
            for batch in self._scan(pattern):
                with self._asking() as client:
                    pipe = client.pipeline(transaction=False)
                    for key in batch:
                        pipe.unlink(key)
                    answers(pipe)

    def get_record(self, name: str, /, *, kept: bool = False) -> bytes | Missing:
        """Ask the server; records change, so there is no local copy."""
        with self._asking() as client:
            pipe = client.pipeline(transaction=False)
            pipe.get(self._record(name, kept))
            if not kept:
                pipe.expire(self._record(name, kept), self._ttl)
            data = answers(pipe)[0]
        return MISSING if data is None else bytes(data)

    def set_record(self, name: str, value: bytes, /, *, kept: bool = False) -> None:
        """Replace a record."""
        with self._asking() as client:
            client.set(self._record(name, kept), value, ex=None if kept else self._ttl)

    def add_record(self, name: str, value: bytes, /, *, kept: bool = False) -> bytes:
        """SET NX: of many at once, one wins, and all read the winner's."""
        key = self._record(name, kept)
        with self._asking() as client:
            for _attempt in range(3):
                found = client.get(key)  # a full server refuses even what would change nothing
                if found is not None:
                    return bytes(found)
                if client.set(key, value, nx=True, ex=None if kept else self._ttl):
                    return value
        raise StoreUnavailableError(
            f"Redis at {self.where} keeps losing its keys. Is its maxmemory far too small?"
        )

    def delete_record(self, name: str, /) -> bool:
        """Drop a record."""
        with self._asking() as client:
            return bool(client.delete(self._record(name, False)))

    def try_lock(self, name: str, lease: float, /) -> _RedisLease | None:
        """SET NX PX; only who set it can renew or release it."""
        key, token = f"{self._prefix}l:{name}", secrets.token_hex(16)
        with self._asking() as client:
            taken = client.set(key, token, nx=True, px=int(lease * 1000))
            # It may have been set by a first attempt, whose answer was lost.
            taken = taken or client.get(key) == token.encode()
        return _RedisLease(self, key, token, lease) if taken else None


class _RedisLease:
    def __init__(self, backend: RedisBackend, key: str, token: str, seconds: float) -> None:
        self._backend = backend
        self._key = key
        self._token = token
        self.seconds = seconds

    def renew(self) -> None:
        """Keep it for another lease, if it is still ours."""
        with self._backend._asking() as client:
            client.eval(_RENEW, 1, self._key, self._token, int(self.seconds * 1000))

    def release(self) -> None:
        """Let the next one have it, if it is still ours; a server that is away frees it by the lease."""
        with contextlib.suppress(StoreUnavailableError), self._backend._asking() as client:
            client.eval(_RELEASE, 1, self._key, self._token)

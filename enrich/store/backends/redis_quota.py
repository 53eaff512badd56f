"""A session's share of Redis."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from enrich.store.backends.protocol import IN_USE, scope_of
from enrich.store.backends.quota import over_quota


class RedisQuota:
    """Lists what each session pays for, beside the values.

    `c:` and a session is the set of its keys, `p:` and a key says who pays for a shared value. Both are renewed with
    the value, so that they live as long. What Redis evicts of them is listed again when the value is used, or costs
    nobody anything; sizes and last uses are the values' own.
    """

    def __init__(self, prefix: str, ttl: int, limit: int) -> None:
        self._prefix = prefix
        self._ttl = ttl
        self._limit = limit

    def _charges(self, payer: str) -> str:
        return f"{self._prefix}c:{payer}"

    def _payer(self, key: str) -> str:
        return f"{self._prefix}p:{key}"

    def admit(self, client: Any, key: str, nbytes: int, payer: str, drop: Callable[[str], object]) -> None:
        """Make room for a value in the quota of who pays for it, or raise `StoreFullError`."""
        payer = scope_of(key) or payer
        if not payer:
            return
        listed = {found.decode() for found in client.smembers(self._charges(payer))} - {key}
        paid = self._paid(client, payer, listed)
        used = sum(size for _idle, size in paid.values())
        for other, (idle, size) in sorted(paid.items(), key=lambda each: -each[1][0]):
            if used + nbytes <= self._limit or idle < IN_USE:
                break
            drop(other)
            del paid[other]
            used -= size
        if void := listed - paid.keys():
            client.srem(self._charges(payer), *void)
        if used + nbytes > self._limit:
            raise over_quota(key, nbytes, used, self._limit)

    def _paid(self, client: Any, payer: str, keys: Iterable[str]) -> dict[str, tuple[float, int]]:
        """Return for each key that is there, and that this session pays for, the seconds since its use and its size."""
        keys = list(keys)
        shared = [key for key in keys if not scope_of(key)]
        pipe = client.pipeline(transaction=False)
        for key in keys:
            pipe.pttl(f"{self._prefix}e:{key}")
        for key in keys:
            pipe.strlen(f"{self._prefix}e:{key}")
        for key in shared:
            pipe.get(self._payer(key))
        answers = pipe.execute() if keys else []
        lives, sizes = answers[: len(keys)], answers[len(keys) : 2 * len(keys)]
        payers = dict(zip(shared, answers[2 * len(keys) :], strict=True))
        return {
            key: (max(0.0, self._ttl - life / 1000), size)
            for key, life, size in zip(keys, lives, sizes, strict=True)
            if life != -2 and (key not in payers or payers[key] == payer.encode())
        }

    def charge(self, client: Any, key: str, payer: str) -> None:
        """Let a session pay for its own value, or this one alone for a shared one; nobody, when it is empty."""
        own = scope_of(key)
        if own:
            self._list(client, own, key)
        elif payer:
            client.set(self._payer(key), payer, ex=self._ttl)
            self._list(client, payer, key)
        else:
            self.release(client, key)

    def _list(self, client: Any, payer: str, key: str) -> None:
        pipe = client.pipeline(transaction=False)
        pipe.sadd(self._charges(payer), key)
        pipe.expire(self._charges(payer), self._ttl)
        pipe.execute()

    def renew(self, client: Any, key: str) -> None:
        """Let what counts a value live as long as the value, which was renewed."""
        payer = scope_of(key)
        if not payer:
            pipe = client.pipeline(transaction=False)
            pipe.get(self._payer(key))
            pipe.expire(self._payer(key), self._ttl)
            payer = (pipe.execute()[0] or b"").decode()
        if payer:
            self._list(client, payer, key)

    def release(self, client: Any, key: str) -> None:
        """Let nobody pay for a shared value; the session's set loses it at the next count."""
        if not scope_of(key):
            client.unlink(self._payer(key))

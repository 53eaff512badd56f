"""A session's share of Redis."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator
from functools import partial
from typing import Any

from enrich.errors import StoreFullError
from enrich.store.backends.book import Book, Kept
from enrich.store.backends.protocol import IN_USE, SCOPE_LENGTH, scope_of
from enrich.store.backends.redis_client import answers

_BATCH = 1000
# Each use sets a key's end anew, so one whose end is where it was when looked at wasn't used since.
# A count is remembered for ten seconds, in which that end has come nearer.
_UNLINK_UNUSED = """
local left = redis.call('pttl', KEYS[1])
if math.abs(left - tonumber(ARGV[1])) > 20000 then return 0 end
return redis.call('unlink', KEYS[1])
"""
_STRIKE_OFF = """
for i = 2, #ARGV do
  local used = redis.call('zscore', KEYS[1], ARGV[i])
  if used and tonumber(used) < tonumber(ARGV[1]) then redis.call('zrem', KEYS[1], ARGV[i]) end
end
"""


class RedisQuota:
    """Lists what each session pays for, beside the values.

    `c:` and a session is the sorted set of its keys, by their last uses; `p:` and a key says who pays for a shared
    value. Both are renewed with the value, so that they live as long. What Redis evicts of them is listed again when
    the value is used, or costs nobody anything; sizes are the values' own. What others wrote in their places counts
    as not there.
    """

    def __init__(self, prefix: str, ttl: int, limit: int, clock: Callable[[], float]) -> None:
        self._prefix = prefix
        self._ttl = ttl
        self._in_use = min(IN_USE, ttl)
        self._clock = clock
        self._book = Book(limit, ttl, clock)

    def _entry(self, key: str) -> str:
        return f"{self._prefix}e:{key}"

    def _charges(self, payer: str) -> str:
        return f"{self._prefix}c:{payer}"

    def _payer(self, key: str) -> str:
        return f"{self._prefix}p:{key}"

    @contextlib.contextmanager
    def admitted(
        self, client: Any, key: str, nbytes: int, payer: str, forget: Callable[[str], object]
    ) -> Iterator[Any]:
        """Make room for a value in the quota of who pays for it, or raise `StoreFullError`.

        Gives the pipeline that is to set the value. `forget` is told of each key that is dropped for it.
        """
        payer = scope_of(key) or payer
        pipe = client.pipeline(transaction=False)
        if not payer:
            pipe.unlink(self._payer(key))
            yield pipe
            answers(pipe)
            return
        with self._book.admitted(
            payer, key, nbytes, partial(self._count, client), partial(self._drop, client, forget)
        ):
            # A server that is full says so here, before it has a value that nobody pays for; and who clears it
            # meanwhile removes this, but not what comes with the value.
            self._charge(client, key, payer)
            yield pipe
            self._add_charge(pipe, key, payer)
            answers(pipe)

    def charge(self, client: Any, key: str, nbytes: int, payer: str) -> None:
        """Let a session pay for a shared value that nobody pays for, if it has room for it."""
        if not self._paid_by(client, key):
            with (
                contextlib.suppress(StoreFullError),
                self._book.admitted(payer, key, nbytes, partial(self._count, client), None),
            ):
                self._charge(client, key, payer)

    def _charge(self, client: Any, key: str, payer: str) -> None:
        self._sent(client, payer, lambda pipe: self._add_charge(pipe, key, payer))

    def _add_charge(self, pipe: Any, key: str, payer: str) -> None:
        if not scope_of(key):
            pipe.set(self._payer(key), payer, ex=self._ttl)
        self._add_use(pipe, key, payer)

    def _add_use(self, pipe: Any, key: str, payer: str) -> None:
        pipe.zadd(self._charges(payer), {key: self._clock()})
        pipe.expire(self._charges(payer), self._ttl)

    def renew(self, client: Any, key: str) -> None:
        """Let what counts a value live as long as the value, which was renewed."""
        payer = scope_of(key) or self._paid_by(client, key)
        if payer:
            self._sent(client, payer, lambda pipe: self._add_use(pipe, key, payer))

    def _paid_by(self, client: Any, key: str) -> str:
        """Return the session that pays for a shared value, having renewed that."""
        pipe = client.pipeline(transaction=False)
        pipe.get(self._payer(key))
        pipe.expire(self._payer(key), self._ttl)
        return _session(answers(pipe)[0])

    def _sent(self, client: Any, payer: str, add: Callable[[Any], None]) -> None:
        """Send commands, and once more if something of another kind was in the place of the session's list."""
        for _attempt in range(2):
            pipe = client.pipeline(transaction=False)
            add(pipe)
            if None not in answers(pipe):
                return
            client.unlink(self._charges(payer))

    def release(self, client: Any, key: str) -> None:
        """Let nobody pay for a shared value that is about to go; the session's list loses it at a count."""
        if not scope_of(key):
            client.unlink(self._payer(key))

    def _drop(self, client: Any, forget: Callable[[str], object], kept: Kept) -> bool:
        gone = bool(client.eval(_UNLINK_UNUSED, 1, self._entry(kept.key), kept.mark))
        if gone:
            if not scope_of(kept.key):
                client.eval(_UNLINK_UNUSED, 1, self._payer(kept.key), kept.mark)
            forget(kept.key)
        return gone

    def _count(self, client: Any, payer: str, but: Collection[str]) -> Iterator[Kept]:
        pipe = client.pipeline(transaction=False)
        pipe.zrange(self._charges(payer), 0, -1, withscores=True)
        listed: list[tuple[bytes, float]] = list(answers(pipe)[0] or ())
        for first in range(0, len(listed), _BATCH):
            batch = {member.decode("latin-1"): used for member, used in listed[first : first + _BATCH]}
            paid = self._look(client, payer, batch)
            yield from (kept for kept in paid if kept.key not in but)
            if void := [key.encode("latin-1") for key in batch.keys() - {kept.key for kept in paid}]:
                client.eval(_STRIKE_OFF, 1, self._charges(payer), repr(self._clock() - self._in_use), *void)

    def _look(self, client: Any, payer: str, listed: dict[str, float]) -> list[Kept]:
        """Look at what is there of these keys, and is paid for by this session."""
        pipe = client.pipeline(transaction=False)
        for key in listed:
            pipe.pttl(self._entry(key))
            pipe.strlen(self._entry(key))
            pipe.get(self._payer(key))
        found = iter(answers(pipe))
        now, paid = self._clock(), []
        for (key, used), left, nbytes, who in zip(listed.items(), found, found, found, strict=True):
            if left != -2 and nbytes is not None and (scope_of(key) or _session(who)) == payer:
                idle = self._ttl - left / 1000  # negative if the ttl was changed
                if used > now + IN_USE:  # by a clock that was set back; the server's tells it too
                    used = now - max(0.0, idle)
                elif 0 <= idle < self._in_use:  # a use that isn't listed yet shows in the end of the value
                    used = max(used, now - idle)
                paid.append(Kept(used, nbytes, key, left))
        return paid


def _session(found: bytes | None) -> str:
    return found.decode() if found and len(found) == SCOPE_LENGTH and found.isalnum() else ""

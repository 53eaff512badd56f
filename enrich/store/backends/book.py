"""What each session pays for, as one process knows it, so that a write needn't count."""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from enrich.errors import StoreFullError
from enrich.store.backends.locks import ThreadLock
from enrich.store.backends.protocol import IN_USE, scope_of

# Another worker's writes are seen this many seconds later at the latest, and always before a write is refused.
_COUNT_AGAIN = 10.0
_SHELVES = 256
_ACCOUNTS = 40  # of sessions, for each shelf
_OLDEST = 1000  # values that are remembered of a count, to be dropped without another one


class Kept(NamedTuple):
    """A value that a session pays for: its last use, in seconds since the epoch, size and key.

    `mark` is what its place needs to see whether it was used since.
    """

    used: float
    nbytes: int
    key: str
    mark: int = 0


Count = Callable[[str, Collection[str]], Iterable[Kept]]
"""Look at all that a session pays for, but some keys."""
Drop = Callable[[Kept], bool]
"""Drop a value unless it was used meanwhile; is it gone?"""


def to_drop(oldest_first: Iterable[Kept], excess: int, unused_since: float) -> list[Kept] | None:
    """Choose the least recently used to free `excess` bytes; None when what is out of use doesn't suffice."""
    chosen: list[Kept] = []
    if excess <= 0:
        return chosen
    for kept in oldest_first:
        if excess <= 0:
            break
        if kept.used > unused_since:
            return None
        chosen.append(kept)
        excess -= kept.nbytes
    return chosen if excess <= 0 else None


def over_quota(key: str, nbytes: int, used: int, limit: int) -> StoreFullError:
    """Say that an entry doesn't fit in the quota of the session that would pay for it, and what would help."""
    full = (
        f"{nbytes:,} bytes pass a session's quota of {limit:,}. "
        if nbytes > limit
        else f"This session holds {used:,} bytes used within the last minutes, and {nbytes:,} more would pass its "
        f"quota of {limit:,}. "
    )
    if scope_of(key):
        return StoreFullError(full + "Raise session_quota, or store less.")
    return StoreFullError(
        full
        + "The value is for all, and counts for the session that is the first to store it. Raise session_quota, "
        "store less, or store it where no session is at work, such as when the app starts."
    )


@dataclass(slots=True)
class _Account:
    used: int = 0  # when it was counted, and what was written since
    counted: float = -math.inf
    oldest: list[Kept] = field(default_factory=list)
    writing: dict[str, int] = field(default_factory=dict)  # by threads of this process, now
    refused: int = 0  # bytes that didn't fit, and so needn't be tried again until
    until: float = -math.inf


@dataclass(slots=True)
class _Shelf:
    lock: ThreadLock = field(default_factory=ThreadLock)
    accounts: dict[str, _Account] = field(default_factory=dict)

    def account(self, payer: str) -> _Account:
        found = self.accounts.get(payer)
        if found is None:
            if len(self.accounts) >= _ACCOUNTS:
                self.accounts = {who: each for who, each in self.accounts.items() if each.writing}
            found = self.accounts[payer] = _Account()
        return found


class Book:
    """An account for each session. A session whose count takes long keeps only those of its shelf waiting."""

    def __init__(self, limit: int, ttl: float, clock: Callable[[], float]) -> None:
        self._limit = limit
        self._in_use = min(IN_USE, ttl)
        self._clock = clock
        self._open()

    def _open(self) -> None:
        self._pid = os.getpid()
        self._shelves = [_Shelf() for _ in range(_SHELVES)]

    @contextlib.contextmanager
    def admitted(self, payer: str, key: str, nbytes: int, count: Count, drop: Drop | None) -> Iterator[None]:
        """Let a write happen within the payer's quota, or raise `StoreFullError` and drop nothing.

        Without `drop` only where there is room already.
        """
        if nbytes > self._limit:
            raise over_quota(key, nbytes, 0, self._limit)
        if self._pid != os.getpid():  # what the parent's threads are writing is not for its child to wait for
            self._open()
        shelf = self._shelves[hash(payer) % _SHELVES]
        account: _Account | None = None
        written = False
        try:
            with shelf.lock.raw:
                found = shelf.account(payer)
                self._admit(found, payer, key, nbytes, count, drop)
                found.writing[key] = nbytes
                account = found
            yield
            written = True
        finally:
            with shelf.lock.raw:
                # Another thread may have written the same meanwhile.
                if account is not None and account.writing.pop(key, None) is not None:
                    account.used += nbytes
                    if not written:
                        account.counted = account.until = -math.inf

    def _admit(
        self, account: _Account, payer: str, key: str, nbytes: int, count: Count, drop: Drop | None
    ) -> None:
        now = self._clock()
        fresh = 0 <= now - account.counted < _COUNT_AGAIN
        if fresh and self._has_room(account, key, nbytes, now, drop):
            return
        if not (fresh and nbytes >= account.refused and now < account.until):
            found = sorted(count(payer, {*account.writing, key}))
            account.used, account.counted = sum(kept.nbytes for kept in found), now
            account.oldest = found
            has_room = self._has_room(account, key, nbytes, now, drop)
            # More take long to count, so they are dropped by what is remembered, and a refusal stands for a while.
            account.oldest = account.oldest[:_OLDEST] if len(found) > _OLDEST else []
            if has_room:
                account.until = -math.inf
                return
            if drop is not None:
                account.refused, account.until = nbytes, now + min(_COUNT_AGAIN, len(found) // _OLDEST)
        raise over_quota(key, nbytes, self._held(account, key), self._limit)

    def _held(self, account: _Account, key: str) -> int:
        return account.used + sum(size for other, size in account.writing.items() if other != key)

    def _has_room(self, account: _Account, key: str, nbytes: int, now: float, drop: Drop | None) -> bool:
        while (excess := self._held(account, key) + nbytes - self._limit) > 0:
            if drop is None:
                return False
            oldest = [kept for kept in account.oldest if kept.key != key and kept.key not in account.writing]
            chosen = to_drop(oldest, excess, now - self._in_use)
            if chosen is None:
                return False
            tried = {kept.key for kept in chosen}
            account.oldest = [kept for kept in oldest if kept.key not in tried]
            # One that was used meanwhile stays, and counts.
            account.used -= sum(kept.nbytes for kept in chosen if drop(kept))
        return True

"""A session's share of the store."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping

from enrich.errors import StoreFullError
from enrich.store.backends.folder import Folder
from enrich.store.backends.layout import is_entry, shard
from enrich.store.backends.locks import ThreadLock
from enrich.store.backends.protocol import IN_USE, scope_of
from enrich.store.backends.sweep import Sweeper

# Another worker's writes are seen this many seconds later at the latest, and always before a write is refused.
_COUNT_AGAIN = 10.0


def over_quota(key: str, nbytes: int, used: int, limit: int) -> StoreFullError:
    """Say that an entry doesn't fit in the quota of the session that would pay for it, and what would help."""
    full = (
        f"This session holds {used:,} bytes used within the last minutes, and {nbytes:,} more would pass its quota "
        f"of {limit:,}. "
    )
    if scope_of(key):
        return StoreFullError(full + "Raise session_quota, or store less.")
    return StoreFullError(
        full
        + "The value is for all, and counts for the session that is the first to store it. Raise session_quota, "
        "store less, or store it where no session is at work, such as when the app starts."
    )


class Quota:
    """Counts each session's bytes by looking through the two folders that list its own values and its charges."""

    def __init__(self, folder: Folder, sweeper: Sweeper, limit: int) -> None:
        self._folder = folder
        self._sweeper = sweeper
        self._limit = limit
        self._charges = sweeper.charges
        self._clock = sweeper.clock
        self._lock = ThreadLock()
        self._counts: dict[str, tuple[int, float]] = {}
        # What other threads of this process have been admitted with and not written yet.
        self._admitted: dict[str, dict[str, int]] = {}

    @contextlib.contextmanager
    def admitted(self, key: str, nbytes: int, payer: str = "") -> Iterator[None]:
        """Let a write happen within the quota of who pays for it, or raise `StoreFullError`.

        A session pays for its own; a shared value is charged to the payer, or to nobody.
        """
        scope = scope_of(key) or payer
        if not scope:
            yield
            self._charges.release(key)
            return
        with self._lock:
            self._admit(scope, key, nbytes)
            self._admitted.setdefault(scope, {})[key] = nbytes
        written = 0
        try:
            yield
            written = nbytes
            if not scope_of(key):
                self._charges.set(key, scope)
        finally:
            with self._lock:
                # Another thread may have written the same meanwhile.
                if self._admitted.get(scope, {}).pop(key, None) is not None:
                    used, counted = self._counts.pop(scope, (0, 0.0))
                    if written:
                        self._counts[scope] = (used + written, counted)
                if not self._admitted.get(scope):
                    self._admitted.pop(scope, None)

    def _admit(self, scope: str, key: str, nbytes: int) -> None:
        used, counted = self._counts.get(scope, (0, 0.0))
        under_way = {other: size for other, size in self._admitted.get(scope, {}).items() if other != key}
        now = self._clock()
        if used + sum(under_way.values()) + nbytes <= self._limit and 0 <= now - counted < _COUNT_AGAIN:
            return
        used = self._make_room(scope, self._limit - nbytes, now, under_way, key)
        held = used + sum(under_way.values())
        if held + nbytes > self._limit:
            raise over_quota(key, nbytes, held, self._limit)
        if len(self._counts) > 10_000:
            self._counts.clear()
        self._counts[scope] = (used, now)

    def _make_room(self, scope: str, target: int, now: float, under_way: Mapping[str, int], key: str) -> int:
        """Count what the session pays for and nobody is writing just now, and drop the oldest down to the target."""
        target -= sum(under_way.values())
        written = {*under_way, key}
        paid = [
            (entry.name, found)
            for _sub, entry, found in self._folder.scan_folder(shard(scope), but=written)
            if is_entry(entry.name) and scope_of(entry.name) == scope
        ]
        paid += self._charges.of(scope, but=written)
        used = sum(found.st_size for _key, found in paid)
        for other, found in sorted(paid, key=lambda each: each[1].st_mtime):
            if used <= target or now - found.st_mtime < IN_USE:
                break
            # The ledger learns of it at the next sweep; until then it counts too much, never too little.
            if self._sweeper.drop_entry(shard(other), other):
                used -= found.st_size
        return used

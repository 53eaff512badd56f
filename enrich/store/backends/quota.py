"""A session's share of the folder."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping

from enrich.errors import StoreFullError
from enrich.store.backends.folder import Folder
from enrich.store.backends.layout import is_entry, shard
from enrich.store.backends.locks import ThreadLock
from enrich.store.backends.protocol import IN_USE
from enrich.store.backends.sweep import Sweeper

# Another worker's writes are seen this many seconds later at the latest, and always before a write is refused.
_COUNT_AGAIN = 10.0
SCOPE_LENGTH = 12
CONTENT_LENGTH = 32


def scope_of(key: str) -> str:
    """Return the session part of a key; empty for shared values."""
    return key[:-CONTENT_LENGTH]


class Quota:
    """Counts each session's bytes by looking through the one folder that its values lie in."""

    def __init__(self, folder: Folder, sweeper: Sweeper, limit: int) -> None:
        self._folder = folder
        self._sweeper = sweeper
        self._limit = limit
        self._clock = sweeper.clock
        self._lock = ThreadLock()
        self._counts: dict[str, tuple[int, float]] = {}
        # What other threads of this process have been admitted with and not written yet.
        self._admitted: dict[str, dict[str, int]] = {}

    @contextlib.contextmanager
    def admitted(self, key: str, nbytes: int) -> Iterator[None]:
        """Let a write happen within its session's quota, or raise `StoreFullError`."""
        scope = scope_of(key)
        if not scope:
            yield
            return
        with self._lock:
            self._admit(scope, key, nbytes)
            self._admitted.setdefault(scope, {})[key] = nbytes
        written = 0
        try:
            yield
            written = nbytes
        finally:
            with self._lock:
                # Another thread may have written the same meanwhile.
                if self._admitted.get(scope, {}).pop(key, None) is not None:
                    used, counted = self._counts.get(scope, (0, 0.0))
                    self._counts[scope] = (used + written, counted)
                if not self._admitted.get(scope):
                    self._admitted.pop(scope, None)

    def _admit(self, scope: str, key: str, nbytes: int) -> None:
        used, counted = self._counts.get(scope, (0, 0.0))
        under_way = {other: size for other, size in self._admitted.get(scope, {}).items() if other != key}
        now = self._clock()
        if used + sum(under_way.values()) + nbytes <= self._limit and 0 <= now - counted < _COUNT_AGAIN:
            return
        used = self._make_room(scope, self._limit - nbytes, now, under_way)
        if len(self._counts) > 10_000:
            self._counts.clear()
        self._counts[scope] = (used, now)
        used += sum(under_way.values())
        if used + nbytes > self._limit:
            raise StoreFullError(
                f"This session holds {used:,} bytes used within the last minutes, and {nbytes:,} more would pass "
                f"its quota of {self._limit:,}. Raise session_quota, or store less."
            )

    def _make_room(self, scope: str, target: int, now: float, under_way: Mapping[str, int]) -> int:
        """Count the session's files that nobody is writing just now, and drop old ones down to the target."""
        target -= sum(under_way.values())
        sub = shard(scope)
        mine = [
            (found.st_mtime, found.st_size, entry.name)
            for _sub, entry, found in self._folder.scan_folder(sub)
            if is_entry(entry.name) and scope_of(entry.name) == scope and entry.name not in under_way
        ]
        used = sum(size for _used_at, size, _name in mine)
        for used_at, size, name in sorted(mine):
            if used <= target or now - used_at < IN_USE:
                break
            # The ledger learns of it at the next sweep; until then it counts too much, never too little.
            if self._sweeper.drop(sub, name):
                used -= size
        return used

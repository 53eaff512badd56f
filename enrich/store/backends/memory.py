"""Values in this process's memory: for one-process apps and tests."""

from __future__ import annotations

import math
import os
from collections import OrderedDict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NoReturn, Self

from enrich.errors import StoreFullError, StoreNotSharedError
from enrich.store.backends.book import Kept, over_quota, to_drop
from enrich.store.backends.locks import ThreadLock
from enrich.store.backends.protocol import (
    IN_USE,
    MISSING,
    RECORDS,
    Buffer,
    Entry,
    Missing,
    Reach,
    Settings,
    Swept,
    check_positive,
    copied,
    scope_of,
)

DEFAULT_MAX_BYTES = 1 << 30
_RECORD = 512  # bytes that a record takes beside its name and content


@dataclass(slots=True)
class _Kept:
    data: bytes
    used: float
    payer: str = ""


@dataclass(slots=True)
class _State:
    """What all copies of one backend share. Order of entries and records: least recently used first."""

    lock: ThreadLock = field(default_factory=ThreadLock)
    entries: OrderedDict[str, _Kept] = field(default_factory=OrderedDict)
    records: OrderedDict[str, _Kept] = field(default_factory=OrderedDict)
    kept_records: dict[str, bytes] = field(default_factory=dict)
    held: dict[str, _MemoryLease] = field(default_factory=dict)
    nbytes: int = 0
    record_bytes: int = 0
    seen: float = -math.inf  # the latest time, by the clock
    # Bytes that each session pays for; those of the empty one cost nobody anything.
    paid: dict[str, int] = field(default_factory=dict)

    def count(self, payer: str, nbytes: int) -> None:
        """Count bytes in, or out if they are negative."""
        self.nbytes += nbytes
        self.paid[payer] = self.paid.get(payer, 0) + nbytes
        if not self.paid[payer]:
            del self.paid[payer]


class MemoryBackend:
    """Keep values as bytes in this process: nothing to set up, nothing shared with other workers.

    Parameters
    ----------
    max_bytes: most bytes to keep; default the store's, or else 1 GiB.
    name: what declarations call this backend.

    >>> from enrich.store import MemoryBackend, Store
    >>> Store(MemoryBackend(max_bytes=2**20), app="doc").info().backends[0].limit
    1048576
    """

    reach: Reach = "process"
    private = True

    def __init__(self, *, max_bytes: int | None = None, name: str = "memory") -> None:
        if max_bytes is not None:
            check_positive(max_bytes, "MemoryBackend(max_bytes")
        self.name = name
        self._max_bytes = max_bytes
        self._settings = Settings()
        self._state = _State()

    def with_settings(self, settings: Settings, /) -> Self:
        """Return this backend with the store's settings, and the same values."""
        changed = copied(self)
        changed._settings = settings
        return changed

    def __reduce__(self) -> NoReturn:
        raise StoreNotSharedError(
            f"Store {self.name!r} keeps its values in this process and can't be sent to another. "
            "Use FileSystemBackend() or RedisBackend(...)."
        )

    @property
    def limit(self) -> int:
        """Most bytes that are kept."""
        return self._max_bytes or self._settings.max_bytes or DEFAULT_MAX_BYTES

    def _now(self) -> float:
        """Return the time; after the clock was set back, no use is in the future, which would last until it comes."""
        now = self._settings.clock()
        if now < self._state.seen:
            for kept in (*self._state.entries.values(), *self._state.records.values()):
                kept.used = min(kept.used, now)
        self._state.seen = now
        return now

    def read(self, key: str, /, *, renew: bool = True) -> Buffer | Missing:
        """Return a copy of the bytes, the caller's own."""
        with self._state.lock.raw:
            kept = self._live(key)
            if kept is None:
                return MISSING
            if renew:
                self._touch(key, kept)
            data = kept.data
        return bytearray(data)

    def _live(self, key: str) -> _Kept | None:
        kept = self._state.entries.get(key)
        if kept is not None and self._now() - kept.used > self._settings.ttl:
            self._drop(key)
            return None
        return kept

    def _touch(self, key: str, kept: _Kept) -> None:
        kept.used = self._now()
        self._state.entries.move_to_end(key)

    def _drop(self, key: str) -> int:
        kept = self._state.entries.pop(key)
        self._state.count(kept.payer, -len(kept.data))
        return len(kept.data)

    def write(self, key: str, buffers: Sequence[Buffer], nbytes: int, /, *, payer: str = "") -> None:
        """Join the buffers, and drop the least recently used to make room."""
        data = b"".join(buffers)
        payer = scope_of(key) or payer
        with self._state.lock.raw:
            self._drop_expired()
            self._make_room(key, nbytes, payer)
            if key in self._state.entries:
                self._drop(key)
            self._state.entries[key] = _Kept(data, self._now(), payer)
            self._state.count(payer, nbytes)

    def charge(self, key: str, nbytes: int, payer: str, /) -> None:
        """Let a session pay for a shared value that nobody pays for, if it has room for it."""
        with self._state.lock.raw:
            kept, quota = self._state.entries.get(key), self._settings.session_quota
            if kept is None or kept.payer or quota is None:
                return
            if self._state.paid.get(payer, 0) + nbytes <= quota:
                self._state.count("", -nbytes)
                self._state.count(payer, nbytes)
                kept.payer = payer

    def _drop_expired(self) -> tuple[int, int]:
        """Drop from the old end of the order; costs nothing when nothing is too old."""
        self._drop_records()
        oldest, dropped, freed = self._now() - self._settings.ttl, 0, 0
        while self._state.entries:
            key, kept = next(iter(self._state.entries.items()))
            if kept.used >= oldest:
                break
            freed += self._drop(key)
            dropped += 1
        return dropped, freed

    def _drop_records(self) -> None:
        """Drop the records that are too old, and the least recently used ones that are too many."""
        now, most = self._now(), int(self.limit * RECORDS)
        while self._state.records:
            name, record = next(iter(self._state.records.items()))
            age = now - record.used
            if age <= self._settings.ttl and (age < IN_USE or self._state.record_bytes <= most):
                break
            self._drop_record(name)

    def _drop_record(self, name: str) -> bool:
        record = self._state.records.pop(name, None)
        if record is None:
            return False
        self._state.record_bytes -= _RECORD + len(name) + len(record.data)
        return True

    def _make_room(self, key: str, nbytes: int, payer: str) -> None:
        """Drop what has to go for this entry, which takes the place of one of its key; nothing if it won't fit."""
        quota, old = self._settings.session_quota, self._state.entries.get(key)
        replaced = 0 if old is None else len(old.data)
        go: list[Kept] = []
        if payer and quota is not None:
            used = self._state.paid.get(payer, 0) - (
                replaced if old is not None and old.payer == payer else 0
            )
            found = self._to_drop({key}, used + nbytes - quota, payer)
            if found is None:
                raise over_quota(key, nbytes, used, quota)
            go = found
        used = self._state.nbytes - replaced
        more = self._to_drop(
            {key, *(kept.key for kept in go)}, used - sum(kept.nbytes for kept in go) + nbytes - self.limit
        )
        if more is None:
            raise StoreFullError(
                f"{nbytes:,} bytes don't fit in memory store {self.name!r}: it holds {used:,} of at most "
                f"{self.limit:,}, and dropping all that wasn't used within the last minutes wouldn't make room. "
                "Raise max_bytes, or store less."
            )
        for kept in (*go, *more):
            self._drop(kept.key)

    def _to_drop(self, but: Collection[str], excess: int, payer: str | None = None) -> list[Kept] | None:
        kept = (
            Kept(each.used, len(each.data), key)
            for key, each in self._state.entries.items()
            if key not in but and payer in (None, each.payer)
        )
        return to_drop(kept, excess, self._now() - IN_USE)

    def renew(self, key: str, nbytes: int | None = None, /) -> bool:
        """Mark the entry as used now."""
        with self._state.lock.raw:
            kept = self._live(key)
            if kept is None:
                return False
            self._touch(key, kept)
            return nbytes is None or len(kept.data) == nbytes

    def delete(self, key: str, /) -> bool:
        """Drop the entry."""
        with self._state.lock.raw:
            if key not in self._state.entries:
                return False
            self._drop(key)
            return True

    def discard(self, key: str, /) -> None:
        """Drop an entry that can't be decoded."""
        self.delete(key)

    def entries(self) -> Iterator[Entry]:
        """List what is stored now."""
        with self._state.lock.raw:
            found = [Entry(key, len(kept.data), kept.used) for key, kept in self._state.entries.items()]
        yield from found

    def sweep(self) -> Swept:
        """Drop what is too old, and records that are too many."""
        with self._state.lock.raw:
            dropped, freed = self._drop_expired()
            oldest = min((kept.used for kept in self._state.entries.values()), default=None)
            return Swept(len(self._state.entries), self._state.nbytes, dropped, freed, oldest)

    def clear(self) -> None:
        """Drop everything but the kept records."""
        with self._state.lock.raw:
            self._state.entries.clear()
            self._state.paid.clear()
            self._state.nbytes = 0
            self._state.records.clear()
            self._state.record_bytes = 0

    def get_record(self, name: str, /, *, kept: bool = False) -> bytes | Missing:
        """Return a record, and renew it."""
        with self._state.lock.raw:
            return self._record(name, kept)

    def _record(self, name: str, kept: bool) -> bytes | Missing:
        if kept:
            return self._state.kept_records.get(name, MISSING)
        found = self._state.records.get(name)
        now = self._now()
        if found is None or now - found.used > self._settings.ttl:
            return MISSING
        found.used = now
        self._state.records.move_to_end(name)
        return found.data

    def set_record(self, name: str, value: bytes, /, *, kept: bool = False) -> None:
        """Write or replace a record."""
        with self._state.lock.raw:
            self._set_record(name, value, kept)

    def _set_record(self, name: str, value: bytes, kept: bool) -> None:
        if kept:
            self._state.kept_records[name] = value
            return
        self._drop_record(name)
        self._state.records[name] = _Kept(value, self._now())
        self._state.record_bytes += _RECORD + len(name) + len(value)
        self._drop_records()

    def add_record(self, name: str, value: bytes, /, *, kept: bool = False) -> bytes:
        """Write a record unless there is one."""
        with self._state.lock.raw:
            found = self._record(name, kept)
            if found is not MISSING:
                return found
            self._set_record(name, value, kept)
            return value

    def delete_record(self, name: str, /) -> bool:
        """Drop a record."""
        with self._state.lock.raw:
            return self._drop_record(name)

    def try_lock(self, name: str, lease: float, /) -> _MemoryLease | None:
        """Take a lock among this process's threads."""
        with self._state.lock.raw:
            holder = self._state.held.get(name)
            if (
                holder is not None and holder.pid == os.getpid()
            ):  # else the holder stayed in the parent of a fork
                return None
            mine = _MemoryLease(self._state, name)
            self._state.held[name] = mine
            return mine


class _MemoryLease:
    __slots__ = ("_name", "_state", "pid")
    seconds = None  # holder and lock die together

    def __init__(self, state: _State, name: str) -> None:
        self._state = state
        self._name = name
        self.pid = os.getpid()

    def renew(self) -> None:
        """Nothing to do."""

    def release(self) -> None:
        """Let the next one have it."""
        with self._state.lock.raw:
            if self._state.held.get(self._name) is self:
                del self._state.held[self._name]

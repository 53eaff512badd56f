"""What a store holds and how it fares."""

from __future__ import annotations

from dataclasses import dataclass

from enrich.errors import StoreConfigError
from enrich.store.backends.protocol import Backend


class Counts:
    """Hits and misses of this process; a lost count under threads is no harm."""

    __slots__ = ("hits", "misses")

    def __init__(self) -> None:
        self.hits = 0
        self.misses = 0

    def count(self, *, hit: bool) -> None:
        """Count one read."""
        if hit:
            self.hits += 1
        else:
            self.misses += 1


@dataclass(frozen=True, slots=True)
class BackendInfo:
    """One backend's state; numbers are None where it can't list its entries.

    Parameters
    ----------
    where: folder, server or library.
    reach: who sees its values: "process", "host" or "hosts".
    entries, nbytes: how many values, and their size.
    limit: most bytes it may hold, if it has a limit of its own.
    evictions: values dropped by this process, for age or room.
    oldest: last use of the value used longest ago, seconds since the epoch.
    """

    name: str
    kind: str
    where: str
    reach: str
    entries: int | None
    nbytes: int | None
    limit: int | None
    evictions: int
    oldest: float | None


@dataclass(frozen=True, slots=True)
class StoreInfo:
    """A store's state; hits and misses are those of this process."""

    app: str
    backends: tuple[BackendInfo, ...]
    hits: int
    misses: int

    @property
    def entries(self) -> int:
        """The number of values in all backends that can tell."""
        return sum(backend.entries or 0 for backend in self.backends)

    @property
    def nbytes(self) -> int:
        """Their size in bytes."""
        return sum(backend.nbytes or 0 for backend in self.backends)

    @property
    def evictions(self) -> int:
        """Values dropped by this process, for age or room."""
        return sum(backend.evictions for backend in self.backends)

    @property
    def oldest(self) -> float | None:
        """The last use of the value used longest ago, seconds since the epoch."""
        return min((backend.oldest for backend in self.backends if backend.oldest is not None), default=None)


def describe_backend(name: str, backend: Backend) -> BackendInfo:
    """Count a backend's entries."""
    count: int | None = 0
    nbytes: int | None = 0
    oldest: float | None = None
    try:
        for entry in backend.entries():
            count, nbytes = (count or 0) + 1, (nbytes or 0) + entry.nbytes
            oldest = entry.used if oldest is None else min(oldest, entry.used)
    except StoreConfigError:
        count = nbytes = oldest = None  # It can't list, like Memcached.
    return BackendInfo(
        name=name,
        kind=type(backend).__name__,
        where=str(getattr(backend, "where", "this process")),
        reach=backend.reach,
        entries=count,
        nbytes=nbytes,
        limit=getattr(backend, "limit", None),
        evictions=getattr(backend, "evictions", 0),
        oldest=oldest,
    )

"""What a place to keep values must be able to do; it sees keys and bytes, never Python values."""

from __future__ import annotations

import enum
import math
import mmap
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol, Self, TypeVar

from enrich.errors import StoreConfigError

Buffer = bytes | bytearray | memoryview | mmap.mmap
T = TypeVar("T")
Reach = Literal["process", "host", "hosts"]

DAY: Final = 86_400.0
RENEW_AFTER: Final = 60.0  # seconds: a read renews its entry at most this often, and ten times in its ttl
# A renewal may be RENEW_AFTER old when the entry was last used, so this much age proves a minute without use.
IN_USE: Final = 2 * RENEW_AFTER

RECORDS: Final = 0.1
"""The part of `max_bytes` that records may take, beside the entries."""

SCOPE_LENGTH: Final = 12
CONTENT_LENGTH: Final = 32
KEY: Final = re.compile(rf"(?:[0-9a-f]{{{SCOPE_LENGTH}}})?[0-9a-f]{{{CONTENT_LENGTH}}}")


class Missing(enum.Enum):
    """The type of `MISSING`."""

    MISSING = "missing"

    def __repr__(self) -> str:
        return "MISSING"

    def __bool__(self) -> bool:
        return False


MISSING: Final = Missing.MISSING


def scope_of(key: str) -> str:
    """Return the session part of a key; empty for shared values."""
    return key[:-CONTENT_LENGTH]


def copied(backend: T) -> T:
    """Return a shallow copy; `copy.copy` would go through pickling, which some backends refuse."""
    changed = object.__new__(type(backend))
    changed.__dict__.update(backend.__dict__)
    return changed


def check_positive(value: object, what: str) -> None:
    """Refuse what can't be a size or a time: text, zero and less, NaN, and without end, which no remote takes."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not 0 < value < math.inf:  # type: ignore[operator]
        raise StoreConfigError(f"{what}={value!r}): give a positive number.")


def _always_genuine(key: str, buffer: Buffer) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Settings:
    """What a store tells its backends.

    Parameters
    ----------
    app: the app's name; gives the default folder.
    ttl: seconds that an entry lives after its last use.
    max_bytes: most bytes to keep; None leaves it to the backend.
    session_quota: most bytes that one session pays for; None means no quota.
    durable: flush files to the disk before a write returns.
    clock: seconds since the epoch.
    genuine: does this buffer's full digest agree with its key? Asked once for what comes over a network.
    """

    app: str = "dash"
    ttl: float = DAY
    max_bytes: int | None = None
    session_quota: int | None = None
    durable: bool = False
    clock: Callable[[], float] = time.time
    genuine: Callable[[str, Buffer], bool] = field(default=_always_genuine)

    def __post_init__(self) -> None:
        for name in ("max_bytes", "ttl", "session_quota"):
            value = getattr(self, name)
            if value is not None or name == "ttl":
                check_positive(value, f"Store({name}")

    @property
    def renew_after(self) -> float:
        """Seconds after which a read renews its entry."""
        return min(RENEW_AFTER, self.ttl / 10)


@dataclass(frozen=True, slots=True)
class Entry:
    """One stored value, as `entries()` lists it."""

    key: str
    nbytes: int
    used: float  # seconds since the epoch, to the minute


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep found and dropped."""

    entries: int = 0
    nbytes: int = 0
    dropped: int = 0
    freed: int = 0
    oldest: float | None = None


class Lease(Protocol):
    """A lock that is held, until it is released or its holder dies."""

    @property
    def seconds(self) -> float | None:
        """How long it lasts without `renew`; None where the system frees a dead holder's lock at once."""
        ...

    def renew(self) -> None:
        """Keep it for another lease."""

    def release(self) -> None:
        """Let the next one have it; quiet when it was lost meanwhile."""


class Backend(Protocol):
    """A place for values. Failures raise `StoreError`s within a bounded time; what isn't there is `MISSING`.

    *Entries* are immutable: one key only ever holds one content. *Records* are small and may be overwritten:
    names, results of memoized functions, and, with `kept`, what must not be dropped for its age.
    """

    @property
    def name(self) -> str:
        """How declarations and handles call this backend."""
        ...

    @property
    def reach(self) -> Reach:
        """Who sees the values: this process, all processes of this host, or other hosts as well."""
        ...

    @property
    def private(self) -> bool:
        """Can only this user (and this process) write here? Decides whether its own secret may sign pickles."""
        ...

    def with_settings(self, settings: Settings, /) -> Self:
        """Return this backend, opened with the store's settings; refuse here what can't work."""
        ...

    def read(self, key: str, /, *, renew: bool = True) -> Buffer | Missing:
        """Return the entry as a private, writable buffer (or read-only bytes), and renew it.

        Without `renew` it is only looked at, where it really is (not in a local copy).
        """
        ...

    def write(self, key: str, buffers: Sequence[Buffer], nbytes: int, /, *, payer: str = "") -> None:
        """Store the buffers, one after another, as one entry; all or nothing.

        `payer` is the session (as `scope_of` has it) in whose quota a shared value counts from now on. It is given
        only where a quota is set and a session is known, and only to backends that have the parameter.
        A method `charge(key, nbytes, payer)`, where there is one, is told of it when the value is there already.
        """

    def renew(self, key: str, nbytes: int | None = None, /) -> bool:
        """Mark the entry as used now; is it there, afterwards, with this size?"""
        ...

    def delete(self, key: str, /) -> bool:
        """Drop the entry; was it there?"""
        ...

    def discard(self, key: str, /) -> None:
        """Drop the copy that the last `read` gave, which turned out to be torn."""

    def entries(self) -> Iterator[Entry]:
        """List what is stored; raises `StoreConfigError` where the backend can't list."""
        ...

    def sweep(self) -> Swept:
        """Drop what is too old or too much, now, in this thread."""
        ...

    def clear(self) -> None:
        """Drop all entries and records but the kept ones."""

    def get_record(self, name: str, /, *, kept: bool = False) -> bytes | Missing:
        """Return a record, and renew it."""
        ...

    def set_record(self, name: str, value: bytes, /, *, kept: bool = False) -> None:
        """Write or replace a record, atomically."""

    def add_record(self, name: str, value: bytes, /, *, kept: bool = False) -> bytes:
        """Write a record unless there is one, and return the one that is there then, the same for everybody."""
        ...

    def delete_record(self, name: str, /) -> bool:
        """Drop a record; was it there?"""
        ...

    def try_lock(self, name: str, lease: float, /) -> Lease | None:
        """Take a lock that everyone in reach sees, or return None when another holds it.

        It is free again when released, when its holder is dead, or `lease` seconds after its last renewal.
        """
        ...

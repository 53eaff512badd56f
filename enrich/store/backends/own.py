"""Backends written for older libraries, which have only `get`, `set` and `has`."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from typing import Any, Self

from enrich.errors import StoreConfigError, UnstorableValueError
from enrich.store import codecs
from enrich.store.backends.cache_methods import CacheMethods
from enrich.store.backends.files import FileSystemBackend
from enrich.store.backends.protocol import (
    MISSING,
    Backend,
    Buffer,
    Entry,
    Lease,
    Missing,
    Reach,
    Settings,
    Swept,
    copied,
)
from enrich.store.codecs import CorruptEntry, Encoded, Held, Pickler


def adapted(backend: Any) -> Any:
    """Return a backend that the store can use: the given one, or an adapter around one of the older kind."""
    if isinstance(backend, CacheMethods):
        own = type(backend)
        changed = own.get is not CacheMethods.get or own.set is not CacheMethods.set
        return OwnBackend(backend) if changed else backend
    has_old = all(callable(getattr(backend, name, None)) for name in ("get", "set", "has"))
    return OwnBackend(backend) if has_old and not hasattr(backend, "write") else backend


class OwnBackend:
    """Let a backend that takes and gives Python values keep the store's values.

    Parameters
    ----------
    given: has `get(key)` or `get(key, ignore_expired)`, which returns None for what is missing, `set(key, value)` and
        `has(key)`; `delete(key)` is used where there is one.

    The value goes to it as the callback returned it; an object that no codec carries goes as it is, so that what
    happens to it is the backend's matter. The store's small records and locks, and its secret, are kept by the given
    backend if it is a subclass of the store's own, else in the app's default folder, so that it reaches one host.
    """

    def __init__(self, given: Any) -> None:
        self._given = given
        self.name = _name_of(given)
        records: Any = given if isinstance(given, CacheMethods) else FileSystemBackend(name=self.name)
        self._records: Backend = records
        parameters = inspect.signature(given.get).parameters
        self._ignores_expiry = "ignore_expired" in parameters or any(
            p.kind is p.VAR_KEYWORD for p in parameters.values()
        )

    def with_settings(self, settings: Settings, /) -> Self:
        """Return this backend, the place of its records opened."""
        if settings.session_quota is not None:
            raise StoreConfigError(
                f"session_quota can't be kept by backend {self.name!r}: it doesn't list what it holds. "
                "Use FileSystemBackend() or RedisBackend(...)."
            )
        changed = copied(self)
        changed._records = self._records.with_settings(settings)
        if self._given is self._records:
            changed._given = changed._records
        return changed

    @property
    def reach(self) -> Reach:
        """Who sees the records: all processes of this host, or other hosts as well."""
        return self._records.reach

    @property
    def private(self) -> bool:
        """Nothing is known of who can write to it."""
        return False

    def encoded(self, value: Any, pickler: Pickler | None) -> Encoded:
        """Return the value's entry, or the value itself in place of one."""
        try:
            return codecs.encode(value)
        except UnstorableValueError:
            held = Held(value, pickler)
            return Encoded((held,), len(held), held.kind)

    def read(self, key: str, /, *, renew: bool = True) -> Buffer | Missing:
        """Ask for the value, and encode it as the store does."""
        value = self._given.get(key, ignore_expired=True) if self._ignores_expiry else self._given.get(key)
        if value is None:
            return MISSING
        if isinstance(value, bytes | bytearray) and _is_entry(value):
            return value
        buffers = self.encoded(value, None).buffers
        return buffers[0] if isinstance(buffers[0], Held) else _joined(buffers)

    def write(self, key: str, buffers: Sequence[Buffer], nbytes: int, /, *, payer: str = "") -> None:
        """Give it the value; what only the store can read, such as pickled parts, as bytes."""
        if isinstance(buffers[0], Held):
            self._give(key, buffers[0])
            return
        entry = _joined(buffers)
        try:
            value = codecs.decode(entry)
        except CorruptEntry:
            value = entry
        # None is what it returns for a missing key.
        self._given.set(key, entry if value is None else value)

    def _give(self, key: str, held: Held) -> None:
        try:
            self._given.set(key, held.value)
        except UnstorableValueError:
            # A subclass of the store's own backends left it to its base.
            if held.pickler is None:
                raise
            self._given.set(key, _joined(codecs.encode(held.value, pickler=held.pickler).buffers))

    def renew(self, key: str, nbytes: int | None = None, /) -> bool:
        """Is it there? When it expires is the backend's own matter."""
        return bool(self._given.has(key))

    def delete(self, key: str, /) -> bool:
        """Drop the value, where the backend can."""
        there = bool(self._given.has(key))
        remove = getattr(self._given, "delete", None)
        if there and callable(remove):
            remove(key)
        return there

    def discard(self, key: str, /) -> None:
        """Drop a torn value."""
        self.delete(key)

    def entries(self) -> Iterator[Entry]:
        """Raise: such backends can't list."""
        raise StoreConfigError(
            f"Backend {self.name!r} doesn't list what it holds, so its values can't be listed, counted or verified."
        )

    def sweep(self) -> Swept:
        """Nothing to do: the backend evicts by its own policy."""
        return Swept()

    def clear(self) -> None:
        """Clear the values, where the backend can, and the records."""
        clear = getattr(self._given, "clear", None)
        if callable(clear):
            clear()
        if self._given is not self._records:
            self._records.clear()

    def get_record(self, name: str, /, *, kept: bool = False) -> bytes | Missing:
        """Return a record."""
        return self._records.get_record(name, kept=kept)

    def set_record(self, name: str, value: bytes, /, *, kept: bool = False) -> None:
        """Write a record."""
        self._records.set_record(name, value, kept=kept)

    def add_record(self, name: str, value: bytes, /, *, kept: bool = False) -> bytes:
        """Add a record."""
        return self._records.add_record(name, value, kept=kept)

    def delete_record(self, name: str, /) -> bool:
        """Drop a record."""
        return self._records.delete_record(name)

    def try_lock(self, name: str, lease: float, /) -> Lease | None:
        """Lock where the records are."""
        return self._records.try_lock(name, lease)


def _name_of(given: Any) -> str:
    own = getattr(type(given), "uid", None)
    # A handle shows no path, as the uid that an older library makes of a folder does.
    shown = isinstance(given, CacheMethods) and own is CacheMethods.uid
    name = None if shown else getattr(given, "uid", None)
    name = name or getattr(given, "name", None)
    return name if isinstance(name, str) else type(given).__name__


def _joined(buffers: Sequence[Buffer]) -> bytes:
    return b"".join(bytes(buffer) for buffer in buffers)


def _is_entry(value: bytes | bytearray) -> bool:
    try:
        codecs.check(value)
    except CorruptEntry:
        return False
    return True

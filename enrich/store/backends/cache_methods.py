"""The methods of a cache of older libraries, on top of a backend's entries, and its timeout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from enrich.errors import StoreConfigError
from enrich.store import codecs
from enrich.store.backends.layout import name_digest
from enrich.store.backends.protocol import DAY, KEY, MISSING, Buffer, Missing, Settings

Timeout = float | timedelta | None
_FOREVER: Final = 36_500 * DAY  # remotes take no infinite time


class CacheMethods:
    """Let a backend be used as a cachelib cache is: Python values under keys of one's own.

    It stands in front of a `Backend`, whose entries they are, among the bases of a class.
    How long values stay is the backend's matter: a `timeout` is accepted without effect.
    """

    _uid: str

    @property
    def uid(self) -> str:
        """What older libraries call the backend by; its name, if it was given one."""
        return self._uid

    @property
    def place(self) -> object:
        """What two backends have in common that keep the same values."""
        raise NotImplementedError

    def get(self, key: str, ignore_expired: bool = False) -> Any:
        """Return a value, or None."""
        if key is None:
            return None
        found = self._current(_file(key))
        return None if found is MISSING else codecs.decode(found)

    def _current(self: Any, name: str, /) -> Buffer | Missing:
        """Read what was last written under a name, which may be written anew."""
        found: Buffer | Missing = self.read(name)
        return found

    def set(self: Any, key: str, value: Any, timeout: Any = None) -> bool:
        """Keep a value; raises `UnstorableValueError` for what can't come back exactly."""
        encoded = codecs.encode(value)
        self.write(_file(key), encoded.buffers, encoded.nbytes)
        return True

    def has(self: Any, key: str) -> bool:
        """Is there a value?"""
        return bool(self.renew(_file(key)))

    def delete(self, key: str) -> bool:
        """Drop a value; was it there?"""
        entries: Any = super()
        # The store's own keys look like those that apps make of digests, so either may be meant.
        return bool(KEY.fullmatch(str(key)) and entries.delete(key)) or bool(entries.delete(_file(key)))

    def add(self, key: str, value: Any, timeout: Any = None) -> bool:
        """Keep a value unless there is one; was there none?"""
        return not self.has(key) and self.set(key, value)

    def get_many(self, *keys: str) -> list[Any]:
        """Return the values of several keys, None where there is none."""
        return [self.get(key) for key in keys]

    def get_dict(self, *keys: str) -> dict[str, Any]:
        """Return the values of several keys by their keys."""
        return dict(zip(keys, self.get_many(*keys), strict=True))

    def set_many(self, mapping: Mapping[str, Any], timeout: Any = None) -> list[str]:
        """Keep several values; return their keys."""
        return [key for key, value in mapping.items() if self.set(key, value)]

    def delete_many(self, *keys: str) -> list[str]:
        """Drop several values; return the keys, of which none is there any more."""
        for key in keys:
            self.delete(key)
        return list(keys)

    def inc(self, key: str, delta: int = 1) -> int:
        """Add to a number, which is 0 where there is none; not atomic."""
        value: int = (self.get(key) or 0) + delta
        self.set(key, value)
        return value

    def dec(self, key: str, delta: int = 1) -> int:
        """Subtract from a number, which is 0 where there is none; not atomic."""
        return self.inc(key, -delta)

    def clear(self) -> Any:
        """Drop all values, those of the store too; returns True."""
        entries: Any = super()
        entries.clear()
        return True


def with_timeout(settings: Settings, timeout: Timeout) -> Settings:
    """Return settings by which values live as long as a cache's `default_timeout` says; None leaves it to the store.

    0 means for ever. Raises `StoreConfigError` for what is no time.
    """
    if timeout is None:
        return settings
    seconds = timeout.total_seconds() if isinstance(timeout, timedelta) else timeout
    if not isinstance(seconds, (int, float)) or not 0 <= seconds <= _FOREVER:
        raise StoreConfigError(
            f"default_timeout={timeout!r}: give seconds, 0 for values that never expire, or a timedelta."
        )
    return replace(settings, ttl=seconds or _FOREVER)


def _file(key: str) -> str:
    # A file is named by a digest, as those of the store are; and a value may be written anew under its key.
    return name_digest(str(key))

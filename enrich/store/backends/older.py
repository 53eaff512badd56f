"""The backends of older libraries, by the names and with the arguments that apps have for them."""

from __future__ import annotations

import os
from typing import Any, Self
from urllib.parse import quote

from enrich.store.backends.cache_methods import CacheMethods, Timeout, with_timeout
from enrich.store.backends.files import FileSystemBackend, absolute
from enrich.store.backends.protocol import Settings


class FileSystemStore(CacheMethods, FileSystemBackend):
    """Keep values as files in a private folder, with the arguments and methods of older libraries as well.

    Parameters
    ----------
    cache_dir: the folder; default one per app name, below the user's cache directory.
    default_timeout: seconds that values live after their last use, where that is longer than the store's `ttl`;
        0 means for ever. Older libraries read files that are older than it, so it makes no life shorter.
    threshold, mode, hash_method: accepted without effect; the store bounds its size (`max_bytes`).
    max_bytes, name: as in `enrich.store.FileSystemBackend`.

    A subclass may override `get` and `set`, which then see each value as the callback returned it.

    >>> from enrich import FileSystemBackend
    >>> backend = FileSystemBackend()
    """

    def __init__(
        self,
        cache_dir: str | os.PathLike[str] | None = None,
        threshold: int | None = None,
        default_timeout: Timeout = None,
        mode: int | None = None,
        hash_method: Any = None,
        *,
        max_bytes: int | None = None,
        name: str | None = None,
        **_older: Any,
    ) -> None:
        # Apps give several folders, and no names.
        own = (
            "files"
            if cache_dir is None
            else f"files:{os.path.basename(os.path.abspath(absolute(cache_dir)))}"[:100]
        )
        super().__init__(cache_dir, max_bytes=max_bytes, name=own if name is None else name)
        kind = "FileSystemBackend" if type(self) is FileSystemStore else type(self).__name__
        self._uid = f"{kind}:{cache_dir or 'file_system_backend'}" if name is None else name
        self._default_timeout = default_timeout
        self._settings = self._lasting(self._settings)
        if cache_dir is not None:
            self._open(self.folder)

    @property
    def place(self) -> object:
        """The folder, or None for the default one."""
        return self._cache_dir

    def with_settings(self, settings: Settings, /) -> Self:
        """Return this backend with the store's settings, and its own timeout."""
        return super().with_settings(self._lasting(settings))

    def _lasting(self, settings: Settings) -> Settings:
        own = with_timeout(settings, self._default_timeout)
        return own if own.ttl > settings.ttl else settings

    def __getstate__(self) -> dict[str, object]:
        return super().__getstate__() | {"_uid": self._uid, "_default_timeout": self._default_timeout}


class ServersideBackend:
    """Keep values where you like: the base of backends of your own, by the name that apps import for it.

    A subclass defines `get`, `set` and `has`; a class without this base that has the three does as well.

    >>> from enrich import ServersideBackend, ServersideOutputTransform
    >>> class InMemory(ServersideBackend):
    ...     def __init__(self):
    ...         self.values = {}
    ...     def get(self, key, ignore_expired=False):
    ...         return self.values.get(key)
    ...     def set(self, key, value):
    ...         self.values[key] = value
    ...     def has(self, key):
    ...         return key in self.values
    >>> transform = ServersideOutputTransform(backends=[InMemory()])
    """

    def get(self, key: str, ignore_expired: bool = False) -> Any:
        """Return a value, or None."""
        raise NotImplementedError(f"{type(self).__name__} must define get(key, ignore_expired=False).")

    def set(self, key: str, value: Any) -> Any:
        """Keep a value."""
        raise NotImplementedError(f"{type(self).__name__} must define set(key, value).")

    def has(self, key: str) -> bool:
        """Is there a value?"""
        raise NotImplementedError(f"{type(self).__name__} must define has(key).")

    @property
    def uid(self) -> str:
        """What handles call the backend by: the name of its class."""
        return type(self).__name__


def redis_url(
    host: str = "localhost",
    port: int = 6379,
    password: str | None = None,
    db: int = 0,
    username: str | None = None,
    *,
    ssl: bool = False,
) -> str:
    """Write the arguments of older libraries as the URL that `RedisBackend` takes."""
    login = f"{quote(username or '', safe='')}:{quote(password, safe='')}@" if password else ""
    return f"redis{'s' if ssl else ''}://{login}{host}:{port}/{db}"

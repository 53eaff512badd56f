"""RedisBackend with the arguments and methods of older libraries as well."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Self

from enrich.errors import StoreConfigError
from enrich.store.backends.cache_methods import CacheMethods, Timeout, with_timeout
from enrich.store.backends.older import redis_url
from enrich.store.backends.protocol import Buffer, Missing, Settings
from enrich.store.backends.redis import RedisBackend


class RedisStore(CacheMethods, RedisBackend):
    """Keep values in Redis: shared by all hosts that reach it.

    Parameters
    ----------
    url: as `enrich.store.RedisBackend` takes it, or the `default_timeout`, which older libraries have in its place.
    host, port, password, db, username, ssl: the server, where no `url` is given.
    default_timeout: seconds that values live after their last use, 0 for ever; default the store's `ttl`.
    key_prefix: begins all keys.
    check_connection: ask the server now whether it is there; raises `StoreUnavailableError`.
    ignore_delete_many_errors: accepted without effect.
    **settings: `prefix`, `timeout`, `local`, `name`, as in `enrich.store.RedisBackend`, and further arguments of
        redis-py's clients, such as `socket_keepalive` and `ssl_ca_certs`.

    A subclass may override `get` and `set`, which then see each value as the callback returned it.

    >>> from enrich import RedisBackend
    >>> RedisBackend(host="cache", port=6379, db=2).where
    'redis://cache:6379/2'
    """

    def __init__(
        self,
        url: str | Timeout = None,
        host: str = "localhost",
        port: int = 6379,
        password: str | None = None,
        db: int = 0,
        default_timeout: Timeout = None,
        key_prefix: str | None = None,
        *,
        username: str | None = None,
        ssl: bool = False,
        check_connection: bool = False,
        ignore_delete_many_errors: bool = True,
        **settings: Any,
    ) -> None:
        for name, given, kinds in (
            ("url", url, (str, int, float, timedelta, type(None))),
            ("host", host, str),
            ("key_prefix", key_prefix, (str, type(None))),
        ):
            if not isinstance(given, kinds):
                raise StoreConfigError(
                    f"RedisBackend({name}={given!r}): give text, since every process has to open its own connection. "
                    "For a client write its address, rediss:// for ssl, and its other arguments: "
                    "RedisBackend('redis://user:password@host:6379/0', socket_keepalive=True)."
                )
        if not isinstance(url, str):
            default_timeout = default_timeout if url is None else url
            url = redis_url(host, port, password, db, username, ssl=ssl)
            if not ssl:
                # As redis-py has it.
                settings = {name: given for name, given in settings.items() if not name.startswith("ssl_")}
        elif ssl:
            settings["ssl"] = ssl
        if key_prefix is not None:
            settings.setdefault("prefix", key_prefix)
        super().__init__(url, **settings)
        kind = "RedisBackend" if type(self) is RedisStore else type(self).__name__
        self._uid = settings.get("name", kind)
        self._default_timeout = default_timeout
        self._settings = with_timeout(self._settings, default_timeout)
        if check_connection:
            with self._asking() as client:
                client.ping()

    @property
    def place(self) -> object:
        """The server, and which of its keys."""
        return self._url, self._prefix

    def with_settings(self, settings: Settings, /) -> Self:
        """Return this backend with the store's settings, its own timeout, and its local folder opened."""
        return super().with_settings(with_timeout(settings, self._default_timeout))

    def _current(self, name: str, /) -> Buffer | Missing:
        # Another host may have written it anew, so a local copy says nothing.
        return self._fetch(name)

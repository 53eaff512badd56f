"""RedisBackend with the arguments and methods of older libraries as well."""

from __future__ import annotations

from typing import Any

from enrich.errors import StoreConfigError
from enrich.store.backends.cache_methods import CacheMethods
from enrich.store.backends.older import redis_url
from enrich.store.backends.protocol import Buffer, Missing
from enrich.store.backends.redis import RedisBackend


class RedisStore(CacheMethods, RedisBackend):
    """Keep values in Redis: shared by all hosts that reach it.

    Parameters
    ----------
    url: as `enrich.store.RedisBackend` takes it. Older libraries have `default_timeout` in its place, a number, which
        is accepted without effect: the store's `ttl` says how long values live.
    host, port, password, db, username, ssl: the server, where no `url` is given.
    key_prefix: begins all keys.
    check_connection: ask the server now whether it is there; raises `StoreUnavailableError`.
    ignore_delete_many_errors: accepted without effect.
    **settings: `prefix`, `timeout`, `local`, `name`, as in `enrich.store.RedisBackend`, and further arguments of
        redis-py's clients, such as `socket_keepalive` and `ssl_ca_certs`.

    A subclass may override `get` and `set`, which then see each value as the callback returned it.

    >>> from enrich import RedisBackend  # doctest: +SKIP
    >>> RedisBackend(host="cache", port=6379, db=2)  # doctest: +SKIP
    """

    def __init__(
        self,
        url: str | float | None = None,
        host: str = "localhost",
        port: int = 6379,
        password: str | None = None,
        db: int = 0,
        default_timeout: float | None = None,
        key_prefix: str | None = None,
        *,
        username: str | None = None,
        ssl: bool = False,
        check_connection: bool = False,
        ignore_delete_many_errors: bool = True,
        **settings: Any,
    ) -> None:
        for name, given, kinds in (
            ("url", url, (str, int, float, type(None))),
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
            url = redis_url(host, port, password, db, username, ssl=ssl)
            if not ssl:
                # As redis-py has it.
                settings = {name: given for name, given in settings.items() if not name.startswith("ssl_")}
        elif ssl:
            settings["ssl"] = ssl
        if key_prefix is not None:
            settings.setdefault("prefix", key_prefix)
        super().__init__(url, **settings)
        if check_connection:
            with self._asking() as client:
                client.ping()

    def _current(self, name: str, /) -> Buffer | Missing:
        # Another host may have written it anew, so a local copy says nothing.
        return self._fetch(name)

    @property
    def uid(self) -> str:
        """What older libraries call the backend by."""
        return self.name

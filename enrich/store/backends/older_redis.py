"""RedisBackend with the arguments of older libraries as well."""

from __future__ import annotations

from typing import Any

from enrich.store.backends.older import redis_url
from enrich.store.backends.redis import RedisBackend


class RedisStore(RedisBackend):
    """Keep values in Redis: shared by all hosts that reach it.

    Parameters
    ----------
    url: as `enrich.store.RedisBackend` takes it. Older libraries have `default_timeout` in its place, a number, which
        is accepted without effect: the store's `ttl` says how long values live.
    host, port, password, db, username: the server, where no `url` is given.
    key_prefix: begins all keys.
    **settings: `prefix`, `timeout`, `local`, `name`, as in `enrich.store.RedisBackend`.

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
        **settings: Any,
    ) -> None:
        if not isinstance(url, str):
            url = redis_url(host, port, password, db, username)
        if key_prefix is not None:
            settings.setdefault("prefix", key_prefix)
        super().__init__(url, **settings)

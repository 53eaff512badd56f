"""Places with quotas, and what is asked of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from enrich.errors import StoreFullError
from enrich.store import Settings, Store
from enrich.store.backends.protocol import Backend, scope_of
from enrich.testing import key_of

from .conftest import Clock

ONE, TWO = (scope_of(key_of("", session)) for session in ("one", "two"))


class Place:
    """One place for values, opened as often as asked, with a time that is moved by hand."""

    def __init__(self, backend: Any, tick: Callable[[float], None], clock: Clock) -> None:
        self._backend = backend
        self._clock = clock
        self.tick = tick

    def opened(self, session_quota: int | None = 1000, **settings: Any) -> Any:
        return self._backend.with_settings(
            Settings(session_quota=session_quota, clock=self._clock, **settings)
        )

    def store(self, session_quota: int | None = 1000, **settings: Any) -> Store:
        return Store(self._backend, session_quota=session_quota, clock=self._clock, **settings)


def let_pass(client: Any, clock: Clock, seconds: float) -> None:
    """Let everything in Redis be as much nearer to its end."""
    clock.tick(seconds)
    for key in client.scan_iter():
        if (left := client.pttl(key)) >= 0:
            client.pexpire(key, max(0, left - int(seconds * 1000)))


def fill(backend: Backend, name: str, size: int, payer: str = "", *, scope: str = "") -> str:
    key = key_of(name, scope)
    backend.write(key, [b"x" * size], size, payer=payer)
    return key


def has_room(backend: Backend, session: str, size: int) -> bool:
    """Does a value of the session's own fit? It is taken away again."""
    try:
        backend.delete(fill(backend, "probe", size, scope=session))
    except StoreFullError:
        return False
    return True


def names(backend: Backend) -> set[str]:
    return {entry.key for entry in backend.entries()}

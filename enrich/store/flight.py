"""One computation for many callers: threads wait for the first, processes for its lock."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from enrich.errors import StoreFullError
from enrich.store.backends.locks import ThreadLock
from enrich.store.backends.protocol import MISSING, Backend, Lease, Missing

logger = logging.getLogger("enrich.store")
T = TypeVar("T")

LEASE = 15.0  # seconds; a dead holder on another host is superseded after this long
_FIRST_PAUSE, _LONGEST_PAUSE = 0.005, 0.1


class Flights:
    """The computations under way in this process, by name."""

    def __init__(self) -> None:
        self._lock = ThreadLock()
        self._flying: dict[str, tuple[threading.Event, int]] = {}
        self._pid = os.getpid()

    def run(
        self,
        backend: Backend,
        name: str,
        look: Callable[[], T | Missing],
        compute: Callable[[], T],
        *,
        timeout: float,
    ) -> T:
        """Return what `look` finds; else let one caller of all threads and processes compute it.

        Whoever waited `timeout` seconds computes by itself. When the one that computes fails, the next one tries.
        """
        until = time.monotonic() + timeout
        while True:
            found = look()
            if found is not MISSING:
                return found
            mine = threading.Event()
            try:
                event, leader = self._join(name, mine)
                if event is mine:
                    return self._lead(backend, name, look, compute, until)
            finally:
                self._leave(name, mine)
            if leader == threading.get_ident() or time.monotonic() >= until:
                # A function that calls itself with the same arguments would wait for itself.
                return compute()
            event.wait(max(0.0, until - time.monotonic()))

    def _join(self, name: str, mine: threading.Event) -> tuple[threading.Event, int]:
        """Return the event to wait for, mine when this caller leads from now on, and its leader's thread."""
        with self._lock.raw:
            if self._pid != os.getpid():
                # After a fork: the parent's computations never end here.
                self._flying, self._pid = {}, os.getpid()
            return self._flying.setdefault(name, (mine, threading.get_ident()))

    def _leave(self, name: str, mine: threading.Event) -> None:
        with self._lock.raw:
            if self._flying.get(name, (None, 0))[0] is mine:
                del self._flying[name]
        mine.set()

    def _lead(
        self,
        backend: Backend,
        name: str,
        look: Callable[[], T | Missing],
        compute: Callable[[], T],
        until: float,
    ) -> T:
        pause = _FIRST_PAUSE
        while True:
            try:
                lease = backend.try_lock(name, LEASE)
            except StoreFullError as error:
                logger.warning("enrich.store: computing without a lock: %s", error)
                return compute()
            if lease is not None:
                with _holding(lease):
                    found = look()
                    return compute() if found is MISSING else found
            if time.monotonic() >= until:
                logger.warning(
                    "enrich.store: another process holds the lock of %s for too long; computing twice", name
                )
                return compute()
            time.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
            found = look()
            if found is not MISSING:
                return found


@contextlib.contextmanager
def _holding(lease: Lease) -> Iterator[None]:
    done = threading.Event()
    heart: threading.Thread | None = None
    try:
        if lease.seconds is not None:
            heart = threading.Thread(target=_beat, args=(lease, lease.seconds / 3, done), daemon=True)
            heart.start()
        yield
    finally:
        done.set()
        if heart is not None and heart.is_alive():
            heart.join()
        lease.release()


def _beat(lease: Lease, every: float, done: threading.Event) -> None:
    while not done.wait(every):
        try:
            lease.renew()
        except Exception:
            # The computation goes on; at worst somebody else computes the same.
            logger.warning("enrich.store: can't renew a lock", exc_info=True)

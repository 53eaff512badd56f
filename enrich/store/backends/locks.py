"""Locks among threads that a forked child doesn't inherit in the locked state."""

from __future__ import annotations

import os
import threading
import weakref


class ThreadLock:
    """A `threading.Lock` that is free again in a forked child, whatever the parent's threads were doing."""

    __slots__ = ("__weakref__", "_lock")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        _locks.add(self)

    def acquire(self, wait: float = -1) -> bool:
        """Take it when it is free; False when it isn't for all of these seconds."""
        return self._lock.acquire(timeout=wait)

    def release(self) -> None:
        """Let the next one have it."""
        self._lock.release()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_error: object) -> None:
        self._lock.release()

    def renew(self) -> None:
        """Be a new, free lock."""
        self._lock = threading.Lock()


_locks: weakref.WeakSet[ThreadLock] = weakref.WeakSet()


def _renew_in_child() -> None:
    for lock in list(_locks):
        lock.renew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_in_child)

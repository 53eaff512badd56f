"""Locks among threads that a forked child doesn't inherit in the locked state."""

from __future__ import annotations

import os
import threading
import weakref


class ThreadLock:
    """A `threading.Lock` that is free again in a forked child, whatever the parent's threads were doing.

    Used as `with lock.raw:`, since a lock of Python's own is taken and let go with no moment in between for the
    exception of a signal's handler (Ctrl-C, the time limit of a Celery task), which would leave it taken for ever.
    """

    __slots__ = ("__weakref__", "raw")

    def __init__(self) -> None:
        self.raw = threading.Lock()
        _locks.add(self)

    def renew(self) -> None:
        """Be a new, free lock."""
        self.raw = threading.Lock()


_locks: weakref.WeakSet[ThreadLock] = weakref.WeakSet()


def _renew_in_child() -> None:
    for lock in list(_locks):
        lock.renew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_in_child)

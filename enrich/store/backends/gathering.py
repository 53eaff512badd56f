"""Many buffers to a file with as few system calls as there can be."""

from __future__ import annotations

import os
from collections.abc import Sequence

from enrich.store.backends.protocol import Buffer

_GATHERS = hasattr(os, "writev")
_IOV_MAX = os.sysconf("SC_IOV_MAX") if _GATHERS else 1


def write_all(fd: int, buffers: Sequence[Buffer], nbytes: int) -> None:
    """Write the buffers, of `nbytes` in all, one after another."""
    # Mostly one call takes all of them.
    if _GATHERS and len(buffers) <= _IOV_MAX:
        written = os.writev(fd, buffers)
        if written == nbytes:
            return
    else:
        written = 0
    pending = [memoryview(buffer).cast("B") for buffer in buffers if len(buffer)]
    at = 0
    while True:
        while at < len(pending) and written >= pending[at].nbytes:
            written -= pending[at].nbytes
            at += 1
        if at == len(pending):
            return
        pending[at] = pending[at][written:]
        written = os.writev(fd, pending[at : at + _IOV_MAX]) if _GATHERS else os.write(fd, pending[at])

"""Async calls that may wait for one another: of those that are alike one has a thread, and the others none."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from contextvars import copy_context
from typing import Any, Final
from weakref import WeakKeyDictionary

_FOLLOWERS: Final = 32  # threads at once, for calls that waited and now have little to do


class Waiting:
    """The calls of one function that are under way, in each event loop.

    Work that waits for another call must not wait in one of the loop's own threads: they are few, and what is waited
    for may need one.
    """

    def __init__(self) -> None:
        self._leaders: dict[tuple[Any, Hashable], asyncio.Future[None]] = {}
        self._followers: WeakKeyDictionary[Any, asyncio.Semaphore] = WeakKeyDictionary()

    async def run(self, key: Hashable, work: Callable[[], Any]) -> Any:
        """Do work in a thread of its own, after the work of a call that is alike, if there is one."""
        loop = asyncio.get_running_loop()
        leader = self._leaders.get((loop, key))
        if leader is not None:
            await asyncio.wait([leader])
            async with self._followers.setdefault(loop, asyncio.Semaphore(_FOLLOWERS)):
                return await _in_thread(work)
        done = self._leaders[loop, key] = loop.create_future()
        try:
            return await _in_thread(work)
        finally:
            del self._leaders[loop, key]
            done.set_result(None)


async def _in_thread(work: Callable[[], Any]) -> Any:
    done: Future[Any] = Future()
    context = copy_context()

    def run() -> None:
        try:
            done.set_result(context.run(work))
        except BaseException as error:
            done.set_exception(error)

    done.set_running_or_notify_cancel()
    threading.Thread(target=run, name="enrich-memoize", daemon=True).start()
    return await asyncio.wrap_future(done)

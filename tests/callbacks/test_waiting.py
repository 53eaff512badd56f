import asyncio
import threading

import pytest

from enrich.callbacks.waiting import Waiting

SECONDS = 20


async def started(*calls):
    """Let calls run until each has a thread, or waits for another."""
    tasks = [asyncio.create_task(call) for call in calls]
    for _ in range(5):
        await asyncio.sleep(0)
    return tasks


def test_a_call_that_is_given_up_while_it_waits_leaves_the_others_alone():
    async def main():
        waiting, gate = Waiting(), threading.Event()
        calls = [waiting.run("k", lambda: gate.wait(SECONDS)), waiting.run("k", int), waiting.run("k", str)]
        first, second, third = await started(*calls)
        second.cancel()
        with pytest.raises(asyncio.CancelledError):
            await second
        gate.set()
        assert await first
        assert await third == ""

    asyncio.run(main())


def test_the_others_go_on_when_the_first_call_is_given_up():
    async def main():
        waiting, gate = Waiting(), threading.Event()
        first, second = await started(waiting.run("k", gate.wait), waiting.run("k", lambda: "done"))
        first.cancel()
        assert await second == "done"
        gate.set()

    asyncio.run(main())


def test_calls_that_are_not_alike_wait_for_none():
    async def main():
        waiting, both = Waiting(), threading.Barrier(2, timeout=SECONDS)
        await asyncio.gather(waiting.run("k", both.wait), waiting.run("l", both.wait))

    asyncio.run(main())


def test_calls_that_waited_have_few_threads_at_once():
    async def main():
        waiting, gate, hold = Waiting(), threading.Event(), threading.Event()
        (first,) = await started(waiting.run("k", gate.wait))
        others = await started(*(waiting.run("k", lambda: hold.wait(SECONDS)) for _ in range(50)))
        gate.set()
        await first
        await started()
        threads = [thread.name for thread in threading.enumerate()].count("enrich-memoize")
        hold.set()
        assert all(await asyncio.gather(*others))
        assert threads <= 32

    asyncio.run(main())

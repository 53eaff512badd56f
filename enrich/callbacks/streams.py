"""Stepping through a generator within the brackets of its callback."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import ExitStack
from contextvars import copy_context
from typing import Any

_END = object()


async def in_brackets(
    generator: AsyncGenerator[Any, None], open_brackets: Callable[[], ExitStack]
) -> AsyncIterator[Any]:
    """Give what a generator yields, with brackets that are open from its first step to its end.

    Dash takes each step of a stream in a context of its own. Brackets set context variables, which hold in one context
    and can be reset in no other; so the generator runs in one that lasts.
    """
    context = copy_context()
    brackets = context.run(open_brackets)

    def run(step: Any) -> asyncio.Task[Any]:
        return asyncio.get_running_loop().create_task(step, context=context)

    try:
        try:
            while (chunk := await run(_next(generator))) is not _END:
                yield chunk
        finally:
            await run(_close(generator))
    except BaseException:
        if not context.run(brackets.__exit__, *sys.exc_info()):
            raise
    else:
        context.run(brackets.close)


async def _next(generator: AsyncGenerator[Any, None]) -> Any:
    return await anext(generator, _END)


async def _close(generator: AsyncGenerator[Any, None]) -> None:
    await generator.aclose()

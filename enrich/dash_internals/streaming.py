"""Streaming callbacks, since Dash 4.5: what they may be, and the context that their steps run in."""

from __future__ import annotations

import inspect
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from typing import Any

from dash import _callback

_validate = getattr(_callback, "_validate_stream_callback", None)


def refuse_stream(func: Callable[..., Any], outputs: Iterable[object], options: Mapping[str, Any]) -> None:
    """Raise Dash's error for a generator that can't be a callback."""
    is_sync = inspect.isgeneratorfunction(func)
    if _validate is not None and (is_sync or inspect.isasyncgenfunction(func)):
        _validate(", ".join(map(str, outputs)), options.get("background"), options, is_sync_gen=is_sync)


def entered_at_each_step(
    handler: Callable[..., Any], enter: Callable[[], object], shown: Callable[[str], str] = str
) -> Callable[..., Any]:
    """Call ``enter`` before each step of what a streaming handler answers; ``shown`` is what the page sees of an error."""

    async def call(*args: Any, **kwargs: Any) -> Any:
        response = await handler(*args, **kwargs)
        response.frames = stepped(response.frames, enter, shown)
        return response

    return call


async def stepped(
    frames: Any, enter: Callable[[], object], shown: Callable[[str], str] = str
) -> AsyncGenerator[Any, None]:
    """Give a stream's frames, with ``enter`` called before each step.

    Dash takes each step in a context, and perhaps a thread, of its own.
    """
    try:
        while True:
            enter()
            try:
                frame = await anext(frames)
            except StopAsyncIteration:
                return
            if error := frame.get("error"):
                frame = {**frame, "error": {**error, "message": shown(error.get("message", ""))}}
            yield frame
    finally:
        await frames.aclose()

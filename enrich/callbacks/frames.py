"""Tracebacks of callbacks: the author's frames, not ours."""

from __future__ import annotations

import functools
import inspect
import os
from collections.abc import Callable
from types import TracebackType
from typing import Any

from enrich import dash_internals
from enrich.callbacks.call import current_app
from enrich.errors import EnrichError

_OURS = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


def hide_our_frames(error: Exception) -> None:
    """Take the frames of this package out of an error's traceback; the one that raises it again remains.

    They stay where a fault seems to be ours, and where the dev tools are told not to prune errors.
    """
    frames = list(_frames(error.__traceback__))
    if not frames or (_is_ours(frames[-1]) and not isinstance(error, EnrichError)):
        return
    if dash_internals.shows_all_frames(current_app()):
        return
    kept: TracebackType | None = None
    for frame in reversed(frames):
        if not _is_ours(frame):
            kept = TracebackType(kept, frame.tb_frame, frame.tb_lasti, frame.tb_lineno)
    error.__traceback__ = kept


def with_own_frames(function: Callable[..., Any]) -> Callable[..., Any]:
    """Hide what stands between Dash and the author's function in the traceback of an error."""
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def run_async(*args: Any, **kwargs: Any) -> Any:
            try:
                return await function(*args, **kwargs)
            except Exception as error:
                hide_our_frames(error)
                raise

        return run_async

    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        return function

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except Exception as error:
            hide_our_frames(error)
            raise

    return run


def _frames(traceback: TracebackType | None) -> Any:
    while traceback is not None:
        yield traceback
        traceback = traceback.tb_next


def _is_ours(frame: TracebackType) -> bool:
    return frame.tb_frame.f_code.co_filename.startswith(_OURS)

"""What a line of a log looks like on the page, by its level."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from dash import html

LogWriter: TypeAlias = Callable[..., Any]
"""Makes a component of a message; further keywords are the component's."""

LogWriters: TypeAlias = Mapping[int, LogWriter]
"""Writers by level, such as ``logging.INFO``."""


def get_default_log_writers() -> dict[int, LogWriter]:
    """Writers that put each message in an ``html.Div`` of its own."""
    levels = (logging.INFO, logging.WARNING, logging.ERROR)
    return {level: _line_of(logging.getLevelName(level)) for level in levels}


def _line_of(level: str) -> LogWriter:
    def write(message: Any, **kwargs: Any) -> Any:
        return html.Div(f"{level}: {message}", **kwargs)

    return write


def writer_of(writers: LogWriters, level: int) -> LogWriter | None:
    """The writer of a level, or of the next lower one; ``None`` for what is below all of them."""
    lower = [known for known in writers if known <= level]
    return writers[max(lower)] if lower else None

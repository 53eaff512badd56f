"""A running app, watched."""

from __future__ import annotations

from typing import Any


def watch(app: Any) -> None:
    """Start."""

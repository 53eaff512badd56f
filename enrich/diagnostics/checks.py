"""The startup checks: what can be told of an app before its first request."""

from __future__ import annotations

from typing import Any


def report(app: Any) -> None:
    """Run the checks."""

"""The error for columns that a stored table doesn't have."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...errors import UnknownColumnError


def unknown_columns(unknown: Sequence[Any], known: Sequence[Any]) -> UnknownColumnError:
    """The error that says which columns there are."""
    listed = ", ".join(map(repr, known[:50])) + (", …" if len(known) > 50 else "")
    asked = ", ".join(map(repr, unknown))
    return UnknownColumnError(f"The stored table has no column {asked}. It has: {listed}.")

"""Errors of the store that say at which callback and slot they happened."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from enrich.errors import EnrichError

Located = TypeVar("Located", bound=EnrichError)


def located(error: Located, where: str) -> Located:
    """Say at which callback and slot a failure of the store happened."""
    error.args = (f"{where}: {error}",)
    return error


def locating(where: str, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
    """Call a function of the store, and say where it was called if it fails."""
    try:
        return function(*args, **kwargs)
    except EnrichError as error:
        raise located(error, where) from error.__cause__

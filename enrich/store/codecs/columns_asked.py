"""Columns that are asked for: the errors for those that there aren't."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from ...errors import StoreConfigError, UnknownColumnError
from ...meant import meant


def unknown_columns(unknown: Sequence[Any], known: Sequence[Any]) -> UnknownColumnError:
    """The error that says which columns there are."""
    listed = ", ".join(map(repr, known[:50])) + (", …" if len(known) > 50 else "")
    asked = ", ".join(map(repr, unknown))
    texts = [name for name in known if isinstance(name, str)]
    guesses = "".join([meant(name, texts) for name in unknown if isinstance(name, str)])
    return UnknownColumnError(f"The stored table has no column {asked}.{guesses} It has: {listed}.")


def checked_columns(columns: Iterable[Any]) -> list[Any]:
    """Return the names as a list; refuses a text, whose characters would be taken for names, and a name that is there twice."""
    if isinstance(columns, str):
        raise StoreConfigError(f"columns={columns!r} is a text. Give a list: columns=[{columns!r}].")
    asked = list(columns)
    for name, count in Counter(map(repr, asked)).items():
        if count > 1:
            raise StoreConfigError(f"Column {name} is asked for twice.")
    return asked


def check_names(columns: Sequence[Any] | None, names: Sequence[Any]) -> None:
    """Refuse names that a value which always comes as a whole doesn't have."""
    unknown = [name for name in columns or () if name not in names]
    if unknown:
        raise unknown_columns(unknown, names)

"""What was probably meant by a name that nothing has."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(name: str, known: Iterable[str], cutoff: float) -> str | None:
    """The known name that comes nearest, if one comes near enough: 1 is the name itself."""
    return next(iter(get_close_matches(name, known, n=1, cutoff=cutoff)), None)


def meant(name: str, known: Iterable[str]) -> str:
    """Guess at what was meant, as a sentence of its own; empty where nothing comes near."""
    # Prefixes and suffixes are what long ids differ in least, so only near ones count.
    known = list(known)
    close = nearest(name, known, 0.7)
    if close is None:
        # Or the same name with the prefix of a blueprint, however long that is.
        close = next((one for one in known if one.endswith(f"-{name}")), None)
    return f" Did you mean '{close}'?" if close is not None else ""

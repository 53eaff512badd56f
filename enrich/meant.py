"""What was probably meant by a name that nothing has."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def meant(name: str, known: Iterable[str]) -> str:
    """Guess at what was meant, as a sentence of its own; empty where nothing comes near."""
    # Prefixes and suffixes are what long ids differ in least, so only near ones count.
    known = list(known)
    close = get_close_matches(name, known, n=1, cutoff=0.7)
    # Or the same name with the prefix of a blueprint, however long that is.
    close += (one for one in known if one.endswith(f"-{name}"))
    return f" Did you mean '{close[0]}'?" if close else ""

"""Names of dash-extensions among ours, which are alike by name only: refused with the import to write."""

from __future__ import annotations

from typing import Any

from enrich.errors import DeclarationError

MODULE = "dash_extensions.enrich"


def refuse_theirs(found: Any, where: str, error: type[Exception] = DeclarationError) -> None:
    """Raise for an object or a class that dash-extensions' ``enrich`` defines, or that derives from one."""
    kind = found if isinstance(found, type) else type(found)
    theirs = next((one.__name__ for one in kind.__mro__ if one.__module__ == MODULE), None)
    if theirs is not None:
        derived = "" if kind.__name__ == theirs else f"{kind.__name__}, which derives from "
        raise error(
            f"{where} has {derived}{theirs} of {MODULE}, which is not that of enrich. "
            f"Write: from enrich import {theirs}"
        )

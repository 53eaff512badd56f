"""Names of dash-extensions among ours, which are alike by name only: refused with the import to write."""

from __future__ import annotations

import sys
from typing import Any

from enrich.callbacks.parameters import innermost, names_in
from enrich.errors import DeclarationError

_MODULE = "dash_extensions.enrich"


def refuse_theirs(found: Any, where: str, error: type[Exception] = DeclarationError) -> None:
    """Raise for an object or a class that dash-extensions' ``enrich`` defines, or that derives from one."""
    kind = found if isinstance(found, type) else type(found)
    theirs = next((one.__name__ for one in kind.__mro__ if one.__module__ == _MODULE), None)
    if theirs is not None:
        derived = "" if kind.__name__ == theirs else f"{kind.__name__}, which derives from "
        raise error(
            f"{where} has {derived}{theirs} of {_MODULE}, which is not that of enrich. "
            f"Write: from enrich import {theirs}"
        )


def refuse_their_values(func: Any, where: str) -> None:
    """Raise for a function that names the class of dash-extensions' own stored values."""
    if _MODULE not in sys.modules:
        return
    func = innermost(func)
    code, scope = getattr(func, "__code__", None), getattr(func, "__globals__", {})
    for name in names_in(code) if code is not None else ():
        value = scope.get(name)
        if isinstance(value, type) and value.__name__ == "Serverside":
            refuse_theirs(value, where)

"""The inspector's page: one file with everything in it."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any


def render(description: Mapping[str, Any], live: str | None = None) -> str:
    """Write the page.

    Parameters
    ----------
    description:
        What ``describe`` returns, with ``calls`` if there are any.
    live:
        Where a running app gives its last calls. Default: the page stands alone.
    """
    data = json.dumps({**description, "live": live})
    # "</" would end the script it stands in, and "<!--" would hide what follows.
    data = data.replace("<", "\\u003c")
    page = _read("inspector.html")
    for name, text in (
        ("title", html.escape(str(description["app"]))),
        ("style", _read("inspector.css")),
        ("data", data),
        ("layers", _read("layers.js")),
        ("script", _read("inspector.js")),
    ):
        page = page.replace(f"<!-- {name} -->", text)
    return page


def _read(name: str) -> str:
    return files("enrich.diagnostics").joinpath("page_files", name).read_text(encoding="utf-8")

"""What the tests over HTTP share: one layout, and a look at ``ctx``."""

from __future__ import annotations

import functools
import json
import warnings
from collections.abc import Callable
from typing import Any

import dash
from dash import html

ROWS = [{"row": 0}, {"row": 1}, {"row": 2}]
CLICK = {"a.n_clicks": 1}
CLICK_ROW = {'{"kind":"in","row":1}.n_clicks': 5}


def layout() -> html.Div:
    """One layout for all: plain ids, and three rows with pattern ids."""
    plain = [html.Div(id=name, title=f"title of {name}", n_clicks=0) for name in "abcxyz"]
    rows = [
        html.Div(id={"kind": kind, **row}, title=f"{kind}{row['row']}", n_clicks=0)
        for row in ROWS
        for kind in ("in", "out", "note")
    ]
    return html.Div([*plain, *rows])


def pattern(kind: str, row: Any) -> dict[str, Any]:
    return {"kind": kind, "row": row}


def snapshot() -> dict[str, Any]:
    """All that ``ctx`` shows."""
    names = (
        "triggered triggered_id triggered_prop_ids inputs states inputs_list states_list outputs_list "
        "args_grouping outputs_grouping using_args_grouping using_outputs_grouping"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Dash deprecates some of them, and keeps them.
        return {name: json.loads(json.dumps(getattr(dash.ctx, name), default=repr)) for name in names.split()}


def as_async(func: Callable[..., Any]) -> Callable[..., Any]:
    """The same function as a coroutine function."""

    @functools.wraps(func)
    async def run(*args: Any, **kwargs: Any) -> Any:
        return func(*args, **kwargs)

    return run

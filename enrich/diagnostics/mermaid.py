"""The graph of callbacks as text for Mermaid, which GitHub, GitLab and MkDocs draw."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_SHAPES = {
    "server": ("[", "]"),
    "clientside": ("([", "])"),
    "joint": ("[[", "]]"),
    "background": ("[/", "/]"),
}


def to_mermaid(description: Mapping[str, Any]) -> str:
    """Write a description's graph: a box for each callback, an arrow for each property that one writes and fires another.

    Examples
    --------
    >>> from enrich import Dash, Input, Output, html
    >>> from enrich.diagnostics.description import describe
    >>> from enrich.diagnostics.mermaid import to_mermaid
    >>> app = Dash("doc")
    >>> app.layout = html.Div([html.Button(id="button"), html.Div(id="log")])
    >>> @app.callback(Output("log", "children"), Input("button", "n_clicks"))
    ... def count(n_clicks):
    ...     return n_clicks
    >>> print(to_mermaid(describe(app)), end="")
    flowchart LR
        c0["count"]
        p0>"button.n_clicks"] --> c0
    """
    lines = ["flowchart LR"]
    for place, one in enumerate(description["registered"]):
        left, right = _SHAPES[one["kind"]]
        lines.append(f"    c{place}{left}{_quoted(one['name'])}{right}")
    written = {through for _, _, through in description["edges"]}
    ports: dict[str, int] = {}
    for place, one in enumerate(description["registered"]):
        for slot in one["inputs"]:
            name = slot.partition(" (")[0]
            if name in written:
                continue
            known = name in ports
            number = ports.setdefault(name, len(ports))
            port = f"p{number}" if known else f"p{number}>{_quoted(name)}]"
            lines.append(f"    {port} --> c{place}")
    for source, target, through in description["edges"]:
        lines.append(f"    c{source} -->|{_quoted(through)}| c{target}")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    escaped = text.replace('"', "#quot;").replace("<", "#lt;").replace(">", "#gt;")
    return f'"{escaped}"'

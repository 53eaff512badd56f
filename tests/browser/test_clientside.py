"""Clientside callbacks in the browser."""

from __future__ import annotations

import pytest

from enrich import Dash, Input, Output, html

pytestmark = pytest.mark.browser

SOURCES = {
    "semicolon": "function (n) { return [`${n} clicks`]; };",
    "comment": "(n) => [`${n} clicks`]  // counted",
    "helper": "function (n) { return [counted(n)]; }; function counted(n) { return `${n} clicks`; }",
}


def test_source_in_a_group_may_end_as_any_statement(browse):
    app = Dash("sources")
    app.layout = html.Div([html.Button("go", id="a", n_clicks=0), *(html.Div(id=name) for name in SOURCES)])
    for name, source in SOURCES.items():
        app.clientside_callback(source, [Output(name, "children")], [Input("a", "n_clicks")])
    page = browse(app)
    for name in SOURCES:
        page.shows(f"#{name}", "0 clicks")
    page.click("#a")
    for name in SOURCES:
        page.shows(f"#{name}", "1 clicks")

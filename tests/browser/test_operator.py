"""Changes to a value on the page, in the browser."""

from __future__ import annotations

import json

import pytest

from enrich import DashProxy, Input, Operator, OperatorOutput, OperatorTransform, Output, dcc, html

pytestmark = pytest.mark.browser


def test_a_list_on_the_page_grows_is_sorted_and_turned_round(browse):
    app = DashProxy("operators", transforms=[OperatorTransform()], prevent_initial_callbacks=True)
    changes = {
        "reset": lambda n: Operator().list.reset(),
        "append": lambda n: Operator().list.append(n),
        "extend": lambda n: Operator().list.extend([10, 2]),
        "sort": lambda n: Operator().list.sort(),
        "reverse": lambda n: Operator().list.reverse(),
    }
    app.layout = html.Div(
        [
            *[html.Button(name, id=name) for name in changes],
            dcc.Store(id="values"),
            html.Div(id="log"),
        ]
    )
    for name, change in changes.items():
        app.callback(OperatorOutput("values", "data"), Input(name, "n_clicks"))(change)
    app.callback(Output("log", "children"), Input("values", "data"))(json.dumps)

    page = browse(app)
    for button, expected in [
        ("reset", "[]"),
        ("append", "[1]"),
        ("extend", "[1, 10, 2]"),
        ("sort", "[1, 2, 10]"),
        ("reverse", "[10, 2, 1]"),
        ("append", "[10, 2, 1, 2]"),
        ("sort", "[1, 2, 2, 10]"),
    ]:
        page.click(f"#{button}")
        page.shows("#log", expected)

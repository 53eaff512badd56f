"""Cycles in the browser: callbacks that write each other's inputs come to rest, and the dev tools see no cycle."""

from __future__ import annotations

import pytest
from selenium.webdriver.common.keys import Keys

from enrich import MATCH, CycleBreakerInput, Dash, Input, Output, ctx, dcc, html

pytestmark = pytest.mark.browser


def type_into(page, selector, text):
    # Clearing the box first would be a change of its own.
    page.find(selector).send_keys(Keys.CONTROL, "a")
    page.find(selector).send_keys(text)


def units(*, both):
    app, seen = Dash("units"), []
    app.layout = html.Div(
        [
            dcc.Input(id="c", value="20", debounce=True),
            dcc.Input(id="f", debounce=True),
            html.Button("x", id="x"),
        ]
    )
    kind = CycleBreakerInput if both else Input

    @app.callback(Output("f", "value"), kind("c", "value"))
    def to_fahrenheit(c):
        seen.append(("f", c, ctx.triggered_id))
        return f"{float(c) * 9 / 5 + 32:g}"

    @app.callback(Output("c", "value"), CycleBreakerInput("f", "value"), prevent_initial_call=True)
    def to_celsius(f):
        seen.append(("c", f, ctx.triggered_id))
        return f"{(float(f) - 32) * 5 / 9:g}"

    return app, seen


@pytest.mark.parametrize("both", [False, True])
def test_celsius_and_fahrenheit_settle(browse, both):
    app, seen = units(both=both)
    page = browse(app)
    page.wait(lambda: page.prop("f", "value") == "68", "the first conversion")
    type_into(page, "#c", "100")
    page.find("#x").click()
    page.wait(lambda: page.prop("f", "value") == "212", "100 °C")
    page.settle()
    type_into(page, "#f", "32")
    page.find("#x").click()
    page.wait(lambda: page.prop("c", "value") == "0", "0 °C")
    page.check_no_errors()
    assert ("f", "100", "c") in seen
    assert ("c", "32", "f") in seen
    assert len(seen) < 12


def test_object_values_settle(browse):
    app, seen = Dash("objects"), []
    app.layout = html.Div(
        [dcc.Store(id="a"), dcc.Store(id="b"), html.Button("x", id="x"), html.Div(id="log")]
    )

    @app.callback(Output("a", "data"), Input("x", "n_clicks"), prevent_initial_call=True)
    def start(n):
        return {"n": n, "list": [1, {"deep": True}]}

    @app.callback(Output("b", "data"), CycleBreakerInput("a", "data"), prevent_initial_call=True)
    def forth(a):
        seen.append("forth")
        return dict(reversed(a.items()))

    @app.callback(Output("a", "data"), Input("b", "data"), prevent_initial_call=True)
    def back(b):
        seen.append("back")
        return dict(reversed(b.items()))

    page = browse(app)
    page.click("#x")
    page.wait(lambda: seen == ["forth", "back"], "one round")
    page.click("#x")
    page.wait(lambda: seen == ["forth", "back"] * 2, "another round")


def test_rows_of_a_cycle_settle_alone(browse):
    app, seen = Dash("rows"), []
    row = lambda i: html.Div(
        [dcc.Input(id={"u": "c", "i": i}, debounce=True), dcc.Input(id={"u": "f", "i": i}, debounce=True)],
        id=f"r{i}",
    )
    app.layout = html.Div([row(0), row(1), html.Button("x", id="x")])

    @app.callback(
        Output({"u": "f", "i": MATCH}, "value"),
        Input({"u": "c", "i": MATCH}, "value"),
        prevent_initial_call=True,
    )
    def to_fahrenheit(c):
        return f"{float(c) * 9 / 5 + 32:g}"

    @app.callback(
        Output({"u": "c", "i": MATCH}, "value"),
        CycleBreakerInput({"u": "f", "i": MATCH}, "value"),
        prevent_initial_call=True,
    )
    def to_celsius(f):
        seen.append((f, ctx.triggered_id))
        return f"{(float(f) - 32) * 5 / 9:g}"

    page = browse(app)
    type_into(page, '[id="{\\"i\\":1,\\"u\\":\\"c\\"}"]', "100")
    page.find("#x").click()
    page.wait(lambda: ("212", {"u": "f", "i": 1}) in seen, "the row's conversion")
    type_into(page, '[id="{\\"i\\":0,\\"u\\":\\"f\\"}"]', "32")
    page.find("#x").click()
    page.wait(lambda: ("32", {"u": "f", "i": 0}) in seen, "the other row's conversion")
    page.check_no_errors()
    assert {triggered["i"] for _, triggered in seen} == {0, 1}


def test_a_cycle_may_have_functions_in_the_browser(browse):
    app = Dash("clientside")
    app.layout = html.Div(
        [dcc.Store(id="a"), dcc.Store(id="b"), html.Button("x", id="x"), html.Div(id="log")]
    )
    app.clientside_callback(
        "(n) => n", Output("a", "data"), Input("x", "n_clicks"), prevent_initial_call=True
    )
    app.clientside_callback(
        "(a) => [a, `${a} ${window.dash_clientside.callback_context.triggered_id}`]",
        Output("b", "data"),
        Output("log", "children"),
        CycleBreakerInput("a", "data"),
        prevent_initial_call=True,
    )
    app.clientside_callback("(b) => b", Output("a", "data"), Input("b", "data"), prevent_initial_call=True)
    page = browse(app)
    page.click("#x")
    page.shows("#log", "1 a")


def test_a_row_that_comes_with_a_value_is_no_change(browse):
    app, seen = Dash("insertion"), []
    app.layout = html.Div([html.Button("x", id="x"), html.Div(id="rows")])

    @app.callback(Output("rows", "children"), Input("x", "n_clicks"), prevent_initial_call=True)
    def add(n):
        return [
            html.Div([dcc.Store(id={"u": "f", "i": i}, data=i), html.P(id={"u": "c", "i": i})])
            for i in range(n)
        ]

    @app.callback(
        Output({"u": "c", "i": MATCH}, "children"),
        CycleBreakerInput({"u": "f", "i": MATCH}, "data"),
        prevent_initial_call=True,
    )
    def convert(f):
        seen.append(f)
        return f

    page = browse(app)
    page.click("#x")
    page.click("#x")
    page.wait(lambda: len(page.find_all("#rows p")) == 2, "two rows")
    page.settle()
    assert seen == []


def test_a_cycle_declared_while_the_app_serves_settles_on_pages_loaded_from_then_on(browse):
    app = Dash("late", prevent_initial_callbacks=True)
    app.layout = html.Div([dcc.Input(id="c", debounce=True), dcc.Input(id="f", debounce=True)])
    page = browse(app)

    @app.callback(Output("f", "value"), Input("c", "value"))
    def to_fahrenheit(c):
        return f"{float(c) * 9 / 5 + 32:g}"

    @app.callback(Output("c", "value"), CycleBreakerInput("f", "value"))
    def to_celsius(f):
        return f"{(float(f) - 32) * 5 / 9:g}"

    page.driver.refresh()
    page.settle()
    type_into(page, "#c", "100")
    page.find("#f").click()
    page.wait(lambda: page.prop("f", "value") == "212", "100 °C")
    page.settle()
    assert page.prop("c", "value") == "100"

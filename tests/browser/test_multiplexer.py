"""One output of several callbacks in the browser."""

from __future__ import annotations

import pytest

from enrich import Dash, Input, Output, Trigger, html

pytestmark = pytest.mark.browser


def test_two_buttons_write_one_output(browse):
    app = Dash("multiplexed")
    app.layout = html.Div([html.Button("l", id="left"), html.Button("r", id="right"), html.Div(id="log")])

    @app.callback(Output("log", "children"), Trigger("left", "n_clicks"), prevent_initial_call=True)
    def left():
        return "left"

    @app.callback(Output("log", "children"), Input("right", "n_clicks"), prevent_initial_call=True)
    def right(n):
        return f"right {n}"

    page = browse(app)
    page.click("#left")
    page.shows("#log", "left")
    page.click("#right")
    page.shows("#log", "right 1")


def test_server_and_browser_write_one_output(browse):
    app = Dash("both sides")
    app.layout = html.Div([html.Button("l", id="left"), html.Button("r", id="right"), html.Div(id="log")])

    @app.callback(Output("log", "children"), Trigger("left", "n_clicks"), prevent_initial_call=True)
    def left():
        return "server"

    app.clientside_callback(
        "() => 'browser'",
        Output("log", "children"),
        Trigger("right", "n_clicks"),
        prevent_initial_call=True,
    )
    page = browse(app)
    page.click("#right")
    page.shows("#log", "browser")
    page.click("#left")
    page.shows("#log", "server")

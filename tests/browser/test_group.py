"""Groups in the browser: one trigger, one request, whatever of the group is on the page."""

from __future__ import annotations

import pytest

from enrich import Dash, Input, Output, Trigger, html

pytestmark = pytest.mark.browser


def two_buttons(*, asks: bool = False):
    """The group of two buttons that write one log."""
    app = Dash("group")
    app.layout = html.Div([html.Button("l", id="left"), html.Button("r", id="right"), html.Div(id="log")])
    options = {"prevent_initial_call": False} if asks else {}

    @app.callback(Output("log", "children"), Trigger("left", "n_clicks"), group="my_group", **options)
    def left():
        return "left"

    @app.callback(Output("log", "children"), Trigger("right", "n_clicks"), group="my_group")
    def right():
        return "right"

    return app


def test_two_buttons_write_one_log(browse):
    page = browse(two_buttons())
    page.click("#left")
    page.shows("#log", "left")
    page.click("#right")
    page.shows("#log", "right")
    page.click("#left")
    page.shows("#log", "left")


def test_page_load_runs_no_member(browse):
    page = browse(two_buttons())
    assert page.text("#log") == ""


def test_page_load_runs_the_member_that_asks_for_it(browse):
    page = browse(two_buttons(asks=True))
    page.shows("#log", "left")


def test_member_whose_input_is_not_on_the_page_is_skipped(browse):
    app = Dash("missing", suppress_callback_exceptions=True)
    app.layout = html.Div([html.Button("a", id="a"), html.Div(id="log"), html.Div(id="place")])
    calls = []

    @app.callback(Output("log", "children"), Input("a", "n_clicks"), group="log")
    def on_page(n):
        calls.append("a")
        return f"a{n}"

    @app.callback(Output("log", "children"), Input("b", "n_clicks"), group="log")
    def elsewhere(n):
        calls.append("b")
        return f"b{n}"

    @app.callback(Output("place", "children"), Trigger("log", "n_clicks"), prevent_initial_call=True)
    def add():
        return html.Button("b", id="b")

    page = browse(app)
    page.click("#a")
    page.shows("#log", "a1")
    assert calls == ["a"]
    page.click("#log")
    page.click("#b")
    page.shows("#log", "b1")
    assert calls.count("a") == 1


def test_one_trigger_of_two_members_is_one_request(browse):
    app = Dash("one request")
    app.layout = html.Div([html.Button("a", id="a"), html.Div(id="x"), html.Div(id="y")])
    bodies = []

    @app.callback(Output("x", "children"), Input("a", "n_clicks"), group="both")
    def x(n):
        return f"x{n}"

    @app.callback(Output("y", "children"), Trigger("a", "n_clicks"), group="both")
    def y():
        return "y"

    @app.server.before_request
    def count():
        import flask

        if flask.request.path == "/_dash-update-component":
            bodies.append(flask.request.get_json()["changedPropIds"])

    page = browse(app)
    bodies.clear()
    page.click("#a")
    page.shows("#x", "x1")
    page.shows("#y", "y")
    assert bodies == [["a.n_clicks"]]

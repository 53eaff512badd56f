"""Seed 002: what a developer learned: clientside prevention, Interval, State, Store, and the callback context."""

from __future__ import annotations

import json

import pytest

import enrich as dash
from enrich import Dash, Input, Output, PreventUpdate, State, Trigger, ctx, dcc, html
from enrich.page import Page


@pytest.mark.browser
def test_no_update_and_prevent_update_in_javascript(browse):
    app = Dash()
    app.layout = html.Div(
        [
            dcc.Input(id="number", value="1"),
            html.Div("start", id="one"),
            html.Div("start", id="two"),
            html.Div(id="seen"),
        ]
    )
    app.clientside_callback(
        """
        function(value) {
            if (value === '13') {
                throw window.dash_clientside.PreventUpdate;
            }
            return [value, value === '12' ? window.dash_clientside.no_update : value];
        }
        """,
        Output("one", "children"),
        Output("two", "children"),
        Input("number", "value"),
    )
    app.clientside_callback(
        "function(value, one) { return value + ' beside ' + one }",
        Output("seen", "children"),
        Input("number", "value"),
        Input("one", "children"),
    )
    page = browse(app)
    page.shows("#one", "1")
    page.find("#number").send_keys("2")
    page.shows("#one", "12")
    page.shows("#two", "1")
    page.driver.execute_script("dash_clientside.set_props('number', {value: '13'})")
    page.shows("#seen", "13 beside 12")
    assert (page.text("#one"), page.text("#two")) == ("12", "1")


@pytest.mark.browser
def test_an_interval_calls_clientside_and_server_side_callbacks_again_and_again(browse):
    app = Dash()
    app.layout = html.Div(
        [
            dcc.Interval(id="my-interval", interval=100, max_intervals=3),
            html.Div(id="change"),
            html.Div(id="server"),
        ]
    )
    ticks = []
    app.clientside_callback(
        "function(n) { return 'tick ' + n }",
        [Output("change", "children")],
        [Input("my-interval", "n_intervals")],
    )

    @app.callback(
        Output("server", "children"), Input("my-interval", "n_intervals"), prevent_initial_call=True
    )
    def on_server(n):
        ticks.append(n)
        return f"tick {n}"

    page = browse(app)
    page.shows("#server", "tick 3")
    page.shows("#change", "tick 3")
    assert ticks == [1, 2, 3]


def test_all_callbacks_are_called_with_the_initial_value_when_the_page_loads():
    app = Dash()
    app.layout = html.Div(
        [dcc.Location(id="url", search="?a=1"), dcc.Store(id="strava-auth"), html.A(id="my-link")]
    )

    @app.callback(
        # the result of the callback will set the given prop on the given element
        Output("my-link", "href"),
        # if it changes it triggers a callback call
        Input("url", "search"),
        # if it changes it does not trigger a callback call
        # but the value is available as a parameter
        State("strava-auth", "data"),
    )
    def login_verdict(url, auth_data):
        return f"{url} {auth_data}"

    page = Page(app)
    assert page["my-link.href"] == "?a=1 None"
    page.act({"strava-auth.data": {"token": 5}})
    assert page["my-link.href"] == "?a=1 None"
    page.act({"url.search": "?b=2"})
    assert page["my-link.href"] == "?b=2 {'token': 5}"


def test_an_input_waits_for_its_value_on_page_load_and_a_state_does_not():
    app = Dash()
    app.layout = html.Div([html.Div(id=name) for name in ("start", "defaults", "waits", "takes")])
    calls = []

    @app.callback(Output("waits", "children"), Input("defaults", "title"))
    def waits(title):
        calls.append(f"waits {title}")
        return title

    @app.callback(Output("takes", "children"), Input("start", "title"), State("defaults", "title"))
    def takes(_, title):
        calls.append(f"takes {title}")
        return title

    @app.callback(Output("defaults", "title"), Input("start", "title"))
    def defaults(_):
        calls.append("defaults")
        return "computed"

    Page(app)
    assert calls == ["takes None", "defaults", "waits computed"]


def test_prevented_outputs_do_not_trigger_what_depends_on_them():
    app = Dash()
    app.layout = html.Div([html.Div(id=name) for name in ("go", "one", "two", "three", "after")])
    calls = []

    @app.callback(
        Output("one", "title"), Output("two", "title"), Output("three", "title"), Input("go", "title"),
        prevent_initial_call=True,
    )  # fmt: skip
    def callback_prevent_some(title):
        if title == "all":
            raise PreventUpdate
        return [title, dash.no_update, title]

    @app.callback(Output("after", "title"), Input("two", "title"), prevent_initial_call=True)
    def after(title):
        calls.append(title)
        return title

    page = Page(app)
    page.act({"go.title": "some"})
    assert (page["one.title"], page["three.title"]) == ("some", "some")
    page.act({"go.title": "all"})
    assert page["one.title"] == "some"
    assert calls == []


def test_the_same_value_again_calls_the_next_callbacks_in_the_chain():
    app = Dash()
    app.layout = html.Div([html.Div(id=name) for name in ("go", "one", "after")])
    calls = []
    app.callback(Output("one", "title"), Input("go", "title"), prevent_initial_call=True)(
        lambda title: "same"
    )
    app.callback(Output("after", "title"), Input("one", "title"), prevent_initial_call=True)(calls.append)
    page = Page(app)
    page.act({"go.title": "1"})
    page.act({"go.title": "2"})
    assert calls == ["same", "same"]


def test_data_attributes_hold_strings():
    app = Dash()
    app.layout = html.Div(
        [
            html.Div(
                id="hidden-data-value",
                style={"display": "none"},
                **{"data-value-1": "hello", "data-value-2": "false"},
            ),
            html.Div(id="out"),
        ]
    )

    @app.callback(
        Output("out", "children"),
        Input("hidden-data-value", "data-value-1"),
        State("hidden-data-value", "data-value-2"),
    )
    def read(one, two):
        return f"{one} {two}"

    assert Page(app)["out.children"] == "hello false"


@pytest.mark.parametrize("storage", ["memory", "local", "session"])
def test_a_store_holds_a_dict_and_is_none_when_empty(storage):
    app = Dash()
    app.layout = html.Div(
        [html.Button(id="save"), dcc.Store(id="store", storage_type=storage), html.Div(id="out")]
    )

    @app.callback(
        Output("store", "data"),
        Trigger("save", "n_clicks"),
        State("store", "data"),
        prevent_initial_call=True,
    )
    def save(data):
        return {"saved": (data or {"saved": 0})["saved"] + 1, "list": [1, 2]}

    @app.callback(Output("out", "children"), Input("store", "data"))
    def show(data):
        return "empty" if data is None else f"{data['saved']} {data['list']}"

    page = Page(app)
    assert page["out.children"] == "empty"
    page.act({"save.n_clicks": 1})
    page.act({"save.n_clicks": 2})
    assert page["out.children"] == "2 [1, 2]"


@pytest.mark.browser
def test_a_store_of_a_dict_in_the_browser(browse):
    app = Dash()
    app.layout = html.Div([html.Button("save", id="save"), dcc.Store(id="store"), html.Div(id="out")])

    @app.callback(Output("store", "data"), Input("save", "n_clicks"), prevent_initial_call=True)
    def save(n):
        return {"n": n}

    @app.callback(Output("out", "children"), Input("store", "data"))
    def show(data):
        return json.dumps(data)

    page = browse(app)
    page.shows("#out", "null")
    page.click("#save")
    page.shows("#out", '{"n": 1}')


def test_the_callback_context_tells_what_triggered():
    app = Dash()
    app.layout = html.Div(
        [html.Button(id="one"), html.Button(id="two"), dcc.Store(id="s", data=5), html.Pre(id="out")]
    )

    @app.callback(
        Output("out", "children"), Input("one", "n_clicks"), Input("two", "n_clicks"), State("s", "data")
    )
    def show(*_):
        context = dash.callback_context
        trigger_id = context.triggered[0]["prop_id"].split(".")[0] if context.triggered else "-"
        return json.dumps(
            {
                "id": trigger_id,
                "states": context.states,
                "triggered": context.triggered,
                "inputs": context.inputs,
            }
        )

    page = Page(app)
    assert json.loads(page["out.children"])["id"] == "-"
    page.act({"two.n_clicks": 1})
    assert json.loads(page["out.children"]) == {
        "id": "two",
        "states": {"s.data": 5},
        "triggered": [{"prop_id": "two.n_clicks", "value": 1}],
        "inputs": {"one.n_clicks": None, "two.n_clicks": 1},
    }


def test_the_callback_context_shows_a_trigger_too():
    app = Dash()
    app.layout = html.Div([html.Button(id="one"), html.Button(id="two"), html.Pre(id="out")])

    @app.callback(Output("out", "children"), Trigger("one", "n_clicks"), Trigger("two", "n_clicks"))
    def show():
        return str(ctx.triggered_id)

    page = Page(app)
    assert page["out.children"] == "None"
    page.act({"two.n_clicks": 1})
    assert page["out.children"] == "two"


@pytest.mark.browser
def test_a_loading_component_shows_while_a_callback_runs(browse):
    import threading

    app = Dash()
    app.layout = html.Div(
        [html.Button("go", id="go"), dcc.Loading(html.Div("idle", id="my-comp"), id="loading")]
    )
    release = threading.Event()

    @app.callback(Output("my-comp", "children"), Trigger("go", "n_clicks"), prevent_initial_call=True)
    def slow():
        release.wait(20)
        return "done"

    page = browse(app)
    page.find("#go").click()
    try:
        page.find("[data-dash-is-loading=true]")
    finally:
        release.set()
    page.shows("#my-comp", "done")

"""Triggers and callbacks without outputs in the browser."""

from __future__ import annotations

import pytest

from enrich import ALL, ClientsideFunction, Dash, Input, Output, State, Trigger, dcc, html, set_props

pytestmark = pytest.mark.browser


def test_function_gets_no_argument_for_a_trigger(browse):
    app = Dash("trigger")
    app.layout = html.Div([html.Button("go", id="button"), html.Div(id="log")])
    calls = []

    @app.callback(Output("log", "children"), Trigger("button", "n_clicks"), prevent_initial_call=True)
    def func():
        calls.append(())
        return f"called {len(calls)} times"

    page = browse(app)
    assert calls == []
    page.click("#button")
    page.shows("#log", "called 1 times")
    page.click("#button")
    page.shows("#log", "called 2 times")


def test_trigger_among_inputs_and_states(browse):
    app = Dash("mixed")
    app.layout = html.Div(
        [html.Button("go", id="a"), dcc.Input("in", id="b"), dcc.Input("st", id="c"), html.Div(id="log")]
    )

    @app.callback(
        output={"log": Output("log", "children")},
        inputs={"t": Trigger("a", "n_clicks"), "rest": [State("c", "value"), Input("b", "value")]},
    )
    def func(rest):
        return {"log": "+".join(rest)}

    page = browse(app)
    page.shows("#log", "st+in")
    page.click("#a")
    page.shows("#log", "st+in")


def test_callback_without_output_runs_and_sets_props(browse):
    app = Dash("no output")
    app.layout = html.Div([html.Button("go", id="button"), html.Div(id="log")])
    calls = []

    @app.callback(Trigger("button", "n_clicks"), prevent_initial_call=True)
    def func():
        calls.append(())
        set_props("log", {"children": "seen"})

    @app.callback(Trigger("button", "n_clicks"), prevent_initial_call=True)
    def other():
        calls.append(())
        return "dropped"

    page = browse(app)
    page.click("#button")
    page.shows("#log", "seen")
    assert len(calls) == 2


def test_clientside_trigger_is_not_passed(browse):
    app = Dash("clientside")
    app.layout = html.Div([html.Button("go", id="a"), dcc.Input("in", id="b"), html.Div(id="log")])
    app.clientside_callback(
        "function() { return `${arguments.length}: ${arguments[0]}`; }",
        Output("log", "children"),
        Trigger("a", "n_clicks"),
        Input("b", "value"),
    )
    page = browse(app)
    page.shows("#log", "1: in")
    page.click("#a")
    page.shows("#log", "1: in")


def test_trigger_is_not_passed_to_a_clientside_function(browse):
    app = Dash("named")
    app.index_string = app.index_string.replace(
        "{%config%}",
        "{%config%}<script>window.dash_clientside = {mine: {add: function() "
        "{ this.seen = arguments.length; return `${arguments.length}: ${[...arguments].join('+')}`; }}}</script>",
    )
    app.layout = html.Div([html.Button("go", id="a"), dcc.Input("in", id="b"), html.Div(id="log")])
    app.clientside_callback(
        ClientsideFunction("mine", "add"),
        Output("log", "children"),
        Trigger("a", "n_clicks"),
        State("b", "value"),
    )
    page = browse(app)
    page.shows("#log", "1: in")
    assert page.driver.execute_script("return window.dash_clientside.mine.seen") == 1


def test_clientside_dict_of_inputs_arrives_as_one_object(browse):
    app = Dash("flexible")
    rows = [dcc.Input(str(i), id={"row": i}) for i in range(2)]
    app.layout = html.Div([html.Button("go", id="a"), *rows, html.Div(id="log"), html.Div(id="count")])
    app.clientside_callback(
        """function(given) {
            const {rows, pair: [n]} = given;
            return {log: `${Object.keys(given)}: ${rows}`, count: `${n} of ${arguments.length}`};
        }""",
        output={"log": Output("log", "children"), "count": Output("count", "children")},
        inputs={
            "rows": Input({"row": ALL}, "value"),
            "pair": (Input("a", "n_clicks"), Trigger("log", "n_clicks")),
        },
        prevent_initial_call=True,
    )
    page = browse(app)
    page.click("#a")
    page.shows("#log", "rows,pair: 0,1")
    page.shows("#count", "1 of 1")

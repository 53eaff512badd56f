"""Seed 001: a counter that grows: two inputs, two outputs, a progress bar, and a Store between."""

from __future__ import annotations

import pytest

from enrich import MATCH, Dash, Input, Output, PreventUpdate, State, ctx, dcc, html, no_update
from enrich.page import Page


def counter_app(*more) -> Dash:
    app = Dash(__name__)
    app.layout = html.Div(
        [
            html.P("Count: 0", id="counter"),
            html.Progress(id="progress_bar", value="0", max="10"),
            html.Button("Click +", id="btn_add", n_clicks=0),
            html.Button("Click -", id="btn_sub", n_clicks=0),
            *more,
        ]
    )
    return app


def test_a_simple_counter():
    app = Dash(__name__)
    app.layout = html.Div([html.P("Count: 0", id="counter"), html.Button("Click", id="btn", n_clicks=0)])

    @app.callback(Output("counter", "children"), Input("btn", "n_clicks"))
    def update(n_clicks):
        return f"Count: {n_clicks}"

    page = Page(app)
    assert page["counter.children"] == "Count: 0"
    page.act({"btn.n_clicks": 1})
    assert page["counter.children"] == "Count: 1"


def test_without_n_clicks_in_the_layout_the_value_is_none():
    app = Dash(__name__)
    app.layout = html.Div([html.P(id="counter"), html.Button("Click", id="btn")])

    @app.callback(Output("counter", "children"), Input("btn", "n_clicks"))
    def update(n_clicks):
        return f"Count: {n_clicks}"

    assert Page(app)["counter.children"] == "Count: None"


def test_two_inputs_add_and_subtract():
    app = counter_app()

    @app.callback(Output("counter", "children"), Input("btn_add", "n_clicks"), Input("btn_sub", "n_clicks"))
    def update_counter(n_clicks1, n_clicks2):
        return f"Count: {n_clicks1 - n_clicks2}"

    page = Page(app)
    for changes, count in (
        ({"btn_add.n_clicks": 1}, 1),
        ({"btn_add.n_clicks": 2}, 2),
        ({"btn_sub.n_clicks": 5}, -3),
    ):
        page.act(changes)
        assert page["counter.children"] == f"Count: {count}"


def test_two_inputs_at_the_same_time_trigger_once():
    app = counter_app()
    calls = []

    @app.callback(
        Output("counter", "children"),
        Input("btn_add", "n_clicks"),
        Input("btn_sub", "n_clicks"),
        prevent_initial_call=True,
    )
    def update_counter(n_clicks1, n_clicks2):
        calls.append(sorted(ctx.triggered_prop_ids))
        return f"Count: {n_clicks1 - n_clicks2}"

    page = Page(app)
    page.act({"btn_add.n_clicks": 3, "btn_sub.n_clicks": 1})
    assert calls == [["btn_add.n_clicks", "btn_sub.n_clicks"]]
    assert page["counter.children"] == "Count: 2"


def add_counter(app: Dash) -> None:
    @app.callback(
        Output("counter", "children"),
        Output("counter", "style"),  # here we added property "style"
        Input("btn_add", "n_clicks"),
        Input("btn_sub", "n_clicks"),
    )
    def update_counter(n_clicks1, n_clicks2):
        content = f"Count: {n_clicks1 - n_clicks2}"
        style = {"color": "green"} if n_clicks1 - n_clicks2 >= 0 else {"color": "red"}
        return content, style  # as a result, we now return two values


def test_all_outputs_of_a_callback_change_together():
    app = counter_app()
    add_counter(app)
    page = Page(app)
    assert (page["counter.children"], page["counter.style"]) == ("Count: 0", {"color": "green"})
    page.act({"btn_sub.n_clicks": 1})
    assert (page["counter.children"], page["counter.style"]) == ("Count: -1", {"color": "red"})
    assert len(page.requests) == 2


def test_an_output_can_be_left_as_it_is():
    app = counter_app()

    @app.callback(
        Output("counter", "children"),
        Output("counter", "style"),
        Input("btn_add", "n_clicks"),
        prevent_initial_call=True,
    )
    def update_counter(n_clicks):
        if n_clicks > 1:
            raise PreventUpdate
        return f"Count: {n_clicks}", no_update

    page = Page(app)
    page.act({"btn_add.n_clicks": 1})
    page.act({"btn_add.n_clicks": 2})
    assert page["counter.children"] == "Count: 1"
    assert "style" not in page.props["counter"]


def test_a_progress_bar_is_updated_by_a_callback_of_its_own():
    app = counter_app()
    add_counter(app)

    @app.callback(Output("progress_bar", "value"), Input("btn_add", "n_clicks"), Input("btn_sub", "n_clicks"))
    def update_pbar(n_clicks1, n_clicks2):
        # This is a new callback that only updates the progress bar.
        return str(n_clicks1 - n_clicks2)

    page = Page(app)
    page.act({"btn_add.n_clicks": 4})
    assert (page["counter.children"], page["progress_bar.value"]) == ("Count: 4", "4")


def store_app() -> tuple[Dash, list[str]]:
    app = counter_app(
        dcc.Store(id="count_memory", data=0), dcc.Slider(id="multiplier", min=1, max=5, value=1, step=1)
    )
    ran: list[str] = []

    @app.callback(
        Output("count_memory", "data"),  # Update the stored count
        Input("btn_add", "n_clicks"),
        Input("btn_sub", "n_clicks"),
        Input("multiplier", "value"),
        State("count_memory", "data"),  # Access the current stored count
    )
    def update_store(n_clicks1, n_clicks2, multiplier, current_count):
        ran.append(f"store {current_count}")
        return (n_clicks1 - n_clicks2) * multiplier

    @app.callback(Output("counter", "children"), Output("counter", "style"), Input("count_memory", "data"))
    def update_counter_display(count):
        ran.append("counter")
        return f"Count: {count}", {"color": "green"} if count >= 0 else {"color": "red"}

    @app.callback(Output("progress_bar", "value"), Input("count_memory", "data"))
    def update_pbar(count):
        ran.append("pbar")
        return str(count)

    return app, ran


def test_a_store_chains_the_computation_to_two_displays():
    app, ran = store_app()
    page = Page(app)
    assert ran[0] == "store 0"
    assert sorted(ran[1:]) == ["counter", "pbar"]
    page.act({"btn_add.n_clicks": 3})
    page.act({"multiplier.value": 5})
    assert page["count_memory.data"] == 15
    assert (page["counter.children"], page["progress_bar.value"]) == ("Count: 15", "15")


def test_the_state_of_the_store_makes_no_circle():
    app, ran = store_app()
    page = Page(app)
    ran.clear()
    page.act({"btn_add.n_clicks": 2})
    assert sum(name.startswith("store") for name in ran) == 1
    page.act({"btn_sub.n_clicks": 3})
    assert [name for name in ran if name.startswith("store")] == ["store 0", "store 2"]
    assert page["counter.style"] == {"color": "red"}


@pytest.mark.browser
def test_the_store_chain_in_a_browser(browse):
    app, _ = store_app()
    page = browse(app)
    page.click("#btn_add")
    page.click("#btn_add")
    page.shows("#counter", "Count: 2")
    assert page.prop("progress_bar", "value") == "2"
    page.click("#btn_sub")
    page.shows("#counter", "Count: 1")


@pytest.mark.browser
def test_a_clientside_callback_runs_in_the_browser(browse):
    app = Dash(__name__)
    app.layout = html.Div([dcc.Input(id="input-box", value="x"), html.Div(id="output-div")])
    app.clientside_callback(
        """
        function(value) {
            return 'You typed: ' + value
        }
        """,
        Output("output-div", "children"),
        Input("input-box", "value"),
    )
    page = browse(app)
    page.shows("#output-div", "You typed: x")
    page.find("#input-box").send_keys("y")
    page.shows("#output-div", "You typed: xy")
    assert [entry["output"] for entry in app._callback_list] == ["output-div.children"]


def test_pattern_matching_attaches_to_components_made_at_runtime():
    app = Dash(__name__, suppress_callback_exceptions=True)
    app.layout = html.Div([html.Button(id="add", n_clicks=0), html.Div(id="rows")])

    @app.callback(Output("rows", "children"), Input("add", "n_clicks"), prevent_initial_call=True)
    def add(n):
        return [
            html.Div(
                [
                    dcc.Input(id={"type": "dynamic-input", "index": i}),
                    html.Div(id={"type": "dynamic-output", "index": i}),
                ]
            )
            for i in range(n)
        ]

    @app.callback(
        Output({"type": "dynamic-output", "index": MATCH}, "children"),
        Input({"type": "dynamic-input", "index": MATCH}, "value"),
        prevent_initial_call=True,
    )
    def update_dynamic_output(value):
        return f"You entered: {value}"

    page = Page(app)
    page.act({"add.n_clicks": 2})
    page.act({'{"index":1,"type":"dynamic-input"}.value': "text"})
    assert page['{"index":1,"type":"dynamic-output"}.children'] == "You entered: text"
    assert page['{"index":0,"type":"dynamic-output"}.children'] is None

"""Seed 003: advanced callbacks: prevention, running, ctx, optional and async ones, and when callbacks are executed."""

from __future__ import annotations

import asyncio
import base64
import functools
import json
import threading

import pytest

from enrich import (
    Dash,
    Input,
    Output,
    PreventUpdate,
    State,
    Trigger,
    callback,
    callback_context,
    ctx,
    dcc,
    html,
    no_update,
    set_props,
)
from enrich.page import Page


def test_raising_prevent_update_leaves_the_output():
    app = Dash(__name__)
    app.layout = html.Div(
        [html.Button("Click here to see the content", id="show-secret"), html.Div(id="body-div")]
    )

    @callback(Output("body-div", "children"), Input("show-secret", "n_clicks"))
    def update_output(n_clicks):
        if n_clicks is None:
            raise PreventUpdate
        return "Elephants are the only animal that can't jump"

    page = Page(app)
    assert page["body-div.children"] is None
    page.act({"show-secret.n_clicks": 1})
    assert page["body-div.children"] == "Elephants are the only animal that can't jump"


def prime_factors(num):
    n, i, out = num, 2, []
    while i * i <= n:
        if n % i == 0:
            n = int(n / i)
            out.append(i)
        else:
            i += 1 if i == 2 else 2
    out.append(n)
    return out


def test_an_error_is_shown_while_the_previous_result_stays():
    app = Dash(__name__)
    app.layout = html.Div(
        [
            html.P("Enter a composite number to see its prime factors"),
            dcc.Input(id="num", type="number", debounce=True, min=2, step=1),
            html.P(id="err", style={"color": "red"}),
            html.P(id="out"),
        ]
    )

    @callback(Output("out", "children"), Output("err", "children"), Input("num", "value"))
    def show_factors(num):
        if num is None:
            # PreventUpdate prevents ALL outputs updating
            raise PreventUpdate
        factors = prime_factors(num)
        if len(factors) == 1:
            # dash.no_update prevents any single output updating
            # (note: it's OK to use for a single-output callback too)
            return no_update, f"{num} is prime!"
        return f"{num} is {' * '.join(str(n) for n in factors)}", ""

    page = Page(app)
    assert page["out.children"] is None
    page.act({"num.value": 12})
    assert (page["out.children"], page["err.children"]) == ("12 is 2 * 2 * 3", "")
    page.act({"num.value": 13})
    assert (page["out.children"], page["err.children"]) == ("12 is 2 * 2 * 3", "13 is prime!")


def running_app(release: threading.Event) -> Dash:
    app = Dash()
    app.layout = html.Div(
        [
            html.Div(dcc.Input(id="input-on-submit-text", type="text", value="hello")),
            html.Button("Submit", id="submit-button", n_clicks=0),
            html.Div(id="container-output-text", children="Enter a value and press submit"),
        ]
    )

    @callback(
        Output("container-output-text", "children"),
        Input("submit-button", "n_clicks"),
        State("input-on-submit-text", "value"),
        prevent_initial_call=True,
        running=[(Output("submit-button", "disabled"), True, False)],
    )
    def update_output(n_clicks, value):
        release.wait(20)
        return f"The input value was {value} and the button has been clicked {n_clicks} times"

    return app


@pytest.mark.browser
def test_running_disables_the_button_while_the_callback_runs(browse):
    release = threading.Event()
    page = browse(running_app(release))
    page.find("#submit-button").click()
    try:
        page.find("#submit-button[disabled]")
    finally:
        release.set()
    page.shows("#container-output-text", "The input value was hello and the button has been clicked 1 times")
    page.find("#submit-button:not([disabled])")


def buttons_app(kind=Input) -> Dash:
    app = Dash(__name__)
    app.layout = html.Div(
        [html.Button(f"Button {n}", id=f"btn-{n}") for n in (1, 2, 3)] + [html.Div(id="container")]
    )

    @callback(Output("container", "children"), *[kind(f"btn-{n}", "n_clicks") for n in (1, 2, 3)])
    def display(*buttons):
        button_id = ctx.triggered_id if ctx.triggered_id else "No clicks yet"
        ctx_msg = json.dumps(
            {"states": ctx.states, "triggered": ctx.triggered, "inputs": ctx.inputs}, indent=2, sort_keys=True
        )
        return html.Div(
            [html.Table([html.Tr([html.Td(b or 0) for b in buttons]), html.Td(button_id)]), html.Pre(ctx_msg)]
        )

    return app


@pytest.mark.parametrize("kind", [Input, Trigger])
def test_ctx_tells_which_of_three_buttons_was_clicked(kind):
    page = Page(buttons_app(kind))
    assert "No clicks yet" in json.dumps(page["container.children"])
    page.act({"btn-2.n_clicks": 1})
    shown = page["container.children"]["props"]["children"]
    assert "btn-2" in json.dumps(shown[0])
    assert json.loads(shown[1]["props"]["children"]) == {
        "states": {},
        "triggered": [{"prop_id": "btn-2.n_clicks", "value": 1}],
        "inputs": {"btn-1.n_clicks": None, "btn-2.n_clicks": 1, "btn-3.n_clicks": None},
    }


def test_the_placeholder_of_an_empty_triggered_is_falsy_and_splits():
    app = Dash(__name__)
    app.layout = html.Div([html.Button(id="b"), html.Div(id="out")])
    seen = []

    @app.callback(Output("out", "children"), Input("b", "n_clicks"))
    def look(_):
        seen.append((bool(ctx.triggered), ctx.triggered[0]["prop_id"].split(".")))

    Page(app)
    assert seen == [(False, ["", ""])]


def test_a_slow_function_is_memoized():
    calls = []

    @functools.lru_cache(maxsize=32)
    def slow_function(input):
        calls.append(input)
        return f"Input was {input}"

    app = Dash(__name__)
    app.layout = html.Div([dcc.Input(id="in", value="test"), html.Div(id="out")])
    app.callback(Output("out", "children"), Input("in", "value"))(slow_function)
    page = Page(app)
    page.act({"in.value": "test"})
    assert calls == ["test"]
    assert page["out.children"] == "Input was test"


def optional_app() -> Dash:
    app = Dash(suppress_callback_exceptions=True)
    app.layout = html.Div(
        [
            html.Button(id="optional-inputs-button-1", children="Button 1", className="button"),
            html.Div(id="optional-inputs-container"),
            html.Div(id="optional-inputs-output", className="output"),
        ],
        className="container",
    )

    @app.callback(
        Output("optional-inputs-container", "children"),
        Input("optional-inputs-button-1", "n_clicks"),
        State("optional-inputs-container", "children"),
        prevent_initial_call=True,
    )
    def add_second_button(_, current_children):
        if not current_children:
            return html.Button(id="optional-inputs-button-2", children="Button 2", className="button")
        return no_update

    @app.callback(
        Output("optional-inputs-output", "children"),
        Input("optional-inputs-button-1", "n_clicks"),
        Input("optional-inputs-button-2", "n_clicks", allow_optional=True),
        prevent_initial_call=True,
    )
    def display_clicks(n_clicks1, n_clicks2):
        return f"Button 1 clicks: {n_clicks1} - Button 2 clicks: {n_clicks2}"

    return app


def test_an_optional_input_that_is_missing_is_none():
    page = Page(optional_app())
    page.act({"optional-inputs-button-1.n_clicks": 1})
    assert page["optional-inputs-output.children"] == "Button 1 clicks: 1 - Button 2 clicks: None"
    page.act({"optional-inputs-button-2.n_clicks": 3})
    assert page["optional-inputs-output.children"] == "Button 1 clicks: 1 - Button 2 clicks: 3"


@pytest.mark.browser
def test_an_optional_input_appears_in_the_browser(browse):
    page = browse(optional_app())
    page.click("#optional-inputs-button-1")
    page.shows("#optional-inputs-output", "Button 1 clicks: 1 - Button 2 clicks: None")
    page.click("#optional-inputs-button-2")
    page.shows("#optional-inputs-output", "Button 1 clicks: 1 - Button 2 clicks: 1")


def test_async_callbacks_await_their_tasks_together():
    app = Dash()
    app.layout = html.Div(
        [
            html.Button("Run Sync Tasks", id="sync-btn"),
            html.Button("Run Async Tasks", id="async-btn"),
            html.Div(id="sync-output"),
            html.Div(id="async-output"),
        ]
    )
    waiting = []

    def get_sync_data(iteration):
        return f"Result from sync iteration {iteration}"

    async def get_async_data(iteration, all_there):
        waiting.append(iteration)
        if len(waiting) == 5:
            all_there.set()
        await all_there.wait()
        return f"Result from async iteration {iteration}"

    @app.callback(Output("sync-output", "children"), Input("sync-btn", "n_clicks"), prevent_initial_call=True)
    def sync_callback_example(n_clicks):
        results = [get_sync_data(i) for i in range(5)]
        return html.Div([html.Div(result) for result in results])

    @app.callback(
        Output("async-output", "children"), Input("async-btn", "n_clicks"), prevent_initial_call=True
    )
    async def async_callback_example(n_clicks):
        all_there = asyncio.Event()
        results = await asyncio.gather(*[get_async_data(i, all_there) for i in range(5)])
        return html.Div([html.Div(result) for result in results])

    page = Page(app)
    page.act({"sync-btn.n_clicks": 1})
    page.act({"async-btn.n_clicks": 1})
    for kind in ("sync", "async"):
        rows = page[f"{kind}-output.children"]["props"]["children"]
        assert [row["props"]["children"] for row in rows] == [
            f"Result from {kind} iteration {i}" for i in range(5)
        ]


# --- when callbacks are executed -----------------------------------------------------------------------


@pytest.mark.browser
def test_callbacks_are_executed_with_the_initial_values_and_on_interaction(browse):
    app = Dash()
    app.layout = html.Div(
        [
            html.Button("execute callback", id="button_1"),
            html.Div("callback not executed", id="first_output_1"),
            html.Div("callback not executed", id="second_output_1"),
        ]
    )

    @callback(
        Output("first_output_1", "children"),
        Output("second_output_1", "children"),
        Input("button_1", "n_clicks"),
    )
    def change_text(n_clicks):
        return [f"n_clicks is {n_clicks}", f"n_clicks is {n_clicks}"]

    page = browse(app)
    page.shows("#first_output_1", "n_clicks is None")
    page.shows("#second_output_1", "n_clicks is None")
    page.click("#button_1")
    page.shows("#first_output_1", "n_clicks is 1")


@pytest.mark.browser
def test_a_callback_waits_for_the_callback_whose_output_is_its_input(browse):
    app = Dash()
    app.layout = html.Div(
        [
            html.Button("execute fast callback", id="button_3"),
            html.Button("execute slow callback", id="button_4"),
            html.Div("callback not executed", id="first_output_3"),
            html.Div("callback not executed", id="second_output_3"),
            html.Div("callback not executed", id="third_output_3"),
        ]
    )
    release = threading.Event()
    third = []

    @callback(Output("first_output_3", "children"), Input("button_3", "n_clicks"), prevent_initial_call=True)
    def first_callback(n):
        return "fast"

    @callback(Output("second_output_3", "children"), Input("button_4", "n_clicks"), prevent_initial_call=True)
    def second_callback(n):
        release.wait(20)
        return "slow"

    @callback(
        Output("third_output_3", "children"),
        Input("first_output_3", "children"),
        Input("second_output_3", "children"),
        prevent_initial_call=True,
    )
    def third_callback(n, m):
        third.append((n, m))
        return f"{n} {m}"

    page = browse(app)
    page.find("#button_4").click()
    page.find("#button_3").click()
    page.shows("#first_output_3", "fast")
    assert third == []
    release.set()
    page.shows("#third_output_3", "fast slow")
    assert third == [("fast", "slow")]


def test_prevent_initial_call_keeps_a_chain_from_starting():
    app = Dash()
    app.layout = html.Div(
        [html.Button("execute callbacks", id="button_2")]
        + [
            html.Div("callback not executed", id=f"{name}_output_2")
            for name in ("first", "second", "third", "fourth")
        ]
    )

    @callback(
        Output("first_output_2", "children"),
        Output("second_output_2", "children"),
        Input("button_2", "n_clicks"),
        prevent_initial_call=True,
    )
    def first_callback(n):
        return ("in the first callback", "in the first callback")

    @callback(
        Output("third_output_2", "children"), Input("second_output_2", "children"), prevent_initial_call=True
    )
    def second_callback(n):
        return "in the second callback"

    @callback(
        Output("fourth_output_2", "children"),
        Input("first_output_2", "children"),
        Input("third_output_2", "children"),
        prevent_initial_call=True,
    )
    def third_output(n, m):
        return f"in the third callback after '{m}'"

    page = Page(app)
    assert page["fourth_output_2.children"] == "callback not executed"
    page.act({"button_2.n_clicks": 1})
    assert page["first_output_2.children"] == page["second_output_2.children"] == "in the first callback"
    assert page["third_output_2.children"] == "in the second callback"
    assert page["fourth_output_2.children"] == "in the third callback after 'in the second callback'"
    assert len(page.requests) == 3


@pytest.mark.browser
def test_prevent_initial_call_holds_where_input_and_output_appear_together(browse):
    app = Dash(__name__, suppress_callback_exceptions=True)
    app.layout = html.Div([dcc.Location(id="url"), html.Div(id="layout-div"), html.Div(id="content")])
    ran = []

    @callback(Output("content", "children"), Input("url", "pathname"))
    def display_page(pathname):
        return html.Div([dcc.Input(id="input", value="hello world"), html.Div(id="output")])

    @callback(Output("output", "children"), Input("input", "value"), prevent_initial_call=True)
    def update_output(value):
        ran.append("update_output")
        return value

    @callback(Output("layout-div", "children"), Input("input", "value"), prevent_initial_call=True)
    def update_layout_div(value):
        ran.append("update_layout_div")
        return value

    page = browse(app)
    page.shows("#layout-div", "hello world")
    assert page.text("#output") == ""
    assert ran == ["update_layout_div"]


def test_a_callback_without_outputs_saves_an_upload(tmp_path):
    app = Dash()
    app.layout = html.Div([dcc.Upload(id="upload-data-to-server", multiple=False), html.Div(id="log")])

    @callback(
        Input("upload-data-to-server", "contents"),
        State("upload-data-to-server", "filename"),
        prevent_initial_call=True,
        # while the callback is running:
        running=[(Output("upload-data-to-server", "disabled"), True, False)],
    )
    def update_output_div(contents, filename):
        if contents is not None:
            _content_type, content_string = contents.split(",")
            decoded = base64.b64decode(content_string)
            (tmp_path / filename).write_bytes(decoded)

    page = Page(app)
    contents = "data:text/plain;base64," + base64.b64encode(b"a,b\n1,2\n").decode()
    page.props["upload-data-to-server"]["filename"] = "table.csv"
    page.act({"upload-data-to-server.contents": contents})
    assert (tmp_path / "table.csv").read_bytes() == b"a,b\n1,2\n"
    assert page.requests[-1].status == 204


@pytest.mark.browser
def test_an_upload_in_the_browser(browse, tmp_path):
    app = Dash()
    app.layout = html.Div([dcc.Upload("drop", id="upload"), html.Div(id="log")])

    @callback(Input("upload", "contents"), State("upload", "filename"), prevent_initial_call=True)
    def save(contents, filename):
        set_props("log", {"children": f"{filename}: {base64.b64decode(contents.split(',')[1]).decode()}"})
        return "dropped"

    (tmp_path / "hello.txt").write_text("hi")
    page = browse(app)
    page.upload("#upload", tmp_path / "hello.txt")
    page.shows("#log", "hello.txt: hi")


def set_props_app() -> Dash:
    app = Dash(__name__)
    app.layout = html.Div(
        [
            html.Button("row", id="row-selection", n_clicks=0),
            html.Button("close", id="modal-close", n_clicks=0),
            html.Div("open me", id="modal-content"),
            html.Div(id="modal", title="closed"),
        ]
    )

    @callback(Input("row-selection", "n_clicks"), Input("modal-close", "n_clicks"), prevent_initial_call=True)
    def open_modal(selection, _):
        if ctx.triggered_id == "modal-close":
            # Close the modal
            set_props("modal", {"title": "closed"})
        elif selection:
            set_props("modal-content", {"children": f"You selected row {selection}"})
            set_props("modal", {"title": "open"})

    return app


def test_set_props_updates_properties_that_are_no_outputs():
    page = Page(set_props_app())
    page.act({"row-selection.n_clicks": 2})
    assert (page["modal-content.children"], page["modal.title"]) == ("You selected row 2", "open")
    page.act({"modal-close.n_clicks": 1})
    assert (page["modal-content.children"], page["modal.title"]) == ("You selected row 2", "closed")


@pytest.mark.browser
def test_set_props_in_the_browser(browse):
    page = browse(set_props_app())
    page.click("#row-selection")
    page.shows("#modal-content", "You selected row 1")
    page.find("#modal[title=open]")
    page.click("#modal-close")
    page.find("#modal[title=closed]")


def temperature_app() -> Dash:
    app = Dash(__name__)
    app.layout = html.Div(
        [
            dcc.Input(id="celsius", value=0.0, type="number"),
            " Celsius = ",
            dcc.Input(id="fahrenheit", value=32.0, type="number"),
            " Fahrenheit",
        ]
    )

    @callback(
        Output("celsius", "value"),
        Output("fahrenheit", "value"),
        Input("celsius", "value"),
        Input("fahrenheit", "value"),
    )
    def sync_input(celsius, fahrenheit):
        input_id = callback_context.triggered[0]["prop_id"].split(".")[0]
        if input_id == "celsius":
            fahrenheit = None if celsius is None else (float(celsius) * 9 / 5) + 32
        elif input_id == "fahrenheit":
            celsius = None if fahrenheit is None else (float(fahrenheit) - 32) * 5 / 9
        return celsius, fahrenheit

    return app


@pytest.mark.browser
def test_two_inputs_with_different_units_are_kept_in_sync(browse):
    page = browse(temperature_app())
    page.driver.execute_script("dash_clientside.set_props('celsius', {value: 100})")
    page.wait(lambda: page.prop("fahrenheit", "value") == 212, "212 °F")
    page.driver.execute_script("dash_clientside.set_props('fahrenheit', {value: 32})")
    page.wait(lambda: page.prop("celsius", "value") == 0, "0 °C")


@pytest.mark.browser
def test_two_checklists_are_kept_in_sync(browse):
    app = Dash(__name__)
    options = ["New York City", "Montréal", "San Francisco"]
    app.layout = html.Div(
        [
            dcc.Checklist(["All"], [], id="all-checklist", inline=True),
            dcc.Checklist(options, [], id="city-checklist", inline=True),
        ]
    )

    @callback(
        Output("city-checklist", "value"),
        Output("all-checklist", "value"),
        Input("city-checklist", "value"),
        Input("all-checklist", "value"),
    )
    def sync_checklists(cities_selected, all_selected):
        input_id = callback_context.triggered[0]["prop_id"].split(".")[0]
        if input_id == "city-checklist":
            all_selected = ["All"] if set(cities_selected) == set(options) else []
        else:
            cities_selected = options if all_selected else []
        return cities_selected, all_selected

    page = browse(app)
    page.driver.execute_script("dash_clientside.set_props('all-checklist', {value: ['All']})")
    page.wait(lambda: page.prop("city-checklist", "value") == options, "all cities")
    page.driver.execute_script("dash_clientside.set_props('city-checklist', {value: ['Montréal']})")
    page.wait(lambda: page.prop("all-checklist", "value") == [], "not all")

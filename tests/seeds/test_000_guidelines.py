"""Seed 000: general guidelines for callbacks, the extensions, the cache and deployment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dash
import pandas as pd
import pytest
from dash.exceptions import PreventUpdate
from flask_caching import Cache
from processes import Browser, serving

from enrich import (
    Dash,
    DashProxy,
    GroupTransform,
    Input,
    NoOutputTransform,
    Output,
    ServersideOutput,
    ServersideOutputTransform,
    State,
    Trigger,
    TriggerTransform,
    dcc,
    html,
)
from enrich.page import Page


@pytest.fixture
def app() -> DashProxy:
    """The seed's app, with its transforms in its order."""
    made = DashProxy(
        transforms=[
            TriggerTransform(),  # enable use of Trigger objects
            GroupTransform(),  # enable use of the group keyword
            ServersideOutputTransform(),  # enable use of ServersideOutput objects
            NoOutputTransform(),  # enable callbacks without output
        ]
    )
    made.layout = html.Div(
        [
            dcc.Input(id="my-input", value="hello"),
            dcc.Store(id="my-state", data="stored"),
            html.Div(id="my-output"),
            html.Div(id="my-output1"),
            dcc.Input(id="my-output2", value="unchanged"),
            *[html.Div(id=f"my-output-{n}") for n in range(5)],
            html.Button(id="button"),
            html.Button(id="left"),
            html.Button(id="right"),
            html.Div(id="log"),
            dcc.Store(id="store"),
        ]
    )
    return made


def test_callbacks_are_called_whenever_the_input_changes(app: DashProxy):
    @app.callback(
        Output(component_id="my-output", component_property="children"),
        Input(component_id="my-input", component_property="value"),
    )
    def update_output_div(input_value):
        return f"Output: {input_value}"

    page = Page(app)
    assert page["my-output.children"] == "Output: hello"
    page.act({"my-input.value": "world"})
    assert page["my-output.children"] == "Output: world"


def test_the_form_without_argument_names_is_the_same_callback():
    maps = []
    for named in (True, False):
        app = Dash()
        if named:
            dependencies: Any = (
                Output(component_id="my-output", component_property="children"),
                Input(component_id="my-input", component_property="value"),
            )
        else:
            dependencies = Output("my-output", "children"), Input("my-input", "value")

        @app.callback(*dependencies)
        def update_output_div(input_value):
            return f"Output: {input_value}"

        maps.append([{**entry, "callback": None} for entry in app.callback_map.values()])
    assert repr(maps[0]) == repr(maps[1])


def test_the_order_of_inputs_matters_and_names_of_arguments_do_not(app: DashProxy):
    @app.callback(Output("my-output", "children"), Input("my-input", "value"), State("my-state", "data"))
    def any_name(whatever, anything):
        return f"{whatever}, {anything}"

    assert Page(app)["my-output.children"] == "hello, stored"


def test_prevent_update_prevents_the_output(app: DashProxy):
    @app.callback(Output("my-output", "children"), Input("my-input", "value"))
    def update_output_div(input_value):
        if input_value is None:
            raise PreventUpdate
        return f"Output: {input_value}"

    page = Page(app)
    page.act({"my-input.value": None})
    assert page["my-output.children"] == "Output: hello"
    assert page.requests[-1].status == 204


def test_no_update_prevents_only_a_specific_output(app: DashProxy):
    @app.callback(
        Output("my-output1", "children"),
        Output("my-output2", "value"),
        Input("my-input", "value"),
        prevent_initial_call=True,
    )
    def update_output_div(input_value):
        if input_value is None:
            return 1, dash.no_update
        return None, None

    page = Page(app)
    page.act({"my-input.value": None})
    assert (page["my-output1.children"], page["my-output2.value"]) == (1, "unchanged")
    page.act({"my-input.value": "again"})
    assert (page["my-output1.children"], page["my-output2.value"]) == (None, None)


def test_brackets_can_be_omitted_with_several_outputs_and_inputs():
    maps = []
    for brackets in (True, False):
        app = Dash()
        outputs = [Output("my-output1", "children"), Output("my-output2", "children")]
        inputs = [Input("my-input1", "value"), Input("my-input2", "value")]

        @app.callback(*((outputs, inputs) if brackets else (*outputs, *inputs)))
        def func(input1, input2):
            return None, None

        maps.append([{**entry, "callback": None} for entry in app.callback_map.values()])
    assert repr(maps[0]) == repr(maps[1])


def test_outputs_can_be_made_in_a_row_by_a_list_comprehension(app: DashProxy):
    @app.callback([Output(f"my-output-{n}", "children") for n in range(5)], Input("my-input", "value"))
    def func(input):
        return [f"{input} {n}" for n in range(5)]

    page = Page(app)
    assert [page[f"my-output-{n}.children"] for n in range(5)] == [f"hello {n}" for n in range(5)]


def test_a_state_does_not_fire_the_callback(app: DashProxy):
    @app.callback(Output("my-output", "children"), Input("my-input", "value"), State("my-state", "data"))
    def update_output_div(input_value, state_value):
        return f"Output: {state_value}"

    page = Page(app)
    assert page["my-output.children"] == "Output: stored"
    page.act({"my-state.data": "changed"})
    assert page["my-output.children"] == "Output: stored"
    page.act({"my-input.value": "go"})
    assert page["my-output.children"] == "Output: changed"


def test_the_transforms_of_the_seed_are_in_the_app(app: DashProxy):
    assert {type(transform).__name__ for transform in app.transforms} == {
        "TriggerTransform",
        "GroupTransform",
        "ServersideOutputTransform",
        "NoOutputTransform",
    }


def test_a_trigger_is_not_included_as_an_argument(app: DashProxy):
    @app.callback(Output("my-output", "children"), Trigger("button", "n_clicks"))
    def func():  # note that "n_clicks" is not included as an argument
        return "clicked"

    page = Page(app)
    page.act({"button.n_clicks": 1})
    assert page["my-output.children"] == "clicked"


def test_a_trigger_can_be_mixed_with_input_and_state(app: DashProxy):
    """The seed says it can't."""

    @app.callback(
        Output("my-output", "children"),
        State("my-state", "data"),
        Trigger("button", "n_clicks"),
        Input("my-input", "value"),
    )
    def func(state_value, input_value):
        return f"{state_value} {input_value}"

    page = Page(app)
    page.act({"button.n_clicks": 1})
    assert page["my-output.children"] == "stored hello"


def test_a_callback_needs_no_output(app: DashProxy):
    ran = []

    @app.callback(
        Trigger("button", "n_clicks"), prevent_initial_call=True
    )  # note that the callback has no output
    def func():
        ran.append("ran")
        return "and what it returns is dropped"

    Page(app).act({"button.n_clicks": 1})
    assert ran == ["ran"]


def test_two_callbacks_of_a_group_write_the_same_log(app: DashProxy):
    @app.callback(Output("log", "children"), Trigger("left", "n_clicks"), group="my_group")
    def left():
        return "left"

    @app.callback(Output("log", "children"), Trigger("right", "n_clicks"), group="my_group")
    def right():
        return "right"

    page = Page(app)
    assert page["log.children"] is None
    for side in ("left", "right", "left"):
        page.act({f"{side}.n_clicks": 1})
        assert page["log.children"] == side
    assert len(page.requests) == 3


def test_the_numbers_of_outputs_in_a_group_may_differ(app: DashProxy):
    """The seed says they must be the same."""

    @app.callback(Output("log", "children"), Trigger("left", "n_clicks"), group="my_group")
    def left():
        return "left"

    @app.callback(
        Output("log", "children"),
        Output("my-output", "children"),
        Trigger("right", "n_clicks"),
        group="my_group",
    )
    def right():
        return "right", "more"

    page = Page(app)
    page.act({"left.n_clicks": 1})
    assert page["log.children"] == "left"
    page.act({"right.n_clicks": 1})
    assert (page["log.children"], page["my-output.children"]) == ("right", "more")


def test_a_frame_is_returned_directly_and_summed_by_another_callback(app: DashProxy):
    @app.callback(ServersideOutput("store", "data"), Trigger("left", "n_clicks"), prevent_initial_call=True)
    def query():
        return pd.DataFrame(data=list(range(10)), columns=["value"])

    seen = []

    @app.callback(Output("log", "children"), Input("store", "data"), prevent_initial_call=True)
    def total(df):
        seen.append(df)
        return int(df["value"].sum())

    page = Page(app)
    page.act({"left.n_clicks": 1})
    assert page["log.children"] == 45
    pd.testing.assert_frame_equal(seen[0], query())
    assert len(page["store.data"]) < 300


def test_the_network_carries_the_same_few_bytes_for_any_number_of_rows(app: DashProxy):
    rows = iter([10, 1_000_000])

    @app.callback(ServersideOutput("store", "data"), Trigger("left", "n_clicks"), prevent_initial_call=True)
    def query():
        return pd.DataFrame({"value": range(next(rows))})

    page = Page(app)
    page.act({"left.n_clicks": 1})
    page.act({"left.n_clicks": 2})
    assert page.requests[0].received == page.requests[1].received < 400


def test_a_memoized_render_is_called_once_for_equal_input(app: DashProxy, tmp_path: Path):
    config = {"CACHE_TYPE": "FileSystemCache", "CACHE_DIR": str(tmp_path / "cache-directory")}
    cache = Cache()
    cache.init_app(app.server, config=config)
    with app.server.app_context():
        cache.clear()
    calls = []
    app.layout = html.Div(
        [
            dcc.Dropdown(["A", "B"], "A", id="flask-cache-memoized-dropdown"),
            html.Div(id="flask-cache-memoized-children"),
        ]
    )

    @app.callback(
        Output("flask-cache-memoized-children", "children"), Input("flask-cache-memoized-dropdown", "value")
    )
    @cache.memoize()
    def render(value):
        calls.append(value)
        return f'Selected "{value}" at "{len(calls)}"'

    page = Page(app)
    first = page["flask-cache-memoized-children.children"]
    for value in ("B", "A", "B", "A"):
        page.act({"flask-cache-memoized-dropdown.value": value})
    assert calls == ["A", "B"]
    assert page["flask-cache-memoized-children.children"] == first == 'Selected "A" at "1"'


# --- deployment --------------------------------------------------------------------------------------

INDEX = """
import pandas as pd
from enrich import DashProxy, Input, Output, ServersideOutput, ServersideOutputTransform, Trigger, TriggerTransform
from enrich import dcc, html

app = DashProxy(__name__, transforms=[TriggerTransform(), ServersideOutputTransform()])
server = app.server
app.layout = html.Div([html.Button(id="left"), dcc.Store(id="store"), html.Div(id="log")])

@app.callback(ServersideOutput("store", "data"), Trigger("left", "n_clicks"), prevent_initial_call=True)
def query():
    return pd.DataFrame(data=list(range(10)), columns=["value"])

@app.callback(Output("log", "children"), Input("store", "data"), prevent_initial_call=True)
def total(df):
    return int(df["value"].sum())
"""

WAITRESS = """
if __name__ == "__main__":
    import logging
    from waitress import serve

    logging.basicConfig(level=logging.INFO)
    serve(app.server, host="127.0.0.1", port=0)
"""


@pytest.mark.server
@pytest.mark.parametrize(
    "command",
    [
        # The seed's `index:app.server` is no name that gunicorn takes any more (since 20), so the app names its server.
        ["-m", "gunicorn", "-b", "127.0.0.1:0", "index:server"],
        ["-m", "waitress", "--listen=127.0.0.1:0", "index:app.server"],
        ["index.py"],
    ],
    ids=["gunicorn", "waitress", "the code for Windows"],
)
def test_a_server_for_deployment_serves_the_app(tmp_path: Path, command: list[str]):
    (tmp_path / "index.py").write_text(INDEX + WAITRESS)
    with serving(command, tmp_path) as server:
        browser = Browser(server.url)
        assert browser.get()[0] == 200
        assert browser.get("/_dash-layout")[0] == 200
        status, token = browser.call("store.data", "left.n_clicks", {"left.n_clicks": 1})
        assert (status, token[:9]) == (200, "~enrich1~"), server.log
        assert browser.call("log.children", "store.data", {"store.data": token}) == (200, 45)

"""Seed 004: callback gotchas: missing ids, one output in two callbacks, and lists around definitions."""

from __future__ import annotations

import pytest

import enrich as dash
from enrich import Dash, DashProxy, Input, MultiplexerTransform, Output, State, dcc, html
from enrich.page import Page


def app_with_missing_ids(**kwargs) -> Dash:
    app = Dash(__name__, **kwargs)
    app.layout = html.Div([html.Button("go", id="go", n_clicks=0), html.Div(id="out"), html.Div(id="place")])

    @app.callback(Output("out", "children"), Input("go", "n_clicks"))
    def present(n):
        return f"ran {n}"

    @app.callback(Output("elsewhere", "children"), Input("missing", "value"), State("gone", "value"))
    def absent(value, _):
        raise AssertionError("must not run")

    return app


@pytest.mark.parametrize("through", ["argument", "config"])
def test_callbacks_whose_inputs_and_states_are_not_all_on_the_page_do_not_fire(through):
    if through == "argument":
        app = app_with_missing_ids(suppress_callback_exceptions=True)
    else:
        app = app_with_missing_ids()
        app.config.suppress_callback_exceptions = True

    @app.callback(Output("out", "title"), Input("go", "n_clicks"), State("missing", "value"))
    def half_absent(n, value):
        raise AssertionError("must not run")

    page = Page(app)
    page.act({"go.n_clicks": 1})
    assert page["out.children"] == "ran 1"
    assert all(request.body["output"] == "out.children" for request in page.requests)


@pytest.mark.browser
def test_missing_ids_are_no_errors_in_the_browser_when_exceptions_are_suppressed(browse):
    page = browse(app_with_missing_ids(suppress_callback_exceptions=True))
    page.click("#go")
    page.shows("#out", "ran 1")


@pytest.mark.browser
def test_missing_ids_are_errors_in_the_browser_otherwise(dash_duo):
    import shutil

    if shutil.which("chromedriver") is None:
        pytest.skip("chromedriver isn't installed")
    dash_duo.start_server(app_with_missing_ids(), debug=True, use_reloader=False, dev_tools_hot_reload=False)
    dash_duo.wait_for_element(dash_duo.devtools_error_count_locator)
    dash_duo.get_logs()


def two_writers(app):
    app.layout = html.Div([html.Button("l", id="left"), html.Button("r", id="right"), html.Div(id="log")])

    @app.callback(Output("log", "children"), Input("left", "n_clicks"), prevent_initial_call=True)
    def left(n):
        return f"left {n}"

    @app.callback(Output("log", "children"), Input("right", "n_clicks"), prevent_initial_call=True)
    def right(n):
        return f"right {n}"

    return app


@pytest.mark.parametrize("kind", [Dash, lambda name: DashProxy(name, transforms=[MultiplexerTransform()])])
def test_a_property_can_be_the_output_of_two_callbacks(kind):
    """The seed says that it can only be the output of one."""
    page = Page(two_writers(kind(__name__)))
    page.act({"right.n_clicks": 1})
    assert page["log.children"] == "right 1"
    page.act({"left.n_clicks": 1})
    assert page["log.children"] == "left 1"


@pytest.mark.browser
def test_a_property_is_the_output_of_two_callbacks_in_the_browser(browse):
    page = browse(two_writers(Dash(__name__)))
    page.click("#right")
    page.shows("#log", "right 1")
    page.click("#left")
    page.shows("#log", "left 1")


def test_one_larger_callback_can_tell_which_input_changed():
    """What the seed does instead: by the time of the click."""
    app = Dash(__name__)
    app.layout = html.Div(
        [html.Button(id=i, n_clicks_timestamp=0) for i in ("left", "right")] + [html.Div(id="log")]
    )

    @app.callback(
        Output("log", "children"),
        [Input("left", "n_clicks_timestamp"), Input("right", "n_clicks_timestamp")],
        prevent_initial_call=True,
    )
    def display(left, right):
        return "left" if int(left) > int(right) else "right"

    page = Page(app)
    page.act({"right.n_clicks_timestamp": 5})
    assert page["log.children"] == "right"
    page.act({"left.n_clicks_timestamp": 6})
    assert page["log.children"] == "left"


def test_dash_itself_refuses_a_duplicate_that_it_can_not_run_on_page_load():
    app = DashProxy(__name__, prevent_initial_callbacks=False)
    with pytest.raises(dash.exceptions.DuplicateCallback):
        app.callback(
            Output("x", "children", allow_duplicate=True), Input("a", "value"), prevent_initial_call=False
        )


def test_callbacks_for_a_layout_that_changes_are_declared_in_advance():
    app = Dash(__name__, suppress_callback_exceptions=True)
    app.layout = html.Div(
        [dcc.Dropdown(["one", "two"], id="which"), html.Div(id="controls"), html.Div(id="result")]
    )

    @app.callback(Output("controls", "children"), Input("which", "value"), prevent_initial_call=True)
    def show(which):
        return dcc.Input(id=f"control-{which}")

    for name in ("one", "two"):

        @app.callback(
            Output("result", "children"), Input(f"control-{name}", "value"), prevent_initial_call=True
        )
        def compute(value, name=name):
            return f"{name}: {value}"

    page = Page(app)
    page.act({"which.value": "two"})
    page.act({"control-two.value": "v"})
    assert page["result.children"] == "two: v"


def test_a_single_output_in_a_list_of_one():
    app = Dash(__name__)
    app.layout = html.Div([html.Button(id="go"), html.Div(id="out")])

    @app.callback([Output("out", "children")], [Input("go", "n_clicks")])
    def wrapped(n):
        return [f"wrapped {n}"]

    assert Page(app)["out.children"] == "wrapped None"

"""An app that exists already, made by others, becomes an app of ours."""

import subprocess
import sys
import textwrap

import clients
import dash
import pandas as pd
import pytest
from dash import _callback

from enrich import (
    ALL,
    DashProxy,
    Input,
    LateDeclarationError,
    Output,
    Serverside,
    ServersideOutputTransform,
    State,
    TransformError,
    Trigger,
    dcc,
    enrich_app,
    html,
    page_container,
    register_page,
)
from enrich.dash_internals import recording


@pytest.fixture
def app(server):
    app = dash.Dash("plain", **clients.on(server))
    app.layout = html.Div([html.Button(id="a"), html.Div(id="b"), html.Div(id="c"), dcc.Store(id="s")])
    return app


@pytest.fixture
def before_our_import(monkeypatch):
    """Declare as it is where this package was not imported yet."""
    monkeypatch.setattr(_callback, "register_callback", recording.register_callback_of_dash)
    monkeypatch.setattr(
        _callback, "register_clientside_callback", recording.register_clientside_callback_of_dash
    )
    return monkeypatch


def test_callbacks_declared_before_and_after_are_served(app):
    @app.callback(Output("b", "children"), Input("a", "n_clicks"), State("a", "title"))
    def before(n_clicks, title):
        return f"{n_clicks} {title}"

    assert enrich_app(app) is app

    @app.callback(Output("c", "children"), Trigger("a", "n_clicks"), State("a", "title"))
    def after(title):
        return title

    with clients.client(app) as browser:
        assert len(browser.get("/").cookies) == 1
        sent = {"a.n_clicks": 1}, {"a.title": "hi"}
        assert clients.call(browser, "b.children", sent[0], state=sent[1]) == "1 hi"
        assert clients.call(browser, "c.children", sent[0], state=sent[1]) == "hi"


def test_what_our_words_said_on_a_plain_app_holds_from_then_on(app):
    @app.callback(Output("b", "children"), Trigger("a", "n_clicks"), group="both")
    def first():
        return "first"

    @app.callback(Output("c", "children"), Trigger("a", "n_clicks"), group="both")
    def second():
        return "second"

    enrich_app(app)
    assert list(app.callback_map) == ["..b.children...c.children.."]


def test_a_server_side_value_crosses_to_a_callback_declared_before(app):
    @app.callback(Output("b", "children"), Input("s", "data"))
    def before(frame):
        return len(frame)

    enrich_app(app)

    @app.callback(Output("s", "data"), Trigger("a", "n_clicks"))
    def after():
        return Serverside(pd.DataFrame({"n": [1, 2, 3]}))

    with clients.client(app) as browser:
        browser.get("/")
        token = clients.call(browser, "s.data", {"a.n_clicks": 1})
        assert clients.call(browser, "b.children", {"s.data": token}) == 3


def test_an_output_declared_twice_on_a_plain_app_is_shared(app):
    for answer in ("one", "two"):
        app.callback(Output("b", "children"), Input("a", "n_clicks"))(lambda _, answer=answer: answer)
    enrich_app(app)
    (callback_id,) = app.callback_map
    with clients.client(app) as browser:
        body = {
            **clients.request("b.children", {"a.n_clicks": 1}),
            "output": callback_id,
            "outputs": [{"id": "b", "property": "children"}],
        }
        answer = browser.post("/_dash-update-component", body)
    assert answer.json["response"]["b"]["children"] == "two"


@pytest.mark.usefixtures("before_our_import")
def test_declarations_of_before_our_import_are_rebuilt(app, before_our_import):
    @app.callback(
        output={"x": Output("b", "children"), "y": [Output("c", "children")]},
        inputs={"n": Input("a", "n_clicks"), "more": (State("a", "title"), Input({"k": ALL}, "value"))},
        on_error=lambda error: {"x": str(error), "y": ["failed"]},
    )
    def nested(n, more):
        if n == 2:
            raise RuntimeError("two")
        return {"x": n, "y": [str(more)]}

    @app.callback([Output("a", "title")], [Input("b", "children")], prevent_initial_call=True)
    def listed(children):
        return [children]

    app.clientside_callback("function (n) { return n; }", Output("c", "title"), Input("a", "n_clicks"))
    before_our_import.undo()
    known = set(app.callback_map)
    dependencies = {entry["output"]: entry for entry in app._callback_list}

    enrich_app(app)

    assert set(app.callback_map) == known
    for entry in app._callback_list:
        assert {**entry, "clientside_function": None} == {
            **dependencies[entry["output"]],
            "clientside_function": None,
        }
    body = {
        "output": "..b.children...c.children..",
        "outputs": [{"id": "b", "property": "children"}, {"id": "c", "property": "children"}],
        "inputs": [
            {"id": "a", "property": "n_clicks", "value": 1},
            [{"id": {"k": 1}, "property": "value", "value": 5}],
        ],
        "state": [{"id": "a", "property": "title", "value": "t"}],
        "changedPropIds": ["a.n_clicks"],
    }
    with clients.client(app) as browser:
        page = browser.get("/").text
        assert "function (n) { return n; }" in page
        answer = browser.post("/_dash-update-component", body)
        assert answer.json["response"] == {"b": {"children": 1}, "c": {"children": "['t', [5]]"}}
        body["inputs"][0]["value"] = 2
        answer = browser.post("/_dash-update-component", body)
        assert answer.json["response"] == {"b": {"children": "two"}, "c": {"children": "failed"}}


def test_a_class_of_its_own_keeps_its_methods(server):
    class Own(dash.Dash):
        def interpolate_index(self, **kwargs):
            return "<html>own {app_entry}{config}{scripts}{renderer}</html>".format(**kwargs)

    app = Own("own", **clients.on(server))
    app.layout = html.Div()
    enrich_app(app)
    assert isinstance(app, Own)
    assert isinstance(app, DashProxy)
    with clients.client(app) as browser:
        assert "own" in browser.get("/").text


def test_an_app_without_a_server_gets_one_later(server):
    app = dash.Dash("later", server=False, **clients.on(server))
    app.layout = html.Div(id="b")
    enrich_app(app)
    app.init_app(clients.own_server(server))
    with clients.client(app) as browser:
        assert len(browser.get("/").cookies) == 1


def test_pages_are_routed(server):
    app = dash.Dash("pages", use_pages=True, pages_folder="", **clients.on(server))
    app.layout = html.Div(page_container)
    register_page("home", path="/", layout=html.Div("home"))
    enrich_app(app)
    with clients.client(app) as browser:
        assert browser.get("/").status_code == 200
        assert len(browser.get("/_dash-dependencies").json) == 2


def test_settings_of_a_transform_are_taken(app):
    enrich_app(app, transforms=[ServersideOutputTransform(session_check=False)])
    assert ServersideOutputTransform.of(app).session_check is False


def test_an_app_that_has_served_is_refused(app):
    with clients.client(app) as browser:
        browser.get("/")
    with pytest.raises(LateDeclarationError, match="Call enrich_app"):
        enrich_app(app)


def test_an_app_of_ours_is_refused():
    with pytest.raises(TransformError, match="has transforms already"):
        enrich_app(DashProxy("ours"))


def test_a_wrong_transform_leaves_the_app_as_it_was(app):
    with pytest.raises(TransformError):
        enrich_app(app, transforms=[ServersideOutputTransform])
    assert type(app) is dash.Dash


def test_a_plain_app_beside_it_stays_plain(app):
    other = dash.Dash("other", **clients.on("flask"))

    @other.callback(Output("b", "children"), Input("a", "n_clicks"))
    def answer(n_clicks):
        return n_clicks

    enrich_app(app)
    assert type(other) is dash.Dash
    assert list(app.callback_map) == []
    assert list(other.callback_map) == ["b.children"]


def test_global_callbacks_of_before_our_import_belong_to_our_apps():
    program = """
        from dash import Input, Output, callback, clientside_callback, html

        @callback(Output("b", "children"), Input("a", "n_clicks"))
        def count(n_clicks):
            return n_clicks + 1

        clientside_callback("function (n) { return n; }", Output("c", "children"), Input("a", "n_clicks"))

        from enrich import Dash

        app = Dash("app")
        app.layout = html.Div()
        print(*app.callback_map)
        print(count(1), "function (n)" in app.server.test_client().get("/").text)
        """
    run = [sys.executable, "-c", textwrap.dedent(program)]
    printed = subprocess.run(run, capture_output=True, text=True, check=True).stdout
    assert printed.splitlines() == ["b.children c.children", "2 True"]

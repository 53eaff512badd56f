"""What others see of an app: the callback graph of Dash's dev tools, plugins, and hooks."""

from __future__ import annotations

from typing import Any

import dash
import pytest
from dash import hooks
from versions import needs_dash

from enrich import (
    ALL,
    MATCH,
    BlockingCallbackTransform,
    CycleBreakerInput,
    CycleBreakerTransform,
    Dash,
    DashProxy,
    Input,
    LoadingTransform,
    Output,
    Serverside,
    ServersideOutput,
    Trigger,
    clientside_callback,
    dcc,
    html,
)
from enrich.page import Page

CLICK = {"a.n_clicks": 1}
FIRST = {"prevent_initial_call": True}


def layout() -> Any:
    return html.Div(
        [html.Button(id="a"), dcc.Input(id="n"), dcc.Store(id="store"), html.P(id="x"), html.P(id="y")]
    )


def shown(app: Any) -> list[dict[str, Any]]:
    """The callbacks that the graph has, as the page gets them."""
    entries = app.server.test_client().get("/_dash-dependencies").json
    return [entry for entry in entries if not entry.get("hidden")]


# --- the callback graph -----------------------------------------------------------------------------


@needs_dash(4, 0, "keeps callbacks out of its graph")
def test_the_graph_has_what_authors_wrote_and_nothing_else():
    app = Dash(__name__)
    app.layout = layout()
    app.callback(Output("x", "children"), Input("a", "n_clicks"), blocking=True)(lambda n: n)
    app.callback(Output("n", "value"), CycleBreakerInput("n", "n_submit"))(lambda n: n)
    app.callback(Output("x", "title"), Trigger("a", "n_clicks"), group="g")(lambda: 1)
    app.callback(Output("y", "title"), Trigger("a", "n_clicks"), group="g")(lambda: 1)
    clientside_callback("n => n", Output("y", "children"), Input("a", "n_clicks"))
    outputs = [entry["output"] for entry in shown(app)]
    assert outputs == ["x.children", "n.value", "..x.title...y.title..", "y.children"]


@needs_dash(4, 0, "keeps callbacks out of its graph")
def test_the_hidden_parts_of_rows_are_not_in_the_graph():
    app = DashProxy(__name__, transforms=[BlockingCallbackTransform(), CycleBreakerTransform()])
    app.layout = html.Div([dcc.Input(id={"row": i}) for i in range(2)])
    row = {"row": MATCH}
    app.callback(Output(row, "title"), Input(row, "value"), blocking=True)(lambda v: v)
    app.callback(Output(row, "value"), CycleBreakerInput(row, "n_submit"))(lambda v: v)
    assert len(app.callback_map) > 2
    assert len(shown(app)) == 2


@needs_dash(4, 0, "keeps callbacks out of its graph")
def test_what_shows_that_callbacks_run_is_not_in_the_graph():
    app = DashProxy(__name__, transforms=[LoadingTransform()])
    app.layout = layout()
    app.callback(Output("x", "children"), Input("a", "n_clicks"), loading=True)(lambda n: n)
    assert [entry["output"] for entry in shown(app)] == ["x.children"]


@needs_dash(4, 0, "keeps callbacks out of its graph")
def test_what_an_author_hides_or_shows_stays_so():
    app = Dash(__name__)
    app.layout = layout()
    app.callback(Output("x", "children"), Input("a", "n_clicks"), hidden=True)(lambda n: n)
    app.callback(Output("y", "children"), Input("a", "n_clicks"), hidden=False)(lambda n: n)
    assert [entry["output"] for entry in shown(app)] == ["y.children"]


# --- plugins ----------------------------------------------------------------------------------------


class Plugin:
    """It declares a callback, reads and replaces the layout, and has the app's server do something."""

    def plug(self, app: Any) -> None:
        self.found = app.layout
        app.layout = html.Div([html.H1("plugged"), layout(), html.P(id="z")])
        app.callback(ServersideOutput("store", "data"), Trigger("a", "n_clicks"), prevent_initial_call=True)(
            lambda: [1, 2]
        )

        @app.callback(Output("z", "children"), Input("store", "data"), prevent_initial_call=True)
        def total(values: list[int]) -> int:
            return sum(values)

        @app.server.route("/plugged")
        def plugged() -> str:
            return str(len(app.callback_map))


def test_a_plugin_gives_the_app_a_layout_and_callbacks():
    plugin = Plugin()
    app = Dash(__name__, plugins=[plugin])
    app.callback(Output("x", "children"), Input("a", "n_clicks"), **FIRST)(lambda n: n)
    assert plugin.found is None
    assert app.layout.children[0].children == "plugged"
    page = Page(app)
    page.act(CLICK)
    assert (page["z.children"], page["x.children"]) == (3, 1)
    assert app.server.test_client().get("/plugged").text == "3"


def test_a_layout_that_follows_a_plugin_takes_the_place_of_its_own():
    app = Dash(__name__, plugins=[Plugin()])
    app.layout = html.Div([layout(), html.P(id="z", title="own")])
    page = Page(app)
    page.act(CLICK)
    assert (page["z.children"], page["z.title"]) == (3, "own")


class Wrapper:
    """It puts a function in the place of the app's own decorator, as some plugins do."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def plug(self, app: Any) -> None:
        own = app.callback

        def callback(*args: Any, **kwargs: Any) -> Any:
            decorate = own(*args, **kwargs)

            def note(func: Any) -> Any:
                self.names.append(func.__name__)
                return decorate(func)

            return note

        app.callback = callback


def test_a_plugin_may_wrap_the_decorator():
    plugin = Wrapper()
    app = Dash(__name__, plugins=[plugin])
    app.layout = layout()

    @app.callback(Output("x", "children"), Trigger("a", "n_clicks"), **FIRST)
    def act() -> str:
        return "acted"

    page = Page(app)
    page.act(CLICK)
    assert page["x.children"] == "acted"
    assert plugin.names == ["act"]


# --- hooks ------------------------------------------------------------------------------------------


@pytest.fixture
def plugged_by_hooks() -> list[Any]:
    """A plugin that consists of hooks, as packages on PyPI have them; gives what it has noted."""
    noted: list[Any] = []

    @hooks.setup(priority=1)
    def set_up(app: Any) -> None:
        noted.append(app)

    @hooks.layout(priority=1)
    def add(given: Any) -> Any:
        return html.Div([given, dcc.Store(id="hook-store", data=Serverside({"a": 1})), html.P(id="hook-out")])

    @hooks.callback(
        ServersideOutput("hook-table", "data"), Trigger("a", "n_clicks"), prevent_initial_call=True
    )
    def load() -> list[int]:
        return [1, 2, 3]

    @hooks.callback(Output("hook-out", "children"), Input("hook-store", "data"))
    def show(value: dict[str, int]) -> int:
        return value["a"]

    @hooks.route(name="hook-route")
    def route() -> Any:
        return "from a hook"

    @hooks.error()
    def failed(error: Exception) -> None:
        noted.append(error)

    @hooks.index()
    def index(text: str) -> str:
        return text.replace("</body>", "<!-- hooked --></body>")

    hooks.clientside_callback("n => n", Output("hook-out", "title"), Input("a", "n_clicks"))
    return noted


def test_a_plugin_of_hooks_has_all_it_asks_for(plugged_by_hooks: list[Any]):
    app = Dash(__name__)
    app.layout = html.Div([layout(), dcc.Store(id="hook-table")])
    app.callback(Output("x", "children"), Input("hook-table", "data"), **FIRST)(sum)

    @app.callback(Output("y", "children"), Input("n", "value"), **FIRST)
    def fail(value: Any) -> None:
        raise ValueError(value)

    page = Page(app)
    assert page["hook-out.children"] == 1
    page.act(CLICK)
    assert page["x.children"] == 6
    client = app.server.test_client()
    assert client.get("/hook-route").text == "from a hook"
    assert "<!-- hooked -->" in client.get("/").text
    page.act({"n.value": "wrong"})
    assert plugged_by_hooks[0] is app
    assert [str(error) for error in plugged_by_hooks[1:]] == ["wrong"]


def test_what_hooks_declare_is_each_apps_own(plugged_by_hooks: list[Any]):
    apps = []
    for name in ("first", "second"):
        app = Dash(name)
        app.layout = html.Div([layout(), dcc.Store(id="hook-table")])
        apps.append(app)
    assert [Page(app)["hook-out.children"] for app in apps] == [1, 1]
    assert len({len(app.callback_map) for app in apps}) == 1


def test_hooks_serve_a_plain_app_beside_ours():
    @hooks.callback(Output("x", "children"), Input("a", "n_clicks"), prevent_initial_call=True)
    def show(n: int) -> int:
        return n

    plain = dash.Dash("plain")
    plain.layout = layout()
    ours = Dash("ours")
    ours.layout = layout()
    for app in (plain, ours):
        page = Page(app)
        page.act(CLICK)
        assert page["x.children"] == 1


def test_the_pattern_callbacks_of_a_plugin_meet_those_of_the_app():
    class Rows:
        def plug(self, app: Any) -> None:
            app.callback(Output("x", "children"), Input({"row": ALL}, "n_clicks"), **FIRST)(len)

    app = Dash(__name__, plugins=[Rows()])
    app.layout = html.Div([layout(), *(html.Button(id={"row": i}) for i in range(3))])
    app.callback(Output("x", "children"), Input("a", "n_clicks"), **FIRST)(lambda n: "own")
    page = Page(app)
    page.act(CLICK)
    assert page["x.children"] == "own"
    page.act({'{"row":1}.n_clicks': 1})
    assert page["x.children"] == 3

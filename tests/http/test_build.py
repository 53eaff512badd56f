"""From declarations to a served app: when, once, and whose."""

from __future__ import annotations

import functools
import importlib
import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import dash
import pandas as pd
import pytest
from dash import hooks
from pages import CLICK, layout
from versions import needs_dash

import enrich
from enrich import (
    Dash,
    DashProxy,
    DashTransform,
    GroupTransform,
    Input,
    LateDeclarationError,
    MultiplexerTransform,
    Output,
    ServersideOutput,
    Trigger,
    TriggerTransform,
    dcc,
    html,
)
from enrich.page import CallbackFailed, Page

routes_pages = needs_dash(3, 2, "routes pages with asgiref installed and suppress_callback_exceptions")

BODY = {
    "output": "x.title",
    "outputs": {"id": "x", "property": "title"},
    "inputs": [{"id": "a", "property": "n_clicks", "value": 1}],
    "changedPropIds": ["a.n_clicks"],
    "state": [],
}


def simple(kind: Any = Dash, **kwargs: Any) -> Any:
    app = kind("app", prevent_initial_callbacks=True, **kwargs)
    app.layout = layout()
    app.callback(Output("x", "title"), Input("a", "n_clicks"))(lambda n: f"{n}")
    return app


# --- looking at it from outside -----------------------------------------------------------------------


def test_the_callback_map_shows_the_app_as_declared_so_far():
    app = simple()
    assert list(app.callback_map) == ["x.title"]
    app.callback(Output("y", "title"), Trigger("a", "n_clicks"))(lambda: "1")
    assert list(app.callback_map) == ["x.title", "y.title"]
    enrich.callback(Output("z", "title"), Input("a", "n_clicks"))(lambda n: "1")
    assert sorted(app.callback_map) == ["x.title", "y.title", "z.title"]


def test_the_callback_map_and_list_are_one_object_each():
    app = simple()
    before = app.callback_map, app._callback_list
    app.callback(Output("y", "title"), Input("a", "n_clicks"))(lambda n: "1")
    assert app.callback_map is before[0]
    assert app._callback_list is before[1]
    assert sorted(before[0]) == ["x.title", "y.title"]
    Page(app)
    assert app.callback_map is before[0]


def test_looking_at_any_time_leaves_a_working_app():
    app = Dash("app", prevent_initial_callbacks=True)
    app.callback_map
    app.layout = layout()
    for name in "xyz":
        app.callback(Output(name, "title"), Input("a", "n_clicks"), group="g")(
            lambda n, name=name: f"{name}{n}"
        )
        assert len(app.callback_map) == 1
        assert app.csp_hashes() is not None
    page = Page(app)
    page.act(CLICK)
    assert [page[f"{name}.title"] for name in "xyz"] == ["x1", "y1", "z1"]
    assert len(page.requests) == 1


def test_looking_from_inside_a_callback_is_possible():
    app = simple()
    app.callback(Output("y", "title"), Input("a", "n_clicks"))(lambda n: ",".join(app.callback_map))
    page = Page(app)
    page.act(CLICK)
    assert page["y.title"] == "x.title,y.title"


def test_entries_that_others_wrote_into_the_map_stay():
    app = simple()
    app.callback_map["foreign.title"] = {"inputs": []}
    app.callback(Output("y", "title"), Input("a", "n_clicks"))(lambda n: "1")
    assert sorted(app.callback_map) == ["foreign.title", "x.title", "y.title"]


def test_csp_hashes_count_the_clientside_scripts():
    app = simple()
    before = len(app.csp_hashes())
    app.clientside_callback("(n) => n", Output("y", "title"), Input("a", "n_clicks"))
    app.clientside_callback(
        "(n) => n + 1", Output("z", "title"), Trigger("b", "n_clicks"), Input("a", "n_clicks")
    )
    assert len(app.csp_hashes()) == before + 2


def test_clientside_scripts_are_in_the_page_once():
    app = simple()
    app.clientside_callback("(n) => 'only once' + n", Output("y", "title"), Input("a", "n_clicks"))
    enrich.clientside_callback("(n) => 'global' + n", Output("z", "title"), Input("a", "n_clicks"))
    app.callback_map
    text = app.server.test_client().get("/").text
    assert text.count("only once") == 1
    assert text.count("'global'") == 1


def test_the_index_holds_no_script_of_another_app():
    one, two = simple(), simple()
    one.clientside_callback("(n) => 'one' + n", Output("y", "title"), Input("a", "n_clicks"))
    two.clientside_callback("(n) => 'two' + n", Output("y", "title"), Input("a", "n_clicks"))
    assert "'two'" not in one.server.test_client().get("/").text
    assert "'one'" not in two.server.test_client().get("/").text


# --- transforms ---------------------------------------------------------------------------------------


def test_transforms_may_be_given_in_any_order():
    app = DashProxy(
        "app",
        transforms=[MultiplexerTransform(), GroupTransform(), TriggerTransform()],
        prevent_initial_callbacks=True,
    )
    app.layout = layout()
    app.callback(Output("x", "title"), Trigger("a", "n_clicks"), group="g")(lambda: "group")
    app.callback(Output("x", "title"), Trigger("b", "n_clicks"))(lambda: "single")
    page = Page(app)
    page.act(CLICK)
    assert page["x.title"] == "group"
    page.act({"b.n_clicks": 1})
    assert page["x.title"] == "single"


class Shout(DashTransform):
    """A transform of a third party."""

    def apply(self, program: Any, /) -> Any:
        def shouted(spec: Any) -> Any:
            func = spec.func
            return spec.with_changes(func=lambda *args: func(*args).upper())

        return program.map_callbacks(shouted)


def test_dash_adds_the_transforms_it_is_given():
    app = simple(transforms=[Shout()])
    app.callback(Output("y", "title"), Trigger("a", "n_clicks"))(lambda: "trigger too")
    page = Page(app)
    page.act(CLICK)
    assert page["y.title"] == "TRIGGER TOO"


def test_output_defaults_are_accepted():
    assert Page(simple(output_defaults={"backend": None})).callbacks


def test_dash_proxy_without_transforms_is_a_plain_app():
    page = Page(simple(DashProxy))
    page.act(CLICK)
    assert page["x.title"] == "1"
    assert page.requests[0].received < 200


# --- the first request --------------------------------------------------------------------------------


def test_fifty_concurrent_first_requests_all_succeed():
    app = simple()
    enrich.callback(Output("y", "title"), Input("a", "n_clicks"))(lambda n: "global")
    app.callback(ServersideOutput("z", "title"), Trigger("a", "n_clicks"))(lambda: [1])
    barrier = threading.Barrier(50)
    answers: list[Any] = []

    def request(number: int) -> None:
        client = app.server.test_client()
        barrier.wait()
        if number % 3 == 0:
            response = client.get("/_dash-dependencies")
        elif number % 3 == 1:
            response = client.get("/")
        else:
            response = client.post(
                "/_dash-update-component", data=json.dumps(BODY), content_type="application/json"
            )
        answers.append((number % 3, response.status_code, response.json if response.is_json else None))

    threads = [threading.Thread(target=request, args=(number,)) for number in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [status for _, status, _ in answers] == [200] * 50
    assert all(len(answer) == 3 for kind, _, answer in answers if kind == 0)
    assert all(answer["response"] == {"x": {"title": "1"}} for kind, _, answer in answers if kind == 2)


@pytest.mark.parametrize("kind", [DashProxy, Dash])
def test_a_layout_that_fails_on_the_first_request_can_be_tried_again(kind: Any):
    fail = [False]

    def serve() -> Any:
        if fail[0]:
            raise ZeroDivisionError("the database is asleep")
        return layout()

    app = kind("app", prevent_initial_callbacks=True)
    app.layout = serve  # Dash calls it once here, too.
    fail[0] = True
    app.callback(Output("x", "title"), Input("a", "n_clicks"))(lambda n: f"{n}")
    enrich.callback(Output("y", "title"), Input("a", "n_clicks"))(lambda n: f"{n}")
    for _ in range(2):
        with pytest.raises(CallbackFailed, match="asleep"):
            Page(app)
    fail[0] = False
    page = Page(app)
    page.act(CLICK)
    assert sorted(entry["output"] for entry in page.callbacks) == ["x.title", "y.title"]
    assert sorted(app.callback_map) == ["x.title", "y.title"]
    assert (page["x.title"], page["y.title"]) == ("1", "1")


def test_a_refused_group_is_refused_again_until_it_is_mended():
    app = simple()
    app.callback(Output("y", "title"), Input("a", "n_clicks"), group="g")(lambda n: "1")
    app.callback(Output("z", "title"), Input("b", "n_clicks"), group="g", background=True)(lambda n: "1")
    for _ in range(2):
        with pytest.raises(CallbackFailed, match="GroupError"):
            Page(app)
        with pytest.raises(enrich.GroupError):
            app.callback_map


def test_total_work_stays_linear_when_someone_looks_after_each_declaration():
    """Reading builds what changed, not everything: each spec is emitted once."""
    import enrich.build

    emitted = []
    original = enrich.build.emit

    def counted(spec: Any, *args: Any) -> Any:
        emitted.append(spec)
        return original(spec, *args)

    enrich.build.emit = counted
    try:
        app = Dash("app")
        for number in range(50):
            app.callback(Output(f"o{number}", "children"), Input("a", "n_clicks"))(lambda n: "1")
            assert len(app.callback_map) == number + 1
    finally:
        enrich.build.emit = original
    assert len(emitted) == 50


# --- late declarations --------------------------------------------------------------------------------


def test_a_late_declaration_is_served():
    app = simple()
    page = Page(app)
    app.callback(Output("y", "title"), Trigger("a", "n_clicks"))(lambda: "late")
    page.reload()
    page.act(CLICK)
    assert (page["x.title"], page["y.title"]) == ("1", "late")


def test_a_late_duplicate_output_is_served_beside_the_first():
    app = simple()
    page = Page(app)
    app.callback(Output("x", "title"), Input("b", "n_clicks"))(lambda n: "late")
    page.reload()
    page.act({"b.n_clicks": 1})
    assert page["x.title"] == "late"
    page.act(CLICK)
    assert page["x.title"] == "1"


def test_a_late_server_side_output_is_served():
    app = simple()
    app.layout = html.Div([layout(), dcc.Store(id="store")])
    page = Page(app)
    app.callback(ServersideOutput("store", "data"), Trigger("a", "n_clicks"))(lambda: {1: "a"} and [1, 2])
    app.callback(Output("y", "title"), Input("store", "data"))(lambda value: f"{value}")
    page.reload()
    page.act(CLICK)
    assert page["y.title"] == "[1, 2]"


def test_a_late_group_is_refused_with_its_place():
    app = simple()
    Page(app)
    with pytest.raises(LateDeclarationError, match=r"test_build\.py:\d+"):
        app.callback(Output("y", "title"), Input("a", "n_clicks"), group="g")(lambda n: "1")


def test_a_refused_late_declaration_leaves_the_app_as_it_was():
    app = simple()
    page = Page(app)
    with pytest.raises(LateDeclarationError):
        app.callback(Output("y", "title"), Input("a", "n_clicks"), group="g")(lambda n: "1")
    page.reload()
    page.act(CLICK)
    assert page["x.title"] == "1"
    assert list(app.callback_map) == ["x.title"]


def test_a_late_twin_runs_beside_the_first():
    app = simple()
    ran: list[str] = []
    page = Page(app)
    app.callback(Output("x", "title"), Input("a", "n_clicks"))(lambda n: ran.append("late") or "late")
    page.reload()
    page.act(CLICK)
    assert [request.answer["response"]["x"]["title"] for request in page.requests] == ["1", "late"]


def test_a_late_clientside_callback_is_served():
    app = simple()
    Page(app)
    app.clientside_callback("(n) => 'late' + n", Output("y", "title"), Input("a", "n_clicks"))
    page = Page(app)
    assert len(page.callbacks) == 2
    assert "'late'" in app.server.test_client().get("/").text


# --- several apps -------------------------------------------------------------------------------------


def test_apps_in_one_process_do_not_leak_into_each_other():
    one, two, plain = simple(), simple(DashProxy), dash.Dash("plain", prevent_initial_callbacks=True)
    plain.layout = layout()
    one.callback(Output("y", "title"), Input("a", "n_clicks"))(lambda n: "one")
    two.callback(Output("z", "title"), Input("a", "n_clicks"))(lambda n: "two")
    plain.callback(Output("c", "title"), Input("a", "n_clicks"))(lambda n: "plain")
    ids = [sorted(entry["output"] for entry in Page(app).callbacks) for app in (one, two, plain)]
    assert ids == [["x.title", "y.title"], ["x.title", "z.title"], ["c.title"]]


GLOBALS = """
import enrich
from enrich import Input, Output, Trigger

@enrich.callback(Output("y", "title"), Input("a", "n_clicks"), prevent_initial_call=True)
def shared(n):
    return f"shared {n}"
"""


@pytest.fixture
def module_with_globals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    (tmp_path / "module_with_globals.py").write_text(GLOBALS)
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module("module_with_globals")
    del sys.modules["module_with_globals"]


def test_a_global_callback_belongs_to_every_app_that_includes_globals(module_with_globals: Any):
    apps = [simple(), simple(transforms=[Shout()]), simple(include_global_callbacks=False)]
    pages = [Page(app) for app in apps]
    for page in pages:
        page.act(CLICK)
    assert [page["y.title"] for page in pages] == ["shared 1", "SHARED 1", "title of y"]


def test_an_app_made_after_another_one_served_has_the_global_callbacks_too(module_with_globals: Any):
    Page(simple()).act(CLICK)
    page = Page(simple())
    page.act(CLICK)
    assert page["y.title"] == "shared 1"


def test_a_module_that_is_reloaded_declares_nothing_twice(module_with_globals: Any):
    importlib.reload(module_with_globals)
    app = simple()
    assert sorted(app.callback_map) == ["x.title", "y.title"]
    page = Page(app)
    page.act(CLICK)
    assert page["y.title"] == "shared 1"


def test_an_app_factory_that_runs_twice_declares_once_a_run():
    def create() -> Any:
        app = Dash("app", prevent_initial_callbacks=True)
        app.layout = layout()

        @enrich.callback(Output("x", "title"), Input("a", "n_clicks"))
        def inner(n: int) -> str:
            return f"{n}"

        return app

    for _ in range(2):
        page = Page(create())
        assert len(page.callbacks) == 1
        page.act(CLICK)
        assert page["x.title"] == "1"


def test_a_plain_app_that_serves_first_takes_dash_callbacks_as_ever():
    plain = dash.Dash("plain", prevent_initial_callbacks=True)
    plain.layout = layout()
    dash.callback(Output("x", "title"), Input("a", "n_clicks"), prevent_initial_call=True)(lambda n: f"{n}")
    page = Page(plain)
    page.act(CLICK)
    assert page["x.title"] == "1"


BEFORE_IMPORT = """
import dash
from dash import Dash as PlainDash, Input, Output, State, callback, html
from dash import clientside_callback

@callback(Output("x", "title"), Input("a", "n_clicks"), State("a", "title"), prevent_initial_call=True)
def early(n, title):
    return f"early {n} {title}"

@callback(output={"o": Output("y", "title")}, inputs={"n": Input("a", "n_clicks")}, prevent_initial_call=True)
def early_dict(n):
    return {"o": f"dict {n}"}

clientside_callback("(n) => n", Output("z", "title"), Input("a", "n_clicks"))

import enrich
from enrich.page import Page

app = enrich.Dash("app")
app.layout = html.Div([html.Div(id=name, title=name, n_clicks=0) for name in "axyz"])
page = Page(app)
page.act({"a.n_clicks": 2})
print(page["x.title"], "|", page["y.title"], "|", len(page.callbacks))
"""


def test_what_dash_callback_declared_before_our_import_is_served(tmp_path: Path):
    done = subprocess.run(
        [sys.executable, "-c", BEFORE_IMPORT],
        capture_output=True,
        text=True,
        env={"HOME": str(tmp_path), "PATH": ""},
        check=False,
    )
    assert done.stdout == "early 2 a | dict 2 | 3\n", done.stderr


# --- what else declares callbacks: pages, hooks, plugins ----------------------------------------------


PAGE = """
import dash
import enrich
from enrich import Input, Output, ServersideOutput, Trigger, dcc, html

enrich.register_page(__name__, path="/{path}")
layout = html.Div([html.Button(id="{name}-b", n_clicks=0), html.Div(id="{name}-o", title=""), dcc.Store(id="{name}-s")])

@{through}(ServersideOutput("{name}-s", "data"), Trigger("{name}-b", "n_clicks"), prevent_initial_call=True)
def produce():
    return [1, 2, 3]

@{through}(Output("{name}-o", "title"), Input("{name}-s", "data"), prevent_initial_call=True)
def consume(value):
    return "{name} " + str(sum(value))
"""


@pytest.fixture
def pages_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "pages"
    folder.mkdir()
    (folder / "home.py").write_text(PAGE.format(path="", name="home", through="enrich.callback"))
    (folder / "more.py").write_text(PAGE.format(path="more", name="more", through="dash.callback"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return folder


@routes_pages
@pytest.mark.parametrize("name", ["home", "more"])
def test_callbacks_in_pages(pages_folder: Path, name: str):
    app = Dash("app", use_pages=True, pages_folder=str(pages_folder), suppress_callback_exceptions=True)
    app.layout = html.Div([enrich.page_container])
    page = Page(app)
    assert any(entry["output"].startswith("..") for entry in page.callbacks), "the router is missing"
    for entry in dash.page_registry.values():
        page._collect(json.loads(json.dumps(entry["layout"], default=lambda c: c.to_plotly_json())))
    page.act({f"{name}-b.n_clicks": 1})
    assert page[f"{name}-s.data"].startswith("~enrich1~")
    assert page[f"{name}-o.title"] == f"{name} 6"


@routes_pages
def test_the_router_serves_the_page_of_the_path(pages_folder: Path):
    app = Dash("app", use_pages=True, pages_folder=str(pages_folder), suppress_callback_exceptions=True)
    app.layout = html.Div([enrich.page_container])
    page = Page(app)
    page.act({"_pages_location.pathname": "/more", "_pages_location.search": ""})
    assert "more-b" in page.props


@routes_pages
def test_pages_survive_a_first_request_that_fails(pages_folder: Path):
    fail = [False]

    def serve() -> Any:
        if fail[0]:
            raise ZeroDivisionError("asleep")
        return html.Div([enrich.page_container])

    app = Dash("app", use_pages=True, pages_folder=str(pages_folder), suppress_callback_exceptions=True)
    app.layout = serve
    fail[0] = True
    with pytest.raises(CallbackFailed, match="asleep"):
        Page(app)
    fail[0] = False
    outputs = [entry["output"] for entry in Page(app).callbacks]
    assert len(outputs) == len(set(outputs))
    assert sum("_pages_content" in output for output in outputs) == 1


@pytest.fixture
def hooked() -> None:
    @hooks.callback(Output("x", "title"), Input("a", "n_clicks"), prevent_initial_call=True)
    def from_a_hook(n: int) -> str:
        return f"hook {n}"

    hooks.clientside_callback(
        "(n) => 'hooked' + n", Output("y", "title"), Input("a", "n_clicks"), prevent_initial_call=True
    )

    @hooks.layout()
    def more(served: Any) -> Any:
        return (
            [served, html.Div(id="from-hook")]
            if not isinstance(served, list)
            else [*served, html.Div(id="from-hook")]
        )


@pytest.mark.parametrize("kind", [dash.Dash, DashProxy, Dash])
def test_hooks_declare_callbacks_and_change_the_layout(hooked: None, kind: Any):
    app = kind("app")
    app.layout = layout()
    page = Page(app)
    page.act(CLICK)
    assert page["x.title"] == "hook 1"
    assert len(page.callbacks) == 2
    assert "from-hook" in page.props
    assert "'hooked'" in app.server.test_client().get("/").text


def test_a_callback_of_a_hook_reads_server_side_values(hooked: None):
    @hooks.callback(Output("z", "title"), Input("store", "data"), prevent_initial_call=True)
    def total(value: Any) -> str:
        return f"{sum(value)}"

    app = Dash("app", prevent_initial_callbacks=True)
    app.layout = html.Div([layout(), dcc.Store(id="store")])
    app.callback(ServersideOutput("store", "data"), Trigger("b", "n_clicks"))(lambda: [1, 2])
    page = Page(app)
    page.act({"b.n_clicks": 1})
    assert page["z.title"] == "3"


class Plugin:
    def plug(self, app: Any) -> None:
        @app.callback(Output("x", "title"), Trigger("a", "n_clicks"), prevent_initial_call=True)
        def plugged() -> str:
            return "plugged"

        app.clientside_callback("(n) => 'plugged' + n", Output("y", "title"), Input("a", "n_clicks"))


@pytest.mark.parametrize("look", [True, False])
def test_a_plugin_declares_callbacks_in_its_plug(look: bool):
    app = Dash("app", plugins=[Plugin()])
    app.layout = layout()
    if look:
        assert sorted(app.callback_map) == ["x.title", "y.title"]
    page = Page(app)
    page.act(CLICK)
    assert page["x.title"] == "plugged"
    assert len(page.callbacks) == 2


class NosyPlugin:
    def plug(self, app: Any) -> None:
        app.callback(Output("x", "title"), Input("a", "n_clicks"))(lambda n: "1")
        self.seen = sorted(app.callback_map)
        app.server.add_url_rule("/health", view_func=lambda: ",".join(app.callback_map))


def test_a_plugin_may_look_at_the_map_while_the_app_is_made():
    app = Dash("app", plugins=[NosyPlugin()])
    app.layout = layout()
    assert app.server.test_client().get("/health").text == "x.title"


# --- the layout ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        None,
        "text",
        5,
        {"a": 1},
        [html.Div(id="x"), html.Div(id="x")],
        html.Div([html.Div(id="x"), html.Div(id="x")]),
    ],
    ids=str,
)
def test_a_layout_is_refused_as_under_dash(value: Any):
    found = []
    for kind in (dash.Dash, Dash):
        app = kind("app")
        try:
            app.layout = value
            Page(app)
        except Exception as error:
            cause = error.__cause__ or error
            found.append((type(cause), str(cause)))
        else:
            found.append(None)
    assert found[0] == found[1]


def test_a_list_and_a_function_are_layouts():
    for served in (
        [html.Div(id="x"), html.Div(id="a")],
        lambda: html.Div([html.Div(id="x"), html.Div(id="a")]),
    ):
        app = Dash("app")
        app.layout = served
        app.callback(Output("x", "title"), Trigger("a", "n_clicks"))(lambda: "ran")
        assert Page(app)["x.title"] == "ran"


def test_validation_layout_stays():
    app = simple()
    app.validation_layout = html.Div([html.Div(id="elsewhere")])
    Page(app)
    assert app.validation_layout.children[0].id == "elsewhere"


def test_an_app_on_a_server_of_ones_own_and_under_a_path():
    import flask

    server = flask.Flask("mine")
    app = Dash("app", server=server, url_base_pathname="/dashboard/", prevent_initial_callbacks=True)
    app.layout = html.Div([layout(), dcc.Store(id="store")])
    app.callback(ServersideOutput("store", "data"), Trigger("a", "n_clicks"))(lambda: [4])
    app.callback(Output("x", "title"), Input("store", "data"))(lambda value: f"{value}")
    page = Page(app)
    page.act(CLICK)
    assert page["x.title"] == "[4]"


def test_an_app_that_gets_its_server_later():
    import flask

    app = Dash("app", server=False, prevent_initial_callbacks=True)
    app.layout = html.Div([layout(), dcc.Store(id="store")])
    app.callback(ServersideOutput("store", "data"), Trigger("a", "n_clicks"))(lambda: [4])
    app.callback(Output("x", "title"), Input("store", "data"))(lambda value: f"{value}")
    app.init_app(flask.Flask("mine"))
    page = Page(app)
    page.act(CLICK)
    assert page["x.title"] == "[4]"


def test_two_apps_on_one_server_keep_their_values_apart():
    import flask

    server = flask.Flask("mine")
    apps = []
    for name in ("one", "two"):
        app = Dash(name, server=server, url_base_pathname=f"/{name}/", prevent_initial_callbacks=True)
        app.layout = html.Div([layout(), dcc.Store(id="store")])
        app.callback(ServersideOutput("store", "data"), Trigger("a", "n_clicks"))(lambda name=name: [name])
        app.callback(Output("x", "title"), Input("store", "data"))(lambda value: f"{value}")
        apps.append(app)
    client = server.test_client()
    pages = [Page(app, client=client) for app in apps]
    for page in pages:
        page.act(CLICK)
    assert [page["x.title"] for page in pages] == ["['one']", "['two']"]
    with pytest.raises(CallbackFailed, match="Handle"):
        pages[0].act({"store.data": pages[1]["store.data"]})


def test_declarations_of_many_threads_and_looks_at_the_map_do_not_disturb_each_other():
    app = Dash("app", prevent_initial_callbacks=True, suppress_callback_exceptions=True)
    app.layout = layout()
    barrier = threading.Barrier(8)
    failures: list[BaseException] = []

    def declare_some(thread: int) -> None:
        barrier.wait()
        try:
            for number in range(10):
                app.callback(Output(f"o{thread}-{number}", "children"), Trigger("a", "n_clicks"))(lambda: 1)
                assert len(app.callback_map) > number
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=declare_some, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(app.callback_map) == 80
    assert len(Page(app).callbacks) == 80


def test_a_callback_that_declares_another_one_while_it_is_served():
    app = simple()

    @app.callback(Output("y", "title"), Trigger("b", "n_clicks"))
    def grow() -> str:
        app.callback(Output("z", "title"), Input("a", "n_clicks"))(lambda n: f"grown {n}")
        return ",".join(app.callback_map)

    page = Page(app)
    page.act({"b.n_clicks": 1})
    assert page["y.title"] == "x.title,y.title,z.title"
    page.reload()
    page.act(CLICK)
    assert page["z.title"] == "grown 1"


def test_a_layout_function_that_declares_callbacks_declares_them_once_a_call():
    app = Dash("app", prevent_initial_callbacks=True)
    declared: list[str] = []

    def serve() -> Any:
        if not declared:
            declared.append("x")
            app.callback(Output("x", "title"), Trigger("a", "n_clicks"))(lambda: "from the layout")
        return layout()

    app.layout = serve
    page = Page(app)
    page.act(CLICK)
    assert page["x.title"] == "from the layout"


# --- handlers that are made by their first call -----------------------------------------------------


def handlers_of(app):
    return {name: entry["callback"] for name, entry in app.callback_map.items()}


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_the_first_call_makes_a_plain_callbacks_handler(kind: str):
    app = Dash("first_call")
    app.layout = layout()
    function = shout if kind == "sync" else shout_async
    app.callback(Output("x", "title"), Input("a", "title"), prevent_initial_call=True)(function)
    first = handlers_of(app)["x.title"]
    assert first.__wrapped__ is function
    page = Page(app)
    assert answer(page, "hi") == "HI"
    made = handlers_of(app)["x.title"]
    assert made is not first
    assert made.__name__ == function.__name__
    assert answer(page, "ho") == "HO"
    assert handlers_of(app)["x.title"] is made


def test_many_first_calls_at_once_are_all_answered():
    app = Dash("first_calls")
    app.layout = layout()
    app.callback(Output("x", "title"), Input("a", "title"), prevent_initial_call=True)(shout)
    pages = [Page(app) for _ in range(8)]
    start, answers = threading.Barrier(8), []

    def call(page: Page) -> None:
        start.wait()
        answers.append(answer(page, "hi"))

    threads = [threading.Thread(target=call, args=(page,)) for page in pages]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == ["HI"] * 8


@pytest.mark.parametrize("argument", [None, pd.DataFrame({"n": [1, 2]})], ids=["nothing", "a frame"])
def test_a_handler_that_somebody_put_in_the_map_is_called(argument: Any):
    app = Dash("own_handler")
    app.layout = layout()
    app.callback(Output("x", "title"), Input("a", "title"), prevent_initial_call=True)(shout)
    plain = app.callback_map["x.title"]["callback"]
    calls = []

    def counting(_argument: Any, *args: Any, **kwargs: Any) -> Any:
        calls.append(args)
        return plain(*args, **kwargs)

    app.callback_map["x.title"]["callback"] = functools.partial(counting, argument)
    page = Page(app)
    assert [answer(page, text) for text in ("hi", "ho")] == ["HI", "HO"]
    assert len(calls) == 2


def answer(page: Page, text: str) -> Any:
    page.act({"a.title": text})
    return page["x.title"]


def shout(text: str) -> str:
    return text.upper()


async def shout_async(text: str) -> str:
    return text.upper()

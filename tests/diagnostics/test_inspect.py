"""What the inspector says of an app's callbacks: on the command line, as a graph, and as a page."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from dash import Input, Output, html
from versions import needs_dash

import enrich
from enrich import CycleBreakerInput, DashBlueprint, DashProxy, PrefixIdTransform, ServersideOutput, Trigger
from enrich.__main__ import main
from enrich.diagnostics.description import describe
from enrich.diagnostics.mermaid import to_mermaid
from enrich.diagnostics.page import render

needs_async_pages = needs_dash(4, 2, "makes the layouts of pages within a running loop")
APP = """
from enrich import Dash, Input, Output, Trigger, html
app = Dash(__name__)
app.layout = html.Div([html.Button(id="button"), html.Div(id="log"), html.Div(id="shout")])
@app.callback(Output("log", "children"), Trigger("button", "n_clicks"))
def greet():
    return "hello"
@app.callback(Output("shout", "children"), Input("log", "children"))
def shout(text):
    return text.upper()
"""
BROKEN = (
    APP
    + """
@app.callback(Output("shout", "titel"), Input("lgo", "children"), progess_default=1)
def lost(text):
    return text
"""
)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run a command on an app in a file."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])

    def command(text: str, *arguments: str) -> tuple[int, str, str]:
        (tmp_path / "inspected.py").write_text(text)
        sys.modules.pop("inspected", None)
        status = main([arguments[0], "inspected:app", *arguments[1:]])
        said = capsys.readouterr()
        return status, said.out, said.err

    yield command
    sys.modules.pop("inspected", None)


def test_an_app_without_faults_passes(run: Any):
    assert run(APP, "check") == (0, "2 callbacks checked: nothing found\n", "")


def test_faults_are_listed_with_their_places(run: Any, tmp_path: Path):
    status, out, _ = run(BROKEN, "check")
    assert status == 1
    assert (
        f"error: {tmp_path}/inspected.py:12: callback 'lost' can never run: no layout has its input 'lgo'."
        in out
    )
    assert "warning: " in out
    assert "Did you mean 'progress_default'? [misspelt-option]" in out
    assert out.endswith("3 callbacks checked: 2 errors, 1 warning\n")


def test_faults_as_json(run: Any):
    status, out, _ = run(BROKEN, "check", "--json")
    assert status == 1
    assert {(one["code"], one["severity"], one["line"]) for one in json.loads(out)} == {
        ("never-runs", "error", 12),
        ("unknown-property", "error", 12),
        ("misspelt-option", "warning", 12),
    }


def test_warnings_fail_only_where_that_is_asked_for(run: Any):
    text = APP.replace('Trigger("button", "n_clicks"))', 'Trigger("button", "n_clicks"), memoise=True)')
    assert run(text, "check")[0] == 0
    assert run(text, "check", "--strict")[0] == 1


def test_an_app_that_is_not_there_is_no_traceback(run: Any, capsys: pytest.CaptureFixture[str]):
    for name, said in (
        ("nowhere:app", "There is no module 'nowhere'"),
        ("json:app", "'json' has no 'app'"),
        ("json:JSONDecoder", "is a JSONDecoder, and not an app of enrich"),
    ):
        assert main(["check", name]) == 2
        assert said in capsys.readouterr().err


def test_a_factory_is_called(run: Any):
    status, out, _ = run(
        APP.replace("app = Dash", "own = Dash").replace("app.", "own.").replace("@app", "@own")
        + "\ndef app():\n    return own\n",
        "check",
    )
    assert (status, out) == (0, "2 callbacks checked: nothing found\n")


def test_the_table_shows_what_was_written_and_what_each_transform_did(run: Any):
    status, out, _ = run(APP, "inspect")
    assert status == 0
    assert "greet  button.n_clicks (Trigger) -> log.children  (inspected.py:5)" in out
    assert "      input button.n_clicks fires, and is not passed to the function" in out
    assert out.index("  TriggerTransform()") < out.index("  MultiplexerTransform()")


def test_one_callback_alone(run: Any):
    _, out, _ = run(APP, "inspect", "--callback", "shout")
    assert "shout  log.children -> shout.children" in out
    assert "greet" not in out
    assert "has no callback 'shuot'. It has: greet, shout." in run(APP, "inspect", "--callback", "shuot")[2]


def test_the_graph_for_mermaid(run: Any):
    _, out, _ = run(APP, "inspect", "--mermaid")
    assert out.splitlines() == [
        "flowchart LR",
        '    c0["greet"]',
        '    c1["shout"]',
        '    p0>"button.n_clicks"] --> c0',
        '    c0 -->|"log.children"| c1',
    ]


def test_the_page_needs_nothing_from_elsewhere(run: Any, tmp_path: Path):
    assert run(APP, "inspect", "--html", "out.html")[0] == 0
    page = (tmp_path / "out.html").read_text(encoding="utf-8")
    assert "http://" not in page.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in page
    assert " src=" not in page
    assert "<!-- " not in page
    assert run(APP, "inspect", "--html", "-")[1].rstrip().endswith("</html>")


def test_a_name_cannot_break_out_of_the_page():
    app = DashProxy("</script><script>alert(1)</script>")
    app.layout = html.Div(id="<!--")
    app.callback(Output("<!--", "children"), Input("<!--", "n_clicks"))(lambda n: n)
    page = render(describe(app))
    assert "<script>alert" not in page
    assert page.count("<!--") == 0


def test_the_command_line_runs_as_a_program(tmp_path: Path):
    (tmp_path / "inspected.py").write_text(BROKEN)
    done = subprocess.run(
        [sys.executable, "-m", "enrich", "check", "inspected:app"],
        cwd=tmp_path, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (1, "")
    assert "never-runs" in done.stdout


STORING = """
from enrich import Dash, Input, ServersideOutput, ServersideOutputTransform, dcc, html
from enrich.store import FileSystemBackend, RedisBackend
app = Dash(__name__, transforms=[ServersideOutputTransform(SETTINGS)])
app.layout = html.Div([html.Button(id="button"), dcc.Store(id="table")])
app.callback(ServersideOutput("table", "data", backend=BACKEND), Input("button", "n_clicks"))(lambda n: n)
"""


def storing(settings: str = "", backend: str = "None") -> str:
    return STORING.replace("SETTINGS", settings).replace("BACKEND", backend)


def test_an_output_whose_backend_the_app_lacks_is_found(run: Any):
    status, out, _ = run(storing(backend="'filez'"), "check")
    assert status == 1
    assert "can't be built: callback '<lambda>' (" in out
    assert "inspected.py:6), output table.data: The store has no backend 'filez'" in out
    assert "[not-buildable]" in out


def test_two_backends_of_one_name_are_found(run: Any):
    status, _, err = run(storing("backends=[FileSystemBackend(), FileSystemBackend()]"), "check")
    assert status == 2
    assert "Two backends are called 'files'" in err


def test_a_store_that_can_not_be_opened_is_found(run: Any, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ENRICH_SECRET_KEY", "short")
    status, out, _ = run(storing(), "check")
    assert status == 1
    assert "the app can't open its store: ENRICH_SECRET_KEY: a secret must be text" in out
    assert "[not-buildable]" in out


def test_a_store_that_is_away_while_the_app_is_checked_may_be_there_when_it_is_served(run: Any):
    pytest.importorskip("redis")
    text = storing("backends=[RedisBackend('redis://127.0.0.1:1', local=False)]")
    assert run(text, "check")[:2] == (0, "1 callback checked: nothing found\n")


@needs_async_pages
def test_pages_whose_layouts_are_functions_are_checked(run: Any):
    text = """
import dash
from enrich import Dash, Input, Output, html
app = Dash(__name__, use_pages=True, pages_folder="")
dash.register_page("summary", path="/", layout=lambda: html.Div(id="total"))
app.layout = html.Div([html.Div(id="log"), dash.page_container])
app.callback(Output("log", "children"), Input("totla", "n_clicks"))(lambda n: n)
app.callback(Output("log", "title"), Input("total", "n_clicks"))(lambda n: n)
"""
    status, out, _ = run(text, "check")
    assert status == 1
    assert "Did you mean 'total'? [never-runs]" in out
    assert "2 callbacks checked: 1 error, 0 warnings" in out


@needs_async_pages
def test_pages_that_cannot_be_made_are_left_out(run: Any):
    text = """
import dash
from enrich import Dash, Input, Output, html
app = Dash(__name__, use_pages=True, pages_folder="")
dash.register_page("summary", path="/", layout=lambda: 1 / 0)
app.layout = html.Div([html.Div(id="log"), dash.page_container])
app.callback(Output("log", "children"), Input("somewhere", "n_clicks"))(lambda n: n)
"""
    status, out, err = run(text, "check")
    assert (status, out) == (0, "1 callback checked: nothing found\n")
    assert "its pages are not checked: ZeroDivisionError" in err


# --- the description --------------------------------------------------------------------------------


def make_app() -> Any:
    app = enrich.Dash("inspected")
    app.layout = html.Div([html.Div(id=name) for name in "abcxyz"])
    return app


def changes(description: Any, name: str) -> list[str]:
    (one,) = [one for one in description["written"] if one["name"] == name]
    return [line for change in one["changes"] for line in change["lines"]]


def test_members_of_a_group_become_one():
    app = make_app()

    @app.callback(Output("x", "children"), Input("a", "n_clicks"), group="g")
    def one(n): ...

    @app.callback(Output("y", "children"), Input("b", "n_clicks"), group="g")
    def other(n): ...

    described = describe(app)
    (registered,) = described["registered"]
    assert (registered["name"], registered["kind"], registered["of"]) == ("one_and_other", "joint", [0, 1])
    assert [row["became"] for row in described["written"]] == [[0], [0]]


def test_what_a_transform_adds_is_told_from_what_its_author_wrote():
    app = make_app()

    @app.callback(Output("x", "title"), CycleBreakerInput("a", "title"))
    def settle(title): ...

    described = describe(app)
    assert [(one["name"], one["hidden"]) for one in described["registered"]] == [
        ("settle", False),
        ("settle (CycleBreaker)", True),
    ]
    assert [1, 0, "set_props"] in described["edges"]


def test_two_callbacks_on_one_line_are_told_apart():
    app = make_app()
    for name in "ab":
        app.callback(ServersideOutput(name, "title"), Trigger("c", "n_clicks"))(lambda: 1)
    described = describe(app)
    assert [row["became"] for row in described["written"]] == [[0], [1]]
    assert all(len(row["changes"]) == 2 for row in described["written"])


def test_a_blueprint_that_is_there_twice_is_two_callbacks():
    app = make_app()
    blueprint = DashBlueprint()
    blueprint.layout = html.Div([html.Button(id="go"), html.Div(id="log")])

    @blueprint.callback(Output("log", "children"), Trigger("go", "n_clicks"))
    def count(): ...

    app.layout = html.Div(
        [blueprint.embed(app, prefix=PrefixIdTransform(name)) for name in ("left", "right")]
    )
    described = describe(app)
    assert [one["outputs"] for one in described["written"]] == [["left-log.children"], ["right-log.children"]]
    assert [row["became"] for row in described["written"]] == [[0], [1]]


def test_the_description_is_json():
    app = make_app()
    app.callback(Output("x", "children"), Input("a", "n_clicks"), blocking=True, memoize=True)(lambda n: n)
    app.clientside_callback("(n) => n", Output("y", "children"), Input("a", "n_clicks"))
    described = describe(app)
    assert json.loads(json.dumps(described)) == described
    assert "blocking= is carried out" in changes(described, "<lambda>")
    assert to_mermaid(described).startswith("flowchart LR\n")

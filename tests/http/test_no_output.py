"""NoOutput: callbacks that only act."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import dash
import pytest
from pages import CLICK, layout, pattern
from versions import needs_dash

import enrich
from enrich import ALL, MATCH, Dash, DashProxy, Input, NoOutputTransform, Output, State, Trigger
from enrich.page import CallbackFailed, Page


@pytest.fixture(params=["Dash", "DashProxy"])
def app(request: pytest.FixtureRequest) -> Any:
    made = Dash("app") if request.param == "Dash" else DashProxy("app", transforms=[NoOutputTransform()])
    made.layout = layout()
    return made


@pytest.mark.parametrize(
    "value",
    [None, 5, "text", [1, 2], {"a": 1}, object(), dash.no_update],
    ids=["none", "number", "text", "list", "dict", "object", "no_update"],
)
def test_whatever_is_returned_is_dropped(app: Any, kind: Any, value: Any):
    app.callback(Input("a", "n_clicks"), prevent_initial_call=True)(kind(lambda n: value))
    page = Page(app)
    page.act(CLICK)
    assert [request.status for request in page.requests] == [204]


def test_set_props_works_inside(app: Any, callback: Any, kind: Any):
    def act(n: int) -> str:
        dash.set_props("x", {"title": f"set {n}"})
        return "dropped"

    callback(Input("a", "n_clicks"))(kind(act))
    page = Page(app)
    page.act(CLICK)
    assert page["x.title"] == "set 1"


def test_two_on_the_same_inputs_all_run(app: Any, callback: Any, kind: Any):
    ran: list[str] = []
    callback(Input("a", "n_clicks"), prevent_initial_call=True)(kind(lambda n: ran.append("one")))
    callback(Input("a", "n_clicks"), prevent_initial_call=True)(kind(lambda n: ran.append("two")))
    callback(Input("a", "n_clicks"), State("b", "title"), prevent_initial_call=True)(
        kind(lambda n, s: ran.append(f"three {s}"))
    )
    page = Page(app)
    page.act(CLICK)
    assert sorted(ran) == ["one", "three title of b", "two"]
    assert len(page.requests) == 3


def test_the_same_function_twice_runs_twice(app: Any, callback: Any):
    ran: list[int] = []
    for _ in range(2):
        callback(Input("a", "n_clicks"), prevent_initial_call=True)(ran.append)
    Page(app).act(CLICK)
    assert ran == [1, 1]


def test_each_keeps_its_own_options(app: Any):
    told: list[str] = []

    def fail(n: int) -> None:
        raise ZeroDivisionError

    app.callback(
        Input("a", "n_clicks"), on_error=lambda error: told.append("one"), prevent_initial_call=True
    )(fail)
    app.callback(
        Input("a", "n_clicks"),
        on_error=lambda error: told.append("two"),
        prevent_initial_call=True,
        running=[(Output("x", "title"), "busy", "done")],
    )(fail)
    page = Page(app)
    page.act(CLICK)
    assert sorted(told) == ["one", "two"]
    assert ["running" in entry for entry in page.callbacks] == [False, True]


def test_a_failure_is_an_error_as_usual(app: Any, kind: Any):
    def fail(n: int) -> None:
        raise ZeroDivisionError

    app.callback(Input("a", "n_clicks"), prevent_initial_call=True)(kind(fail))
    with pytest.raises(CallbackFailed, match="ZeroDivisionError"):
        Page(app).act(CLICK)


def test_dict_inputs(app: Any, callback: Any, kind: Any):
    ran: list[Any] = []
    callback(
        inputs={"n": Input("a", "n_clicks"), "deep": [Input(pattern("in", ALL), "n_clicks")]},
        state={"s": State("b", "title")},
        prevent_initial_call=True,
    )(kind(lambda n, deep, s: ran.append((n, deep, s))))
    Page(app).act(CLICK)
    assert ran == [(1, [[0, 0, 0]], "title of b")]


def test_empty_output(app: Any, kind: Any):
    ran: list[int] = []
    app.callback(output=[], inputs=[Input("a", "n_clicks")], prevent_initial_call=True)(kind(ran.append))
    Page(app).act(CLICK)
    assert ran == [1]


@needs_dash(4, 2, "runs callbacks whose MATCH no output has")
def test_an_input_for_match(app: Any, kind: Any):
    """Dash fires one call for each row that changed, and so do we."""
    ran: list[Any] = []
    app.callback(Input(pattern("in", MATCH), "n_clicks"), prevent_initial_call=True)(
        kind(lambda n: ran.append((n, dash.ctx.triggered_id["row"])))
    )
    Page(app).act({'{"kind":"in","row":2}.n_clicks': 6})
    assert ran == [(6, 2)]


def test_a_trigger_alone(callback: Any, app: Any, kind: Any):
    if not isinstance(app, Dash):
        pytest.skip("needs the trigger transform")
    ran: list[str] = []
    callback(Trigger("a", "n_clicks"), prevent_initial_call=True)(kind(lambda: ran.append("ran")))
    Page(app).act(CLICK)
    assert ran == ["ran"]


def test_page_load_runs_it_unless_prevented(app: Any):
    ran: list[int] = []
    app.callback(Input("a", "n_clicks"))(ran.append)
    Page(app)
    assert ran == [0]


def test_a_clientside_one_shares_its_inputs(app: Any):
    ran: list[int] = []
    app.clientside_callback("(n) => console.log(n)", Input("a", "n_clicks"))
    app.clientside_callback("(n) => console.log(n)", Input("a", "n_clicks"))
    app.callback(Input("a", "n_clicks"), prevent_initial_call=True)(ran.append)
    page = Page(app)
    assert len({entry["output"] for entry in page.callbacks}) == 3
    page.act(CLICK)
    assert ran == [1]


def test_one_without_outputs_and_one_with_share_inputs(app: Any):
    ran: list[int] = []
    app.callback(Input("a", "n_clicks"))(ran.append)
    app.callback(Output("x", "title"), Input("a", "n_clicks"))(lambda n: f"{n}")
    page = Page(app)
    page.act(CLICK)
    assert (ran, page["x.title"]) == ([0, 1], "1")


MODULE = """
import sys
from enrich import Dash, DashProxy, Input, NoOutputTransform, Output, MultiplexerTransform, callback, html

app = Dash("app")
app.layout = html.Div([html.Button(id="a"), html.Div(id="x")])
for _ in range(3):
    @app.callback(Input("a", "n_clicks"))
    def act(n): ...

@callback(Input("a", "n_clicks"))
def act_too(n): ...

for _ in range(2):
    app.clientside_callback("(n) => 1", Output("x", "title"), Input("a", "n_clicks"), prevent_initial_call=True)

if __name__ != "__main__":
    pass
print("\\n".join(app.callback_map))
"""


def test_ids_are_the_same_in_every_worker(tmp_path: Path):
    (tmp_path / "some_app.py").write_text(MODULE)
    printed = [
        subprocess.run(
            [sys.executable, "-c", "import some_app"],
            cwd=tmp_path,
            env={"PYTHONHASHSEED": seed, "PATH": "", "HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert printed[0] == printed[1]
    assert len(set(printed[0].split())) == 6


def test_without_the_transform_twins_are_refused():
    app = DashProxy("app")
    for _ in range(2):
        app.callback(Input("a", "n_clicks"))(lambda n: None)
    with pytest.raises(enrich.DeclarationError, match="NoOutputTransform"):
        app.callback_map

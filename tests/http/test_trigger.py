"""Trigger: it fires a callback, and its function does not receive the value."""

from __future__ import annotations

from typing import Any

import dash
import pytest
from pages import CLICK, CLICK_ROW, layout, pattern, snapshot

from enrich import ALL, MATCH, Dash, DashProxy, Input, Output, State, Trigger, TriggerTransform
from enrich.page import Page

KINDS = {"Dash": Dash, "DashProxy": lambda *a, **k: DashProxy(*a, transforms=[TriggerTransform()], **k)}


@pytest.fixture(params=KINDS)
def app(request: pytest.FixtureRequest) -> DashProxy:
    made = KINDS[request.param]("app", prevent_initial_callbacks=True)
    made.layout = layout()
    return made


def test_only_a_trigger(callback: Any, kind: Any, app: Any):
    def func() -> str:
        return f"by {dash.ctx.triggered_id}"

    callback(Output("x", "title"), Trigger("a", "n_clicks"))(kind(func))
    page = Page(app)
    page.act(CLICK)
    assert page["x.title"] == "by a"


def test_only_a_trigger_in_a_list(callback: Any, kind: Any, app: Any):
    def func() -> str:
        return "ran"

    callback([Output("x", "title")], [Trigger("a", "n_clicks")])(kind(func))
    page = Page(app)
    page.act(CLICK)
    assert page["x.title"] == "ran"


def test_between_inputs_and_states(callback: Any, kind: Any, app: Any):
    def func(*args: Any) -> str:
        return repr(args)

    callback(
        Output("x", "title"),
        Trigger("a", "n_clicks"),
        Input("b", "n_clicks"),
        Trigger("c", "n_clicks"),
        Input("c", "title"),
        State("b", "title"),
    )(kind(func))
    page = Page(app)
    page.act(CLICK)
    assert page["x.title"] == "(0, 'title of c', 'title of b')"
    page.act({"b.n_clicks": 7})
    assert page["x.title"] == "(7, 'title of c', 'title of b')"


def test_after_a_state(app: Any, kind: Any):
    def func(*args: Any) -> str:
        return repr(args)

    app.callback(Output("x", "title"), State("b", "title"), Trigger("a", "n_clicks"), Input("b", "n_clicks"))(
        kind(func)
    )
    page = Page(app)
    page.act(CLICK)
    assert page["x.title"] == "('title of b', 0)"


def test_in_a_dict_of_inputs(callback: Any, kind: Any, app: Any):
    def g(i: str) -> dict[str, str]:
        return {"x": i}

    callback(
        output={"x": Output("x", "title")}, inputs={"t": Trigger("a", "n_clicks"), "i": Input("b", "title")}
    )(kind(g))
    page = Page(app)
    page.act(CLICK)
    assert page["x.title"] == "title of b"


def test_only_a_trigger_in_a_dict(callback: Any, kind: Any, app: Any):
    def g() -> str:
        return "ran"

    callback(output=Output("x", "title"), inputs={"t": Trigger("a", "n_clicks")})(kind(g))
    page = Page(app)
    page.act(CLICK)
    assert page["x.title"] == "ran"


def test_in_a_dict_with_state(callback: Any, kind: Any, app: Any):
    def g(s: str) -> str:
        return s

    callback(
        output=Output("x", "title"), inputs={"t": Trigger("a", "n_clicks")}, state={"s": State("b", "title")}
    )(kind(g))
    page = Page(app)
    page.act(CLICK)
    assert page["x.title"] == "title of b"


def test_nested_where_a_branch_loses_its_only_leaf(callback: Any, kind: Any, app: Any):
    def g(**kwargs: Any) -> str:
        return repr({**kwargs, "deep": dict(kwargs["deep"])})

    callback(
        output=Output("x", "title"),
        inputs={
            "gone": [Trigger("a", "n_clicks")],
            "deep": {"t": Trigger("c", "n_clicks"), "i": [Input("b", "title"), Trigger("b", "n_clicks")]},
        },
    )(kind(g))
    page = Page(app)
    page.act(CLICK)
    assert page["x.title"] == "{'deep': {'i': ['title of b']}}"


def test_in_a_nested_list(callback: Any, kind: Any, app: Any):
    def g(*args: Any) -> str:
        return repr(args)

    callback(
        output=Output("x", "title"),
        inputs=[
            [Trigger("a", "n_clicks"), Input("b", "title")],
            Trigger("b", "n_clicks"),
            Input("c", "title"),
        ],
    )(kind(g))
    page = Page(app)
    page.act(CLICK)
    assert page["x.title"] == "(['title of b'], 'title of c')"


def test_with_match(callback: Any, kind: Any, app: Any):
    def g(note: str) -> str:
        return f"{note} by {dash.ctx.triggered_id['row']}"

    callback(
        Output(pattern("out", MATCH), "title"),
        Trigger(pattern("in", MATCH), "n_clicks"),
        State(pattern("note", MATCH), "title"),
    )(kind(g))
    page = Page(app)
    page.act(CLICK_ROW)
    assert page['{"kind":"out","row":1}.title'] == "note1 by 1"
    assert page['{"kind":"out","row":0}.title'] == "out0"


def test_with_all(callback: Any, kind: Any, app: Any):
    def g(notes: list[str]) -> str:
        return f"{notes} by {dash.ctx.triggered_id['row']}"

    callback(
        Output("x", "title"), Trigger(pattern("in", ALL), "n_clicks"), State(pattern("note", ALL), "title")
    )(kind(g))
    page = Page(app)
    page.act(CLICK_ROW)
    assert page["x.title"] == "['note0', 'note1', 'note2'] by 1"


def test_without_outputs(app: Any, callback: Any, kind: Any):
    def g() -> None:
        dash.set_props("x", {"title": "set"})

    callback(Trigger("a", "n_clicks"))(kind(g))
    page = Page(app)
    page.act(CLICK)
    assert page["x.title"] == "set"


def test_optional_and_missing(app: Any, callback: Any, kind: Any):
    def g() -> str:
        return "ran"

    callback(
        Output("x", "title"), Trigger("a", "n_clicks"), Trigger("nowhere", "n_clicks", allow_optional=True)
    )(kind(g))
    page = Page(app)
    page.act(CLICK)
    assert page["x.title"] == "ran"


def test_a_component_for_an_id(app: Any):
    app.callback(Output("x", "title"), Trigger(dash.html.Div(id="a"), "n_clicks"))(lambda: "ran")
    page = Page(app)
    page.act(CLICK)
    assert page["x.title"] == "ran"


def test_ctx_shows_it_as_dash_shows_an_input(app: Any):
    seen = []
    reference = dash.Dash("plain", prevent_initial_callbacks=True)
    reference.layout = layout()
    for one, kind in ((reference, Input), (app, Trigger)):

        @one.callback(
            output={"o": Output("x", "title")},
            inputs={
                "t": kind("a", "n_clicks"),
                "i": [Input("b", "title"), kind(pattern("in", ALL), "n_clicks")],
            },
        )
        def g(i: Any, t: Any = None) -> dict[str, str]:
            seen.append(snapshot())
            return {"o": "new"}

        Page(one).act(CLICK)
    assert seen[0] == seen[1]


def test_page_load_runs_it_unless_prevented(app: Any):
    app.callback(Output("x", "title"), Trigger("a", "n_clicks"), prevent_initial_call=False)(lambda: "ran")
    assert Page(app)["x.title"] == "ran"


def test_a_bare_value_for_a_list_of_one_output(app: Any):
    app.callback(output=[Output("x", "title")], inputs=[Trigger("a", "n_clicks")])(lambda: "bare")
    page = Page(app)
    page.act(CLICK)
    assert page["x.title"] == "bare"


def test_star_args_get_the_others(app: Any):
    app.callback(Output("x", "title"), Trigger("a", "n_clicks"), Input("b", "title"))(
        lambda *args: repr(args)
    )
    page = Page(app)
    page.act(CLICK)
    assert page["x.title"] == "('title of b',)"


def test_a_failure_reaches_on_error(app: Any, kind: Any):
    def g() -> str:
        raise ZeroDivisionError

    app.callback(Output("x", "title"), Trigger("a", "n_clicks"), on_error=lambda error: type(error).__name__)(
        kind(g)
    )
    page = Page(app)
    page.act(CLICK)
    assert page["x.title"] == "ZeroDivisionError"

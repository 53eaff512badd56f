"""Blueprints in the browser: one of them twice on a page."""

from __future__ import annotations

import json
import threading

import pytest

from enrich import (
    ALL,
    BlockingCallbackTransform,
    Dash,
    DashBlueprint,
    GroupTransform,
    Input,
    Output,
    PrefixIdTransform,
    State,
    Trigger,
    TriggerTransform,
    ctx,
    dcc,
    html,
    page_container,
    set_props,
)

pytestmark = pytest.mark.browser
SECONDS = 20


def panel(gate=None):
    """Rows that can be added, a total of their clicks, and a switch of the browser's own."""
    blueprint = DashBlueprint()
    blueprint.layout = html.Div(
        [
            html.Button("add", id="add", n_clicks=0),
            html.Div(id="rows"),
            html.Div("none", id="total"),
            html.Div(id="side"),
            html.Label("name", htmlFor="name"),
            dcc.Input("x", id="name"),
            html.Div(id="echo"),
        ]
    )

    @blueprint.callback(
        Output("rows", "children"),
        Input("add", "n_clicks"),
        running=[(Output("add", "disabled"), True, False), (Output("add", "title"), "busy", "idle")],
        prevent_initial_call=True,
    )
    def rows(n):
        if gate is not None:
            assert gate.wait(SECONDS)
        set_props("side", {"children": f"by {ctx.triggered_id}"})
        return [
            html.Button(f"row {i}", id={"kind": "row", "i": i}, n_clicks=0, className="row") for i in range(n)
        ]

    @blueprint.callback(
        Output("total", "children"), Input({"kind": "row", "i": ALL}, "n_clicks"), prevent_initial_call=True
    )
    def total(clicks):
        return f"{sum(clicks)} of {ctx.triggered_id and ctx.triggered_id['kind']}"

    blueprint.clientside_callback(
        "(text) => text.toUpperCase()", Output("echo", "children"), Input("name", "value")
    )
    return blueprint


def twice(app, blueprint):
    app.layout = html.Div([blueprint.embed(app, prefix=name) for name in ("left", "right")])


def test_each_of_two_answers_for_itself(browse):
    app = Dash("twice")
    twice(app, panel())
    page = browse(app)
    page.click("#right-add")
    page.click("#right-add")
    page.shows("#right-side", "by add")
    page.click("#right-rows .row:last-child")
    page.shows("#right-total", "1 of row")
    page.shows("#left-total", "none")
    assert page.find_all("#left-rows .row") == []
    page.shows("#left-echo", "X")
    assert page.find("#right label, label[for=right-name]").get_attribute("for") == "right-name"


def test_running_disables_the_button_that_was_clicked(browse):
    gate = threading.Event()
    app = Dash("running")
    twice(app, panel(gate))
    page = browse(app)
    page.find("#left-add").click()
    page.wait(lambda: page.prop("left-add", "disabled"), "the left button to be disabled")
    assert not page.prop("right-add", "disabled")
    gate.set()
    page.settle()
    page.wait(lambda: page.prop("left-add", "title") == "idle", "the left button to be idle")
    assert not page.prop("left-add", "disabled")
    assert page.prop("right-add", "title") is None


def test_nested_blueprints_and_the_apps_own_callbacks_share_a_page(browse):
    app, inner = Dash("nested"), panel()
    outer = DashBlueprint(transforms=[PrefixIdTransform("outer")])
    outer.layout = html.Div(
        [html.Button("all", id="all"), inner.embed(outer, prefix="one"), inner.embed(outer, prefix="two")]
    )
    for name in ("one", "two"):
        outer.callback(
            Output(f"{name}-add", "n_clicks"), Trigger("all", "n_clicks"), prevent_initial_call=True
        )(lambda: 3)
    app.layout = html.Div([outer.embed(app), html.Div(id="seen")])
    app.callback(Output("seen", "children"), Input("outer-one-total", "children"))(
        lambda text: f"seen {text}"
    )
    page = browse(app)
    page.shows("#seen", "seen none")
    page.click("#outer-all")
    page.wait(lambda: len(page.find_all(".row")) == 6, "six rows")
    page.click("#outer-one-rows .row")
    page.shows("#seen", "seen 1 of row")
    page.shows("#outer-two-total", "0 of row")


def test_a_blueprint_is_a_page_of_its_own_twice(browse):
    app = Dash("pages", use_pages=True, pages_folder="")
    blueprint = panel()
    blueprint.register(app, "first", prefix="first", path="/")
    blueprint.register(app, "second", prefix="second", path="/second")
    app.layout = html.Div([dcc.Link("second", href="/second", id="go"), page_container])
    page = browse(app)
    page.click("#first-add")
    page.shows("#first-side", "by add")
    page.click("#go")
    page.click("#second-add")
    page.shows("#second-side", "by add")


def test_a_function_in_the_browser_has_the_authors_view(browse):
    blueprint = DashBlueprint()
    rows = [html.Button(f"row {i}", id={"kind": "row", "i": i}, className="row") for i in range(2)]
    blueprint.layout = html.Div(
        [*rows, html.Div(id="out"), html.Div(id="side"), html.Div(id="made"), html.Div("-", id="no")]
    )
    blueprint.clientside_callback(
        """
        (clicks, side) => {
            const {triggered_id, triggered, states, outputs_list, inputs_list} = dash_clientside.callback_context;
            dash_clientside.set_props("side", {children: `side of ${triggered_id.kind}`});
            const ids = [triggered[0].prop_id, Object.keys(states)[0], outputs_list[0].id, inputs_list[0][1].id.kind];
            const made = {namespace: "dash_html_components", type: "Span", props: {id: "new", children: "new"}};
            return [ids.join(" "), made, dash_clientside.no_update];
        }
        """,
        Output("out", "children"),
        Output("made", "children"),
        Output("no", "children"),
        Input({"kind": "row", "i": ALL}, "n_clicks"),
        State("side", "id"),
        prevent_initial_call=True,
    )
    app = Dash("clientside")
    twice(app, blueprint)
    page = browse(app)
    page.driver.execute_script("document.querySelectorAll('.row')[3].click()")
    page.shows("#right-side", "side of row")
    page.shows("#right-out", '{"i":1,"kind":"row"}.n_clicks side.id out row')
    page.shows("#right-new", "new")
    assert page.text("#right-no") == "-"
    assert page.text("#left-side") == ""


@pytest.mark.parametrize("where", ["app", "blueprint"])
def test_a_blocking_group_blocks_each_place_on_its_own(browse, where):
    transforms = [BlockingCallbackTransform(), GroupTransform(), TriggerTransform()]
    blueprint = DashBlueprint(transforms=transforms if where == "blueprint" else None)
    blueprint.layout = html.Div([html.Button("go", id="go"), html.Div(id="one"), html.Div(id="two")])
    gate, seen = threading.Semaphore(0), []

    @blueprint.callback(Output("one", "children"), Input("go", "n_clicks"), group="g", blocking=True)
    def one(n):
        seen.append(n)
        assert gate.acquire(timeout=SECONDS)
        return f"one {n}"

    @blueprint.callback(Output("two", "children"), Trigger("go", "n_clicks"), group="g", blocking=True)
    def two():
        return f"by {ctx.triggered_id}"

    app = Dash("blocking")
    twice(app, blueprint)
    page = browse(app)
    for _ in range(3):
        page.find("#right-go").click()
    page.wait(lambda: page.prop("right-go", "n_clicks") == 3, "three clicks")
    page.wait(lambda: seen == [1], "the first run")
    page.find("#left-go").click()
    page.wait(lambda: seen == [1, 1], "a run of the other place")
    gate.release(3)
    page.shows("#right-one", "one 3")
    page.shows("#right-two", "by go")
    page.shows("#left-one", "one 1")
    assert sorted(seen) == [1, 1, 3]


def test_a_function_in_the_browser_has_the_values_of_ids_as_written(browse):
    blueprint = DashBlueprint()
    blueprint.layout = html.Div(
        [html.Button("go", id="go"), html.Div(id="seen"), html.Div(id="x")]
        + [html.Div(id={"kind": "row", "i": i}) for i in (0, 1)]
    )
    blueprint.clientside_callback(
        """({go, rows}) => {
            const {states, states_list, triggered_id} = window.dash_clientside.callback_context;
            return {seen: JSON.stringify([go, go === triggered_id, rows, states["go.id"], states_list]), own: "y"};
        }""",
        output={"seen": Output("seen", "children"), "own": Output("x", "id")},
        inputs={
            "click": Trigger("go", "n_clicks"),
            "go": State("go", "id"),
            "rows": State({"kind": "row", "i": ALL}, "id"),
        },
        prevent_initial_call=True,
    )
    outer = DashBlueprint()
    outer.layout = html.Div(blueprint.embed(outer, prefix="inner"))
    app = Dash("ids")
    app.layout = html.Div(outer.embed(app, prefix="outer"))
    page = browse(app)
    page.click("#outer-inner-go")
    page.wait(lambda: page.find("#outer-inner-seen").text, "the answer")
    go, is_triggered, rows, own, states = json.loads(page.find("#outer-inner-seen").text)
    assert (go, is_triggered, own, states[0]["value"]) == ("go", True, "go", "go")
    assert rows == [item["value"] for item in states[1]] == [{"kind": "row", "i": i} for i in (0, 1)]
    assert page.find("#outer-inner-y")

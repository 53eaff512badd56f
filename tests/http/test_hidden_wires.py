"""Blocking and cycle breaking over HTTP, alone and with other transforms: the hidden store is fired by hand."""

from __future__ import annotations

import asyncio
import re

import pandas as pd
import pytest

from enrich import (
    CycleBreakerInput,
    Dash,
    DashBlueprint,
    Input,
    Output,
    PreventUpdate,
    Serverside,
    State,
    Trigger,
    ctx,
    dcc,
    html,
    set_props,
)
from enrich.page import Page


def fire(page, triggered, run=1, which=0):
    """Do what the gate in the browser does: say what happened."""
    stores = sorted(name for name in page.props if re.search(r"enrich-(gate|cycle)-[0-9a-f]{16}-go$", name))
    page.act({f"{stores[which]}.data": {"run": run, "triggered": triggered}})


def buttons():
    return html.Div(
        [
            html.Button(id="b"),
            dcc.Input(id="x", value="X"),
            dcc.Store(id="s"),
            html.Div(id="log"),
            html.Div(id="note"),
        ]
    )


@pytest.mark.filterwarnings("ignore:.*_list is deprecated:DeprecationWarning")
@pytest.mark.parametrize("is_async", [False, True])
def test_ctx_is_what_the_user_did(is_async):
    app, seen = Dash("ctx"), []
    app.layout = buttons()

    def look(x, n):
        seen.append(
            (
                x,
                n,
                ctx.triggered,
                ctx.triggered_id,
                ctx.inputs,
                ctx.states,
                [item["id"] for item in ctx.inputs_list],
                [item["id"] for item in ctx.states_list],
                [(arg["id"], arg.get("triggered")) for arg in ctx.args_grouping],
                ctx.outputs_list["id"],
            )
        )
        return n

    async def look_async(x, n):
        await asyncio.sleep(0)
        return look(x, n)

    app.callback(
        Output("log", "children"),
        State("x", "value"),
        Input("b", "n_clicks"),
        blocking=True,
        prevent_initial_call=True,
    )(look_async if is_async else look)
    page = Page(app)
    page.props["b"]["n_clicks"] = 3
    fire(page, [[0, None]])
    assert page["log.children"] == 3
    assert seen == [
        (
            "X",
            3,
            [{"prop_id": "b.n_clicks", "value": 3}],
            "b",
            {"b.n_clicks": 3},
            {"x.value": "X"},
            ["b"],
            ["x"],
            [("x", False), ("b", True)],
            "log",
        )
    ]


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("way", ["list", "dict"])
def test_blocking_goes_with_serverside_trigger_and_async(is_async, way):
    app = Dash("combined")
    app.layout = buttons()

    def load(x):
        assert ctx.triggered_id == "b"
        return Serverside(pd.DataFrame({"x": [x]}))

    async def load_async(x):
        return load(x)

    func = load_async if is_async else load
    options = {"blocking": True, "prevent_initial_call": True}
    if way == "list":
        app.callback(Output("s", "data"), Trigger("b", "n_clicks"), State("x", "value"), **options)(func)
    else:
        inputs = {"t": Trigger("b", "n_clicks"), "x": State("x", "value")}
        app.callback(output=[Output("s", "data")], inputs=inputs, **options)(func)

    @app.callback(Output("log", "children"), Input("s", "data"), blocking=True, prevent_initial_call=True)
    def show(frame):
        return frame.to_dict("list")

    page = Page(app)
    ids = [cb["inputs"][0]["id"] for cb in page.callbacks if "enrich-gate" in cb["inputs"][0]["id"]]
    for which in range(2):
        store = sorted({i for i in ids if i.endswith("-go")})[which]
        target = next(cb for cb in page.callbacks if cb["inputs"][0]["id"] == store)
        if "s.data" in target["output"]:
            fire(page, [[0, None]], which=which)
    for which in range(2):
        store = sorted({i for i in ids if i.endswith("-go")})[which]
        target = next(cb for cb in page.callbacks if cb["inputs"][0]["id"] == store)
        if target["output"] == "log.children":
            fire(page, [[0, None]], which=which)
    assert page["log.children"] == {"x": ["X"]}


def test_what_prevents_an_update_and_set_props_work():
    app = Dash("prevent")
    app.layout = buttons()

    @app.callback(Output("log", "children"), Input("b", "n_clicks"), blocking=True, prevent_initial_call=True)
    def act(n):
        set_props("note", {"children": f"seen {n}"})
        if n == 1:
            raise PreventUpdate
        return n

    page = Page(app)
    page.props["b"]["n_clicks"] = 1
    fire(page, [[0, None]])
    assert page["log.children"] is None
    page.props["b"]["n_clicks"] = 2
    fire(page, [[0, None]], run=2)
    assert (page["log.children"], page["note.children"]) == (2, "seen 2")


def test_members_of_a_blocking_group_run_by_what_the_user_did():
    app, seen = Dash("group"), []
    app.layout = buttons()

    @app.callback(Output("log", "children"), Input("b", "n_clicks"), group="g", blocking=True)
    def first(n):
        seen.append(("first", ctx.triggered_id))
        return "first"

    @app.callback(Output("log", "children"), Input("x", "value"), State("b", "n_clicks"), group="g")
    def second(x, n):
        seen.append(("second", ctx.triggered_id, ctx.states))
        return "second"

    page = Page(app)
    page.props["b"]["n_clicks"] = 1
    fire(page, [[0, None]])
    assert (page["log.children"], seen) == ("first", [("first", "b")])
    fire(page, [[1, None]], run=2)
    assert (page["log.children"], seen[1:]) == ("second", [("second", "x", {"b.n_clicks": 1})])
    fire(page, [[0, None], [1, None]], run=3)
    assert [name for name, *_ in seen[2:]] == ["first", "second"]


@pytest.mark.parametrize("place", ["app", "blueprint"])
def test_prefix_group_and_blocking_stack(place):
    from enrich import BlockingCallbackTransform, GroupTransform, TriggerTransform

    own = [TriggerTransform(), GroupTransform(), BlockingCallbackTransform()] if place == "blueprint" else []
    part, seen = DashBlueprint(transforms=own), []
    part.layout = buttons()

    @part.callback(
        Output("log", "children"), Trigger("b", "n_clicks"), State("x", "value"), group="g", blocking=True
    )
    def first(x):
        seen.append((ctx.triggered_id, ctx.states, x))
        return "first"

    @part.callback(Output("log", "children"), Input("x", "value"), group="g")
    def second(x):
        return "second"

    app = Dash("prefixed")
    app.layout = html.Div([part.embed(app, prefix="left"), part.embed(app, prefix="right")])
    page = Page(app)
    for which in range(2):
        fire(page, [[0, None]], which=which)
    assert (page["left-log.children"], page["right-log.children"]) == ("first", "first")
    assert seen == [("b", {"x.value": "X"}, "X")] * 2


def test_a_cycle_breaker_shows_the_property_in_ctx():
    app, seen = Dash("cycle"), []
    app.layout = buttons()

    @app.callback(
        Output("log", "children"),
        CycleBreakerInput("x", "value"),
        Input("b", "n_clicks"),
        prevent_initial_call=True,
    )
    def look(x, n):
        seen.append((ctx.triggered, list(ctx.inputs), [arg["id"] for arg in ctx.args_grouping]))
        return x

    page = Page(app)
    fire(page, [[0, None]])
    page.act({"b.n_clicks": 1})
    assert seen == [
        ([{"prop_id": "x.value", "value": "X"}], ["x.value", "b.n_clicks"], ["x", "b"]),
        ([{"prop_id": "b.n_clicks", "value": 1}], ["x.value", "b.n_clicks"], ["x", "b"]),
    ]


def test_memoize_does_not_count_the_number_of_the_run():
    app, calls = Dash("memo"), []
    app.layout = buttons()

    @app.callback(
        Output("log", "children"), Input("x", "value"), blocking=True, memoize=True, prevent_initial_call=True
    )
    def slow(x):
        calls.append(x)
        return x

    page = Page(app)
    fire(page, [[0, None]], run=1)
    fire(page, [[0, None]], run=2)
    assert calls == ["X"]


def test_a_flag_without_its_transform_gets_one_warning_with_the_place():
    from enrich import DashProxy

    app = DashProxy("warned")
    app.layout = buttons()

    @app.callback(Output("log", "children"), Input("b", "n_clicks"), blocking=True, blocking_timeout=3)
    def one(n):
        return n

    with pytest.warns(
        UserWarning, match=r"test_hidden_wires\.py:\d+.*blocking=.*BlockingCallbackTransform\(\)"
    ) as told:
        Page(app)
    assert len(told) == 1


def test_a_cycle_breaker_without_its_transform_is_refused():
    from enrich import DashProxy
    from enrich.errors import MissingTransformError

    app = DashProxy("missing")
    app.callback(Output("log", "children"), CycleBreakerInput("b", "n_clicks"))(lambda n: n)
    with pytest.raises(MissingTransformError, match="CycleBreakerTransform"):
        app.callback_map

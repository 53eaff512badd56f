"""Blueprints: embedded in apps and in each other, under prefixes."""

from __future__ import annotations

import json
import sys
from types import SimpleNamespace

import dash
import pandas as pd
import pytest
from dash import ALL, MATCH, Input, Output, State, ctx, dcc, html, set_props

import enrich
from enrich import (
    Dash,
    DashBlueprint,
    DashProxy,
    DeclarationError,
    GroupTransform,
    LateDeclarationError,
    LogTransform,
    NoOutputTransform,
    PrefixIdTransform,
    Serverside,
    ServersideOutputTransform,
    Trigger,
    TriggerTransform,
    dash_internals,
    dynamic_prefix,
)
from enrich.callbacks.spec import Program
from enrich.declared import global_callbacks
from enrich.page import CallbackFailed, Page


def counter(**settings):
    """A button and a text."""
    blueprint = DashBlueprint(**settings)
    blueprint.layout = html.Div([html.Button(id="button", n_clicks=0), html.Div(id="log")])

    @blueprint.callback(Output("log", "children"), Input("button", "n_clicks"), prevent_initial_call=True)
    def count(n_clicks):
        return f"{n_clicks} clicks"

    return blueprint


def plain():
    return dash.Dash("plain")


def ours():
    return DashProxy("ours")


def both(test):
    return pytest.mark.parametrize("make_app", [ours, plain], ids=["ours", "plain"])(test)


# --- embedding ----------------------------------------------------------------------------------------


@both
def test_embedding_gives_the_layout_and_the_callbacks(make_app):
    app = make_app()
    app.layout = counter().embed(app)
    page = Page(app)
    page.act({"button.n_clicks": 2})
    assert page["log.children"] == "2 clicks"


@both
def test_one_blueprint_stands_on_a_page_twice(make_app):
    app, blueprint = make_app(), counter()
    app.layout = html.Div([blueprint.embed(app, prefix="left"), blueprint.embed(app, prefix="right")])
    page = Page(app)
    page.act({"left-button.n_clicks": 1})
    page.act({"right-button.n_clicks": 7})
    assert (page["left-log.children"], page["right-log.children"]) == ("1 clicks", "7 clicks")


@both
def test_a_blueprints_own_transforms_give_the_prefix(make_app):
    app, blueprint = make_app(), counter(transforms=[PrefixIdTransform("own")])
    app.layout = blueprint.embed(app)
    page = Page(app)
    page.act({"own-button.n_clicks": 1})
    assert page["own-log.children"] == "1 clicks"


@both
def test_what_is_declared_after_embedding_is_embedded_too(make_app):
    app, blueprint = make_app(), DashBlueprint()
    blueprint.layout = html.Div([html.Button(id="b"), html.Div(id="o")])
    app.layout = blueprint.embed(app, prefix="p")

    @blueprint.callback(Output("o", "children"), Input("b", "n_clicks"), prevent_initial_call=True)
    def late(n):
        return n

    page = Page(app)
    page.act({"p-b.n_clicks": 3})
    assert page["p-o.children"] == 3


@both
def test_blueprints_nest_and_their_prefixes_compose(make_app):
    app, inner = make_app(), counter(transforms=[PrefixIdTransform("inner")])
    outer = DashBlueprint(transforms=[PrefixIdTransform("outer")])
    outer.layout = html.Div(inner.embed(outer))
    app.layout = outer.embed(app)
    page = Page(app)
    page.act({"outer-inner-button.n_clicks": 4})
    assert page["outer-inner-log.children"] == "4 clicks"


def test_one_inner_blueprint_stands_in_two_outer_ones():
    app, inner = DashProxy("app"), counter()
    outers = [DashBlueprint(transforms=[PrefixIdTransform(name)]) for name in ("one", "two")]
    for outer in outers:
        outer.layout = html.Div([inner.embed(outer, prefix="a"), inner.embed(outer, prefix="b")])
    app.layout = html.Div([outer.embed(app) for outer in outers])
    assert sorted(app.callback_map) == [
        "one-a-log.children",
        "one-b-log.children",
        "two-a-log.children",
        "two-b-log.children",
    ]


def test_a_blueprint_in_itself_is_refused():
    blueprint, other = DashBlueprint(), DashBlueprint()
    blueprint.register_callbacks(other)
    with pytest.raises(DeclarationError, match="embedded in itself"):
        other.register_callbacks(blueprint)


def test_something_that_holds_no_callbacks_is_refused():
    with pytest.raises(DeclarationError, match="Give a DashProxy, a dash.Dash or a DashBlueprint"):
        counter().embed("app")


@both
@pytest.mark.parametrize("prefix", [None, "p"])
def test_an_id_that_two_places_bring_is_refused_with_both_named(make_app, prefix):
    app, blueprint = make_app(), counter()
    first = blueprint.embed(app, prefix=prefix)
    second = blueprint.embed(app, prefix=prefix)
    app.layout = html.Div([first, second])
    with pytest.raises(CallbackFailed) as failed:
        Page(app)
    error = failed.value.__cause__
    assert isinstance(error, DeclarationError)
    line = sys._getframe().f_lineno - 6
    name = "button" if prefix is None else "p-button"
    assert f"The id `{name}` is twice in the layout" in str(error)
    assert f"embedded at {__file__}:{line - 1} and at {__file__}:{line}. " in str(error)
    assert "prefix=" in str(error)
    assert isinstance(error.__cause__, dash.exceptions.DuplicateIdError)


def test_an_id_that_places_in_a_blueprint_bring_is_refused_with_the_inner_ones_named():
    app, inner, outer = DashProxy("app"), counter(), DashBlueprint()
    outer.layout = html.Div([inner.embed(outer), inner.embed(outer)])
    line = sys._getframe().f_lineno - 1
    app.layout = html.Div(outer.embed(app, prefix="outer"))
    with pytest.raises(CallbackFailed, match=f"The id `outer-button` is twice.*{__file__}:{line} "):
        Page(app)


def test_an_id_that_is_twice_in_what_a_function_gives_is_refused_with_the_place_named():
    app, blueprint = DashProxy("app"), counter()
    with pytest.raises(DeclarationError, match=f"The id `log` is twice.*{__file__}"):
        app.layout = lambda: html.Div([html.Div(id="log"), blueprint.embed(app)])


def test_an_id_that_is_twice_without_a_blueprint_is_refused_by_dash():
    app = DashProxy("app")
    app.layout = html.Div([counter().embed(app), html.Div(id="x"), html.Div(id="x")])
    with pytest.raises(CallbackFailed, match="DuplicateIdError.*`x`"):
        Page(app)


def test_a_blueprint_without_a_layout_brings_its_callbacks():
    app, blueprint = DashProxy("app"), DashBlueprint()
    app.layout = html.Div([html.Button(id="b"), html.P(id="p")])
    blueprint.callback(Output("p", "title"), Input("b", "n_clicks"))(lambda clicks: f"{clicks}")
    assert blueprint.embed(app) is None
    page = Page(app)
    page.act({"b.n_clicks": 2})
    assert page["p.title"] == "2"


def test_embedding_again_declares_nothing_twice():
    app, blueprint = DashProxy("app"), counter()
    blueprint.embed(app, prefix="p")
    blueprint.embed(app, prefix="p")
    assert list(app.callback_map) == ["p-log.children"]


def test_a_cleared_blueprint_stays_where_it_was_embedded():
    app, blueprint = DashProxy("app"), counter(transforms=[PrefixIdTransform("p")])
    blueprint.embed(app)
    blueprint.clear()
    assert (blueprint.callbacks, blueprint.transforms) == ((), [])
    assert list(app.callback_map) == ["p-log.children"]


def test_the_layout_of_the_author_stays_as_it_was():
    app, blueprint = DashProxy("app"), counter(transforms=[PrefixIdTransform("p")])
    blueprint.embed(app)
    assert [child.id for child in blueprint.layout.children] == ["button", "log"]


def test_a_layout_that_is_a_function_is_called_each_time():
    app, blueprint = DashProxy("app"), counter(transforms=[PrefixIdTransform("p")])
    made = iter(range(100))
    blueprint.layout = lambda: html.Div(id=f"made-{next(made)}")
    first, second = blueprint.embed(app).id, blueprint.embed(app).id
    assert (first, second) == ("p-made-0", "p-made-1")


def test_a_subclass_declares_in_its_constructor():
    class Panel(DashBlueprint):
        def __init__(self, name):
            super().__init__(transforms=[PrefixIdTransform(name)])
            self.layout = html.Div([html.Button(id="b"), html.Div(id="o")])
            self.callback(Output("o", "children"), Input("b", "n_clicks"), prevent_initial_call=True)(
                self.show
            )
            self.name = name

        def show(self, n):
            return f"{self.name} {n}"

    app = DashProxy("app")
    app.layout = html.Div([Panel("one").embed(app), Panel("two").embed(app)])
    page = Page(app)
    page.act({"two-b.n_clicks": 5})
    assert page["two-o.children"] == "two 5"


def test_an_older_apps_way_to_two_prefixes_works():
    app, blueprint = DashProxy("app"), counter()
    layouts = []
    for name in ("left", "right"):
        blueprint.transforms = [PrefixIdTransform(name)]
        layouts.append(blueprint.embed(app))
    app.layout = html.Div(layouts)
    assert sorted(app.callback_map) == ["left-log.children", "right-log.children"]


def test_global_callbacks_belong_to_a_blueprint_that_asks_for_them():
    @enrich.callback(Output("o", "children"), Input("i", "value"))
    def show(value):
        return value

    app = DashProxy("app", include_global_callbacks=False)
    DashBlueprint(include_global_callbacks=True).register_callbacks(app, prefix="p")
    DashBlueprint().register_callbacks(app, prefix="q")
    assert list(app.callback_map) == ["p-o.children"]


def test_clientside_callbacks_are_embedded_too():
    app, blueprint = DashProxy("app"), DashBlueprint()
    blueprint.clientside_callback("(x) => x", Output("o", "children"), Input("i", "value"))
    blueprint.register_callbacks(app, prefix="p")
    (entry,) = app._callback_list
    assert (entry["output"], entry["inputs"][0]["id"]) == ("p-o.children", "p-i")
    assert len(blueprint.clientside_callbacks) == 1


# --- what the author sees -----------------------------------------------------------------------------


def test_ctx_shows_the_ids_that_the_author_wrote():
    seen = {}
    blueprint = DashBlueprint()
    rows = [{"kind": "row", "i": i} for i in (0, 1)]
    blueprint.layout = html.Div(
        [html.Button(id="b", n_clicks=0), dcc.Input(id="s", value="state"), html.Div(id="o")]
        + [html.Button(id=row, n_clicks=0) for row in rows]
    )

    @blueprint.callback(
        Output("o", "children"),
        Input("b", "n_clicks"),
        Input({"kind": "row", "i": ALL}, "n_clicks"),
        State("s", "value"),
        prevent_initial_call=True,
    )
    def look(*_values):
        seen.update(
            triggered=ctx.triggered,
            triggered_id=ctx.triggered_id,
            triggered_prop_ids=ctx.triggered_prop_ids,
            inputs=ctx.inputs,
            states=ctx.states,
            inputs_list=ctx.inputs_list,
            outputs_list=ctx.outputs_list,
            ids=[item["id"] for item in ctx.args_grouping[1]],
        )

    app = DashProxy("app")
    app.layout = blueprint.embed(app, prefix="p")
    page = Page(app)
    page.act({'{"i":1,"kind":"p-row"}.n_clicks': 3})
    assert seen["triggered_id"] == {"i": 1, "kind": "row"}
    assert seen["triggered"] == [{"prop_id": '{"i":1,"kind":"row"}.n_clicks', "value": 3}]
    assert seen["triggered_prop_ids"] == {'{"i":1,"kind":"row"}.n_clicks': {"i": 1, "kind": "row"}}
    assert seen["states"] == {"s.value": "state"}
    assert set(seen["inputs"]) == {"b.n_clicks", *(f'{{"i":{i},"kind":"row"}}.n_clicks' for i in (0, 1))}
    assert seen["inputs_list"][0]["id"] == "b"
    assert seen["outputs_list"] == {"id": "o", "property": "children"}
    assert seen["ids"] == rows
    page.act({"p-b.n_clicks": 1})
    assert seen["triggered_id"] == "b"


@both
def test_the_value_of_an_id_is_what_ctx_shows(make_app):
    seen = {}
    blueprint = DashBlueprint()
    rows = [{"kind": "row", "i": i} for i in (0, 1)]
    blueprint.layout = html.Div(
        [html.Button(id="x"), html.Div(id="o"), dcc.Input(id="other", value="p-x")]
        + [html.Button(id=row) for row in rows]
    )

    @blueprint.callback(
        Output("o", "children"),
        Input("x", "n_clicks"),
        Input("x", "id"),
        State({"kind": "row", "i": ALL}, "id"),
        State("other", "value"),
        State("gone", "id", allow_optional=True),
        prevent_initial_call=True,
    )
    def look(_n, own, all_rows, other, gone):
        seen.update(inputs=ctx.inputs, states=ctx.states, lists=(ctx.inputs_list, ctx.states_list))
        seen["grouped"] = [item["value"] for item in ctx.args_grouping[2]]
        seen["triggered"] = {one["prop_id"]: one["value"] for one in ctx.triggered}
        assert (own, all_rows, other, gone) == ("x", rows, "p-x", None)
        return {own: "found"}.get(ctx.triggered_id)

    app = make_app()
    app.layout = html.Div(blueprint.embed(app, prefix="p"))
    page = Page(app)
    page.act({"p-x.n_clicks": 1, "p-x.id": "p-x"})
    assert page["p-o.children"] == "found"
    assert seen["triggered"] == {"x.n_clicks": 1, "x.id": "x"}
    assert seen["inputs"]["x.id"] == "x"
    assert [seen["states"][f'{{"i":{i},"kind":"row"}}.id'] for i in (0, 1)] == rows
    inputs, states = seen["lists"]
    assert inputs[1]["value"] == "x"
    assert [item["value"] for item in states[0]] == seen["grouped"] == rows
    assert states[1]["value"] == "p-x"


def test_the_value_of_an_id_loses_each_prefix_of_nested_blueprints():
    inner, outer, app = DashBlueprint(), DashBlueprint(), DashProxy("app")
    inner.layout = html.Div([html.Button(id={"kind": "b", "i": 1}), html.Div(id={"kind": "o", "i": 1})])

    @inner.callback(
        output={"o": Output({"kind": "o", "i": MATCH}, "children")},
        inputs={
            "n": Input({"kind": "b", "i": MATCH}, "n_clicks"),
            "own": State({"kind": "b", "i": MATCH}, "id"),
        },
        prevent_initial_call=True,
    )
    def show(n, own):
        return {"o": f"{own['kind']} {own == ctx.triggered_id} {own in ctx.states.values()}"}

    outer.layout = html.Div(inner.embed(outer, prefix="inner"))
    app.layout = html.Div(outer.embed(app, prefix="outer"))
    page = Page(app)
    page.act({'{"i":1,"kind":"outer-inner-b"}.n_clicks': 1})
    assert page['{"i":1,"kind":"outer-inner-o"}.children'] == "b True True"


def test_the_value_of_an_id_that_has_no_prefix_stays():
    blueprint, app = DashBlueprint(), DashProxy("app")
    blueprint.layout = html.Div([html.Button(id="b"), html.Div(id="o")])

    @blueprint.callback(
        Output("o", "children"), Input("b", "n_clicks"), State("p-user", "id"), prevent_initial_call=True
    )
    def show(n, user):
        return user

    prefix = PrefixIdTransform("p", escape=lambda component_id: component_id == "p-user")
    app.layout = html.Div([html.Div(id="p-user"), blueprint.embed(app, prefix=prefix)])
    page = Page(app)
    page.act({"p-b.n_clicks": 1})
    assert page["p-o.children"] == "p-user"


@pytest.mark.parametrize("where", ["app", "blueprint"])
def test_each_member_of_a_group_has_the_value_of_an_id_as_written(where):
    app = DashProxy("app", transforms=[GroupTransform()] if where == "app" else None)
    blueprint = DashBlueprint(transforms=[GroupTransform()] if where == "blueprint" else None)
    blueprint.layout = html.Div([html.Button(id="b"), html.Div(id="one"), html.Div(id="two")])
    for name in ("one", "two"):
        blueprint.callback(Output(name, "children"), Input("b", "n_clicks"), State(name, "id"), group="g")(
            lambda n, own: [own, ctx.states]
        )
    app.layout = html.Div(blueprint.embed(app, prefix="p"))
    page = Page(app)
    page.act({"p-b.n_clicks": 1})
    assert page["p-one.children"] == ["one", {"one.id": "one"}]
    assert page["p-two.children"] == ["two", {"two.id": "two"}]


def test_an_id_that_an_output_writes_gets_the_prefix():
    blueprint, app = DashBlueprint(), DashProxy("app")
    blueprint.layout = html.Div([html.Button(id="b"), html.Div(id={"row": 1}), html.Div(id={"row": 2})])

    @blueprint.callback(
        Output("b", "id"), Output({"row": ALL}, "id"), Input("b", "n_clicks"), prevent_initial_call=True
    )
    def rename(n):
        return f"b{n}", [{"row": "one"}, dash.no_update]

    app.layout = html.Div(blueprint.embed(app, prefix="p"))
    page = Page(app)
    page.act({"p-b.n_clicks": 1})
    answer = page.requests[-1].answer["response"]
    assert answer["p-b"] == {"id": "p-b1"}
    assert answer['{"row":1}'] == {"id": {"row": "p-one"}}


def test_a_layout_that_makes_its_blueprint_anew_declares_nothing_twice():
    app = DashProxy("app")

    def layout():
        blueprint = DashBlueprint()
        blueprint.layout = html.Div([html.Button(id="b"), html.Div(id="o")])
        blueprint.callback(Output("o", "children"), Input("b", "n_clicks"), State("b", "id"))(show)
        return html.Div(blueprint.embed(app, prefix="p"))

    def show(n, own):
        return f"{own} {n}"

    app.layout = layout
    Page(app)
    page = Page(app)
    page.act({"p-b.n_clicks": 1})
    assert page["p-o.children"] == "b 1"


@both
def test_set_props_takes_the_ids_that_the_author_wrote(make_app):
    app, blueprint = make_app(), counter()

    @blueprint.callback(Output("log", "title"), Input("button", "n_clicks"), prevent_initial_call=True)
    def act(n):
        set_props("button", {"title": "set"})
        set_props("log", {"className": "wide"})
        set_props("log", {"lang": html.Div(id="made")})
        return "done"

    app.layout = blueprint.embed(app, prefix="p")
    page = Page(app)
    page.act({"p-button.n_clicks": 1})
    assert (page["p-button.title"], page["p-log.className"]) == ("set", "wide")
    assert page["p-log.lang"]["props"]["id"] == "p-made"


def test_what_a_callback_returns_answers_to_the_blueprints_callbacks():
    app, blueprint = DashProxy("app"), DashBlueprint()
    blueprint.layout = html.Div([html.Button(id="add"), html.Div(id="rows"), html.Div(id="total")])

    @blueprint.callback(Output("rows", "children"), Input("add", "n_clicks"), prevent_initial_call=True)
    def rows(n):
        return [html.Button(id={"kind": "row", "i": i}, n_clicks=0) for i in range(n)]

    @blueprint.callback(
        Output("total", "children"), Input({"kind": "row", "i": ALL}, "n_clicks"), prevent_initial_call=True
    )
    def total(clicks):
        return sum(clicks)

    app.layout = blueprint.embed(app, prefix="p")
    page = Page(app)
    page.act({"p-add.n_clicks": 2})
    page.act({'{"i":1,"kind":"p-row"}.n_clicks': 4})
    assert page["p-total.children"] == 4


def test_rows_with_match_run_each_on_their_own():
    app, blueprint = DashProxy("app"), DashBlueprint()
    blueprint.layout = html.Div(
        [
            part
            for i in range(2)
            for part in (html.Button(id={"k": "b", "i": i}), html.Div(id={"k": "o", "i": i}))
        ]
    )

    @blueprint.callback(
        Output({"k": "o", "i": MATCH}, "children"),
        Input({"k": "b", "i": MATCH}, "n_clicks"),
        prevent_initial_call=True,
    )
    def row(n):
        return f"{ctx.triggered_id['k']} {n}"

    app.layout = blueprint.embed(app, prefix="p")
    page = Page(app)
    page.act({'{"i":1,"k":"p-b"}.n_clicks': 2})
    assert page['{"i":1,"k":"p-o"}.children'] == "b 2"


def test_running_hits_the_right_id():
    app, blueprint = DashProxy("app"), DashBlueprint()
    blueprint.callback(
        Output("log", "children"),
        Input("button", "n_clicks"),
        running=[(Output("button", "disabled"), True, False)],
    )(lambda n: n)
    for name in ("left", "right"):
        blueprint.register_callbacks(app, prefix=name)
    assert [entry["running"]["running"] for entry in app._callback_list] == [
        {"left-button.disabled": True},
        {"right-button.disabled": True},
    ]


async def later(n):
    set_props("side", {"title": ctx.triggered_id})
    return html.Div(id="new")


def test_async_callbacks_have_the_authors_view_too():
    app, blueprint = DashProxy("app"), DashBlueprint()
    blueprint.layout = html.Div([html.Button(id="b"), html.Div(id="o"), html.Div(id="side")])
    blueprint.callback(Output("o", "children"), Input("b", "n_clicks"), prevent_initial_call=True)(later)
    app.layout = blueprint.embed(app, prefix="p")
    page = Page(app)
    page.act({"p-b.n_clicks": 1})
    assert page["p-side.title"] == "b"
    assert page["p-o.children"]["props"]["id"] == "p-new"


def test_an_error_handler_has_the_authors_view_too():
    app, blueprint = DashProxy("app"), DashBlueprint()
    blueprint.layout = html.Div([html.Button(id="b"), html.Div(id="o")])

    def handle(error):
        return html.Div(str(error), id=f"failed-{ctx.triggered_id}")

    @blueprint.callback(
        Output("o", "children"), Input("b", "n_clicks"), on_error=handle, prevent_initial_call=True
    )
    def fail(n):
        raise ValueError("no")

    app.layout = blueprint.embed(app, prefix="p")
    page = Page(app)
    page.act({"p-b.n_clicks": 1})
    assert page["p-o.children"]["props"]["id"] == "p-failed-b"


# --- with other transforms ----------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["app", "blueprint"])
def test_a_group_runs_in_one_request_under_each_prefix(where):
    transforms = [TriggerTransform(), GroupTransform()]
    app = DashProxy("app", transforms=transforms if where == "app" else None)
    blueprint = DashBlueprint(transforms=transforms if where == "blueprint" else None)
    blueprint.layout = html.Div([html.Button(id="b"), html.Div(id="one"), html.Div(id="two")])
    names = ["p", "q"]

    @blueprint.callback(Output("one", "children"), Trigger("b", "n_clicks"), group="g")
    def one():
        return ctx.triggered_id

    @blueprint.callback(Output("two", "children"), Input("b", "n_clicks"), group="g")
    def two(n):
        return html.Div(n, id="two-inner")

    app.layout = html.Div([blueprint.embed(app, prefix=name) for name in names])
    page = Page(app)
    for name in names:
        page.requests.clear()
        page.act({f"{name}-b.n_clicks": 3})
        (request,) = page.requests
        assert len(request.body["inputs"]) == 1
        assert page[f"{name}-one.children"] == "b"
        assert page[f"{name}-two.children"]["props"]["id"] == f"{name}-two-inner"


@pytest.mark.parametrize("nested", [False, True])
def test_server_side_values_pass_between_a_blueprints_callbacks(nested):
    app, blueprint = Dash("app"), DashBlueprint(transforms=[ServersideOutputTransform()] if nested else None)
    blueprint.layout = html.Div([html.Button(id="b"), dcc.Store(id="data"), html.Div(id="o")])

    @blueprint.callback(
        enrich.ServersideOutput("data", "data"),
        Output("b", "title"),
        Input("b", "n_clicks"),
        prevent_initial_call=True,
    )
    def query(n):
        return pd.DataFrame({"n": range(n)}), Serverside({"by": n})

    @blueprint.callback(
        Output("o", "children"), Input("data", "data"), State("b", "title"), prevent_initial_call=True
    )
    def show(frame, title):
        return f"{len(frame)} rows by {title['by']}"

    app.layout = html.Div([blueprint.embed(app, prefix=name) for name in ("p", "q")])
    page = Page(app)
    page.act({"q-b.n_clicks": 4})
    assert page["q-o.children"] == "4 rows by 4"
    # The transform of the app leaves alone what that of the blueprint has done.
    (spec,) = (one for one in app._build.program.callbacks if "q-data.data" in map(str, one.output_slots()))
    assert [len(slot.converts) for slot in spec.output_slots()] == [1, 0]


def test_a_plain_app_has_no_store_for_a_blueprint():
    blueprint = DashBlueprint(transforms=[ServersideOutputTransform()])
    with pytest.raises(DeclarationError, match=r"plain dash\.Dash.*Use enrich\.Dash"):
        blueprint.register_callbacks(dash.Dash("plain"))


def test_callbacks_that_only_act_run_under_each_prefix():
    app, blueprint, seen = Dash("app"), DashBlueprint(transforms=[NoOutputTransform()]), []
    blueprint.layout = html.Button(id="b")
    for name in ("first", "second"):
        blueprint.callback(Input("b", "n_clicks"), prevent_initial_call=True)(
            lambda n, name=name: seen.append((name, n))
        )
    app.layout = html.Div([blueprint.embed(app, prefix="p"), blueprint.embed(app, prefix="q")])
    Page(app).act({"q-b.n_clicks": 1})
    assert sorted(seen) == [("first", 1), ("second", 1)]


def test_triggers_go_on_to_the_transforms_of_the_app():
    app, blueprint = DashProxy("app", transforms=[TriggerTransform()]), DashBlueprint()
    blueprint.layout = html.Div([html.Button(id="b"), html.Div(id="o")])
    blueprint.callback(Output("o", "children"), Trigger("b", "n_clicks"), prevent_initial_call=True)(
        lambda: "hit"
    )
    app.layout = blueprint.embed(app, prefix="p")
    page = Page(app)
    page.act({"p-b.n_clicks": 1})
    assert page["p-o.children"] == "hit"


# --- layouts that embed, pages ------------------------------------------------------------------------


@pytest.mark.parametrize("suppress", [False, True])
def test_a_layout_function_embeds_at_each_page_load(suppress):
    app = DashProxy("app", transforms=[GroupTransform()], suppress_callback_exceptions=suppress)

    def layout():
        blueprint = counter(transforms=[PrefixIdTransform("p")])
        blueprint.callback(Output("log", "title"), Input("button", "n_clicks"), group="g")(
            lambda n: f"title {n}"
        )
        return html.Div(blueprint.embed(app))

    app.layout = layout
    for _ in range(3):
        page = Page(app)
        page.act({"p-button.n_clicks": 2})
        assert (page["p-log.children"], page["p-log.title"]) == ("2 clicks", "title 2")
    assert len(app._callback_list) == 2
    assert len(app._build.declared) <= 2


def test_a_blueprint_embedded_while_the_app_serves_is_there_from_then_on():
    app, blueprint = DashProxy("app"), counter()
    app.layout = html.Div([blueprint.embed(app)])
    Page(app)
    blueprint.embed(app, prefix="late")
    assert "late-log.children" in app.callback_map
    grouped = DashBlueprint()
    grouped.callback(Output("x", "children"), Input("y", "value"), group="g")(lambda value: value)
    with pytest.raises(LateDeclarationError):
        grouped.register_callbacks(enrich_served())


def enrich_served():
    app = Dash("served")
    app.layout = html.Div()
    Page(app)
    return app


@pytest.mark.parametrize("make_app", [DashProxy, dash.Dash])
def test_a_blueprint_is_a_page_under_each_path(make_app):
    app = make_app("app", use_pages=True, pages_folder="")
    blueprint = counter()
    blueprint.register(app, "first", prefix="a", path="/first")
    blueprint.register(app, "second", prefix="b", path="/second", title="Second")
    assert dash.page_registry["second"]["title"] == "Second"
    for module, name in (("first", "a"), ("second", "b")):
        layout = dash.page_registry[module]["layout"]()
        assert [child.id for child in layout.children] == [f"{name}-button", f"{name}-log"]
    assert {"a-log.children", "b-log.children"} <= set(app.callback_map)
    assert blueprint.transforms == []


def test_a_page_gets_its_path_variables():
    app, blueprint = DashProxy("app", use_pages=True, pages_folder=""), DashBlueprint()
    blueprint.layout = lambda item=None, **query: html.Div(item, id="item")
    blueprint.register(app, "items", prefix="p", path_template="/items/<item>")
    page = dash.page_registry["items"]["layout"](item="7", q="x")
    assert (page.id, page.children) == ("p-item", "7")


def test_a_page_can_be_registered_without_an_app():
    apps = [DashProxy(name, use_pages=True, pages_folder="") for name in ("one", "two")]
    enrich.register(counter(), "first", prefix="a", path="/first")
    for app in apps:
        assert "a-log.children" in app.callback_map
    assert "a-log.children" not in DashProxy("three", include_global_callbacks=False).callback_map


# --- apps and blueprints -------------------------------------------------------------------------------


def test_a_blueprint_can_be_the_app():
    blueprint = counter(transforms=[TriggerTransform()])
    blueprint.callback(Output("log", "title"), Trigger("button", "n_clicks"), prevent_initial_call=True)(
        lambda: "hit"
    )
    app = DashProxy("app", blueprint=blueprint)
    app.callback(Output("button", "title"), Input("button", "n_clicks"), prevent_initial_call=True)(
        lambda n: "own"
    )
    assert app.blueprint is blueprint
    page = Page(app)
    page.act({"button.n_clicks": 1})
    assert (page["log.children"], page["log.title"], page["button.title"]) == ("1 clicks", "hit", "own")


def test_a_blueprint_that_is_the_app_can_get_its_layout_later():
    blueprint = DashBlueprint()
    app = DashProxy("app", blueprint=blueprint)
    blueprint.layout = html.Div(id="late")
    assert Page(app)["late.id"] == "late"


def test_an_app_can_have_a_prefix_given_later():
    app = DashProxy("app")
    app.layout = html.Div([html.Button(id="b"), html.Div(id="o")])
    app.callback(Output("o", "children"), Input("b", "n_clicks"), prevent_initial_call=True)(lambda n: n)
    app.blueprint.transforms.append(PrefixIdTransform("stuff"))
    page = Page(app)
    page.act({"stuff-b.n_clicks": 2})
    assert page["stuff-o.children"] == 2


def test_an_app_can_be_embedded_in_another_one():
    inner = DashProxy("inner", transforms=[PrefixIdTransform("inner")])
    inner.layout = html.Div([html.Button(id="b"), html.Div(id="o")])
    inner.callback(Output("o", "children"), Input("b", "n_clicks"), prevent_initial_call=True)(lambda n: n)
    outer = DashProxy("outer")
    inner.blueprint.register_callbacks(outer)
    outer.layout = html.Div(inner._layout_value())
    page = Page(outer)
    page.act({"inner-b.n_clicks": 2})
    assert page["inner-o.children"] == 2


@both
def test_another_app_serves_the_layout_and_the_callbacks_of_this_one(make_app):
    app = DashProxy("app", transforms=[TriggerTransform()], title="Ours", external_stylesheets=["style.css"])
    app.layout = html.Div([html.Button(id="b"), html.Div(id="o")])
    app.callback(Output("o", "children"), Trigger("b", "n_clicks"), prevent_initial_call=True)(lambda: "hit")
    target = make_app()
    app.hijack(target)
    page = Page(target)
    page.act({"b.n_clicks": 1})
    assert page["o.children"] == "hit"
    assert target.title == "Ours"


@both
def test_another_app_serves_server_side_values_too(make_app):
    app = Dash("app", prevent_initial_callbacks=True, transforms=[PrefixIdTransform("p")])
    app.layout = html.Div([html.Button(id="b"), dcc.Store(id="data"), html.Div(id="o")])
    app.callback(enrich.ServersideOutput("data", "data"), Input("b", "n_clicks"))(
        lambda n: pd.DataFrame({"n": [n]})
    )
    app.callback(Output("o", "children"), Input("data", "data"))(lambda frame: f"n is {frame['n'][0]}")
    target = make_app() if make_app is plain else Dash("target")
    target.callback(Output("p-o", "title"), Input("p-b", "n_clicks"))(lambda n: "the target's own")
    app.hijack(target)
    page = Page(target)
    page.act({"p-b.n_clicks": 5})
    assert page["p-o.children"] == "n is 5"
    assert page["p-o.title"] == "the target's own"


def test_dynamic_prefix_and_what_is_returned_get_along():
    app = DashProxy("app")
    blueprint = counter(transforms=[PrefixIdTransform("p")])

    @blueprint.callback(Output("button", "title"), Input("button", "n_clicks"), prevent_initial_call=True)
    def show(n):
        made = html.Div(id="log")
        dynamic_prefix(blueprint, made)
        return made

    app.layout = blueprint.embed(app)
    page = Page(app)
    page.act({"p-button.n_clicks": 1})
    assert page["p-button.title"]["props"]["id"] == "p-log"


def test_a_websocket_gets_the_pages_ids():
    sent = []
    socket = SimpleNamespace(set_prop_sync=lambda *message: sent.append(message))
    (change,) = PrefixIdTransform("p").apply(Program()).layout_maps
    bracket = change.__self__.author_view
    whole = dash._utils.AttributeDict(updated_props={}, dash_websocket=socket)
    with dash_internals.use_context(whole), bracket():
        view = dash_internals.context()
        view["dash_websocket"].set_prop_sync("x", "children", html.Div(id="y"))
    assert [(name, prop, value.id) for name, prop, value in sent] == [("p-x", "children", "p-y")]


def test_the_callbacks_of_a_blueprint_can_be_read():
    blueprint = counter()
    assert [str(slot) for one in blueprint.callbacks for slot in one.output_slots()] == ["log.children"]
    assert json.dumps([one.func_name for one in blueprint.callbacks]) == '["count"]'


def test_a_background_job_knows_the_place_it_runs_for(tmp_path):
    import diskcache

    blueprint = DashBlueprint()

    @blueprint.callback(
        Output("o", "children"),
        Input("b", "n_clicks"),
        background=True,
        manager=dash.DiskcacheManager(diskcache.Cache(str(tmp_path))),
    )
    def work(n):
        return html.Div(n, id=f"by-{ctx.triggered_id}")

    app = DashProxy("app")
    for name in ("left", "right"):
        blueprint.register_callbacks(app, prefix=name)
    (spec,) = blueprint.callbacks
    assert spec.job.owner is not None
    for name in ("left", "right"):
        own = {"id": f"{name}-b", "property": "n_clicks", "value": 1}
        whole = dash._utils.AttributeDict(
            outputs_list={"id": f"{name}-o", "property": "children"},
            inputs_list=[own],
            triggered_inputs=[{"prop_id": f"{name}-b.n_clicks", "value": 1}],
            updated_props={},
        )
        with dash_internals.use_context(whole):
            assert spec.job.run(1).id == f"{name}-by-b"


@pytest.mark.parametrize("declare", ["blueprint", "globally"])
def test_a_worker_that_only_imports_the_module_has_the_job_as_the_app_has_it(tmp_path, declare):
    import diskcache

    app = DashProxy("app", use_pages=True, pages_folder="", transforms=[LogTransform(try_use_mantine=False)])
    # Other tests' apps may not be collected yet.
    global_callbacks.apps.clear()
    global_callbacks.apps.add(app._build)
    blueprint = DashBlueprint()
    options = {
        "background": True,
        "manager": dash.DiskcacheManager(diskcache.Cache(str(tmp_path))),
        "log": True,
    }
    register = blueprint.callback if declare == "blueprint" else enrich.callback

    @register(Output("o", "children"), Input("b", "n_clicks"), **options)
    def work(n, dash_logger):
        dash_logger.info("works")
        return n

    if declare == "blueprint":
        enrich.register(blueprint, "page", prefix="p", path="/")
        (spec,) = blueprint.callbacks
    else:
        spec = next(entry for _, entry in global_callbacks.declared)
    name = "p-" if declare == "blueprint" else ""
    whole = dash._utils.AttributeDict(
        outputs_list={"id": f"{name}o", "property": "children"},
        inputs_list=[{"id": f"{name}b", "property": "n_clicks", "value": 1}],
        triggered_inputs=[],
        updated_props={},
    )
    assert not app._build._emitted
    with dash_internals.use_context(whole):
        assert spec.job.run(1) == 1
    assert list(whole["updated_props"]) == ["log"]


def test_the_same_prefix_may_be_given_at_each_level():
    class Part:
        def __init__(self, content=None):
            self.blueprint = DashBlueprint(transforms=[PrefixIdTransform(prefix="0")])
            inner = [] if content is None else [content.blueprint.embed(self.blueprint)]
            self.blueprint.layout = html.Div(inner)

    inmost = Part()
    inmost.blueprint.layout = html.Div(
        [html.Button(id={"type": "button", "index": 0}), html.Div(id={"type": "text", "index": 0})]
    )
    inmost.blueprint.callback(
        [Input({"type": "button", "index": ALL}, "n_clicks")],
        [Output({"type": "text", "index": ALL}, "children")],
        prevent_initial_call=True,
    )(lambda clicks: [f"{clicks[0]} by {ctx.triggered_id['type']}"])
    app = DashProxy("app")
    app.layout = html.Div([Part(Part(inmost)).blueprint.embed(app)])
    page = Page(app)
    page.act({'{"index":0,"type":"0-0-0-button"}.n_clicks': 3})
    assert page['{"index":0,"type":"0-0-0-text"}.children'] == "3 by button"


@both
def test_values_can_be_appended_to_a_property_one_by_one(make_app):
    from enrich.logging import set_props as set_or_append

    app, blueprint = make_app(), counter()

    @blueprint.callback(Output("log", "title"), Input("button", "n_clicks"), prevent_initial_call=True)
    def act(n):
        set_or_append("button", {"title": "set"})
        for line in ("one", "two"):
            set_or_append("log", {"children": html.P(line)}, append=True)
        return "done"

    app.layout = html.Div(blueprint.embed(app, prefix="p"))
    page = Page(app)
    page.act({"p-button.n_clicks": 1})
    updates = page.requests[-1].answer["sideUpdate"]
    assert updates["p-button"] == {"title": "set"}
    assert [line["props"]["children"] for line in updates["p-log"]["children"]] == ["one", "two"]

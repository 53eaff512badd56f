"""Multiplexer: one output in several callbacks, and none of them lost."""

from __future__ import annotations

from typing import Any

import dash
import pytest
from dash.exceptions import PreventUpdate
from pages import CLICK, layout, pattern, snapshot

import enrich
from enrich import ALL, MATCH, Dash, DashProxy, Input, MultiplexerTransform, Output, State, Trigger, no_update
from enrich.page import Page


@pytest.fixture(params=["Dash", "DashProxy"])
def app(request: pytest.FixtureRequest) -> Any:
    made = Dash("app") if request.param == "Dash" else DashProxy("app", transforms=[MultiplexerTransform()])
    made.layout = layout()
    return made


def rows(page: Page, kind: str = "out") -> list[str]:
    return [page[f'{{"kind":"{kind}","row":{row}}}.title'] for row in range(3)]


def test_two_callbacks_write_one_output(app: Any, callback: Any, kind: Any):
    callback(Output("x", "title"), Input("a", "n_clicks"))(kind(lambda n: f"a{n}"))
    callback(Output("x", "title"), Input("b", "n_clicks"))(kind(lambda n: f"b{n}"))
    page = Page(app)
    page.act(CLICK)
    assert page["x.title"] == "a1"
    page.act({"b.n_clicks": 4})
    assert page["x.title"] == "b4"


@pytest.mark.parametrize("level", [False, True, "initial_duplicate"])
@pytest.mark.parametrize("own", [None, False, True, "initial_duplicate"])
def test_every_prevent_initial_call_goes_with_a_shared_output(level: Any, own: Any):
    app = Dash("app", prevent_initial_callbacks=level)
    app.layout = layout()
    keyword = {} if own is None else {"prevent_initial_call": own}
    for name in "abc":
        app.callback(Output("x", "title"), Input(name, "n_clicks"), **keyword)(
            lambda n, name=name: f"{name}{n}"
        )
    page = Page(app)
    prevented = (level if own is None else own) is True
    assert len(page.requests) == (0 if prevented else 3)
    page.act({"b.n_clicks": 2})
    assert page["x.title"] == "b2"


def test_the_first_keeps_its_plain_id(app: Any):
    app.callback(Output("x", "title"), Input("a", "n_clicks"))(lambda n: "a")
    app.callback(Output("x", "title"), Input("b", "n_clicks"))(lambda n: "b")
    first, second = [entry["output"] for entry in Page(app).callbacks]
    assert first == "x.title"
    assert second.startswith("x.title@")


def test_nothing_changes_where_nothing_is_shared():
    ids = []
    for kind in (dash.Dash, Dash):
        app = kind("app")
        app.layout = layout()
        app.callback(Output("x", "title"), Output("y", "title"), Input("a", "n_clicks"))(lambda n: ("1", "2"))
        app.callback(Output(pattern("out", MATCH), "title"), Input(pattern("in", MATCH), "n_clicks"))(
            lambda n: "1"
        )
        ids.append(Page(app).callbacks)
    assert ids[0] == ids[1]


def test_one_of_several_outputs_is_shared(app: Any, callback: Any, kind: Any):
    callback(Output("x", "title"), Output("y", "title"), Input("a", "n_clicks"))(kind(lambda n: ("xa", "ya")))
    callback(Output("y", "title"), Output("z", "title"), Input("b", "n_clicks"))(kind(lambda n: ("yb", "zb")))
    page = Page(app)
    page.act(CLICK)
    assert (page["x.title"], page["y.title"]) == ("xa", "ya")
    page.act({"b.n_clicks": 1})
    assert (page["x.title"], page["y.title"], page["z.title"]) == ("xa", "yb", "zb")


def test_dict_outputs_are_shared(app: Any, callback: Any, kind: Any):
    callback(output={"o": Output("x", "title")}, inputs={"n": Input("a", "n_clicks")})(
        kind(lambda n: {"o": f"a{n}"})
    )
    callback(output={"q": [Output("x", "title")]}, inputs={"n": Input("b", "n_clicks")})(
        kind(lambda n: {"q": [f"b{n}"]})
    )
    page = Page(app)
    page.act({"b.n_clicks": 3})
    assert page["x.title"] == "b3"
    page.act(CLICK)
    assert page["x.title"] == "a1"


def test_a_wildcard_and_a_concrete_id_overlap(app: Any, callback: Any, kind: Any):
    callback(Output(pattern("out", ALL), "title"), Input("a", "n_clicks"), prevent_initial_call=True)(
        kind(lambda n: ["all", "all", "all"])
    )
    callback(Output(pattern("out", 1), "title"), Input("b", "n_clicks"), prevent_initial_call=True)(
        kind(lambda n: "one")
    )
    assert any("@" in entry["output"] for entry in Page(app).callbacks)
    page = Page(app)
    page.act(CLICK)
    page.act({"b.n_clicks": 1})
    assert rows(page) == ["all", "one", "all"]


def test_match_and_all_overlap(app: Any, callback: Any, kind: Any):
    callback(
        Output(pattern("out", MATCH), "title"),
        Input(pattern("in", MATCH), "n_clicks"),
        prevent_initial_call=True,
    )(kind(lambda n: f"match{n}"))
    callback(Output(pattern("out", ALL), "title"), Input("a", "n_clicks"), prevent_initial_call=True)(
        kind(lambda n: ["all", "all", "all"])
    )
    page = Page(app)
    page.act(CLICK)
    page.act({'{"kind":"in","row":2}.n_clicks': 1})
    assert rows(page) == ["all", "all", "match1"]


def test_same_outputs_and_inputs_all_run_in_order_and_the_last_value_wins(app: Any, callback: Any, kind: Any):
    ran: list[str] = []

    def writer(name: str, value: Any) -> Any:
        return kind(lambda n: ran.append(name) or value)

    callback(Output("x", "title"), Output("y", "title"), Input("a", "n_clicks"))(writer("one", ("1", "1")))
    callback(Output("x", "title"), Output("y", "title"), Input("a", "n_clicks"))(
        writer("two", ("2", no_update))
    )
    callback(Output("x", "title"), Output("y", "title"), Input("a", "n_clicks"))(
        writer("three", (no_update, no_update))
    )
    page = Page(app)
    assert ran == ["one", "two", "three"]
    page.act(CLICK)
    assert ran == ["one", "two", "three"] * 2
    assert (page["x.title"], page["y.title"]) == ("2", "1")
    assert len(page.requests) == 2


def test_twins_with_states_of_their_own(app: Any, callback: Any, kind: Any):
    callback(Output("x", "title"), Input("a", "n_clicks"), State("b", "title"))(kind(lambda n, s: f"one {s}"))
    callback(Output("x", "title"), Input("a", "n_clicks"), State("c", "title"))(
        kind(lambda n, s: no_update if n < 2 else f"two {s}")
    )
    page = Page(app)
    page.act(CLICK)
    assert page["x.title"] == "one title of b"
    page.act({"a.n_clicks": 2})
    assert page["x.title"] == "two title of c"


def test_twins_in_other_shapes_and_orders(app: Any, kind: Any):
    app.callback(Output("x", "title"), Output("y", "title"), Input("a", "n_clicks"), Input("b", "n_clicks"))(
        kind(lambda a, b: (f"x {a}{b}", "y"))
    )
    app.callback(
        output={"y": Output("y", "title"), "x": Output("x", "title")},
        inputs={"b": Input("b", "n_clicks"), "a": Input("a", "n_clicks")},
    )(kind(lambda a, b: {"y": f"dict {a}{b}", "x": no_update}))
    page = Page(app)
    page.act(CLICK)
    assert (page["x.title"], page["y.title"]) == ("x 10", "dict 10")


def test_twins_with_match(app: Any, kind: Any):
    for name in ("one", "two"):
        app.callback(
            Output(pattern("out", MATCH), "title"),
            Input(pattern("in", MATCH), "n_clicks"),
            prevent_initial_call=True,
        )(kind(lambda n, name=name: f"{name} {n}"))
    page = Page(app)
    page.act({'{"kind":"in","row":1}.n_clicks': 3})
    assert rows(page) == ["out0", "two 3", "out2"]


def test_only_the_twin_that_wants_page_load_runs_then(app: Any, kind: Any):
    ran: list[str] = []
    app.callback(Output("x", "title"), Input("a", "n_clicks"), prevent_initial_call=True)(
        kind(lambda n: ran.append("quiet") or "quiet")
    )
    app.callback(Output("x", "title"), Input("a", "n_clicks"))(kind(lambda n: ran.append("asked") or "asked"))
    page = Page(app)
    assert (ran, page["x.title"]) == (["asked"], "asked")
    page.act(CLICK)
    assert ran == ["asked", "quiet", "asked"]


def test_priority_orders_twins(app: Any, kind: Any):
    ran: list[int] = []
    for priority in (3, 1, 2):
        app.callback(
            Output("x", "title"), Input("a", "n_clicks"), priority=priority, prevent_initial_call=True
        )(kind(lambda n, priority=priority: ran.append(priority) or f"{priority}"))
    page = Page(app)
    page.act(CLICK)
    assert (ran, page["x.title"]) == ([1, 2, 3], "3")


def test_prevent_update_of_one_twin_leaves_the_other(app: Any, kind: Any):
    def refuse(n: int) -> str:
        raise PreventUpdate

    app.callback(Output("x", "title"), Input("a", "n_clicks"))(kind(lambda n: "one"))
    app.callback(Output("x", "title"), Input("a", "n_clicks"))(kind(refuse))
    page = Page(app)
    page.act(CLICK)
    assert page["x.title"] == "one"


def test_a_twin_sees_its_own_ctx(app: Any):
    seen: list[Any] = []

    def look(n: Any, s: Any = None) -> str:
        seen.append(snapshot())
        return "v"

    plain = dash.Dash("plain", prevent_initial_callbacks=True)
    plain.layout = layout()
    plain.callback(Output("x", "title"), Input("a", "n_clicks"), State("b", "title"))(look)
    Page(plain).act(CLICK)
    for _ in range(2):
        app.callback(
            Output("x", "title"), Input("a", "n_clicks"), State("b", "title"), prevent_initial_call=True
        )(look)
    Page(app).act(CLICK)
    assert seen[1] == seen[0]
    assert seen[2] == seen[0]


def test_a_clientside_and_a_server_side_callback_share_an_output(app: Any):
    app.clientside_callback("(n) => `js ${n}`", Output("x", "title"), Input("a", "n_clicks"))
    app.callback(Output("x", "title"), Input("b", "n_clicks"))(lambda n: f"b{n}")
    page = Page(app)
    outputs = [entry["output"] for entry in page.callbacks]
    assert len(set(outputs)) == 2
    page.act({"b.n_clicks": 4})
    assert page["x.title"] == "b4"


def test_a_clientside_and_a_server_side_twin_are_both_registered(app: Any):
    app.clientside_callback(
        "(n) => `js ${n}`", Output("x", "title"), Input("a", "n_clicks"), prevent_initial_call=True
    )
    app.callback(Output("x", "title"), Input("a", "n_clicks"), prevent_initial_call=True)(
        lambda n: f"python {n}"
    )
    page = Page(app)
    assert len({entry["output"] for entry in page.callbacks}) == 2
    assert sum(entry["clientside_function"] is not None for entry in page.callbacks) == 1
    page.act(CLICK)
    assert page["x.title"] == "python 1"


def test_two_clientside_twins_are_both_registered(app: Any):
    for word in ("one", "two"):
        app.clientside_callback(
            f"(n) => '{word}'", Output("x", "title"), Input("a", "n_clicks"), prevent_initial_call=True
        )
    page = Page(app)
    assert len({entry["output"] for entry in page.callbacks}) == 2
    assert len({str(entry["clientside_function"]) for entry in page.callbacks}) == 2


def test_an_explicit_allow_duplicate_stays(app: Any):
    app.callback(
        Output("x", "title", allow_duplicate=True), Input("a", "n_clicks"), prevent_initial_call=True
    )(lambda n: "a")
    app.callback(Output("x", "title"), Input("b", "n_clicks"))(lambda n: "b")
    page = Page(app)
    page.act(CLICK)
    assert page["x.title"] == "a"


def test_explicit_duplicates_with_the_same_inputs_all_run(app: Any, kind: Any):
    ran: list[str] = []
    for name in ("one", "two"):
        app.callback(
            Output("x", "title", allow_duplicate=True), Input("a", "n_clicks"), prevent_initial_call=True
        )(kind(lambda n, name=name: ran.append(name) or name))
    page = Page(app)
    page.act(CLICK)
    assert (ran, page["x.title"]) == (["one", "two"], "two")


def test_old_settings_give_one_warning_and_do_nothing():
    with pytest.warns(UserWarning, match="proxy_location") as caught:
        app = DashProxy(
            "app", transforms=[MultiplexerTransform(proxy_location="x", proxy_wrapper_map={"a": 1})]
        )
    assert len(caught) == 1
    app.layout = layout()
    test_two_callbacks_write_one_output(app, app.callback, lambda func: func)


def test_groups_that_share_an_output_with_each_other(app: Any):
    if not isinstance(app, Dash):
        pytest.skip("needs the group transform")
    for group, trigger in (("one", "a"), ("two", "b")):
        app.callback(Output("x", "title"), Trigger(trigger, "n_clicks"), group=group)(
            lambda group=group: group
        )
        app.callback(Output("y", "title"), Trigger(trigger, "n_clicks"), group=group)(
            lambda group=group: group
        )
    page = Page(app)
    page.act(CLICK)
    assert (page["x.title"], page["y.title"]) == ("one", "one")
    page.act({"b.n_clicks": 1})
    assert (page["x.title"], page["y.title"]) == ("two", "two")


def test_three_hundred_callbacks_share_an_output(app: Any):
    for number in range(300):
        app.callback(Output("x", "title"), Input(f"button{number}", "n_clicks"), prevent_initial_call=True)(
            lambda n, number=number: f"{number}"
        )
    app.layout = dash.html.Div([layout(), *[dash.html.Button(id=f"button{number}") for number in range(300)]])
    page = Page(app)
    page.act({"button211.n_clicks": 1})
    assert page["x.title"] == "211"


# --- twins that can't be joined are refused or kept apart, never lost ----------------------------------


def test_background_twins_are_both_registered(app: Any):
    for _ in range(2):
        app.callback(Output("x", "title"), Input("a", "n_clicks"), background=True)(lambda n: "ran")
    assert len(app.callback_map) == 2


def test_without_the_transform_twins_are_refused_with_both_places():
    app = DashProxy("app")
    for _ in range(2):
        app.callback(Output("x", "title"), Input("a", "n_clicks"))(lambda n: "ran")
    with pytest.raises(enrich.DeclarationError) as refused:
        app.callback_map
    assert str(refused.value).count("test_multiplexer.py:") == 2
    assert "MultiplexerTransform" in str(refused.value)


def test_ids_that_python_takes_for_equal_and_the_browser_does_not_are_two(app: Any):
    """True == 1 in Python; in the browser they are two ids."""
    app.layout = dash.html.Div(
        [dash.html.Div(id={"i": value}, title="old") for value in (True, 1)]
        + [dash.html.Div(id="a", n_clicks=0)]
    )
    for value in (True, 1):
        app.callback(Output({"i": value}, "title"), Input("a", "n_clicks"), prevent_initial_call=True)(
            lambda n, value=value: f"{value}"
        )
    page = Page(app)
    page.act(CLICK)
    assert page['{"i":true}.title'] == "True"
    assert page['{"i":1}.title'] == "1"


def test_patterns_with_dots_and_quotes_in_their_values_are_shared(app: Any, kind: Any):
    odd = {"i": 'a.b "c" ...d'}
    app.layout = dash.html.Div(
        [dash.html.Div(id=odd, title="old"), *[dash.html.Div(id=i, n_clicks=0) for i in "ab"]]
    )
    for name in "ab":
        app.callback(Output(odd, "title"), Input(name, "n_clicks"), prevent_initial_call=True)(
            kind(lambda n, name=name: name)
        )
    app.clientside_callback(
        "(n) => 'js'", Output(odd, "title"), Input("a", "n_clicks"), prevent_initial_call=True
    )
    page = Page(app)
    assert len({entry["output"] for entry in page.callbacks}) == 3
    (component,) = [name for name in page.props if name.startswith("{")]
    for name in "ba":
        page.act({f"{name}.n_clicks": 1})
        assert page[f"{component}.title"] == name

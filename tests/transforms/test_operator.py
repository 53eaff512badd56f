import json

import pytest
from dash import ALL, MATCH, Input, Output, ctx, no_update
from specs import apply, call, seen_by_user, spec

from enrich import Dash, DashBlueprint, Operator, OperatorOutput, PrefixIdTransform, dcc, html
from enrich.errors import EnrichError
from enrich.page import CallbackFailed, Page
from enrich.transforms import OperatorTransform


def steps(operator):
    return [
        (s["operation"], s["location"], s["params"]) for s in operator.apply().to_plotly_json()["operations"]
    ]


@pytest.mark.parametrize(
    ("build", "expected"),
    [
        (lambda o: o["a"].list.append(1), ("Append", ["a"], {"value": 1})),
        (lambda o: o["a"][0].list.extend(iter([1, 2])), ("Extend", ["a", 0], {"value": [1, 2]})),
        (lambda o: o.list.insert(1, "x"), ("Insert", [], {"value": "x", "index": 1})),
        (lambda o: o.list.remove("x"), ("Remove", [], {"value": "x"})),
        (lambda o: o.list.pop(2), ("Delete", [2], {})),
        (lambda o: o.list.clear(), ("Clear", [], {})),
        (lambda o: o.list.reverse(), ("Reverse", [], {})),
        (lambda o: o["a"].dict.set("k", 1), ("Assign", ["a", "k"], {"value": 1})),
        (lambda o: o.dict.pop("k"), ("Delete", ["k"], {})),
        (lambda o: o["a"].dict.update({"k": 1}), ("Merge", ["a"], {"value": {"k": 1}})),
        (lambda o: o.dict.clear(), ("Clear", [], {})),
        (lambda o: o["a"]["b"].assign(1), ("Assign", ["a", "b"], {"value": 1})),
    ],
)
def test_each_word_becomes_a_step_of_a_patch(build, expected):
    assert steps(build(Operator())) == [expected]


def test_steps_follow_each_other_from_the_top():
    operator = Operator()["a"].list.append(1)["b"].dict.set("k", 2)
    assert [location for _, location, _ in steps(operator)] == [["a"], ["b", "k"]]


def test_item_assignment_is_a_step():
    operator = Operator()
    operator["a"]["b"] = 3
    assert steps(operator) == [("Assign", ["a", "b"], {"value": 3})]


def test_what_is_given_stays_as_it_is():
    given = {"k": 1}
    Operator().dict.update(given)
    assert given == {"k": 1}


def test_what_a_patch_cannot_do_is_refused_with_the_mend():
    with pytest.raises(EnrichError, match="Return the value itself"):
        Operator().assign(1)


def test_an_output_takes_an_operator_or_a_plain_value():
    after = apply(OperatorTransform(), spec(OperatorOutput("o", "p"), Input("x", "v"), func=lambda v: v))
    assert call(after, 5) == 5
    assert "__dash_patch_update" in json.dumps(call(after, Operator().list.append(1)).to_plotly_json())


def sorts(n):
    return Operator().list.append(n).list.sort()


def test_the_page_sends_its_value_only_where_the_code_says_sort():
    first, second = apply(
        OperatorTransform(),
        spec(OperatorOutput("o", "p"), Input("x", "v"), func=sorts),
        spec(OperatorOutput("o", "p"), Input("y", "v"), func=lambda n: Operator().list.append(n)),
    )
    assert [str(slot) for slot in first.input_slots()] == ["x.v", "o.p"]
    assert seen_by_user(first) == "x.v"
    assert [str(slot) for slot in second.input_slots()] == ["y.v"]


def app_with(*callbacks, held, output=None):
    app = Dash("operator", prevent_initial_callbacks=True)
    buttons = [html.Button(id=f"b{i}") for i in range(len(callbacks))]
    app.layout = html.Div([*buttons, dcc.Store(id="s", data=held)])
    for i, callback in enumerate(callbacks):
        app.callback(output or OperatorOutput("s", "data"), Input(f"b{i}", "n_clicks"))(callback)
    return app


@pytest.mark.parametrize(
    ("build", "held", "expected"),
    [
        (lambda n: Operator().list.sort().apply(), [2, 10, 1], [1, 2, 10]),
        (lambda n: Operator().list.sort(reverse=True), [2, 10, 1], [10, 2, 1]),
        (lambda n: Operator().list.sort(key=lambda d: d["k"]), [{"k": 2}, {"k": 1}], [{"k": 1}, {"k": 2}]),
        (lambda n: Operator().list.sort(), ["b", None, 2, {"a": 1}, 1.5], [1.5, 2, "b", {"a": 1}, None]),
        (lambda n: Operator()["a"]["b"].list.sort(), {"a": {"b": [2, 1]}}, {"a": {"b": [1, 2]}}),
        (lambda n: Operator().list.append(n).list.sort().list.reverse(), [2, 0], [2, 1, 0]),
        (lambda n: Operator().list.sort().list.remove(1).list.extend("a").list.pop(0), [2, 1, 0], [2, "a"]),
        (
            lambda n: Operator()["k"].list.sort()["d"].dict.set("x", n).dict.pop("e"),
            {"k": [2, 1], "d": {}, "e": 0},
            {"k": [1, 2], "d": {"x": 1}},
        ),
    ],
)
def test_sorting_is_done_on_what_the_page_holds(build, held, expected):
    page = Page(app_with(build, held=held))
    page.act({"b0.n_clicks": 1})
    assert page["s.data"] == expected


@pytest.mark.parametrize(
    ("build", "held", "expected"),
    [
        (lambda n: Operator().list.reset(), None, []),
        (lambda n: Operator().dict.reset().dict.set("k", n), [1], {"k": 1}),
        (lambda n: Operator().list.append(9).list.reset().list.extend([2, 1]).list.sort(), [3], [1, 2]),
        (lambda n: Operator()["a"].list.reset(), {"a": {"b": 1}, "c": 2}, {"a": [], "c": 2}),
    ],
)
def test_a_reset_forgets_what_the_page_holds(build, held, expected):
    page = Page(app_with(build, held=held))
    page.act({"b0.n_clicks": 1})
    assert page["s.data"] == expected
    assert page.requests[-1].body["state"] == [] or "sort" in str(build.__code__.co_names)


def test_one_that_is_changed_in_place_is_sorted_too():
    def add(n):
        operator = Operator()
        operator.list.append(n)
        operator.list.sort()
        return operator

    page = Page(app_with(add, held=[5, 3]))
    page.act({"b0.n_clicks": 4})
    assert page["s.data"] == [3, 4, 5]


def test_an_async_function_may_sort():
    async def add(n):
        return sorts(n).list.sort()

    page = Page(app_with(add, held=[5, 3]))
    page.act({"b0.n_clicks": 4})
    assert page["s.data"] == [3, 4, 5]


def test_sorting_callbacks_share_an_output_with_others():
    page = Page(
        app_with(
            lambda n: Operator().list.append(n),
            lambda n: Operator().list.sort(),
            lambda n: Operator().list.reverse(),
            held=[3],
        )
    )
    page.act({"b0.n_clicks": 1})
    page.act({"b0.n_clicks": 2})
    page.act({"b1.n_clicks": 1})
    assert page["s.data"] == [1, 2, 3]
    page.act({"b2.n_clicks": 1})
    assert page["s.data"] == [3, 2, 1]


def test_ctx_does_not_show_the_value_that_the_page_sends_for_sorting():
    seen = []

    def sort(n):
        seen.append((ctx.states_list, ctx.inputs, ctx.triggered_id))
        return Operator().list.sort()

    Page(app_with(sort, held=[2, 1])).act({"b0.n_clicks": 1})
    assert seen == [([], {"b0.n_clicks": 1}, "b0")]


def test_each_row_is_sorted_with_all_and_with_match():
    app = Dash("rows", prevent_initial_callbacks=True)
    rows = [dcc.Store(id={"k": "s", "i": i}, data=[2, i, 1]) for i in (3, 0)]
    buttons = [html.Button(id={"k": "b", "i": i}) for i in (3, 0)]
    app.layout = html.Div([*rows, *buttons, html.Button(id="all")])

    @app.callback(OperatorOutput({"k": "s", "i": MATCH}, "data"), Input({"k": "b", "i": MATCH}, "n_clicks"))
    def one(n):
        return Operator().list.sort()

    @app.callback(OperatorOutput({"k": "s", "i": ALL}, "data"), Input("all", "n_clicks"))
    def every(n):
        return [Operator().list.append(n).list.sort(reverse=True), no_update]

    page = Page(app)
    page.act({'{"i":0,"k":"b"}.n_clicks': 1})
    assert [page[f'{{"i":{i},"k":"s"}}.data'] for i in (3, 0)] == [[2, 3, 1], [0, 1, 2]]
    page.act({"all.n_clicks": 1})
    assert [page[f'{{"i":{i},"k":"s"}}.data'] for i in (3, 0)] == [[3, 2, 1, 1], [0, 1, 2]]


def test_sorting_works_in_a_group_beside_other_outputs():
    app = Dash("grouped", prevent_initial_callbacks=True)
    app.layout = html.Div([html.Button(id="b"), dcc.Store(id="s", data=[2, 1]), html.Div(id="log")])

    @app.callback(OperatorOutput("s", "data"), Input("b", "n_clicks"), group="g")
    def sort(n):
        return Operator().list.sort()

    @app.callback(Output("log", "children"), Input("b", "n_clicks"), group="g")
    def log(n):
        return f"{n} {ctx.states_list}"

    page = Page(app)
    page.act({"b.n_clicks": 1})
    assert (page["s.data"], page["log.children"]) == ([1, 2], "1 []")


def test_callbacks_with_the_same_output_and_input_sort_too():
    app = Dash("twins", prevent_initial_callbacks=True)
    app.layout = html.Div([html.Button(id="b"), dcc.Store(id="s", data=[2, 1])])
    app.callback(OperatorOutput("s", "data"), Input("b", "n_clicks"))(lambda n: no_update)
    app.callback(OperatorOutput("s", "data"), Input("b", "n_clicks"))(lambda n: Operator().list.sort())
    page = Page(app)
    page.act({"b.n_clicks": 1})
    assert page["s.data"] == [1, 2]


def test_sorting_works_in_a_blueprint_with_a_prefix():
    part = DashBlueprint(transforms=[PrefixIdTransform("p")])
    part.layout = html.Div([html.Button(id="b"), dcc.Store(id="s", data=[2, 1])])

    @part.callback(OperatorOutput("s", "data"), Input("b", "n_clicks"))
    def sort(n):
        return Operator().list.append(n).list.sort()

    app = Dash("whole", prevent_initial_callbacks=True)
    app.layout = html.Div(part.embed(app))
    page = Page(app)
    page.act({"p-b.n_clicks": 0})
    assert page["p-s.data"] == [0, 1, 2]


def helper(operator):
    return operator.list.sort()


@pytest.mark.parametrize(
    ("callback", "held", "message"),
    [
        (
            lambda n: helper(Operator()),
            [1],
            r"test_operator\.py:\d+\), output s\.data: .* in the callback itself",
        ),
        (lambda n: Operator().list.sort(), {"a": 1}, r"sort at the top can't .* \{'a': 1\}.*State"),
        (lambda n: Operator()["x"].list.sort(), {}, r"sort at \['x'\] can't"),
        (lambda n: Operator().list.sort(key=lambda v: v), [1, "a"], r"not supported between"),
    ],
)
def test_a_sort_that_can_not_be_carried_out_says_where_and_what_to_do(callback, held, message):
    with pytest.raises(CallbackFailed, match=message):
        Page(app_with(callback, held=held)).act({"b0.n_clicks": 1})


def test_a_sort_for_a_plain_output_says_which_output_it_needs():
    app = app_with(lambda n: Operator().list.sort(), held=[1], output=Output("s", "data"))
    with pytest.raises(CallbackFailed, match="OperatorOutput"):
        Page(app).act({"b0.n_clicks": 1})


def test_several_callbacks_may_share_the_output():
    first, second = apply(
        OperatorTransform(),
        spec(OperatorOutput("o", "p"), Input("x", "v")),
        spec(OperatorOutput("o", "p"), Input("y", "v")),
    )
    assert [s.allow_duplicate for s in (*first.output_slots(), *second.output_slots())] == [False, True]


def test_a_program_without_one_is_left_alone():
    before = spec(Output("o", "p"), Input("x", "v"))
    assert apply(OperatorTransform(), before) is before


def test_an_app_sends_it_as_a_patch():
    app = Dash("operator")
    app.layout = html.Div([html.Button(id="b"), html.Div([], id="log")])

    @app.callback(OperatorOutput("log", "children"), Input("b", "n_clicks"), prevent_initial_call=True)
    def add(n):
        return Operator().list.append(f"click {n}")

    page = Page(app)
    page.act({"b.n_clicks": 1})
    assert page.requests[-1].answer["response"]["log"]["children"]["operations"] == [
        {"operation": "Append", "location": [], "params": {"value": "click 1"}}
    ]

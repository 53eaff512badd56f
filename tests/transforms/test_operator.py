import json

import pytest
from dash import Input, Output
from specs import apply, call, spec

from enrich import Dash, Operator, OperatorOutput, html
from enrich.errors import EnrichError
from enrich.page import Page
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


@pytest.mark.parametrize(
    ("build", "mend"),
    [
        (lambda: Operator().list.sort(), "return sorted"),
        (lambda: Operator().assign(1), "Return the value itself"),
    ],
)
def test_what_a_patch_cannot_do_is_refused_with_the_mend(build, mend):
    with pytest.raises(EnrichError, match=mend):
        build()


def test_an_output_takes_an_operator_or_a_plain_value():
    after = apply(OperatorTransform(), spec(OperatorOutput("o", "p"), Input("x", "v"), func=lambda v: v))
    assert call(after, 5) == 5
    assert "__dash_patch_update" in json.dumps(call(after, Operator().list.append(1)).to_plotly_json())


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

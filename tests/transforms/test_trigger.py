from dash import ALL, Input, Output, State
from specs import apply, clientside, seen_by_user, spec

from enrich.dependencies import Trigger
from enrich.transforms import TriggerTransform


def test_trigger_is_hidden_among_inputs_and_states():
    before = spec(Output("o", "p"), Trigger("t", "n"), Input("x", "value"), State("s", "v"))
    assert seen_by_user(apply(TriggerTransform(), before)) == ["x.value", "s.v"]


def test_trigger_is_hidden_in_a_nested_group():
    before = spec(Output("o", "p"), inputs={"a": [Trigger("t", "n"), Input("x", "value")]})
    assert seen_by_user(apply(TriggerTransform(), before)) == {"a": ["x.value"]}


def test_a_group_of_triggers_alone_is_hidden_as_a_whole():
    before = spec(Output("o", "p"), inputs={"a": [Trigger("t", "n")], "b": Input("x", "value")})
    assert seen_by_user(apply(TriggerTransform(), before)) == {"b": "x.value"}


def test_trigger_is_hidden_in_clientside_callbacks():
    before = clientside(Output("o", "p"), Trigger({"i": ALL}, "n"), Input("x", "value"))
    assert seen_by_user(apply(TriggerTransform(), before)) == ["x.value"]


def test_the_tree_that_dash_is_given_stays_as_it_was():
    before = spec(Output("o", "p"), inputs={"t": Trigger("t", "n"), "i": Input("x", "value")})
    assert list(apply(TriggerTransform(), before).inputs) == ["t", "i"]


def test_a_callback_without_triggers_is_left_alone():
    before = spec(Output("o", "p"), Input("x", "value"))
    assert apply(TriggerTransform(), before) is before

import pytest
from dash import ALL, Input, Output, State, html
from dash.exceptions import IncorrectTypeException, InvalidComponentIdError
from specs import addresses, call, clientside, spec

from enrich.callbacks.spec import FrozenId
from enrich.errors import DeclarationError


def test_a_single_input_stays_single():
    assert addresses(spec(Output("a", "x"), Input("b", "y")).inputs) == "b.y"


def test_a_single_output_in_a_list_stays_in_a_list():
    assert addresses(spec([Output("a", "x")], Input("b", "y")).outputs) == ["a.x"]


def test_outputs_inputs_and_states_may_come_in_any_order():
    after = spec(State("s", "v"), Output("a", "x"), Input("b", "y"), Output("c", "z"))
    assert addresses(after.outputs) == ["a.x", "c.z"]
    assert addresses(after.inputs) == ["s.v", "b.y"]


def test_lists_around_the_arguments_are_only_a_way_to_write_them():
    after = spec([Output("a", "x")], [Input("b", "y")], [State("s", "v")])
    assert addresses(after.inputs) == ["b.y", "s.v"]


def test_an_empty_group_stays_where_it_stands():
    after = spec([Output("a", "x"), []], [[], Input("b", "y"), {}])
    assert addresses(after.outputs) == ["a.x", [], []]
    assert addresses(after.inputs) == ["b.y", {}]


def test_a_dict_of_inputs_keeps_its_names_and_nesting():
    after = spec(
        output={"o": Output("a", "x")}, inputs={"p": [Input("b", "y"), State("c", "z")], "q": Input("d", "w")}
    )
    assert addresses(after.inputs) == {"p": ["b.y", "c.z"], "q": "d.w"}
    assert addresses(after.outputs) == {"o": "a.x"}


def test_states_given_by_name_come_before_inputs_given_by_name_as_in_dash():
    after = spec(Output("a", "x"), inputs={"i": Input("b", "y")}, state={"s": State("c", "z")})
    assert list(after.inputs) == ["s", "i"]


def test_nothing_that_was_given_is_changed():
    states = {"s": State("c", "z")}
    spec(Output("a", "x"), inputs={"i": Input("b", "y")}, state=states)
    assert list(states) == ["s"]


def test_a_last_bool_is_prevent_initial_call():
    assert spec(Output("a", "x"), Input("b", "y"), True).prevent_initial_call is True


def test_a_component_may_stand_for_its_id():
    assert addresses(spec(Output(html.Div(id="a"), "x"), Input("b", "y")).outputs) == "a.x"


def test_a_pattern_id_equals_only_the_same_pattern():
    after = spec(Output({"t": "a", "i": ALL}, "x"), Input("b", "y"))
    assert after.outputs.id == FrozenId.of({"i": ALL, "t": "a"})
    assert after.outputs.id != FrozenId.of({"i": 1, "t": "a"})


def test_keywords_are_sorted_into_options_of_dash_and_flags_of_transforms():
    after = spec(Output("a", "x"), Input("b", "y"), running=None, interval=500, group="g", some_leftover=3)
    assert after.options == {"interval": 500}
    assert after.flags == {"group": "g", "some_leftover": 3}


def test_a_near_miss_of_an_option_is_pointed_out_with_its_place():
    with pytest.warns(UserWarning, match=r"app\.py:7 has an option 'progess_default'.*'progress_default'"):
        spec(Output("a", "x"), Input("b", "y"), progess_default=1)


def test_a_bare_value_is_accepted_for_a_list_of_one_output():
    one = spec([Output("a", "x")], Input("b", "y"), func=lambda value: value)
    assert call(one, "text") == ["text"]
    assert call(one, ["text"]) == ["text"]
    assert call(one, [1, 2]) == [[1, 2]]


def test_a_list_of_one_all_output_takes_the_list_of_values_bare():
    one = spec([Output({"i": ALL}, "x")], Input("b", "y"), func=lambda value: value)
    assert call(one, ["text"]) == [["text"]]
    assert call(one, [["text"]]) == [["text"]]


def test_something_that_is_not_a_dependency_is_refused_in_dashs_words():
    with pytest.raises(IncorrectTypeException, match="must be `Output`, `Input`, or `State` objects"):
        spec(Output("a", "x"), "b.y")


def test_an_id_with_a_dot_is_refused_in_dashs_words():
    with pytest.raises(InvalidComponentIdError, match="`a.b` contains"):
        spec(Output("a.b", "x"), Input("b", "y"))


def test_outputs_and_inputs_in_one_group_are_refused_with_the_place():
    with pytest.raises(DeclarationError, match=r"app\.py:7"):
        spec({"a": Output("a", "x"), "b": Input("b", "y")})


def test_inputs_both_by_name_and_by_position_are_refused_in_dashs_words():
    with pytest.raises(IncorrectTypeException, match="we found this item next"):
        spec(Output("a", "x"), Input("b", "y"), inputs=[Input("c", "z")])


def test_state_by_name_alone_is_refused_in_dashs_words():
    with pytest.raises(ValueError, match="state keyword argument may not be provided"):
        spec(Output("a", "x"), Input("b", "y"), state=[State("c", "z")])


def test_clientside_callbacks_take_state_by_name_alone():
    after = clientside(Output("a", "x"), Input("b", "y"), state=State("c", "z"))
    assert addresses(after.inputs) == ["b.y", "c.z"]

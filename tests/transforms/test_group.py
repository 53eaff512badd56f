import pytest
from dash import ALL, MATCH, Input, Output, State
from specs import addresses, apply, clientside, spec

from enrich.errors import GroupError, LateDeclarationError
from enrich.transforms import GroupTransform


def group(*specs, **program):
    return apply(GroupTransform(), *specs, **program)


def test_outputs_and_inputs_are_the_unions_in_first_seen_order():
    after = group(
        spec(Output("a", "p"), Output("b", "p"), Input("x", "v"), group="g"),
        spec(Output("b", "p"), Output("c", "p"), Input("y", "v"), State("x", "v"), group="g"),
    )
    assert addresses(after.outputs) == ["a.p", "b.p", "c.p"]
    assert addresses(after.inputs) == ["x.v", "y.v"]


def test_what_is_a_state_here_and_an_input_there_is_an_input_of_the_whole():
    after = group(
        spec(Output("a", "p"), Input("x", "v"), State("y", "v"), group="g"),
        spec(Output("a", "p"), Input("y", "v"), group="g"),
    )
    assert [slot.role for slot in after.input_slots()] == ["input", "input"]


def test_the_group_stands_where_its_first_member_stood():
    before, other, after = group(
        spec(Output("z", "p"), Input("x", "v")),
        spec(Output("a", "p"), Input("x", "v"), group="g"),
        spec(Output("y", "p"), Input("x", "v")),
    )
    assert [addresses(s.outputs) for s in (before, other, after)] == ["z.p", ["a.p"], "y.p"]


def test_page_load_runs_nothing_unless_a_member_asks_for_it():
    quiet = group(spec(Output("a", "p"), Input("x", "v"), group="g"))
    asking = group(spec(Output("a", "p"), Input("x", "v"), group="g", prevent_initial_call=False))
    assert (quiet.prevent_initial_call, asking.prevent_initial_call) == (True, False)


def test_a_missing_input_of_one_member_stops_no_other():
    after = group(spec(Output("a", "p"), Input("x", "v"), State("s", "v"), group="g"))
    assert all(slot.allow_optional for slot in after.input_slots())


def test_members_run_in_the_order_of_their_priority():
    after = group(
        spec(Output("a", "p"), Input("x", "v"), group="g", line=1, priority=2),
        spec(Output("a", "p"), Input("x", "v"), group="g", line=2),
    )
    assert [member.spec.origin.line for member in after.func.members] == [2, 1]


def test_running_of_all_members_holds_for_the_whole():
    one, two = (Output("a", "d"), True, False), (Output("b", "d"), True, False)
    after = group(
        spec(Output("a", "p"), Input("x", "v"), group="g", running=[one]),
        spec(Output("a", "p"), Input("y", "v"), group="g", running=two),
    )
    assert after.options["running"] == [one, two]


def test_wildcards_are_fine_as_long_as_their_match_keys_agree():
    after = group(
        spec(Output({"i": MATCH}, "p"), Input({"i": MATCH}, "v"), group="g"),
        spec(Output({"t": ALL, "i": MATCH}, "q"), Input("x", "v"), group="g"),
    )
    assert len(after.output_slots()) == 2


@pytest.mark.parametrize(
    ("second", "complaint"),
    [
        (
            lambda: spec(Output("b", "p"), Input("y", "v"), group="g", line=9, _allow_dynamic_callbacks=True),
            "_allow_dynamic_callbacks=None.*_allow_dynamic_callbacks=True",
        ),
        (
            lambda: spec(Output("b", "p"), Input("y", "v"), group="g", line=9, background={"interval": 1}),
            "background=True",
        ),
        (lambda: clientside(Output("b", "p"), Input("y", "v"), group="g"), "runs in the browser"),
        (
            lambda: spec(Output({"i": MATCH}, "p"), Input("y", "v"), group="g", line=9),
            "MATCH on the same keys",
        ),
        (
            lambda: spec(Output("b", "p"), Input({"i": MATCH}, "v"), group="g", line=9),
            r"input \{i: MATCH\}\.v has MATCH",
        ),
    ],
)
def test_what_cannot_run_in_one_request_is_refused_with_both_places(second, complaint):
    first = spec(Output("a", "p"), Input("x", "v"), group="g", line=3)
    with pytest.raises(GroupError, match=complaint) as error:
        group(first, second())
    assert "group 'g'" in str(error.value)


def test_both_places_are_named():
    with pytest.raises(GroupError, match=r"app\.py:3.*app\.py:9"):
        group(
            spec(Output("a", "p"), Input("x", "v"), group="g", line=3),
            spec(Output("b", "p"), Input("y", "v"), group="g", line=9, _allow_dynamic_callbacks=True),
        )


def test_a_late_member_is_refused():
    with pytest.raises(LateDeclarationError, match=r"app\.py:7"):
        group(spec(Output("a", "p"), Input("x", "v"), group="g"), served=())

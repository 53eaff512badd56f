import pytest
from dash import ALL, Input, Output, State
from specs import addresses, apply, clientside, spec

from enrich.callbacks.spec import Joint
from enrich.errors import GroupError
from enrich.transforms import GroupTransform, MultiplexerTransform


def multiplex(*specs, **program):
    return apply(MultiplexerTransform(), *specs, **program)


def allowed(after):
    return [slot.allow_duplicate for slot in after.output_slots()]


def test_the_first_of_a_shared_output_stays_and_later_ones_are_duplicates():
    first, second = multiplex(
        spec(Output("a", "p"), Input("x", "v")), spec(Output("a", "p"), Input("y", "v"))
    )
    assert (allowed(first), allowed(second)) == ([False], [True])


def test_duplicates_get_a_fitting_prevent_initial_call():
    _, plain, preventing = multiplex(
        spec(Output("a", "p"), Input("x", "v")),
        spec(Output("a", "p"), Input("y", "v")),
        spec(Output("a", "p"), Input("z", "v"), prevent_initial_call=True),
    )
    assert (plain.prevent_initial_call, preventing.prevent_initial_call) == ("initial_duplicate", True)


def test_overlapping_wildcards_are_duplicates():
    _, second = multiplex(
        spec(Output({"i": ALL}, "p"), Input("x", "v")), spec(Output({"i": 1}, "p"), Input("y", "v"))
    )
    assert allowed(second) == [True]


@pytest.mark.parametrize("ids", [("a", "a"), ({"i": 1}, {"i": ALL})], ids=str)
def test_what_one_callback_names_twice_is_left_for_the_browser_to_refuse(ids):
    after = multiplex(spec([Output(i, "p") for i in ids], Input("x", "v")))
    assert allowed(after) == [False, False]


def test_a_callback_that_names_an_output_twice_gives_way_to_an_earlier_one():
    _, twice = multiplex(
        spec(Output("a", "p"), Input("x", "v")), spec([Output("a", "p"), Output("a", "p")], Input("y", "v"))
    )
    assert allowed(twice) == [True, False]


def test_members_of_a_group_may_write_to_overlapping_outputs():
    grouped = apply(
        GroupTransform(),
        spec(Output({"i": 1}, "p"), Input("x", "v"), group="g"),
        spec(Output({"i": ALL}, "p"), Input("x", "v"), group="g"),
    )
    assert allowed(multiplex(grouped)) == [False, True]


def test_ids_that_the_browser_will_refuse_are_handed_on():
    ids = {"i": [4], "j": ALL}, {"i": {"k": 1}, "j": ALL}, {"i": [4], "j": 2}
    after = multiplex(*(spec(Output(i, "p"), Input("x", "v")) for i in ids))
    assert [allowed(one) for one in after] == [[False], [False], [True]]
    assert [one.output_slots()[0].id.thaw() for one in after] == list(ids)


def test_clientside_callbacks_take_part():
    _, second = multiplex(
        spec(Output("a", "p"), Input("x", "v")), clientside(Output("a", "p"), Input("y", "v"))
    )
    assert allowed(second) == [True]


def test_same_outputs_and_inputs_run_as_one_request():
    after = multiplex(
        spec(Output("a", "p"), Input("x", "v"), line=1),
        spec(Output("a", "p"), Input("x", "v"), State("s", "v"), line=2),
    )
    assert isinstance(after.func, Joint)
    assert [member.spec.origin.line for member in after.func.members] == [1, 2]
    assert addresses(after.inputs) == ["x.v", "s.v"]


def test_a_joint_runs_initially_those_members_that_would():
    after = multiplex(
        spec(Output("a", "p"), Input("x", "v"), prevent_initial_call=True),
        spec(Output("a", "p"), Input("x", "v")),
    )
    assert [member.initial for member in after.func.members] == [False, True]


def test_twins_that_cannot_be_joined_are_refused():
    with pytest.raises(GroupError, match=r"output a\.p.*app\.py:1.*app\.py:2"):
        multiplex(
            spec(Output("a", "p"), Input("x", "v"), line=1, _allow_dynamic_callbacks=True),
            spec(Output("a", "p"), Input("x", "v"), line=2),
        )


def test_a_clientside_twin_gets_a_name_of_its_own():
    _, second = multiplex(
        spec(Output("a", "p"), Input("x", "v")), clientside(Output("a", "p"), Input("x", "v"))
    )
    third = multiplex(
        spec(Output("a", "p"), Input("x", "v")),
        clientside(Output("a", "p"), Input("x", "v"), source="f"),
        clientside(Output("a", "p"), Input("x", "v"), source="g"),
    )[2]
    assert second.salt is None
    assert third.salt is not None


def test_callbacks_that_share_nothing_are_left_alone():
    specs = spec(Output("a", "p"), Input("x", "v")), spec(Output("b", "p"), Input("x", "v"))
    assert all(after is before for after, before in zip(multiplex(*specs), specs, strict=True))


def test_a_late_callback_gives_way_to_those_that_are_served():
    after = multiplex(
        spec(Output("a", "p"), Input("y", "v")), served=(spec(Output("a", "p"), Input("x", "v")),)
    )
    assert allowed(after) == [True]


def test_settings_of_older_libraries_are_accepted_with_a_warning():
    with pytest.warns(UserWarning, match="proxy_location and proxy_wrapper_map have no effect"):
        MultiplexerTransform(proxy_location="inplace")

import pytest
from dash import ALL, MATCH, Input, Output, State
from specs import addresses, apply, call, spec

from enrich.callbacks.spec import Program
from enrich.dependencies import CycleBreakerInput
from enrich.transforms import CycleBreakerTransform


def breaker(*specs, **program):
    return apply(CycleBreakerTransform(), *specs, **program)


def test_the_property_is_read_as_a_state_and_a_relay_fires():
    after, relay = breaker(spec(Output("c", "v"), CycleBreakerInput("f", "v"), State("s", "v")))
    assert [slot.fires for slot in after.input_slots()] == [False, False, True]
    assert addresses(after.inputs) == ["f.v", "s.v"]
    assert addresses(relay.inputs)[0] == "f.v"
    assert relay.output_slots() == ()


def test_other_inputs_still_fire():
    after, _ = breaker(spec(Output("c", "v"), CycleBreakerInput("f", "v"), Input("x", "v")))
    assert [slot.fires for slot in after.input_slots()] == [False, True, True]
    assert call(after, 1, 2, None) == [1, 2]


def test_allow_optional_stays():
    after, relay = breaker(spec(Output("c", "v"), CycleBreakerInput("f", "v", allow_optional=True)))
    assert after.input_slots()[0].allow_optional
    assert relay.input_slots()[0].allow_optional


@pytest.mark.parametrize("wildcard", [ALL, MATCH])
def test_dict_and_wildcard_ids_work(wildcard):
    output = Output({"u": "c", "i": wildcard}, "v")
    after, relay, *rows = breaker(spec(output, CycleBreakerInput({"u": "f", "i": wildcard}, "v")))
    assert relay.input_slots()[0].is_for_all
    assert len(rows) == (1 if wildcard is MATCH else 0)
    assert call(after, 5, *[None] * len(after.ports)) == [5]


def test_several_in_one_callback_have_relays_of_their_own():
    after, *relays = breaker(spec(Output("c", "v"), CycleBreakerInput("f", "v"), CycleBreakerInput("g", "v")))
    assert len(relays) == 2
    assert len({slot.id for slot in after.ports.values()}) == 2


def test_ids_are_the_same_in_every_worker():
    ids = [breaker(spec(Output("c", "v"), CycleBreakerInput("f", "v")))[0].ports for _ in range(2)]
    assert ids[0] == ids[1]


def test_a_program_without_one_is_left_alone():
    before = spec(Output("c", "v"), Input("f", "v"))
    assert breaker(before) is before


def test_a_late_declaration_brings_its_hidden_components():
    program = Program(callbacks=(spec(Output("c", "v"), CycleBreakerInput("f", "v")),), served=())
    after = CycleBreakerTransform().apply(program)
    assert (len(after.callbacks), len(after.components)) == (2, 1)

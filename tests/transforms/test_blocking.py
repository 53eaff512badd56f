import pytest
from dash import ALL, MATCH, Input, Output, State
from specs import addresses, apply, call, clientside, seen_by_user, spec

from enrich.callbacks.spec import Joint, Program
from enrich.dependencies import CycleBreakerInput, Trigger
from enrich.errors import DeclarationError
from enrich.transforms import BlockingCallbackTransform, CycleBreakerTransform, GroupTransform
from enrich.transforms.base import order


def block(*specs, **program):
    """The author's callback, and those beside it."""
    return apply(BlockingCallbackTransform(), *specs, **program)


def names(slots):
    return [(slot.role, slot.as_state, str(slot).partition("-")[0]) for slot in slots]


def test_what_fires_becomes_a_state_and_a_hidden_store_fires():
    after, *_ = block(spec(Output("o", "p"), Input("x", "v"), State("s", "v"), blocking=True))
    assert names(after.input_slots()) == [
        ("input", True, "x.v"),
        ("state", False, "s.v"),
        ("input", False, "enrich"),
    ]
    assert seen_by_user(after) == ["x.v", "s.v"]


def test_the_gate_fires_on_what_the_author_gave():
    _, gate, end = block(
        spec(Output("o", "p"), Trigger("t", "n"), Input("x", "v"), State("s", "v"), blocking=True)
    )
    assert addresses(gate.inputs)[:2] == ["t.n", "x.v"]
    assert gate.is_clientside
    assert end.is_clientside


@pytest.mark.parametrize("prevent", [None, True, False])
def test_the_gate_and_the_callback_prevent_the_initial_call_as_the_author_said(prevent):
    after, gate, _ = block(
        spec(Output("o", "p"), Input("x", "v"), blocking=True, prevent_initial_call=prevent)
    )
    assert after.prevent_initial_call is prevent
    assert gate.prevent_initial_call is bool(prevent)


def test_a_single_input_and_a_dict_of_inputs_get_the_port_at_their_end():
    single, *_ = block(spec(Output("o", "p"), Input("x", "v"), blocking=True))
    grouped, *_ = block(spec(Output("o", "p"), inputs={"a": [Input("x", "v")]}, blocking=True))
    assert len(single.dash_inputs) == 2
    assert list(grouped.dash_inputs) == ["a", "enrich_port_go"]


def test_the_author_gets_the_arguments_as_declared():
    after, *_ = block(spec(Output("o", "p"), Input("x", "v"), State("s", "v"), blocking=True))
    assert call(after, 1, 2, {"run": 1, "triggered": []}) == [1, 2]
    grouped, *_ = block(
        spec(Output("o", "p"), inputs={"a": [Input("x", "v")], "b": State("s", "v")}, blocking=True)
    )
    assert call(grouped, a=[1], b=2, enrich_port_go=None) == {"a": [1], "b": 2}


def test_its_own_running_stays():
    own = (Output("b", "disabled"), True, False)
    after, *_ = block(spec(Output("o", "p"), Input("x", "v"), blocking=True, running=own))
    assert after.options["running"][0] is own
    assert [(on, off) for _, on, off in after.options["running"]] == [(True, False), (True, False)]


def test_rows_fire_by_a_component_of_their_own():
    after, gate, end, rows = block(
        spec(Output({"t": "o", "i": MATCH}, "p"), Input({"t": "x", "i": MATCH}, "v"), blocking=True)
    )
    assert str(after.ports["fire"]) == "{i: <MATCH>, t: o}.id" or "MATCH" in str(after.ports["fire"])
    assert after.ports["fire"].prop == "id"
    assert after.prevent_initial_call is True
    assert [slot.allow_duplicate for slot in gate.output_slots()] == [True]
    assert all(value is ALL or isinstance(value, str) for _, value in rows.inputs.id.items)
    assert end.inputs.is_for_all


def test_a_callback_that_reads_what_it_writes_gets_no_edge():
    _, gate, _ = block(spec(Output("x", "v"), Input("x", "v"), blocking=True))
    assert gate.output_slots() == ()


def test_two_functions_of_one_name_have_stores_of_their_own():
    first, _, _, second, *_ = block(
        spec(Output("o", "p"), Input("x", "v"), blocking=True),
        spec(Output("o", "p"), Input("x", "v"), blocking=True),
    )
    assert first.ports["go"].id != second.ports["go"].id


def test_ids_are_the_same_in_every_worker():
    ids = [block(spec(Output("o", "p"), Input("x", "v"), blocking=True))[0].ports["go"].id for _ in range(2)]
    assert ids[0] == ids[1]


def test_a_group_blocks_as_a_whole_if_a_member_asks_for_it():
    after, *rest = apply_all(
        [GroupTransform(), BlockingCallbackTransform()],
        spec(Output("o", "p"), Input("x", "v"), group="g", blocking=True),
        spec(Output("o", "p"), Input("y", "v"), group="g"),
    )
    assert isinstance(after.func, Joint)
    assert [slot.fires for slot in after.input_slots()] == [False, False, True]
    assert len(rest) == 2


def test_blocking_and_a_cycle_breaker_stack():
    after, *_ = apply_all(
        [BlockingCallbackTransform(), CycleBreakerTransform()],
        spec(Output("o", "p"), CycleBreakerInput("x", "v"), blocking=True),
    )
    assert [slot.fires for slot in after.input_slots()] == [False, False, True]
    assert call(after, 1, None, None) == [1]


def test_a_clientside_callback_blocks_too():
    after, *rest = block(clientside(Output("o", "p"), Input("x", "v"), blocking=True))
    assert after.is_clientside
    assert len(rest) == 2


@pytest.mark.parametrize("flags", [{}, {"blocking": False}, {"blocking": None, "blocking_timeout": 3}])
def test_a_callback_that_does_not_ask_for_it_keeps_its_slots(flags):
    before = spec(Output("o", "p"), Input("x", "v"), **flags)
    after = block(before)
    assert (after.inputs, after.ports, dict(after.flags)) == (before.inputs, {}, {})


@pytest.mark.parametrize("timeout", [0, -1, "60", True])
def test_a_timeout_that_is_no_time_is_refused(timeout):
    with pytest.raises(DeclarationError, match=r"app\.py:7.*blocking_timeout.*positive number of seconds"):
        block(spec(Output("o", "p"), Input("x", "v"), blocking=True, blocking_timeout=timeout))


def test_a_late_declaration_brings_its_hidden_components():
    program = Program(callbacks=(spec(Output("o", "p"), Input("x", "v"), blocking=True),), served=())
    after = BlockingCallbackTransform().apply(program)
    assert len(after.callbacks) == 3
    assert len(after.components) == 2


def test_the_port_is_no_part_of_a_background_cache_key():
    after, *_ = block(
        spec(
            Output("o", "p"),
            Input("x", "v"),
            blocking=True,
            background={"interval": 1, "cache_args_to_ignore": [0]},
        )
    )
    assert after.options["background"]["cache_args_to_ignore"] == [0, 1]


def apply_all(transforms, *specs):
    from enrich.callbacks.spec import Program

    program = Program(callbacks=specs)
    for transform in order(transforms):
        program = transform.apply(program)
    return program.callbacks

import pytest
from dash import Input, Output
from specs import spec

from enrich import Dash, ServersideOutputTransform
from enrich.callbacks.spec import Joint, Member, Program
from enrich.dependencies import CycleBreakerInput, ServersideOutput, Trigger

PLAIN = spec(Output("a", "x"), Input("b", "y"))
FIRED = spec(Output("c", "x"), Trigger("b", "y"), group="log")


@pytest.mark.parametrize(
    ("callbacks", "words", "said"),
    [
        ([], [Trigger, "group"], False),
        ([PLAIN], [Trigger, CycleBreakerInput, ServersideOutput, "group"], False),
        ([PLAIN, FIRED], [Trigger], True),
        ([PLAIN, FIRED], [Input], True),
        ([PLAIN, FIRED], ["memoize", "group"], True),
        ([PLAIN, FIRED], ["memoize"], False),
    ],
)
def test_a_program_knows_the_words_of_its_callbacks(callbacks, words, said):
    assert Program(callbacks=tuple(callbacks)).says(*words) is said


def test_the_members_of_a_joint_callback_speak_for_it():
    joint = PLAIN.with_changes(func=Joint((Member(FIRED, initial=True),)))
    assert Program(callbacks=(joint,)).says(Trigger)
    assert joint.flag("group") == "log"
    assert PLAIN.flag("group") is None


def test_words_are_those_of_the_callbacks_after_a_change():
    program = Program(callbacks=(FIRED,))
    assert program.says("group")
    assert program.with_changes(wires=("handles",)).says("group")
    assert not program.with_changes(callbacks=(PLAIN,)).says("group")


def test_mapping_gives_the_same_program_back_where_no_callback_changed():
    program = Program(callbacks=(PLAIN, FIRED))
    assert program.map_callbacks(lambda one: one) is program
    assert program.map_callbacks(lambda one: one.without_flags("group")).callbacks[0] is PLAIN


@pytest.mark.parametrize("transform", Dash("all", server=False).transforms, ids=repr)
def test_a_program_without_its_words_passes_a_transform_as_it_is(transform):
    program = ServersideOutputTransform().apply(Program(callbacks=(PLAIN,)))
    assert transform.apply(program) is program

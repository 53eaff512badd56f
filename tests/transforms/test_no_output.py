from dash import Input, Output
from specs import apply, clientside, spec

from enrich.transforms import NoOutputTransform


def test_callbacks_without_outputs_on_the_same_inputs_get_names_of_their_own():
    first, second = apply(NoOutputTransform(), spec(Input("x", "v")), spec(Input("x", "v")))
    assert first.salt != second.salt


def test_the_names_are_the_same_in_every_worker():
    names = [
        [s.salt for s in apply(NoOutputTransform(), spec(Input("x", "v")), clientside(Input("x", "v")))]
        for _ in range(2)
    ]
    assert names[0] == names[1]


def test_a_callback_with_outputs_is_left_alone():
    before = spec(Output("a", "p"), Input("x", "v"))
    assert apply(NoOutputTransform(), before) is before

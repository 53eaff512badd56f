import pytest
from dash import ALL, MATCH, Output
from dash.dependencies import Output as DashOutput
from hypothesis import given
from hypothesis import strategies as st
from specs import spec

from enrich.callbacks.overlap import overlapping


def slots(*ids):
    return [spec(Output(i, "p")).output_slots()[0] for i in ids]


@pytest.mark.parametrize(
    ("ids", "later"),
    [
        (["a", "b", "a"], {2}),
        ([{"t": "a"}, {"t": "b"}], set()),
        ([{"t": "a", "i": ALL}, {"t": "a", "i": 1}], {1}),
        ([{"t": "a", "i": 1}, {"t": "b", "i": ALL}], set()),
        ([{"t": "a", "i": 1}, {"t": ALL, "i": 2}, {"t": "a", "i": ALL}], {2}),
        ([{"t": "a", "i": MATCH}, {"t": "a", "i": MATCH}], {1}),
        ([{"t": "a"}, {"u": "a"}], set()),
    ],
)
def test_overlapping_outputs_are_found(ids, later):
    assert overlapping(slots(*ids)) == later


values = st.sampled_from(["a", "b", 1, ALL])
patterns = st.fixed_dictionaries({"t": values, "i": values})


@given(st.lists(patterns, max_size=8))
def test_it_agrees_with_dashs_own_comparison_of_every_pair(ids):
    outputs = [DashOutput(i, "p") for i in ids]
    expected = {n for n, out in enumerate(outputs) if any(out == earlier for earlier in outputs[:n])}
    assert overlapping(slots(*ids)) == expected


def test_true_and_one_are_different_ids():
    assert overlapping(slots({"i": True}, {"i": 1}, {"i": False}, {"i": 0})) == set()
    assert spec(Output({"i": True}, "p")).outputs != spec(Output({"i": 1}, "p")).outputs

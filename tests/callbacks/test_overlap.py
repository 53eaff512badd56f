import pytest
from dash import ALL, MATCH, Output
from dash.dependencies import Output as DashOutput
from hypothesis import given
from hypothesis import strategies as st
from specs import spec

from enrich.callbacks.overlap import fits, overlapping
from enrich.callbacks.spec import FrozenId, Slot


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


def partly(**keys):
    return Slot("output", FrozenId.of(keys, partial=True), "p")


@pytest.mark.parametrize(
    ("outputs", "later"),
    [
        ([partly(t="a"), *slots({"t": "a", "i": 1})], {1}),
        ([*slots({"t": "a", "i": ALL}), partly(t="a")], {1}),
        ([partly(t="a"), *slots({"t": "b", "i": 1})], set()),
        ([partly(t="a", i=ALL), *slots({"t": "a"})], set()),
        ([partly(t="a"), partly(u="b")], {1}),
        ([partly(t="a"), partly(t="b")], set()),
        ([partly(t="a"), *slots("t")], set()),
    ],
)
def test_a_partial_id_overlaps_with_all_that_have_its_keys(outputs, later):
    assert overlapping(outputs) == later


@pytest.mark.parametrize(
    ("component_id", "does"),
    [
        ({"t": "a"}, True),
        ({"t": "a", "i": 1}, True),
        ({"t": "b", "i": 1}, False),
        ({"i": 1}, False),
        ("t", False),
    ],
)
def test_a_component_with_more_keys_fits_a_partial_id(component_id, does):
    assert fits(FrozenId.of({"t": "a"}, partial=True), component_id) is does


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

"""The names that an author's arguments have, whatever the declaration's shape."""

from __future__ import annotations

import functools

import pytest
from specs import apply, spec

from enrich import GroupTransform, Input, Output, State, Trigger, TriggerTransform
from enrich.callbacks.arguments import arguments

OUT, A, B, C = Output("out", "children"), Input("a", "value"), Input("b", "value"), State("c", "value")


class Holder:
    def method(self, x, y):
        return x, y


def two(x, y):
    return x, y


def rest(first, *others):
    return first, others


def names(one):
    return [argument and argument.name for argument in arguments(one)]


@pytest.mark.parametrize(
    ("func", "declared", "expected"),
    [
        (two, [A, C], ["x", "y"]),
        (two, [C, A], ["x", "y"]),
        (two, [Trigger("t", "n"), C, A], [None, "x", "y"]),
        (Holder().method, [A, B], ["x", "y"]),
        (functools.partial(two, 1), [A], ["y"]),
        (rest, [A, B, C], ["first", "others_b__value", "others_c__value"]),
        (print, [A], ["args_a__value"]),
        (two, [Input({"type": "t", "i": 1}, "value"), B], ["x", "y"]),
    ],
)
def test_each_value_has_the_name_of_its_parameter(func, declared, expected):
    after = apply(TriggerTransform(), spec(OUT, *declared, func=func))
    assert names(after) == expected


@pytest.mark.parametrize(
    ("nested", "expected"),
    [
        ([B, C], ["x", "y_b__value", "y_c__value"]),
        ([C], ["x", "y"]),
        ([Trigger("t", "n"), C], ["x", None, "y"]),
    ],
)
def test_values_of_one_parameter_are_told_apart(nested, expected):
    assert names(apply(TriggerTransform(), spec(OUT, inputs=[A, nested], func=two))) == expected


def test_a_dict_of_inputs_names_them():
    one = spec(OUT, inputs={"x": A, "y": {"deep": B, "er": C}}, func=lambda x, y: x)
    assert names(one) == ["x", "y_b__value", "y_c__value"]


def test_progress_is_no_argument():
    one = spec(OUT, A, func=lambda set_progress, x: x)
    assert names(one.with_changes(options={"background": {"progress": ["bar.value"]}})) == ["x"]


def test_an_annotation_goes_with_its_name():
    def func(x: int, y: str | None = None):
        return x

    assert [argument.annotation for argument in arguments(spec(OUT, A, B, func=func))] == [int, str | None]


def test_members_of_a_group_share_an_argument_under_the_first_ones_name():
    first = spec(OUT, A, group="g", func=lambda text: text)
    second = spec(Output("other", "children"), A, C, group="g", func=lambda word, number: number)
    assert names(apply(GroupTransform(), first, second)) == ["text", "number"]


def test_one_name_for_two_values_of_a_group_gets_the_members_name_in_front():
    def first(value):
        return value

    def second(value):
        return value

    one = spec(OUT, A, group="g", func=first)
    other = spec(Output("other", "children"), B, group="g", func=second)
    assert names(apply(GroupTransform(), one, other)) == ["first_value", "second_value"]

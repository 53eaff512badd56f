import pytest

from enrich.errors import TransformError
from enrich.transforms import DashTransform, GroupTransform, NoOutputTransform, TriggerTransform
from enrich.transforms.base import order


def names(transforms):
    return [type(t).__name__ for t in transforms]


class First(DashTransform):
    after = ("Second",)


class Second(DashTransform):
    after = ("First",)


def test_transforms_run_in_the_order_given_where_none_asks_for_another():
    class A(DashTransform): ...

    class B(DashTransform): ...

    assert names(order([B(), A()])) == ["B", "A"]


def test_a_transform_runs_after_those_it_names():
    assert names(order([NoOutputTransform(), GroupTransform(), TriggerTransform()])) == [
        "TriggerTransform",
        "GroupTransform",
        "NoOutputTransform",
    ]


def test_a_cyclic_order_is_refused():
    with pytest.raises(TransformError, match="First -> Second"):
        order([First(), Second()])


def test_something_that_is_not_a_transform_is_refused():
    with pytest.raises(TransformError, match="'trigger', which is not a transform"):
        order(["trigger"])


def test_a_class_in_place_of_an_object_is_refused_with_the_mend():
    with pytest.raises(TransformError, match=r"Did you mean TriggerTransform\(\)"):
        order([TriggerTransform])


def test_two_of_a_kind_are_refused():
    with pytest.raises(TransformError, match="TriggerTransform twice"):
        order([TriggerTransform(), TriggerTransform()])


def test_transforms_that_exclude_each_other_are_refused():
    class Alone(DashTransform):
        excludes = ("GroupTransform",)

    assert names(order([Alone(), NoOutputTransform()])) == ["Alone", "NoOutputTransform"]
    with pytest.raises(
        TransformError, match="Alone and GroupTransform, which exclude each other. Remove one"
    ):
        order([GroupTransform(), Alone()])


def test_a_transform_written_for_an_older_library_is_refused_with_the_mend():
    class Older(DashTransform):
        def apply_serverside(self, callbacks):
            return callbacks

    with pytest.raises(TransformError, match=r"Older has apply_serverside\(\).*docs/transforms.md"):
        order([Older()])

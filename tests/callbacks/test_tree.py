from collections import OrderedDict

from enrich.callbacks.tree import fill, keep_leaves, leaves, map_children, map_leaves


def test_leaves_are_walked_from_left_to_right_in_any_nesting():
    assert list(leaves([1, (2, {"a": 3, "b": [4]}), 5])) == [1, 2, 3, 4, 5]


def test_a_leaf_alone_is_a_tree():
    assert list(leaves("x")) == ["x"]


def test_mapping_keeps_the_shape():
    assert map_leaves(lambda n: n * 2, {"a": [1, 2], "b": 3}) == {"a": (2, 4), "b": 6}


def test_filling_takes_values_in_order():
    assert fill({"a": [0, 0], "b": 0}, iter("xyz")) == {"a": ("x", "y"), "b": "z"}


def test_dropping_leaves_drops_the_branches_they_empty():
    assert keep_leaves(lambda n: n > 1, {"a": [1], "b": [1, 2]}) == {"b": (2,)}


def test_a_branch_that_was_empty_stays():
    assert keep_leaves(lambda n: n > 1, [[], 2]) == ((), 2)


def test_nothing_is_left_of_a_tree_without_kept_leaves():
    assert keep_leaves(lambda n: False, {"a": 1}) == ()


def test_what_a_container_holds_is_replaced_in_a_copy():
    given = OrderedDict(a=1, b=2)
    assert map_children(lambda n: n + 1, given) == {"a": 2, "b": 3}
    assert given == {"a": 1, "b": 2}
    assert map_children(lambda n: n + 1, (1, 2)) == (2, 3)


def test_a_container_without_changes_is_the_same_object():
    for given in ([1], (1,), {"a": 1}, 1):
        assert map_children(lambda n: n, given) is given

"""Signatures are trees: leaves in nested lists, tuples and dicts, in the shape their author chose."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from operator import is_
from typing import Any, TypeAlias, TypeVar

Leaf = TypeVar("Leaf")

Tree: TypeAlias = "Leaf | Sequence[Tree[Leaf]] | Mapping[str, Tree[Leaf]]"


def is_branch(node: Any) -> bool:
    return isinstance(node, (list, tuple, dict))


def leaves(tree: Any) -> list[Any]:
    """The leaves from left to right, depth first, as Dash takes them."""
    if not isinstance(tree, (list, tuple, dict)):
        return [tree]
    children = tree.values() if isinstance(tree, dict) else tree
    return [leaf for child in children for leaf in (leaves(child) if is_branch(child) else (child,))]


def map_leaves(function: Callable[[Any], Any], tree: Any) -> Any:
    """Build a tree of the same shape with every leaf replaced; sequences become tuples."""
    if isinstance(tree, (list, tuple)):
        return tuple(map_leaves(function, child) for child in tree)
    if isinstance(tree, dict):
        return {key: map_leaves(function, child) for key, child in tree.items()}
    return function(tree)


def fill(tree: Any, values: Iterator[Any]) -> Any:
    """Build a tree of the same shape whose leaves are taken from ``values`` in order."""
    return map_leaves(lambda _: next(values), tree)


def grouping(function: Callable[[Any], Any], tree: Any) -> Any:
    """Like ``map_leaves``, with lists where a spec keeps tuples: so Dash compares its groupings."""
    if isinstance(tree, (list, tuple)):
        return [grouping(function, child) for child in tree]
    if isinstance(tree, dict):
        return {key: grouping(function, child) for key, child in tree.items()}
    return function(tree)


def map_children(function: Callable[[Any], Any], value: Any) -> Any:
    """Apply ``function`` to what a list, tuple or dict holds; the same object comes back where nothing changed."""
    if type(value) in (list, tuple):
        parts = [function(part) for part in value]
        return value if all(map(is_, parts, value)) else type(value)(parts)
    if isinstance(value, dict):
        items = {key: function(part) for key, part in value.items()}
        return value if all(map(is_, items.values(), value.values())) else items
    return value


def keep_leaves(keep: Callable[[Any], bool], tree: Any) -> Any:
    """Drop the leaves that ``keep`` refuses, and the branches that lost their last leaf by it.

    Returns ``()`` where nothing is left. A branch that was empty before stays.
    """
    kept = _keep(keep, tree)
    return () if kept is _NOTHING else kept


_NOTHING = object()


def _keep(keep: Callable[[Any], bool], tree: Any) -> Any:
    if not is_branch(tree):
        return tree if keep(tree) else _NOTHING
    if isinstance(tree, dict):
        kept_items = {k: v for k, child in tree.items() if (v := _keep(keep, child)) is not _NOTHING}
        return kept_items if kept_items or not tree else _NOTHING
    kept = tuple(v for child in tree if (v := _keep(keep, child)) is not _NOTHING)
    return kept if kept or not tree else _NOTHING

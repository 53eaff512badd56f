"""Which parameter of a function an input is for, and what its annotation says."""

from __future__ import annotations

import functools
import inspect
import itertools
import typing
from collections.abc import Iterator, Mapping
from types import CodeType
from typing import Any

from enrich.callbacks.spec import CallbackSpec, Slot
from enrich.callbacks.tree import is_branch, leaves


def parameters(spec: CallbackSpec) -> Iterator[tuple[Any, Slot, int]]:
    """Give each input that has an annotation with that, and with its number among all.

    A group of inputs arrives as one list or dict, and the annotation's element is for each of them.
    """
    hints = hints_of(spec.func)
    rest = {}
    if isinstance(spec.inputs, dict):
        taken = _signature(spec)
        others = spec.inputs.keys() - {p.name for p in taken}
        rest = {name: p.name for p in taken if p.kind is p.VAR_KEYWORD for name in others}
    number = 0
    for name, _, node in parts(spec):
        parameter = rest.get(name, name)
        if parameter in hints:
            yield from _annotated(hints[parameter], node, number)
        number += len(leaves(node))


def _annotated(hint: Any, node: Any, number: int) -> Iterator[tuple[Any, Slot, int]]:
    if isinstance(node, Slot):
        yield hint, node, number
        return
    element = element_of(hint, dict if isinstance(node, dict) else list)
    if element is None:
        return
    for child in node.values() if isinstance(node, dict) else node:
        yield from _annotated(element, child, number)
        number += len(leaves(child))


def element_of(hint: Any, kind: type) -> Any:
    """The element of a list's or dict's annotation; ``None`` where it is not one."""
    if typing.get_origin(hint) is typing.Annotated:
        hint = typing.get_args(hint)[0]
    if typing.get_origin(hint) is kind:
        return typing.get_args(hint)[-1]
    return None


def parts(spec: CallbackSpec) -> Iterator[tuple[str, bool, Any]]:
    """Give each part of the author's inputs with the name of its parameter, and whether that one takes the rest too.

    A part that the function does not see, and one beyond its parameters, has no name.
    """
    tree: Any = spec.inputs
    named = isinstance(tree, dict)
    nodes = list(tree.items()) if named else [("", n) for n in (tree if is_branch(tree) else (tree,))]
    positional = _positional(spec)
    for key, node in nodes:
        if not any(slot.passed for slot in leaves(node)):
            yield "", False, node
        elif named:
            yield key, False, node
        else:
            name, takes_rest = next(positional, ("", True))
            yield name, takes_rest, node


def _signature(spec: CallbackSpec) -> tuple[inspect.Parameter, ...]:
    try:
        return tuple(inspect.signature(spec.func).parameters.values())  # type: ignore[arg-type]
    except (TypeError, ValueError):  # a builtin without a signature
        return ()


def _positional(spec: CallbackSpec) -> Iterator[tuple[str, bool]]:
    """The names that positional arguments have; those that ``*args`` takes share one."""
    parameters = _signature(spec)
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    # The first argument of a background callback with progress is Dash's own.
    has_progress = spec.is_background and spec.options["background"].get("progress") is not None
    yield from ((name, False) for name in names[has_progress:])
    rest = next((p.name for p in parameters if p.kind is p.VAR_POSITIONAL), None)
    if rest is not None:
        yield from itertools.repeat((rest, True))


def hints_of(func: Any) -> dict[str, Any]:
    func = innermost(func)
    if not getattr(func, "__annotations__", None):
        return {}
    scope = nonlocals_of(func)
    try:
        return typing.get_type_hints(func, localns=dict(scope), include_extras=True)
    except Exception:
        # Any text may stand in an annotation: a name that only a type checker imports, one that is local to where the
        # callback was declared, or words for people. Each stands for itself.
        return evaluated(func.__annotations__, getattr(func, "__globals__", {}), scope)


def innermost(func: Any) -> Any:
    func = inspect.unwrap(func) if hasattr(func, "__wrapped__") else func
    while isinstance(func, functools.partial):
        func = func.func
    # What an object does that is called like a function.
    call = getattr(type(func), "__call__", None)  # noqa: B004
    return call if inspect.isfunction(call) else func


_AUTHORS = "__enrich_author__"
_ADDS = "__enrich_adds__"


def standing_in(function: Any, given: Any, adds: tuple[list[str], list[str]]) -> Any:
    """Note that a transform put this function in the place of the one that it was given.

    It passes more to it than it takes: arguments behind its own, and keywords.
    """
    setattr(function, _AUTHORS, author_of(given))
    setattr(function, _ADDS, adds)
    return function


def author_of(func: Any) -> Any:
    """The function that the author declared, where transforms put others in its place."""
    return getattr(func, _AUTHORS, func)


def added_to(func: Any) -> tuple[list[str], list[str]]:
    """What a transform passes to the author's function: names for arguments behind its own, and keywords."""
    return getattr(func, _ADDS, ([], []))


def names_in(code: CodeType) -> Iterator[str]:
    """Give the names that a function's code uses, and those that the functions in it use."""
    yield from code.co_names
    yield from code.co_freevars
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from names_in(constant)


def nonlocals_of(func: Any) -> dict[str, Any]:
    names = getattr(getattr(func, "__code__", None), "co_freevars", ())
    cells = zip(names, getattr(func, "__closure__", None) or (), strict=True)
    return {name: held for name, cell in cells for held in _contents(cell)}


def evaluated(
    hints: Mapping[str, Any], module: Mapping[str, Any], scope: Mapping[str, Any]
) -> dict[str, Any]:
    """Evaluate each annotation by itself, without those that can't be."""
    found: dict[str, Any] = {}
    for name, hint in hints.items():
        try:
            found[name] = eval(hint, dict(module), scope) if isinstance(hint, str) else hint
        except Exception:
            # Any code may stand in an annotation; what can't be evaluated names no type that could be made.
            continue
    return found


def _contents(cell: Any) -> list[Any]:
    try:
        return [cell.cell_contents]
    except ValueError:  # a name that its function has not bound yet
        return []

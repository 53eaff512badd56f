"""Steps that change a part of a value: written as a ``Patch``, or carried out here where a patch can't do one."""

from __future__ import annotations

import copy
import json
import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from dash import Patch

from enrich.errors import EnrichError


@dataclass(frozen=True, slots=True)
class Step:
    """One change: what to do, with what, and at the end of which path."""

    word: str
    path: tuple[Any, ...]
    args: tuple[Any, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.word} at {''.join(f'[{key!r}]' for key in self.path) or 'the top'}"


_ON_PATCH: Mapping[str, Callable[..., Any]] = {
    "append": Patch.append,
    "extend": Patch.extend,
    "insert": Patch.insert,
    "remove": Patch.remove,
    "clear": Patch.clear,
    "reverse": Patch.reverse,
    "update": Patch.update,
    "assign": Patch.__setitem__,
    "delete": Patch.__delitem__,
}


def needs_value(steps: Iterable[Step]) -> bool:
    """Is there a step that no ``Patch`` can say?"""
    return any(step.word not in _ON_PATCH for step in steps)


def as_patch(steps: Iterable[Step]) -> Patch:
    """Write steps as a ``Patch``."""
    patch = Patch()
    for step in steps:
        part: Any = patch
        for key in step.path:
            part = part[key]
        _ON_PATCH[step.word](part, *step.args)
    return patch


def carried_out(steps: Iterable[Step], value: Any) -> Any:
    """Return the value as the steps leave it; the given one stays as it is.

    Raises
    ------
    EnrichError
        Where the value has no such part, or one that the step doesn't fit; says which step.
    """
    value = copy.deepcopy(value)
    for step in steps:
        if step.word == "start":
            value = copy.deepcopy(step.args[0])
            continue
        part = value
        try:
            for key in step.path:
                part = part[key]
            _ON_VALUE[step.word](part, *step.args, **step.options)
        except (TypeError, LookupError, AttributeError) as error:
            raise EnrichError(
                f"Operator: {step} can't be carried out on what the page holds, {_excerpt(part)}: {error}. "
                "Take the property as a State, and return the new value."
            ) from error
    return value


def _remove_all(items: list[Any], item: Any) -> None:
    # As the renderer does for a Patch.
    items[:] = [each for each in items if each != item]


def _sort(items: list[Any], *, key: Callable[[Any], Any] | None, reverse: bool) -> None:
    try:
        items.sort(key=key, reverse=reverse)
    except TypeError:
        if key is not None:
            raise
        # A list on a page may hold anything, and the browser's own sort takes it.
        items.sort(key=_rank, reverse=reverse)


def _rank(item: Any) -> tuple[int, Any]:
    if isinstance(item, int | float):
        return 0, item
    if isinstance(item, str):
        return 1, item
    return (3, "") if item is None else (2, json.dumps(item, default=str))


_ON_VALUE: Mapping[str, Callable[..., Any]] = {
    "append": list.append,
    "extend": list.extend,
    "insert": list.insert,
    "remove": _remove_all,
    "clear": lambda part: part.clear(),
    "reverse": list.reverse,
    "update": dict.update,
    "assign": operator.setitem,
    "delete": operator.delitem,
    "sort": _sort,
}


def _excerpt(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"

"""What dash-renderer makes of a ``Patch``: for pages without a browser."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any


def is_patch(value: Any) -> bool:
    """Is it a ``Patch``, as it travels?"""
    return isinstance(value, dict) and "__dash_patch_update" in value


def patched(value: Any, patch: Mapping[str, Any]) -> Any:
    """Return a value as the operations of a ``Patch`` leave it; the given one stays as it is."""
    whole = {"": copy.deepcopy(value)}
    for operation in patch["operations"]:
        path = ["", *operation["location"]]
        part: Any = whole
        for key in path[:-1]:
            part = part[key]
        last = path[-1]
        params = copy.deepcopy(operation["params"])
        if operation["operation"] == "Delete":
            _delete(part, last)
        elif operation["operation"] == "Assign":
            part[last] = params["value"]
        else:
            part[last] = _CHANGES[operation["operation"]](part[last], **params)
    return whole[""]


def _delete(part: Any, key: Any) -> None:
    # The renderer passes over what isn't there.
    if key in (part if isinstance(part, dict) else range(-len(part), len(part))):
        del part[key]


def _insert(items: list[Any], value: Any, index: int) -> list[Any]:
    at = index if index >= 0 else len(items) + index
    return [*items[:at], value, *items[at:]]


_CHANGES: Mapping[str, Callable[..., Any]] = {
    "Append": lambda items, value: [*items, value],
    "Prepend": lambda items, value: [value, *items],
    "Extend": lambda items, value: [*items, *value],
    "Insert": _insert,
    "Merge": lambda part, value: {**part, **value},
    "Remove": lambda items, value: [item for item in items if item != value],
    "Reverse": lambda items: items[::-1],
    "Clear": lambda part: type(part)(),
    "Add": lambda old, value: old + value,
    "Sub": lambda old, value: old - value,
    "Mul": lambda old, value: old * value,
    "Div": lambda old, value: old / value,
}

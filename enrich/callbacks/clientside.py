"""Clientside callbacks: the JavaScript that leads dash-renderer's flat arguments to the author's function."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from enrich.callbacks.spec import CallbackSpec, Clientside, Slot
from enrich.callbacks.tree import fill, is_branch, keep_leaves, leaves


def adapt(spec: CallbackSpec) -> Clientside:
    """Return the function to register: the author's own where it takes its arguments as dash-renderer gives them."""
    func = spec.func
    assert isinstance(func, Clientside)
    inputs = _input_shape(spec)
    outputs = _output_shape(spec)
    slots = spec.input_slots()
    if outputs is None and _spread(inputs) == list(range(len(slots))):
        return func
    return Clientside(
        source=f"{_script('adapt.js')}({target_of(func)}, {_literal(inputs)}, {_literal(outputs)})"
    )


def compose(files: tuple[str, ...], config: Mapping[str, Any], member: str) -> str:
    """Write an expression for one function of a script: each file is a function of those before it and of ``config``.

    Parameters
    ----------
    files:
        Names of files in ``js/``, in the order in which they build on each other.
    config:
        What the scripts need to know; anything that JSON holds.
    member:
        The name of the function in the object that the last file gives.
    """
    built = ""
    for name in files:
        built = f"{_script(name)}({built}{', ' if built else ''}{_literal(config)})"
    return f"{built}.{member}"


def target_of(func: Clientside) -> str:
    """Write an expression for the author's own function."""
    if func.source is not None:
        # Assigned, as Dash does it: a source may end with a semicolon or a comment, or bring helpers behind it.
        return f"(() => {{ const authorsFunction = {func.source}\n; return authorsFunction; }})()"
    namespace, name = _literal(func.namespace), _literal(func.function_name)
    # Looked up at the call: the author's script may be loaded later than this one.
    return (
        f"(function(...args) {{ const own = window.dash_clientside[{namespace}]; "
        f"return own[{name}].apply(own, args); }})"
    )


def _input_shape(spec: CallbackSpec) -> Any:
    """The author's tree with positions in dash-renderer's arguments, without what is not passed."""
    places = map(_Place, spec.request_places(), [slot.passed for slot in spec.input_slots()])
    ranked = fill(spec.dash_inputs, places)
    kept = keep_leaves(lambda place: place.passed, ranked)
    return _plain(kept)


class _Place:
    def __init__(self, rank: int, passed: bool) -> None:
        self.rank = rank
        self.passed = passed


def _plain(tree: Any) -> Any:
    if isinstance(tree, tuple):
        return [_plain(child) for child in tree]
    if isinstance(tree, dict):
        return {key: _plain(child) for key, child in tree.items()}
    return tree.rank


def _spread(shape: Any) -> Any:
    return shape if isinstance(shape, list | dict) else [shape]


def _output_shape(spec: CallbackSpec) -> Any:
    """The author's tree of outputs, or ``None`` where dash-renderer's own reading of the result is right."""
    outputs = spec.outputs
    if isinstance(outputs, Slot) or not leaves(outputs):
        return None
    if isinstance(outputs, tuple) and len(outputs) > 1 and not any(is_branch(child) for child in outputs):
        return None
    places = iter(_Place(i, True) for i in range(len(spec.output_slots())))
    return _plain(fill(outputs, places))


def _literal(value: Any) -> str:
    # "</" would end the inline script it stands in.
    return json.dumps(value).replace("</", "<\\/")


@cache
def _script(name: str) -> str:
    source = files("enrich.callbacks").joinpath("js", name).read_text(encoding="utf-8")
    return "\n".join(line for line in source.splitlines() if not line.startswith("//"))

"""Specs for tests: declare, apply a transform, and say what came out."""

from __future__ import annotations

from typing import Any

from enrich.callbacks.compile import compile_full
from enrich.callbacks.declare import read
from enrich.callbacks.spec import CallbackSpec, Clientside, Origin, Program
from enrich.callbacks.tree import keep_leaves, map_leaves

ORIGIN = Origin("app.py", 7, "app", True)


def echo(*args: Any, **kwargs: Any) -> Any:
    return kwargs or list(args)


def spec(*args: Any, func: Any = echo, line: int = 7, **kwargs: Any) -> CallbackSpec:
    origin = Origin("app.py", line, "app", True)
    return CallbackSpec(func=func, origin=origin, **read(args, kwargs, origin, clientside=False))


def clientside(*args: Any, source: str = "f", is_authors: bool = False, **kwargs: Any) -> CallbackSpec:
    func = Clientside(source=source, is_authors=is_authors)
    return CallbackSpec(func=func, origin=ORIGIN, **read(args, kwargs, ORIGIN, clientside=True))


def apply(transform: Any, *specs: CallbackSpec, **program: Any) -> Any:
    """Apply a transform; the one callback it leaves, or all of them."""
    after = transform.apply(Program(callbacks=specs, **program)).callbacks
    return after[0] if len(after) == 1 else list(after)


def seen_by_user(after: CallbackSpec) -> Any:
    """The shape of what the function receives, with addresses for values."""
    return lists(map_leaves(str, keep_leaves(lambda slot: slot.passed, after.inputs)))


def addresses(tree: Any) -> Any:
    return lists(map_leaves(str, tree))


def lists(tree: Any) -> Any:
    if isinstance(tree, tuple):
        return [lists(child) for child in tree]
    return {k: lists(v) for k, v in tree.items()} if isinstance(tree, dict) else tree


def call(after: CallbackSpec, *args: Any, **kwargs: Any) -> Any:
    """Call what a spec compiles to, with the arguments that Dash would give."""
    return compile_full(after, ())(*args, **kwargs)

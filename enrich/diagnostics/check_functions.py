"""Checks of what a callback's function needs: its arguments, an event loop, a store that its process can see."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Iterable, Iterator
from types import FunctionType
from typing import Any

from enrich import dash_internals
from enrich.callbacks.compile import is_async
from enrich.callbacks.declare import is_serverside, near_miss
from enrich.callbacks.parameters import added_to, author_of
from enrich.callbacks.spec import CallbackSpec, Slot
from enrich.callbacks.tree import leaves
from enrich.diagnostics.finding import Finding
from enrich.transforms.serverside import HANDLES, ServersideOutputTransform


def check_functions(callbacks: Iterable[CallbackSpec]) -> Iterator[Finding]:
    """Find functions that can't take what their declaration would pass them."""
    for spec in _single(callbacks):
        func = author_of(spec.func)
        args, kwargs = _arguments(spec)
        if _takes(func, len(args), kwargs):
            continue
        try:
            # A decorator may add arguments of its own, so what it wraps says nothing.
            signature = inspect.signature(func, follow_wrapped=False)
        except (TypeError, ValueError):  # built in, or not a function of Python at all
            continue
        try:
            signature.bind(*args, **dict.fromkeys(kwargs))
        except TypeError as error:
            slots = [str(slot) for slot in spec.input_slots() if slot.passed]
            said = ", ".join([*slots, *itertools.chain(*added_to(spec.func))]) or "nothing"
            yield Finding.at(
                spec,
                "signature",
                f"takes {signature}, and its declaration passes {_passed(args, kwargs)} ({said}): {error}.",
            )


def _takes(func: Any, count: int, keywords: list[str]) -> bool:
    """Is it plain from a function's code that it takes so many arguments? A thousand signatures would take their time."""
    code = getattr(func, "__code__", None) if isinstance(func, FunctionType) else None
    if code is None or keywords or code.co_kwonlyargcount:
        return False
    fewest = code.co_argcount - len(func.__defaults__ or ())
    return fewest <= count and (count <= code.co_argcount or bool(code.co_flags & inspect.CO_VARARGS))


def _single(callbacks: Iterable[CallbackSpec]) -> Iterator[CallbackSpec]:
    return (single for spec in callbacks for single in spec.singles if callable(single.func))


def _arguments(spec: CallbackSpec) -> tuple[list[str], list[str]]:
    """What the function is called with: names for the positional arguments, and keywords."""
    progress = ["set_progress"] if spec.is_background and spec.options["background"].get("progress") else []
    behind, keywords = added_to(spec.func)
    tree: Any = spec.inputs
    if isinstance(tree, dict):
        return [*progress, *behind], [*(name for name, child in tree.items() if _is_passed(child)), *keywords]
    own = [tree] if isinstance(tree, Slot) else tree
    return [*progress, *("value" for child in own if _is_passed(child)), *behind], keywords


def _is_passed(tree: Any) -> bool:
    found = [slot.passed for slot in leaves(tree)]
    return any(found) or not found


def _passed(args: list[str], kwargs: list[str]) -> str:
    count = [f"{len(args)} argument{'' if len(args) == 1 else 's'}"] if args or not kwargs else []
    return " and ".join([*count, *(["the keywords " + ", ".join(kwargs)] if kwargs else [])])


def check_async(callbacks: Iterable[CallbackSpec], app: Any) -> Iterator[Finding]:
    """Find async functions in an app that can't run them."""
    if dash_internals.runs_async(app):
        return
    for spec in _single(callbacks):
        if is_async(spec.func):
            yield Finding.at(
                spec,
                "async-extra",
                "is async, and this app can't run it: pip install 'dash[async]', and don't give use_async=False.",
            )


def check_options(callbacks: Iterable[CallbackSpec]) -> Iterator[Finding]:
    """Find options that nobody knows and that look like one that somebody does."""
    for spec in callbacks:
        for name in spec.flags:
            if (known := near_miss(name)) is not None:
                yield Finding.at(
                    spec,
                    "misspelt-option",
                    f"has an option '{name}', which nothing knows. Did you mean '{known}'?",
                )


def check_stores(callbacks: Iterable[CallbackSpec], app: Any) -> Iterator[Finding]:
    """Find background callbacks whose server-side values are kept in a process that is not theirs."""
    settings = ServersideOutputTransform.find(app)
    specs = list(callbacks)
    if settings is None or not any(spec.is_background for spec in specs):
        return
    stored = {
        slot.key: _backend(settings, slot.marker.backend)
        for spec in specs
        for slot in spec.output_slots()
        if is_serverside(slot)
    }
    for spec in specs:
        if not spec.is_background:
            continue
        used = [
            stored[slot.key] for slot in (*spec.input_slots(), *spec.output_slots()) if slot.key in stored
        ]
        if callable(spec.func) and HANDLES.is_made_by(spec.func):
            used.append(_backend(settings, None))
        unshared = next((one for one in used if getattr(one, "reach", None) == "process"), None)
        if unshared is not None:
            yield Finding.at(
                spec,
                "unshared-store",
                f"runs in the background, in a process of its own, and store '{unshared.name}' keeps its values in "
                "this one. Use FileSystemBackend() or RedisBackend(...).",
            )


def _backend(settings: ServersideOutputTransform, which: Any) -> Any:
    """The backend that a declaration means; the store is not opened for it."""
    if which is None or isinstance(which, str):
        return settings.named.get(which) if which else next(iter(settings.named.values()))
    return which

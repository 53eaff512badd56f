"""An app's callbacks as plain data: what the table, the graph and the page show."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from enrich.callbacks.spec import CallbackSpec, Joint, Program
from enrich.diagnostics.check_graph import edges
from enrich.diagnostics.checks import find
from enrich.diagnostics.history import History, history_of


def describe(app: Any, written: Program | None = None) -> dict[str, Any]:
    """Describe an app's callbacks, as they were written and as they are registered.

    Parameters
    ----------
    app:
        A ``DashProxy``.
    written:
        The program before all transforms. Default: what the app knows of it now.
    """
    build = app._build
    history = history_of(build.written() if written is None else written, build.transforms)
    specs = [one.spec for one in history.registered]
    return {
        "app": str(app.config.name),
        "transforms": history.transforms,
        "added": [{"transform": change.transform, "lines": change.lines} for change in history.added],
        "written": [_written(number, history) for number in range(len(history.written))],
        "registered": [
            {**_signature(one.spec), "name": one.name, "of": one.of, "hidden": one.added_by is not None}
            for one in history.registered
        ],
        "edges": [
            *([edge.source, edge.target, str(edge.through)] for edge in edges(specs)),
            *_by_hand(history),
        ],
        "findings": [finding.as_json() for finding in find(app, written)],
    }


def _by_hand(history: History) -> Iterator[list[Any]]:
    """What hidden callbacks without outputs write: they set the properties of the one that they were made for."""
    for place, one in enumerate(history.registered):
        if one.added_by is not None and not one.spec.output_slots():
            for target, other in enumerate(history.registered):
                if other.added_by is None and set(other.of) & set(one.of):
                    yield [place, target, "set_props"]


def _written(number: int, history: History) -> dict[str, Any]:
    row = history.written[number]
    return {
        **_signature(row.spec),
        "became": row.became,
        "changes": [{"transform": change.transform, "lines": change.lines} for change in row.changes],
    }


def _signature(spec: CallbackSpec) -> dict[str, Any]:
    slots = spec.input_slots()
    return {
        "name": spec.func_name,
        "file": spec.origin.file,
        "line": spec.origin.line,
        "kind": _kind(spec),
        "outputs": [_slot(slot) for slot in spec.output_slots()],
        "inputs": [_slot(slot) for slot in slots if slot.fires],
        "states": [_slot(slot) for slot in slots if not slot.fires],
        "options": {name: _short(value) for name, value in {**spec.options, **spec.flags}.items()},
    }


def _slot(slot: Any) -> str:
    marker = type(slot.marker).__name__ if slot.marker is not None else ""
    return f"{slot}{f' ({marker})' if marker else ''}"


def _kind(spec: CallbackSpec) -> str:
    if isinstance(spec.func, Joint):
        return "joint"
    if spec.is_clientside:
        return "clientside"
    return "background" if spec.is_background else "server"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."

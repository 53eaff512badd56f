"""The author's view of ``ctx``, where Dash is given other inputs than the author declared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from enrich import dash_internals
from enrich.callbacks.spec import Around, CallbackSpec, Joint


@dataclass(frozen=True, slots=True)
class Fired:
    """What fires a callback in place of the author's inputs, and where it says which of them changed."""

    port: str
    """The port that fires."""
    data: str
    """The port whose value says in ``triggered`` what changed, as pairs: the place among the sources, and the place in
    a value that is for all."""
    sources: tuple[int, ...]
    """Which of the author's slots the port stands for."""
    always: bool = False
    """Does it alone decide when the callback runs?"""

    @classmethod
    def by(cls, ports: Iterable[str], sources: Iterable[int], *, always: bool = False) -> Fired:
        """Make one of the names that ``HiddenStores.ports`` gives."""
        names = list(ports)
        return cls(names[0], names[-1], tuple(sources), always)


def view_of(before: CallbackSpec, after: CallbackSpec, fired: Iterable[Fired]) -> Around:
    """Make a bracket that shows ``ctx`` as it would be had Dash been given ``before`` in place of ``after``.

    Parameters
    ----------
    before, after:
        ``after`` has the slots of ``before``, of which some may have become states, and further ports.
    fired:
        What these ports stand for.
    """
    places = after.request_places()
    stand_ins = [
        _StandIn(
            after.port_place(one.port),
            after.port_place(one.data),
            [places[i] for i in one.sources],
            one.always,
        )
        for one in fired
    ]
    own = before.input_slots()
    inputs = [places[i] for i, slot in enumerate(own) if slot.fires]
    states = [places[i] for i, slot in enumerate(own) if not slot.fires]
    shape = before.request_shape()
    is_joint = isinstance(after.func, Joint)

    @contextmanager
    def show() -> Iterator[None]:
        whole = dash_internals.context()
        if not hasattr(whole, "inputs_list"):
            yield
            return
        request = [*whole.inputs_list, *(whole.states_list or ())]
        if any(one.always and not request[one.data].get("value") for one in stand_ins):
            # Dash runs a callback whose input came later than its output, whatever prevent_initial_call says.
            raise dash_internals.PreventUpdate
        triggered = _triggered(whole, request, stand_ins)
        if is_joint:
            # Its members find their values by their places in the whole request.
            count = len(whole.inputs_list)
            view = dash_internals.inputs_view(
                whole, request[:count], request[count:], list(range(len(request))), triggered
            )
        else:
            view = dash_internals.inputs_view(
                whole, [request[i] for i in inputs], [request[i] for i in states], shape, triggered
            )
        with dash_internals.use_context(view):
            yield

    return show


@dataclass(frozen=True, slots=True)
class _StandIn:
    """``Fired``, with places in the request for names."""

    port: int
    data: int
    sources: Sequence[int]
    always: bool


def _triggered(whole: Any, request: list[Any], stand_ins: Sequence[_StandIn]) -> list[dict[str, Any]]:
    hidden = {name: one for one in stand_ins for name in dash_internals.prop_ids([request[one.port]])}
    changed: dict[str, Any] = {}
    for one in whole.triggered_inputs:
        stand_in = hidden.get(one["prop_id"])
        if stand_in is None:
            changed[one["prop_id"]] = one["value"]
            continue
        for place, i in (request[stand_in.data].get("value") or {}).get("triggered", []):
            item = request[stand_in.sources[place]]
            parts = item[i : i + 1] if isinstance(item, list) else [item]
            changed.update(
                (name, part.get("value"))
                for name, part in zip(dash_internals.prop_ids(parts), parts, strict=True)
            )
    return [{"prop_id": name, "value": value} for name, value in changed.items()]

"""Hidden stores of a callback, which fire it in place of the author's inputs.

Where the author's ids have MATCH, each row has stores of its own: a callback lists the rows that are on the page, and
keeps their stores in a hidden box. What fires is then the ``id`` of a component of the row, written anew: a store that
comes later than its row would run the callback by its mere coming, whatever ``prevent_initial_call`` says.
Everything is made of ``dcc.Store`` and clientside functions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dash import dcc, html
from dash.dependencies import ALL, MATCH

from enrich.callbacks.clientside import compose, target_of
from enrich.callbacks.spec import OURS, CallbackSpec, Clientside, FrozenId, Origin, Slot, Wildcard
from enrich.callbacks.view import Fired


@dataclass(frozen=True, slots=True)
class HiddenStores:
    """The hidden stores of one declaration: one for each part, or one for each part and row."""

    name: str
    """Stable across workers, and of this declaration alone (see ``naming.hidden_id``)."""
    match: tuple[str, ...]
    """The keys that tell rows apart; none where the ids have no MATCH."""
    parts: tuple[str, ...]
    script: str
    """The file that builds on ``rows.js``."""
    settings: Mapping[str, Any]
    """What the script needs to know besides."""

    @property
    def named(self) -> Slot:
        """The slot from which the script learns the stores' ids as they are on the page, with a prefix if any."""
        return Slot("state", self.name if self.match else f"{self.name}-go", "id")

    def ports(self, pattern: Slot | None, prefix: str = "") -> dict[str, Slot]:
        """The ports through which the callback is fired, the first one firing and the last one saying by what.

        Parameters
        ----------
        pattern:
            A slot whose component is in the row, where there are rows.
        prefix:
            What the names of the ports start with.
        """
        data = Slot("input", self._id("go", MATCH), "data", passed=False)
        if pattern is None or not self.match:
            return {f"{prefix}go": data}
        fire = Slot("input", pattern.id, "id", passed=False)
        return {
            f"{prefix}fire": fire,
            f"{prefix}go": data.with_changes(role="state", allow_optional=True),
        }

    def all_rows(self, part: str) -> Slot:
        """The input of a script's own callback that sees a part in every row."""
        return Slot("input", self._id(part, ALL), "data")

    def output(self, part: str) -> Slot:
        """The slot that writes a part."""
        return Slot("output", self._id(part, MATCH), "data")

    def _id(self, part: str, wildcard: Any) -> str | FrozenId:
        if not self.match:
            return f"{self.name}-{part}"
        return FrozenId.of({f"enrich-{part}": self.name, **dict.fromkeys(self.match, wildcard)})

    def components(self) -> tuple[Any, ...]:
        """What the layout needs."""
        if self.match:
            return (html.Div(id=self.name, style={"display": "none"}),)
        return tuple(dcc.Store(id=f"{self.name}-{part}") for part in self.parts)

    def function(self, member: str) -> Clientside:
        """One of the script's functions."""
        return Clientside(source=self._expression(member))

    def wrapped(self, func: Clientside, after: CallbackSpec, fired: Fired) -> Clientside:
        """The author's own clientside function, as the script calls it."""
        places = after.request_places()
        wrap = self._expression(
            "wrap",
            port=after.port_place(fired.port),
            data=after.port_place(fired.data),
            sources=[places[i] for i in fired.sources],
        )
        return Clientside(source=f"{wrap}({target_of(func)})")

    def _expression(self, member: str, **more: Any) -> str:
        config = {"match": self.match, "parts": self.parts, **self.settings, **more}
        return compose(("rows.js", self.script), config, member)

    def rows_callback(self, pattern: Slot, origin: Origin) -> tuple[CallbackSpec, ...]:
        """The callback that keeps one set of stores for each row on the page; none where there are no rows.

        Parameters
        ----------
        pattern:
            A slot of the author's whose components tell which rows there are.
        origin:
            The declaration.
        """
        if not self.match:
            return ()
        # A component's id never changes: as an input it fires when a row comes or goes.
        rows = Slot("input", of_all_rows(pattern.id), "id")
        return (
            CallbackSpec(
                func=self.function("stores"),
                outputs=Slot("output", self.name, "children"),
                inputs=rows,
                origin=origin,
                prevent_initial_call=False,
                options=OURS,
            ),
        )


def of_all_rows(component_id: str | FrozenId) -> str | FrozenId:
    """The id that fits the components of all rows: every wildcard becomes ALL."""
    if not isinstance(component_id, FrozenId):
        return component_id
    rows = {k: ALL if isinstance(v, Wildcard) else v for k, v in component_id.items}
    return FrozenId.of(rows, partial=component_id.partial)

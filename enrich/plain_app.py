"""Blueprints on a plain ``dash.Dash``: it takes callbacks one by one, so what is embedded is emitted at once."""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

from enrich.build import Build
from enrich.callbacks.spec import Program
from enrich.errors import DeclarationError

_places: WeakKeyDictionary[Any, PlainBuild] = WeakKeyDictionary()


def plain_place(app: Any) -> PlainBuild:
    """Where blueprints are embedded in a plain app; the same one each time."""
    place = _places.get(app)
    if place is None:
        place = _places[app] = PlainBuild(app)
    return place


class PlainBuild(Build):
    """The callbacks that we put into a plain app's registry, beside its own."""

    def __init__(self, app: Any) -> None:
        self._own: list[Any] | None = []
        super().__init__(app, (), include_globals=False)
        self._own = None
        self.map, self.scripts = app.callback_map, app._inline_scripts

    @property
    def list(self) -> Any:
        # Dash makes a new list when it sets the server up.
        return self.app._callback_list if self._own is None else self._own

    @list.setter
    def list(self, value: Any) -> None:
        self._own = value

    def changed(self) -> None:
        super().changed()
        self.refresh()

    def _transformed(self, program: Program) -> Program:
        program = super()._transformed(program)
        if program.wires:
            raise DeclarationError(
                "A blueprint with ServersideOutputTransform was embedded in a plain dash.Dash, which has no store. "
                "Use enrich.Dash or DashProxy for the app, or enrich_app(app)."
            )
        return program

"""Blueprints on a plain ``dash.Dash``: it takes callbacks one by one, so what is embedded is emitted at once."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from enrich.build import Build
from enrich.callbacks.call import Call, current_call
from enrich.callbacks.emit import Emitted
from enrich.callbacks.spec import Program
from enrich.errors import DeclarationError

_places: WeakKeyDictionary[Any, PlainBuild] = WeakKeyDictionary()


def plain_place(app: Any, host: Any = None) -> PlainBuild:
    """Where blueprints are embedded in a plain app; the same one each time.

    Parameters
    ----------
    app:
        The plain app.
    host:
        An app of ours whose store and sessions the callbacks use. Default: none.
    """
    place = _places.get(app)
    if place is None:
        place = _places[app] = PlainBuild(app, host)
    return place


class PlainBuild(Build):
    """The callbacks that we put into a plain app's registry, beside its own."""

    def __init__(self, app: Any, host: Any) -> None:
        super().__init__(app, (), include_globals=False)
        self.host = host
        self.map, self.scripts = app.callback_map, app._inline_scripts

    @property
    def list(self) -> Any:
        # Dash makes a new list when it sets the server up.
        return self.app._callback_list if self._is_ready else self._unused

    @list.setter
    def list(self, value: Any) -> None:
        self._unused = value

    @property
    def _is_ready(self) -> bool:
        return hasattr(self, "host")

    def changed(self) -> None:
        super().changed()
        self.refresh()

    def _transformed(self, program: Program) -> Program:
        program = super()._transformed(program)
        if program.wires and self.host is None:
            raise DeclarationError(
                "A blueprint with ServersideOutputTransform was embedded in a plain dash.Dash, which has no store. "
                "Use enrich.Dash or DashProxy for the app."
            )
        return program

    def _replace(self, emitted: dict[str, Emitted], program: Program) -> None:
        if self.host is not None:
            call = Call(self.host, program.wires)
            for one in emitted.values():
                if "callback" in one.back:
                    one.back = {**one.back, "callback": _called(one.full_handler(), call)}
        super()._replace(emitted, program)


def _called(handler: Callable[..., Any], call: Call) -> Callable[..., Any]:
    """Let a handler run as a call of an app of ours."""
    if inspect.iscoroutinefunction(handler):

        @functools.wraps(handler)
        async def run_async(*args: Any, **kwargs: Any) -> Any:
            current_call.set(call)
            return await handler(*args, **kwargs)

        return run_async

    @functools.wraps(handler)
    def run(*args: Any, **kwargs: Any) -> Any:
        current_call.set(call)
        return handler(*args, **kwargs)

    return run

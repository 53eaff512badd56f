"""Loading: one spinner over the whole page, for the callbacks that ask for it."""

from __future__ import annotations

from typing import Any

from dash import Output, Patch, dcc, html

from enrich.callbacks.clientside import compose, target_of
from enrich.callbacks.spec import OURS, CallbackSpec, Clientside, Origin, Program, Slot
from enrich.dash_internals.registration import RUNNING_TAKES_PATCHES
from enrich.transforms.base import DashTransform

_WHOLE_PAGE: dict[str, Any] = {
    "id": "loading_id",
    "fullscreen": True,
    "delay_show": 500,
    "delay_hide": 1000,
    "overlay_style": {
        "position": "fixed",
        "inset": 0,
        "zIndex": 1000,
        "opacity": 0.5,
        "backgroundColor": "white",
        "visibility": "visible",
    },
}


class LoadingTransform(DashTransform):
    """Enable ``loading=True``: while any callback that carries it runs, one spinner covers the page.

    Parameters
    ----------
    **kwargs:
        Properties of the ``dcc.Loading``. Default: over the full page, shown after 500 ms, hidden 1000 ms after the
        last callback has ended, with the id ``"loading_id"``.

    Examples
    --------
    >>> from enrich import DashProxy, Input, LoadingTransform, Output
    >>> app = DashProxy("doc", transforms=[LoadingTransform(type="cube", delay_show=0)])
    >>> @app.callback(Output("report", "children"), Input("make", "n_clicks"), loading=True)
    ... def make(n_clicks):
    ...     return "a long report"
    """

    after = ("GroupTransform", "BlockingCallbackTransform")

    def __init__(self, **kwargs: Any) -> None:
        self.kwargs = {**_WHOLE_PAGE, **kwargs}

    def apply(self, program: Program, /) -> Program:
        if not program.says("loading"):
            return program
        asking = [spec for spec in program.callbacks if spec.flag("loading")]
        program = program.map_callbacks(self._counted)
        if not asking or self._is_served(program):
            return program
        return program.with_changes(
            callbacks=(*program.callbacks, self._display(asking[0].origin)),
            components=(*program.components, *self._components()),
        )

    def _is_served(self, program: Program) -> bool:
        """For late callbacks: is the spinner on the page already?"""
        own_id = self.kwargs["id"]
        return any(slot.id == own_id for spec in program.served or () for slot in spec.output_slots())

    @property
    def _store(self) -> str:
        return f"{self.kwargs['id']}-running"

    def _components(self) -> tuple[Any, ...]:
        spinner = dcc.Loading(html.Div(), **{"display": "hide", "show_initially": False, **self.kwargs})
        return (dcc.Store(id=self._store, data=0), spinner)

    def _function(self, member: str) -> str:
        delays = {"show": self.kwargs["delay_show"], "hide": self.kwargs["delay_hide"]}
        return compose(("loading.js",), delays, member)

    def _display(self, origin: Origin) -> CallbackSpec:
        own_id = self.kwargs["id"]
        return CallbackSpec(
            func=Clientside(source=self._function("display")),
            outputs=Slot("output", own_id, "display"),
            inputs=(Slot("input", self._store, "data"), Slot("state", own_id, "id")),
            origin=origin,
            prevent_initial_call=True,
            options=OURS,
        )

    def _counted(self, spec: CallbackSpec) -> CallbackSpec:
        asks = spec.flag("loading")
        spec = spec.without_flags("loading")
        if not asks:
            return spec
        if isinstance(spec.func, Clientside):
            return spec.with_changes(
                func=Clientside(source=f"{self._function('wrap')}({target_of(spec.func)})"),
                ports={**spec.ports, "loading": Slot("state", self._store, "id", passed=False)},
            )
        counting = (Output(self._store, "data"), *_steps())
        return spec.with_changes(options={**spec.options, "running": [*spec.running, counting]})


def _steps() -> tuple[Any, Any]:
    """What ``running`` does to the count: one more at the start, one less at the end."""
    if not RUNNING_TAKES_PATCHES:
        return 1, 0
    more, less = Patch(), Patch()
    more += 1
    less -= 1
    # What running holds is written by the server's own JSON encoder, which knows no Patch.
    return more.to_plotly_json(), less.to_plotly_json()

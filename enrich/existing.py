"""enrich_app: the powers of ``enrich.Dash`` for an app that exists already."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any, TypeVar

import dash

from enrich import dash_internals
from enrich.app import DashProxy, with_batteries
from enrich.errors import LateDeclarationError, TransformError
from enrich.serving import install_layer
from enrich.transforms import memoize
from enrich.transforms.base import Transform, order

AnyApp = TypeVar("AnyApp", bound=dash.Dash)


def enrich_app(app: AnyApp, transforms: Iterable[Transform] | None = None, checks: Any = None) -> AnyApp:
    """Give an app that exists already what ``enrich.Dash`` has, whoever made it.

    The callbacks that it has are declared anew, through the transforms, and so are those that follow. What was declared
    before this package was imported is taken from what Dash keeps of it: everything but options of transforms, such as
    ``group=``, which plain Dash forgets.

    Parameters
    ----------
    app:
        A ``dash.Dash``, or an app of a class of its own, that has not served a request yet. It is changed in place.
    transforms:
        Transforms to add. One of a kind that ``enrich.Dash`` has loaded takes its place, with its own settings.
    checks:
        What the startup checks do, as in ``DashProxy``, with the same default.

    Returns
    -------
    The same app.

    Raises
    ------
    LateDeclarationError
        If the app has served a request: its callbacks are known to browsers.
    TransformError
        If the app has transforms already, or for what ``DashProxy`` refuses in ``transforms``.

    Examples
    --------
    >>> import dash
    >>> from enrich import Input, Output, Trigger, enrich_app, html
    >>> app = dash.Dash("doc")
    >>> app.layout = html.Div([html.Button(id="button"), html.Div(id="log")])
    >>> app = enrich_app(app)
    >>> @app.callback(Output("log", "children"), Trigger("button", "n_clicks"))
    ... def greet():
    ...     return "hello"
    """
    if isinstance(app, DashProxy):
        raise TransformError(
            f"The app {app.config.name!r} has transforms already. Give them all where it is made, or to one enrich_app()."
        )
    given = with_batteries(transforms)
    order(given)
    if dash_internals.has_served(app):
        raise LateDeclarationError(
            f"The app {app.config.name!r} has served a request, so browsers know its callbacks. "
            "Call enrich_app() before the first request."
        )
    registry = dash_internals.take_registry(app)
    declarations = dash_internals.earlier(registry.entries, registry.map, registry.scripts)
    kind: Any = type(app)
    app.__class__ = _enriched(kind)
    ours: Any = app
    ours.checks = checks
    ours._begin(given, include_global_callbacks=True)
    memoize.register(ours)
    if not app.config.prevent_initial_callbacks:
        # Only duplicate outputs are affected: Dash refuses those without it.
        app.config.prevent_initial_callbacks = "initial_duplicate"
    ours._build.scripts.extend(registry.own_scripts)
    for declaration in declarations:
        dash_internals.declare_again(declaration, ours._build)
    if dash_internals.is_on_a_server(app):
        dash_internals.rebind(app)
        install_layer(ours)
        ours._layer_of = app.server
    return app


@cache
def _enriched(kind: Any) -> type:
    """The app's own class, with ours in front of it."""
    return (
        DashProxy
        if kind is dash.Dash
        else type(kind.__name__, (DashProxy, kind), {"__module__": kind.__module__})
    )

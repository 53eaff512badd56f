"""Blueprints: callbacks and a layout that can be embedded elsewhere, as often as one likes."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import Any, cast

import dash

from enrich import dash_internals
from enrich.callbacks.spec import CallbackSpec, Clientside
from enrich.declarations import Decorator
from enrich.declared import Declarations, Embedding, embedded_at, global_callbacks
from enrich.errors import DeclarationError
from enrich.transforms.base import Transform, order
from enrich.transforms.prefix_id import PrefixIdTransform


class DashBlueprint:
    """A part of an app, with callbacks, a layout and transforms of its own, to be embedded in apps and blueprints.

    Its callbacks go through its own transforms, and then through those of the app. What it declares after it was
    embedded is embedded too.

    Parameters
    ----------
    transforms:
        The blueprint's own transforms, in any order. Default: none.
    include_global_callbacks:
        Take the callbacks that ``enrich.callback`` and ``dash.callback`` declared, in a copy. Default ``False``.

    Examples
    --------
    >>> from enrich import DashBlueprint, DashProxy, Input, Output, html
    >>> counter = DashBlueprint()
    >>> counter.layout = html.Div([html.Button(id="button"), html.Div(id="log")])
    >>> @counter.callback(Output("log", "children"), Input("button", "n_clicks"))
    ... def count(n_clicks):
    ...     return n_clicks
    >>> app = DashProxy("doc")
    >>> app.layout = html.Div([counter.embed(app, prefix="left"), counter.embed(app, prefix="right")])
    >>> sorted(app.callback_map)
    ['left-log.children', 'right-log.children']
    """

    def __init__(
        self, transforms: Iterable[Transform] | None = None, include_global_callbacks: bool = False
    ) -> None:
        self.transforms: list[Transform] = list(order(transforms or ()))
        self.include_global_callbacks = include_global_callbacks
        self._source: Any = Declarations()
        self._layout: Any = None

    @classmethod
    def of_app(cls, build: Any) -> DashBlueprint:
        """The blueprint that an app is: what was declared on the app, and its transforms."""
        own = DashBlueprint.__new__(cls)
        own.transforms = build.given
        own.include_global_callbacks = build.include_globals
        own._source = build
        own._layout = None
        return own

    @property
    def layout(self) -> Any:
        """A component, a list of them, or a function that returns either; as written, without prefixes."""
        return self._layout

    @layout.setter
    def layout(self, value: Any) -> None:
        self._layout = value

    @property
    def callbacks(self) -> tuple[CallbackSpec, ...]:
        """The server-side callbacks declared so far, before all transforms."""
        return tuple(spec for spec in self._specs() if not isinstance(spec.func, Clientside))

    @property
    def clientside_callbacks(self) -> tuple[CallbackSpec, ...]:
        """The clientside callbacks declared so far, before all transforms."""
        return tuple(spec for spec in self._specs() if isinstance(spec.func, Clientside))

    def _specs(self) -> list[CallbackSpec]:
        return [entry for _, entry in self._source.declared if isinstance(entry, CallbackSpec)]

    # Declaring

    def callback(self, *args: Any, **kwargs: Any) -> Decorator:
        """Declare a server-side callback; see ``enrich.callback``."""
        return cast("Decorator", dash_internals.declare_callback(args, kwargs, self._source))

    def clientside_callback(self, clientside_function: Any, *args: Any, **kwargs: Any) -> None:
        """Declare a callback that runs in the browser; see ``enrich.clientside_callback``."""
        dash_internals.declare_clientside_callback(clientside_function, args, kwargs, self._source.list)

    def clear(self) -> None:
        """Forget the callbacks and the transforms; where the blueprint is embedded already, it stays as it was."""
        self._source = Declarations()
        self.transforms = []

    # Embedding

    def embed(self, app: Any, prefix: str | PrefixIdTransform | None = None) -> Any:
        """Make the blueprint's callbacks those of an app or of another blueprint, and return its layout.

        Parameters
        ----------
        app:
            A ``DashProxy``, a plain ``dash.Dash``, or a ``DashBlueprint``.
        prefix:
            Put it before every id, in this place only. Default: what the blueprint's transforms say.

        Returns
        -------
        The layout after all transforms, in a copy; a layout that is a function is called.

        Raises
        ------
        DeclarationError
            If ``app`` is none of these, or the blueprint is embedded in itself.
        """
        origin = dash_internals.caller()
        layout = _rendered(self._embedded(app, prefix), self._layout)
        _place(app).shown[origin, str(prefix)] = layout
        return layout

    def register_callbacks(self, app: Any, prefix: str | PrefixIdTransform | None = None) -> None:
        """Make the blueprint's callbacks those of an app or of another blueprint; as ``embed``, without the layout."""
        self._embedded(app, prefix)

    def register(
        self, app: Any, module: str, prefix: str | PrefixIdTransform | None = None, **kwargs: Any
    ) -> None:
        """Make the blueprint a page of an app.

        Parameters
        ----------
        app:
            The app, with ``use_pages=True``.
        module:
            The page's module, usually ``__name__``.
        prefix:
            Put it before every id, on this page only. Default: what the blueprint's transforms say.
        **kwargs:
            What ``dash.register_page`` takes.
        """
        _register_page(self._embedded(app, prefix), self, module, kwargs)

    def _embedded(self, app: Any, prefix: str | PrefixIdTransform | None) -> Embedding:
        embedding = self._embedding(prefix)
        _place(app).embed(embedding)
        return embedding

    def _embedding(self, prefix: str | PrefixIdTransform | None) -> Embedding:
        transforms = order(self.transforms)
        if prefix is not None:
            # It names one place, so it stands before a prefix of the blueprint's own.
            own = prefix if isinstance(prefix, PrefixIdTransform) else PrefixIdTransform(prefix)
            transforms = (*transforms, own)
        return Embedding(self._source, transforms, self.include_global_callbacks)

    def _layout_value(self, *args: Any, **kwargs: Any) -> Any:
        """The layout after the blueprint's transforms; some apps call this."""
        return _rendered(self._embedding(None), self._layout, *args, **kwargs)


def register(
    blueprint: DashBlueprint, name: str, prefix: str | PrefixIdTransform | None = None, **kwargs: Any
) -> None:
    """Make a blueprint a page of every app that includes global callbacks, without naming an app.

    Parameters
    ----------
    blueprint:
        The blueprint.
    name:
        The page's module, usually ``__name__``.
    prefix:
        Put it before every id, on this page only. Default: what the blueprint's transforms say.
    **kwargs:
        What ``dash.register_page`` takes.
    """
    embedding = blueprint._embedding(prefix)
    global_callbacks.embed(embedding)
    _register_page(embedding, blueprint, name, kwargs)


def _register_page(
    embedding: Embedding, blueprint: DashBlueprint, module: str, kwargs: dict[str, Any]
) -> None:
    layout = blueprint.layout
    if inspect.iscoroutinefunction(layout):

        async def page_async(*args: Any, **variables: Any) -> Any:
            return embedding.mapped(await layout(*args, **variables))

        dash.register_page(module, layout=page_async, **kwargs)  # type: ignore[no-untyped-call]
        return

    def page(*args: Any, **variables: Any) -> Any:
        # Looked up at the call: the layout may be set after the page was registered.
        return _rendered(embedding, blueprint.layout, *args, **variables)

    dash.register_page(module, layout=page, **kwargs)  # type: ignore[no-untyped-call]


def _rendered(embedding: Embedding, layout: Any, *args: Any, **kwargs: Any) -> Any:
    return embedding.mapped(layout(*args, **kwargs) if callable(layout) else layout)


def _place(app: Any) -> Any:
    if isinstance(app, DashBlueprint):
        return app._source
    build = getattr(app, "_build", None)
    if build is not None:
        return build
    if isinstance(app, dash.Dash):
        from enrich.plain_app import plain_place

        return plain_place(app)
    raise DeclarationError(
        f"A blueprint can't be embedded in {app!r}. Give a DashProxy, a dash.Dash or a DashBlueprint."
    )


def _explained(app: Any, component_id: str) -> DeclarationError | None:
    """What to say where blueprints bring an id that is twice in an app's layout."""
    origins = sorted(set(map(str, embedded_at(_place(app), component_id))))
    if not origins:
        return None
    return DeclarationError(
        f"The id `{component_id}` is twice in the layout. It comes with what is embedded at "
        f"{' and at '.join(origins)}. "
        'Give each place a prefix of its own: blueprint.embed(app, prefix="left").'
    )


dash_internals.explain_duplicate_ids(_explained)

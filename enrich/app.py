"""The app: DashProxy, with a pipeline of transforms, and Dash, with every transform loaded."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any, cast

import dash
from dash import html

from enrich import dash_internals, observing
from enrich.blueprint import DashBlueprint
from enrich.build import Build
from enrich.callbacks.call import Call, entered
from enrich.dash_internals.components import set_layout
from enrich.dash_internals.existing import hand_over
from enrich.declarations import Decorator
from enrich.declared import Embedding
from enrich.serving import AsyncRouter, handler_in, install_layer
from enrich.sessions import Sessions
from enrich.store import Store
from enrich.transforms import (
    BaseModelTransform,
    BlockingCallbackTransform,
    CycleBreakerTransform,
    DataclassTransform,
    GroupTransform,
    LoadingTransform,
    LogTransform,
    MultiplexerTransform,
    NoOutputTransform,
    OperatorTransform,
    ServersideOutputTransform,
    TriggerTransform,
    memoize,
)
from enrich.transforms.base import Transform

BATTERIES: tuple[type, ...] = (
    TriggerTransform,
    CycleBreakerTransform,
    BlockingCallbackTransform,
    OperatorTransform,
    DataclassTransform,
    BaseModelTransform,
    GroupTransform,
    MultiplexerTransform,
    NoOutputTransform,
    ServersideOutputTransform,
    LoadingTransform,
    LogTransform,
)
"""The transforms that ``Dash`` has loaded."""


class DashProxy(dash.Dash):
    """A ``dash.Dash`` that rewrites its callbacks through a list of transforms before Dash registers them.

    Everything ``dash.Dash`` takes and does is there.

    Parameters
    ----------
    *args, **kwargs:
        What ``dash.Dash`` takes.
    transforms:
        The transforms, in any order. Default: none.
    include_global_callbacks:
        Take the callbacks that ``enrich.callback`` and ``dash.callback`` declared. Default ``True``.
    blueprint:
        Make this blueprint the app: its callbacks, its layout and its transforms. Default: none.
    prevent_initial_callbacks:
        As in ``dash.Dash``. Default ``"initial_duplicate"``: callbacks run when the page loads, those that share an
        output too.
    checks:
        What the startup checks do with what they find: ``"warn"``, ``"error"``, ``"off"``, or a dict of these by the
        code of a check. Default: ``"warn"`` where ``app.run`` starts the app or the dev tools are on, ``"off"`` in the
        workers of other servers.

    Raises
    ------
    TransformError
        If ``transforms`` holds something that is not a transform, two of a kind, or a cyclic order.

    Examples
    --------
    >>> from enrich import DashProxy, Input, Output, Trigger, TriggerTransform, html
    >>> app = DashProxy("doc", transforms=[TriggerTransform()])
    >>> app.layout = html.Div([html.Button(id="button"), html.Div(id="log")])
    >>> @app.callback(Output("log", "children"), Trigger("button", "n_clicks"))
    ... def greet():
    ...     return "hello"
    >>> sorted(app.callback_map)
    ['log.children']
    """

    checks: Any = None

    def __init__(
        self,
        *args: Any,
        transforms: Iterable[Transform] | None = None,
        include_global_callbacks: bool = True,
        blueprint: DashBlueprint | None = None,
        prevent_initial_callbacks: Any = "initial_duplicate",
        checks: Any = None,
        **kwargs: Any,
    ) -> None:
        self.checks = checks
        self._begin(
            _completed(transforms, blueprint.transforms if blueprint else ()), include_global_callbacks
        )
        if blueprint is not None:
            if transforms is None:
                # Whoever adds to the blueprint's transforms adds to the app's.
                self._build.given = blueprint.transforms
            self.blueprint = blueprint
        # Plugins, hooks and page modules declare callbacks in there.
        with self._build.inside():
            super().__init__(*args, **{**kwargs, "prevent_initial_callbacks": prevent_initial_callbacks})
        memoize.register(self)
        if blueprint is not None:
            self._build.embed(
                Embedding(blueprint._source, include_globals=blueprint.include_global_callbacks)
            )
            self._take_layout()

    def _begin(self, transforms: Iterable[Transform], include_global_callbacks: bool) -> None:
        """Set up what an app of ours has beside Dash's own state."""
        self._build = Build(self, list(transforms), include_global_callbacks)
        self.blueprint = DashBlueprint.of_app(self._build)
        self._store: Store | None = None
        self._sessions = Sessions(self)
        self._page_call = Call(self)
        self._layer_of: Any = None
        self._raw_body: dash_internals.RawBody = lambda: None
        self._routers: list[Callable[[], Any]] = []
        self._async_routers: list[AsyncRouter] = []
        self._watch: observing.Watch | None = None
        self._handlers: dict[Callable[..., Any], Callable[..., Any]] = {}

    @property
    def transforms(self) -> tuple[Transform, ...]:
        """The transforms, in the order in which they run."""
        return self._build.transforms

    # The registry: one dict and two lists, changed in place.

    @property
    def callback_map(self) -> dict[str, Any]:
        self._build.refresh()
        return self._build.map

    @callback_map.setter
    def callback_map(self, value: dict[str, Any]) -> None:
        if value is not self._build.map:
            self._build.map.clear()
            self._build.map.update(value)

    @property
    def _callback_list(self) -> list[Any]:
        self._build.refresh()
        return self._build.list

    @_callback_list.setter
    def _callback_list(self, value: list[Any]) -> None:
        self._build.list[:] = value

    @property
    def _inline_scripts(self) -> list[str]:
        self._build.refresh()
        return self._build.scripts

    @_inline_scripts.setter
    def _inline_scripts(self, value: list[str]) -> None:
        self._build.scripts[:] = value

    # Declaring

    def callback(self, *args: Any, **kwargs: Any) -> Decorator:
        """Declare a server-side callback; see ``enrich.callback``."""
        return cast("Decorator", dash_internals.declare_callback(args, kwargs, self._build))

    def clientside_callback(self, clientside_function: Any, *args: Any, **kwargs: Any) -> None:
        """Declare a callback that runs in the browser; see ``dash.Dash.clientside_callback``."""
        dash_internals.declare_clientside_callback(clientside_function, args, kwargs, self._build.list)

    # Serving

    def _setup_server(self) -> None:
        if self._build.frozen:
            return
        self._take_layout()
        with self._build.serving() as to_do:
            if not to_do:
                return
            try:
                with dash_internals.hidden_globals():
                    super()._setup_server()
                for router in self._routers:
                    router()
                observing.check(self)
            except BaseException:
                dash_internals.forget_setup(self, "setup_server", "pages")
                raise
        if self._build.include_globals:
            dash_internals.clear_globals()

    async def set_up_async(self) -> None:
        """Do the work of the first request, where none came before."""
        self._setup_server()
        for router in self._async_routers:
            await router()

    def _prepare_callback(self, g: Any, body: Any) -> Any:
        return handler_in(self, g, body, super()._prepare_callback(g, body))

    def enable_dev_tools(self, *args: Any, **kwargs: Any) -> Any:
        debug = super().enable_dev_tools(*args, **kwargs)
        observing.dev_tools_enabled(self, bool(debug))
        return debug

    def _config(self) -> Any:
        return observing.with_inspector(super()._config(), self._watch)

    # The layout

    @property
    def layout(self) -> Any:
        """What ``dash.Dash.layout`` takes, as it was given."""
        return self._layout

    @layout.setter
    def layout(self, value: Any) -> None:
        set_layout(self, value)
        self.blueprint.layout = value

    def _take_layout(self) -> None:
        """Take the layout that the app's blueprint was given."""
        if self._layout is None and self.blueprint.layout is not None:
            self.layout = self.blueprint.layout

    def _layout_value(self) -> Any:
        layout = self._own_layout()
        return html.Div([layout, *self._extra_components]) if self._extra_components else layout

    def _own_layout(self) -> Any:
        """The layout after all transforms, without hidden components."""
        with entered(self._page_call):
            layout = self._layout() if self._layout_is_function else self._layout
            self._build.settle()
            for change in self._build.layout_maps():
                layout = change(layout)
            return layout

    def hijack(self, app: dash.Dash) -> None:
        """Hand this app's layout and callbacks to another app, for places where that one is made by others.

        Parameters
        ----------
        app:
            The app that is served, such as the one that Dataiku makes. A plain ``dash.Dash`` becomes an app of
            enrich (see ``enrich_app``).

        Raises
        ------
        LateDeclarationError
            If the app has served a request.
        """
        # It makes apps of this class.
        from enrich.existing import enrich_app

        hand_over(self, app)
        if not isinstance(app, DashProxy):
            kept = ServersideOutputTransform.find(self)
            enrich_app(app, [] if kept is None else [kept])
        ours: Any = app
        ours._build.embed(Embedding(self._build, self.transforms, self._build.include_globals))
        ours.layout = self._own_layout

    def register_callbacks(self) -> None:
        """Build the app now; it is built in any case when it serves, or when somebody looks."""
        self._build.refresh()

    def register_celery_tasks(self) -> None:
        """Do nothing: a Celery worker that imports the app has its tasks. For apps written for older libraries."""

    def serve_layout(self) -> Any:
        # Dash makes the layout in a copy of this context, and writes it as JSON in this one.
        with entered(self._page_call):
            self._sessions.serving_page()
            return super().serve_layout()

    def dependencies(self) -> Any:
        # They begin no session: they are asked for while the layout is, whose values are the session's.
        with entered(self._page_call):
            return super().dependencies()

    def index(self, *args: Any, **kwargs: Any) -> Any:
        with entered(self._page_call):
            if self._sessions.serving_page() is not None:
                # Under FastAPI, Dash's hooks skip all pages but the first.
                self._setup_server()
            return super().index(*args, **kwargs)

    def init_app(self, app: Any = None, **kwargs: Any) -> None:
        super().init_app(app, **kwargs)
        if self._layer_of is not self.server:
            self._layer_of = self.server
            install_layer(self)

    def _setup_routes(self) -> None:
        with dash_internals.named_websocket(self):
            super()._setup_routes()

    def enable_pages(self) -> None:
        with dash_internals.captured_hooks(self) as hooks:
            super().enable_pages()
        for hook in hooks:
            if inspect.iscoroutinefunction(hook):
                router = AsyncRouter(self, hook)
                self._async_routers.append(router)
                dash_internals.run_before_requests(self, router.__call__)
            else:
                self._routers.append(hook)

    # The store

    @property
    def has_store(self) -> bool:
        """Can the app keep values on the server?"""
        return ServersideOutputTransform.find(self) is not None

    @property
    def has_open_store(self) -> bool:
        """Has anybody needed the store yet?"""
        return self._store is not None

    @property
    def store(self) -> Store:
        """The store of this app's server-side values; opened when it is first needed.

        Raises
        ------
        MissingTransformError
            If the app has no ``ServersideOutputTransform``.
        StoreUnavailableError
            If the place where values are kept can't be written.
        """
        if self._store is None:
            with self._build.inside():
                if self._store is None:
                    self._store = ServersideOutputTransform.of(self).open_store(self)
                    if self._watch is not None:
                        self._watch.opened(self._store)
        return self._store


class Dash(DashProxy):
    """A ``DashProxy`` with every transform loaded; each is inert until it is used.

    Parameters
    ----------
    *args, **kwargs:
        What ``DashProxy`` takes.
    transforms:
        Transforms to add. One of a kind that is loaded already takes its place, with its own settings.
    output_defaults:
        Accepted for apps written for older libraries; has no effect.

    Examples
    --------
    >>> from enrich import Dash, html
    >>> app = Dash("doc", title="Explorer")
    >>> app.layout = html.Div("hello")
    """

    def __init__(
        self,
        *args: Any,
        transforms: Iterable[Transform] | None = None,
        output_defaults: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, transforms=with_batteries(transforms), **kwargs)


def with_batteries(transforms: Iterable[Transform] | None) -> list[Transform]:
    """Add every transform of which none is given."""
    return _completed(transforms, (kind() for kind in BATTERIES))


def _completed(transforms: Iterable[Transform] | None, others: Iterable[Transform]) -> list[Transform]:
    """The given ones, behind those of the others of whose kind none is given."""
    given = list(transforms or ())
    kinds = {type(transform).__name__ for transform in given}
    return [*(other for other in others if type(other).__name__ not in kinds), *given]

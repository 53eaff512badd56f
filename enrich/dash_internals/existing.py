"""An app that becomes another one: its registry, its settings, and the hooks that its server has already."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from enrich.dash_internals.earlier import is_inline


class Registry(NamedTuple):
    """What an app has registered so far."""

    entries: list[Any]
    map: dict[str, Any]
    scripts: list[str]

    @property
    def own_scripts(self) -> list[str]:
        """The scripts that are not of callbacks."""
        return [script for script in self.scripts if not is_inline(script)]


def has_served(app: Any) -> bool:
    return any(app._got_first_request.values())


def take_registry(app: Any) -> Registry:
    """Take an app's registry out of it."""
    own = app.__dict__
    return Registry(own.pop("_callback_list"), own.pop("callback_map"), own.pop("_inline_scripts"))


def is_on_a_server(app: Any) -> bool:
    """Has the app put its routes on a server?"""
    # Dash 3 has routes as soon as it has a server.
    return bool(app.routes)


def rebind(app: Any) -> None:
    """Have the app's server call its methods as they are now, where it kept them as they were."""
    for hooks in _hooks(app):
        hooks[:] = [_as_now(app, hook) for hook in hooks]
    views = getattr(app.server, "view_functions", None) or {}
    for endpoint, view in views.items():
        views[endpoint] = _as_now(app, view)


def _hooks(app: Any) -> Iterator[list[Any]]:
    """Lists of what the server runs before each request."""
    yield from getattr(app.server, "before_request_funcs", {}).values()
    yield getattr(getattr(app, "backend", None), "_before_request_funcs", [])


def _as_now(app: Any, method: Any) -> Any:
    if getattr(method, "__self__", None) is not app:
        return method
    # This package has one more name for it on a plain app (see recording.py).
    name = "_setup_server" if method.__name__.endswith("_setup_server") else method.__name__
    return getattr(app, name)


def hand_over(source: Any, target: Any) -> None:
    """Give one app's settings, title and page to another; what Dash fixes when an app is made stays."""
    fixed = target.config.__dict__.get("_read_only", {})
    target.config.update({name: value for name, value in source.config.items() if name not in fixed})
    target.title, target.index_string = source.title, source.index_string

"""Pages of the inspector, on every server."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from enrich.dash_internals.serving import server_kind


def add_pages(app: Any, pages: Mapping[str, Callable[[], Any]]) -> None:
    """Serve pages of an app, below its routes' prefix: text as HTML, everything else as JSON."""
    kind = server_kind(app)
    for path, make in pages.items():
        if kind == "fastapi":
            _add_to_fastapi(app, path, make)
        elif kind == "quart":
            _add_to_quart(app, path, make)
        else:
            _add_to_flask(app, path, make)


def _add_to_flask(app: Any, path: str, make: Callable[[], Any]) -> None:
    import flask

    def view() -> Any:
        text, content_type = _content(make())
        return flask.Response(text, content_type=content_type)

    app._add_url(path, view)


def _add_to_quart(app: Any, path: str, make: Callable[[], Any]) -> None:
    from quart import Response

    async def view() -> Any:
        text, content_type = _content(make())
        return Response(text, content_type=content_type)

    app._add_url(path, view)


def _add_to_fastapi(app: Any, path: str, make: Callable[[], Any]) -> None:
    from starlette.responses import Response

    async def view(_request: Any) -> Any:
        text, content_type = _content(make())
        return Response(text, headers={"content-type": content_type})

    routes = app.server.router.routes
    app.server.add_route(app.config.routes_pathname_prefix + path, view, methods=["GET"])
    # In front: Dash adds a route for all paths, perhaps earlier.
    routes.insert(0, routes.pop())


def _content(made: Any) -> tuple[str, str]:
    if isinstance(made, str):
        return made, "text/html; charset=utf-8"
    return json.dumps(made), "application/json"

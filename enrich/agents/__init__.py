"""Agents: the tools that Dash's MCP server makes of an app's callbacks, with values that stay on the server."""

from __future__ import annotations

from typing import Any


def serve_tools(app: Any, server_kind: str) -> None:
    """Give an app's MCP server what it needs, if the app has one.

    Parameters
    ----------
    app:
        The app.
    server_kind:
        The server that it runs on.
    """
    if not getattr(app, "_enable_mcp", False):
        return
    # Dash before 4.4 has no MCP server, and few apps have one.
    from enrich.agents.door import AsgiDoor, WsgiDoor
    from enrich.agents.tools import Tools
    from enrich.dash_internals.mcp import install, path_of

    path = path_of(app)
    assert path is not None
    install()
    app._tool_source = Tools(app)
    server = app.server
    if server_kind == "fastapi":
        server.add_middleware(AsgiDoor, dash_app=app, path=path)
    elif server_kind == "quart":
        server.asgi_app = AsgiDoor(server.asgi_app, app, path)
    else:
        server.wsgi_app = WsgiDoor(server.wsgi_app, app, path)

"""Whose MCP client it is: its session travels in the header in which clients send their session's id.

Dash gives all clients one id, by which they learn that the app was started anew. Behind it stands a session of the
client's own, signed like the cookie of a browser, and what is behind this door finds it where a browser's cookie is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from enrich import dash_internals

if TYPE_CHECKING:
    from enrich.app import DashProxy

_BETWEEN = "~"
"""Stands between the two ids: it is in neither."""
_HEADER = "mcp-session-id"


class _Door:
    def __init__(self, app: Any, dash_app: DashProxy, path: str) -> None:
        self.inner = app
        self.dash_app = dash_app
        self.path = path

    def session_of(self, sent: str, cookies: str) -> str | None:
        """The signed session of a client; ``None`` where the app knows its users by something else."""
        sessions = self.dash_app._sessions
        if not sessions.uses_cookie or sessions.cookie_in(cookies):
            return None
        own = sent.partition(_BETWEEN)[2]
        return own if sessions.is_genuine(own) else sessions.signed_new()

    def with_cookie(self, cookies: str, session: str) -> str:
        own = f"{self.dash_app._sessions.cookie_name}={session}"
        return f"{cookies}; {own}" if cookies else own


class WsgiDoor(_Door):
    """The door of an app on Flask."""

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if not environ.get("PATH_INFO", "").endswith(self.path):
            return self.inner(environ, start_response)  # type: ignore[no-any-return]
        return copy_context().run(self._admit, environ, start_response)

    def _admit(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        dash_internals.enter_app(self.dash_app)
        sent, cookies = environ.pop("HTTP_MCP_SESSION_ID", ""), environ.get("HTTP_COOKIE", "")
        session = self.session_of(sent, cookies)
        if of_dash := sent.partition(_BETWEEN)[0]:
            environ["HTTP_MCP_SESSION_ID"] = of_dash
        if session is None:
            return self.inner(environ, start_response)  # type: ignore[no-any-return]
        environ["HTTP_COOKIE"] = self.with_cookie(cookies, session)

        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            named = [
                (name, f"{value}{_BETWEEN}{session}" if name.lower() == _HEADER else value)
                for name, value in headers
            ]
            return start_response(status, named, *more)

        return self.inner(environ, start)  # type: ignore[no-any-return]


class AsgiDoor(_Door):
    """The door of an app on FastAPI or Quart."""

    async def __call__(
        self,
        scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[Any]],
        send: Callable[[Any], Awaitable[None]],
    ) -> None:
        if scope["type"] != "http" or not scope["path"].endswith(self.path):
            await self.inner(scope, receive, send)
            return
        dash_internals.enter_app(self.dash_app)
        sent, cookies = self._take(scope, _HEADER), self._take(scope, "cookie")
        # Opening the store reads its secret from a file.
        session = await asyncio.to_thread(self.session_of, sent, cookies)
        if session is not None:
            cookies = self.with_cookie(cookies, session)
        added = ((_HEADER, sent.partition(_BETWEEN)[0]), ("cookie", cookies))
        scope["headers"] = [
            *scope["headers"],
            *((name.encode(), value.encode("latin-1")) for name, value in added if value),
        ]

        async def send_with_session(message: Any) -> None:
            if message["type"] == "http.response.start" and session is not None:
                behind = f"{_BETWEEN}{session}".encode()
                headers = [
                    (name, value + behind if name.lower() == _HEADER.encode() else value)
                    for name, value in message.get("headers", ())
                ]
                message = {**message, "headers": headers}
            await send(message)

        await self.inner(scope, receive, send_with_session)

    def _take(self, scope: MutableMapping[str, Any], name: str) -> str:
        """Take a header out of a request."""
        wanted = name.encode()
        found = [value.decode("latin-1") for key, value in scope["headers"] if key.lower() == wanted]
        scope["headers"] = [item for item in scope["headers"] if item[0].lower() != wanted]
        return "; ".join(found)

"""An app on its server: what stands around Dash's own handling of requests.

Dash's hooks skip WebSockets, and under FastAPI every path but its own, so sessions and setup have a thin layer of pure
ASGI here; under Flask they need none.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from concurrent.futures import Future
from contextlib import contextmanager
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any

from enrich import dash_internals, observing
from enrich.agents import serve_tools
from enrich.callbacks.call import Call, enter, entered, leave
from enrich.errors import EnrichError, without_places
from enrich.sessions import Visit, current_scope

if TYPE_CHECKING:
    from enrich.app import DashProxy

_log = logging.getLogger("enrich.serving")

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Handler = Callable[..., Any]
Send = Callable[[Message], Awaitable[None]]
Asgi = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]


def install_layer(app: DashProxy) -> None:
    """Put an app's layer around its server, and know where that keeps the bytes of a request."""
    kind = dash_internals.server_kind(app)
    app._raw_body = dash_internals.raw_body_of(kind)
    app._sessions.on_asgi = kind in ("fastapi", "quart")
    server: Any = app.server
    if kind == "fastapi":
        server.add_middleware(AsgiLayer, dash_app=app)
    elif kind == "quart":
        server.asgi_app = AsgiLayer(server.asgi_app, dash_app=app)
    serve_tools(app, kind)


def handler_in(app: DashProxy, g: Any, body: Any, plain: Handler) -> Handler:
    """Choose the handler of a request for a callback, and name the app and the callback to what it runs.

    Parameters
    ----------
    app:
        The app that is asked.
    g:
        Dash's context of the callback.
    body:
        The request, as Dash parsed it.
    plain:
        The handler that Dash chose.
    """
    if dash_internals.is_websocket(g):
        # Dash prepares a call in one context and makes it in another: that of the connection.
        found = _once_called(lambda: _found(app, g, body, plain, _wires_in_message(app, body)))
        return found if dash_internals.shows_errors(app) else _without_details(found)
    wires = dash_internals.wires_in_request(app._raw_body, app._build.program.wires, body)
    if wires or app._watch is not None:
        return _once_called(lambda: _found(app, g, body, plain, wires))
    return app._handlers.get(plain) or _kept(app, body, plain)


def _once_called(find: Callable[[], Handler]) -> Handler:
    """Make what calls the handler that is found then: whoever only asks for one leaves no trace of a call."""
    return lambda *args, **kwargs: find()(*args, **kwargs)


def _without_details(handler: Handler) -> Handler:
    """Keep an error's text for the log: over a WebSocket Dash sends it to the page, and ours name places in files."""

    @contextmanager
    def withholding() -> Iterator[None]:
        try:
            yield
        except EnrichError as error:
            raise EnrichError(f"{type(error).__name__}. The server's log says more.") from error

    async def awaited(answer: Awaitable[Any]) -> Any:
        with withholding():
            return await answer

    def call(*args: Any, **kwargs: Any) -> Any:
        with withholding():
            answer = handler(*args, **kwargs)
        return awaited(answer) if inspect.iscoroutine(answer) else answer

    return call


def _found(app: DashProxy, g: Any, body: Any, plain: Handler, wires: tuple[Any, ...]) -> Handler:
    output = body["output"]
    handler = app._build.handler(output, plain, full=bool(wires))
    if app._watch is not None:
        handler = app._watch.handler(handler, g, body)
    return _entering(Call(app, wires, output), handler, plain)


def _kept(app: DashProxy, body: Any, plain: Handler) -> Handler:
    """Make the handler that serves the requests that follow too, and so holds nothing of this one."""
    output = body["output"]
    handler = app._build.handler(output, plain, full=False)
    entering = app._handlers[handler] = _entering(Call(app, (), output), handler, plain)
    return entering


def _entering(call: Call, handler: Handler, plain: Handler) -> Handler:
    """Make what enters the app and then calls the handler.

    Entered by the call and not before, so that whoever only asks for the handler stays where he is.
    """
    declared = call.app._build.map[call.callback_id]
    if declared.get("background"):
        handler = call.app._sessions.sending(handler)
    if declared.get("stream"):
        # Dash makes an error of a stream a part of the answer.
        shown = str if dash_internals.shows_errors(call.app) else without_places
        steps = dash_internals.entered_at_each_step(handler, partial(enter, call), shown)

        async def stream(*args: Any, **kwargs: Any) -> Any:
            with entered(call):
                return await steps(*args, **kwargs)

        return stream

    if inspect.iscoroutinefunction(plain):

        async def call_async(*args: Any, **kwargs: Any) -> Any:
            before = enter(call)
            try:
                return await handler(*args, **kwargs)
            finally:
                leave(before)

        return call_async

    def call_sync(*args: Any, **kwargs: Any) -> Any:
        before = enter(call)
        try:
            return handler(*args, **kwargs)
        finally:
            leave(before)

    return call_sync


def _wires_in_message(app: DashProxy, body: Any) -> tuple[Any, ...]:
    known = app._build.program.wires
    visit = app._sessions.visit()
    marks = {wire.mark for wire in known} if visit is None else visit.marks
    return dash_internals.wires_in_payload([wire for wire in known if wire.mark in marks], body)


class AsgiLayer:
    """Pure ASGI around a server: knows the visit, and sets the app up for a WebSocket that comes first."""

    def __init__(self, app: Asgi, dash_app: DashProxy) -> None:
        self.inner = app
        self.dash_app = dash_app

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        kind = scope["type"]
        token = current_scope.set(scope)
        try:
            if kind == "http" and self._may_send_more(scope):
                send = self._sending_more(scope, send)
            elif kind == "websocket" and dash_internals.is_websocket_path(self.dash_app, scope["path"]):
                receive = self._looking(scope, receive)
                await self._set_up()
            elif kind == "lifespan":
                # Dash makes the route of all pages at the server's start, for the app it believes to be the current.
                dash_internals.enter_app(self.dash_app)
            await self.inner(scope, receive, send)
        finally:
            current_scope.reset(token)

    def _may_send_more(self, scope: MutableMapping[str, Any]) -> bool:
        if self.dash_app._watch is not None:
            return True
        if scope["method"] != "GET":
            # Only pages and their parts begin sessions.
            return False
        sessions = self.dash_app._sessions
        return not sessions.knows(sessions.visit_in(scope))

    def _sending_more(self, scope: MutableMapping[str, Any], send: Send) -> Send:
        """Make what sends an answer with the headers that are ours."""
        visit = self.dash_app._sessions.visit_in(scope)

        async def send_more(message: Message) -> None:
            if message["type"] == "http.response.start":
                if self.dash_app._watch is not None:
                    message = dash_internals.with_server_timing(self.dash_app, scope, message)
                # A proxy's word may stand in the scope by now.
                visit.https = self.dash_app._sessions.is_https(scope)
                if visit.fresh is not None and (cookie := await self._new_cookie(visit)) is not None:
                    headers = [*message.get("headers", ()), (b"set-cookie", cookie.encode("latin-1"))]
                    message = {**message, "headers": headers}
            await send(message)

        return send_more

    async def _new_cookie(self, visit: Visit) -> str | None:
        new_cookie = self.dash_app._sessions.new_cookie
        # Opening the store reads its secret from a file.
        return (
            new_cookie(visit) if self.dash_app.has_open_store else await asyncio.to_thread(new_cookie, visit)
        )

    def _looking(self, scope: MutableMapping[str, Any], receive: Receive) -> Receive:
        """Make what receives a message and notes which kinds of values it has."""
        visit = self.dash_app._sessions.visit_in(scope)
        visit.may_begin_session()

        async def receive_and_look() -> Message:
            message = await receive()
            if message["type"] == "websocket.receive":
                self._look_for_marks(message, visit)
            return message

        return receive_and_look

    async def _set_up(self) -> None:
        try:
            await self.dash_app.set_up_async()
        except Exception:
            # Dash sets nothing up for a WebSocket. What was declared works all the same, and the next page tries again.
            _log.exception("An app could not be set up for a WebSocket that came before any request.")

    def _look_for_marks(self, message: Message, visit: Visit) -> None:
        text = message.get("text")
        for wire in self.dash_app._build.program.wires:
            # Pages send text.
            if text is None or dash_internals.may_hold_mark(text, wire.mark):
                visit.marks |= {wire.mark}


class AsyncRouter:
    """Dash's asynchronous pages router: run once, by one request while the others wait, and again if it failed.

    Dash marks it as done before it is, so a request that comes meanwhile would be served without its callbacks.
    """

    def __init__(self, app: DashProxy, router: Callable[[], Awaitable[None]]) -> None:
        self.app = app
        self.router = router
        self.is_done = False
        self._lock = Lock()
        self._running: Future[None] | None = None

    async def __call__(self) -> None:
        while not self.is_done:
            with self._lock:
                other = self._running
                if other is None:
                    mine = self._running = Future()
                    # A waiter that is cancelled must not cancel it for the others.
                    mine.set_running_or_notify_cancel()
            if other is not None:
                # The one that runs may be in another thread's loop.
                await asyncio.wrap_future(other)
                continue
            try:
                with self.app._build.undone_on_failure():
                    await self.router()
                    # Dash knows the layouts of all pages only now.
                    observing.check(self.app)
                self.is_done = True
            except BaseException:
                dash_internals.forget_setup(self.app, "pages")
                raise
            finally:
                self._running = None
                mine.set_result(None)

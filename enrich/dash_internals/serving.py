"""An app as Dash serves it: its requests, its name, and the setup that its first request does."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from types import FrameType
from typing import Any

import flask
from dash import Dash, _get_app


def server_kind(app: Any) -> str:
    """The server that an app runs on: "flask", "fastapi", "quart", or the name of a backend of somebody else."""
    backend = getattr(app, "backend", None)  # since Dash 4.2
    return str(getattr(backend, "server_type", "flask"))


RawBody = Callable[[], bytes | bytearray | None]


def raw_body_of(kind: str) -> RawBody:
    """What finds the bytes of the request that a server of a kind is serving; ``None`` where they are not kept."""
    return _RAW_BODIES.get(kind, lambda: None)


def wires_in_request(find_raw: RawBody, wires: Sequence[Any], body: Mapping[str, Any]) -> tuple[Any, ...]:
    """Tell which wires have values in a request, by a substring test on its bytes where the server keeps them."""
    if not wires:
        return ()
    # What is not a plain dict was not read from the request: an MCP client names the values of a tool.
    raw = find_raw() if type(body) is dict else None
    if raw is None or not raw.startswith(b'{"') or _holds_text(raw, b"\\u"):
        # It is not there any more, or compressed, or of an encoding that no browser sends; or a mark may be written in
        # escapes.
        return wires_in_payload(wires, body)
    return tuple([wire for wire in wires if _holds_text(raw, wire.mark.encode())])


def may_hold_mark(json_text: str, mark: str) -> bool:
    """Tell whether a text of JSON may have a mark: any character of it may be written as an escape."""
    return _holds_text(json_text, mark) or _holds_text(json_text, "\\u")


def _holds_text(data: Any, text: Any) -> bool:
    # Python looks for a single character thirty times as fast.
    return text[:1] in data and text in data


def wires_in_payload(wires: Sequence[Any], body: Mapping[str, Any]) -> tuple[Any, ...]:
    """Tell which wires have values in a request, by looking at all of its values."""
    if not wires:
        return ()
    items = [*body.get("inputs", ()), *(body.get("state") or ())]
    return tuple(wire for wire in wires if _holds(items, wire.mark))


# Each server keeps the bytes once Dash has parsed their JSON, so none of these copies anything. Proxies of the request
# are asked for what they stand for: an attribute that is read through one costs more than the search.


def _raw_of_flask() -> bytes | None:
    return flask.request._get_current_object().get_data() if flask.has_request_context() else None  # type: ignore[attr-defined]


def _raw_of_fastapi() -> bytes | None:
    # What its request adapter asks too.
    return getattr(sys.modules["dash.backends._fastapi"].get_current_request(), "_body", None)


def _raw_of_quart() -> bytearray | None:
    return sys.modules["quart"].request._get_current_object().body._data  # type: ignore[no-any-return]


_RAW_BODIES: Mapping[str, RawBody] = {
    "flask": _raw_of_flask,
    "fastapi": _raw_of_fastapi,
    "quart": _raw_of_quart,
}


def _holds(value: Any, mark: str) -> bool:
    if isinstance(value, str):
        return mark in value
    if isinstance(value, dict):
        return any(_holds(child, mark) for child in value.values())
    return isinstance(value, list) and any(_holds(child, mark) for child in value)


def app_identity(app: Any) -> str:
    """Name an app as every worker of it does, however it was started, and no other app of this user.

    A module's name is not enough: two projects may both have an ``app.py``. A name that is no module was chosen.
    """
    name = app.config.name
    module = sys.modules.get(name)
    if module is None:
        return str(name)
    file = getattr(module, "__file__", None)
    stem = (
        os.path.splitext(os.path.basename(file))[0] if name in ("__main__", "__mp_main__") and file else name
    )
    root = os.path.realpath(os.path.dirname(file) if file else os.getcwd())
    return f"{stem.rpartition('.')[2]}-{hashlib.blake2s(root.encode(), digest_size=4).hexdigest()}"


def may_be_serving(app: Any) -> bool:
    """Tell that a request is not another app's, whose thread served this one before: Flask keeps the context."""
    return not flask.has_request_context() or flask.current_app._get_current_object() is app.server  # type: ignore[attr-defined]


def error_handler(app: Any) -> Callable[[Exception], Any] | None:
    """What an app does with errors of its callbacks, if it says so."""
    return getattr(app, "_on_error", None)


def shows_errors(app: Any) -> bool:
    """Does the page of an app show its errors, as in debug mode?"""
    dev_tools = getattr(app, "_dev_tools", None)
    return dev_tools is not None and bool(dev_tools.ui)


def shows_all_frames(app: Any) -> bool:
    """Was an app told, in debug mode, not to prune the tracebacks of errors?"""
    return shows_errors(app) and not app._dev_tools.prune_errors


def forget_setup(app: Any, *steps: str) -> None:
    """Let the next request try again: Dash marks a step of its setup as done before doing it."""
    for step in steps:
        app._got_first_request[step] = False


def runs_async(app: Any) -> bool:
    """Can the app run async callbacks?"""
    return server_kind(app) != "flask" or bool(app._use_async)


def is_websocket(g: Any) -> bool:
    """Does a callback's context belong to a WebSocket?"""
    return "dash_websocket" in g


def is_websocket_path(app: Any, path: str) -> bool:
    return path.endswith(f"{app.config.routes_pathname_prefix}_dash-ws-callback")


_app_context: ContextVar[Any] | None = getattr(_get_app, "app_context", None)  # since Dash 3.3


enter_app: Callable[[Any], Any] = getattr(_app_context, "set", lambda app: None)
"""Make ``dash.get_app()`` give this app, and not the one that was made last."""
leave_app: Callable[[Any], None] = getattr(_app_context, "reset", lambda token: None)
"""Undo what ``enter_app`` did, by what it returned."""


@contextmanager
def named_websocket(app: Any) -> Iterator[None]:
    """Let Quart serve several apps: Dash gives their WebSocket routes one name."""
    if server_kind(app) != "quart":
        yield
        return
    endpoint = f"{app.config.routes_pathname_prefix}_dash-ws-callback"
    with _standing_in(app.server, "websocket", partial(app.server.websocket, endpoint=endpoint)):
        yield


@contextmanager
def captured_hooks(app: Any) -> Iterator[list[Callable[[], Any]]]:
    """Take what Dash would have run before each request, and leave it to the app to run it."""
    backend = getattr(app, "backend", None) or app.server  # Dash 3 has no backends
    taken: list[Callable[[], Any]] = []
    with _standing_in(backend, "before_request", taken.append):
        yield taken


@contextmanager
def _standing_in(owner: Any, name: str, method: Callable[..., Any]) -> Iterator[None]:
    """Let ``method`` stand in an object's place for its own, or for what somebody else has put on the object."""
    others = {key: value for key, value in vars(owner).items() if key == name}
    setattr(owner, name, method)
    try:
        yield
    finally:
        delattr(owner, name)
        vars(owner).update(others)


def run_before_requests(app: Any, hook: Callable[[], Any]) -> None:
    """Have the server run ``hook`` before each request, as Dash's own are."""
    (getattr(app, "backend", None) or app.server).before_request(hook)


def is_about_to_run(app: Any) -> bool:
    """Was a method of the app called by ``app.run``, in the process that is going to serve?"""
    frame: FrameType | None = sys._getframe(1)
    for _ in range(6):
        if frame is None or frame.f_code is Dash.run.__code__:
            break
        frame = frame.f_back
    else:
        return False
    if frame is None or frame.f_locals.get("self") is not app:
        return False
    # Under a reloader, the process that watches for changes comes by here too.
    return not frame.f_locals.get("debug") or os.environ.get("WERKZEUG_RUN_MAIN") == "true"

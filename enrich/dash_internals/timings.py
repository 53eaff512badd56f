"""``ctx.record_timing``: durations that a callback tells of itself, wherever it runs.

Dash keeps them on the request. A WebSocket and a background job have none, so there they are kept in the call's context.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from dash import callback_context
from dash._callback_context import context_value, has_context

from enrich.dash_internals.serving import is_websocket, server_kind

_Context: Any = type(callback_context)
_record_of_dash = _Context.record_timing
_NAME = "timing_information"


@has_context  # type: ignore[untyped-decorator]
def _record_timing(name: str, duration: float, description: str | None = None) -> None:
    """Record timing information for a resource of the server; seconds, sent as whole milliseconds."""
    g = context_value.get()
    # Under Quart, all calls over one connection share what Dash takes for their request.
    if not is_websocket(g):
        try:
            _record_of_dash(name, duration, description)
            return
        except RuntimeError:  # there is no request
            pass
    known = _of_call(g)
    if name in known:
        # The words are Dash's own.
        raise KeyError(f'Duplicate resource name "{name}" found.')
    known[name] = {"dur": round(duration * 1000), "desc": description}


def timings(g: Any, app: Any) -> dict[str, Any]:
    """What a call has recorded so far; what is added to it is sent with the answer.

    Parameters
    ----------
    g:
        Dash's context of the call.
    app:
        The app that answers.
    """
    holder = _holder(g, app)
    if holder is None:
        return _of_call(g)
    known: dict[str, Any] | None = getattr(holder, _NAME, None)
    if known is None:
        known = {}
        setattr(holder, _NAME, known)
    return known


def _of_call(g: Any) -> dict[str, Any]:
    known = g.get(_NAME)
    if known is None:
        known = g[_NAME] = {}
    return known  # type: ignore[no-any-return]


def _holder(g: Any, app: Any) -> Any:
    """Where Dash keeps what belongs to the request."""
    if is_websocket(g):
        return None
    try:
        backend = getattr(app, "backend", None)  # since Dash 4.2
        if backend is not None:
            return backend.request_adapter().context
        import flask

        return flask.g if flask.has_request_context() else None
    except RuntimeError:
        return None


def with_server_timing(app: Any, scope: Any, message: Any) -> Any:
    """Add the timings of a request to the start of its response, under FastAPI; Dash does it under the others."""
    recorded = scope.get("state", {}).get(_NAME)
    headers = list(message.get("headers", ()))
    if not recorded or server_kind(app) != "fastapi" or any(name == b"server-timing" for name, _ in headers):
        return message
    headers += [(b"server-timing", value.encode("latin-1", "replace")) for value in _values(recorded)]
    return {**message, "headers": headers}


def _values(recorded: Mapping[str, Any]) -> Iterable[str]:
    for name, info in recorded.items():
        description = f';desc="{info["desc"]}"' if info.get("desc") is not None else ""
        duration = f";dur={info['dur']}" if info.get("dur") is not None else ""
        yield f"{name}{description}{duration}"


def bytes_of_request(g: Any) -> int | None:
    """How long the body of a call's request was, where it came over HTTP."""
    headers = g.get("headers") or {}
    length = headers.get("Content-Length") or headers.get("content-length")
    return int(length) if length and str(length).isdigit() else None


_Context.record_timing = staticmethod(_record_timing)

"""A transform of the app's own: it tells the browser what each request ran, and what it would have carried."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import Any

import flask
import pandas as pd

from enrich import DashTransform


class WireTransform(DashTransform):
    """Note the functions that a request runs, and the rows of the tables that they take and return.

    ``report(server)`` sends the notes along in the ``Server-Timing`` header, where the page finds them beside the
    browser's own count of bytes (``assets/wire.js``).
    """

    def apply(self, program: Any, /) -> Any:
        return program.map_callbacks(
            lambda spec: spec.with_changes(func=_noted(spec.func)) if callable(spec.func) else spec
        )


def _noted(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        returned = result if isinstance(result, tuple) else (result,)
        tables = [v for v in (*args, *kwargs.values(), *returned) if isinstance(v, pd.DataFrame)]
        flask.g.ran = [*flask.g.get("ran", ()), function.__name__]
        flask.g.rows = flask.g.get("rows", 0) + sum(map(len, tables))
        return result

    return call


def report(server: flask.Flask) -> None:
    """Send what was noted with each response."""

    @server.before_request
    def start() -> None:
        flask.g.started = time.perf_counter()

    @server.after_request
    def send(response: flask.Response) -> flask.Response:
        if ran := flask.g.get("ran"):
            spent = (time.perf_counter() - flask.g.started) * 1000
            response.headers["Server-Timing"] = (
                f'ran;desc="{" + ".join(ran)}";dur={spent:.2f}, '
                f"rows;dur={flask.g.rows}, up;dur={flask.request.content_length or 0}"
            )
        return response

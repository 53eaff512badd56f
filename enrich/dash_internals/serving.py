"""An app as Dash serves it: its requests, its name, and the setup that its first request does."""

from __future__ import annotations

import hashlib
import inspect
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import flask


def wires_in_request(wires: Sequence[Any], body: Mapping[str, Any]) -> tuple[Any, ...]:
    """Tell which wires have values in a request, by a substring test on its bytes where the server keeps them."""
    if not wires:
        return ()
    raw = _raw_body()
    if raw is not None:
        return tuple(wire for wire in wires if wire.mark.encode() in raw)
    items = [*body.get("inputs", ()), *(body.get("state") or ())]
    return tuple(wire for wire in wires if _holds(items, wire.mark))


def _raw_body() -> bytes | None:
    if not flask.has_request_context() or flask.request.content_encoding:
        return None
    # Flask caches them when Dash parses the JSON, so this copies nothing.
    return flask.request.get_data()


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


def forget_setup(app: Any, mark: str) -> None:
    """Let the next request try again: Dash marks a step of its setup as done before doing it."""
    app._got_first_request[mark] = False


@contextmanager
def retried_router(app: Any) -> Iterator[None]:
    """While Dash installs its pages router: run it once at a time, and let a failed run be tried again."""
    backend = getattr(app, "backend", None) or app.server  # Dash 3 has no backends
    install = backend.before_request

    def install_retried(router: Callable[[], Any]) -> Any:
        if inspect.iscoroutinefunction(router):

            async def route_async() -> Any:
                try:
                    return await router()
                except BaseException:
                    forget_setup(app, "pages")
                    raise

            return install(route_async)

        def route() -> Any:
            if app._build.has_router:
                return None
            with app._build.inside():
                try:
                    result = router()
                except BaseException:
                    forget_setup(app, "pages")
                    raise
                app._build.has_router = True
                return result

        return install(route)

    backend.before_request = install_retried
    try:
        yield
    finally:
        del backend.before_request

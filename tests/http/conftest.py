"""The ways in which the tests over HTTP declare a callback; each file has an ``app`` of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dash
import pytest
from pages import as_async

import enrich


@pytest.fixture(params=["app.callback", "enrich.callback", "dash.callback"])
def callback(request: pytest.FixtureRequest, app: Any) -> Callable[..., Any]:
    return {"app.callback": app.callback, "enrich.callback": enrich.callback, "dash.callback": dash.callback}[
        request.param
    ]


@pytest.fixture(params=["sync", "async"])
def kind(request: pytest.FixtureRequest) -> Callable[[Any], Any]:
    return as_async if request.param == "async" else lambda func: func

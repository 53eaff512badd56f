"""Streaming callbacks in the browser: what waits while a stream runs."""

from __future__ import annotations

import asyncio
import threading

import dash.exceptions
import pytest

from enrich import Dash, Input, Output, Serverside, dcc, html

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not hasattr(dash.exceptions, "StreamCallbackError"),
        reason="the installed Dash has no streaming callbacks",
    ),
]
SECONDS = 20


def streaming_app(**options):
    app = Dash("stream", prevent_initial_callbacks=True)
    app.layout = html.Div(
        [html.Button("b", id="b"), html.Div(id="log"), dcc.Store(id="store"), html.Div(id="size")]
    )
    seen, go = [], threading.Semaphore(0)

    @app.callback(Output("log", "children"), Input("b", "n_clicks"), **options)
    async def stream(n):
        seen.append(n)
        yield f"{n} starts"
        assert await asyncio.to_thread(go.acquire, timeout=SECONDS)
        if n == 9:
            raise ValueError("nine")
        yield f"{n} ends"

    @app.callback(Output("store", "data"), Input("log", "children"))
    async def keep(text):
        yield Serverside(text.split())

    @app.callback(Output("size", "children"), Input("store", "data"))
    def count(words):
        return " ".join(words)

    return app, seen, go


def click(page, times):
    before = page.prop("b", "n_clicks") or 0
    for _ in range(times):
        page.find("#b").click()
    page.wait(lambda: page.prop("b", "n_clicks") == before + times, f"{times} clicks")


def test_a_stream_that_blocks_runs_to_its_end_and_once_more_for_what_came_meanwhile(browse):
    app, seen, go = streaming_app(blocking=True)
    page = browse(app)
    click(page, 1)
    page.shows("#log", "1 starts")
    click(page, 2)
    assert seen == [1]
    go.release()
    page.shows("#log", "3 starts")
    assert seen == [1, 3]
    go.release()
    page.shows("#size", "3 ends")
    assert seen == [1, 3]

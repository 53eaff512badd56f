"""Streaming callbacks, since Dash 4.5: each yielded value goes through the transforms."""

import json
import traceback
from pathlib import Path

import clients
import dash.exceptions
import pandas as pd
import pytest

import enrich
from enrich import (
    Dash,
    GroupError,
    Input,
    Output,
    Serverside,
    ServersideOutput,
    Trigger,
    dcc,
    html,
    set_props,
)

PACKAGE = str(Path(enrich.__file__).parent)

pytestmark = pytest.mark.skipif(
    not hasattr(dash.exceptions, "StreamCallbackError"),
    reason="the installed Dash has no streaming callbacks",
)


def make_app(server, **kwargs):
    app = Dash(__name__, backend=server, **kwargs)
    app.layout = html.Div([html.Button(id="load"), dcc.Store(id="store"), html.Div(id="size")])

    @app.callback(ServersideOutput("store", "data"), Input("load", "n_clicks"), Trigger("load", "title"))
    async def load(n_clicks):
        for size in range(n_clicks):
            set_props("size", {"title": f"step {size}"})
            yield pd.DataFrame({"n": range(size + 1)})

    @app.callback(Output("size", "children"), Input("store", "data"))
    async def count(frame):
        yield Serverside(frame)
        yield len(frame)

    @app.callback(Output("load", "children"), Input("store", "data"))
    async def total(frame):
        return len(frame)

    return app


def frames(browser, output, inputs):
    answer = browser.post("/_dash-update-component", clients.request(output, inputs))
    assert answer.status_code == 200
    return [json.loads(line) for line in answer.text.splitlines() if line.strip()]


def test_each_chunk_is_stored_and_read(server):
    with clients.client(make_app(server)) as browser:
        browser.get("/")
        *chunks, end = frames(browser, "store.data", {"load.n_clicks": 3, "load.title": ""})
        assert end == {"done": True}
        assert [chunk["sideUpdate"]["size"]["title"] for chunk in chunks] == ["step 0", "step 1", "step 2"]
        tokens = [chunk["response"]["store"]["data"] for chunk in chunks]
        assert [clients.call(browser, "load.children", {"store.data": token}) for token in tokens] == [
            1,
            2,
            3,
        ]
        first, second, _ = frames(browser, "size.children", {"store.data": tokens[2]})
        again = first["response"]["size"]["children"]
        assert clients.call(browser, "load.children", {"store.data": again}) == 3
        assert second["response"]["size"]["children"] == 3


def test_a_stream_goes_over_a_websocket(asgi):
    with (
        clients.client(make_app(asgi, websocket_callbacks=True)) as browser,
        clients.socket(browser) as socket,
    ):
        chunk = socket.call("store.data", {"load.n_clicks": 1, "load.title": ""})
        token = chunk["data"]["response"]["store"]["data"]
        assert socket.call("load.children", {"store.data": token}) == 1


def make_failing(server, **kwargs):
    app = Dash(__name__, backend=server, **kwargs)
    app.layout = html.Div([html.Button(id="load"), dcc.Store(id="store")])

    @app.callback(Output("store", "data"), Input("load", "n_clicks"))
    async def load(n_clicks):
        yield n_clicks
        yield Serverside(object())

    return app


def test_an_error_in_a_stream_shows_the_page_no_place_in_a_file(server, caplog):
    with clients.client(make_failing(server)) as browser:
        browser.get("/")
        *_, end = frames(browser, "store.data", {"load.n_clicks": 1})
    assert end["error"]["message"].startswith("callback 'load', output store.data: ")
    assert f"callback 'load' ({__file__}" in caplog.text


def test_an_error_in_a_stream_over_a_websocket_shows_the_page_no_place_in_a_file(asgi):
    app = make_failing(asgi, websocket_callbacks=True)
    with clients.client(app) as browser, clients.socket(browser) as socket:
        socket.call("store.data", {"load.n_clicks": 1})
        payload = {"status": "ok"}
        while payload["status"] == "ok":
            messages = json.loads(socket.inner.receive_text())
            payload = (messages if isinstance(messages, list) else [messages])[-1]["payload"]
    assert payload["message"].startswith("callback 'load', output store.data: ")


def test_a_synchronous_generator_is_refused_where_it_is_declared():
    app = Dash(__name__)

    def chunks(_):
        yield 1

    with pytest.raises(dash.exceptions.StreamCallbackError, match="async def"):
        app.callback(Output("b", "children"), Input("a", "n_clicks"))(chunks)
    assert list(app.callback_map) == []


def test_a_stream_in_a_group_is_refused():
    app = Dash(__name__)

    @app.callback(Output("b", "children"), Input("a", "n_clicks"), group="g")
    async def chunks(_):
        yield 1

    @app.callback(Output("c", "children"), Input("a", "n_clicks"), group="g")
    async def whole(_):
        return 1

    with pytest.raises(GroupError, match="streams"):
        app.callback_map


def test_a_stream_that_fails_tells_the_page_and_shows_its_authors_frames(server, caplog):
    app = Dash("failing", **clients.on(server))
    app.layout = html.Div([html.Button(id="load"), dcc.Store(id="store")])

    @app.callback(ServersideOutput("store", "data"), Trigger("load", "n_clicks"))
    async def load():
        yield 1
        raise ValueError("halfway")

    with clients.client(app) as browser:
        browser.get("/")
        first, end = frames(browser, "store.data", {"load.n_clicks": 1})
    assert first["response"]["store"]["data"]
    assert (end["done"], end["error"]["message"]) == (True, "halfway")
    logged = next(record.exc_info for record in caplog.records if "streamed callback" in record.message)
    files = [frame.filename for frame in traceback.extract_tb(logged[2])]
    assert files[-1] == __file__
    assert not [file for file in files if file.startswith(PACKAGE)]

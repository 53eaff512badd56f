"""Callbacks over a WebSocket: on both servers that have them, before and after any HTTP request."""

import asyncio

import clients
import pandas as pd
import pytest
from versions import DASH

from enrich import (
    Dash,
    Input,
    Output,
    PreventUpdate,
    Serverside,
    ServersideOutput,
    Trigger,
    callback,
    ctx,
    dcc,
    html,
    page_container,
    register_page,
    set_props,
)

pytestmark = pytest.mark.skipif(
    not clients.ASGI_SERVERS, reason="the installed Dash has no WebSocket callbacks"
)


@pytest.fixture(params=["sync", "async"])
def app(request, asgi):
    app = Dash(__name__, backend=asgi, websocket_callbacks=True)
    app.layout = html.Div(
        [html.Button(id="load"), dcc.Store(id="store"), html.Div(id="total"), html.Div(id="log")]
    )

    def load():
        return pd.DataFrame({"value": range(5)})

    def total(frame):
        set_props("log", {"children": type(frame).__name__})
        return int(frame["value"].sum())

    def nested(n_clicks):
        if n_clicks == 3:
            raise PreventUpdate
        if n_clicks == 4:
            raise RuntimeError("broken")
        return {"websocket": ctx.websocket is not None, "frame": Serverside(pd.DataFrame({"n": [n_clicks]}))}

    def size(data):
        return len(data["frame"])

    as_written = _async if request.param == "async" else lambda function: function
    app.callback(ServersideOutput("store", "data"), Trigger("load", "n_clicks"))(as_written(load))
    app.callback(Output("total", "children"), Input("store", "data"))(as_written(total))
    app.callback(Output("log", "data-log"), Input("load", "n_clicks"))(as_written(nested))
    app.callback(Output("log", "title"), Input("log", "data-log"))(as_written(size))
    return app


def _async(function):
    async def call(*args):
        await asyncio.sleep(0)
        return function(*args)

    return call


def test_a_websocket_before_any_request_finds_the_app_set_up(app):
    with clients.client(app) as browser, clients.socket(browser) as socket:
        assert app._build.frozen
        token = socket.call("store.data", {"load.n_clicks": 1})
        assert socket.call("total.children", {"store.data": token}) == 10


def test_a_token_written_in_escapes_is_a_token(app):
    with clients.client(app) as browser, clients.socket(browser) as socket:
        token = socket.call("store.data", {"load.n_clicks": 1})
        escaped = f"\\u{ord(token[0]):04x}{token[1:]}"
        answer = socket.call(
            "total.children", {"store.data": token}, rewrite=lambda text: text.replace(token, escaped)
        )
        assert answer == 10


def test_a_websocket_without_a_cookie_is_a_session_of_its_own(app):
    with clients.client(app) as browser:
        with clients.socket(browser) as socket:
            token = socket.call("store.data", {"load.n_clicks": 1})
        with clients.socket(browser) as other:
            assert other.call("total.children", {"store.data": token})["status"] == "error"


def test_an_error_of_the_store_shows_the_page_no_place_in_a_file(app, capsys):
    with clients.client(app) as browser:
        with clients.socket(browser) as socket:
            token = socket.call("store.data", {"load.n_clicks": 1})
        with clients.socket(browser) as other:
            answer = other.call("total.children", {"store.data": token})
    assert answer == {"status": "error", "message": "HandleForeign. The server's log says more."}
    assert f"({__file__}:" in capsys.readouterr().err


def test_in_debug_mode_the_page_shows_the_whole_error(app):
    app.enable_dev_tools(debug=True, dev_tools_hot_reload=False)
    with clients.client(app) as browser:
        with clients.socket(browser) as socket:
            token = socket.call("store.data", {"load.n_clicks": 1})
        with clients.socket(browser) as other:
            answer = other.call("total.children", {"store.data": token})
    assert f"({__file__}:" in answer["message"]


def test_a_websocket_has_the_session_of_the_page(app):
    with clients.client(app) as browser:
        browser.get("/")
        token = clients.call(browser, "store.data", {"load.n_clicks": 1})
        with clients.socket(browser) as socket:
            assert socket.call("total.children", {"store.data": token}) == 10
            token = socket.call("store.data", {"load.n_clicks": 1})
        assert clients.call(browser, "total.children", {"store.data": token}) == 10


def test_a_value_deep_in_a_result_is_stored_and_read(app):
    with clients.client(app) as browser, clients.socket(browser) as socket:
        data = socket.call("log.data-log", {"load.n_clicks": 1})
        assert data["websocket"] is True
        assert isinstance(data["frame"], str)
        assert socket.call("log.title", {"log.data-log": data}) == 1


def test_prevent_update_and_errors_are_as_under_dash(app):
    with clients.client(app) as browser, clients.socket(browser) as socket:
        assert socket.call("log.data-log", {"load.n_clicks": 3}) == {"status": "prevent_update"}
        assert socket.call("log.data-log", {"load.n_clicks": 4}) == {"status": "error", "message": "broken"}
        assert socket.call("log.data-log", {"load.n_clicks": 1})["websocket"] is True


def test_a_message_without_tokens_is_not_walked(app, monkeypatch):
    from enrich.dash_internals import serving

    with clients.client(app) as browser, clients.socket(browser) as socket:
        with monkeypatch.context() as patch:
            patch.setattr(serving, "_holds", lambda *_: pytest.fail("walked"))
            token = socket.call("store.data", {"load.n_clicks": 1})
        assert socket.call("total.children", {"store.data": token}) == 10


def test_set_props_stores_a_value(asgi):
    app = Dash(__name__, backend=asgi, websocket_callbacks=True)
    app.layout = html.Div([html.Button(id="load"), dcc.Store(id="store"), html.Div(id="total")])

    @app.callback(Output("load", "title"), Trigger("load", "n_clicks"))
    async def load():
        set_props("store", {"data": Serverside(pd.DataFrame({"value": range(5)}))})
        return "done"

    @app.callback(Output("total", "children"), Input("store", "data"))
    async def total(frame):
        return int(frame["value"].sum())

    with clients.client(app) as browser, clients.socket(browser) as socket:
        assert socket.call("load.title", {"load.n_clicks": 1}) == "done"
        (token,) = [
            m["payload"]["props"]["data"] for m in socket.messages if m["type"] == "set_props"
        ] or _side_updates(socket, "store", "data")
        assert socket.call("total.children", {"store.data": token}) == 10


def _side_updates(socket, component, prop):
    answers = [m["payload"]["data"] for m in socket.messages if m["type"] == "callback_response"]
    return [answer["sideUpdate"][component][prop] for answer in answers if "sideUpdate" in answer]


def test_global_callbacks_are_there_for_a_websocket_that_comes_first(asgi):
    @callback(Output("b", "children"), Input("a", "n_clicks"), websocket=True)
    def count(n_clicks):
        return n_clicks + 1

    app = Dash(__name__, backend=asgi)
    app.layout = html.Div([html.Button(id="a"), html.Div(id="b")])
    with clients.client(app) as browser, clients.socket(browser) as socket:
        assert socket.call("b.children", {"a.n_clicks": 1}) == 2


def test_pages_are_routed_for_a_websocket_that_comes_first(asgi):
    app = Dash(__name__, backend=asgi, use_pages=True, pages_folder="", websocket_callbacks=True)
    app.layout = html.Div(page_container)

    async def home():
        return html.Div("home")

    register_page("home", path="/", layout=home)
    with clients.client(app) as browser, clients.socket(browser) as socket:
        assert "_pages_store" in str([*app.callback_map])
        output = next(
            name for name in app.callback_map if "_pages_store" in name and "_pages_content" in name
        )
        assert output.startswith("..")
        assert socket.messages == []


@pytest.mark.skipif(
    DASH >= (4, 5), reason="Dash 4.5 sets an app up for a WebSocket, and refuses it if that fails"
)
def test_an_app_that_cannot_be_set_up_serves_what_was_declared(asgi, caplog):
    app = Dash(__name__, backend=asgi, websocket_callbacks=True)
    layouts = [html.Div([html.Button(id="a"), html.Div(id="b")])]
    app.layout = lambda: layouts.pop()

    @app.callback(Output("b", "children"), Input("a", "n_clicks"))
    def count(n_clicks):
        return n_clicks + 1

    with clients.client(app) as browser:
        with clients.socket(browser) as socket:
            assert socket.call("b.children", {"a.n_clicks": 1}) == 2
        assert "could not be set up" in caplog.text
        layouts.extend([html.Div([html.Button(id="a"), html.Div(id="b")])] * 3)
        assert browser.get("/").status_code == 200
        assert app._build.frozen

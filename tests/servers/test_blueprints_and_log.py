"""Blueprints and log lines on every server, over HTTP and over a WebSocket."""

from __future__ import annotations

import asyncio

import clients
import pytest

from enrich import Dash, DashBlueprint, DivLogHandler, Input, LogTransform, Output, ctx, html, set_props


def as_written(function):
    return function


def as_async(function):
    async def call(*args):
        await asyncio.sleep(0)
        return function(*args)

    return call


@pytest.fixture(params=[as_written, as_async], ids=["sync", "async"])
def way(request):
    return request.param


@pytest.fixture
def log():
    handler = DivLogHandler()
    logger = handler.setup_logger("test_on_servers")
    yield logger
    logger.removeHandler(handler)


def panels(way, log, **kwargs):
    """One blueprint twice, whose callback names what fired it, sets a property and logs in both ways."""
    blueprint = DashBlueprint()
    blueprint.layout = html.Div([html.Button(id="button"), html.Div(id="out"), html.Div(id="side")])

    def act(n, dash_logger):
        set_props("side", {"children": html.Div(id="made")})
        dash_logger.info("one")
        log.warning("two")
        dash_logger.error("three")
        return f"{ctx.triggered_id} {n}"

    blueprint.callback(
        Output("out", "children"), Input("button", "n_clicks"), log=True, prevent_initial_call=True
    )(way(act))
    app = Dash("panels", transforms=[LogTransform(try_use_mantine=False)], **kwargs)
    handler = DivLogHandler()
    app.layout = html.Div(
        [blueprint.embed(app, prefix="left"), blueprint.embed(app, prefix="right"), *handler.embed()]
    )
    return app


def texts(lines):
    return [line["props"]["children"] for line in lines]


def test_over_http_all_of_it_comes_with_the_response(server, way, log):
    app = panels(way, log, **clients.on(server))
    with clients.client(app) as browser:
        body = clients.request("right-out.children", {"right-button.n_clicks": 2})
        answer = browser.post("/_dash-update-component", json=body).json
    assert answer["response"] == {"right-out": {"children": "button 2"}}
    updates = answer["sideUpdate"]
    assert updates["right-side"]["children"]["props"]["id"] == "right-made"
    assert texts(updates["log"]["children"]) == ["INFO: one", "ERROR: three"]
    assert texts(updates["div_log_handler"]["children"]) == ["WARNING: two"]


def test_over_a_websocket_it_comes_while_the_callback_runs(asgi, way, log):
    app = panels(way, log, backend=asgi, websocket_callbacks=True)
    with clients.client(app) as browser, clients.socket(browser) as socket:
        assert socket.call("left-out.children", {"left-button.n_clicks": 1}) == "button 1"
        sent = [one["payload"] for one in socket.messages if one["type"] == "set_props"]
    assert [payload["componentId"] for payload in sent] == ["left-side", "log", "div_log_handler", "log"]
    assert sent[0]["props"]["children"]["props"]["id"] == "left-made"
    assert texts(sent[1]["props"]["children"]) == ["INFO: one"]
    assert texts(sent[3]["props"]["children"]) == ["INFO: one", "ERROR: three"]

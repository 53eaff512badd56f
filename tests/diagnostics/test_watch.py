"""A running app in debug mode: its calls, its timings, and its inspector, on every server."""

from __future__ import annotations

import sys
import threading
import time
from typing import Any

import clients
import dash
import pandas as pd
import pytest
from dash import Input, Output, dcc, html
from pages import as_async

import enrich
from enrich import Dash, PreventUpdate, ServersideOutput, Trigger, ctx, no_update
from enrich.diagnostics.watch import CALLS, PATH, watch


@pytest.fixture(params=clients.SERVERS)
def server(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=[lambda f: f, as_async], ids=["sync", "async"])
def kind(request: pytest.FixtureRequest) -> Any:
    return request.param


def make_app(server: str = "flask", *, debug: bool = True, **kwargs: Any) -> Any:
    app = Dash("watched", **clients.on(server), **kwargs)
    app.layout = html.Div(
        [dcc.Store(id="store"), *(html.Div(id=name) for name in ("total", "log", "load", "other"))]
    )
    if debug:
        app.enable_dev_tools(debug=True, dev_tools_hot_reload=False)
    return app


def declare(app: Any, kind: Any = lambda f: f) -> Any:
    def load() -> Any:
        return pd.DataFrame({"n": range(1000)})

    def total(frame: Any) -> Any:
        ctx.record_timing("sum", 0.25, "adding up")
        return int(frame["n"].sum())

    app.callback(ServersideOutput("store", "data"), Trigger("load", "n_clicks"))(kind(load))
    app.callback(Output("total", "children"), Input("store", "data"))(kind(total))
    return app


def calls(browser: Any) -> list[Any]:
    return browser.get(f"/{PATH}/data").json["calls"]  # type: ignore[no-any-return]


def header(answer: Any) -> dict[str, str]:
    headers = answer.headers
    values = (
        headers.getlist("Server-Timing") if hasattr(headers, "getlist") else headers.get_list("server-timing")
    )
    return {part.strip().partition(";")[0]: part for value in values for part in value.split(",")}


def test_a_call_tells_where_its_time_went(server: str, kind: Any):
    app = declare(make_app(server), kind)
    with clients.client(app) as browser:
        browser.get("/")
        token = clients.call(browser, "store.data", {"load.n_clicks": 1})
        assert clients.call(browser, "total.children", {"store.data": token}) == 499500
        total, load = calls(browser)
    assert (load["name"], load["status"], load["transport"]) == ("load", "ok", "http")
    assert load["triggered"] == [{"id": "load.n_clicks", "value": "1"}]
    assert load["store"]["writes"] == 1
    assert load["store"]["written"] > 0
    assert total["triggered"] == [{"id": "store.data", "value": "a server-side value"}]
    assert (total["store"]["hits"], total["store"]["misses"]) == (1, 0)
    assert total["timings"] == {"sum": 250}
    assert all(n > 0 for n in total["bytes"].values())
    parts = total["milliseconds"]
    assert parts["store"] > 0
    assert parts["total"] == pytest.approx(parts["load"] + parts["function"] + parts["dump"], abs=0.05)


def test_answers_have_timings(server: str, kind: Any):
    app = declare(make_app(server), kind)
    with clients.client(app) as browser:
        browser.get("/")
        token = clients.call(browser, "store.data", {"load.n_clicks": 1})
        body = clients.request("total.children", {"store.data": token})
        timing = header(browser.post("/_dash-update-component", json=body))
    assert timing["sum"] == 'sum;desc="adding up";dur=250'
    assert {"enrich-load", "enrich-function", "enrich-dump", "enrich-store"} <= set(timing)


@pytest.mark.parametrize("asgi", clients.ASGI_SERVERS)
def test_calls_over_a_websocket_have_timings_too(asgi: str, kind: Any):
    app = declare(make_app(asgi, websocket_callbacks=True), kind)
    with clients.client(app) as browser:
        browser.get("/")
        with clients.socket(browser) as socket:
            token = socket.call("store.data", {"load.n_clicks": 1})
            assert socket.call("total.children", {"store.data": token}) == 499500
            timing = socket.messages[-1]["payload"]["data"]["timings"]
        total, _ = calls(browser)
    assert timing["sum"] == 250
    assert {"enrich-load", "enrich-function", "enrich-dump"} <= set(timing)
    assert (total["transport"], total["timings"]) == ("websocket", {"sum": 250})
    assert all(n > 0 for n in total["bytes"].values())


@pytest.mark.parametrize("asgi", clients.ASGI_SERVERS)
def test_record_timing_works_over_a_websocket_in_production(asgi: str):
    app = make_app(asgi, debug=False, websocket_callbacks=True)

    @app.callback(Output("total", "children"), Input("load", "n_clicks"))
    def run(n: Any) -> Any:
        ctx.record_timing("work", 0.1)
        with pytest.raises(KeyError, match="Duplicate resource name"):
            ctx.record_timing("work", 0.1)
        return n

    with clients.client(app) as browser:
        browser.get("/")
        with clients.socket(browser) as socket:
            assert socket.call("total.children", {"load.n_clicks": 3}) == 3
            assert "timings" not in socket.messages[-1]["payload"]["data"]


def test_the_inspector_is_a_page_of_the_app(server: str):
    app = declare(make_app(server))
    with clients.client(app) as browser:
        browser.get("/")
        answer = browser.get(f"/{PATH}")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert "Inspector" in answer.text
    assert f'"live": "/{PATH}/data"' in answer.text


def test_the_inspector_respects_the_prefix_of_the_app():
    app = make_app(url_base_pathname="/own/")
    browser = app.server.test_client()
    assert browser.get(f"/own/{PATH}").status_code == 200
    assert app._watch.url == f"/own/{PATH}"


def test_nothing_is_there_in_production(server: str):
    app = declare(make_app(server, debug=False))
    with clients.client(app) as browser:
        browser.get("/")
        body = clients.request("store.data", {"load.n_clicks": 1})
        answer = browser.post("/_dash-update-component", json=body)
        assert not any(name.startswith("enrich-") for name in header(answer))
        assert "enrich-function" not in browser.get(f"/{PATH}").text
    assert app._watch is None


def test_a_request_in_production_runs_nothing_of_the_diagnostics():
    app = declare(make_app(debug=False))
    ran: set[str] = set()

    def note(frame: Any, event: str, _argument: Any) -> None:
        if event == "call":
            ran.add(str(frame.f_globals.get("__name__")))

    with clients.client(app) as browser:
        browser.get("/")
        token = clients.call(browser, "store.data", {"load.n_clicks": 1})
        # Flask runs an async view in a thread.
        threading.setprofile(note)
        sys.setprofile(note)
        try:
            assert clients.call(browser, "total.children", {"store.data": token}) == 499500
        finally:
            sys.setprofile(None)
            threading.setprofile(None)  # type: ignore[arg-type]
    assert "enrich.serving" in ran
    assert [name for name in ran if name.startswith(("enrich.diagnostics", "enrich.observing"))] == []


def test_an_app_in_production_may_ask_for_it():
    app = make_app(debug=False)
    app.callback(Output("log", "children"), Input("load", "n_clicks"))(lambda n: n)
    watch(app)
    assert watch(app) is app._watch
    with clients.client(app) as browser:
        browser.get("/")
        assert clients.call(browser, "log.children", {"load.n_clicks": 1}) == 1
        assert [call["name"] for call in calls(browser)] == ["<lambda>"]


@pytest.mark.skipif(not hasattr(dash.hooks, "devtool"), reason="this Dash shows no buttons of others")
def test_the_dev_tools_get_a_button_for_this_app_alone():
    other = make_app(debug=False)
    app = make_app()
    (button,) = app._config()["dev_tools"]
    assert button["props"]["href"] == f"/{PATH}"
    assert not other._config().get("dev_tools")


def test_an_error_shows_the_authors_frames_first(kind: Any):
    app = make_app()

    def inner() -> Any:
        raise ValueError("not today")

    def run(n: Any) -> Any:
        return inner()

    app.callback(ServersideOutput("store", "data"), Input("load", "n_clicks"))(kind(run))
    app.callback(
        ServersideOutput("log", "children"), Input("load", "n_clicks"), on_error=lambda error: no_update
    )(kind(run))
    with clients.client(app) as browser:
        browser.get("/")
        assert clients.call(browser, "store.data", {"load.n_clicks": 1}).status_code == 500
        browser.post("/_dash-update-component", json=clients.request("log.children", {"load.n_clicks": 1}))
        answered, raised = calls(browser)
    for call in (answered, raised):
        assert call["status"] == "error"
        assert call["error"]["text"] == "not today"
        assert [frame["function"] for frame in call["error"]["own"][:2]] == ["inner", "run"]
        assert call["error"]["own"][0]["text"] == 'raise ValueError("not today")'


def test_an_update_that_is_prevented_is_no_error():
    app = make_app()

    @app.callback(Output("log", "children"), Input("load", "n_clicks"))
    def run(n: Any) -> Any:
        raise PreventUpdate

    with clients.client(app) as browser:
        browser.get("/")
        clients.call(browser, "log.children", {"load.n_clicks": 1})
        (call,) = calls(browser)
    assert (call["status"], call["error"]) == ("prevented", None)


def test_members_of_a_group_count_together(kind: Any):
    app = make_app()
    for name in ("log", "total"):
        app.callback(Output(name, "children"), Input("load", "n_clicks"), group="g")(
            kind(lambda n: time.sleep(0.02))
        )
    with clients.client(app) as browser:
        browser.get("/")
        body = {
            "output": next(iter(app.callback_map)),
            "outputs": [{"id": name, "property": "children"} for name in ("log", "total")],
            "inputs": [{"id": "load", "property": "n_clicks", "value": 1}],
            "state": [],
            "changedPropIds": ["load.n_clicks"],
        }
        assert browser.post("/_dash-update-component", json=body).status_code == 200
        (call,) = calls(browser)
    if call["milliseconds"]["function"] < 30:
        # Async functions that are made of sync ones run one after the other too.
        pytest.fail(str(call["milliseconds"]))


def test_a_memoized_call_runs_no_function():
    app = make_app()
    app.callback(Output("log", "children"), Input("load", "n_clicks"), memoize=True)(lambda n: n)
    with clients.client(app) as browser:
        browser.get("/")
        for _ in range(2):
            assert clients.call(browser, "log.children", {"load.n_clicks": 1}) == 1
        second, first = calls(browser)
    assert first["milliseconds"]["function"] >= 0
    assert (second["milliseconds"]["function"], second["store"]["hits"]) == (0, 1)


def test_triggers_are_shown_as_their_author_wrote_them():
    app = make_app()
    app.callback(Output("log", "children"), Input("load", "n_clicks"), blocking=True)(lambda n: n)
    with clients.client(app) as browser:
        browser.get("/")
        (callback,) = [
            one for one in browser.get("/_dash-dependencies").json if one["output"] == "log.children"
        ]
        (gate,) = callback["inputs"]
        body = clients.request(
            "log.children", {f"{gate['id']}.data": {"triggered": [[0, 0]]}}, {"load.n_clicks": 5}
        )
        assert browser.post("/_dash-update-component", json=body).status_code == 200
        (call,) = calls(browser)
    assert call["triggered"] == [{"id": "load.n_clicks", "value": "5"}]


def test_only_the_last_calls_are_kept():
    app = make_app()
    app.callback(Output("log", "children"), Input("load", "n_clicks"))(lambda n: n)
    with clients.client(app) as browser:
        browser.get("/")
        for n in range(CALLS + 5):
            clients.call(browser, "log.children", {"load.n_clicks": n})
        kept = calls(browser)
    assert len(kept) == CALLS
    assert kept[0]["triggered"][0]["value"] == str(CALLS + 4)


def test_callbacks_of_the_first_app_only_stay_in_the_inspector():
    app = make_app()

    @enrich.callback(Output("log", "children"), Trigger("load", "n_clicks"))
    def local() -> Any: ...

    with clients.client(app) as browser:
        browser.get("/")
        assert '"name": "local"' in browser.get(f"/{PATH}").text


@pytest.mark.skipif(
    not hasattr(dash.exceptions, "StreamCallbackError"),
    reason="the installed Dash has no streaming callbacks",
)
def test_a_stream_is_timed_from_its_first_step_to_its_end(server: str):
    app = make_app(server)

    @app.callback(ServersideOutput("store", "data"), Trigger("load", "n_clicks"))
    async def load() -> Any:
        yield pd.DataFrame({"n": range(3)})
        yield pd.DataFrame({"n": range(4)})

    @app.callback(Output("total", "children"), Input("log", "children"))
    async def fail(text: str) -> Any:
        yield text
        raise ValueError("halfway")

    with clients.client(app) as browser:
        browser.get("/")
        for output, inputs in [
            ("store.data", {"load.n_clicks": 1}),
            ("total.children", {"log.children": "a"}),
        ]:
            answer = browser.post("/_dash-update-component", clients.request(output, inputs))
            assert answer.status_code == 200
            sent = len(answer.text.encode())
            call = calls(browser)[0]
            assert 0 < call["bytes"]["out"] <= sent
            assert call["milliseconds"]["function"] > 0
        failed, loaded = calls(browser)
    assert (loaded["status"], loaded["chunks"], loaded["store"]["writes"]) == ("ok", 2, 2)
    assert (failed["status"], failed["chunks"], failed["error"]["text"]) == ("error", 1, "halfway")
    assert failed["error"]["own"][0]["function"] == "fail"

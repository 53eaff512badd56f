"""How an app comes to its server, and what its first request does."""

import asyncio
import gc
import json
import threading
import weakref
from contextvars import Context
from functools import partial

import clients
import pytest
from dash import _get_app
from versions import DASH, needs_dash

from enrich import Dash, Input, Output, Trigger, callback, dcc, get_app, html, page_container, register_page


def declare(app):
    app.layout = html.Div([html.Button(id="a"), html.Div(id="b")])

    @app.callback(Output("b", "children"), Trigger("a", "n_clicks"), Input("a", "title"))
    def answer(title):
        # Dash 3.1 has no current app.
        name = get_app().config.name if DASH > (3, 1) else app.config.name
        return f"{name}: {title}"

    return app


def answers(browser, prefix="/"):
    return clients.call(browser, "b.children", {"a.n_clicks": 1, "a.title": "hi"}, prefix=prefix)


def test_an_own_server_can_be_passed_in(server):
    own = clients.own_server(server)
    app = declare(Dash("app", server=own))
    assert app.server is own
    with clients.client(app) as browser:
        assert browser.get("/").status_code == 200
        assert answers(browser) == "app: hi"


def test_nothing_of_a_request_is_kept_for_the_next(server, monkeypatch):
    app = declare(Dash("app", **clients.on(server)))
    prepare, seen = Dash._prepare_callback, []

    def prepare_and_note(self, g, body):
        seen.append(weakref.ref(g))
        return prepare(self, g, body)

    monkeypatch.setattr(Dash, "_prepare_callback", prepare_and_note)
    with clients.client(app) as browser:
        browser.get("/")
        for _ in range(3):
            assert answers(browser) == "app: hi"
    gc.collect()
    assert len(seen) == 3
    assert [ref() for ref in seen[:2]] == [None, None]


def test_what_somebody_has_put_on_a_server_stays_there(server):
    own = clients.own_server(server)
    method = "before_request" if server == "flask" else "websocket"
    mine = partial(getattr(own, method))
    setattr(own, method, mine)
    app = declare(Dash("app", server=own, use_pages=True, pages_folder=""))
    assert getattr(own, method) is mine
    hooked = getattr(app, "backend", None) or own  # Dash 3 has no backends
    hooked.before_request = mine = partial(hooked.before_request)
    app.enable_pages()
    assert hooked.before_request is mine


def test_a_server_can_come_later(server):
    app = declare(Dash("app", server=False, **clients.on(server)))
    app.init_app(clients.own_server(server))
    with clients.client(app) as browser:
        assert len(browser.get("/").cookies) == 1
        assert answers(browser) == "app: hi"


def test_a_second_init_app_on_one_server_adds_nothing(server):
    app = declare(Dash("app", server=False, **clients.on(server)))
    own = clients.own_server(server)
    app.init_app(own)
    layer = app._layer_of
    if clients.HAS_BACKENDS:
        app.init_app(own)
    assert app._layer_of is layer is own


def test_an_app_lives_under_a_prefix(server):
    app = declare(Dash("app", url_base_pathname="/deep/down/", **clients.on(server)))
    with clients.client(app) as browser:
        (cookie,) = browser.get("/deep/down/").cookies
        assert "Path=/deep/down/" in cookie
        assert browser.get("/deep/down/_dash-dependencies").status_code == 200
        assert answers(browser, "/deep/down/") == "app: hi"


def test_two_apps_share_a_server(server):
    if server == "fastapi" and DASH >= (4, 5):
        pytest.skip("the callbacks of a second app answer 500 under plain Dash 4.5.0rc2 too")
    own = clients.own_server(server)
    apps = [declare(Dash(name, server=own, url_base_pathname=f"/{name}/")) for name in ("one", "two")]
    with clients.client(apps[0]) as browser:
        for name in ("one", "two", "one"):
            assert browser.get(f"/{name}/").status_code == 200
            assert answers(browser, f"/{name}/") == f"{name}: hi"


def test_a_deep_page_may_come_first(server, tmp_path):
    (tmp_path / "own.js").write_text("window.own = 1")
    app = declare(Dash("app", assets_folder=str(tmp_path), **clients.on(server)))
    with clients.client(app) as browser:
        page = browser.get("/some/page")
    assert page.status_code == 200
    assert "own.js" in page.text
    assert app._build.frozen


def test_global_callbacks_are_served(server):
    @callback(Output("b", "children"), Input("a", "n_clicks"))
    def count(n_clicks):
        return n_clicks + 1

    app = Dash("app", **clients.on(server))
    app.layout = html.Div([html.Button(id="a"), html.Div(id="b")])
    with clients.client(app) as browser:
        assert clients.call(browser, "b.children", {"a.n_clicks": 1}) == 2


def test_a_failed_first_request_can_be_repeated(server):
    app = declare(Dash("app", **clients.on(server)))
    left = [html.Div([html.Button(id="a"), html.Div(id="b")])] * 9

    def layout():
        if not failed:
            failed.append(True)
            raise RuntimeError("not yet")
        return left.pop()

    failed = [True]
    app.layout = layout
    failed.clear()
    with clients.client(app) as browser:
        assert browser.get("/_dash-dependencies").status_code == 500
        dependencies = browser.get("/_dash-dependencies")
        assert [entry["output"] for entry in dependencies.json] == ["b.children"]
        assert answers(browser) == "app: hi"


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_failed_router_can_be_run_again(server, kind):
    if kind == "async" and not clients.HAS_BACKENDS:
        pytest.skip("the installed Dash routes pages synchronously")
    more = {"use_async": kind == "async"} if server == "flask" else {}
    app = Dash("app", use_pages=True, pages_folder="", **clients.on(server), **more)
    app.layout = html.Div(page_container)
    failures = [RuntimeError("not yet")]

    def home():
        if failures:
            raise failures.pop()
        return html.Div("home")

    register_page("home", path="/", layout=home)
    with clients.client(app) as browser:
        assert browser.get("/_dash-dependencies").status_code == 500
        outputs = [entry["output"] for entry in browser.get("/_dash-dependencies").json]
        assert len(outputs) == len(set(outputs)) == 2
        assert browser.get("/_dash-layout").status_code == 200


def test_no_request_is_served_before_the_pages_are_routed(asgi):
    app = Dash("app", backend=asgi, use_pages=True, pages_folder="")
    app.layout = html.Div(page_container)
    gate, entered = threading.Event(), threading.Event()

    async def home():
        entered.set()
        await asyncio.to_thread(gate.wait, 20)
        return html.Div("home")

    register_page("home", path="/", layout=home)
    found = []
    with clients.client(app) as browser:

        def ask():
            found.append(len(browser.get("/_dash-dependencies").json))

        threads = [threading.Thread(target=ask) for _ in range(4)]
        threads[0].start()
        assert entered.wait(20)
        for thread in threads[1:]:
            thread.start()
        gate.set()
        for thread in threads:
            thread.join(20)
    assert found == [2, 2, 2, 2]


def test_async_pages_are_shown(server):
    if not clients.HAS_BACKENDS:
        pytest.skip("the installed Dash has no asynchronous pages")
    more = {"use_async": True} if server == "flask" else {}
    app = Dash("app", use_pages=True, pages_folder="", **clients.on(server), **more)
    app.layout = html.Div([dcc.Location(id="url"), page_container])

    async def page(name=None, **query):
        await asyncio.sleep(0)
        return html.Div(f"{name} {query}")

    register_page("page", path_template="/person/<name>", layout=page)
    with clients.client(app) as browser:
        dependencies = browser.get("/_dash-dependencies").json
        output = next(entry["output"] for entry in dependencies if "_pages_content" in entry["output"])
        body = {
            "output": output,
            "outputs": [
                {"id": "_pages_content", "property": "children"},
                {"id": "_pages_store", "property": "data"},
            ],
            "inputs": [
                {"id": "_pages_location", "property": "pathname", "value": "/person/ada"},
                {"id": "_pages_location", "property": "search", "value": "?x=1"},
            ],
            "state": [],
            "changedPropIds": ["_pages_location.pathname"],
        }
        answer = browser.post("/_dash-update-component", body)
    assert "ada {'x': '1'}" in json.dumps(answer.json)


def test_the_app_that_was_made_last_is_the_current_one_outside_of_requests(server):
    def layout():
        return html.Div([html.Button(id="a"), html.Div(id="b")])

    def make():
        first, second = (declare(Dash(name, **clients.on(server))) for name in ("first", "second"))
        first.layout = layout
        assert get_app() is second

    # A context that no earlier test has left an app in.
    Context().run(make)


@needs_dash(4, 2, "leaves an app after its callbacks; before, a thread of Flask stays in it")
def test_a_request_leaves_its_app_when_it_ends(server):
    def serve():
        app = declare(Dash("first", **clients.on(server)))
        with clients.client(app) as browser:
            assert browser.get("/").status_code == 200
            assert browser.get("/_dash-dependencies").status_code == 200
            assert answers(browser) == "first: hi"
        assert get_app() is app
        second = Dash("second", **clients.on(server))
        # Served in this thread, or by a test client that shares its context with the test.
        assert get_app() is second

    Context().run(serve)


@pytest.fixture(autouse=True)
def _no_current_app(monkeypatch):
    """Dash remembers the app that was made last."""
    monkeypatch.setattr(_get_app, "APP", None)

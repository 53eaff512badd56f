"""The cookie that server-side values are bound to, on every server."""

import asyncio
import json
import sys
import threading
from types import SimpleNamespace

import clients
import pandas as pd
import pytest
from versions import DASH

from enrich import (
    Dash,
    DashProxy,
    Input,
    Output,
    Serverside,
    ServersideOutput,
    ServersideOutputTransform,
    Trigger,
    dcc,
    html,
)
from enrich.dash_internals import serving


@pytest.fixture
def app(server):
    return make_app(server)


def make_app(server, **kwargs):
    return declared(Dash(__name__, **clients.on(server), **kwargs))


def declared(app):
    app.layout = html.Div([html.Button(id="load"), dcc.Store(id="store"), html.Div(id="total")])

    @app.callback(ServersideOutput("store", "data"), Trigger("load", "n_clicks"), prevent_initial_call=True)
    def load():
        return pd.DataFrame({"value": range(5)})

    @app.callback(Output("total", "children"), Input("store", "data"), prevent_initial_call=True)
    def total(frame):
        return int(frame["value"].sum())

    return app


@pytest.mark.parametrize("path", ["/", "/_dash-layout", "/some/page"])
def test_the_first_answer_of_a_page_sets_the_cookie_and_the_next_does_not(app, path):
    with clients.client(app) as browser:
        (cookie,) = browser.get(path).cookies
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert "Secure" not in cookie
        assert browser.get(path).cookies == []
        assert browser.get("/").cookies == []


def test_the_cookie_is_secure_over_https(app):
    with clients.client(app, https=True) as browser:
        (cookie,) = browser.get("/").cookies
    assert "Secure" in cookie


def test_an_app_in_a_cross_site_frame_has_a_partitioned_cookie(server):
    app = make_app(server, transforms=[ServersideOutputTransform(cookie_samesite="None")])
    with clients.client(app, https=True) as browser:
        (cookie,) = browser.get("/").cookies
    assert "SameSite=None" in cookie
    assert "Secure" in cookie
    assert "Partitioned" in cookie


def test_a_callback_sets_no_cookie_and_says_that_none_came(app):
    with clients.client(app) as browser:
        answer = browser.post("/_dash-update-component", clients.request("store.data", {"load.n_clicks": 1}))
        assert answer.status_code == 500
        assert answer.cookies == []


# A page from the browser's cache asks for its layout and its dependencies at once.
@pytest.mark.parametrize("path", ["/_favicon.ico", "/_dash-dependencies"])
def test_what_is_not_a_page_sets_no_cookie(app, path):
    with clients.client(app) as browser:
        assert browser.get(path).cookies == []


def test_no_cookie_is_needed_without_a_session_check(server):
    app = make_app(server, transforms=[ServersideOutputTransform(session_check=False)])
    with clients.client(app) as browser:
        token = clients.call(browser, "store.data", {"load.n_clicks": 1})
        assert clients.call(browser, "total.children", {"store.data": token}) == 10


def test_a_value_is_read_in_the_session_that_it_was_stored_in(app):
    with clients.client(app) as browser:
        browser.get("/")
        token = clients.call(browser, "store.data", {"load.n_clicks": 1})
        assert clients.call(browser, "total.children", {"store.data": token}) == 10


def test_a_value_of_another_session_is_not_given_out(app):
    with clients.client(app) as browser:
        browser.get("/")
        token = clients.call(browser, "store.data", {"load.n_clicks": 1})
    with clients.client(app) as other:
        other.get("/")
        assert clients.call(other, "total.children", {"store.data": token}).status_code == 500


def test_a_cookie_of_another_secret_is_replaced_by_a_page(app):
    with clients.client(app) as browser:
        name = app._sessions.cookie_name
        (cookie,) = browser.get("/", headers={"Cookie": f"{name}=forged.text"}).cookies
    assert cookie.startswith(name)


def test_the_body_of_a_request_is_searched_as_it_came(app, monkeypatch):
    def refuse(*_):
        raise AssertionError("The values of the request were walked.")

    monkeypatch.setattr(serving, "_holds", refuse)
    with clients.client(app) as browser:
        browser.get("/")
        token = clients.call(browser, "store.data", {"load.n_clicks": 1})
        assert clients.call(browser, "total.children", {"store.data": token}) == 10


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "utf-32-le"])
def test_values_are_found_in_a_request_of_any_encoding(encoding):
    wire = SimpleNamespace(mark="a mark.")
    body = {"inputs": [{"value": ["a mark. and more"]}], "state": []}
    raw = json.dumps(body).encode(encoding)
    assert serving.wires_in_request(lambda: raw, [wire], body) == (wire,)


def test_a_token_written_in_escapes_is_a_token(server):
    app = Dash(__name__, **clients.on(server))
    app.layout = html.Div(
        [dcc.Store(id="store", data=Serverside(pd.DataFrame({"value": range(5)}))), html.P(id="rows")]
    )
    received = []

    @app.callback(Output("rows", "children"), Input("store", "data"), memoize=True)
    def rows(frame):
        received.append(type(frame))
        return len(frame)

    with clients.client(app) as browser:
        token = browser.get("/_dash-layout").json["props"]["children"][0]["props"]["data"]
        body = json.dumps(clients.request("rows.children", {"store.data": token}))
        escaped = body.replace(token, "".join(f"\\u{ord(letter):04x}" for letter in token))
        answer = browser.open(
            "/_dash-update-component", method="POST", data=escaped, content_type="application/json"
        )
    assert answer.json["response"]["rows"]["children"] == 5
    assert received == [pd.DataFrame]


def test_a_bound_value_is_not_read_on_the_event_loop(asgi, monkeypatch):
    app = Dash(__name__, backend=asgi)
    app.layout = html.Div([html.Button(id="load"), dcc.Store(id="store"), html.Div(id="total")])
    loops = []

    @app.callback(ServersideOutput("store", "data"), Trigger("load", "n_clicks"), prevent_initial_call=True)
    async def load():
        loops.append(threading.get_ident())
        return pd.DataFrame({"value": range(5)})

    @app.callback(Output("total", "children"), Input("store", "data"), prevent_initial_call=True)
    async def total(frame):
        loops.append(threading.get_ident())
        return int(frame["value"].sum())

    with clients.client(app) as browser:
        browser.get("/")
        threads = _threads_of(monkeypatch, app.store, "get", "put")
        token = clients.call(browser, "store.data", {"load.n_clicks": 1})
        assert clients.call(browser, "total.children", {"store.data": token}) == 10
    assert len(threads) == 2
    assert set(threads).isdisjoint(loops)


def test_the_store_is_not_opened_on_the_event_loop(asgi, monkeypatch):
    app = make_app(asgi)
    in_loop = []
    open_store = ServersideOutputTransform.open_store

    def watched(self, *args):
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            in_loop.append(False)
        else:
            in_loop.append(True)
        return open_store(self, *args)

    monkeypatch.setattr(ServersideOutputTransform, "open_store", watched)
    with clients.client(app) as browser:
        browser.get("/")
    assert in_loop == [False]


def _threads_of(monkeypatch, owner, *names):
    seen = []

    def watch(function):
        def watched(*args, **kwargs):
            seen.append(threading.get_ident())
            return function(*args, **kwargs)

        return watched

    for name in names:
        monkeypatch.setattr(owner, name, watch(getattr(owner, name)))
    return seen


def test_two_apps_on_one_server_have_sessions_of_their_own(asgi):
    if asgi == "fastapi" and DASH >= (4, 5):
        pytest.skip("the callbacks of a second app answer 500 under plain Dash 4.5.0rc2 too")
    one, two = _two_apps(asgi)
    assert one.server is two.server
    with clients.client(two) as browser:
        (first,) = browser.get("/one/").cookies
        (second,) = browser.get("/two/").cookies
        assert first.partition("=")[0] != second.partition("=")[0]
        for prefix in ("/one/", "/two/"):
            token = clients.call(browser, "store.data", {"load.n_clicks": 1}, prefix=prefix)
            assert clients.call(browser, "total.children", {"store.data": token}, prefix=prefix) == 10


def _two_apps(asgi):
    apps = []
    for name in ("one", "two"):
        server = apps[0].server if apps else None
        app = Dash(name, server=server or True, backend=asgi, url_base_pathname=f"/{name}/")
        apps.append(declared(app))
    return apps


def test_text_that_only_looks_like_a_token_passes(app):
    app.layout.children.append(dcc.Input(id="text"))

    @app.callback(Output("load", "children"), Input("text", "value"), prevent_initial_call=True)
    def echo(text):
        return json.dumps(text)

    with clients.client(app) as browser:
        browser.get("/")
        assert (
            clients.call(browser, "load.children", {"text.value": "~enrich1~ hello"}) == '"~enrich1~ hello"'
        )


@pytest.mark.parametrize(
    ("header", "cookie"),
    [
        ("", None),
        ("{name}=abc", "abc"),
        ("a=1; {name}=abc; b=2", "abc"),
        ("a=1;{name}=abc;b=2", "abc"),
        ("other_{name}=1; {name}=abc", "abc"),
        ("a=other_{name}=1", None),
        ("{name}x=1", None),
        ("{name}=", ""),
        ("{name}=abc; {name}=def", "abc"),
    ],
)
def test_the_apps_own_cookie_is_found_among_others(header: str, cookie: str | None):
    sessions = DashProxy("doc")._sessions
    assert sessions.cookie_in(header.format(name=sessions.cookie_name)) == cookie


def test_of_several_cookies_of_its_name_the_app_s_own_counts():
    sessions = make_app("flask")._sessions
    own = sessions.signed_new()
    for header in ("{name}=junk; {name}={own}", "{name}={own}; {name}=junk", "{name}=; a=1; {name}={own}"):
        assert sessions.cookie_in(header.format(name=sessions.cookie_name, own=own)) == own


def test_the_cookie_is_secure_where_a_proxy_says_so_to_a_layer_added_before():
    if "fastapi" not in clients.SERVERS:
        pytest.skip("the installed Dash does not run on FastAPI")
    import fastapi
    from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

    server = fastapi.FastAPI()
    server.add_middleware(ProxyHeadersMiddleware, trusted_hosts="*")
    app = Dash(__name__, server=server)
    app.layout = html.Div()
    with clients.client(app) as browser:
        (cookie,) = browser.get("/", headers={"X-Forwarded-Proto": "https"}).cookies
    assert "Secure" in cookie


def test_many_cookies_are_read_by_threads_at_once():
    sessions = make_app("flask")._sessions
    cookies = [sessions.signed_new() for _ in range(6000)]
    failures: list[BaseException] = []

    def read(mine: list[str]) -> None:
        try:
            for cookie in mine:
                assert sessions.is_genuine(cookie)
        except BaseException as error:
            failures.append(error)

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    threads = [threading.Thread(target=read, args=(cookies[n::4],)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sys.setswitchinterval(before)
    assert failures == []

import asyncio
import itertools
import re
import threading
from concurrent.futures import ThreadPoolExecutor

import clients
import pandas as pd
import pytest
from dash import MATCH, Input, Output, State, ctx, html, no_update

from enrich import (
    Dash,
    DashBlueprint,
    DashProxy,
    GroupTransform,
    LogTransform,
    RedisBackend,
    Serverside,
    ServersideOutput,
    ServersideOutputTransform,
    ServersideRef,
    Trigger,
    callback,
    dcc,
    forget,
)
from enrich.errors import DeclarationError
from enrich.page import CallbackFailed, Page


def make_app(**settings):
    app = Dash("memo", transforms=[ServersideOutputTransform(**settings)])
    app.layout = html.Div(
        [
            html.Button(id="b"),
            html.Button(id="c"),
            dcc.Store(id="s", data=1),
            dcc.Store(id="o"),
            dcc.Store(id="p"),
        ]
    )
    return app


def count(calls):
    return len(calls)


@pytest.fixture(params=["sync", "async"])
def declare(request):
    """Declare a function as it is, or as a coroutine function."""

    def decorate(callback, function):
        if request.param == "sync":
            return callback(function)

        async def coroutine(*args):
            await asyncio.sleep(0)
            return function(*args)

        return callback(coroutine)

    return decorate


def test_a_hit_does_not_run_the_function(declare):
    app, calls = make_app(), []
    callback = app.callback(
        Output("o", "data"),
        Trigger("b", "n_clicks"),
        State("s", "data"),
        memoize=True,
        prevent_initial_call=True,
    )
    declare(callback, lambda value: calls.append(value) or [value, {"a": 1}])
    page = Page(app)
    page.act({"b.n_clicks": 1})
    page.act({"b.n_clicks": 2})
    assert (calls, page["o.data"]) == ([1], [1, {"a": 1}])


def test_other_arguments_run_it_again(declare):
    app, calls = make_app(), []
    declare(
        app.callback(Output("o", "data"), Input("s", "data"), memoize=True),
        lambda value: calls.append(value) or value,
    )
    page = Page(app)
    page.act({"s.data": 2})
    page.act({"s.data": 2.0})
    page.act({"s.data": 2})
    assert calls[:2] == [1, 2]


def test_a_number_of_seconds_is_how_long_a_result_is_kept(declare):
    now = [1_700_000_000.0]
    app, calls = make_app(clock=lambda: now[0]), []
    declare(
        app.callback(Output("o", "data"), Input("s", "data"), memoize=100),
        lambda value: calls.append(value) or value,
    )
    page = Page(app)
    for seconds, runs in ((0, 1), (99, 1), (2, 2)):
        now[0] += seconds
        page.act({"s.data": 2})
        page.act({"s.data": 3})
        assert calls.count(2) == runs


def test_a_result_that_is_no_json_is_refused_with_its_place():
    app = make_app()
    app.callback(Output("o", "data"), Input("s", "data"), memoize=True)(lambda value: {1, 2})
    with pytest.raises(CallbackFailed, match=r"test_memoize\.py:\d+\), output o\.data: .*set"):
        Page(app)


def test_rows_with_equal_arguments_have_results_of_their_own():
    app, calls = Dash("memo"), []
    app.layout = html.Div(
        [html.Button(id={"k": "in", "row": n}) for n in range(2)]
        + [html.P(id={"k": "out", "row": n}) for n in range(2)]
    )

    @app.callback(
        Output({"k": "out", "row": MATCH}, "children"),
        Input({"k": "in", "row": MATCH}, "n_clicks"),
        memoize=True,
        prevent_initial_call=True,
    )
    def tell(clicks):
        calls.append(ctx.outputs_list["id"]["row"])
        return f"row {calls[-1]}"

    page = Page(app)
    page.act({'{"k":"in","row":0}.n_clicks': 1})
    page.act({'{"k":"in","row":1}.n_clicks': 1})
    assert calls == [0, 1]


def test_arguments_are_left_out_where_they_are_not_to_count():
    app, calls = make_app(), []
    app.callback(ServersideOutput("o", "data", arg_check=False), Input("s", "data"), memoize=True)(
        lambda value: calls.append(value) or pd.DataFrame({"a": [value]})
    )
    page = Page(app)
    page.act({"s.data": 2})
    assert calls == [1]


def test_server_side_values_are_remembered_and_count_by_their_content(declare):
    app, loads, sums = make_app(), [], []
    load = app.callback(ServersideOutput("o", "data"), Input("b", "n_clicks"), prevent_initial_call=True)
    declare(load, lambda n: loads.append(n) or pd.DataFrame({"a": [1, 2]}))
    total = app.callback(Output("p", "data"), Input("o", "data"), memoize=True, prevent_initial_call=True)
    declare(total, lambda df: sums.append(1) or int(df["a"].sum()))
    page = Page(app)
    page.act({"b.n_clicks": 1})
    page.act({"b.n_clicks": 2})
    assert (len(loads), len(sums), page["p.data"]) == (2, 1, 3)


def test_a_hit_reads_nothing_of_the_value_it_stands_for(monkeypatch):
    app, read = make_app(), []
    load = app.callback(ServersideOutput("o", "data"), Input("s", "data"), memoize=True)
    load(lambda value: pd.DataFrame({"a": range(10_000)}))
    page = Page(app)
    backend = type(app.store.backend)
    whole = backend.read

    def counted(self, key, /, **options):
        found = whole(self, key, **options)
        read.append(len(found))
        return found

    monkeypatch.setattr(backend, "read", counted)
    page.act({"s.data": 1})
    assert page.requests[-1].status == 200
    # The result that is kept is the token.
    assert 0 < sum(read) < 1000


def test_sessions_do_not_share_results_unless_told_so():
    app, calls = make_app(), []
    app.callback(Output("o", "data"), Input("s", "data"), memoize=True)(
        lambda value: calls.append(value) or value
    )
    Page(app), Page(app)
    assert calls == [1, 1]
    shared, calls = make_app(session_check=False), []
    shared.callback(Output("o", "data"), Input("s", "data"), memoize=True)(
        lambda value: calls.append(value) or value
    )
    Page(shared), Page(shared)
    assert calls == [1]


def test_a_kept_result_whose_value_is_gone_is_computed_anew():
    app, calls = make_app(), []

    @app.callback(ServersideOutput("o", "data"), Input("s", "data"), memoize=True)
    def load(value):
        calls.append(value)
        return pd.DataFrame({"a": [value]})

    page = Page(app)
    app.store.delete(app.store.open(page["o.data"], session=session_of(app, page)))
    page.act({"s.data": 1})
    assert calls == [1, 1]


def session_of(app, page):
    cookie = page.client.get_cookie(app._sessions.cookie_name).value
    return app.store.unsign_text(cookie, salt="enrich.session")


def test_forget_drops_what_is_memoized_of_one_function():
    app, calls = make_app(), []

    def one(value):
        calls.append("one")
        return value

    def other(value):
        calls.append("other")
        return value

    app.callback(Output("o", "data"), Input("s", "data"), memoize=True)(one)
    app.callback(Output("p", "data"), Input("s", "data"), memoize=True)(other)
    page = Page(app)
    forget(one)
    page.act({"s.data": 1})
    assert calls == ["one", "other", "one"]


def with_log(app, function):
    @app.callback(Output("o", "data"), Input("s", "data"), memoize=True, log=True)
    def logged(value, dash_logger):
        return function(value)

    return logged


def with_log_of_a_blueprint(app, function):
    blueprint = DashBlueprint(transforms=[LogTransform()])
    logged = with_log(blueprint, function)
    blueprint.register_callbacks(app)
    return logged


def in_a_blueprint_with_a_transform(app, function):
    blueprint = DashBlueprint(transforms=[ServersideOutputTransform()])
    blueprint.callback(Output("o", "data"), Input("s", "data"), memoize=True)(function)
    blueprint.register_callbacks(app)
    return function


def in_a_group_of_a_blueprint(app, function):
    blueprint = DashBlueprint(transforms=[ServersideOutputTransform(), GroupTransform()])
    options = {"group": "g", "prevent_initial_call": False}
    blueprint.callback(Output("o", "data"), Input("s", "data"), memoize=True, **options)(function)
    blueprint.callback(Output("p", "data"), Input("s", "data"), **options)(lambda value: value)
    blueprint.register_callbacks(app)
    return function


def for_every_app(app, function):
    callback(Output("o", "data"), Input("s", "data"), memoize=True)(function)
    return function


@pytest.mark.parametrize(
    "declare_it",
    [
        with_log,
        with_log_of_a_blueprint,
        in_a_blueprint_with_a_transform,
        in_a_group_of_a_blueprint,
        for_every_app,
    ],
)
def test_forget_finds_a_function_wherever_it_was_declared(declare_it):
    app, calls = make_app(), []

    def one(value):
        calls.append(value)
        return value

    declared = declare_it(app, one)
    page = Page(app)
    page.act({"s.data": 1})
    assert calls == [1]
    forget(declared)
    page.act({"s.data": 1})
    assert calls == [1, 1]


def test_forget_finds_the_app_that_gets_its_transform_later():
    blueprint, calls = DashBlueprint(), []
    blueprint.layout = html.Div([dcc.Store(id="s", data=1), dcc.Store(id="o")])

    @blueprint.callback(Output("o", "data"), Input("s", "data"), memoize=True)
    def one(value):
        calls.append(value)
        return value

    app = DashProxy("later", blueprint=blueprint)
    blueprint.transforms.append(ServersideOutputTransform())
    page = Page(app)
    forget(one)
    page.act({"s.data": 1})
    assert calls == [1, 1]


@pytest.mark.parametrize("given", ["one", None, 3])
def test_forget_refuses_what_is_no_function(given):
    with pytest.raises(DeclarationError, match=f"forget.{re.escape(repr(given))}.: Give .* the function"):
        forget(given)


def test_forget_refuses_a_function_that_nothing_memoizes():
    app = make_app()

    @app.callback(Output("o", "data"), Input("s", "data"))
    def plain(value):
        return value

    @app.callback(Output("p", "data"), Input("s", "data"), memoize=True)
    def kept(value):
        return value

    for function in (plain, print, lambda: None):
        with pytest.raises(DeclarationError, match="no app in this process .*they have .*'kept'.*memoize="):
            forget(function)
    forget(kept)
    assert app.has_open_store


def test_forget_asks_only_the_apps_that_memoize_the_function():
    away = Dash("away", transforms=[ServersideOutputTransform(backend=RedisBackend("redis://localhost:1/0"))])
    away.layout = html.Div([html.Button(id="b"), dcc.Store(id="s")])
    app = make_app()

    @away.callback(Output("s", "data"), Input("b", "n_clicks"), memoize=True)
    def other(n_clicks):
        return n_clicks

    @app.callback(Output("s", "data"), Input("b", "n_clicks"), memoize=True)
    def one(n_clicks):
        return n_clicks

    forget(one)
    assert app.has_open_store
    assert not away.has_open_store


def test_a_function_given_to_memoize_is_applied_to_the_outputs():
    app = make_app()
    app.callback(Output("o", "data"), Input("s", "data"), memoize=lambda value: value * 10)(
        lambda value: value
    )
    assert Page(app)["o.data"] == 10


def test_no_update_is_remembered_as_such():
    app = make_app()
    app.callback(Output("o", "data"), Output("p", "data"), Input("s", "data"), memoize=True)(
        lambda value: (no_update, value)
    )
    page = Page(app)
    page.act({"s.data": 1})
    assert page["p.data"] == 1
    assert "data" not in page.props["o"]


def test_serverside_values_in_a_plain_output_are_remembered():
    app, calls = make_app(), []
    app.callback(Output("o", "data"), Input("s", "data"), memoize=True)(
        lambda value: calls.append(1) or Serverside(pd.DataFrame({"a": [value]}))
    )
    app.callback(Output("p", "data"), Input("o", "data"))(lambda df: int(df["a"].sum()))
    page = Page(app)
    page.act({"s.data": 1})
    assert (len(calls), page["p.data"]) == (1, 1)


def test_concurrent_misses_run_the_function_once():
    app, calls = make_app(session_check=False), []
    entered = threading.Barrier(2, timeout=10)

    @app.callback(Output("o", "data"), Input("s", "data"), memoize=True)
    def slow(value):
        calls.append(value)
        entered.wait()
        return value

    pages = [Page(app, load=False) for _ in range(4)]
    threads = [threading.Thread(target=page.reload) for page in pages]
    for thread in threads:
        thread.start()
    entered.wait()
    for thread in threads:
        thread.join()
    assert calls == [1]
    assert [page["o.data"] for page in pages] == [1] * 4


@pytest.mark.parametrize("value", [0, -1, "yes"])
def test_a_senseless_setting_is_refused_with_the_place(value):
    app = make_app()
    app.callback(Output("o", "data"), Input("s", "data"), memoize=value)(lambda v: v)
    with pytest.raises(DeclarationError, match=r"test_memoize\.py:\d+\) has memoize="):
        app.callback_map


def test_a_shared_result_with_a_value_of_one_session_s_is_each_session_s_own(declare):
    app, calls = make_app(), []
    callback = app.callback(
        ServersideOutput("o", "data", session_check=False),
        Output("p", "data"),
        Trigger("b", "n_clicks"),
        memoize=True,
        prevent_initial_call=True,
    )
    declare(callback, lambda: calls.append(1) or (1, Serverside("mine")))

    @app.callback(Output("s", "data"), Input("p", "data"), prevent_initial_call=True)
    def show(value):
        return value

    alice, bob = Page(app), Page(app)
    for page in (alice, bob, alice, bob):
        page.act({"b.n_clicks": len(calls) + 1})
        assert page["s.data"] == "mine"
    assert len(calls) == 2


@pytest.mark.parametrize("session_check", [True, False])
def test_what_is_said_of_missing_values_is_said_of_memoized_callbacks_too(session_check):
    app = make_app(session_check=session_check, on_missing=lambda error: type(error).__name__)

    @app.callback(ServersideOutput("s", "data"), Output("p", "data"), Trigger("b", "n_clicks"))
    def load():
        return {"n": 1}, Serverside(1, key="named")

    @app.callback(Output("o", "data"), Input("s", "data"), Input("p", "data"), memoize=True)
    def show(own, named):
        return [own, named]

    page = Page(app)
    page.act({"b.n_clicks": 1})
    assert page["o.data"] == [{"n": 1}, 1]
    tokens = {"s.data": page["s.data"], "p.data": page["p.data"]}
    other = Page(app)
    other.act(tokens)
    assert other["o.data"] == [{"n": 1} if not session_check else "HandleForeign", 1]
    app.store.clear()
    page.act(tokens)
    assert page["o.data"] == ["HandleExpired", "HandleExpired"]


def test_an_argument_of_a_memoized_callback_that_can_not_be_had_is_named():
    app = make_app()
    app.callback(ServersideOutput("s", "data"), Trigger("b", "n_clicks"))(lambda: {"n": 1})

    @app.callback(Output("o", "data"), Input("s", "data"), memoize=True)
    def show(own):
        return own

    page, other = Page(app), Page(app)
    page.act({"b.n_clicks": 1})
    with pytest.raises(CallbackFailed) as failed:
        other.act({"s.data": page["s.data"]})
    assert str(failed.value.__cause__).startswith("callback 'show'")
    assert "argument s.data" in str(failed.value.__cause__)


@pytest.mark.skipif(not clients.ASGI_SERVERS, reason="the installed Dash has no asynchronous servers")
@pytest.mark.parametrize("inputs", [[1, 1, 1], [1, 2, 3]], ids=["alike", "different"])
def test_async_callbacks_wait_for_no_thread_that_they_hold(inputs):
    app = Dash("memo", backend=clients.ASGI_SERVERS[0])
    app.layout = html.Div([html.Button(id="b"), dcc.Store(id="o")])

    @app.callback(ServersideOutput("o", "data"), Input("b", "n_clicks"), memoize=True)
    async def load(n_clicks):
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
        await asyncio.sleep(0.05)
        return await asyncio.to_thread(pd.DataFrame, {"n": [n_clicks]})

    with clients.client(app) as browser, ThreadPoolExecutor(len(inputs)) as visitors:
        browser.get("/")
        asked = [visitors.submit(clients.call, browser, "o.data", {"b.n_clicks": n}) for n in inputs]
        assert all(isinstance(one.result(20), str) for one in asked)


@pytest.mark.parametrize("session_check", [True, False])
def test_what_stood_in_for_a_value_that_was_gone_is_not_remembered(session_check):
    app = make_app(session_check=session_check, on_missing=lambda error: [])
    app.callback(ServersideOutput("s", "data"), Trigger("b", "n_clicks"))(lambda: [1, 2, 3])

    @app.callback(Output("o", "data"), Input("s", "data"), memoize=True)
    def total(rows):
        return sum(rows)

    page = Page(app)
    page.act({"b.n_clicks": 1})
    token = page["s.data"]
    app.store.clear()
    page.act({"s.data": token})
    assert page["o.data"] == 0
    page.act({"b.n_clicks": 2})
    assert page["o.data"] == 6


@pytest.mark.parametrize("session_check", [True, False])
def test_a_result_of_a_name_that_changes_meanwhile_is_not_remembered(session_check):
    app = make_app(session_check=session_check)
    app.callback(Output("s", "data"), Input("b", "n_clicks"))(lambda n: Serverside("early", key="name"))
    changes = ["late"]

    @app.callback(Output("o", "data"), Input("s", "data"), memoize=True)
    def read(ref: ServersideRef):
        while changes:
            app.store.put(changes.pop(), name="name")
        return ref.load()

    page = Page(app)
    assert page["o.data"] == "late"
    page.act({"b.n_clicks": 1})
    assert page["o.data"] == "early"


def test_a_result_is_kept_though_the_function_changes_its_arguments(declare):
    app, calls = make_app(session_check=False), []

    def ordered(rows):
        calls.append(1)
        rows.sort()
        return rows

    app.layout.children[2].data = [3, 1, 2]
    declare(app.callback(Output("o", "data"), Input("s", "data"), memoize=True), ordered)

    assert [Page(app)["o.data"] for _page in range(2)] == [[1, 2, 3], [1, 2, 3]]
    assert count(calls) == 1


@pytest.mark.skipif(not clients.ASGI_SERVERS, reason="the installed Dash has no asynchronous servers")
def test_async_callbacks_that_wait_for_one_take_few_threads():
    app = Dash("memo", backend=clients.ASGI_SERVERS[0])
    app.layout = html.Div([html.Button(id="b"), dcc.Store(id="o")])
    runs, threads = [], []

    @app.callback(Output("o", "data"), Input("b", "n_clicks"), memoize=True)
    async def load(n_clicks):
        runs.append(n_clicks)
        await asyncio.sleep(0.5)
        threads.extend(thread.name for thread in threading.enumerate())
        return n_clicks

    visitors = 40
    with clients.client(app) as browser, ThreadPoolExecutor(visitors) as pool:
        browser.get("/")
        asked = [pool.submit(clients.call, browser, "o.data", {"b.n_clicks": 1}) for _ in range(visitors)]
        assert [one.result(20) for one in asked] == [1] * visitors
    assert runs == [1]
    assert threads.count("enrich-memoize") == 1


@pytest.mark.skipif(not clients.ASGI_SERVERS, reason="the installed Dash has no asynchronous servers")
def test_async_callbacks_of_two_visitors_wait_for_none():
    settings = ServersideOutputTransform(session_id=itertools.count(1).__next__)
    app = Dash("memo", backend=clients.ASGI_SERVERS[0], transforms=[settings])
    app.layout = html.Div([html.Button(id="b"), dcc.Store(id="o")])
    arrived, both = [], asyncio.Event()

    @app.callback(Output("o", "data"), Input("b", "n_clicks"), memoize=True)
    async def load(n_clicks):
        arrived.append(n_clicks)
        if len(arrived) == 2:
            both.set()
        await asyncio.wait_for(both.wait(), 10)
        return n_clicks

    with clients.client(app) as browser, ThreadPoolExecutor(2) as pool:
        browser.get("/")
        asked = [pool.submit(clients.call, browser, "o.data", {"b.n_clicks": 1}) for _ in range(2)]
        assert [one.result(20) for one in asked] == [1, 1]

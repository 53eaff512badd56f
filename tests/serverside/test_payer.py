"""Who pays for the values that an app's callbacks store for all."""

import logging

import pytest
from dash import Input, Output, ctx, html

from enrich import (
    Dash,
    FileSystemBackend,
    Serverside,
    ServersideOutput,
    ServersideOutputTransform,
    Trigger,
    dcc,
)
from enrich.errors import StoreFullError
from enrich.page import CallbackFailed, Page
from enrich.sessions import Sessions
from enrich.store import MemoryBackend

SIZE = 10_000
QUOTA = 25_000
"""Room for two values."""


def make_app(**settings):
    settings = {"backends": [MemoryBackend()], "session_quota": QUOTA, **settings}
    app = Dash("payer", transforms=[ServersideOutputTransform(**settings)])
    app.layout = html.Div([dcc.Input(id="i"), dcc.Store(id="o"), dcc.Store(id="own"), html.Button(id="b")])
    return app


def text(letter):
    return letter * SIZE


def declare_shared_output(app):
    @app.callback(
        ServersideOutput("o", "data", session_check=False), Input("i", "value"), prevent_initial_call=True
    )
    def store(letter):
        return text(letter)


def declare_names(app):
    @app.callback(ServersideOutput("o", "data"), Input("i", "value"), prevent_initial_call=True)
    def store(letter):
        return Serverside(text(letter), key=letter)


def declare_values_deep_in_a_result(app):
    @app.callback(Output("o", "data"), Input("i", "value"), prevent_initial_call=True)
    def store(letter):
        return {"deep": [Serverside(text(letter), key=letter)]}


def declare_own(app):
    @app.callback(ServersideOutput("own", "data"), Input("b", "n_clicks"), prevent_initial_call=True)
    def own(clicks):
        return text(str(clicks))


def declare_reader(app, component):
    @app.callback(Output("b", "children"), Input(component, "data"), prevent_initial_call=True)
    def length(value):
        return len(value)


@pytest.mark.parametrize("backend", ["files", "memory"])
@pytest.mark.parametrize("declare", [declare_shared_output, declare_names, declare_values_deep_in_a_result])
def test_the_session_that_stores_a_value_for_all_first_pays_for_it(declare, backend, tmp_path):
    app = make_app(backends=[MemoryBackend() if backend == "memory" else FileSystemBackend(tmp_path)])
    declare(app)
    declare_own(app)
    one, two = Page(app), Page(app)
    for page in (one, two):
        page.act({"i.value": "a"})
        page.act({"i.value": "b"})
    with pytest.raises(CallbackFailed) as failed:
        one.act({"b.n_clicks": 1})
    assert isinstance(failed.value.__cause__, StoreFullError)
    with pytest.raises(CallbackFailed) as failed:
        one.act({"i.value": "c"})
    assert "the first to store it" in str(failed.value.__cause__)
    two.act({"b.n_clicks": 1})
    two.act({"i.value": "c"})
    with pytest.raises(CallbackFailed):
        two.act({"b.n_clicks": 2})


def test_an_app_that_shares_all_its_values_has_quotas_too():
    app = make_app(session_check=False)
    declare_own(app)
    one, two = Page(app), Page(app)
    for clicks in (1, 2):
        one.act({"b.n_clicks": clicks})
        two.act({"b.n_clicks": clicks})
    with pytest.raises(CallbackFailed):
        one.act({"b.n_clicks": 3})
    two.act({"b.n_clicks": 3})


@pytest.mark.parametrize("is_async", [False, True])
def test_a_memoized_result_counts_for_the_session_that_computed_it(is_async, caplog):
    app = make_app(session_check=False)
    declare_own(app)
    calls = []

    def compute(letter):
        calls.append(letter)
        return text(letter)

    async def compute_async(letter):
        return compute(letter)

    app.callback(Output("o", "data"), Input("i", "value"), memoize=True, prevent_initial_call=True)(
        compute_async if is_async else compute
    )
    one, two = Page(app), Page(app)
    for page in (one, two):
        for letter in "ab":
            page.act({"i.value": letter})
    with caplog.at_level(logging.WARNING, "enrich.store"):
        for _ in range(2):
            one.act({"i.value": "c"})
            assert one["o.data"] == text("c")
            one.act({"i.value": "b"})
    assert "a memoized result isn't kept" in caplog.text
    assert calls == ["a", "b", "c", "c"]
    two.act({"i.value": "c"})
    two.act({"b.n_clicks": 1})
    with pytest.raises(CallbackFailed):
        two.act({"b.n_clicks": 2})


def test_what_the_layout_stores_for_all_counts_for_who_opened_the_page_first():
    app = make_app(session_check=False)
    declare_own(app)
    app.layout = lambda: html.Div(
        [dcc.Store(id="o", data=Serverside(text("x"))), dcc.Store(id="own"), html.Button(id="b")]
    )
    one, two = Page(app), Page(app)
    one.act({"b.n_clicks": 1})
    with pytest.raises(CallbackFailed):
        one.act({"b.n_clicks": 2})
    two.act({"b.n_clicks": 2})
    two.act({"b.n_clicks": 3})


def test_a_user_who_is_named_pays_by_that_name():
    app = make_app(session_id=lambda: ctx.cookies["user"])
    declare_shared_output(app)
    one, again, two = Page(app), Page(app), Page(app)
    for page, user in ((one, "one"), (again, "one"), (two, "two")):
        page.client.set_cookie("user", user)
    one.act({"i.value": "a"})
    again.act({"i.value": "b"})
    with pytest.raises(CallbackFailed):
        one.act({"i.value": "c"})
    two.act({"i.value": "c"})


def without_cookies(app):
    return Page(app, client=app.server.test_client(use_cookies=False))


def with_bad_cookies(app):
    page = Page(app)
    page.client.set_cookie(app._sessions.cookie_name, "forged")
    return page


@pytest.mark.parametrize("visit", [without_cookies, with_bad_cookies])
@pytest.mark.parametrize("declare", [declare_shared_output, declare_names])
def test_visitors_without_a_session_pay_together(declare, visit):
    app = make_app(session_check=False)
    declare(app)
    visit(app).act({"i.value": "a"})
    visit(app).act({"i.value": "b"})
    with pytest.raises(CallbackFailed) as failed:
        visit(app).act({"i.value": "c"})
    assert isinstance(failed.value.__cause__, StoreFullError)
    Page(app).act({"i.value": "c"})


def test_whom_session_id_can_not_name_may_read_what_is_for_all():
    app = make_app(session_id=lambda: ctx.cookies["user"])
    declare_names(app)
    declare_reader(app, "o")
    stranger = Page(app)
    stranger.act({"i.value": "a"})
    assert stranger["b.children"] == SIZE


def test_whom_session_id_can_not_name_is_told_so_where_a_value_is_somebody_s():
    def user():
        try:
            return ctx.cookies["user"]
        except KeyError as error:
            raise PermissionError("Who are you?") from error

    app = make_app(session_id=user)
    declare_own(app)
    declare_reader(app, "own")
    one, stranger = Page(app), Page(app)
    one.client.set_cookie("user", "one")
    one.act({"b.n_clicks": 1})
    with pytest.raises(CallbackFailed) as failed:
        stranger.act({"own.data": one["own.data"]})
    error = failed.value.__cause__
    assert isinstance(error, PermissionError)
    assert isinstance(error.__cause__, KeyError)
    assert "session_id=" in error.__notes__[0]


def test_visitors_whom_session_id_can_not_name_pay_together():
    app = make_app(session_id=lambda: ctx.cookies["user"], session_check=False)
    declare_shared_output(app)
    one, two = Page(app), Page(app)
    one.act({"i.value": "a"})
    two.act({"i.value": "b"})
    with pytest.raises(CallbackFailed) as failed:
        one.act({"i.value": "c"})
    assert isinstance(failed.value.__cause__, StoreFullError)


def test_nobody_pays_where_no_visitor_is_at_work():
    app = make_app(session_id=lambda: ctx.cookies["user"])
    assert app._sessions.payer() is None


def test_no_session_is_asked_for_without_a_quota(monkeypatch):
    app = make_app(session_quota=None, session_check=False)
    declare_own(app)

    @app.callback(Output("o", "data"), Trigger("b", "n_clicks"), memoize=True, prevent_initial_call=True)
    def memoized():
        return Serverside("named", key="n")

    page = Page(app)

    def never(_sessions):
        raise AssertionError("asked for a session")

    monkeypatch.setattr(Sessions, "current", never)
    page.act({"b.n_clicks": 1})
    assert page["own.data"]
    assert page["o.data"]

"""Several workers, nothing configured: each request is served, and each worker reads what another wrote."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from processes import Browser, Server, at_once, check_first_visitors, serving

pytestmark = pytest.mark.server

APP = """
import os
import pandas as pd
from enrich import (
    Dash, Input, Output, Serverside, ServersideOutput, Trigger, callback, clientside_callback, dcc, html, register_page
)

app = Dash(__name__)
server = app.server

def layout():
    return html.Div([
        html.Button(id="load"), html.Button(id="name"), dcc.Store(id="store"), dcc.Store(id="named"),
        dcc.Store(id="initial", data=Serverside([1, 2, 3])), html.Div(id="sum"), html.Div(id="latest"), html.Div(id="pid"),
    ])

app.layout = layout

@app.callback(ServersideOutput("store", "data"), Input("load", "n_clicks"), prevent_initial_call=True)
def load(n):
    return pd.DataFrame({"value": range(n), "worker": os.getpid()})

@callback(Output("sum", "children"), Input("store", "data"), prevent_initial_call=True)
def total(df):
    return [int(df["value"].sum()), int(df["worker"].iloc[0]), os.getpid()]

@callback(Output("named", "data"), Input("name", "n_clicks"), prevent_initial_call=True)
def name(n):
    return Serverside(n, key="counter")

@callback(Output("latest", "children"), Input("named", "data"), prevent_initial_call=True)
def latest(value):
    return value

@callback(Output("pid", "children"), Trigger("load", "n_clicks"), prevent_initial_call=True)
def pid():
    return os.getpid()

for _ in range(2):
    @app.callback(Input("load", "n_clicks"), prevent_initial_call=True)
    def act(n): ...
"""

OPTIONS = {
    "gthread": ["-k", "gthread", "--threads", "4"],
    "gthread, preloaded": ["-k", "gthread", "--threads", "4", "--preload"],
}


@pytest.fixture(scope="module", params=OPTIONS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Four workers, started once for all tests of a kind: the first test meets them cold."""
    folder = tmp_path_factory.mktemp("app")
    (folder / "index.py").write_text(APP)
    command = ["-m", "gunicorn", "-b", "127.0.0.1:0", "-w", "4", *OPTIONS[request.param], "index:server"]
    with serving(command, folder, XDG_CACHE_HOME=str(folder / "cache")) as started:
        yield started


def test_fifty_first_visitors_at_once_are_all_served(server: Server):
    check_first_visitors(server, 50)


def test_what_one_worker_wrote_every_worker_reads(server: Server):
    browser = Browser(server.url)
    browser.get()
    browser.get("/_dash-layout")
    status, token = browser.call("store.data", "load.n_clicks", {"load.n_clicks": 10})
    assert status == 200
    readers: set[int] = set()
    writers: set[int] = set()
    for _ in range(20):
        answers = at_once(12, lambda _: browser.call("sum.children", "store.data", {"store.data": token}))
        assert all(status == 200 and value[0] == 45 for status, value in answers), server.log
        writers |= {value[1] for _, value in answers}
        readers |= {value[2] for _, value in answers}
        if len(readers) > 1:
            break
    assert len(writers) == 1
    assert len(readers) > 1, "one worker served everything"


def test_what_a_layout_stored_every_worker_reads(server: Server):
    browser = Browser(server.url)
    _, layout = browser.get("/_dash-layout")
    token = re.search(r"~enrich1~[\w.-]+", layout)
    assert token is not None
    answers = at_once(12, lambda _: browser.call("latest.children", "named.data", {"named.data": token[0]}))
    assert answers == [(200, [1, 2, 3])] * 12


def test_a_named_value_is_the_latest_in_every_worker(server: Server):
    browser = Browser(server.url)
    browser.get("/_dash-layout")
    _, token = browser.call("named.data", "name.n_clicks", {"name.n_clicks": 1})
    browser.call("named.data", "name.n_clicks", {"name.n_clicks": 2})
    answers = at_once(12, lambda _: browser.call("latest.children", "named.data", {"named.data": token}))
    assert answers == [(200, 2)] * 12


def test_another_browser_can_not_read_it_in_any_worker(server: Server):
    browser, other = Browser(server.url), Browser(server.url)
    browser.get("/_dash-layout")
    other.get("/_dash-layout")
    _, token = browser.call("store.data", "load.n_clicks", {"load.n_clicks": 10})
    answers = at_once(12, lambda _: other.call("sum.children", "store.data", {"store.data": token}))
    assert [status for status, _ in answers] == [500] * 12
    assert "HandleForeign" in server.log


def test_tokens_and_cookies_outlive_the_server(tmp_path: Path):
    (tmp_path / "index.py").write_text(APP)
    command = ["-m", "gunicorn", "-b", "127.0.0.1:0", "-w", "2", "index:server"]
    with serving(command, tmp_path) as first:
        browser = Browser(first.url)
        browser.get("/_dash-layout")
        _, token = browser.call("store.data", "load.n_clicks", {"load.n_clicks": 10})
    with serving(command, tmp_path) as second:
        browser.url = second.url
        status, value = browser.call("sum.children", "store.data", {"store.data": token})
        assert (status, value[0]) == (200, 45), second.log


def test_the_secret_and_all_else_on_the_disk_is_the_users_own(tmp_path: Path, cache_folder: Path):
    (tmp_path / "index.py").write_text(APP)
    command = ["-m", "gunicorn", "-b", "127.0.0.1:0", "-w", "2", "index:server"]
    with serving(command, tmp_path) as server:
        assert [status for status, _ in at_once(20, lambda _: Browser(server.url).get())] == [200] * 20
    (folder,) = (cache_folder / "dash-enrich").iterdir()
    files = [file for file in folder.rglob("*") if file.is_file()]
    assert files
    assert {file.stat().st_mode & 0o077 for file in files} == {0}
    assert folder.stat().st_mode & 0o077 == 0

"""Real uvicorn and hypercorn processes, nothing configured: one worker and several, FastAPI and Quart."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from processes import Browser, Server, at_once, check_first_visitors, serving
from versions import needs_dash

pytestmark = [pytest.mark.server, needs_dash(4, 2, "runs on FastAPI and Quart")]

APP = """
import os
import pandas as pd
from enrich import Dash, Input, Output, ServersideOutput, Trigger, callback, dcc, html

app = Dash(__name__, backend={backend!r})
server = app.server
app.layout = lambda: html.Div([
    html.Button(id="load"), dcc.Store(id="store"), html.Div(id="sum"), html.Div(id="slow"), html.Div(id="both"),
])

@app.callback(ServersideOutput("store", "data"), Input("load", "n_clicks"), prevent_initial_call=True)
def load(n):
    return pd.DataFrame({{"value": range(n), "worker": os.getpid()}})

@callback(Output("sum", "children"), Input("store", "data"), prevent_initial_call=True)
def total(df):
    return [int(df["value"].sum()), int(df["worker"].iloc[0]), os.getpid()]

@callback(Output("slow", "children"), Input("store", "data"), prevent_initial_call=True)
async def slow_total(df):
    return int(df["value"].sum())

for _ in range(2):
    @app.callback(Output("both", "children"), Trigger("load", "n_clicks"), prevent_initial_call=True)
    def act():
        return os.getpid()
"""

KINDS = [
    ("fastapi", "uvicorn", 1),
    ("fastapi", "uvicorn", 4),
    ("fastapi", "hypercorn", 4),
    ("quart", "hypercorn", 1),
    ("quart", "hypercorn", 4),
    ("quart", "uvicorn", 4),
]
COMMANDS = {
    "uvicorn": ["-m", "uvicorn", "--port", "0", "--workers"],
    "hypercorn": ["-m", "hypercorn", "-b", "127.0.0.1:0", "-w"],
}


@pytest.fixture(scope="module", params=KINDS, ids=lambda kind: "-".join(map(str, kind)))
def kind(request: pytest.FixtureRequest) -> tuple[str, str, int]:
    backend, program, _ = request.param
    pytest.importorskip(backend)
    pytest.importorskip(program)
    return request.param  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def server(kind: tuple[str, str, int], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Started once for all tests of a kind: the first test meets it cold."""
    backend, program, workers = kind
    folder = tmp_path_factory.mktemp("app")
    (folder / "index.py").write_text(APP.format(backend=backend))
    command = [*COMMANDS[program], str(workers), "index:server"]
    with serving(command, folder, XDG_CACHE_HOME=str(folder / "cache")) as started:
        yield started


def test_fifty_first_visitors_at_once_are_all_served(server: Server):
    check_first_visitors(server, 50)


def test_what_one_worker_wrote_every_worker_reads(server: Server, kind: tuple[str, str, int]):
    browser = Browser(server.url)
    assert browser.get()[0] == browser.get("/_dash-layout")[0] == 200
    assert len(browser.cookies) == 1
    _, token = browser.call("store.data", "load.n_clicks", {"load.n_clicks": 10})
    assert browser.call("slow.children", "store.data", {"store.data": token}) == (200, 45)
    readers: set[int] = set()
    for _ in range(50):
        answers = at_once(12, lambda _: browser.call("sum.children", "store.data", {"store.data": token}))
        assert all(status == 200 and value[0] == 45 for status, value in answers), server.log  # type: ignore[misc]
        readers |= {value[2] for _, value in answers}  # type: ignore[misc]
        if len(readers) > 1 or kind[2] == 1:
            break
    assert (len(readers) > 1) == (kind[2] > 1), "one worker served everything"


def test_another_browser_can_not_read_it(server: Server):
    browser, other = Browser(server.url), Browser(server.url)
    browser.get("/_dash-layout")
    other.get("/_dash-layout")
    _, token = browser.call("store.data", "load.n_clicks", {"load.n_clicks": 10})
    answers = at_once(12, lambda _: other.call("sum.children", "store.data", {"store.data": token}))
    assert [status for status, _ in answers] == [500] * 12  # type: ignore[misc]

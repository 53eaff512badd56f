"""Background jobs in processes that begin afresh, as all do under macOS and Windows: what they are sent is pickled."""

from __future__ import annotations

import json
import os
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import clients
import pytest
from processes import Browser, Server, serving, until
from versions import needs_dash

pytest.importorskip("diskcache")
pytest.importorskip("multiprocess")
pytest.importorskip("waitress")

pytestmark = [
    pytest.mark.server,
    needs_dash(4, 2, "signs the handles of jobs by a secret of the manager's store"),
]

APP = """
import logging
import os

import diskcache
import multiprocess
import pandas as pd
from dash import DiskcacheManager
from waitress import serve

from enrich import Dash, Input, Output, Serverside, ServersideOutput, Trigger, callback, dcc, html

multiprocess.set_start_method("spawn", force=True)
PARENT = os.environ.setdefault("PARENT", str(os.getpid()))
JOB = dict(background=True, prevent_initial_call=True)
NAMES = ["closure", "lambda", "method", "module", "later", "read", "progress"]


class Holder:
    def __init__(self, app, factor):
        self.app, self.factor = app, factor

    def act(self, n):
        return n * self.factor


def make():
    app = Dash(__name__, background_callback_manager=DiskcacheManager(diskcache.Cache("jobs")))
    app.layout = html.Div([dcc.Input(id="n"), dcc.Store(id="store"), *(html.Div(id=name) for name in NAMES)])
    factor = 3

    @app.callback(Output("closure", "children"), Input("n", "value"), **JOB)
    def closure(n):
        return [n * factor, app.config.name == __name__]

    app.callback(Output("lambda", "children"), Input("n", "value"), **JOB)(lambda n: n * factor)
    app.callback(Output("method", "children"), Input("n", "value"), **JOB)(Holder(app, 7).act)

    @app.callback(Output("progress", "children"), Input("n", "value"), progress=[Output("n", "title")], **JOB)
    def progress(set_progress, n):
        set_progress(["half"])
        return n * factor

    @app.callback(ServersideOutput("store", "data"), Trigger("n", "id"), Input("n", "value"), **JOB)
    def store(n):
        return pd.DataFrame({"n": range(n * factor)})

    @app.callback(Output("read", "children"), Input("store", "data"), **JOB)
    async def read(df):
        return len(df)

    return app


@callback(Output("module", "children"), Input("n", "value"), **JOB)
def module(n):
    return str(os.getpid()) != PARENT


@callback(Output("later", "children"), Input("n", "value"), **JOB)
async def later(n):
    return n * 5

app = make()

if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    serve(app.server, host="127.0.0.1", port=0, threads=8)
"""

GUARDED = """
import logging

import diskcache
import multiprocess
from dash import DiskcacheManager
from waitress import serve

from enrich import Dash, Input, Output, dcc, html

if __name__ == "__main__":
    multiprocess.set_start_method("spawn")
    app = Dash(__name__, background_callback_manager=DiskcacheManager(diskcache.Cache("jobs")))
    app.layout = html.Div([dcc.Input(id="n"), html.Div(id="out")])

    @app.callback(Output("out", "children"), Input("n", "value"), background=True, prevent_initial_call=True)
    def guarded(n):
        return n

    logging.basicConfig(level=logging.INFO)
    serve(app.server, host="127.0.0.1", port=0, threads=8)
"""


def ask(browser: Browser, output: str, inputs: dict[str, Any], **query: Any) -> Any:
    """Send the request of a job, or ask for its result; ``None`` where there is nothing yet."""
    path = "/_dash-update-component?" + urllib.parse.urlencode(query)
    status, text = browser._open(
        urllib.request.Request(
            browser.url + path,
            data=json.dumps(clients.request(output, inputs)).encode(),
            headers={"Content-Type": "application/json"},
        )
    )
    assert status == 200, text
    return json.loads(text) if text else None


def run(browser: Browser, output: str, inputs: dict[str, Any]) -> Any:
    """Run a job to its value."""
    component, _, prop = output.rpartition(".")
    for _attempt in range(5):
        started = ask(browser, output, inputs)
        answers: list[Any] = []

        def ended(started: Any = started, answers: list[Any] = answers) -> bool:
            answer = ask(browser, output, inputs, cacheKey=started["cacheKey"], job=started["job"])
            answers.append(answer)
            return bool(answer and "response" in answer)

        assert until(ended), answers[-1]
        response = answers[-1]["response"]
        # Dash asks for the result and then whether the job runs: one that ends in between counts as cancelled.
        if isinstance(response, dict) and prop in response.get(component, {}):
            return response[component][prop]
    raise AssertionError(f"The job gives no value: {answers[-1]}")


def visit(server: Server) -> Browser:
    browser = Browser(server.url)
    assert browser.get()[0] == browser.get("/_dash-layout")[0] == 200
    return browser


@pytest.fixture(scope="module", params=["script", "module"])
def browser(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    folder = tmp_path_factory.mktemp("app")
    (folder / "jobs_app.py").write_text(APP)
    # The process that runs a job imports the script anew, but of a module only what the job names.
    command = {
        "script": ["jobs_app.py"],
        "module": ["-m", "waitress", "--listen=127.0.0.1:0", "jobs_app:app.server"],
    }[request.param]
    with serving(command, folder, XDG_CACHE_HOME=str(folder / "cache"), PWD=os.getcwd()) as server:
        yield visit(server)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("closure", [6, True]),
        ("lambda", 6),
        ("method", 14),
        ("module", True),
        ("later", 10),
        ("progress", 6),
    ],
)
def test_a_function_of_any_kind_runs_in_a_process_of_its_own(browser: Browser, name: str, value: object):
    assert run(browser, f"{name}.children", {"n.value": 2}) == value


def test_a_job_stores_a_value_that_another_reads(browser: Browser):
    token = run(browser, "store.data", {"n.id": "n", "n.value": 2})
    assert run(browser, "read.children", {"store.data": token}) == 6


def test_a_job_that_no_import_declares_says_so(tmp_path: Path):
    (tmp_path / "guarded.py").write_text(GUARDED)
    with serving(["guarded.py"], tmp_path) as server:
        browser = visit(server)
        ask(browser, "out.children", {"n.value": 2})
        assert until(lambda: "DeclarationError" in server.log), server.log
        assert "callback 'guarded'" in server.log
        assert "Declare it where the module is imported" in server.log

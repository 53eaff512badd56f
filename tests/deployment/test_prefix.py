"""Behind a path: under a prefix that the server sees, and behind a proxy that takes it away."""

from __future__ import annotations

import http.client
import threading
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import dash
import pytest
from processes import Browser, serving

pytestmark = pytest.mark.server

APP = """
import pandas as pd
from enrich import Dash, Input, Output, ServersideOutput, Trigger, dcc, html

app = Dash(__name__, {settings})
server = app.server
app.layout = html.Div([html.Button(id="load"), dcc.Store(id="store"), html.Div(id="sum")])

@app.callback(ServersideOutput("store", "data"), Trigger("load", "n_clicks"), prevent_initial_call=True)
def load():
    return pd.DataFrame({{"value": range(10)}})

@app.callback(Output("sum", "children"), Input("store", "data"), prevent_initial_call=True)
def total(df):
    return int(df["value"].sum())
"""

PROGRAMS = {
    "flask": ["-m", "gunicorn", "-b", "127.0.0.1:0", "-w", "2"],
    "fastapi": ["-m", "uvicorn", "--port", "0", "--workers", "2"],
    "quart": ["-m", "hypercorn", "-b", "127.0.0.1:0", "-w", "2"],
}


@pytest.fixture(params=PROGRAMS)
def backend(request: pytest.FixtureRequest) -> str:
    if request.param != "flask":
        pytest.importorskip("dash.backends", reason=f"Dash {dash.__version__} runs on Flask only")
        pytest.importorskip(request.param)
    return str(request.param)


def write_app(folder: Path, backend: str, **settings: object) -> list[str]:
    """Write the app's module; the command that serves it."""
    given = settings if backend == "flask" else {"backend": backend, **settings}
    (folder / "index.py").write_text(
        APP.format(settings=", ".join(f"{name}={value!r}" for name, value in given.items()))
    )
    return [*PROGRAMS[backend], "index:server"]


@contextmanager
def proxy(target: str, prefix: str) -> Iterator[str]:
    """Run a proxy that serves ``target`` below a prefix, which it takes away; gives its own URL."""
    port = urllib.parse.urlsplit(target).port

    class Handler(BaseHTTPRequestHandler):
        def _pass_on(self) -> None:
            if not self.path.startswith(prefix):
                self.send_error(404)
                return
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            inner = http.client.HTTPConnection("127.0.0.1", port)
            inner.request(self.command, self.path[len(prefix) - 1 :], body, dict(self.headers.items()))
            answer = inner.getresponse()
            content = answer.read()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            inner.close()

        do_GET = do_POST = _pass_on

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def use(url: str) -> None:
    """Load the page as a browser does, store a value and have it read; the cookie is of the prefix alone."""
    browser = Browser(url)
    status, page = browser.get("/")
    assert status == 200
    assert '"/tool/_dash-component-suites/' in page
    assert [browser.get(path)[0] for path in ("/_dash-layout", "/_dash-dependencies")] == [200, 200]
    assert [cookie.path for cookie in browser.cookies] == ["/tool/"]
    status, token = browser.call("store.data", "load.n_clicks", {"load.n_clicks": 1})
    assert status == 200, token
    assert browser.call("sum.children", "store.data", {"store.data": token}) == (200, 45)


def test_an_app_under_a_prefix_stores_and_reads(backend: str, tmp_path: Path):
    command = write_app(tmp_path, backend, url_base_pathname="/tool/")
    with serving(command, tmp_path) as server:
        use(f"{server.url}/tool")
        assert "Traceback" not in server.log


def test_an_app_behind_a_proxy_that_takes_the_prefix_away_stores_and_reads(backend: str, tmp_path: Path):
    prefixes = {"requests_pathname_prefix": "/tool/", "routes_pathname_prefix": "/"}
    command = write_app(tmp_path, backend, **prefixes)
    with serving(command, tmp_path) as server, proxy(server.url, "/tool/") as outside:
        use(f"{outside}/tool")
        assert "Traceback" not in server.log

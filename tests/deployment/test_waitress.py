"""Waitress: one process, many threads, on any system."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from processes import Browser, serving

pytestmark = pytest.mark.server

APP = """
import logging
import pandas as pd
from waitress import serve
from enrich import Dash, Input, Output, ServersideOutput, Trigger, dcc, html

app = Dash(__name__)
app.layout = html.Div([html.Button(id="load"), dcc.Store(id="store"), html.Div(id="sum")])

@app.callback(ServersideOutput("store", "data"), Trigger("load", "n_clicks"), prevent_initial_call=True)
def load():
    return pd.DataFrame({"value": range(10)})

@app.callback(Output("sum", "children"), Input("store", "data"), prevent_initial_call=True)
async def total(df):
    return int(df["value"].sum())

if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    serve(app.server, host="127.0.0.1", port=0, threads=8)
"""


@pytest.mark.parametrize(
    "command",
    [["some_app.py"], ["-m", "waitress", "--listen=127.0.0.1:0", "some_app:app.server"]],
    ids=["serve", "command"],
)
def test_fifty_first_browsers_at_once_read_what_they_stored(tmp_path: Path, command: list[str]):
    (tmp_path / "some_app.py").write_text(APP)
    answers = []
    with serving(command, tmp_path) as server:
        barrier = threading.Barrier(50)

        def visit() -> None:
            browser = Browser(server.url)
            barrier.wait()
            statuses = [browser.get()[0], browser.get("/_dash-layout")[0]]
            _, token = browser.call("store.data", "load.n_clicks", {"load.n_clicks": 1})
            answers.append((*statuses, *browser.call("sum.children", "store.data", {"store.data": token})))

        threads = [threading.Thread(target=visit) for _ in range(50)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert answers == [(200, 200, 200, 45)] * 50, server.log
        assert "Traceback" not in server.log

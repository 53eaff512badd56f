"""A real Jupyter kernel that runs a notebook with an app in it, and serves the app."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from processes import Browser, accepts, until
from store.servers import free_port

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")
for name in ("nest_asyncio", "retrying", "comm"):
    pytest.importorskip(name, reason="Dash needs it in a notebook")

pytestmark = [
    pytest.mark.server,
    # Of the libraries between a notebook and its kernel.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

APP = """
import pandas as pd
from enrich import Dash, Input, Output, ServersideOutput, Trigger, callback, dcc, html

app = Dash(__name__)
app.layout = html.Div([html.Button(id="load"), dcc.Store(id="store"), html.Div(id="sum"), html.P("{text}")])

@callback(ServersideOutput("store", "data"), Trigger("load", "n_clicks"), prevent_initial_call=True)
def load():
    return pd.DataFrame({{"value": range({rows})}})

@app.callback(Output("sum", "children"), Input("store", "data"), prevent_initial_call=True)
def total(df):
    return int(df["value"].sum())
"""


class Notebook:
    """A notebook whose cells are run one by one in a kernel of its own."""

    def __init__(self, folder: Path) -> None:
        self.book = nbformat.v4.new_notebook()
        self.client = nbclient.NotebookClient(
            self.book, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
        )

    def run(self, code: str) -> str:
        """Run a cell; what it prints."""
        cell = nbformat.v4.new_code_cell(code)
        self.book.cells.append(cell)
        self.client.execute_cell(cell, len(self.book.cells) - 1)
        return "".join(output.get("text", "") for output in cell.outputs)


@pytest.fixture
def notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    # Dash asks the app over HTTP whether it lives.
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    one = Notebook(tmp_path)
    with one.client.setup_kernel():
        yield one


def test_a_notebook_serves_an_app_and_serves_it_anew(notebook: Notebook):
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    start = f"app.run(jupyter_mode='external', port={port})"
    notebook.run(APP.format(rows=10, text="first"))
    assert url in notebook.run(start)
    assert until(lambda: accepts(url))
    browser = Browser(url)
    assert browser.get()[0] == 200
    assert "first" in browser.get("/_dash-layout")[1]
    _, token = browser.call("store.data", "load.n_clicks", {"load.n_clicks": 1})
    assert browser.call("sum.children", "store.data", {"store.data": token}) == (200, 45)

    # A changed cell is run again, in the kernel that has the first app still.
    notebook.run(APP.format(rows=3, text="second"))
    notebook.run(start)
    assert until(lambda: accepts(url))
    assert "second" in browser.get("/_dash-layout")[1]
    assert browser.call("sum.children", "store.data", {"store.data": token}) == (200, 45)
    _, token = browser.call("store.data", "load.n_clicks", {"load.n_clicks": 1})
    assert browser.call("sum.children", "store.data", {"store.data": token}) == (200, 3)
    callbacks = notebook.run("print(len(app.callback_map))")
    assert callbacks.strip() == "2"

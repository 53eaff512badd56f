"""``app.run(debug=True)``: a change of a file starts the app anew, and what was stored before is read after."""

from __future__ import annotations

import http.client
import urllib.error
from pathlib import Path

import pytest
from processes import Browser, serving, until
from store.servers import free_port

pytestmark = pytest.mark.server

APP = """
import pandas as pd
from enrich import Dash, Input, Output, ServersideOutput, Trigger, dcc, html

app = Dash(__name__{backend})
app.layout = html.Div([
    html.Button(id="load"), dcc.Store(id="store"), html.Div(id="sum"), html.P("{text}"),
])

@app.callback(ServersideOutput("store", "data"), Trigger("load", "n_clicks"), prevent_initial_call=True)
def load():
    return pd.DataFrame({{"value": range(10)}})

@app.callback(Output("sum", "children"), Input("store", "data"), prevent_initial_call=True)
def total(df):
    return int(df["value"].sum())

if __name__ == "__main__":
    app.run(debug=True, port={port}{options})
"""


# Dash gives Quart no reloader.
@pytest.mark.parametrize("backend", ["flask", "fastapi"])
def test_a_changed_file_is_served_and_handles_hold(backend: str, tmp_path: Path):
    if backend != "flask":
        pytest.importorskip("dash.backends")
        pytest.importorskip(backend)
    said = "" if backend == "flask" else f", backend={backend!r}"
    # It asks for changes; to be told of them, it would have to watch every library, whoever else writes there.
    options = ', reloader_type="stat"' if backend == "flask" else ""
    file = tmp_path / "index.py"
    port = free_port()
    file.write_text(APP.format(backend=said, text="before", port=port, options=options))
    with serving(["index.py"], tmp_path) as server:
        browser = Browser(f"http://127.0.0.1:{port}")

        def shows(text: str) -> bool:
            try:
                status, layout = browser.get("/_dash-layout")
            except (urllib.error.URLError, http.client.HTTPException, ConnectionError):
                return False  # It is being started anew.
            return status == 200 and text in layout

        assert until(lambda: shows("before")), server.log
        assert browser.get("/")[0] == 200
        _, token = browser.call("store.data", "load.n_clicks", {"load.n_clicks": 1})
        cookies = [cookie.value for cookie in browser.cookies]
        file.write_text(APP.format(backend=said, text="behind", port=port, options=options))
        assert until(lambda: shows("behind")), server.log
        assert browser.call("sum.children", "store.data", {"store.data": token}) == (200, 45), server.log
        assert [cookie.value for cookie in browser.cookies] == cookies
        assert "Traceback" not in server.log

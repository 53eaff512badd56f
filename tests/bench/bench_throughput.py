"""Requests per second of a served app: one callback stores a frame, and forty read a number of it.

Run with ``make bench``. gunicorn, 2 workers of 4 threads, 8 requests at a time, each app in a process of its own; the
sides take turns. The peers are dash-extensions 2.0.6 with its file backend, and plain Dash with the frame as JSON in
``dcc.Store``. What counts is the best turn of each side: on a virtual machine, most turns of either wait for memory of
the host while they write.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))

from host_memory import take_memory
from processes import Browser, Server, serving

READS = 40
AT_A_TIME = 8

FRAME = """
import os
import numpy as np
import pandas as pd

def make(seed):
    rows = int(os.environ["ROWS"])
    chance = np.random.default_rng(seed)
    return pd.DataFrame({
        **{f"f{n}": chance.random(rows) for n in range(4)},
        **{f"i{n}": chance.integers(0, 1000, rows) for n in range(2)},
        "when": pd.date_range("2020", periods=rows, freq="s"),
        "low": chance.choice(["alpha", "beta", "gamma"], rows),
        "high": [f"value {n}" for n in range(rows)],
        "kind": pd.Categorical(chance.choice(["x", "y", "z"], rows)),
    })

# Made before the first request: making it is no side's work.
FRAMES = [make(seed) for seed in range(2)]
"""

LAYOUT = """
app.layout = html.Div([html.Button(id="load"), dcc.Store(id="store"), html.Div(id="light")])
server = app.server
"""

ENRICH = """
from enrich import Dash, Input, Output, ServersideOutput, dcc, html
app = Dash(__name__)

@app.callback(ServersideOutput("store", "data"), Input("load", "n_clicks"), prevent_initial_call=True)
def load(n):
    return FRAMES[n % 2].assign(i0=n)

@app.callback(Output("light", "children"), Input("store", "data"), prevent_initial_call=True)
def light(frame):
    return float(frame["f0"].iloc[-1])
"""

PEER = """
from dash_extensions.enrich import (
    DashProxy, FileSystemBackend, Input, Output, Serverside, ServersideOutputTransform, dcc, html
)
backend = FileSystemBackend(os.environ["XDG_CACHE_HOME"])
app = DashProxy(__name__, transforms=[ServersideOutputTransform(backends=[backend])])

@app.callback(Output("store", "data"), Input("load", "n_clicks"), prevent_initial_call=True)
def load(n):
    return Serverside(FRAMES[n % 2].assign(i0=n))

@app.callback(Output("light", "children"), Input("store", "data"), prevent_initial_call=True)
def light(frame):
    return float(frame["f0"].iloc[-1])
"""

BROWSER = """
import io
from dash import Dash, Input, Output, dcc, html
app = Dash(__name__)

@app.callback(Output("store", "data"), Input("load", "n_clicks"), prevent_initial_call=True)
def load(n):
    return FRAMES[n % 2].assign(i0=n).to_json(orient="split", date_format="iso")

@app.callback(Output("light", "children"), Input("store", "data"), prevent_initial_call=True)
def light(text):
    frame = pd.read_json(io.StringIO(text), orient="split")
    return float(frame["f0"].iloc[-1])
"""


def serve(stack: ExitStack, app: str, rows: int) -> Server:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    (folder / "index.py").write_text(FRAME + app + LAYOUT)
    command = ["-m", "gunicorn", "-b", "127.0.0.1:0", "-w", "2", "-k", "gthread", "--threads", "4"]
    # What isn't installed but on the path of this process is to be found by the app too.
    path = os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])
    settings = {"ROWS": str(rows), "XDG_CACHE_HOME": str(folder / "cache"), "PYTHONPATH": path}
    return stack.enter_context(serving([*command, "--timeout", "120", "index:server"], folder, **settings))


def cycle(browser: Browser, number: int) -> float:
    """Seconds for one store and the reads that follow it."""
    begin = time.perf_counter()
    status, token = browser.call("store.data", "load.n_clicks", {"load.n_clicks": number})
    assert status == 200, token

    def read(_: int) -> float:
        status, value = browser.call("light.children", "store.data", {"store.data": token})
        assert status == 200, value
        return float(value)

    with ThreadPoolExecutor(AT_A_TIME) as threads:
        values = set(threads.map(read, range(READS)))
    assert len(values) == 1, values
    return time.perf_counter() - begin


def compare(what: str, peer: str, rows: int, rounds: int, goal: str) -> None:
    with ExitStack() as stack:
        sides = {"peer": peer, "enrich": ENRICH}
        browsers = {name: Browser(serve(stack, app, rows).url) for name, app in sides.items()}
        times: dict[str, list[float]] = {name: [] for name in sides}
        for browser in browsers.values():
            browser.get("/")
            cycle(browser, 1)
        for number in range(2, rounds + 2):
            for name, browser in browsers.items():
                take_memory()
                times[name].append(cycle(browser, number))
    took = {name: min(values) for name, values in times.items()}
    rates = " / ".join(f"{(READS + 1) / took[name]:.0f}" for name in sides)
    print(f"{what:44} {took['peer'] / took['enrich']:8.2f} x   goal {goal:8} {rates} requests/s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = max(1, parser.parse_args().rounds // 3)
    compare("1e6 rows, beside the peer's file backend", PEER, 1_000_000, rounds, ">= 5")
    compare("1e5 rows, beside dcc.Store", BROWSER, 100_000, max(1, rounds // 2), ">= 10")


if __name__ == "__main__":
    main()

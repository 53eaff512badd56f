"""What the pipeline costs: one request, and the way to the first one, beside plain Dash.

Run with ``make bench``. Every figure is a ratio of CPU times. Each side runs in processes of its own, since importing
enrich changes Dash where declarations are made. The sides take turns in random order, and the process of each that was
disturbed the least is compared.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

from dash import Input, Output, html

SIDES = ("dash", "enrich")
BODY = {
    "output": "out0.children",
    "outputs": {"id": "out0", "property": "children"},
    "inputs": [{"id": "in0", "property": "value", "value": "x"}],
    "changedPropIds": ["in0.value"],
    "state": [],
}


def make_app(side: str, callbacks: int) -> Any:
    # Without dash[async], which starts a thread for each request of a test client.
    kind = importlib.import_module(side).Dash
    app = kind(f"bench_{side}", suppress_callback_exceptions=True, use_async=False)
    app.layout = html.Div()
    for n in range(callbacks):

        @app.callback(Output(f"out{n}", "children"), Input(f"in{n}", "value"))
        def echo(value: Any) -> Any:
            return value

    return app


def start(side: str, callbacks: int) -> float:
    """Seconds from the constructor to the end of the first request."""
    gc.collect()
    begin = time.process_time()
    app = make_app(side, callbacks)
    assert app.server.test_client().get("/_dash-dependencies").status_code == 200
    return time.process_time() - begin


def requests(side: str, count: int) -> Callable[[], float]:
    """Seconds of one request, in the mean of ``count``."""
    # What a client does with cookies is not the server's time.
    client = make_app(side, 1).server.test_client(use_cookies=False)
    client.get("/")

    def run() -> float:
        begin = time.process_time()
        for _ in range(count):
            client.post("/_dash-update-component", json=BODY)
        return (time.process_time() - begin) / count

    return run


def measured(side: str, what: str) -> float:
    """What it takes in this process, after one run that fills the caches: the least for a request, else the median."""
    run = requests(side, 20) if what == "request" else lambda: start(side, int(what))
    run()
    return min(run() for _ in range(200)) if what == "request" else statistics.median(run() for _ in range(5))


def in_a_process(side: str, what: str) -> float:
    command = [sys.executable, __file__, "--side", side, "--what", what]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def compare(what: str, rounds: int) -> dict[str, float]:
    """The best process of each side, both run in random order round after round."""
    times: dict[str, list[float]] = {side: [] for side in SIDES}
    for _ in range(rounds):
        for side in random.sample(SIDES, len(SIDES)):
            times[side].append(in_a_process(side, what))
    return {side: min(values) for side, values in times.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="pairs of processes for each figure")
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--what", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.side:
        print(measured(args.side, args.what))
        return
    one = compare("request", args.rounds)
    print(f"one trivial request: {one['enrich'] / one['dash']:.3f} x plain Dash ({one['dash'] * 1e6:.0f} us)")
    starts = {callbacks: compare(str(callbacks), args.rounds) for callbacks in (1000, 5000)}
    for callbacks, times in starts.items():
        print(
            f"{callbacks} callbacks, constructor to first request: "
            f"{times['enrich'] / times['dash']:.2f} x plain Dash ({times['enrich']:.3f} s)"
        )
    growth = {side: starts[5000][side] / starts[1000][side] for side in SIDES}
    print(f"5000 callbacks against 1000: {growth['enrich']:.2f} x (plain Dash: {growth['dash']:.2f} x)")


if __name__ == "__main__":
    main()

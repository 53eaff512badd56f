"""What the diagnostics cost: a request in debug mode with everything on, one with all off, and the startup checks.

Run with ``make bench``. Every figure is a ratio of medians of CPU time; the sides take turns in random order.
"""

from __future__ import annotations

import argparse
import gc
import random
import statistics
import time
from collections.abc import Callable
from typing import Any

import dash
from dash import Input, Output, dcc, html

import enrich
from enrich.diagnostics.checks import find

BODY = {
    "output": "out0.children",
    "outputs": {"id": "out0", "property": "children"},
    "inputs": [{"id": "in0", "property": "value", "value": "x"}],
    "changedPropIds": ["in0.value"],
    "state": [],
}


def make_app(kind: type, callbacks: int, **kwargs: Any) -> Any:
    app = kind(f"bench_{kind.__module__}", **kwargs)
    app.layout = html.Div(
        [part for n in range(callbacks) for part in (dcc.Input(id=f"in{n}"), html.Div(id=f"out{n}"))]
    )
    for n in range(callbacks):

        @app.callback(Output(f"out{n}", "children"), Input(f"in{n}", "value"))
        def echo(value: Any) -> Any:
            return value

    return app


def requests(kind: type, count: int, *, debug: bool, **kwargs: Any) -> Callable[[], float]:
    """Seconds of one request."""
    app = make_app(kind, 1, **kwargs)
    if debug:
        app.enable_dev_tools(debug=True, dev_tools_hot_reload=False)
    client = app.server.test_client()
    client.get("/")

    def run() -> float:
        begin = time.process_time()
        for _ in range(count):
            client.post("/_dash-update-component", json=BODY)
        return (time.process_time() - begin) / count

    run()
    return run


def checks(callbacks: int) -> Callable[[], float]:
    """Seconds of all checks of an app that is built."""
    app = make_app(enrich.Dash, callbacks)
    app.register_callbacks()

    def run() -> float:
        gc.collect()
        begin = time.process_time()
        assert find(app) == []
        return time.process_time() - begin

    return run


def take_turns(sides: dict[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """The median of each side, run in random order round after round."""
    times: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name in random.sample(list(sides), len(sides)):
            times[name].append(sides[name]())
    return {name: statistics.median(values) for name, values in times.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    rounds = parser.parse_args().rounds
    debug = take_turns(
        {"dash": requests(dash.Dash, 20, debug=True), "enrich": requests(enrich.Dash, 20, debug=True)}, rounds
    )
    ratio = debug["enrich"] / debug["dash"]
    print(f"one request in debug mode, all on: {ratio:.3f} x plain Dash ({debug['dash'] * 1e6:.0f} us)")
    off = take_turns(
        {
            "dash": requests(dash.Dash, 20, debug=False),
            "on": requests(enrich.Dash, 20, debug=False),
            "off": requests(enrich.Dash, 20, debug=False, checks="off"),
        },
        rounds,
    )
    print(f"one request in production: {off['on'] / off['dash']:.3f} x plain Dash")
    print(f"one request in production, checks on against off: {off['on'] / off['off']:.3f} x")
    found = take_turns({str(n): checks(n) for n in (1000, 5000)}, max(3, rounds // 20))
    print(
        f"checks of 1000 callbacks: {found['1000']:.3f} s; of 5000: {found['5000'] / found['1000']:.2f} x that"
    )


if __name__ == "__main__":
    main()

"""What the pipeline costs: one request, and the way to the first one, beside plain Dash in the same run.

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
from dash import Input, Output, html

import enrich

BODY = {
    "output": "out0.children",
    "outputs": {"id": "out0", "property": "children"},
    "inputs": [{"id": "in0", "property": "value", "value": "x"}],
    "changedPropIds": ["in0.value"],
    "state": [],
}


def make_app(kind: type, callbacks: int) -> Any:
    app = kind(f"bench_{kind.__module__}", suppress_callback_exceptions=True)
    app.layout = html.Div()
    for n in range(callbacks):

        @app.callback(Output(f"out{n}", "children"), Input(f"in{n}", "value"))
        def echo(value: Any) -> Any:
            return value

    return app


def start(kind: type, callbacks: int) -> float:
    """Seconds from the constructor to the end of the first request."""
    gc.collect()
    begin = time.process_time()
    app = make_app(kind, callbacks)
    assert app.server.test_client().get("/_dash-dependencies").status_code == 200
    return time.process_time() - begin


def requests(kind: type, count: int) -> Callable[[], float]:
    client = make_app(kind, 1).server.test_client()
    client.get("/")

    def run() -> float:
        begin = time.process_time()
        for _ in range(count):
            client.post("/_dash-update-component", json=BODY)
        return (time.process_time() - begin) / count

    run()
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
    parser.add_argument("--rounds", type=int, default=25)
    rounds = parser.parse_args().rounds
    one = take_turns({"dash": requests(dash.Dash, 20), "enrich": requests(enrich.Dash, 20)}, rounds * 20)
    print(f"one trivial request: {one['enrich'] / one['dash']:.3f} x plain Dash ({one['dash'] * 1e6:.0f} us)")
    starts: dict[int, dict[str, float]] = {}
    for callbacks in (1000, 5000):
        sides = {
            "dash": lambda n=callbacks: start(dash.Dash, n),
            "enrich": lambda n=callbacks: start(enrich.Dash, n),
        }
        starts[callbacks] = take_turns(sides, rounds if callbacks == 1000 else max(3, rounds // 3))  # type: ignore[arg-type]
        ratio = starts[callbacks]["enrich"] / starts[callbacks]["dash"]
        print(
            f"{callbacks} callbacks, constructor to first request: {ratio:.2f} x plain Dash ({starts[callbacks]['enrich']:.3f} s)"
        )
    growth = {side: starts[5000][side] / starts[1000][side] for side in ("enrich", "dash")}
    print(f"5000 callbacks against 1000: {growth['enrich']:.2f} x (plain Dash: {growth['dash']:.2f} x)")


if __name__ == "__main__":
    main()

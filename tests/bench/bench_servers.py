"""What a request costs beside plain Dash, on each server: ``python tests/bench/bench_servers.py``.

Both apps run in server processes of their own: gunicorn, uvicorn and hypercorn. A client asks them in turns over
connections that stay open, and what counts is the processor time that the server's process took for a request, in the
best of many turns of several processes: what else the machine does adds little to that, and where a process happens
to have its data in memory is as good as chance allows for both.

With ``--instructions``, the same servers run under valgrind, and what counts is the instructions that the process
executed for a request: a figure that hardly moves, whatever else the machine does.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dash
from dash import Input, Output, State, dcc, html

sys.path.insert(0, str(Path(__file__).parents[1]))
from processes import Server, serving

import enrich

LIMIT = 1.05
SIDES = {"Dash": dash.Dash, "enrich": enrich.Dash}
COMMANDS = {
    "flask": [
        *["-m", "gunicorn", "--threads", "2", "--keep-alive", "60", "--timeout", "600"],
        *["--bind", "127.0.0.1:0"],
    ],
    "fastapi": ["-m", "uvicorn", "--no-access-log", "--timeout-keep-alive", "60", "--port", "0"],
    "quart": ["-m", "hypercorn", "--workers", "0", "--keep-alive", "60", "--bind", "127.0.0.1:0"],
}


def used() -> str:
    return str(time.process_time())


def process() -> str:
    return str(os.getpid())


def make(kind: type, server: str) -> Any:
    app = kind("bench", backend=server)
    app.layout = html.Div(
        [dcc.Input(id="in"), dcc.Store(id="store"), html.Div(id="out"), html.Div(id="size")]
    )

    @app.callback(Output("out", "children"), Input("in", "value"), State("store", "data"))
    def small(value: Any, data: Any) -> Any:
        return value

    @app.callback(Output("size", "children"), Input("store", "data"))
    async def size(data: Any) -> Any:
        return len(data)

    # Each server takes a function for a path in the same words.
    route = app.server.get if server == "fastapi" else app.server.route
    route("/used")(used)
    route("/process")(process)
    return app


if "BENCH_SIDE" in os.environ:
    server = make(SIDES[os.environ["BENCH_SIDE"]], os.environ["BENCH_SERVER"]).server


def body(output: str, inputs: dict[str, Any], state: dict[str, Any] | None = None) -> bytes:
    component, _, prop = output.rpartition(".")

    def items(values: dict[str, Any]) -> list[Any]:
        parts = ((name.rpartition("."), value) for name, value in values.items())
        return [{"id": part[0], "property": part[2], "value": value} for part, value in parts]

    request = {
        "output": output,
        "outputs": {"id": component, "property": prop},
        "inputs": items(inputs),
        "state": items(state or {}),
        "changedPropIds": [next(iter(inputs))],
    }
    return json.dumps(request).encode()


@dataclass
class Request:
    method: str
    path: str
    data: bytes = b""
    times: int = 30
    """How many make one turn."""


UPDATE = "/_dash-update-component"
REQUESTS = {
    "page": Request("GET", "/", times=15),
    "layout": Request("GET", "/_dash-layout"),
    "dependencies": Request("GET", "/_dash-dependencies"),
    "callback": Request("POST", UPDATE, body("out.children", {"in.value": 1}, {"store.data": None})),
    "async callback": Request("POST", UPDATE, body("size.children", {"store.data": [1]})),
    "callback, 1 MB": Request(
        "POST", UPDATE, body("out.children", {"in.value": 1}, {"store.data": list(range(150_000))}), times=2
    ),
}


class Client:
    """One browser, and what a request costs the server that it asks: seconds of processor time."""

    unit = "µs"
    scale = 1e6

    def __init__(self, server: Server) -> None:
        where = urllib.parse.urlsplit(server.url)
        self.connection = http.client.HTTPConnection(where.hostname or "", where.port)
        self.headers = {"Content-Type": "application/json"}
        self.ask(Request("GET", "/"))

    def ask(self, request: Request) -> str:
        self.connection.request(request.method, request.path, request.data or None, self.headers)
        with self.connection.getresponse() as response:
            text = response.read().decode()
            assert response.status == 200, text
            if cookie := response.getheader("Set-Cookie"):
                self.headers["Cookie"] = cookie.partition(";")[0]
            return text

    def cost(self, request: Request) -> float:
        """What one request costs, in the mean of a turn."""
        before = self._used()
        for _ in range(request.times):
            self.ask(request)
        return (self._used() - before) / request.times

    def _used(self) -> float:
        return float(self.ask(Request("GET", "/used")).strip('"'))


class CountingClient(Client):
    """A browser whose server runs under callgrind; a request costs it instructions."""

    unit = "thousand instructions"
    scale = 1e-3

    def __init__(self, server: Server, folder: Path) -> None:
        super().__init__(server)
        self.folder = folder
        # Gunicorn's worker is a child of the process that was started.
        self.pid = self.ask(Request("GET", "/process")).strip('"')
        for request in REQUESTS.values():
            for _ in range(3):
                self.ask(request)
        # Counting from the start would take minutes, and say nothing of a request.
        self._tell("instrumentation", "on")

    def cost(self, request: Request) -> float:
        self.ask(request)
        self._counted()
        for _ in range(request.times):
            self.ask(request)
        return self._counted() / request.times

    def _counted(self) -> float:
        """How many instructions the server executed since the last count."""
        self._tell("dump")
        counts = sorted(self.folder.glob(f"callgrind.{self.pid}.*"))
        total = re.search(r"^(?:totals|summary): (\d+)", counts[-1].read_text(), re.MULTILINE)
        for count in counts:
            count.unlink()
        return float(total[1]) if total else 0.0

    def _tell(self, *words: str) -> None:
        subprocess.run(["vgdb", f"--pid={self.pid}", *words], check=True, capture_output=True)


def callgrind(folder: Path) -> list[str]:
    return [
        *["valgrind", "--tool=callgrind", "--instr-atstart=no", "--trace-children=yes"],
        *[f"--callgrind-out-file={folder}/callgrind.%p", f"--log-file={folder}/valgrind.log"],
    ]


@contextmanager
def client(side: str, server: str, folder: Path, counts: bool) -> Iterator[Client]:
    here = Path(__file__)
    command = [*COMMANDS[server], f"{here.stem}:server"]
    # What stands beside this file is measured, wherever else the package is installed.
    path = os.pathsep.join([str(here.parents[2]), str(here.parent)])
    environment = {"PYTHONPATH": path, "BENCH_SIDE": side, "BENCH_SERVER": server}
    if counts:
        with serving(command, folder, callgrind(folder), PYTHONHASHSEED="0", **environment) as process:
            yield CountingClient(process, folder)
    else:
        with serving(command, folder, **environment) as process:
            yield Client(process)


def measured(server: str, turns: int, counts: bool, folder: Path, best: dict[tuple[str, str], float]) -> str:
    """Measure with a new process for each side; gives the unit."""
    with ExitStack() as stack:
        clients = {side: stack.enter_context(client(side, server, folder, counts)) for side in SIDES}
        for name, request in REQUESTS.items():
            for _ in range(turns):
                for side in random.sample(list(SIDES), len(SIDES)):
                    cost = clients[side].cost(request) * clients[side].scale
                    best[name, side] = min(best.get((name, side), cost), cost)
        return clients["Dash"].unit


def compare(server: str, processes: int, turns: int, counts: bool, folder: Path) -> bool:
    best: dict[tuple[str, str], float] = {}
    for _ in range(processes):
        unit = measured(server, turns, counts, folder, best)
    ratios = {name: best[name, "enrich"] / best[name, "Dash"] for name in REQUESTS}
    for name, ratio in ratios.items():
        costs = "   ".join(f"{side} {best[name, side]:7.0f} {unit}" for side in SIDES)
        print(f"{server:8} {name:15} {costs}   {ratio:5.3f} x", flush=True)
    return all(ratio <= LIMIT for ratio in ratios.values())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("servers", nargs="*", help="flask, fastapi or quart; default: all three")
    parser.add_argument(
        "--instructions",
        action="store_true",
        help="count instructions, by valgrind; one process and 4 turns do",
    )
    parser.add_argument("--processes", type=int, help="server processes of each app; default: 6")
    parser.add_argument("--turns", type=int, help="turns of each process at each request; default: 40")
    args = parser.parse_args()
    processes = args.processes or (1 if args.instructions else 6)
    turns = args.turns or (4 if args.instructions else 40)
    with tempfile.TemporaryDirectory() as folder:
        results = [
            compare(server, processes, turns, args.instructions, Path(folder))
            for server in args.servers or COMMANDS
        ]
    return 0 if all(results) else 1


if __name__ == "__main__":
    raise SystemExit(main())

"""What a request costs beside plain Dash, on each server: ``python tests/bench/bench_servers.py``.

The server's callable is called as a server would call it, with no network between. Rounds of both apps take turns, and
the best round of each counts, so what else the machine does falls on both alike.
"""

from __future__ import annotations

import asyncio
import gc
import io
import json
import sys
import time
from collections.abc import Callable
from typing import Any

import dash
from dash import Input, Output, State, dcc, html

import enrich

ROUNDS = 25
LIMIT = 1.05
SERVERS = ("flask", "fastapi", "quart")


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

    return app


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


REQUESTS = {
    "page": ("GET", "/", b"", 4),
    "layout": ("GET", "/_dash-layout", b"", 20),
    "dependencies": ("GET", "/_dash-dependencies", b"", 20),
    "callback": (
        "POST",
        "/_dash-update-component",
        body("out.children", {"in.value": 1}, {"store.data": None}),
        20,
    ),
    "async callback": ("POST", "/_dash-update-component", body("size.children", {"store.data": [1]}), 20),
    "callback, 1 MB": (
        "POST",
        "/_dash-update-component",
        body("out.children", {"in.value": 1}, {"store.data": list(range(150_000))}),
        2,
    ),
}

Send = Callable[[str, str, bytes, str], tuple[int, str]]


def flask_sender(server: Any) -> Send:
    def send(method: str, path: str, data: bytes, cookie: str) -> tuple[int, str]:
        answer: list[Any] = []
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "QUERY_STRING": "",
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "CONTENT_TYPE": "application/json",
            "CONTENT_LENGTH": str(len(data)),
            "HTTP_COOKIE": cookie,
            "wsgi.input": io.BytesIO(data),
            "wsgi.errors": sys.stderr,
            "wsgi.url_scheme": "http",
            "wsgi.version": (1, 0),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        chunks = server(environ, lambda status, headers, _=None: answer.extend([status, headers]))
        b"".join(chunks)
        cookies = [value.partition(";")[0] for name, value in answer[1] if name.lower() == "set-cookie"]
        return int(answer[0][:3]), "; ".join(cookies)

    return send


def asgi_sender(server: Any, loop: asyncio.AbstractEventLoop) -> Send:
    async def ask(method: str, path: str, data: bytes, cookie: str) -> tuple[int, str]:
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": b"",
            "headers": [
                (b"host", b"localhost"),
                (b"content-type", b"application/json"),
                (b"content-length", str(len(data)).encode()),
                (b"cookie", cookie.encode()),
            ],
            "client": ("127.0.0.1", 1),
            "server": ("localhost", 80),
            "state": {},
        }
        incoming = [{"type": "http.request", "body": data, "more_body": False}]
        answers: list[Any] = []

        async def receive() -> Any:
            return incoming.pop() if incoming else await asyncio.Event().wait()

        async def send(message: Any) -> None:
            answers.append(message)

        await server(scope, receive, send)
        start = answers[0]
        cookies = [v.decode().partition(";")[0] for k, v in start["headers"] if k.lower() == b"set-cookie"]
        return start["status"], "; ".join(cookies)

    return lambda *request: loop.run_until_complete(ask(*request))


def seconds(send: Send, request: tuple[str, str, bytes, int], cookie: str) -> float:
    method, path, data, times = request
    started = time.perf_counter()
    for _ in range(times):
        send(method, path, data, cookie)
    return (time.perf_counter() - started) / times


def compare(server: str, loop: asyncio.AbstractEventLoop) -> bool:
    senders = []
    for kind in (dash.Dash, enrich.Dash):
        app = make(kind, server)
        send = flask_sender(app.server) if server == "flask" else asgi_sender(app.server, loop)
        status, cookie = send("GET", "/", b"", "")
        assert status == 200, status
        senders.append((send, cookie))
    within = True
    for name, request in REQUESTS.items():
        for send, cookie in senders:
            assert send(*request[:3], cookie)[0] == 200, name
        best = [float("inf")] * 2
        for turn in range(ROUNDS):
            for which in (0, 1) if turn % 2 else (1, 0):
                gc.collect()
                best[which] = min(best[which], seconds(senders[which][0], request, senders[which][1]))
        ratio = best[1] / best[0]
        within = within and ratio <= LIMIT
        print(
            f"{server:8} {name:15} Dash {best[0] * 1e6:9.0f} µs   enrich {best[1] * 1e6:9.0f} µs   {ratio:5.3f} x"
        )
    return within


def main() -> int:
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    results = [compare(server, loop) for server in sys.argv[1:] or SERVERS]
    return 0 if all(results) else 1


if __name__ == "__main__":
    raise SystemExit(main())

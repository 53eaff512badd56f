"""One kind of client for an app on any server: sends requests, keeps cookies, opens WebSockets."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

import dash

HAS_BACKENDS = find_spec("dash.backends") is not None
SERVERS = [
    "flask",
    *(name for name in ("fastapi", "quart") if HAS_BACKENDS and find_spec(name) and find_spec("starlette")),
]
ASGI_SERVERS = SERVERS[1:]


def on(server: str) -> dict[str, Any]:
    """The arguments that put an app on a server; Dash before 4.2 knows only one."""
    return {"backend": server} if HAS_BACKENDS else {}


def own_server(kind: str) -> Any:
    """A server that a user made."""
    if kind == "flask":
        from flask import Flask

        return Flask("own")
    if kind == "quart":
        from quart import Quart

        return Quart("own")
    from fastapi import FastAPI

    return FastAPI()


class Answer:
    """A response, with the names that Flask's test client gives."""

    def __init__(self, response: Any) -> None:
        self.status_code = response.status_code
        self.data = response.content
        self.text = response.text
        self.headers = response.headers
        self.cookies = response.headers.get_list("set-cookie")

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    def get_json(self, silent: bool = False) -> Any:
        try:
            return self.json
        except ValueError:
            if silent:
                return None
            raise


class AsgiClient:
    """A browser without a screen, for a server that speaks ASGI."""

    def __init__(self, server: Any, https: bool = False) -> None:
        from starlette.testclient import TestClient

        scheme = "https" if https else "http"
        self.inner = TestClient(server, base_url=f"{scheme}://localhost", raise_server_exceptions=False)

    def open(
        self, path: str, method: str = "GET", data: Any = None, content_type: str | None = None, **more: Any
    ) -> Answer:
        headers = {**more.pop("headers", {}), **({"content-type": content_type} if content_type else {})}
        return Answer(self.inner.request(method, path, content=data, headers=headers))

    def get(self, path: str, **more: Any) -> Answer:
        return self.open(path, **more)

    def post(self, path: str, json: Any) -> Answer:
        return self.open(path, method="POST", data=dumps(json), content_type="application/json")


def dumps(value: Any) -> str:
    return json.dumps(value)


class FlaskClient:
    """Flask's own, with what a test asks of all of them."""

    def __init__(self, server: Any, https: bool = False) -> None:
        self.inner = server.test_client()
        self.base_url = "https://localhost" if https else "http://localhost"

    def open(self, path: str, **more: Any) -> Any:
        answer = self.inner.open(path, base_url=self.base_url, **more)
        answer.cookies = answer.headers.getlist("Set-Cookie")
        return answer

    def get(self, path: str, **more: Any) -> Any:
        return self.open(path, **more)

    def post(self, path: str, json: Any) -> Any:
        return self.open(path, method="POST", json=json)


@contextmanager
def client(app: Any, https: bool = False) -> Iterator[Any]:
    """Start an app's server in this process, as far as it has a start, and give a client of it."""
    server = app.server if isinstance(app, dash.Dash) else app
    _let_streams_run()
    if hasattr(server, "test_client") and not hasattr(server, "asgi_app"):
        yield FlaskClient(server, https)
        return
    one = AsgiClient(server, https)
    with one.inner:
        yield one


def _let_streams_run() -> None:
    """Forget that another server of this process has ended: Dash 4.5 then ends the streams of all."""
    if find_spec("dash._streaming") is not None:
        importlib.import_module("dash._streaming")._shutdown.clear()


def request(
    output: str, inputs: Mapping[str, Any], state: Mapping[str, Any] | None = None, changed: str | None = None
) -> dict[str, Any]:
    """The body that the browser sends for a callback with one output and plain ids."""
    component, _, prop = output.rpartition(".")
    items = [_item(prop_id, value) for prop_id, value in inputs.items()]
    return {
        "output": output,
        "outputs": {"id": component, "property": prop},
        "inputs": items,
        "state": [_item(prop_id, value) for prop_id, value in (state or {}).items()],
        "changedPropIds": [changed or next(iter(inputs))],
    }


def _item(prop_id: str, value: Any) -> dict[str, Any]:
    component, _, prop = prop_id.rpartition(".")
    return {"id": component, "property": prop, "value": value}


def call(client: Any, output: str, inputs: Mapping[str, Any], prefix: str = "/", **more: Any) -> Any:
    """Run a callback over HTTP; the value of its output, or the whole answer where it is an error."""
    answer = client.post(f"{prefix}_dash-update-component", json=request(output, inputs, **more))
    if answer.status_code != 200:
        return answer
    component, _, prop = output.rpartition(".")
    return answer.json["response"][component][prop]


class Socket:
    """A WebSocket as dash-renderer uses it."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.count = 0
        self.messages: list[Any] = []

    def call(
        self, output: str, inputs: Mapping[str, Any], *, rewrite: Callable[[str], str] = str, **more: Any
    ) -> Any:
        """Run a callback; the value of its output, or the payload where it is an error.

        `rewrite` may write the same JSON in another way.
        """
        self.count += 1
        message = {
            "type": "callback_request",
            "rendererId": "r",
            "requestId": str(self.count),
            "payload": request(output, inputs, **more),
        }
        self.inner.send_text(rewrite(json.dumps(message)))
        while True:
            answer = json.loads(self.inner.receive_text())
            for one in answer if isinstance(answer, list) else [answer]:
                self.messages.append(one)
                if one["type"] == "callback_response" and one["requestId"] == str(self.count):
                    payload = one["payload"]
                    if payload.get("status") != "ok" or payload.get("stream"):
                        return payload
                    component, _, prop = output.rpartition(".")
                    return payload["data"]["response"].get(component, {}).get(prop)


@contextmanager
def socket(client: AsgiClient, prefix: str = "/", **more: Any) -> Iterator[Socket]:
    """Open a WebSocket with the cookies that a client has."""
    headers = {"origin": "http://localhost", "host": "localhost"}
    with client.inner.websocket_connect(
        f"ws://localhost{prefix}_dash-ws-callback", headers=headers, **more
    ) as inner:
        yield Socket(inner)

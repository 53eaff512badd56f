"""Real server processes: started on a free port, known to listen by what they print, and ended by their id."""

from __future__ import annotations

import http.cookiejar
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SECONDS = 60


class Server:
    """A server process that listens at ``url``."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[str] = []
        self.url = ""
        self._listens = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        if not self._listens.wait(SECONDS) or not self.url or not until(lambda: accepts(self.url)):
            self.end()
            raise AssertionError(f"The server does not listen:\n{self.log}")

    @property
    def log(self) -> str:
        return "".join(self.lines)

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                self.lines.append(line)
                found = re.search(
                    r"(?:Listening at:|Serving on|[Rr]unning on) (http://127\.0\.0\.1:\d+)", line
                )
                if found and not self.url:
                    self.url = found[1]
                    self._listens.set()
        self._listens.set()

    def end(self) -> None:
        # With what it started: Dash runs a FastAPI app's reloader in a process of its own.
        os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self._reader.join(SECONDS)


def until(holds: Callable[[], object]) -> bool:
    """Ask again and again until something holds; tells whether it did in time."""
    end = time.monotonic() + SECONDS
    while not holds():
        if time.monotonic() > end:
            return False
    return True


def accepts(url: str) -> bool:
    """Does a server accept connections? Those with several workers say where they listen before they do."""
    where = urllib.parse.urlsplit(url)
    try:
        socket.create_connection((where.hostname or "", where.port or 80), timeout=SECONDS).close()
    except ConnectionError:
        return False
    return True


def at_once(number: int, act: Callable[[int], Any]) -> list[Any]:
    """Let ``number`` threads act at the same time; gives what each got."""
    barrier = threading.Barrier(number)
    results: list[Any] = []

    def run(index: int) -> None:
        barrier.wait()
        results.append(act(index))

    threads = [threading.Thread(target=run, args=(index,)) for index in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@contextmanager
def serving(
    command: Sequence[str], folder: Path, under: Sequence[str] = (), **environment: str
) -> Iterator[Server]:
    """Run ``python -m`` something in a folder, with a home of its own and none of our secrets.

    ``under`` is a program that runs Python, such as a profiler.
    """
    given = {name: os.environ[name] for name in ("PATH", "XDG_CACHE_HOME") if name in os.environ}
    process = subprocess.Popen(
        [*under, sys.executable, *command],
        cwd=folder,
        env={**given, "HOME": str(folder), "PYTHONUNBUFFERED": "1", "PYTHONPATH": str(folder), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    server = Server(process)
    try:
        yield server
    finally:
        server.end()


class Browser:
    """A client of a server process that keeps cookies: one browser."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.cookies = http.cookiejar.CookieJar()
        # No proxy of the environment stands between a test and its own machine.
        self.opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(self.cookies)
        )

    def get(self, path: str = "/") -> tuple[int, str]:
        return self._open(urllib.request.Request(self.url + path))

    def call(self, output: str, changed: str, values: Mapping[str, Any]) -> tuple[int, Any]:
        """Send the request of a callback with one output; ``values`` are its inputs."""
        component, _, prop = output.rpartition(".")
        inputs = [
            {"id": i.rpartition(".")[0], "property": i.rpartition(".")[2], "value": v}
            for i, v in values.items()
        ]
        body = {
            "output": output,
            "outputs": {"id": component, "property": prop},
            "inputs": inputs,
            "changedPropIds": [changed],
            "state": [],
        }
        status, text = self._open(
            urllib.request.Request(
                f"{self.url}/_dash-update-component",
                data=json.dumps(body).encode(),
                headers={"Content-Type": "application/json"},
            )
        )
        if status != 200:
            return status, text
        return status, json.loads(text)["response"][component][prop]

    def _open(self, request: urllib.request.Request) -> tuple[int, str]:
        try:
            with self.opener.open(request, timeout=SECONDS) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()


def check_first_visitors(server: Server, number: int) -> None:
    """Have ``number`` browsers come at once: each is served, stores a value, and reads it, in whatever worker."""
    dependencies = set()

    def visit(index: int) -> tuple[int, Any]:
        browser = Browser(server.url)
        first = [browser.get(path) for path in ("/", "/_dash-dependencies", "/_dash-layout")[index % 3 :]]
        assert [status for status, _ in first] == [200] * len(first)
        dependencies.add(browser.get("/_dash-dependencies")[1])
        status, token = browser.call("store.data", "load.n_clicks", {"load.n_clicks": 10})
        assert status == 200, token
        return browser.call("sum.children", "store.data", {"store.data": token})

    answers = at_once(number, visit)
    assert len(answers) == number, server.log
    assert all(status == 200 and value[0] == 45 for status, value in answers), server.log
    assert len(dependencies) == 1, "workers give different callback ids"
    assert "Traceback" not in server.log

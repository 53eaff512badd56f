"""The wheel: what it holds, and that it runs where nothing else is."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.server

PROJECT = Path(__file__).parents[2]
SECONDS = 60


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, PROJECT)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new virtual environment with the wheel and what it requires, and nothing else."""
    venv = tmp_path_factory.mktemp("empty") / "venv"
    run(sys.executable, "-m", "venv", venv)
    python = venv / "bin" / "python"
    run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", wheel)
    return python


def run(*command: Any, **kwargs: Any) -> str:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, **kwargs)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_wheel_holds_the_package_and_all_it_reads(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    source = {
        str(path.relative_to(PROJECT))
        for path in (PROJECT / "enrich").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert names >= source
    assert "enrich/py.typed" in names
    assert any(name.endswith(".js") for name in names)
    assert {name.split("/")[0] for name in names} == {
        "enrich",
        wheel.name[: wheel.name.index("-py3")] + ".dist-info",
    }


def test_package_is_imported_without_its_extras(python, tmp_path):
    code = (
        "import enrich, sys; print([n for n in ('redis', 'polars', 'duckdb', 'fastapi') if n in sys.modules])"
    )
    assert run(python, "-W", "error", "-c", code, cwd=tmp_path).strip() == "[]"


def test_quickstart_serves_from_outside_the_checkout(python, tmp_path):
    shutil.copy(PROJECT / "examples" / "quickstart.py", tmp_path)
    with serving(python, tmp_path) as visitor:
        assert b"react-entry-point" in visitor.fetch("/")
        token = visitor.call("table.data", inputs={"load.n_clicks": 1})["table"]["data"]
        assert isinstance(token, str)
        assert len(token) < 300
        shown = visitor.call("summary.children", inputs={"table.data": token, "continent.value": "Oceania"})
        assert "lifeExp" in shown["summary"]["children"]


class Visitor:
    """A browser's requests, with its cookies."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())

    def fetch(self, path: str, body: Any = None) -> bytes:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data, {"Content-Type": "application/json"})
        with self.opener.open(request, timeout=SECONDS) as response:
            return bytes(response.read())

    def call(self, output: str, inputs: dict[str, Any]) -> Any:
        id, prop = output.split(".")
        given = [
            dict(zip(("id", "property"), name.split("."), strict=True), value=inputs[name]) for name in inputs
        ]
        body = {"output": output, "outputs": {"id": id, "property": prop}, "inputs": given}
        return json.loads(self.fetch("/_dash-update-component", {**body, "changedPropIds": list(inputs)}))[
            "response"
        ]


@contextlib.contextmanager
def serving(python: Path, folder: Path) -> Iterator[Visitor]:
    """Run the quickstart as a user would, with a home folder that is empty."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = {"PATH": os.environ["PATH"], "HOME": str(folder / "home"), "PORT": str(port), "HOST": "127.0.0.1"}
    (folder / "home").mkdir()
    log = folder / "log"
    with log.open("w") as out:
        server = subprocess.Popen([python, "quickstart.py"], cwd=folder, env=env, stdout=out, stderr=out)
    try:
        wait_for(port, server, log)
        yield Visitor(f"http://127.0.0.1:{port}")
    except urllib.error.HTTPError:
        pytest.fail(log.read_text())
    finally:
        server.terminate()
        server.wait(SECONDS)


def wait_for(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        assert server.poll() is None, log.read_text()
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
    raise AssertionError(f"no answer on port {port}:\n{log.read_text()}")

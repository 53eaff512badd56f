"""The wheel: what it holds, and that it runs where nothing else is."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from processes import Browser

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
    with serving(python, tmp_path) as (browser, log):
        status, page = browser.get()
        assert status == 200, log.read_text()
        assert "react-entry-point" in page
        status, token = browser.call("table.data", "load.n_clicks", {"load.n_clicks": 1})
        assert status == 200, log.read_text()
        assert isinstance(token, str)
        assert len(token) < 300
        given = {"table.data": token, "continent.value": "Oceania"}
        status, summary = browser.call("summary.children", "table.data", given)
        assert status == 200, log.read_text()
        assert "lifeExp" in summary


@contextlib.contextmanager
def serving(python: Path, folder: Path) -> Iterator[tuple[Browser, Path]]:
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
        yield Browser(f"http://127.0.0.1:{port}"), log
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

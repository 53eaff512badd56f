"""The package and what users write, read by mypy and by pyright; ``refused.py`` holds what both must refuse."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
FILES = ("accepted.py", "refused.py")

pytestmark = pytest.mark.server


def run(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr


def found_by_mypy() -> dict[str, dict[int, str]]:
    out = run(
        "mypy",
        "--strict",
        "--no-error-summary",
        "--hide-error-context",
        *(f"tests/typing/{f}" for f in FILES),
    )
    found: dict[str, dict[int, str]] = {name: {} for name in FILES}
    for line in out.splitlines():
        if match := re.match(r"tests/typing/(\w+\.py):(\d+): error: (.*)", line):
            found[match[1]][int(match[2])] = match[3]
        else:
            assert ": note: " in line, out
    return found


def found_by_pyright() -> dict[str, dict[int, str]]:
    settings = ["--pythonpath", sys.executable, "--outputjson"]
    out = run("pyright", *settings, *(f"tests/typing/{name}" for name in FILES))
    found: dict[str, dict[int, str]] = {name: {} for name in FILES}
    for one in json.loads(out[out.index("{") :])["generalDiagnostics"]:
        if one["severity"] == "error":
            found[Path(one["file"]).name][one["range"]["start"]["line"] + 1] = one["message"]
    return found


CHECKERS = {"mypy": found_by_mypy, "pyright": found_by_pyright}


@pytest.fixture(scope="module", params=CHECKERS)
def found(request: pytest.FixtureRequest) -> dict[str, dict[int, str]]:
    if find_spec(request.param) is None:
        pytest.skip(f"{request.param} is not installed")
    return CHECKERS[request.param]()


def test_what_users_write_is_accepted(found: dict[str, dict[int, str]]):
    assert found["accepted.py"] == {}


def test_what_cannot_work_is_refused_where_it_stands(found: dict[str, dict[int, str]]):
    lines = (HERE / "refused.py").read_text().splitlines()
    expected = {number for number, line in enumerate(lines, 1) if "# refused:" in line}
    assert {n: lines[n - 1] for n in expected - found["refused.py"].keys()} == {}
    assert {n: found["refused.py"][n] for n in found["refused.py"].keys() - expected} == {}


def test_pyright_is_clean_on_the_package():
    if find_spec("pyright") is None:
        pytest.skip("pyright is not installed")
    out = run("pyright", "--pythonpath", sys.executable).strip()
    assert out.splitlines()[-1].startswith("0 errors"), out

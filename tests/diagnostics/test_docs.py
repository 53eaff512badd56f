"""The examples of docs/checks.md and docs/inspector.md run, and the table of checks is whole."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from enrich.diagnostics.finding import SEVERITIES

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("page", ["checks.md", "inspector.md"])
def test_the_examples_of_a_page_run_one_after_the_other(page: str, capsys: pytest.CaptureFixture[str]):
    text = (DOCS / page).read_text(encoding="utf-8")
    names: dict[str, object] = {"__name__": "docs"}
    for number, code in enumerate(re.findall(r"```python\n(.*?)```", text, re.DOTALL)):
        exec(compile(code, f"docs/{page} example {number}", "exec"), names)
    for line in capsys.readouterr().out.splitlines():
        assert line.partition(": ")[2] in text


def test_every_check_is_described():
    table = dict(
        re.findall(r"^\| `([a-z-]+)` \|.*\| (error|warning) \|$", (DOCS / "checks.md").read_text(), re.M)
    )
    assert table == SEVERITIES

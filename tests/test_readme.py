"""The README tells the truth: its example is the one in examples/, and it runs."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

from enrich.page import Page

PROJECT = Path(__file__).parents[1]
README = (PROJECT / "README.md").read_text(encoding="utf-8")


def test_example_is_the_quickstart():
    (code,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    assert code == (PROJECT / "examples" / "quickstart.py").read_text(encoding="utf-8")


def test_example_runs():
    page = Page(runpy.run_path(str(PROJECT / "examples" / "quickstart.py"))["app"])
    assert len(page["table.data"]) < 300
    page.act({"africa.n_clicks": 1})
    in_africa = page["summary.children"]
    assert "lifeExp" in in_africa
    page.act({"europe.n_clicks": 1})
    assert page["continent.value"] == "Europe"
    assert page["summary.children"] != in_africa


@pytest.mark.parametrize("target", re.findall(r"^make (\w+)$", README, flags=re.MULTILINE))
def test_command_is_a_target_of_the_makefile(target):
    assert f"\n{target}: " in (PROJECT / "Makefile").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", sorted(set(re.findall(r"\]\(([^)#:]+)\)", README))))
def test_linked_file_exists(path):
    assert (PROJECT / path).is_file()

"""The documentation tells the truth: its code runs, its links lead somewhere, and every page is in the navigation."""

from __future__ import annotations

import functools
import gc
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import dash
import flask
import pytest
from versions import needs_dash

import enrich
from enrich import errors
from enrich.page import Page

PROJECT = Path(__file__).parents[2]
PAGES = sorted([*PROJECT.glob("*.md"), *PROJECT.glob("docs/**/*.md")])
BLOCK = re.compile(r"(?P<mark><!--.*?-->\n+)?^```python\n(?P<code>.*?)^```$", re.DOTALL | re.MULTILINE)
WRONG_ON_PURPOSE = ("checks.md",)
NAVIGATION = re.findall(
    r"^ +- (\S+\.md)$", (PROJECT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE
)


def name_of(page: Path) -> str:
    return str(page.relative_to(PROJECT))


def code_blocks(page: Path) -> Iterator[tuple[int, str]]:
    """The blocks of a page, each with its line; not those below a comment that says why it can't run."""
    text = page.read_text(encoding="utf-8")
    for block in BLOCK.finditer(text):
        if block["mark"] and "not run:" in block["mark"]:
            continue
        yield text.count("\n", 0, block.start("code")), block["code"]


WITH_CODE = [page for page in PAGES if any(code_blocks(page))]
NEWER_DASH = {"mcp.md": needs_dash(4, 3, "has an MCP server")}


@pytest.fixture(
    params=[pytest.param(page, id=name_of(page), marks=NEWER_DASH.get(page.name, ())) for page in WITH_CODE]
)
def page(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A page, read in an empty folder."""
    monkeypatch.chdir(tmp_path)
    for name in ("ENRICH_SECRET_KEY", "REDIS_URL"):
        monkeypatch.delenv(name, raising=False)
    return request.param


def test_the_code_of_a_page_runs_and_its_apps_load(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gc.collect()  # The apps of other pages are gone, and with them their stores.
    module = ModuleType(f"docs_{page.stem}")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    names = vars(module)
    apps: dict[int, Any] = {}
    for line, code in code_blocks(page):
        # The lines of an error are those of the page.
        exec(compile("\n" * line + code, str(page), "exec"), names)
        apps |= {id(value): value for value in names.values() if isinstance(value, dash.Dash)}
    for app in apps.values():
        loads = isinstance(app.server, flask.Flask) and app.layout is not None
        if loads and page.name not in WRONG_ON_PURPOSE:
            Page(app)


def test_getting_started_shows_the_quickstart() -> None:
    _, code = next(code_blocks(PROJECT / "docs" / "getting_started.md"))
    assert code == (PROJECT / "examples" / "quickstart.py").read_text(encoding="utf-8")


@functools.cache
def prose(page: Path) -> str:
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"`[^`\n]*`", "code", text)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_there_is_one_sentence_in_a_line(page: Path) -> None:
    lines = [line for line in prose(page).splitlines() if not line.startswith(("|", "- ", "<"))]
    assert [line for line in lines if re.search(r"\w{2}[.!?] [A-Z]", line)] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_picture_or_page_that_is_linked_is_there(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", prose(page))
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_every_page_is_in_the_navigation() -> None:
    written = {str(page.relative_to(PROJECT / "docs")) for page in PROJECT.glob("docs/**/*.md")}
    assert sorted(written) == sorted(NAVIGATION)


def test_every_public_name_is_in_the_reference() -> None:
    pages = "".join(page.read_text(encoding="utf-8") for page in PROJECT.glob("docs/reference/*.md"))
    described = set(re.findall(r"^::: (?:\w+\.)*(\w+)$", pages, re.MULTILINE)) | set(vars(errors))
    own = {
        getattr(value, "__name__", name)
        for name in enrich.__all__
        if str(getattr(value := getattr(enrich, name), "__module__", "")).startswith("enrich")
    }
    assert own - described == set()

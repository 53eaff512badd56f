"""The pages on blocking, cycles, typed values, operators and transforms tell the truth: what they show runs."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

from enrich.page import Page

PROJECT = Path(__file__).parents[1]
PAGES = ["blocking", "cycle_breaker", "typed", "operator", "transforms"]


def page_text(name):
    return (PROJECT / "docs" / f"{name}.md").read_text(encoding="utf-8")


def example(name):
    return runpy.run_path(str(PROJECT / "examples" / f"{name}.py"))


@pytest.mark.parametrize("name", PAGES)
def test_the_code_of_the_page_runs(name):
    names = {"__name__": "page"}
    code = "\n".join(re.findall(r"```python\n(.*?)```", page_text(name), re.DOTALL))
    # This file's own __future__ import is none of the page's.
    exec(compile(code, f"{name}.md", "exec", dont_inherit=True), names)
    Page(names["app"])


@pytest.mark.parametrize("name", PAGES)
def test_there_is_one_sentence_in_a_line(name):
    prose = re.sub(r"```.*?```", "", page_text(name), flags=re.DOTALL)
    assert [line for line in prose.splitlines() if re.search(r"\w\. [A-Z`]", line)] == []


def test_the_audit_log_of_the_page_is_the_example():
    first = re.findall(r"```python\n(.*?)```", page_text("transforms"), re.DOTALL)[0]
    assert first == (PROJECT / "examples" / "audit_log.py").read_text(encoding="utf-8")


def test_the_audit_log_says_who_ran_what_with_what_and_how_it_ended():
    names = example("audit_log")
    page = Page(names["app"])
    page.act({"number.value": 4})
    with pytest.raises(Exception, match="NoneType"):
        page.act({"number.value": None})
    first, second, third = names["log"]
    assert (second["who"], second["callback"]) == ("127.0.0.1", "double")
    assert re.search(r"audit_log\.py:\d+$", second["declared"])
    assert second["arguments"] == {"number.value": 4, "unit.value": "m"}
    assert [entry["outcome"] for entry in (first, second, third)] == ["done", "done", "TypeError"]


def test_an_order_is_made_and_shown():
    page = Page(example("typed_models")["app"])
    page.act({"add.n_clicks": 1})
    page.act({"article.value": "milk", "count.value": 2, "add.n_clicks": 2})
    assert [line["props"]["children"] for line in page["lines.children"]] == ["1 × tea", "2 × milk"]
    assert page["order.data"] == {
        "customer": "somebody",
        "lines": [{"article": "tea", "count": 1}, {"article": "milk", "count": 2}],
    }


@pytest.mark.parametrize("name", ["blocking", "units"])
def test_the_example_serves(name):
    Page(example(name)["app"], load=False).app._setup_server()

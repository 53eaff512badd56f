"""The pages on blueprints, loading and log tell the truth: what they show runs."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

from enrich.page import Page

PROJECT = Path(__file__).parents[1]


@pytest.fixture(params=["blueprints", "loading", "log"])
def page_code(request):
    text = (PROJECT / "docs" / f"{request.param}.md").read_text(encoding="utf-8")
    return "\n".join(re.findall(r"```python\n(.*?)```", text, re.DOTALL))


def test_the_code_of_the_page_runs(page_code):
    names = {"__name__": "page"}
    exec(page_code, names)
    Page(names["app"])


@pytest.mark.parametrize("name", ["blueprints", "loading", "log"])
def test_there_is_one_sentence_in_a_line(name):
    text = (PROJECT / "docs" / f"{name}.md").read_text(encoding="utf-8")
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    assert [line for line in prose.splitlines() if re.search(r"\w\. [A-Z`]", line)] == []


def example(name):
    return runpy.run_path(str(PROJECT / "examples" / f"{name}.py"))["app"]


def test_the_two_panels_draw_each_its_own_country():
    page = Page(example("blueprints"))
    page.act({"right-country.value": "Peru"})
    assert page["both.children"] == "Denmark and Peru"
    assert page["right-chart.figure"]["layout"]["title"]["text"] == "Peru"
    assert page["left-chart.figure"]["layout"]["title"]["text"] == "Denmark"
    assert page["left-latest.children"] == "78.3 years in 2007"


def test_the_log_says_what_is_no_number():
    page = Page(example("log"))
    page.act({"add.n_clicks": 1})
    said = [
        [line["props"]["children"] for line in page[f"{box}.children"]] for box in ("log", "div_log_handler")
    ]
    assert said == [["INFO: adding", "WARNING: x is no number"], ["INFO: 3 numbers of 4 texts"]]
    assert page["total.children"] == "Total: 10"

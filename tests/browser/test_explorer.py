"""The explorer, as a visitor uses it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd
import pytest
from browsing import Browsed

pytestmark = pytest.mark.browser

EXAMPLES = Path(__file__).parents[2] / "examples"
ROWS = "#summary > :nth-child(1)"


@pytest.fixture
def explorer(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """Import the example anew, so that each test has an app of its own."""
    monkeypatch.syspath_prepend(EXAMPLES)
    before = set(sys.modules)
    import explorer

    yield explorer
    for name in set(sys.modules) - before:
        if name.startswith("explorer"):
            del sys.modules[name]


@pytest.fixture
def page(browse: Callable[[Any], Browsed], explorer: ModuleType) -> Browsed:
    page = browse(explorer.app)
    page.shows_part(ROWS, "1,704")
    page.settle()
    return page


def first_cell(page: Browsed, column: str) -> str:
    return page.text(f'#grid [row-index="0"] [col-id="{column}"]')


def choose(page: Browsed, select: str, option: str) -> None:
    """Pick an option of a Mantine select."""
    page.click(f"#{select}")
    options = page.wait(
        lambda: [o for o in page.find_all("[role=option]") if o.is_displayed() and o.text == option], option
    )
    options[0].click()
    page.settle()


def test_starts_with_charts_rows_the_cost_and_only_tokens(page):
    assert len(page.find_all("#scatter .scatterlayer .trace")) == 5
    assert len(page.find_all("#bars .point")) == 5
    assert first_cell(page, "country") == "Afghanistan"
    page.shows_part("#wire", "draw_scatter")
    page.shows_part("#sent", "kB")
    page.shows_part("#instead", "MB")
    page.shows_part("#price-note", "As JSON in a dcc.Store, this table is 192 kB")
    tokens = [page.prop(store, "data") for store in ("table", "rows", "selection")]
    assert [type(token) for token in tokens] == [str, str, str]
    assert max(map(len, tokens)) < 300


def test_filter_narrows_every_view(page):
    choose(page, "keep", "Oceania")
    page.shows_part(ROWS, "1.4% of 1,704")
    assert len(page.find_all("#bars .point")) == 1
    page.wait(lambda: first_cell(page, "country") == "Australia", "the grid's first row")


def test_box_in_one_chart_filters_the_other(page):
    before = page.prop("bars", "figure")["data"][0]["y"]
    page.drag("#scatter .nsewdrag", (0.5, 0.1), (0.9, 0.5))
    page.wait(lambda: "1,704\n" not in page.text(ROWS), "fewer rows")
    page.shows_part("#bars", "in the box")
    assert page.prop("bars", "figure")["data"][0]["y"] != before
    page.click("#clear")
    page.shows_part(ROWS, "100.0%")
    assert page.prop("bars", "figure")["data"][0]["y"] == before


def test_bar_in_one_chart_filters_the_other(page):
    page.drag("#bars .nsewdrag", (0.5, 0.9), (0.5, 0.9))  # a click on the middle bar
    page.shows_part(ROWS, "396")
    page.wait(lambda: len(page.find_all("#scatter .scatterlayer .trace")) == 1, "one continent's points")
    assert page.text("#scatter .legendtext") == "Asia"
    page.click("#clear")
    page.shows_part(ROWS, "100.0%")


def test_grid_fetches_the_pages_it_shows(page):
    page.driver.execute_script("dash_ag_grid.getApi('grid').ensureIndexVisible(1700, 'bottom')")
    page.shows('#grid [row-index="1700"] [col-id="country"]', "Zimbabwe")
    blocks = page.driver.execute_script(
        "return Object.keys(dash_ag_grid.getApi('grid').getCacheBlockState())"
    )
    assert {"0", "17"} <= set(blocks)
    assert len(blocks) < 5  # of 18


def test_grid_sorts_on_the_server(page):
    page.click('#grid .ag-header-cell[col-id="lifeExp"]')
    page.wait(lambda: first_cell(page, "country") == "Rwanda", "the lowest life expectancy")


def test_upload_of_csv_or_parquet_replaces_the_table(page, tmp_path):
    table = pd.DataFrame({"place": ["here", "there"] * 40, "depth": range(80), "heat": [0.5] * 80})
    table.to_csv(tmp_path / "mine.csv", index=False)
    table.to_parquet(tmp_path / "mine.parquet")
    for kind in ("csv", "parquet"):
        page.upload("#upload", tmp_path / f"mine.{kind}")
        page.shows("#source", f"mine.{kind} · 80 rows · 3 columns")
        page.shows_part(ROWS, "of 80")
        page.wait(lambda: first_cell(page, "place") == "here", "the upload's first row")
        page.click("#sample")
        page.shows_part("#source", "gapminder")
        page.shows_part(ROWS, "1,704")


BAD_UPLOADS = [
    ("empty.csv", b"", "empty.csv is empty."),
    ("head.csv", b"a,b\n", "head.csv has no rows."),
    ("picture.png", b"\x89PNG\r\n\x1a\n\x00\xff\xfe", "picture.png is neither Parquet nor text in UTF-8."),
    ("letter.txt", b"dear\nfriend\n", "letter.txt has no column of numbers to draw."),
    ("torn.parquet", b"PAR1 and then nothing", "torn.parquet can't be read as a table"),
    ("large.csv", b"1" * (49 * 2**20), "large.csv is too big: this page takes files of up to 50 MB."),
]


def test_bad_uploads_get_a_message_and_change_nothing(page, tmp_path):
    for name, content, message in BAD_UPLOADS:
        file = tmp_path / name
        file.write_bytes(content)
        page.upload("#upload", file)
        page.shows_part("#message", message)
        page.shows_part("#source", "gapminder")
        page.shows_part(ROWS, "1,704")


def test_narrow_window_shows_everything_in_one_column(page):
    page.resize(390, 844)
    page.wait(lambda: page.find("#bars").rect["y"] > page.find("#scatter").rect["y"] + 100, "one column")
    page.fits()
    page.shows_part(ROWS, "1,704")

"""Each example's own script, started as its reader would start it, and used in a browser."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browsing import Browsed
from example_server import EXAMPLES, serving_example
from store.servers import free_port, redis_command, running

pytestmark = pytest.mark.browser

# A file that an example imports is no example.
SCRIPTS = sorted(
    path.stem for path in EXAMPLES.glob("*.py") if "__main__" in path.read_text(encoding="utf-8")
)


@pytest.fixture
def redis_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str | None]:
    """A Redis server for the example that wants one."""
    if request.node.callspec.params["page"] != "redis_store":
        yield None
        return
    port = free_port()
    with running(redis_command(port, tmp_path), port):
        yield f"redis://127.0.0.1:{port}/0"


@pytest.fixture
def page(
    request: pytest.FixtureRequest, chromium: None, dash_br: Any, redis_url: str | None, tmp_path: Path
) -> Iterator[Browsed]:
    """The page of the example that the test names."""
    environment = {"REDIS_URL": redis_url} if redis_url else {}
    with serving_example(request.param, tmp_path, **environment) as url:
        dash_br.driver.implicitly_wait(0)
        dash_br.driver.get(url)
        # Its interval is faster than its callback, so there is always one under way.
        browsed = Browsed(dash_br.driver, comes_to_rest=request.param != "blocking")
        yield browsed
        browsed.check_no_errors()
        dash_br.driver.get("about:blank")


def example(name: str) -> Any:
    return pytest.mark.parametrize("page", [name], indirect=True)


@example("quickstart")
def test_quickstart_shows_a_table_and_two_buttons_write_one_dropdown(page):
    page.shows_part("#summary", "lifeExp")
    assert len(page.prop("table", "data")) < 300
    asia = page.text("#summary")
    page.click("#africa")
    page.wait(lambda: page.text("#summary") != asia, "another continent")
    assert page.prop("continent", "value") == "Africa"
    page.click("#europe")
    page.wait(lambda: page.prop("continent", "value") == "Europe", "Europe")


@example("groups")
def test_groups_move_one_marker_by_five_callbacks_in_one_request(page):
    page.click("#right")
    page.shows("#last", "1 to the right")
    page.click("#up")
    page.shows("#last", "up or down")
    assert page.prop("place", "data") == [1, 1]
    page.click("#left")
    page.shows("#last", "1 to the left")
    page.wait(lambda: page.prop("board", "figure")["data"][0]["x"] == [0], "the marker to move")


@example("shared_pages")
def test_shared_pages_read_one_table_also_after_a_reload(page):
    page.shows("#rows", "Nothing is loaded yet.")
    page.click("#load")
    page.shows("#rows", "1,704 rows are on the server.")
    page.click("a[href='/chart']")
    page.shows("#lines", "1,704 rows, 5 lines")
    page.driver.refresh()
    page = Browsed(page.driver)
    page.shows("#lines", "1,704 rows, 5 lines")
    assert len(page.prop("countries", "data")) < 300


@example("uploads")
def test_uploads_parse_once_and_summarise_any_column(page, tmp_path):
    file = tmp_path / "cities.csv"
    file.write_text("city,people\nAarhus,367000\nLima,10092000\n")
    page.upload("#file", file)
    page.shows("#what", "cities.csv: 2 rows, 2 columns")
    page.shows_part("#summary", "unique")
    assert len(page.prop("table", "data")) < 300


@example("background")
def test_background_reports_progress_and_leaves_its_result_on_the_server(page):
    page.wait(lambda: page.prop("table", "data"), "the table")
    page.find("#start").click()
    page.wait(lambda: page.find("#start").get_property("disabled"), "a job that runs")
    page.wait(lambda: page.prop("bar", "max") == "20", "progress")
    page.wait(lambda: page.prop("means", "data"), "the result")
    page.shows_part("#chart", "Means of 1,000 samples")
    assert len(page.prop("means", "data")) < 300


@example("grid")
def test_grid_sorts_and_filters_a_million_rows_on_the_server(page):
    page.shows("#shown", "1,000,000 of 1,000,000 rows")
    page.shows_part('#grid [row-index="0"] [col-id="number"]', "0")
    page.click('#grid .ag-header-cell[col-id="number"]')
    page.click('#grid .ag-header-cell[col-id="number"]')
    page.shows('#grid [row-index="0"] [col-id="number"]', "999999")
    page.find('#grid [aria-label="City Filter Input"]').send_keys("lima")
    page.wait(lambda: page.text("#shown").startswith("16"), "a sixth of the rows")
    page.shows('#grid [row-index="0"] [col-id="city"]', "Lima")


@example("fastapi_websocket")
def test_fastapi_websocket_tells_while_it_goes(page):
    # A look from outside may come too late for what is shown for a moment.
    watch = "const told = document.querySelector('#told'); window.told = []; new MutationObserver(() => "
    watch += "window.told.push(told.textContent)).observe(told, {childList: true, subtree: true, characterData: true})"
    page.driver.execute_script(watch)
    page.find("#walk").click()
    page.shows_part("#chart", "1,001 steps")
    told = page.driver.execute_script("return window.told")
    assert [f"{number} of 5" for number in range(1, 6)] == [text.partition(":")[0] for text in told]
    assert len(page.prop("steps", "data")) < 300
    requests = "return performance.getEntriesByType('resource').map((entry) => entry.name)"
    assert not [url for url in page.driver.execute_script(requests) if "_dash-update-component" in url]
    fetched = "const done = arguments[0]; fetch('health').then((r) => r.json()).then(done)"
    assert page.driver.execute_async_script(fetched) == {"status": "ok"}


@example("memoized")
def test_memoized_runs_once_for_each_question_until_it_forgets(page):
    page.shows("#ran", "The query ran 1 times: Asia")
    page.shows_part("#richest", "Kuwait")
    page.driver.refresh()
    page = Browsed(page.driver)
    page.shows("#ran", "The query ran 1 times: Asia")
    page.click("#forget")
    page.driver.refresh()
    page = Browsed(page.driver)
    page.shows("#ran", "The query ran 2 times: Asia, Asia")


@example("redis_store")
def test_redis_store_keeps_the_table_in_redis(page):
    page.click("#load")
    page.shows("#rows", "1,704 rows")
    page.shows_part("#info", "RedisBackend\nreach    hosts\nvalues   1")


@example("blueprints")
def test_blueprints_stand_twice_on_a_page_and_draw_each_its_own(page):
    page.shows("#both", "Denmark and Denmark")
    page.driver.execute_script("window.dash_clientside.set_props('right-country', {value: 'Peru'})")
    page.shows("#both", "Denmark and Peru")
    page.shows_part("#right-chart", "Peru")
    page.shows_part("#left-chart", "Denmark")


@example("blocking")
def test_blocking_shows_every_tick_and_runs_three_clicks_twice(page):
    page.shows_part("#slow", "took a second")
    for _ in range(3):
        page.find("#button").click()
    page.shows("#clicks", "ran for click 3")
    page.driver.execute_script("window.dash_clientside.set_props('tick', {disabled: true})")


@example("units")
def test_units_follow_each_other(page):
    page.wait(lambda: page.prop("fahrenheit", "value") == 68, "68 °F")
    page.settle()
    page.driver.execute_script("window.dash_clientside.set_props('fahrenheit', {value: 212})")
    page.wait(lambda: page.prop("celsius", "value") == 100, "100 °C")


@example("typed_models")
def test_typed_models_list_what_was_ordered(page):
    page.click("#add")
    page.click("#add")
    page.shows("#lines", "1 × tea\n1 × tea")


@example("log")
def test_log_shows_the_lines_of_the_callback_and_of_the_library(page):
    page.click("#add")
    page.shows("#total", "Total: 10")
    page.shows("#log", "INFO: adding\nWARNING: x is no number")


@example("audit_log")
def test_audit_log_answers_as_without_it(page):
    page.shows("#double", "6 m")


def test_redis_store_says_that_there_is_no_server():
    url = f"redis://127.0.0.1:{free_port()}/0"
    ended = subprocess.run(
        [sys.executable, str(EXAMPLES / "redis_store.py")],
        env={**os.environ, "REDIS_URL": url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert f"No Redis server answers at {url}" in ended.stderr


@pytest.mark.parametrize("name", SCRIPTS)
def test_an_example_says_at_its_top_what_it_shows(name):
    text = ast.get_docstring(ast.parse((EXAMPLES / f"{name}.py").read_text(encoding="utf-8")))
    assert text
    assert text[0].isupper()

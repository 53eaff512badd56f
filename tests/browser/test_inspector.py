"""The inspector in a real browser: its button in Dash's dev tools, its graph, its search, and the calls as they come."""

from __future__ import annotations

from typing import Any

import dash
import pytest
from dash import Input, Output, dcc, html
from selenium.webdriver.common.by import By

from enrich import CycleBreakerInput, Dash, ServersideOutput, Trigger

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not hasattr(dash.hooks, "devtool"), reason="this Dash shows no buttons of others"),
]


NAME = "count_MMMM_and_MMMM_and_more_of_them"


def make_app() -> Any:
    app = Dash(__name__)
    app.layout = html.Div(
        [
            html.Button("Load", id="load"),
            dcc.Store(id="rows"),
            html.Div(id="count"),
            dcc.Input(id="celsius", type="number", value=20),
            dcc.Input(id="fahrenheit", type="number"),
        ]
    )

    @app.callback(ServersideOutput("rows", "data"), Trigger("load", "n_clicks"), prevent_initial_call=True)
    def load() -> Any:
        return list(range(7))

    def count(rows: Any) -> Any:
        return len(rows)

    count.__name__ = NAME
    app.callback(Output("count", "children"), Input("rows", "data"), prevent_initial_call=True)(count)

    @app.callback(Output("fahrenheit", "value"), Input("celsius", "value"))
    def to_fahrenheit(celsius: Any) -> Any:
        return celsius * 9 / 5 + 32

    @app.callback(
        Output("celsius", "value"), CycleBreakerInput("fahrenheit", "value"), prevent_initial_call=True
    )
    def to_celsius(fahrenheit: Any) -> Any:
        return (fahrenheit - 32) * 5 / 9

    return app


@pytest.fixture
def opened(browse: Any) -> Any:
    """The app, used once, and then the inspector by its button."""
    app = browse(make_app())
    app.click("#load")
    app.wait(lambda: app.text("#count") == "7", "the count")
    if not app.find_all(".enrich-inspector-link"):
        app.find(".dash-debug-menu__toggle").click()
    app.find(".enrich-inspector-link").click()
    first = app.driver.current_window_handle
    app.wait(lambda: len(app.driver.window_handles) == 2, "a window for the inspector")
    (inspector,) = [handle for handle in app.driver.window_handles if handle != first]
    app.driver.switch_to.window(inspector)
    app.find("#tabs button")
    yield app
    app.driver.close()
    app.driver.switch_to.window(first)


def rows(page: Any) -> list[str]:
    # In one step: the page draws the calls anew as they come.
    script = "return [...document.querySelectorAll('tbody tr')].map(row => row.innerText)"
    return list(page.driver.execute_script(script))


def overflowing(page: Any) -> list[str]:
    """The texts in the graph that reach beyond their boxes."""
    return list(
        page.driver.execute_script(
            "return [...document.querySelectorAll('g.node')].filter(group => {"
            "  const edge = group.querySelector('rect').getBoundingClientRect().right;"
            "  return [...group.querySelectorAll('text')].some(t => t.getBoundingClientRect().right > edge);"
            "}).map(group => group.querySelector('title').textContent)"
        )
    )


def nodes(page: Any) -> list[str]:
    names = page.driver.execute_script(
        "return [...document.querySelectorAll('g.node:not(.faded) text:first-of-type')].map(t => t.textContent)"
    )
    return sorted(names)


def test_the_calls_of_the_app_are_shown_and_explained(opened: Any):
    opened.wait(lambda: len(rows(opened)) >= 3, "three calls")
    assert rows(opened)[0].startswith("count")
    opened.find("tbody tr").click()
    details = opened.text("#details")
    assert "rows.data = a server-side value" in details
    assert "1 hits, 0 misses" in details


def test_calls_appear_as_they_come(opened: Any):
    inspector = opened.driver.current_window_handle
    opened.wait(lambda: len(rows(opened)) >= 3, "three calls")
    known = len(rows(opened))
    (app,) = [handle for handle in opened.driver.window_handles if handle != inspector]
    opened.driver.switch_to.window(app)
    opened.click("#load")
    opened.driver.switch_to.window(inspector)
    opened.wait(lambda: len(rows(opened)) > known, "one more call")


def test_the_graph_can_be_searched_and_opened(opened: Any):
    opened.find("#tab-graph").click()
    first, *others = nodes(opened)
    assert (first[:10], first[-1], others) == (NAME[:10], "…", ["load", "to_celsius", "to_fahrenheit"])
    opened.find("#search").send_keys("celsius")
    opened.wait(lambda: nodes(opened) == ["to_celsius", "to_fahrenheit"], "the search")
    opened.find("#show-hidden").click()
    opened.wait(lambda: "to_celsius (CycleBreaker)" in nodes(opened), "what transforms added")
    opened.driver.find_element(By.CSS_SELECTOR, "g.node:not(.faded)").click()
    assert "As written" in opened.text("#details")


def test_names_of_any_length_stay_in_their_boxes(opened: Any):
    opened.find("#tab-graph").click()
    opened.wait(lambda: nodes(opened), "the graph")
    assert opened.driver.execute_script("return document.querySelectorAll('g.node').length") == 4
    assert overflowing(opened) == []


def test_the_other_tables_are_there(opened: Any):
    opened.find("#tab-callbacks").click()
    opened.wait(lambda: len(rows(opened)) == 4, "four callbacks")
    opened.find("#tab-transforms").click()
    assert "load.n_clicks fires, and is not passed to the function" in opened.text("#view")
    opened.find("#tab-findings").click()
    assert "The startup checks found nothing." in opened.text("#view")

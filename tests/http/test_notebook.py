"""Cells of a notebook: code of ``__main__`` that is in no file, run again when its author has changed it."""

from __future__ import annotations

from typing import Any

from enrich import Dash, dcc, html
from enrich.page import Page

CELL = """
from enrich import Input, Output, callback

@callback(Output("out", "children"), Input({source!r}, "value"))
def show(value):
    return "{text} " + str(value)
"""


def run_cell(number: int, **said: str) -> None:
    scope: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(CELL.format(**said), f"/nowhere/ipykernel_1/{number}.py", "exec"), scope)


def make() -> Dash:
    app = Dash(__name__)
    app.layout = html.Div([dcc.Input(id="a", value="A"), dcc.Input(id="b", value="B"), html.Div(id="out")])
    return app


def test_a_cell_that_is_run_again_takes_the_place_of_what_it_declared():
    run_cell(1, source="a", text="first")
    run_cell(2, source="b", text="second")
    app = make()
    assert Page(app)["out.children"] == "second B"
    assert len(app.callback_map) == 1


def test_what_cells_declared_belongs_to_the_first_app_that_serves():
    run_cell(1, source="a", text="first")
    first = make()
    assert Page(first)["out.children"] == "first A"
    run_cell(2, source="a", text="second")
    second = make()
    assert Page(second)["out.children"] == "second A"
    assert Page(first)["out.children"] == "first A"
    assert [len(app.callback_map) for app in (first, second)] == [1, 1]


def test_a_cell_is_replaced_after_an_app_has_served_what_it_declared_too():
    run_cell(1, source="a", text="first")
    Page(make())
    run_cell(2, source="a", text="second")
    run_cell(3, source="b", text="third")
    app = make()
    assert Page(app)["out.children"] == "third B"
    assert len(app.callback_map) == 1

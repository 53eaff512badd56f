"""Modules that are run and not imported, as ``dash.testing`` runs an app's: nobody else can import them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from dash.testing.application_runners import import_app

from enrich.page import Page

APP = """
from enrich import Dash, Input, Output, callback, dcc, html

app = Dash(__name__)
app.layout = html.Div([dcc.Input(id="in-{name}", value="a"), html.Div(id="out-{name}")])

@callback(Output("out-{name}", "children"), Input("in-{name}", "value"))
def show(value):
    return "{name} " + value
"""


@pytest.fixture
def run_app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(tmp_path)

    def run(name: str) -> Any:
        (tmp_path / f"run_{name}.py").write_text(APP.format(name=name))
        return import_app(f"run_{name}")

    return run


def test_what_a_run_module_declared_belongs_to_the_first_app_that_serves(run_app: Any):
    assert Page(run_app("one"))["out-one.children"] == "one a"
    second = run_app("two")
    assert Page(second)["out-two.children"] == "two a"
    assert list(second.callback_map) == ["out-two.children"]


def test_a_module_that_is_run_again_declares_for_the_app_of_that_run(run_app: Any):
    assert Page(run_app("one"))["out-one.children"] == "one a"
    for _ in range(2):
        again = run_app("one")
    assert Page(again)["out-one.children"] == "one a"
    assert list(again.callback_map) == ["out-one.children"]

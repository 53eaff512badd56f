"""Our names put in the place of Dash's, as a project does that moves all its apps at once."""

from __future__ import annotations

import importlib

import dash
import pytest
from dash import Input, Output, html

import enrich
from enrich.page import Page


@pytest.fixture(autouse=True)
def _ours_in_dashs_place(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("Dash", "callback", "clientside_callback"):
        monkeypatch.setattr(dash, name, getattr(enrich, name))


def test_global_declarations_reach_the_app():
    @dash.callback(Output("x", "title"), Input("a", "n_clicks"))
    def title(n: int) -> str:
        return f"clicked {n}"

    dash.clientside_callback("(n) => n", Output("y", "title"), Input("a", "n_clicks"))
    app = dash.Dash("app")
    app.layout = html.Div([html.Button(id="a", n_clicks=1), html.Div(id="x"), html.Div(id="y")])
    page = Page(app)
    assert page["x.title"] == "clicked 1"
    assert "y.title" in {one["output"] for one in app.server.test_client().get("/_dash-dependencies").json}


def test_modules_that_apps_import_from_have_what_dashs_have():
    ours = importlib.import_module("enrich.exceptions")
    assert enrich.exceptions is ours
    assert {name for name in vars(dash.exceptions) if name[0] != "_"} <= vars(ours).keys()
    assert ours.PreventUpdate is dash.exceptions.PreventUpdate
    for name in ("ALL", "ALLSMALLER", "MATCH", "ClientsideFunction", "Input", "Output", "State"):
        assert getattr(enrich.dependencies, name) is getattr(dash.dependencies, name)


def test_a_name_that_is_not_there_is_said_to_be_missing_here():
    with pytest.raises(AttributeError, match="^module 'enrich' has no attribute 'Servrside'$") as missing:
        enrich.Servrside
    assert missing.value.name == "Servrside"
    assert missing.value.obj is enrich

"""Ids that fit components with further keys, as Dash has them from 4.5 on."""

from __future__ import annotations

import pytest
from dash import MATCH, Input, Output, State, html
from versions import needs_dash

from enrich import Dash, DashBlueprint, PrefixIdTransform
from enrich.page import Page

pytestmark = needs_dash(4, 5, "has partial patterns")


@pytest.fixture
def layout():
    return html.Div(
        [
            html.Button(id={"t": "button", "i": 1, "page": "home"}),
            html.Button(id={"t": "button", "i": 2}),
            html.Button(id={"t": "link", "i": 3}),
            html.Div(id={"t": "log", "i": 1, "page": "home"}),
            html.Div(id="log"),
        ]
    )


def test_a_partial_input_is_a_list_of_all_that_have_its_keys(layout):
    app = Dash("app", prevent_initial_callbacks=True)
    app.layout = layout

    @app.callback(Output("log", "children"), Input({"t": "button"}, "n_clicks", partial_pattern=True))
    def count(clicks):
        return f"{len(clicks)}: {sum(click or 0 for click in clicks)}"

    page = Page(app)
    page.act({'{"i":1,"page":"home","t":"button"}.n_clicks': 4})
    assert page["log.children"] == "2: 4"


def test_match_in_partial_ids_finds_the_row(layout):
    app = Dash("app", prevent_initial_callbacks=True)
    app.layout = layout

    @app.callback(
        Output({"t": "log", "i": MATCH}, "children", partial_pattern=True),
        Input({"t": "button", "i": MATCH}, "n_clicks", partial_pattern=True),
        State({"t": "button", "i": MATCH}, "id", partial_pattern=True),
    )
    def write(clicks, component_id):
        return f"{component_id['page']}: {clicks}"

    page = Page(app)
    page.act({'{"i":1,"page":"home","t":"button"}.n_clicks': 2})
    assert page['{"i":1,"page":"home","t":"log"}.children'] == "home: 2"


def test_a_prefix_keeps_it_partial(layout):
    blueprint = DashBlueprint(transforms=[PrefixIdTransform("left")])
    blueprint.layout = layout

    @blueprint.callback(Output("log", "children"), Input({"t": "button"}, "n_clicks", partial_pattern=True))
    def count(clicks):
        return len(clicks)

    app = Dash("app", prevent_initial_callbacks=True)
    app.layout = blueprint.embed(app)
    page = Page(app)
    page.act({'{"i":2,"t":"left-button"}.n_clicks': 1})
    assert page["left-log.children"] == 2


def test_a_partial_output_and_one_that_it_covers_share_a_property(layout):
    app = Dash("app", prevent_initial_callbacks=True)
    app.layout = layout
    button = '{"i":2,"t":"button"}'

    @app.callback(Output({"t": "button"}, "title", partial_pattern=True), Input("log", "children"))
    def all_of_them(text):
        return [text, text]

    @app.callback(Output({"t": "button", "i": 2}, "title"), Input("log", "title"))
    def one(text):
        return text

    page = Page(app)
    page.act({"log.children": "first"})
    assert page[f"{button}.title"] == "first"
    page.act({"log.title": "second"})
    assert page[f"{button}.title"] == "second"

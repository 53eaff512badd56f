"""What apps of older libraries do with their objects, beyond declaring callbacks."""

from __future__ import annotations

from typing import Any

from enrich import DashBlueprint, DashProxy, Input, MultiplexerTransform, Output, PrefixIdTransform, dcc, html
from enrich.testing import Page


def test_a_finished_app_becomes_a_part_of_a_page_under_a_prefix_it_gets_late() -> None:
    part = DashProxy("part", prevent_initial_callbacks=True)
    part.layout = html.Div([html.Button(id="more"), html.Div(id="count")])

    @part.callback(Output("count", "children"), Input("more", "n_clicks"))
    def count(n_clicks: int) -> str:
        return f"{n_clicks} clicks"

    page_of_parts = DashBlueprint()
    part.blueprint.transforms.append(PrefixIdTransform("first"))
    part.blueprint.register_callbacks(page_of_parts)
    page_of_parts.layout = html.Div([part._layout_value()])
    app = DashProxy("whole")
    app.layout = html.Div(page_of_parts.embed(app))

    page = Page(app)
    page.act({"first-more.n_clicks": 2})
    assert page["first-count.children"] == "2 clicks"


class Tool:
    """A part whose layout is prefixed by the author where a callback returns it."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix
        self.blueprint = DashBlueprint(
            transforms=[PrefixIdTransform(prefix=prefix, escape=self.is_shared), MultiplexerTransform()]
        )
        self.blueprint.layout = self.layout()
        self.blueprint.callback([Input("go", "n_clicks")], [Output("log", "children")])(self.run)
        self.blueprint.callback([Input("stop", "n_clicks")], [Output("log", "children")])(self.stop)

    def is_shared(self, component_id: Any) -> bool:
        return "shared" in component_id

    def layout(self, *, prefixed: bool = False) -> Any:
        layout = html.Div([html.Button(id="go"), html.Button(id="stop"), html.Div(id="log")])
        if prefixed:
            PrefixIdTransform(prefix=self.prefix).transform_layout(layout)
        return layout

    def run(self, n_clicks: int) -> list[str]:
        return [f"{self.prefix} runs"]

    def stop(self, n_clicks: int) -> list[str]:
        return [f"{self.prefix} stops"]


def test_a_layout_that_its_author_prefixed_meets_the_callbacks_of_its_blueprint() -> None:
    app = DashProxy("tools", suppress_callback_exceptions=True, prevent_initial_callbacks=True)
    tools = [Tool("0"), Tool("1")]
    embedded = [tool.blueprint.embed(app) for tool in tools]
    app.layout = html.Div([dcc.Tabs(id="shared-tabs"), html.Div(embedded[0], id="shared-tab")])

    @app.callback(Output("shared-tab", "children"), Input("shared-tabs", "value"))
    def turn(number: int) -> Any:
        return tools[number].layout(prefixed=True)

    page = Page(app)
    page.act({"0-go.n_clicks": 1})
    assert page["0-log.children"] == "0 runs"
    page.act({"shared-tabs.value": 1})
    page.act({"1-go.n_clicks": 1})
    assert page["1-log.children"] == "1 runs"
    page.act({"1-stop.n_clicks": 1})
    assert page["1-log.children"] == "1 stops"

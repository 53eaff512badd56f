"""Dataclasses and pydantic models in place of dicts: made in one callback, checked and rebuilt in the next."""

from dataclasses import dataclass, field

from pydantic import BaseModel, PositiveInt

from enrich import Dash, Input, Output, State, dcc, html


class Line(BaseModel):
    article: str
    count: PositiveInt


@dataclass
class Order:
    customer: str
    lines: list[Line] = field(default_factory=list)


app = Dash(__name__)
app.layout = html.Div(
    [
        dcc.Input(id="article", value="tea"),
        dcc.Input(id="count", type="number", value=1),
        html.Button("Add", id="add"),
        dcc.Store(id="order"),
        html.Ul(id="lines"),
    ]
)


@app.callback(
    Output("order", "data"),
    Input("add", "n_clicks"),
    State("article", "value"),
    State("count", "value"),
    State("order", "data"),
    prevent_initial_call=True,
)
def add(n_clicks, article, count, order: Order | None):
    order = order or Order("somebody")
    return Order(order.customer, [*order.lines, Line(article=article, count=count)])


@app.callback(Output("lines", "children"), Input("order", "data"), prevent_initial_call=True)
def show(order: Order):
    return [html.Li(f"{line.count} × {line.article}") for line in order.lines]


if __name__ == "__main__":
    app.run(debug=True)

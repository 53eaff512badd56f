"""Four buttons move one marker: each has a callback of its own, and all of them together are one request."""

from enrich import Dash, Input, Output, State, Trigger, dcc, html

app = Dash(__name__)
app.layout = html.Div(
    [
        html.H3("One marker, five callbacks, one group"),
        html.Div([html.Button(name, id=name) for name in ("left", "right", "up", "down")]),
        dcc.Slider(1, 5, 1, value=1, id="step"),
        dcc.Store(id="place", data=[0, 0]),
        dcc.Graph(id="board", style={"height": 420}),
        html.P(id="last"),
    ]
)


# Each member has its own arguments, and the last line of the page shows which of them ran.
@app.callback(
    Output("place", "data"),
    Output("last", "children"),
    Trigger("left", "n_clicks"),
    State("place", "data"),
    State("step", "value"),
    group="move",
)
def go_left(place, step):
    return [place[0] - step, place[1]], f"{step} to the left"


@app.callback(
    Output("place", "data"),
    Output("last", "children"),
    Trigger("right", "n_clicks"),
    State("place", "data"),
    State("step", "value"),
    group="move",
)
def go_right(place, step):
    return [place[0] + step, place[1]], f"{step} to the right"


@app.callback(
    Output("place", "data"),
    Trigger("up", "n_clicks"),
    State("place", "data"),
    State("step", "value"),
    group="move",
)
def go_up(place, step):
    return [place[0], place[1] + step]


@app.callback(
    Output("place", "data"),
    Trigger("down", "n_clicks"),
    State("place", "data"),
    State("step", "value"),
    group="move",
)
def go_down(place, step):
    return [place[0], place[1] - step]


@app.callback(
    Output("last", "children"), Trigger("up", "n_clicks"), Trigger("down", "n_clicks"), group="move"
)
def tell():
    return "up or down"


@app.callback(Output("board", "figure"), Input("place", "data"))
def draw(place):
    axis = {"range": [-10, 10], "zeroline": False}
    marker = {"x": place[:1], "y": place[1:], "mode": "markers", "marker": {"size": 24, "color": "#4263eb"}}
    return {
        "data": [marker],
        "layout": {"xaxis": axis, "yaxis": axis, "margin": {"t": 10, "r": 10, "b": 30, "l": 30}},
    }


if __name__ == "__main__":
    app.run()

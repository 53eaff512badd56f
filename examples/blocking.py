"""An interval that is faster than its callback: with blocking=True every result is shown, and none is computed twice."""

import time

from enrich import Dash, Input, Output, dcc, html

app = Dash(__name__)
app.layout = html.Div(
    [
        dcc.Interval(id="tick", interval=200),
        html.P(id="slow"),
        html.Button("Click me three times, fast", id="button"),
        html.P(id="clicks"),
    ]
)


@app.callback(Output("slow", "children"), Input("tick", "n_intervals"), blocking=True)
def slow(n_intervals):
    time.sleep(1)
    return f"tick {n_intervals} took a second"


@app.callback(
    Output("clicks", "children"), Input("button", "n_clicks"), blocking=True, prevent_initial_call=True
)
def clicks(n_clicks):
    time.sleep(2)
    return f"ran for click {n_clicks}"


if __name__ == "__main__":
    app.run(debug=True)

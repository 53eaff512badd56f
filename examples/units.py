"""Two inputs that follow each other, °C and °F, in two callbacks: a cycle that comes to rest."""

from enrich import CycleBreakerInput, Dash, Input, Output, PreventUpdate, dcc, html

app = Dash(__name__)
app.layout = html.Div(
    [
        dcc.Input(id="celsius", type="number", value=20),
        html.Span(" °C = "),
        dcc.Input(id="fahrenheit", type="number"),
        html.Span(" °F"),
    ]
)


@app.callback(Output("fahrenheit", "value"), Input("celsius", "value"))
def to_fahrenheit(celsius):
    if celsius is None:
        raise PreventUpdate
    return round(celsius * 9 / 5 + 32, 2)


@app.callback(Output("celsius", "value"), CycleBreakerInput("fahrenheit", "value"), prevent_initial_call=True)
def to_celsius(fahrenheit):
    if fahrenheit is None:
        raise PreventUpdate
    return round((fahrenheit - 32) * 5 / 9, 2)


if __name__ == "__main__":
    app.run(debug=True)

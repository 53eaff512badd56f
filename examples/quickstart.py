"""A table that stays on the server, and two buttons that write one dropdown."""

import plotly.data

from enrich import Dash, Input, Output, ServersideOutput, Trigger, dcc, html

app = Dash(__name__)
app.layout = html.Div(
    [
        html.Button("Load", id="load"),
        dcc.Dropdown(["Africa", "Americas", "Asia", "Europe", "Oceania"], "Asia", id="continent"),
        dcc.Store(id="table"),
        html.Pre(id="summary"),
        html.Button("Africa", id="africa"),
        html.Button("Europe", id="europe"),
    ]
)


# The DataFrame stays on the server; the browser holds a short signed token.
@app.callback(ServersideOutput("table", "data"), Trigger("load", "n_clicks"))
def load():
    return plotly.data.gapminder()


# Whoever takes the token as an input receives the DataFrame.
@app.callback(Output("summary", "children"), Input("table", "data"), Input("continent", "value"))
def summarise(table, continent):
    rows = table[table["continent"] == continent]
    return rows[["year", "lifeExp", "gdpPercap"]].groupby("year").mean().round(1).to_string()


# Several callbacks write one output. A Trigger fires a callback, and passes nothing.
@app.callback(Output("continent", "value"), Trigger("africa", "n_clicks"), prevent_initial_call=True)
def pick_africa():
    return "Africa"


@app.callback(Output("continent", "value"), Trigger("europe", "n_clicks"), prevent_initial_call=True)
def pick_europe():
    return "Europe"


if __name__ == "__main__":
    app.run()

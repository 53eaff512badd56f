"""A slow query that runs once for each question, whoever asks, until it is told to forget."""

import time

import plotly.data

from enrich import Dash, Input, Output, ServersideOutput, Trigger, dcc, forget, html

runs = []

app = Dash(__name__)
app.layout = html.Div(
    [
        html.H3("A slow query, asked once"),
        dcc.Dropdown(
            ["Africa", "Americas", "Asia", "Europe", "Oceania"], "Asia", id="continent", clearable=False
        ),
        dcc.Store(id="table"),
        html.P(id="ran"),
        html.Pre(id="richest"),
        html.Button("Forget", id="forget"),
        html.P(id="forgotten"),
    ]
)


# Equal arguments do not run it again, in any worker. session_check=False: what one visitor asked serves all.
@app.callback(
    ServersideOutput("table", "data", session_check=False), Input("continent", "value"), memoize=True
)
def query(continent):
    time.sleep(0.5)  # the database thinks
    runs.append(continent)
    return plotly.data.gapminder().query("continent == @continent and year == 2007")


@app.callback(Output("richest", "children"), Output("ran", "children"), Input("table", "data"))
def show(table):
    richest = table.nlargest(8, "gdpPercap")[["country", "gdpPercap", "lifeExp"]].round(1)
    return richest.to_string(index=False), f"The query ran {len(runs)} times: {', '.join(runs)}"


@app.callback(Output("forgotten", "children"), Trigger("forget", "n_clicks"), prevent_initial_call=True)
def clear():
    forget(query)
    return "Forgotten: the next question runs the query."


if __name__ == "__main__":
    app.run()

"""A long job in a process of its own: it reads the table from the store, reports progress, and leaves its result there."""

import tempfile
import time

import diskcache
import numpy as np
import pandas as pd
import plotly.express as px
from dash import DiskcacheManager

from enrich import Dash, Input, Output, ServersideOutput, State, Trigger, dcc, html, progress_bar

ROWS, ROUNDS = 200_000, 20

jobs = DiskcacheManager(diskcache.Cache(tempfile.mkdtemp()))
app = Dash(__name__, background_callback_manager=jobs)
app.layout = html.Div(
    [
        html.H3("A mean, and how sure it is"),
        html.Button("Start", id="start"),
        html.Button("Cancel", id="cancel", disabled=True),
        html.Progress(id="bar", value="0"),
        dcc.Store(id="table"),
        dcc.Store(id="means"),
        dcc.Graph(id="chart", figure={}),
    ]
)


# A callback without inputs runs when the page loads.
@app.callback(ServersideOutput("table", "data"))
def measure():
    return pd.DataFrame({"value": np.random.default_rng(1).gamma(2, size=ROWS)})


# The job runs in another process. What it receives is the DataFrame, and what it returns stays on the server too.
@app.callback(
    ServersideOutput("means", "data"),
    Trigger("start", "n_clicks"),
    State("table", "data"),
    background=True,
    progress=[Output("bar", "value"), Output("bar", "max")],
    running=[(Output("start", "disabled"), True, False), (Output("cancel", "disabled"), False, True)],
    cancel=[Input("cancel", "n_clicks")],
    interval=250,  # milliseconds between two questions of the browser
    prevent_initial_call=True,
)
def bootstrap(set_progress, table):
    values, means = table["value"].to_numpy(), []
    chance = np.random.default_rng(2)
    # It has the interface of tqdm, and the page as its screen.
    tqdm = progress_bar(set_progress)
    for _ in tqdm(range(ROUNDS)):
        means += [chance.choice(values, 10_000).mean() for _ in range(50)]
        time.sleep(0.1)  # so that there is something to watch
    return pd.DataFrame({"mean": means})


@app.callback(Output("chart", "figure"), Input("means", "data"), prevent_initial_call=True)
def draw(means):
    return px.histogram(
        means,
        x="mean",
        nbins=60,
        title=f"Means of {len(means):,} samples",
        height=360,
        template="plotly_white",
    )


if __name__ == "__main__":
    app.run()

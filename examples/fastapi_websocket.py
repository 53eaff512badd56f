"""The same app on FastAPI, its callbacks over one WebSocket, beside a route of FastAPI's own."""

import asyncio

import numpy as np
import pandas as pd
import plotly.express as px
from fastapi import FastAPI

from enrich import Dash, Input, Output, ServersideOutput, Trigger, dcc, html, set_props

server = FastAPI()


@server.get("/health")
def health():
    return {"status": "ok"}


app = Dash(__name__, server=server, websocket_callbacks=True)
app.layout = html.Div(
    [
        html.H3("A random walk, told while it goes"),
        html.Button("Walk", id="walk"),
        html.P(id="told"),
        dcc.Store(id="steps"),
        dcc.Graph(id="chart", figure={}),
    ]
)


# Over a WebSocket, set_props reaches the page while the callback still runs.
@app.callback(ServersideOutput("steps", "data"), Trigger("walk", "n_clicks"), prevent_initial_call=True)
async def walk():
    chance, places = np.random.default_rng(1), [0.0]
    for number in range(1, 6):
        places += list(places[-1] + np.cumsum(chance.normal(size=200)))
        set_props("told", {"children": f"{number} of 5: at {places[-1]:.1f}"})
        await asyncio.sleep(0.2)  # so that there is something to watch
    return pd.DataFrame({"place": places})


@app.callback(Output("chart", "figure"), Input("steps", "data"), prevent_initial_call=True)
def draw(steps):
    return px.line(steps, y="place", title=f"{len(steps):,} steps", height=360, template="plotly_white")


if __name__ == "__main__":
    app.run()

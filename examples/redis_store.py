"""Values in Redis, where the workers of every host find them. REDIS_URL says where; default is this machine."""

import os
import sys

import plotly.data
import redis

from enrich import Dash, Input, Output, ServersideOutput, ServersideOutputTransform, Trigger, dcc, html
from enrich.store import RedisBackend

URL = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0")

app = Dash(__name__, transforms=[ServersideOutputTransform(backend=RedisBackend(URL, prefix="example:"))])
app.layout = html.Div(
    [
        html.H3("A table in Redis"),
        html.Button("Load", id="load"),
        dcc.Store(id="table"),
        html.P(id="rows"),
        html.H4("What the store holds"),
        html.Pre(id="info"),
    ]
)


@app.callback(ServersideOutput("table", "data"), Trigger("load", "n_clicks"), prevent_initial_call=True)
def load():
    return plotly.data.gapminder()


@app.callback(
    Output("rows", "children"), Output("info", "children"), Input("table", "data"), prevent_initial_call=True
)
def show(table):
    backend = app.store.info().backends[0]
    facts = {
        "backend": backend.kind,
        "reach": backend.reach,
        "values": backend.entries,
        "bytes": backend.nbytes,
    }
    return f"{len(table):,} rows", "\n".join(f"{name:8} {value}" for name, value in facts.items())


if __name__ == "__main__":
    try:
        redis.Redis.from_url(URL).ping()
    except redis.ConnectionError:
        sys.exit(f"No Redis server answers at {URL}. Start one (redis-server), or set REDIS_URL.")
    app.run()

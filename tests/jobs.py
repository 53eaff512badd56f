"""An app with background callbacks, imported by its web workers and by its Celery worker alike."""

import asyncio
import os
import time

import flask
import pandas as pd
from dash import CeleryManager, DiskcacheManager

from enrich import (
    Dash,
    Input,
    Output,
    PreventUpdate,
    Serverside,
    ServersideOutput,
    ServersideOutputTransform,
    Trigger,
    callback,
    dcc,
    html,
    set_props,
)

if redis := os.environ.get("JOBS_REDIS"):
    from celery import Celery

    celery_app = Celery("jobs", broker=redis, backend=redis)
    manager = CeleryManager(celery_app)
else:
    import diskcache

    manager = DiskcacheManager(diskcache.Cache(os.environ["JOBS_CACHE"]))

login = {"session_id": lambda: flask.request.headers["X-User"]} if os.environ.get("JOBS_LOGIN") else {}
app = Dash(__name__, background_callback_manager=manager, transforms=[ServersideOutputTransform(**login)])
server = app.server
app.layout = html.Div(
    [
        html.Button(id="go"),
        html.Button(id="stop"),
        dcc.Store(id="frame"),
        html.Progress(id="bar"),
        html.Div(id="note"),
    ]
    + [html.Div(id=name) for name in ("total", "total-async", "broken", "nothing", "slow", "deep")]
)


@app.callback(
    ServersideOutput("frame", "data"),
    Trigger("go", "n_clicks"),
    Input("go", "title"),
    background=True,
    progress=[Output("bar", "value"), Output("bar", "max")],
    running=[(Output("go", "disabled"), True, False)],
    prevent_initial_call=True,
)
def load(set_progress, title):
    for step in range(3):
        set_progress((str(step), "3"))
    return pd.DataFrame({"n": range(len(title))})


@callback(Output("total", "children"), Input("frame", "data"), background=True, prevent_initial_call=True)
def total(frame):
    set_props("note", {"children": "counted"})
    return int(frame["n"].sum())


@callback(
    Output("total-async", "children"), Input("frame", "data"), background=True, prevent_initial_call=True
)
async def total_async(frame):
    await asyncio.sleep(0)
    return int(frame["n"].sum())


@callback(Output("deep", "children"), Input("frame", "data"), background=True, prevent_initial_call=True)
def deep(frame):
    return {"rows": len(frame), "again": Serverside(frame)}


@callback(Output("broken", "children"), Trigger("go", "n_clicks"), background=True, prevent_initial_call=True)
def broken():
    raise RuntimeError("this went wrong")


@callback(
    Output("nothing", "children"), Trigger("go", "n_clicks"), background=True, prevent_initial_call=True
)
def nothing():
    raise PreventUpdate


@callback(
    Output("slow", "children"),
    Input("go", "n_clicks"),
    background=True,
    cancel=[Input("stop", "n_clicks")],
    prevent_initial_call=True,
)
def slow(n_clicks):
    time.sleep(120)
    return n_clicks

"""What type checkers must refuse, each in the line that says so; read by them, and never run."""

from __future__ import annotations

import pandas as pd

from enrich import (
    Columns,
    Dash,
    DashProxy,
    Input,
    Output,
    Program,
    Serverside,
    ServersideOutput,
    ServersideOutputTransform,
    Trigger,
    callback,
    enrich_app,
)
from enrich.store import Store

app = Dash(__name__)


@app.callback(Output("sum", "children"), Input("store", "data"))
def total(df: pd.DataFrame, unit: str) -> str:
    return unit


@callback(Output("sum", "title"), Input("number", "value"))
async def later(number: int) -> int:
    return number


total(pd.DataFrame(), unit=3)  # refused: an argument of another type
total()  # refused: arguments are missing
total(pd.DataFrame(), "m", colour="red")  # refused: an unknown argument
number: int = total(pd.DataFrame(), "m")  # refused: the result is a text
other: int = later(3)  # refused: the result is to be awaited

app.callback(Output("a", "children"))("not a function")  # refused: a callback is a function

ServersideOutput("store")  # refused: the property is missing
ServersideOutput("store", "data", skip_unchanged="yes")  # refused: yes or no
ServersideOutput("store", "data", keep="yes")  # refused: an unknown setting
Serverside()  # refused: the value is missing
Serverside([], key=3)  # refused: a name is a text
Columns(1)  # refused: columns have names

ServersideOutputTransform(cookie_samesite=True)  # refused: a word
ServersideOutputTransform(session_id="ann")  # refused: a function
DashProxy(transforms=[1])  # refused: not a transform
Dash(transforms=Trigger("a", "b"))  # refused: a list of transforms
app.transforms = ()  # refused: read-only
app.store.get(3)  # refused: what put() returned
Store(max_bytes="1 GB")  # refused: a number
enrich_app("app")  # refused: an app


class NoTransform:
    """It returns nothing."""

    def apply(self, program: Program, /) -> None: ...


DashProxy(transforms=[NoTransform()])  # refused: apply returns a program

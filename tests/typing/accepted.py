"""What users write, as type checkers must take it; read by them, and never run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, assert_type

import dash
import pandas as pd

import enrich
from enrich import (
    ALL,
    Columns,
    CycleBreakerInput,
    Dash,
    DashBlueprint,
    DashProxy,
    DashTransform,
    FileSystemBackend,
    HandleExpired,
    Input,
    LogConfig,
    MultiplexerTransform,
    Output,
    Patch,
    PrefixIdTransform,
    Program,
    Serverside,
    ServersideOutput,
    ServersideOutputTransform,
    ServersideRef,
    State,
    Transform,
    Trigger,
    TriggerTransform,
    callback,
    clientside_callback,
    ctx,
    dcc,
    enrich_app,
    forget,
    html,
    no_update,
    set_props,
)
from enrich.store import Store
from enrich.testing import Page

app = Dash(__name__, title="Explorer", transforms=[ServersideOutputTransform(max_bytes=2**30)])
app.layout = html.Div([html.Button("Load", id="load"), dcc.Store(id="store"), html.Div(id="sum")])


# Decorators keep the function as it is.


@app.callback(ServersideOutput("store", "data"), Trigger("load", "n_clicks"), State("rows", "value"))
def load(rows: int) -> pd.DataFrame:
    return pd.DataFrame({"value": range(rows)})


@callback(Output("sum", "children"), Input("store", "data"), group="sums", priority=1)
def total(df: Annotated[pd.DataFrame, Columns("value")], unit: str = "m") -> str:
    return f"{df['value'].sum()} {unit}"


@app.callback(
    output={"a": Output("a", "children")}, inputs={"x": Input({"type": "x", "index": ALL}, "value")}
)
async def later(x: list[float]) -> dict[str, Any]:
    return {"a": no_update if not x else sum(x)}


@callback(Output("length", "children"), Input("store", "data"), prevent_initial_call=True)
def length(stored: ServersideRef) -> int | None:
    return stored.rows


class Pages:
    """A callback may be a method of something."""

    def show(self, number: int) -> str:
        return str(number)


show = app.callback(Output("page", "children"), CycleBreakerInput("number", "value"))(Pages().show)

as_function: Callable[[int], pd.DataFrame] = load
assert_type(total(pd.DataFrame(), unit="km"), str)
assert_type(show(3), str)
assert_type(length.__name__, str)

clientside_callback("(n) => 2 * n", Output("double", "children"), Input("number", "value"))
app.clientside_callback("(n) => 2 * n", Output("double", "title"), [Input("number", "value")])


# What callbacks return and use.


@app.callback(Output("things", "children"), Input("number", "value"))
def things(number: int) -> Any:
    set_props("store", {"data": Serverside(pd.DataFrame(), key="latest")})
    patch = Patch()
    patch.append(html.P(str(ctx.triggered_id)))
    return patch if number else Serverside({"a": 1}, backend="files")


@app.callback(Output("frame", "data"), Trigger("load", "n_clicks"))
def kept_frame() -> Serverside[pd.DataFrame]:
    return Serverside(pd.DataFrame())


assert_type(kept_frame().value, pd.DataFrame)


# Transforms.


class Titles(DashTransform):
    """A transform of a user's own."""

    def apply(self, program: Program, /) -> Program:
        return program.map_callbacks(lambda spec: spec.with_changes(prevent_initial_call=True))


@dataclass(frozen=True)
class OwnKind:
    """Nothing need be inherited."""

    name: str

    def apply(self, program: Program, /) -> Program:
        return program


transforms: list[Transform] = [TriggerTransform(), Titles(), OwnKind("own"), PrefixIdTransform("panel")]
proxy = DashProxy(transforms=[*transforms, MultiplexerTransform()], checks={"unknown-id": "error"})
assert_type(proxy.transforms, tuple[Transform, ...])


def on_missing(error: HandleExpired) -> pd.DataFrame:
    return pd.DataFrame({"error": [str(error)]})


kept = ServersideOutputTransform(
    [FileSystemBackend("cache")], on_missing=on_missing, session_id=lambda: "ann"
)
logged = LogConfig(Output("log", "children"), {})


# Blueprints, stores, and apps that are there already.

blueprint = DashBlueprint()
blueprint.layout = html.Div(id="inner")


@blueprint.callback(Output("inner", "children"), Trigger("load", "n_clicks"))
def inner() -> list[str]:
    return ["hello"]


assert_type(inner(), list[str])
embedded = blueprint.embed(app, prefix="one")
whole = DashProxy(blueprint=blueprint)

store: Store = app.store
ref = store.put(pd.DataFrame(), name="latest")
value = store.get(ref, columns=["a"])
assert_type(ref.key, str)
assert_type(store.sign(ref), str)
forget(load)

plain = dash.Dash(__name__)
assert_type(enrich_app(plain), dash.Dash)

page = Page(app)
page.act({"load.n_clicks": 1})
shown = page["sum.children"]

manager: type = enrich.DiskcacheManager

"""What apps of older libraries of this kind import and subclass."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

import enrich
from enrich import (
    DashProxy,
    Input,
    Output,
    Serverside,
    ServersideBackend,
    ServersideOutputTransform,
    dcc,
    html,
)
from enrich.testing import Page


class InMemory(ServersideBackend):  # type: ignore[misc]
    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def get(self, key: str, ignore_expired: bool = False) -> Any:
        return self.values.get(key)

    def set(self, key: str, value: Any) -> None:
        self.values[key] = value

    def has(self, key: str) -> bool:
        return key in self.values


def test_a_subclass_of_serverside_backend_keeps_what_callbacks_return() -> None:
    backend = InMemory()
    app = DashProxy("own", transforms=[ServersideOutputTransform(backends=[backend])])
    app.layout = html.Div([html.Button(id="load"), dcc.Store(id="kept"), html.Div(id="rows")])

    @app.callback(Output("kept", "data"), Input("load", "n_clicks"), prevent_initial_call=True)
    def load(n_clicks: int) -> Serverside:
        return Serverside(pd.DataFrame({"n": range(n_clicks)}))

    @app.callback(Output("rows", "children"), Input("kept", "data"), prevent_initial_call=True)
    def show(frame: pd.DataFrame) -> int:
        return len(frame)

    page = Page(app)
    page.act({"load.n_clicks": 3})
    assert page["rows.children"] == 3
    assert [type(value) for value in backend.values.values()] == [pd.DataFrame]


def test_a_serverside_backend_is_called_by_its_class_unless_it_says_otherwise() -> None:
    class Named(InMemory):
        @property
        def uid(self) -> str:
            return "mine"

    assert [InMemory().uid, Named().uid] == ["InMemory", "mine"]


@pytest.mark.parametrize("method", ["get", "set", "has"])
def test_a_method_that_a_serverside_backend_lacks_is_named(method: str) -> None:
    arguments = ("key", "value") if method == "set" else ("key",)
    with pytest.raises(NotImplementedError, match=f"ServersideBackend must define {method}"):
        getattr(ServersideBackend(), method)(*arguments)


def test_serverside_backend_is_found_where_the_other_backends_are() -> None:
    assert {"ServersideBackend", "FileSystemBackend"} <= set(dir(enrich))

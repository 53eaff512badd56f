"""Values that stay on the server, as the browser sees them."""

from __future__ import annotations

import pandas as pd
import pytest

from enrich import ALL, MATCH, Dash, Input, Output, ServersideOutput, State, Trigger, dcc, html

pytestmark = pytest.mark.browser


def test_frame_stays_on_the_server_and_another_callback_sums_it(browse):
    app = Dash("frame")
    app.layout = html.Div([html.Button("go", id="left"), dcc.Store(id="store"), html.Div(id="sum")])

    @app.callback(ServersideOutput("store", "data"), Trigger("left", "n_clicks"), prevent_initial_call=True)
    def query():
        return pd.DataFrame(data=list(range(10)), columns=["value"])

    @app.callback(Output("sum", "children"), Input("store", "data"), prevent_initial_call=True)
    def total(df):
        return f"{type(df).__name__} {df['value'].sum()}"

    page = browse(app)
    page.click("#left")
    page.shows("#sum", "DataFrame 45")
    token = page.prop("store", "data")
    assert isinstance(token, str)
    assert len(token) < 300


def test_with_match_each_row_reads_its_own_frame(browse):
    app = Dash("match")
    app.layout = html.Div(
        [
            html.Div(
                [
                    html.Button("go", id={"kind": "go", "row": row}, className=f"go{row}"),
                    dcc.Store(id={"kind": "store", "row": row}),
                    html.Div(id={"kind": "sum", "row": row}, className=f"sum{row}"),
                ]
            )
            for row in (1, 2)
        ]
    )

    @app.callback(
        ServersideOutput({"kind": "store", "row": MATCH}, "data"),
        Input({"kind": "go", "row": MATCH}, "n_clicks"),
        State({"kind": "go", "row": MATCH}, "id"),
        prevent_initial_call=True,
    )
    def query(n, id):
        return pd.DataFrame({"value": [id["row"] * 10, n]})

    @app.callback(
        Output({"kind": "sum", "row": MATCH}, "children"),
        Input({"kind": "store", "row": MATCH}, "data"),
        prevent_initial_call=True,
    )
    def total(df):
        return str(df["value"].sum())

    page = browse(app)
    page.click(".go2")
    page.shows(".sum2", "21")
    page.click(".go1")
    page.shows(".sum1", "11")
    page.shows(".sum2", "21")


def test_with_all_each_element_is_a_frame(browse):
    app = Dash("all")
    stores = [dcc.Store(id={"store": row}) for row in range(3)]
    app.layout = html.Div([html.Button("go", id="go"), *stores, html.Div(id="sums")])

    @app.callback(
        ServersideOutput({"store": ALL}, "data"), Trigger("go", "n_clicks"), prevent_initial_call=True
    )
    def query():
        return [pd.DataFrame({"value": [row, 1]}) for row in range(3)]

    @app.callback(Output("sums", "children"), Input({"store": ALL}, "data"), prevent_initial_call=True)
    def totals(frames):
        return ",".join(str(df["value"].sum()) for df in frames)

    page = browse(app)
    page.click("#go")
    page.shows("#sums", "1,2,3")

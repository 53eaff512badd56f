"""Upload a CSV file once; every callback after that reads the parsed table on the server."""

import base64
import io

import pandas as pd

from enrich import Dash, Input, Output, PreventUpdate, ServersideOutput, State, dcc, html

app = Dash(__name__)
app.layout = html.Div(
    [
        html.H3("Upload a table"),
        dcc.Upload(
            "Drop a CSV file here, or click to choose one", id="file", className="drop", max_size=20 * 2**20
        ),
        dcc.Store(id="table"),
        html.P(id="what"),
        dcc.Dropdown(id="column", placeholder="A column"),
        html.Pre(id="summary"),
    ]
)


@app.callback(
    ServersideOutput("table", "data"),
    Output("what", "children"),
    Input("file", "contents"),
    State("file", "filename"),
    prevent_initial_call=True,
)
def parse(contents, filename):
    text = base64.b64decode(contents.partition(",")[2]).decode()
    table = pd.read_csv(io.StringIO(text))
    return table, f"{filename}: {len(table):,} rows, {len(table.columns)} columns"


@app.callback(Output("column", "options"), Output("column", "value"), Input("table", "data"))
def offer(table):
    if table is None:
        raise PreventUpdate
    return list(table.columns), table.columns[0]


@app.callback(Output("summary", "children"), Input("column", "value"), State("table", "data"))
def summarise(column, table):
    if column is None:
        raise PreventUpdate
    return table[column].describe().to_string()


if __name__ == "__main__":
    app.run()

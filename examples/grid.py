"""AG Grid over an Arrow table of a million rows: the grid asks for the rows it shows, and the server sorts and filters."""

import dash_ag_grid as dag
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from enrich import Dash, Input, Output, PreventUpdate, ServersideOutput, State, Trigger, dcc, html

ROWS = 1_000_000
NUMBER = {"filter": "agNumberColumnFilter", "filterParams": {"maxNumConditions": 1}}
TEXT = {"filter": "agTextColumnFilter", "filterParams": {"maxNumConditions": 1}}

app = Dash(__name__)
app.layout = html.Div(
    [
        html.H3("A million rows in a grid"),
        dcc.Store(id="table"),
        dag.AgGrid(
            id="grid",
            rowModelType="infinite",
            columnDefs=[
                {"field": "number", **NUMBER},
                {"field": "city", **TEXT},
                {
                    "field": "degrees",
                    **NUMBER,
                    "valueFormatter": {"function": "d3.format('.1f')(params.value)"},
                },
            ],
            defaultColDef={"sortable": True, "flex": 1, "floatingFilter": True},
            style={"height": 520},
        ),
        html.P(id="shown"),
    ]
)


# It runs once for all visitors, when the first of them loads the page.
@app.callback(ServersideOutput("table", "data", session_check=False), memoize=True)
def measure():
    chance = np.random.default_rng(1)
    cities = pa.array(["Aarhus", "Lima", "Nairobi", "Oslo", "Pune", "Quito"])
    return pa.table(
        {
            "number": pa.array(range(ROWS)),
            "city": cities.take(pa.array(chance.integers(len(cities), size=ROWS))),
            "degrees": pa.array(chance.normal(18, 6, ROWS)),
        }
    )


# The annotation asks for the stored table as it is: a map of the file, of which only these rows are read.
@app.callback(
    Output("grid", "getRowsResponse"),
    Output("shown", "children"),
    Input("grid", "getRowsRequest"),
    State("table", "data"),
)
def rows(request, table: pa.Table):
    if request is None or table is None:
        raise PreventUpdate
    for column, rule in request["filterModel"].items():
        table = table.filter(holds(table[column], rule))
    order = [(key["colId"], f"{key['sort']}ending") for key in request["sortModel"]]
    if order:
        table = table.take(pc.sort_indices(table, order))
    part = table.slice(request["startRow"], request["endRow"] - request["startRow"])
    return {"rowData": part.to_pylist(), "rowCount": len(table)}, f"{len(table):,} of {ROWS:,} rows"


def holds(column, rule):
    compare = {"equals": pc.equal, "notEqual": pc.not_equal, "greaterThan": pc.greater, "lessThan": pc.less}
    if rule["type"] in compare:
        return compare[rule["type"]](column, rule["filter"])
    if rule["type"] == "contains":
        return pc.match_substring(column, rule["filter"], ignore_case=True)
    raise PreventUpdate


# The grid asks before the table is there: let it ask again.
app.clientside_callback(
    "() => { dash_ag_grid.getApi('grid')?.purgeInfiniteCache(); }", Trigger("table", "data")
)


if __name__ == "__main__":
    app.run()

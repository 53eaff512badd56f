"""Explore a table that never leaves the server: filter it, pick from it, page through it, upload your own.

Run it with ``python examples/explorer.py --rows 1000000`` and open the address that it prints.
"""

from __future__ import annotations

import argparse
import os

import explorer_charts as charts
import explorer_tables as tables
from explorer_layout import column, complaint, figure, layout
from explorer_wire import WireTransform, report

from enrich import (
    ClientsideFunction,
    DashProxy,
    GroupTransform,
    Input,
    MultiplexerTransform,
    NoOutputTransform,
    Output,
    PreventUpdate,
    ServersideOutput,
    ServersideOutputTransform,
    State,
    Trigger,
    TriggerTransform,
    set_props,
)


def tell(error):
    """Show an error on the page, whichever callback it happened in."""
    if not isinstance(error, tables.NotATable):
        app.logger.error("A callback failed.", exc_info=error)
    set_props("message", {"children": complaint(str(error))})


app = DashProxy(
    __name__,
    title="Explorer",
    on_error=tell,
    transforms=[
        WireTransform(),  # our own: measures what callbacks cost
        TriggerTransform(),
        GroupTransform(),
        MultiplexerTransform(),
        NoOutputTransform(),
        ServersideOutputTransform(),
    ],
)
app.server.config["ROWS"] = 0
app.layout = layout()
report(app.server)

AXES = State("by", "value"), State("x", "value"), State("y", "value")


# --- one table: the sample, which all visitors share, or somebody's own upload ----------------------


@app.callback(
    ServersideOutput("table", "data", session_check=False),
    Output("source", "children"),
    Output("message", "children"),
    Trigger("sample", "n_clicks"),
)
def load_sample():
    table = tables.sample(app.server.config["ROWS"])
    return table, tables.described("gapminder", table), None


@app.callback(
    ServersideOutput("table", "data"),
    Output("source", "children"),
    Output("message", "children"),
    Input("file", "data"),
    State("upload", "filename"),
    prevent_initial_call=True,
)
def load_upload(contents, filename):
    table = tables.from_upload(contents, filename)
    return table, tables.described(filename, table), None


# A file that is too big is refused in the browser, before it is sent.
app.clientside_callback(
    ClientsideFunction("explorer", "check"),
    Output("file", "data"),
    Output("message", "children"),
    Input("upload", "contents"),
    State("upload", "filename"),
    prevent_initial_call=True,
)


@app.callback(
    output={
        "by": (Output("by", "data"), Output("by", "value")),
        "x": (Output("x", "data"), Output("x", "value")),
        "y": (Output("y", "data"), Output("y", "value")),
        "span": [Output("span", prop) for prop in ("min", "max", "step", "marks", "value")],
        "span_of": Output("span-of", "label"),
        "columns": Output("grid", "columnDefs"),
    },
    inputs={"table": Input("table", "data")},
)
def offer(table):
    """Set the controls to what the table has."""
    groups, numbers, floats = tables.groups(table), tables.numbers(table), tables.floats(table)
    low, high, step = tables.span(table[numbers[0]])
    marks = [{"value": end, "label": charts.short(end)} for end in (low, high)]
    return {
        "by": (groups, groups[0] if groups else None),
        "x": (numbers, (floats or numbers)[-1]),
        "y": (numbers, (floats or numbers)[0]),
        "span": [low, high, step, marks, [low, high]],
        "span_of": numbers[0],
        "columns": [column(name, name in floats) for name in table.columns],
    }


@app.callback(Output("keep", "data"), Output("keep", "value"), Input("table", "data"), Input("by", "value"))
def offer_values(table, by):
    return tables.values(table, by), []


@app.callback(Output("price", "data"), Input("table", "data"))
def weigh(table):
    return tables.weigh(table)


# --- the rows to look at: filtered, then picked in the charts ---------------------------------------


@app.callback(
    ServersideOutput("rows", "data"),
    Input("table", "data"),
    Input("by", "value"),
    Input("keep", "value"),
    Input("span", "value"),
    State("span-of", "label"),
)
def narrow(table, by, keep, span, span_of):
    return tables.narrow(table, by, keep, span_of, span)


@app.callback(Output("picked", "data"), Input("bars", "clickData"), State("picked", "data"), group="pick")
def pick_bar(click, picked):
    if not click:
        raise PreventUpdate
    return {**picked, "bar": click["points"][0]["x"]}


@app.callback(
    Output("picked", "data"), Input("scatter", "relayoutData"), State("picked", "data"), group="pick"
)
def pick_box(layout, picked):
    if not layout or "selections" not in layout:
        raise PreventUpdate
    others = {name: value for name, value in picked.items() if name != "box"}
    return {**others, "box": layout["selections"][-1]} if layout["selections"] else others


@app.callback(
    Output("picked", "data"),
    Trigger("clear", "n_clicks"),
    Trigger("table", "data"),
    [Trigger(axis, "value") for axis in ("by", "x", "y")],
    group="pick",
)
def unpick():
    return {}


@app.callback(ServersideOutput("selection", "data"), Input("rows", "data"), Input("picked", "data"), *AXES)
def select(rows, picked, by, x, y):
    return tables.in_bar(tables.in_box(rows, x, y, picked), by, picked)


# --- four views of them -----------------------------------------------------------------------------


@app.callback(
    Output("bars", "figure"), Input("rows", "data"), Input("picked", "data"), *AXES, State("keep", "data")
)
def draw_bars(rows, picked, by, x, y, values):
    return charts.bars(tables.in_box(rows, x, y, picked), by, y, values, picked)


@app.callback(
    Output("scatter", "figure"), Input("rows", "data"), Input("picked", "data"), *AXES, State("keep", "data")
)
def draw_scatter(rows, picked, by, x, y, values):
    return charts.scatter(tables.in_bar(rows, by, picked), by, x, y, values, picked)


@app.callback(Output("summary", "children"), Input("selection", "data"), State("table", "data"), *AXES[1:])
def summarise(selection, table, x, y):
    share = f"{len(selection) / len(table):.1%} of {len(table):,}"
    cards = [figure("Rows selected", f"{len(selection):,}", share)]
    for axis in (x, y):
        low, mean, high = (charts.short(selection[axis].agg(what)) for what in ("min", "mean", "max"))
        cards.append(figure(f"Mean {axis}", mean, f"{low} to {high}"))
    return cards


@app.callback(Output("grid", "getRowsResponse"), Input("grid", "getRowsRequest"), State("selection", "data"))
def page(request, selection):
    """Answer the grid with the slice of rows that it shows."""
    if request is None or selection is None:
        raise PreventUpdate
    rows = tables.ordered(selection, request["sortModel"]).iloc[request["startRow"] : request["endRow"]]
    return {"rowData": tables.records(rows), "rowCount": len(selection)}


# --- in the browser, without the server -------------------------------------------------------------

# Other rows are picked: the grid asks for its pages anew.
app.clientside_callback(ClientsideFunction("explorer", "refresh"), Trigger("selection", "data"))

# Callbacks have answered: show what they cost.
app.clientside_callback(
    ClientsideFunction("explorer", "wire"),
    Output("wire", "data"),
    Output("sent", "children"),
    Output("instead", "children"),
    Output("price-note", "children"),
    Input("price", "data"),
    [Trigger("scatter", "figure"), Trigger("bars", "figure"), Trigger("summary", "children")],
    Trigger("grid", "getRowsResponse"),
)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Explore a table that never leaves the server.")
    parser.add_argument("--rows", type=int, default=0, help="grow the sample to this many rows")
    app.server.config["ROWS"] = parser.parse_args().rows
    tables.sample(app.server.config["ROWS"])  # made before the first visitor waits for it
    app.run(host=os.environ.get("HOST", "127.0.0.1"), port=int(os.environ.get("PORT", "8050")))

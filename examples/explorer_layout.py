"""The explorer's page: controls, figures, two charts, a grid, and what it all cost."""

from __future__ import annotations

from typing import Any

import dash_ag_grid as dag
import dash_mantine_components as dmc

from enrich import dcc, html


def layout() -> dmc.MantineProvider:
    content = [header(), html.Div(id="message"), controls(), figures(), charts(), rows()]
    return dmc.MantineProvider([*stores(), dmc.Container(content, size=1400, p="sm", className="page")])


def stores() -> list[dcc.Store]:
    # The tables themselves stay on the server: the page holds a short token for each.
    tokens = [dcc.Store(id=name) for name in ("table", "rows", "selection")]
    return [*tokens, dcc.Store(id="picked", data={}), dcc.Store(id="price"), dcc.Store(id="file")]


def header() -> dmc.Group:
    buttons = [
        dcc.Upload(dmc.Button("Upload CSV or Parquet", size="xs"), id="upload"),
        dmc.Button("Sample data", id="sample", size="xs", variant="default"),
        dmc.Button("Clear selection", id="clear", size="xs", variant="default"),
    ]
    title = html.Div([dmc.Title("Explorer", order=3), dmc.Text(id="source", size="sm", c="dimmed")])
    return dmc.Group([title, dmc.Group(buttons, gap="xs")], justify="space-between")


def controls() -> dmc.Paper:
    span = dmc.RangeSlider(
        id="span", min=0, max=1, value=[0, 1], marks=[], size="sm", mt=8, mb=16, mx="xs", minRange=0
    )
    return panel(
        dmc.SimpleGrid(
            [
                select("by", "Colour by"),
                dmc.MultiSelect(id="keep", label="Keep", data=[], size="xs", placeholder="everything"),
                select("x", "Across"),
                select("y", "Up"),
                dmc.InputWrapper(span, id="span-of", label="", size="xs", className="last-control"),
            ],
            cols={"base": 2, "md": 5},
            spacing="sm",
        )
    )


def select(id: str, label: str) -> dmc.Select:
    return dmc.Select(id=id, label=label, data=[], size="xs", allowDeselect=False)


def figures() -> dmc.SimpleGrid:
    wire = figure("On the wire", "–", value_id="sent", note_id="instead")
    summary = html.Div(id="summary", style={"display": "contents"})
    return dmc.SimpleGrid([summary, wire], cols={"base": 2, "md": 4}, spacing="sm")


def figure(label: str, value: str, note: str = "", **ids: str) -> dmc.Paper:
    value_id = {"id": ids["value_id"]} if ids else {}
    note_id = {"id": ids["note_id"]} if ids else {}
    return panel(
        dmc.Text(label, size="xs", c="dimmed", truncate=True),
        dmc.Text(value, fw=700, fz=22, lh=1.2, **value_id),
        dmc.Text(note, size="xs", c="dimmed", truncate=True, **note_id),
        py=8,
    )


def charts() -> dmc.SimpleGrid:
    return halves(
        chart("scatter", "Rows", "drag a box to pick some"),
        chart("bars", "Groups", "click a bar to pick one"),
    )


def chart(name: str, title: str, hint: str) -> dmc.Paper:
    text = [dmc.Text(title, size="sm", fw=600), dmc.Text(hint, size="xs", c="dimmed")]
    graph = dcc.Graph(id=name, config={"displayModeBar": False, "responsive": True}, style={"height": 228})
    return panel(dmc.Group(text, gap="xs", px=8, pt=4), graph, p=4)


def rows() -> dmc.SimpleGrid:
    grid = dag.AgGrid(
        id="grid",
        rowModelType="infinite",
        columnDefs=[],
        defaultColDef={"flex": 1, "minWidth": 105, "sortable": True},
        dashGridOptions={
            "cacheBlockSize": 100,
            "maxBlocksInCache": 10,
            "suppressFieldDotNotation": True,
            "theme": {"function": "themeQuartz.withParams({spacing: 5, fontSize: 13, wrapperBorder: false})"},
        },
        style={"height": 345},
    )
    table = dmc.Table(id="wire", fz="xs", verticalSpacing=2, horizontalSpacing=6, tabularNums=True)
    wire = panel(
        dmc.TableScrollContainer(table, minWidth=320, h=285),
        dmc.Text(id="price-note", size="xs", c="dimmed", mt=6),
    )
    return halves(panel(grid, p=0, className="clipped"), wire)


def column(name: str, is_float: bool) -> dict[str, Any]:
    """Describe a column to the grid."""
    rounded = {"valueFormatter": {"function": "d3.format(',.6~g')(params.value)"}} if is_float else {}
    return {"field": name, "headerName": name, **rounded}


def halves(*children: Any) -> dmc.SimpleGrid:
    return dmc.SimpleGrid(children, cols={"base": 1, "md": 2}, spacing="sm")


def panel(*children: Any, **props: Any) -> dmc.Paper:
    return dmc.Paper(children, **{"withBorder": True, "radius": "md", "p": "sm", **props})


def complaint(text: str) -> dmc.Alert:
    return dmc.Alert(text, color="red", variant="light", withCloseButton=True, p="xs")

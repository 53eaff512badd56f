"""The explorer's two charts, and how it writes numbers."""

from __future__ import annotations

from typing import Any

import dash_mantine_components as dmc
import explorer_tables as tables
import pandas as pd
import plotly.graph_objects as go

DRAWN_ROWS = 3000
COLOURS = ["#4263eb", "#f76707", "#0ca678", "#ae3ec9", "#e03131", "#1098ad"]
COLOURS += ["#f59f00", "#66a80f", "#d6336c", "#7048e8", "#868e96", "#5c3d2e"]
PALE = "#dee2e6"

dmc.add_figure_templates()


def bars(rows: pd.DataFrame, by: str | None, y: str, values: list[str], picked: dict[str, Any]) -> go.Figure:
    """Show the mean of ``y`` for each group of rows."""
    means = rows[y].groupby(tables.names(rows, by), observed=True).mean()
    colours = [_colour(values, name) if picked.get("bar", name) == name else PALE for name in means.index]
    figure = go.Figure(go.Bar(x=means.index, y=means, marker_color=colours))
    figure.update_traces(hovertemplate="%{x}: %{y:.4~s}<extra></extra>")
    figure.update_xaxes(type="category", title=by)
    figure.update_yaxes(title=f"mean {y}{' in the box' if 'box' in picked else ''}")
    return _styled(figure)


def scatter(
    rows: pd.DataFrame, by: str | None, x: str, y: str, values: list[str], picked: dict[str, Any]
) -> go.Figure:
    """Show ``y`` against ``x``; of many rows some, drawn by chance."""
    drawn = tables.part_of(rows, DRAWN_ROWS)
    figure = go.Figure()
    for name, part in drawn.groupby(tables.names(drawn, by), observed=True):
        marker = {"color": _colour(values, name), "size": 6, "opacity": 0.6}
        figure.add_scatter(x=part[x], y=part[y], name=name, mode="markers", marker=marker)
    figure.update_traces(hovertemplate=f"{x} %{{x:.4~s}}<br>{y} %{{y:.4~s}}")
    if "box" in picked:
        corners = {corner: picked["box"][corner] for corner in ("x0", "x1", "y0", "y1")}
        figure.add_selection(**corners, line={"color": "#495057", "width": 1, "dash": "dot"})
    some = f" ({len(drawn):,} of {len(rows):,} rows drawn)" if len(drawn) < len(rows) else ""
    figure.update_xaxes(title=f"{x}{some}", type=tables.scale(rows[x]))
    figure.update_yaxes(title=y, type=tables.scale(rows[y]))
    figure.update_layout(dragmode="select", showlegend=True)
    return _styled(figure)


def _colour(values: list[str], name: str) -> str:
    return COLOURS[values.index(name) % len(COLOURS)] if name in values else COLOURS[0]


def _styled(figure: go.Figure) -> go.Figure:
    figure.update_xaxes(title_font_size=12)
    figure.update_yaxes(title_font_size=12)
    return figure.update_layout(
        template="mantine_light",
        margin={"l": 50, "r": 12, "t": 28, "b": 44},
        legend={"orientation": "h", "y": 1, "yanchor": "bottom", "x": 0, "font_size": 11},
        legend_itemclick=False,
        legend_itemdoubleclick=False,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
    )


def short(number: float) -> str:
    """Write a number in four digits or so."""
    if pd.isna(number):
        return "–"
    return f"{number:.4g}" if abs(number) < 10_000 else f"{number:,.0f}"

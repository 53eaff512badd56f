"""plotly figures, each of their arrays in a part of its own."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go

from .context import DECODERS, ENCODERS, TAG, Node, Reader, Writer
from .entry import Refusal


def _encode(writer: Writer, figure: go.Figure) -> Node:
    # The lists of subplots that add_trace(row=..., col=...) looks at aren't in the figure's JSON.
    grid = {
        name: value
        for name in ("_grid_ref", "_grid_str")
        if (value := getattr(figure, name, None)) is not None
    }
    try:
        json = writer.node(figure.to_plotly_json())
        return {TAG: "plotly.Figure", "v": json, "grid": writer.node(grid), "validate": figure._validate}
    except Refusal as refusal:
        raise refusal.below(".figure") from None


def _decode(reader: Reader, node: dict[str, Any]) -> go.Figure:
    figure = go.Figure(node["v"], _validate=node["validate"])
    for name, value in node["grid"].items():
        setattr(figure, name, value)
    return figure


ENCODERS[go.Figure] = _encode
DECODERS["plotly.Figure"] = _decode

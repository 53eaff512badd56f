"""plotly figures, each of their arrays in a part of its own."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go

from .context import DECODERS, ENCODERS, TAG, Node, Reader, Writer
from .entry import Refusal

# plotly's public ways change what a figure holds: to_dict() turns arrays into base64, and Figure(...) copies them,
# sorts properties and puts a template where none was wanted.


def _content(figure: Any) -> dict[str, Any]:
    """What a figure holds, as the figure itself has it."""
    return {
        "data": figure._data,
        "layout": figure._layout,
        "frames": [frame._props for frame in figure._frame_objs],
    }


def _attributes(figure: Any) -> dict[str, Any]:
    """What add_trace(row=..., col=...) and px.get_trendline_results() look at."""
    names = ("_grid_ref", "_grid_str", "_px_trendlines")
    return {name: getattr(figure, name) for name in names if getattr(figure, name, None) is not None}


def _put_together(content: dict[str, Any], attributes: dict[str, Any], validate: bool) -> Any:
    # Objects of plotly look their properties up in these dicts, so a figure of as many of them is all that it takes.
    figure: Any = go.Figure(
        _traces(content["data"]),
        _layout(content["layout"]),
        [_frame(frame) for frame in content["frames"]],
        _validate=validate,
    )
    figure._data = content["data"]
    figure._layout = content["layout"]
    for frame, props in zip(figure._frame_objs, content["frames"], strict=True):
        frame._orphan_props = props
    vars(figure).update(attributes)
    return figure


def _traces(data: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"type": trace["type"]} for trace in data]


def _layout(layout: dict[str, Any]) -> dict[str, Any]:
    # Where there is no template, plotly loads and copies its default one.
    template = layout.get("template")
    subplots = _subplots(template.get("layout", {})) if isinstance(template, dict) else {}
    return {**_subplots(layout), "template": {"layout": {"width": 100, **subplots}}}


def _subplots(layout: dict[str, Any]) -> dict[str, Any]:
    """The subplots after the first, such as xaxis2, which a layout has to be told of."""
    return {name: {} for name in layout if name[-1:].isdigit()}


def _frame(props: dict[str, Any]) -> dict[str, Any]:
    return {"data": _traces(props.get("data", [])), "layout": _subplots(props.get("layout", {}))}


def _encode(writer: Writer, figure: go.Figure) -> Node:
    try:
        content = writer.node(_content(figure))
    except Refusal as refusal:
        raise refusal.below(".figure") from None
    try:
        attributes = writer.node(_attributes(figure))
    except Refusal as refusal:
        refusal.mend = "Leave it out: del figure._px_trendlines."
        raise refusal.below(".figure") from None
    return {TAG: "plotly.Figure", "v": content, "own": attributes, "validate": figure._validate}


def _decode(reader: Reader, node: dict[str, Any]) -> Any:
    return _put_together(node["v"], node["own"], node["validate"])


ENCODERS[go.Figure] = _encode
DECODERS["plotly.Figure"] = _decode

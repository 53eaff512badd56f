"""plotly figures come back whole and go on as they were: also the contract of the private names this takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import plotly.express as px
import plotly.graph_objects as go
import plotly.io as pio
import pytest

from enrich.errors import UnstorableValueError
from enrich.store.codecs import decode, encode

from .exactness import assert_same, round_trip, stored
from .samples import Custom
from .test_exact_values import animated, plot, subplots


def test_subplots_are_added_to_as_before() -> None:
    figure = round_trip(subplots())
    figure.add_trace(go.Scatter(y=[2]), row=1, col=1)
    assert figure.data[1].xaxis == "x"
    assert figure.layout.xaxis2.anchor == "y2"


def test_subplots_of_a_template_are_known() -> None:
    template = {"layout": {"xaxis2": {"side": "top"}}, "data": {"bar": [{"opacity": 0.5}, {"opacity": 1}]}}
    figure = round_trip(go.Figure(layout={"template": template}))
    assert figure.layout.template.layout.xaxis2.side == "top"
    assert [trace.opacity for trace in figure.layout.template.data.bar] == [0.5, 1]


CHANGES: dict[str, Callable[[go.Figure], Any]] = {
    "a property of the layout": lambda figure: figure.update_layout(title="new", template="ggplot2"),
    "a part of the template": lambda figure: figure.update_layout(template_layout_font_size=3),
    "a whole layout": lambda figure: setattr(figure, "layout", {"title": "new"}),
    "a trace": lambda figure: figure.update_traces(marker_size=3, selector={"type": "scatter"}),
    "the traces' order": lambda figure: setattr(figure, "data", figure.data[::-1]),
    "another trace": lambda figure: figure.add_bar(y=[1]),
    "items of a list": lambda figure: figure.update_shapes(name="s").add_shape(type="rect"),
    "an axis after the first": lambda figure: figure.update_layout(xaxis2={"side": "top"}),
    "data of a frame": lambda figure: [frame.data[0].update(y=[1]) for frame in figure.frames],
    "the layout of a frame": lambda figure: [
        frame.layout.update(xaxis2_title="x") for frame in figure.frames
    ],
}


@pytest.mark.parametrize("make", [plot, animated, subplots, go.Figure])
@pytest.mark.parametrize("change", CHANGES)
def test_figure_can_be_changed_as_before(make: Callable[[], go.Figure], change: str) -> None:
    before, after = make(), round_trip(make())
    for figure in (before, after):
        CHANGES[change](figure)
    assert_same(before, after)
    assert before.to_json() == after.to_json()


def test_default_template_is_not_put_where_it_was_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pio.templates, "default", None)
    data = stored(go.Figure())
    monkeypatch.undo()
    assert decode(data).layout.to_plotly_json() == {}


def test_arrays_of_a_figure_are_the_memory_of_the_entry() -> None:
    data = stored(go.Figure(go.Bar(y=np.arange(1000.0))))
    decode(data).data[0].y[0] = 99
    assert decode(data).data[0].y[0] == 99


def test_trendlines_come_back() -> None:
    figure = px.scatter(x=[1, 2], y=[1, 2])
    figure._px_trendlines = pd.DataFrame({"px_fit_results": [1.5]})
    assert_same(px.get_trendline_results(figure), px.get_trendline_results(round_trip(figure)))


def test_trendlines_that_need_a_pickle_are_refused_with_a_mend() -> None:
    figure = go.Figure()
    figure._px_trendlines = pd.DataFrame({"px_fit_results": [Custom(1)]})
    with pytest.raises(UnstorableValueError, match="_px_trendlines.*del figure._px_trendlines"):
        encode(figure)

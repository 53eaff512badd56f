"""A long job reports its progress as with tqdm, and logs through ``logging``."""

from __future__ import annotations

import inspect
import io
import logging
import subprocess
import sys
from typing import Any

import pytest

from enrich import progress_bar
from enrich.progress import ProgressBar

FORMATTERS = {"moveto", "status_printer", "format_interval", "format_meter", "format_num", "format_sizeof"}
"""How tqdm writes on a terminal."""


@pytest.fixture
def told() -> list[Any]:
    return []


def test_the_page_is_told_of_the_start_and_of_every_step(told: list[Any]):
    assert list(progress_bar(told.append)("abc", mininterval=0)) == ["a", "b", "c"]
    assert told == [("0", "3"), ("1", "3"), ("2", "3"), ("3", "3")]


def test_the_page_is_told_of_the_end_however_fast_it_came(told: list[Any]):
    list(progress_bar(told.append)(range(10_000), mininterval=3600))
    assert told == [("0", "10000"), ("10000", "10000")]


def test_updates_by_hand(told: list[Any]):
    with progress_bar(told.append)(total=10, mininterval=0) as bar:
        bar.update(4)
        bar.update(6)
    assert told == [("0", "10"), ("4", "10"), ("10", "10")]


def test_what_is_shown_is_for_the_author_to_say(told: list[Any]):
    tqdm = progress_bar(told.append, show=lambda bar: f"{bar.desc} {bar.n}/{bar.total} {bar.postfix}")
    bar = tqdm(total=2, desc="reading", mininterval=0)
    bar.set_postfix(rows=7)
    bar.set_description("writing")
    bar.close()
    bar.update()
    assert told == ["reading 0/2 {}", "reading 0/2 {'rows': 7}", "writing 0/2 {'rows': 7}"]


def test_a_bar_that_fails_is_closed_where_it_stands(told: list[Any]):
    with pytest.raises(ZeroDivisionError):
        [1 / n for n in progress_bar(told.append)([1, 0], mininterval=0)]
    assert told[-1] == ("1", "2")


def test_a_disabled_bar_tells_nothing(told: list[Any]):
    assert list(progress_bar(told.append)([1, 2], disable=True)) == [1, 2]
    assert told == []


def test_what_tqdm_takes_and_has_is_there(told: list[Any]):
    tqdm = pytest.importorskip("tqdm").tqdm
    bar = progress_bar(told.append)(
        [1], "text", 1, leave=False, unit="row", ncols=80, position=0, smoothing=0.3
    )
    methods = [n for n, m in inspect.getmembers(tqdm, inspect.isfunction) if not n.startswith("_")]
    missing = {n for n in methods if not hasattr(bar, n)} - FORMATTERS
    assert missing == set()
    assert {"n", "total", "desc", "elapsed", "rate"} <= set(dir(bar))
    assert set(bar.format_dict) <= set(tqdm(file=io.StringIO()).format_dict)


def test_a_bar_without_an_iterable_says_so(told: list[Any]):
    with pytest.raises(TypeError, match="update"):
        list(ProgressBar(set_progress=told.append))


def test_our_logs_are_quiet_by_default():
    program = "import enrich, logging; logging.getLogger('enrich.store').warning('loud')"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_our_logs_can_be_listened_to(caplog: pytest.LogCaptureFixture):
    from dash import Input, Output, html

    import enrich
    from enrich.testing import Page

    caplog.set_level(logging.DEBUG, logger="enrich")
    app = enrich.Dash("logged")
    app.layout = html.Div([html.Div(id="a"), html.Div(id="b")])
    app.callback(Output("b", "children"), Input("a", "n_clicks"))(lambda n: n)
    Page(app)
    assert "App 'logged' serves 1 callback" in caplog.text

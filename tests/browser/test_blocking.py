"""Blocking in the browser: one run at a time, and one more for all that happened meanwhile."""

from __future__ import annotations

import asyncio
import threading

import pytest
from browsing import Browsed

from enrich import ALL, MATCH, Dash, Input, Output, State, ctx, dcc, html

pytestmark = pytest.mark.browser
SECONDS = 20


class Runs:
    """Records which runs a callback makes, and holds each until it is let go."""

    def __init__(self):
        self.seen = []
        self._go = threading.Semaphore(0)

    def run(self, value):
        self.seen.append(value)
        assert self._go.acquire(timeout=SECONDS)

    def let_go(self, count=1):
        self._go.release(count)


def press(page, selector, times=1):
    """Click without waiting for callbacks to end."""
    for _ in range(times):
        page.find(selector).click()


def pressed(page, selector, times, component_id):
    press(page, selector, times)
    page.wait(lambda: page.prop(component_id, "n_clicks") == times, f"{times} clicks")


@pytest.mark.parametrize("kind", ["sync", "async", "dict"])
def test_three_fast_clicks_run_the_first_and_the_last(browse, kind):
    app, runs = Dash("three"), Runs()
    app.layout = html.Div([html.Button("b", id="b"), html.Div(id="log")])
    options = {"blocking": True, "prevent_initial_call": True}

    if kind == "sync":

        @app.callback(Output("log", "children"), Input("b", "n_clicks"), **options)
        def sync(n):
            runs.run(n)
            return f"{n} {ctx.triggered_id}"

    elif kind == "async":

        @app.callback(Output("log", "children"), Input("b", "n_clicks"), **options)
        async def coroutine(n):
            await asyncio.to_thread(runs.run, n)
            return f"{n} {ctx.triggered_id}"

    else:

        @app.callback(
            output={"x": Output("log", "children")}, inputs={"n": Input("b", "n_clicks")}, **options
        )
        def grouped(n):
            runs.run(n)
            assert ctx.args_grouping["n"]["value"] == n
            return {"x": f"{n} {ctx.triggered_id}"}

    page = browse(app)
    pressed(page, "#b", 3, "b")
    page.wait(lambda: runs.seen == [1], "the first run")
    runs.let_go()
    page.shows("#log", "1 b")
    page.wait(lambda: runs.seen == [1, 3], "the second run")
    runs.let_go()
    page.shows("#log", "3 b")
    page.check_no_errors()
    assert runs.seen == [1, 3]


def test_an_interval_that_is_faster_than_its_callback_shows_every_result(browse):
    app, runs = Dash("interval"), Runs()
    app.layout = html.Div(
        [dcc.Interval(id="tick", interval=50, disabled=True), html.Button("b", id="b"), html.Div(id="log")]
    )
    app.clientside_callback("(n) => n !== 1", Output("tick", "disabled"), Input("b", "n_clicks"))

    @app.callback(
        Output("log", "children"), Input("tick", "n_intervals"), blocking=True, prevent_initial_call=True
    )
    def slow(n):
        runs.run(n)
        return str(len(runs.seen))

    page = browse(app)
    press(page, "#b")
    for number in range(1, 5):
        page.wait(lambda number=number: len(runs.seen) == number, f"run {number}")
        runs.let_go()
        page.shows("#log", str(number))
    press(page, "#b")
    runs.let_go(1000)


def test_an_exception_surfaces_and_frees_the_next_run(browse):
    app, runs = Dash("error"), Runs()
    app.layout = html.Div([html.Button("b", id="b"), html.Div(id="log"), html.Div(id="error")])

    def on_error(error):
        from enrich import set_props

        set_props("error", {"children": f"{error} {ctx.triggered_id}"})

    @app.callback(
        Output("log", "children"),
        Input("b", "n_clicks"),
        blocking=True,
        prevent_initial_call=True,
        on_error=on_error,
    )
    def fails(n):
        runs.run(n)
        if n == 1:
            raise ValueError("no")
        return n

    page = browse(app)
    pressed(page, "#b", 2, "b")
    runs.let_go(2)
    page.shows("#error", "no b")
    page.shows("#log", "2")
    assert runs.seen == [1, 2]


def test_an_exception_without_a_handler_frees_the_next_run(chromium, dash_duo):
    app = Dash("error")
    app.layout = html.Div([html.Button("b", id="b"), html.Div(id="log")])

    @app.callback(Output("log", "children"), Input("b", "n_clicks"), blocking=True, prevent_initial_call=True)
    def fails(n):
        if n == 1:
            raise ValueError("no")
        return n

    dash_duo.start_server(app)
    page = Browsed(dash_duo.driver)
    page.click("#b")
    page.click("#b")
    page.shows("#log", "2")


def test_rows_block_alone(browse):
    app, runs = Dash("rows"), {0: Runs(), 1: Runs(), 2: Runs()}
    row = lambda i: html.Div(
        [html.Button("b", id={"t": "b", "i": i}), html.Span(id={"t": "log", "i": i})], id=f"row{i}"
    )
    app.layout = html.Div([html.Div([row(0), row(1)], id="rows"), html.Button("add", id="add")])

    @app.callback(Output("rows", "children"), Input("add", "n_clicks"), prevent_initial_call=True)
    def add(_):
        return [row(0), row(1), row(2)]

    @app.callback(
        Output({"t": "log", "i": MATCH}, "children"),
        Input({"t": "b", "i": MATCH}, "n_clicks"),
        blocking=True,
        prevent_initial_call=True,
    )
    def slow(n):
        i = ctx.triggered_id["i"]
        runs[i].run(n)
        return f"{n} {ctx.triggered_id['i']}"

    page = browse(app)
    press(page, "#row0 button", 3)
    press(page, "#row1 button", 1)
    page.wait(lambda: (runs[0].seen, runs[1].seen) == ([1], [1]), "both rows at once")
    runs[1].let_go()
    page.shows("#row1 span", "1 1")
    assert runs[0].seen == [1]
    runs[0].let_go(2)
    page.shows("#row0 span", "3 0")
    page.click("#add")
    press(page, "#row2 button", 2)
    runs[2].let_go(2)
    page.shows("#row2 span", "2 2")
    page.check_no_errors()
    assert runs[0].seen == [1, 3]


def test_page_load_runs_it_once_and_before_what_depends_on_it(browse):
    app, seen = Dash("load"), []
    app.layout = html.Div([dcc.Input(id="x", value="a"), html.Div(id="y"), html.Div(id="z")])

    @app.callback(Output("y", "children"), Input("x", "value"), blocking=True)
    def first(x):
        seen.append(("first", x, bool(ctx.triggered)))
        return x + "!"

    @app.callback(Output("z", "children"), Input("y", "children"))
    def second(y):
        seen.append(("second", y))
        return y

    page = browse(app)
    page.shows("#z", "a!")
    page.check_no_errors()
    assert seen == [("first", "a", False), ("second", "a!")]


def test_a_callback_that_reads_what_it_writes_works(browse):
    app = Dash("circular")
    app.layout = html.Div([dcc.Input(id="x", value="a"), html.Button("b", id="b")])

    @app.callback(
        Output("x", "value"),
        Input("x", "value"),
        Input("b", "n_clicks"),
        blocking=True,
        prevent_initial_call=True,
    )
    def write(x, n):
        return f"{x}{n}" if ctx.triggered_id == "b" else x

    page = browse(app)
    page.click("#b")
    page.wait(lambda: page.prop("x", "value") == "a1", "the value")
    page.check_no_errors()


def test_a_callback_without_outputs_and_two_of_one_name_work(browse):
    app, seen = Dash("names"), []
    app.layout = html.Div([html.Button("b", id="b"), html.Div(id="log")])

    def declare():
        @app.callback(Input("b", "n_clicks"), blocking=True, prevent_initial_call=True)
        def same(n):
            seen.append(n)

    declare()
    declare()
    page = browse(app)
    page.click("#b")
    page.wait(lambda: seen == [1, 1], "both")
    page.check_no_errors()


def test_a_hung_run_keeps_others_waiting_for_its_timeout_only(browse):
    app, runs = Dash("timeout"), Runs()
    app.layout = html.Div([html.Button("b", id="b"), html.Div(id="log")])

    @app.callback(
        Output("log", "children"),
        Input("b", "n_clicks"),
        blocking=True,
        blocking_timeout=0.3,
        prevent_initial_call=True,
    )
    def slow(n):
        runs.run(n)
        return n

    page = browse(app)
    pressed(page, "#b", 2, "b")
    page.wait(lambda: runs.seen == [1, 2], "the second run while the first hangs")
    runs.let_go(2)
    page.shows("#log", "2")


def test_triggers_of_several_inputs_are_all_seen(browse):
    app, runs, seen = Dash("several"), Runs(), []
    app.layout = html.Div(
        [html.Button("a", id="a"), html.Button("b", id={"t": "b", "i": 1}), html.Div(id="log")], id="page"
    )

    @app.callback(
        Output("log", "children"),
        Input("a", "n_clicks"),
        Input({"t": "b", "i": ALL}, "n_clicks"),
        State("page", "id"),
        blocking=True,
        prevent_initial_call=True,
    )
    def slow(a, b, page_id):
        seen.append(sorted(ctx.triggered_prop_ids))
        runs.run((a, b, page_id))
        return f"{a} {b}"

    page = browse(app)
    pressed(page, "#a", 1, "a")
    page.wait(lambda: len(runs.seen) == 1, "the first run")
    press(page, "#page button:nth-child(2)")
    press(page, "#a")
    runs.let_go(2)
    page.shows("#log", "2 [1]")
    assert seen == [["a.n_clicks"], ["a.n_clicks", '{"i":1,"t":"b"}.n_clicks']]
    assert runs.seen[1] == (2, [1], "page")


def test_a_group_blocks_as_a_whole(browse):
    app, runs = Dash("group"), Runs()
    app.layout = html.Div([html.Button("a", id="a"), html.Button("b", id="b"), html.Div(id="log")])

    @app.callback(Output("log", "children"), Input("a", "n_clicks"), group="g", blocking=True)
    def first(n):
        runs.run(f"a{n}")
        return f"a{n}"

    @app.callback(Output("log", "children"), Input("b", "n_clicks"), group="g")
    def second(n):
        runs.run(f"b{n}")
        return f"b{n}"

    page = browse(app)
    pressed(page, "#a", 2, "a")
    press(page, "#b")
    runs.let_go(1)
    page.shows("#log", "a1")
    runs.let_go(2)
    page.shows("#log", "b1")
    page.check_no_errors()
    assert runs.seen == ["a1", "a2", "b1"]


def test_a_function_in_the_browser_blocks_too(browse):
    app = Dash("clientside")
    app.layout = html.Div([html.Button("b", id="b"), html.Div(id="log"), html.Div("", id="seen")])
    app.clientside_callback(
        """(n) => {
            window.runs = [...(window.runs || []), n];
            const by = window.dash_clientside.callback_context.triggered_id;
            return new Promise((done) => { window.letGo = () => done(`${n} ${by}`); });
        }""",
        Output("log", "children"),
        Input("b", "n_clicks"),
        blocking=True,
        prevent_initial_call=True,
    )
    page = browse(app)
    pressed(page, "#b", 3, "b")
    page.wait(lambda: page.driver.execute_script("return window.runs") == [1], "the first run")
    page.driver.execute_script("window.letGo()")
    page.shows("#log", "1 b")
    page.wait(lambda: page.driver.execute_script("return window.runs") == [1, 3], "the second run")
    page.driver.execute_script("window.letGo()")
    page.shows("#log", "3 b")
    page.check_no_errors()


def test_a_background_job_blocks_until_it_has_ended(browse, tmp_path):
    import diskcache
    from dash import DiskcacheManager

    cache = diskcache.Cache(str(tmp_path / "jobs"))
    app = Dash("background", background_callback_manager=DiskcacheManager(cache))
    app.layout = html.Div([html.Button("b", id="b"), html.Div(id="log"), html.Div(id="running")])
    started, go = tmp_path / "started", tmp_path / "go"

    @app.callback(
        Output("log", "children"),
        Input("b", "n_clicks"),
        background=True,
        interval=100,
        blocking=True,
        running=[(Output("running", "children"), "busy", "idle")],
        prevent_initial_call=True,
    )
    def job(n):
        import time

        with started.open("a") as file:
            file.write(f"{n} ")
        while not go.exists():
            time.sleep(0.02)
        return f"{n} {ctx.triggered_id}"

    page = browse(app)
    press(page, "#b")
    page.wait(started.exists, "the first job")
    page.shows("#running", "busy")
    press(page, "#b", 2)
    go.touch()
    page.shows("#log", "3 b")
    page.shows("#running", "idle")
    assert started.read_text().split() == ["1", "3"]
    cache.close()


def test_a_blueprint_twice_on_a_page_blocks_each_for_itself(browse):
    from enrich import BlockingCallbackTransform, DashBlueprint

    part, runs = DashBlueprint(transforms=[BlockingCallbackTransform()]), {"left": Runs(), "right": Runs()}
    part.layout = html.Div([html.Button("b", id="b"), html.Div(id="log"), html.Div(id="name")])

    @part.callback(
        Output("log", "children"),
        Input("b", "n_clicks"),
        State("name", "children"),
        blocking=True,
        prevent_initial_call=True,
    )
    def slow(n, name):
        runs[name].run(n)
        return f"{n} {ctx.triggered_id}"

    app = Dash("twice")
    app.layout = html.Div([part.embed(app, prefix=name) for name in runs])

    @app.callback(Output("left-name", "children"), Output("right-name", "children"), Input("left-b", "id"))
    def name(_):
        return "left", "right"

    page = browse(app)
    page.shows("#right-name", "right")
    pressed(page, "#left-b", 3, "left-b")
    press(page, "#right-b")
    page.wait(lambda: (runs["left"].seen, runs["right"].seen) == ([1], [1]), "both at once")
    runs["right"].let_go()
    page.shows("#right-log", "1 b")
    runs["left"].let_go(2)
    page.shows("#left-log", "3 b")
    assert runs["left"].seen == [1, 3]


def test_a_callback_declared_while_the_app_serves_blocks_on_pages_loaded_from_then_on(browse):
    app, runs = Dash("late", prevent_initial_callbacks=True), Runs()
    app.layout = html.Div([html.Button("b", id="b"), html.Div(id="log")])
    page = browse(app)

    @app.callback(Output("log", "children"), Input("b", "n_clicks"), blocking=True)
    def count(n):
        runs.run(n)
        return f"{n}"

    page.driver.refresh()
    page.settle()
    pressed(page, "#b", 3, "b")
    runs.let_go(2)
    page.shows("#log", "3")
    assert runs.seen == [1, 3]

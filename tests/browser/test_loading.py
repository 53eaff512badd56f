"""Loading in the browser: one spinner, for as long as anything that asks for it runs."""

from __future__ import annotations

import threading

import pytest

from enrich import MATCH, Dash, DashBlueprint, Input, LoadingTransform, Output, html

pytestmark = pytest.mark.browser
SECONDS = 20


def is_shown(page, name="spinner"):
    return page.prop(name, "display") == "show"


def shown(page, name="spinner"):
    page.wait(lambda: is_shown(page, name), "the spinner")


def hidden(page, name="spinner"):
    page.wait(lambda: not is_shown(page, name), "no spinner")


def app_with(*names, delay_show=0, delay_hide=0):
    transform = LoadingTransform(id="spinner", delay_show=delay_show, delay_hide=delay_hide)
    app = Dash("loading", transforms=[transform], prevent_initial_callbacks=True)
    app.layout = html.Div([part for n in names for part in (html.Button(n, id=n), html.Div(id=f"{n}-log"))])
    return app


def waiting(app, name, **kwargs):
    gate = threading.Event()

    @app.callback(Output(f"{name}-log", "children"), Input(name, "n_clicks"), **kwargs)
    def run(n):
        assert gate.wait(SECONDS)
        return f"{name} {n}"

    return gate


def test_the_spinner_stays_until_the_last_of_several_has_ended(browse):
    app = app_with("a", "b", "c")
    a, b = waiting(app, "a", loading=True), waiting(app, "b", loading=True)
    waiting(app, "c").set()
    page = browse(app)
    hidden(page)
    page.click("#c")
    assert not is_shown(page)
    for name in "ab":
        # The overlay is above them, as it should be.
        page.driver.execute_script("document.getElementById(arguments[0]).click()", name)
    shown(page)
    page.wait(lambda: page.prop("spinner-running", "data") == 2, "two that run")
    a.set()
    page.shows("#a-log", "a 1")
    page.wait(lambda: page.prop("spinner-running", "data") == 1, "one that runs")
    assert is_shown(page)
    b.set()
    page.shows("#b-log", "b 1")
    hidden(page)


def test_an_error_hides_it_too(browse):
    app = app_with("a")

    @app.callback(
        Output("a-log", "children"), Input("a", "n_clicks"), loading=True, on_error=lambda e: str(e)
    )
    def fail(n):
        raise ValueError("failed")

    page = browse(app)
    page.click("#a")
    page.shows("#a-log", "failed")
    hidden(page)
    assert page.prop("spinner-running", "data") == 0


def test_rows_are_counted_each(browse):
    app = app_with()
    app.layout = html.Div(
        [
            part
            for i in range(2)
            for part in (
                html.Button("go", id={"k": "b", "i": i}, className="go"),
                html.Div(id={"k": "o", "i": i}),
            )
        ]
    )
    gate = threading.Event()

    @app.callback(
        Output({"k": "o", "i": MATCH}, "children"), Input({"k": "b", "i": MATCH}, "n_clicks"), loading=True
    )
    def row(n):
        assert gate.wait(SECONDS)
        return n

    page = browse(app)
    page.driver.execute_script("document.querySelectorAll('.go').forEach((b) => b.click())")
    page.wait(lambda: page.prop("spinner-running", "data") == 2, "two rows")
    shown(page)
    gate.set()
    hidden(page)


def test_what_ends_before_the_delay_shows_nothing(browse):
    app = app_with("a", delay_show=60_000)
    waiting(app, "a", loading=True).set()
    page = browse(app)
    page.driver.execute_script(
        """
        window.shown = false;
        new MutationObserver(() => {
            window.shown ||= Boolean(document.querySelector("[data-dash-is-loading]"));
        }).observe(document.body, {subtree: true, childList: true, attributes: true});
        """
    )
    page.click("#a")
    page.shows("#a-log", "a 1")
    assert not is_shown(page)


def test_a_promise_of_a_clientside_callback_is_waited_for(browse):
    app = app_with("a")
    app.clientside_callback(
        "(n) => new Promise((resolve) => { window.go = () => resolve(`done ${n}`); })",
        Output("a-log", "children"),
        Input("a", "n_clicks"),
        loading=True,
    )
    page = browse(app)
    page.find("#a").click()
    shown(page)
    page.driver.execute_script("window.go()")
    page.shows("#a-log", "done 1")
    hidden(page)


def test_a_blueprint_brings_a_spinner_of_its_own(browse):
    blueprint = DashBlueprint(transforms=[LoadingTransform(id="spinner", delay_show=0, delay_hide=0)])
    blueprint.layout = html.Div([html.Button("go", id="go"), html.Div(id="go-log")])
    gate = waiting(blueprint, "go", loading=True, prevent_initial_call=True)
    app = Dash("two spinners")
    app.layout = html.Div([blueprint.embed(app, prefix=name) for name in ("left", "right")])
    page = browse(app)
    page.find("#right-go").click()
    shown(page, "right-spinner")
    assert not is_shown(page, "left-spinner")
    gate.set()
    page.shows("#right-go-log", "go 1")
    hidden(page, "right-spinner")

"""Log lines in the browser: each user's own."""

from __future__ import annotations

import logging
import threading

import dash_mantine_components as dmc
import pytest
from browsing import Browsed

from enrich import (
    Dash,
    DashBlueprint,
    DivLogHandler,
    Input,
    LogTransform,
    NotificationsLogHandler,
    Output,
    dcc,
    html,
)

pytestmark = pytest.mark.browser
SECONDS = 20


def body(*more):
    return html.Div([dcc.Input("nobody", id="who"), html.Button("go", id="go"), html.Div(id="out"), *more])


def test_three_messages_are_three_lines_in_order(browse):
    app = Dash("log", transforms=[LogTransform(try_use_mantine=False)], prevent_initial_callbacks=True)
    app.layout = body()

    @app.callback(Output("out", "children"), Input("go", "n_clicks"), log=True)
    def run(n, dash_logger):
        for level in ("info", "warning", "error"):
            getattr(dash_logger, level)(f"{level} {n}")
        return f"ran {n}"

    page = browse(app)
    for n in (1, 2):
        page.click("#go")
        page.shows("#out", f"ran {n}")
        page.shows("#log", f"INFO: info {n}\nWARNING: warning {n}\nERROR: error {n}")


def test_two_browsers_never_see_each_others_lines(browse, chromium):
    from selenium import webdriver
    from selenium.webdriver.chrome.options import Options

    both = threading.Barrier(2)
    app = Dash("two", transforms=[LogTransform(try_use_mantine=False)], prevent_initial_callbacks=True)
    handler = DivLogHandler()
    log = handler.setup_logger("test_two_browsers")
    app.layout = body(*handler.embed())

    @app.callback(Output("out", "children"), Input("who", "value"), log=True)
    def run(who, dash_logger):
        dash_logger.info(f"{who} comes")
        log.info("%s comes", who)
        # Both are in the middle of the call at the same time.
        both.wait(SECONDS)
        dash_logger.info(f"{who} goes")
        log.info("%s goes", who)
        both.wait(SECONDS)
        return who

    page = browse(app)
    options = Options()
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"):
        options.add_argument(argument)
    driver = webdriver.Chrome(options=options)
    try:
        driver.get(page.driver.current_url)
        other = Browsed(driver)
        page.find("#who").send_keys("!")
        other.find("#who").send_keys("?")
        for one, who in ((page, "nobody!"), (other, "nobody?")):
            one.shows("#out", who)
            one.shows("#log", f"INFO: {who} comes\nINFO: {who} goes")
            one.shows("#div_log_handler", f"INFO: {who} comes\nINFO: {who} goes")
    finally:
        driver.quit()
        logging.getLogger("test_two_browsers").removeHandler(handler)


@pytest.mark.parametrize("theme", ["none", "its own", "its own notifications"])
def test_notifications_appear_with_dash_mantine_components(browse, theme):
    app = Dash("notify", prevent_initial_callbacks=True)
    shown = [dmc.NotificationContainer()] if theme == "its own notifications" else []
    app.layout = body() if theme == "none" else html.Div(dmc.MantineProvider([*shown, body()]))

    @app.callback(Output("out", "children"), Input("go", "n_clicks"), log=True)
    def run(n, dash_logger):
        dash_logger.info("one")
        dash_logger.error("two", autoClose=False)
        return f"ran {n}"

    page = browse(app)
    page.click("#go")
    page.shows("#out", "ran 1")
    texts = lambda: [e.text for e in page.find_all(".mantine-Notification-root")]
    page.wait(lambda: len(texts()) == 2, "two notifications")
    assert sorted(" ".join(text.split()) for text in texts()) == ["Error two", "Info one"]


def test_a_handler_shows_records_as_notifications(browse):
    handler = NotificationsLogHandler()
    log = handler.setup_logger("test_notifications")
    app = Dash("handler", prevent_initial_callbacks=True)
    app.layout = dmc.MantineProvider([body(*handler.embed())])

    @app.callback(Output("out", "children"), Input("go", "n_clicks"))
    def run(n):
        log.warning("careful")
        return n

    page = browse(app)
    page.click("#go")
    page.shows("#out", "1")
    page.wait(lambda: len(page.find_all(".mantine-Notification-root")) == 1, "a notification")
    log.removeHandler(handler)


def test_a_blueprint_brings_a_log_of_its_own(browse):
    blueprint = DashBlueprint(transforms=[LogTransform(try_use_mantine=False)])
    blueprint.layout = body()

    @blueprint.callback(
        Output("out", "children"), Input("go", "n_clicks"), prevent_initial_call=True, log=True
    )
    def run(n, dash_logger):
        dash_logger.info(f"ran {n}")
        return n

    app = Dash("two logs")
    app.layout = html.Div([blueprint.embed(app, prefix=name) for name in ("left", "right")])
    page = browse(app)
    page.click("#right-go")
    page.shows("#right-log", "INFO: ran 1")
    assert page.text("#left-log") == ""

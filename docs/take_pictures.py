"""Take the pictures in docs/images: serve the examples, use them in a headless Chromium, and save what they show.

Run it with ``make pictures``.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium import webdriver
from werkzeug.serving import make_server

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
ROWS = 1_000_000
sys.path[:0] = [str(ROOT / "examples"), str(ROOT / "tests")]


def main() -> None:
    explorer()
    blueprints()
    log()


def explorer() -> None:
    from explorer import app

    app.server.config["ROWS"] = ROWS
    with browsed(app) as page:
        page.resize(1440, 900)
        page.shows_part("#summary", f"{ROWS:,}")
        page.drag("#scatter .nsewdrag", (0.45, 0.05), (0.85, 0.5))
        page.shows_part("#bars", "in the box")
        save(page, "explorer.png")
        page.resize(390, 844)
        page.wait(lambda: page.find("#bars").rect["y"] > page.find("#scatter").rect["y"] + 100, "one column")
        save(page, "explorer-narrow.png")


def blueprints() -> None:
    from blueprints import app

    with browsed(app) as page:
        page.resize(900, 520)
        page.driver.execute_script("window.dash_clientside.set_props('right-country', {value: 'Peru'})")
        page.shows("#both", "Denmark and Peru")
        save(page, "blueprints.png")


def log() -> None:
    from log import app

    with browsed(app) as page:
        page.resize(600, 400)
        page.click("#add")
        page.shows("#total", "Total: 10")
        save(page, "log.png")


@contextmanager
def browsed(app: Any) -> Iterator[Any]:
    """Serve an app, and open it in a browser."""
    from browsing import Browsed
    from conftest import pytest_setup_options

    server = make_server("127.0.0.1", 0, app.server, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    IMAGES.mkdir(exist_ok=True)
    options = pytest_setup_options()
    options.add_argument("--hide-scrollbars")
    driver = webdriver.Chrome(options=options)
    try:
        driver.get(f"http://127.0.0.1:{server.port}/")
        yield Browsed(driver)
    finally:
        driver.quit()
        server.shutdown()


def save(page: Any, name: str) -> None:
    page.settle()
    page.fits()
    page.driver.execute_script("window.scrollTo(0, 0)")
    page.wait(lambda: page.driver.execute_script("return document.fonts.status") == "loaded", "fonts")
    page.driver.save_screenshot(str(IMAGES / name))
    print(IMAGES / name)


if __name__ == "__main__":
    main()

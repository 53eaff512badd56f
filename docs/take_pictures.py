"""Take the pictures in docs/images: run each example's script, use it in a headless Chromium, and save what it shows.

Run it with ``make pictures``, or with the names of some examples: ``python docs/take_pictures.py grid groups``.
"""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image
from selenium import webdriver

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
ROWS = 1_000_000
COLOURS = 256
# From the top, with nothing focused, and without Dash's dev tools, which stand in front.
PREPARE = """
window.scrollTo(0, 0);
document.activeElement.blur();
document.head.insertAdjacentHTML("beforeend", "<style>[class^=dash-debug-menu] { display: none }</style>");
"""
sys.path.insert(0, str(ROOT / "tests"))

from browsing import Browsed  # noqa: E402, it is in tests/
from conftest import pytest_setup_options  # noqa: E402
from example_server import EXAMPLES, serving_example  # noqa: E402
from store.servers import free_port, redis_command, running  # noqa: E402


@dataclass(frozen=True)
class Picture:
    """How to get an example to show what it is about."""

    act: Callable[[Browsed], Any]
    size: tuple[int, int] = (900, 520)
    arguments: tuple[str, ...] = ()


def main(names: list[str]) -> None:
    IMAGES.mkdir(exist_ok=True)
    for name in names or PICTURES:
        with browsed(name) as page:
            PICTURES[name].act(page)
            save(page, name)
            if name == "explorer":
                narrow(page)
                save(page, "explorer-narrow")
                inspector(page)
                write(page, "inspector")


def explorer(page: Browsed) -> None:
    page.shows_part("#summary", f"{ROWS:,}")
    page.drag("#scatter .nsewdrag", (0.45, 0.05), (0.85, 0.5))
    page.shows_part("#bars", "in the box")


def narrow(page: Browsed) -> None:
    page.resize(390, 844)
    page.wait(lambda: page.find("#bars").rect["y"] > page.find("#scatter").rect["y"] + 100, "one column")


def inspector(page: Browsed) -> None:
    """Show the explorer's callbacks, as the command line writes them."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "inspector.html"
        command = [sys.executable, "-m", "enrich", "inspect", "explorer:app", "--html", str(file)]
        subprocess.run(command, cwd=EXAMPLES, check=True)
        page.driver.get(file.as_uri())
    page.resize(2260, 320)
    page.find("svg")


def quickstart(page: Browsed) -> None:
    page.click("#europe")
    page.shows_part("#summary", "lifeExp")


def groups(page: Browsed) -> None:
    for button in ("#right", "#right", "#right", "#up", "#up", "#left"):
        page.click(button)
    page.shows("#last", "1 to the left")


def shared_pages(page: Browsed) -> None:
    page.click("#load")
    page.click("a[href='/chart']")
    page.shows_part("#lines", "1,704 rows")


def uploads(page: Browsed) -> None:
    cities = (
        "city,people,degrees\nAarhus,367000,8.8\nLima,10092000,19.5\nNairobi,4397000,19.0\nOslo,709000,6.1\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "cities.csv"
        file.write_text(cities)
        page.upload("#file", file)
        page.shows_part("#what", "4 rows")
    page.driver.execute_script("window.dash_clientside.set_props('column', {value: 'degrees'})")
    page.shows_part("#summary", "mean")


def background(page: Browsed) -> None:
    page.wait(lambda: page.prop("table", "data"), "the table")
    page.click("#start")
    page.wait(lambda: page.prop("means", "data"), "the result")
    page.shows_part("#chart", "Means of")


def blocking(page: Browsed) -> None:
    for _ in range(3):
        page.find("#button").click()
    page.shows("#clicks", "ran for click 3")
    page.shows_part("#slow", "took a second")


def blueprints(page: Browsed) -> None:
    page.driver.execute_script("window.dash_clientside.set_props('right-country', {value: 'Peru'})")
    page.shows("#both", "Denmark and Peru")


def log(page: Browsed) -> None:
    page.click("#add")
    page.shows("#total", "Total: 10")


def typed_models(page: Browsed) -> None:
    page.click("#add")
    page.driver.execute_script("window.dash_clientside.set_props('article', {value: 'biscuits'})")
    page.driver.execute_script("window.dash_clientside.set_props('count', {value: 12})")
    page.click("#add")
    page.wait(lambda: len(page.find_all("#lines li")) == 2, "two lines")


def units(page: Browsed) -> None:
    page.wait(lambda: page.prop("fahrenheit", "value") == 68, "68 °F")


def grid(page: Browsed) -> None:
    page.shows_part("#shown", "1,000,000")
    page.click('#grid .ag-header-cell[col-id="degrees"]')
    page.find('#grid [aria-label="City Filter Input"]').send_keys("lima")
    page.wait(lambda: page.text("#shown").startswith("16"), "a sixth of the rows")
    page.shows('#grid [row-index="0"] [col-id="city"]', "Lima")


def fastapi_websocket(page: Browsed) -> None:
    page.find("#walk").click()
    page.shows_part("#chart", "1,001 steps")


def memoized(page: Browsed) -> None:
    page.driver.execute_script("window.dash_clientside.set_props('continent', {value: 'Europe'})")
    page.shows_part("#richest", "Norway")


def redis_store(page: Browsed) -> None:
    page.click("#load")
    page.shows_part("#info", "RedisBackend")


def audit_log(page: Browsed) -> None:
    page.shows("#double", "6 m")


PICTURES = {
    "explorer": Picture(explorer, (1440, 900), ("--rows", str(ROWS))),
    "quickstart": Picture(quickstart, (760, 520)),
    "groups": Picture(groups, (760, 640)),
    "shared_pages": Picture(shared_pages, (900, 560)),
    "uploads": Picture(uploads, (760, 460)),
    "background": Picture(background, (900, 600)),
    "blocking": Picture(blocking, (760, 180)),
    "blueprints": Picture(blueprints),
    "log": Picture(log, (600, 400)),
    "typed_models": Picture(typed_models, (760, 230)),
    "units": Picture(units, (760, 110)),
    "audit_log": Picture(audit_log, (760, 120)),
    "grid": Picture(grid, (1000, 680)),
    "fastapi_websocket": Picture(fastapi_websocket, (900, 540)),
    "memoized": Picture(memoized, (760, 480)),
    "redis_store": Picture(redis_store, (760, 320)),
}


@contextmanager
def browsed(name: str) -> Iterator[Browsed]:
    """Run an example, and open it in a browser."""
    picture = PICTURES[name]
    options = pytest_setup_options()
    options.add_argument("--hide-scrollbars")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        environment = {}
        if name == "redis_store":
            port = free_port()
            stack.enter_context(running(redis_command(port, folder), port))
            environment["REDIS_URL"] = f"redis://127.0.0.1:{port}/0"
        url = stack.enter_context(serving_example(name, folder, *picture.arguments, **environment))
        driver = webdriver.Chrome(options=options)
        stack.callback(driver.quit)
        driver.get(url)
        page = Browsed(driver)
        page.resize(*picture.size)
        yield page


def save(page: Browsed, name: str) -> None:
    """Save what the page shows when it has come to rest."""
    if name != "blocking":  # its interval never ends
        page.settle()
    page.fits()
    page.driver.execute_script(PREPARE)
    page.wait(lambda: page.driver.execute_script("return document.fonts.status") == "loaded", "fonts")
    write(page, name)


def write(page: Browsed, name: str) -> None:
    """Write what the window holds, in few colours: pictures stay small."""
    picture = Image.open(io.BytesIO(page.driver.get_screenshot_as_png())).convert("RGB")
    file = IMAGES / f"{name.replace('_', '-')}.png"
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(file, optimize=True)
    print(f"{file} {file.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main(sys.argv[1:])

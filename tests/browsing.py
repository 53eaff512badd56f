"""What the browser tests do to a page, and see of it. Nothing sleeps: every look waits for what it looks for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dash.testing.wait import until
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By

PROP = """
const {layout, paths} = window.store.getState();
const path = paths.strs[arguments[0]];
return path && path.reduce((node, key) => node[key], layout).props[arguments[1]];
"""
BUSY = """
const {callbacks: {stored, completed, ...waiting}, isLoading} = window.store.getState();
return isLoading || Object.values(waiting).some((requests) => requests.length > 0);
"""
DEV_TOOLS_ERRORS = ".test-devtools-error-count"
SECONDS = 60


class Browsed:
    """A page in the browser."""

    def __init__(self, driver: Any, *, comes_to_rest: bool = True) -> None:
        self.driver = driver
        self.wait(lambda: driver.execute_script("return Boolean(window.store)"), "dash-renderer")
        if comes_to_rest:
            self.settle()

    def settle(self) -> None:
        """Wait until no callback is waiting or running."""
        self.wait(lambda: not self.driver.execute_script(BUSY), "an idle page")

    def wait(self, condition: Any, what: str) -> Any:
        return until(condition, SECONDS, poll=0.05, msg=f"waited {SECONDS} s for: {what}")

    def find(self, selector: str) -> Any:
        return self.wait(lambda: next(iter(self.find_all(selector)), None), selector)

    def find_all(self, selector: str) -> list[Any]:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def click(self, selector: str) -> None:
        """Click, and wait until the callbacks that it fired have ended."""
        element = self.find(selector)
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
        element.click()
        self.settle()

    def upload(self, selector: str, file: Path) -> None:
        self.find(f"{selector} input[type=file]").send_keys(str(file))

    def text(self, selector: str) -> str:
        """Read an element's text in one step: React may replace the element between two."""
        script = "const e = document.querySelector(arguments[0]); return e?.innerText ?? e?.textContent"
        self.find(selector)
        return (self.driver.execute_script(script, selector) or "").strip()

    def shows(self, selector: str, text: str) -> None:
        """Wait until an element's text is this one."""
        self.wait(lambda: self.text(selector) == text, f"{selector} to show {text!r}")

    def shows_part(self, selector: str, text: str) -> None:
        """Wait until an element's text contains this one."""
        self.wait(lambda: text in self.text(selector), f"{selector} to contain {text!r}")

    def prop(self, component_id: str, prop: str) -> Any:
        """Read what the page holds for a component's property."""
        return self.driver.execute_script(PROP, component_id, prop)

    def resize(self, width: int, height: int) -> None:
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)

    def fits(self) -> None:
        """Wait until nothing reaches beyond the window's right edge: charts follow a new size with a delay."""
        beyond = (
            "const {scrollWidth, clientWidth} = document.documentElement; return scrollWidth - clientWidth"
        )
        self.wait(lambda: self.driver.execute_script(beyond) <= 0, "nothing beyond the right edge")

    def drag(self, selector: str, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Drag inside an element, between points given as shares of its width and height."""
        element = self.find(selector)
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
        width, height = element.size["width"], element.size["height"]

        def offset(point: tuple[float, float]) -> tuple[int, int]:
            return round((point[0] - 0.5) * width), round((point[1] - 0.5) * height)

        chain = ActionChains(self.driver)
        chain.move_to_element(element).move_by_offset(*offset(start)).click_and_hold()
        (x0, y0), (x1, y1) = offset(start), offset(end)
        for _ in range(4):
            chain.move_by_offset((x1 - x0) // 4, (y1 - y0) // 4)
        chain.release().perform()
        self.settle()

    def check_no_errors(self) -> None:
        """Fail if dash-renderer or the console reported an error."""
        self.settle()
        shown = [element.text for element in self.find_all(DEV_TOOLS_ERRORS)]
        assert shown == [], f"Dash's dev tools count errors: {shown}"
        assert [entry for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"] == []

"""A real headless Chromium, and a page object that fails a test when the page met an error."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from browsing import Browsed


@pytest.fixture
def chromium() -> None:
    """Skip where there is no Chromium."""
    for program in ("chromedriver", "chromium"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} isn't installed")


@pytest.fixture
def browse(chromium: None, dash_duo: Any) -> Iterator[Callable[[Any], Browsed]]:
    """Serve an app and open it in a browser; at the end, neither the page nor the console may hold an error."""
    opened: list[Browsed] = []

    def open_page(app: Any) -> Browsed:
        # Looking for what isn't there must not take two seconds.
        dash_duo.driver.implicitly_wait(0)
        dash_duo.start_server(app, debug=True, use_reloader=False, dev_tools_hot_reload=False)
        opened.append(Browsed(dash_duo.driver))
        return opened[-1]

    yield open_page
    for page in opened:
        page.check_no_errors()

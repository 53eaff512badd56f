"""The seeds' apps: on a page without a browser, or in a real one where dash-renderer decides."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from browsing import Browsed


@pytest.fixture
def browse(request: pytest.FixtureRequest) -> Iterator[Callable[[Any], Browsed]]:
    """Serve an app as ``app.run(debug=True)`` would, and open it; at the end the page may hold no error."""
    if shutil.which("chromedriver") is None:
        pytest.skip("chromedriver isn't installed")
    duo = request.getfixturevalue("dash_duo")
    opened: list[Browsed] = []

    def open_page(app: Any) -> Browsed:
        duo.driver.implicitly_wait(0)
        duo.start_server(app, debug=True, use_reloader=False, dev_tools_hot_reload=False)
        opened.append(Browsed(duo.driver))
        return opened[-1]

    yield open_page
    for page in opened:
        page.check_no_errors()

"""What every test gets: a cache folder of its own, and no callbacks that another test declared."""

from __future__ import annotations

import copy
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dash import _callback, _get_app, _pages, hooks
from dash._callback_context import context_value

from enrich.build import global_callbacks
from enrich.callbacks.call import current_call

CHROMIUM = (
    "--headless=new",
    # Root in a container has neither the sandbox nor a large /dev/shm.
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1440,900",
)


@pytest.fixture(autouse=True)
def cache_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the values of a test's apps away from the user's own."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    for name in ("ENRICH_SECRET_KEY", "DASH_SECRET_KEY"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture(autouse=True)
def _fresh_globals(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Give each test Dash's process-wide lists empty, and leave them so."""
    # Under Flask, what an async callback puts into the context stays in the thread that called it.
    context_value.set({})
    current_call.set(None)
    if hasattr(_get_app, "app_context"):  # since Dash 3.3
        _get_app.app_context.set(None)
    # An app that shuts down ends the streams of all; `run` takes that back, and a test's client doesn't run.
    if streaming := sys.modules.get("dash._streaming"):
        streaming._shutdown.clear()
    hook_state = copy.deepcopy(hooks._ns), list(hooks._clientside_callbacks), dict(hooks._finals)
    _forget_declarations()
    _pages.PAGE_REGISTRY.clear()
    modules = set(sys.modules)
    yield
    _forget_declarations()
    _pages.PAGE_REGISTRY.clear()
    # It is the last app's own, which may live on.
    _pages.CONFIG = type(_pages.CONFIG)()
    hooks._ns, hooks._clientside_callbacks, hooks._finals = hook_state
    for name in set(sys.modules) - modules:
        if name.startswith("pages"):
            del sys.modules[name]


def _forget_declarations() -> None:
    _callback.GLOBAL_CALLBACK_LIST.clear()
    _callback.GLOBAL_CALLBACK_MAP.clear()
    _callback.GLOBAL_INLINE_SCRIPTS.clear()
    getattr(_callback, "GLOBAL_API_PATHS", {}).clear()
    global_callbacks.clear()


def pytest_configure(config: pytest.Config) -> None:
    """Give the servers of each of several pytest workers ports of their own."""
    number = int(getattr(config, "workerinput", {}).get("workerid", "gw0").removeprefix("gw"))
    runners = sys.modules.get("dash.testing.application_runners")
    if runners is not None:
        runners.BaseDashRunner._next_port += 500 * number


@pytest.hookimpl(optionalhook=True)
def pytest_setup_options() -> Any:
    """Tell dash.testing how to start Chromium."""
    from selenium.webdriver.chrome.options import Options

    options = Options()
    for argument in CHROMIUM:
        options.add_argument(argument)
    return options

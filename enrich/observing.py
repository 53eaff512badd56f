"""The door to the diagnostics: nothing of them is imported before an app asks for a check or for the inspector."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from enrich import dash_internals

if TYPE_CHECKING:
    from enrich.app import DashProxy

_log = logging.getLogger("enrich.app")
# Quiet, unless somebody sets up logging: Python prints the warnings of loggers that nobody listens to.
logging.getLogger("enrich").addHandler(logging.NullHandler())


class Watch(Protocol):
    """Looks at the calls of a running app, for the inspector."""

    dev_tool: Mapping[str, Any]
    """What Dash's dev tools are to show for it."""

    def handler(self, handler: Callable[..., Any], g: Any, body: Any) -> Callable[..., Any]:
        """Return what is to be called in the handler's place."""
        ...

    def opened(self, store: Any) -> None:
        """Hear that the app's store was opened."""

    def about_to_serve(self) -> None:
        """Hear that the app has been set up, just before its callbacks are frozen."""


def check(app: DashProxy, *, starting: bool = False) -> None:
    """Run the startup checks; what they have told before they do not tell again.

    An app that says nothing of ``checks=`` is checked where somebody develops it, when ``app.run`` starts it or the
    dev tools are on, and not in each worker of a server.

    Raises
    ------
    CheckFailed
        With ``checks="error"``.
    """
    count = len(app._build.program.callbacks)
    _log.info("App %r serves %d callback%s", app.config.name, count, "" if count == 1 else "s")
    if app._watch is not None:
        app._watch.about_to_serve()
    if app.checks is not None or starting or app._dev_tools.ui:
        run_checks(app)


def run_checks(app: DashProxy) -> None:
    """Run the startup checks, unless the app switches them off; for a served app, ``check`` decides."""
    if app.checks != "off":
        from enrich.diagnostics.checks import report

        report(app)


def dev_tools_enabled(app: DashProxy, debug: bool) -> None:
    """Take note that Dash's dev tools were set up: with them comes the inspector, and ``app.run`` may check at once."""
    if debug and app._dev_tools.ui and app._watch is None:
        from enrich.diagnostics.watch import watch

        watch(app)
    if dash_internals.is_about_to_run(app):
        check(app, starting=True)


def with_inspector(config: dict[str, Any], watch: Watch | None) -> dict[str, Any]:
    """Add the inspector's button to what the page is told of the dev tools, where this Dash shows buttons of others."""
    if watch is None or "dev_tools" not in config:
        return config
    return {**config, "dev_tools": [*config["dev_tools"], watch.dev_tool]}

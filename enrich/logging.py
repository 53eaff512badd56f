"""Handlers of Python's own ``logging`` that write to the page, from inside any callback."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import dash
from dash import Output, html

from enrich.dash_internals import context
from enrich.dash_internals.views import append_to_prop, page_context
from enrich.transforms.log_writers import LogWriter, LogWriters, get_default_log_writers, writer_of


def set_props(component_id: Any, props: Mapping[str, Any], append: bool = False) -> None:
    """Set properties of a component from inside a callback, as ``dash.set_props``, or append to lists of its own.

    Parameters
    ----------
    component_id:
        The component's id, a string or a dict.
    props:
        The values by property.
    append:
        Add each value to the list that this call gives the property, in place of the value before. Default ``False``.
    """
    if not append:
        dash.set_props(component_id, dict(props))
        return
    for name, value in props.items():
        append_to_prop(context(), component_id, name, value)


def get_notification_log_writers() -> dict[int, LogWriter]:
    """Writers that make notifications of dash-mantine-components.

    Raises
    ------
    ImportError
        If dash-mantine-components is not installed.
    """
    from enrich.transforms.notifications import notification_log_writers

    return notification_log_writers()


class DashLogHandler(logging.Handler):
    """Show what is logged inside a callback to the user whose call it is, in a component of the page.

    Records appear with the response, over a WebSocket and from a background job at once. Outside of a callback nothing
    happens. Several records of one call appear in order; they replace those of the call before. It works in every Dash
    app, whoever logs: give it to the logger of a library, and its messages appear.

    Parameters
    ----------
    output:
        The property that receives the list of lines, such as ``Output("my-log", "children")``.
    log_writers:
        Functions that make a component of a message, by level. A level without one is written by that of the next
        lower level; what is below all of them does not appear.
    layout:
        The component, or a list of them, that ``embed()`` returns.
    level:
        The lowest level that is handled. Default ``logging.DEBUG``: all.

    Examples
    --------
    >>> import logging
    >>> from enrich import DashLogHandler, Output, html
    >>> handler = DashLogHandler(Output("my-log", "children"), {logging.INFO: html.P}, html.Div(id="my-log"))
    >>> layout = html.Div([html.Button(id="run"), *handler.embed()])
    >>> log = handler.setup_logger("my_app")
    >>> log.info("not in a callback, so nobody sees this")
    """

    def __init__(
        self, output: Any, log_writers: LogWriters, layout: Any = None, level: int = logging.DEBUG
    ) -> None:
        super().__init__(level=level)
        self.output = output
        self.log_writers = log_writers
        self.layout = layout

    def emit(self, record: logging.LogRecord) -> None:
        """Append the record to the lines of the running call."""
        whole = page_context()
        write = writer_of(self.log_writers, record.levelno)
        if not whole or write is None:
            return
        try:
            message = self.format(record) if self.formatter is not None else record.getMessage()
            line = write(message)
            append_to_prop(whole, self.output.component_id, self.output.component_property, line)
        except Exception:
            # Logging's own way: a message that can't be shown does not end the callback.
            self.handleError(record)

    def embed(self) -> list[Any]:
        """The components to put into the layout."""
        if self.layout is None:
            return []
        return list(self.layout) if isinstance(self.layout, list | tuple) else [self.layout]

    def setup_logger(
        self, logger_name: str = "dash_extensions", level: int = logging.DEBUG
    ) -> logging.Logger:
        """Give this handler to a logger, and return that.

        Parameters
        ----------
        logger_name:
            The logger's name. The default is that of older libraries.
        level:
            The lowest level that the logger lets through. Default ``logging.DEBUG``.
        """
        logger = logging.getLogger(logger_name)
        logger.addHandler(self)
        logger.setLevel(level)
        return logger


class DivLogHandler(DashLogHandler):
    """Show what is logged inside a callback as lines of text.

    Parameters
    ----------
    log_div:
        The component that holds the lines. Default: a ``html.Div`` with the id ``"div_log_handler"``.

    Examples
    --------
    >>> from enrich import DivLogHandler, html
    >>> handler = DivLogHandler()
    >>> layout = html.Div([html.Button(id="run"), *handler.embed()])
    """

    def __init__(self, log_div: Any = None) -> None:
        box = html.Div(id="div_log_handler") if log_div is None else log_div
        super().__init__(Output(box, "children"), get_default_log_writers(), box)


class NotificationsLogHandler(DashLogHandler):
    """Show what is logged inside a callback as notifications of dash-mantine-components.

    Put what ``embed()`` returns inside the ``MantineProvider`` of the layout.

    Parameters
    ----------
    log_div:
        The component that holds the notifications. Default: a ``html.Div`` with the id
        ``"notifications_log_handler"``.
    notifications_provider:
        The component that shows them. Default: that of the installed dash-mantine-components.

    Raises
    ------
    ImportError
        If dash-mantine-components is not installed.
    """

    def __init__(self, log_div: Any = None, notifications_provider: Any = None) -> None:
        from enrich.transforms.notifications import notification_container

        box = html.Div(id="notifications_log_handler") if log_div is None else log_div
        provider = notification_container() if notifications_provider is None else notifications_provider
        super().__init__(Output(box, "children"), get_notification_log_writers(), html.Div([provider, box]))

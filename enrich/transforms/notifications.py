"""Log lines as notifications of dash-mantine-components, in each of its generations."""

from __future__ import annotations

import logging
import uuid
from typing import Any

import dash_mantine_components as dmc
from dash import html

from enrich.dash_internals.components import is_component, map_props
from enrich.transforms.log_writers import LogWriter

_CONTAINERS = tuple(
    getattr(dmc, name)
    for name in ("NotificationContainer", "NotificationProvider", "NotificationsProvider")
    if hasattr(dmc, name)
)
"""What shows notifications, the newest name first."""

_LOOKS = {
    logging.INFO: ("blue", "Info"),
    logging.WARNING: ("yellow", "Warning"),
    logging.ERROR: ("red", "Error"),
}


def notification_log_writers() -> dict[int, LogWriter]:
    return {level: _notification(color, title) for level, (color, title) in _LOOKS.items()}


def _notification(color: str, title: str) -> LogWriter:
    def write(message: Any, **kwargs: Any) -> Any:
        own = {
            "color": color,
            "title": title,
            "message": message,
            "id": str(uuid.uuid4()),
            "autoClose": False,
        }
        return dmc.Notification(**{**own, "action": "show", **kwargs})

    return write


def notification_container() -> Any:
    return _CONTAINERS[0]()


def with_container(layout: Any) -> Any:
    """Give a layout something that shows notifications, if it has nothing yet: inside its own theme, if it has one."""
    parts = list(_walk(layout))
    if any(isinstance(part, _CONTAINERS) for part in parts):
        return layout
    provider = getattr(dmc, "MantineProvider", None)
    theme = next((part for part in parts if provider is not None and isinstance(part, provider)), None)
    if theme is not None:
        return _replaced(layout, theme)
    shown = notification_container()
    # Since 0.14, components have to stand inside a theme.
    return html.Div([*_as_list(layout), provider(shown) if provider is not None else shown])


def _as_list(children: Any) -> list[Any]:
    return list(children) if isinstance(children, list | tuple) else [] if children is None else [children]


def _walk(node: Any) -> Any:
    if isinstance(node, list | tuple):
        for child in node:
            yield from _walk(child)
    elif is_component(node):
        yield node
        yield from _walk(getattr(node, "children", None))


def _replaced(node: Any, theme: Any) -> Any:
    if node is theme:
        children = [*_as_list(getattr(theme, "children", None)), notification_container()]
        return map_props(theme, lambda name, prop: children if name == "children" else prop)
    if isinstance(node, list | tuple):
        return [_replaced(child, theme) for child in node]
    if is_component(node):
        return map_props(node, lambda name, prop: _unless_same(prop, theme) if name == "children" else prop)
    return node


def _unless_same(prop: Any, theme: Any) -> Any:
    return _replaced(prop, theme) if any(part is theme for part in _walk(prop)) else prop

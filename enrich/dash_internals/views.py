"""The author's view of a call: the same call, with the ids that its author wrote."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, MutableMapping
from typing import Any

from dash._utils import AttributeDict

from enrich.dash_internals.context import context, id_text

Rename = Callable[[Any], Any]
"""Maps a component's id, a string or a dict."""

_PAGE = "enrich_page"
_ITEMS = ("inputs_list", "states_list", "outputs_list", "args_grouping", "outputs_grouping")


def renamed_view(whole: Any, to_author: Rename, to_page: Rename, show: Callable[[Any], Any]) -> Any:
    """Make a ``ctx`` in which components have other names; the response stays shared with the given one.

    Parameters
    ----------
    whole:
        The context of the call.
    to_author, to_page:
        From the page's ids to the author's, and back.
    show:
        Maps the values that ``set_props`` is given.
    """

    def prop_id(text: str) -> str:
        component, _, prop = text.rpartition(".")
        return f"{_renamed_text(component, to_author)}.{prop}"

    def shown(text: str, value: Any) -> Any:
        return map_ids(value, to_author) if text.endswith(".id") else value

    view = AttributeDict(whole)
    view[_PAGE] = whole.get(_PAGE, whole)
    for name in _ITEMS:
        if whole.get(name):
            view[name] = _renamed_items(whole[name], to_author)
    for name in ("input_values", "state_values"):
        if whole.get(name):
            view[name] = {prop_id(text): shown(text, value) for text, value in whole[name].items()}
    if whole.get("triggered_inputs"):
        view["triggered_inputs"] = [
            {**t, "prop_id": prop_id(t["prop_id"]), "value": shown(t["prop_id"], t["value"])}
            for t in whole["triggered_inputs"]
        ]
    if "updated_props" in whole:
        view["updated_props"] = _RenamedProps(whole["updated_props"], to_page, show)
    if whole.get("dash_websocket") is not None:
        view["dash_websocket"] = _RenamedSocket(whole["dash_websocket"], to_page, show)
    return view


def _renamed_items(node: Any, rename: Rename) -> Any:
    if isinstance(node, list | tuple):
        return [_renamed_items(child, rename) for child in node]
    if not isinstance(node, dict):
        return node
    if not ("id" in node and isinstance(node.get("property"), str)):
        return AttributeDict({key: _renamed_items(child, rename) for key, child in node.items()})
    item = AttributeDict(node)
    # dash-renderer sends the declaration itself, its id as text, for a component that is not on the page.
    item["id"] = _renamed_text(node["id"], rename) if isinstance(node["id"], str) else rename(node["id"])
    if "str_id" in node:
        item["str_id"] = id_text(item["id"])
    if node["property"] == "id" and "value" in node:
        item["value"] = map_ids(node["value"], rename)
    return item


def map_ids(value: Any, rename: Rename) -> Any:
    """Rename in the value of a component's own ``id``, or in a list of such values; what is no id stays."""
    if isinstance(value, list | tuple):
        return [map_ids(part, rename) for part in value]
    return rename(value) if isinstance(value, str | dict) else value


def _renamed_text(text: str, rename: Rename) -> Any:
    return id_text(rename(json.loads(text))) if text.startswith("{") else rename(text)


class _RenamedProps(MutableMapping[str, Any]):
    """What ``set_props`` has queued, under the author's ids."""

    def __init__(self, queued: Any, to_page: Rename, show: Callable[[Any], Any]) -> None:
        self._queued, self._to_page, self._show = queued, to_page, show

    def _key(self, component_id: str) -> Any:
        return _renamed_text(component_id, self._to_page)

    def __getitem__(self, component_id: str) -> Any:
        found = self.get(component_id)
        if found is None:
            raise KeyError(component_id)
        return found

    def get(self, component_id: str, default: Any = None) -> Any:
        return self._queued.get(self._key(component_id), default)

    def __setitem__(self, component_id: str, props: Any) -> None:
        key = self._key(component_id)
        known = self._queued.get(key) or {}
        # Dash gives back what was queued before, which has the page's ids already.
        self._queued[key] = {name: self._shown(value, known.get(name)) for name, value in props.items()}

    def _shown(self, value: Any, known: Any) -> Any:
        if value is known:
            return value
        if isinstance(value, list) and isinstance(known, list):
            same = {id(part) for part in known}
            return [part if id(part) in same else self._show(part) for part in value]
        return self._show(value)

    def __delitem__(self, component_id: str) -> None:
        del self._queued[self._key(component_id)]

    def __iter__(self) -> Iterator[str]:
        return iter(self._queued)

    def __len__(self) -> int:
        return len(self._queued)


class _RenamedSocket:
    """A WebSocket that takes the author's ids (``set_props`` sends at once there)."""

    def __init__(self, socket: Any, to_page: Rename, show: Callable[[Any], Any]) -> None:
        self._socket, self._to_page, self._show = socket, to_page, show

    def __getattr__(self, name: str) -> Any:
        return getattr(self._socket, name)

    def set_prop_sync(self, component_id: str, prop_name: str, value: Any) -> None:
        self._socket.set_prop_sync(_renamed_text(component_id, self._to_page), prop_name, self._show(value))

    async def set_prop(self, component_id: str, prop_name: str, value: Any) -> None:
        await self._socket.set_prop(_renamed_text(component_id, self._to_page), prop_name, self._show(value))

    async def get_prop(self, component_id: str, prop_name: str, *args: Any, **kwargs: Any) -> Any:
        name = _renamed_text(component_id, self._to_page)
        return await self._socket.get_prop(name, prop_name, *args, **kwargs)


def page_context() -> Any:
    """The context of the running callback with the page's own ids; empty outside of one."""
    whole = context()
    return whole.get(_PAGE, whole)


def append_to_prop(whole: Any, component_id: Any, prop: str, value: Any) -> None:
    """Append to the list that a call gives a property of a component; over a WebSocket it is sent at once.

    Parameters
    ----------
    whole:
        The context of the call; its ids are those that ``component_id`` is one of.
    """
    queued = whole.get("updated_props")
    if queued is None:
        return
    key = id_text(component_id)
    known = queued.get(key) or {}
    queued[key] = {**known, prop: [*known.get(prop, ()), value]}
    _send(whole.get("dash_websocket"), key, prop, queued.get(key)[prop])


def _send(socket: Any, key: str, prop: str, value: Any) -> None:
    while isinstance(socket, _RenamedSocket):
        key, socket = _renamed_text(key, socket._to_page), socket._socket
    if hasattr(socket, "set_prop_sync"):
        socket.set_prop_sync(key, prop, value)

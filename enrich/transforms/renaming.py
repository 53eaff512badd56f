"""The ids in layouts and in values under a prefix: in copies, or in place where an app does it by hand."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any

from dash import Patch

from enrich import dash_internals
from enrich.callbacks.spec import CallbackSpec
from enrich.callbacks.tree import map_children
from enrich.dash_internals.components import Found, is_component, map_props
from enrich.dash_internals.views import renamed_view
from enrich.transforms.names import Escape, Names, apply_prefix

PrefixFunc = Callable[[str, Any, Escape], None]

ID_PROPS = frozenset({"htmlFor", "html_for", "target_id"})
"""Properties that hold the id of another component, whatever the component."""

_TARGETS = frozenset({"dash_bootstrap_components", "dash_mantine_components"})
"""Libraries whose ``target`` names a component; elsewhere it may be a window, as in a link."""

_OF_HTML = frozenset({"form", "headers", "list"})
"""Properties that hold the ids of others in HTML's own elements, and may hold anything elsewhere."""

_HTML = frozenset({"dash_html_components", "dash_core_components", *_TARGETS})
"""Libraries whose components hand those on to the elements."""

_ARIA = frozenset(
    f"aria-{name}"
    for name in (
        "activedescendant",
        "controls",
        "describedby",
        "details",
        "errormessage",
        "flowto",
        "labelledby",
        "owns",
    )
)


class Renamer:
    """Renames the ids in layouts and in values, in copies."""

    def __init__(self, names: Names, prefix_func: PrefixFunc | None) -> None:
        self.names = names
        self.prefix_func = prefix_func

    def author_view(self) -> AbstractContextManager[Any]:
        """A bracket in which ``ctx`` and ``set_props`` have the author's ids."""
        whole = dash_internals.context()
        view = renamed_view(whole, self.names.author, self.names.page_unless_written, self.returned)
        return dash_internals.use_context(view)

    def reporting(self, function: Callable[..., Any], _spec: CallbackSpec) -> Callable[..., Any]:
        """Rename in what a background callback reports of its progress."""

        @functools.wraps(function)
        def run(set_progress: Callable[[Any], Any], *args: Any, **kwargs: Any) -> Any:
            return function(lambda value: set_progress(self.returned(value)), *args, **kwargs)

        return run

    def everywhere(self, layout: Any) -> Any:
        """Rename in a layout: every id in it is as its author wrote it."""
        return self._map(layout, _Renaming(self.names.page, layout, self.names))

    def returned(self, value: Any) -> Any:
        """Rename in what a callback made, which may have ids that its author prefixed by hand."""
        return self._map(value, _Renaming(self.names.page_unless_written, value, self.names))

    def _map(self, value: Any, rename: _Renaming) -> Any:
        if is_component(value):
            return self._map_component(value, rename)
        if isinstance(value, Patch):
            return dash_internals.map_component(lambda part: self._map(part, rename), value)
        if (
            isinstance(value, dict)
            and value.keys() == {"type", "namespace", "props"}
            and isinstance(value["props"], dict)
        ):
            return {**value, "props": self._map_component_props(value, rename)}
        return map_children(lambda part: self._map(part, rename), value)

    def _map_component_props(self, component: Mapping[str, Any], rename: _Renaming) -> Any:
        """Of a component in its JSON form."""
        return {
            name: self._map_prop(component["namespace"], name, prop, rename)
            for name, prop in component["props"].items()
        }

    def _map_component(self, component: Any, rename: _Renaming) -> Any:
        namespace = getattr(component, "_namespace", "")
        if self.prefix_func is None:
            return map_props(component, lambda name, prop: self._map_prop(namespace, name, prop, rename))
        own = copy.copy(component)
        if isinstance(getattr(own, "id", None), dict):
            own.id = dict(own.id)
        self.prefix_func(self.names.prefix, own, self.names.escape)
        return map_props(own, lambda name, prop: prop if name == "id" else self._map(prop, rename))

    def _map_prop(self, namespace: str, name: str, prop: Any, rename: _Renaming) -> Any:
        if prop is None:
            return prop
        if name == "id":
            return rename(prop)
        if name in ID_PROPS or (name == "target" and namespace in _TARGETS):
            return self.names.reference(prop, rename)
        if name in _ARIA and isinstance(prop, str):
            return " ".join(str(rename(part)) for part in prop.split())
        if name in _OF_HTML and namespace in _HTML and isinstance(prop, str):
            return " ".join(rename(part) if rename.is_own(part) else part for part in prop.split())
        if name == "target_components" and isinstance(prop, dict):
            return {self.names.reference(key, rename): value for key, value in prop.items()}
        return self._map(prop, rename)


class _Renaming:
    """One way through a layout or a value."""

    def __init__(self, rename: Callable[[Any], Any], whole: Any, names: Names) -> None:
        self._rename, self._whole, self._names = rename, whole, names

    def __call__(self, component_id: Any) -> Any:
        return self._rename(component_id)

    def is_own(self, text: str) -> bool:
        """Is it surely the id of a component that gets the prefix: one in the whole, or one of the callbacks'?"""
        return text in self._ids or self._names.is_known(text)

    @functools.cached_property
    def _ids(self) -> frozenset[str]:
        found = Found()
        found.search(self._whole)
        return frozenset(
            component_id for component_id, _ in found.components if isinstance(component_id, str)
        )


def prefix_component(prefix: str, component: Any, escape: Escape) -> None:
    """Prefix the id of one component, and the ``target`` of a tooltip, in place."""
    if getattr(component, "id", None) is not None:
        component.id = apply_prefix(prefix, component.id, escape)
    if getattr(component, "_namespace", None) in _TARGETS and getattr(component, "target", None) is not None:
        component.target = Names(prefix, escape).reference(component.target)


def prefix_recursively(item: Any, prefix: str, prefix_func: PrefixFunc, escape: Escape) -> None:
    """Apply a ``prefix_func`` to a component and to all that its properties hold, in place."""

    def visit(part: Any) -> Any:
        if is_component(part):
            prefix_func(prefix, part, escape)
            map_props(part, lambda name, prop: prop if name == "id" else visit(prop))
        else:
            map_children(visit, part)
        return part

    visit(item)

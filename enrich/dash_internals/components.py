"""Components, in layouts and in values: what ids there are, and which properties each has."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from dash import Dash, Patch, hooks, page_registry
from dash._utils import stringify_id
from dash.development.base_component import Component

from enrich.dash_internals.recording import explained_duplicates

_PLAIN = (str, int, float, bool, type(None))


@dataclass(slots=True)
class Found:
    """What was met in a layout."""

    components: list[tuple[Any, Component | None]] = field(default_factory=list)
    """Ids, with their components; ``None`` for a component that stands there as JSON."""
    is_whole: bool = True
    """Was everything in it a component or plain data?"""

    def search(self, layout: Any) -> None:
        """Add what a layout holds, in properties too."""
        waiting = [layout]
        seen: set[int] = set()
        while waiting:
            node = waiting.pop()
            # By its type first: a component's class is abstract, and isinstance() of such a class takes its time.
            kind = type(node)
            if kind in _PLAIN or id(node) in seen:
                continue
            seen.add(id(node))
            if kind is list or kind is tuple:
                waiting.extend(node)
            elif isinstance(node, Component):
                own = node.__dict__
                component_id = own.get("id")
                if component_id is not None:
                    self.components.append((component_id, node))
                waiting += [
                    value
                    for name, value in own.items()
                    if type(value) not in _PLAIN
                    and name not in _NOT_PROPERTIES
                    and isinstance(value, _HOLDERS)
                ]
                if not isinstance(own.get("children"), (*_PLAIN, *_HOLDERS)):
                    self.is_whole = False
            elif isinstance(node, dict):
                props = node.get("props")
                if isinstance(props, dict) and "type" in node and props.get("id") is not None:
                    self.components.append((props["id"], None))
                waiting.extend(node.values())
            elif isinstance(node, list | tuple):
                waiting.extend(node)


_HOLDERS = (Component, dict, list, tuple)
_NOT_PROPERTIES = frozenset({"id", "_prop_names", "_valid_wildcard_attributes", "available_properties"})


def property_names(component: Component) -> tuple[str, ...]:
    """The properties that a component takes; none where that isn't known."""
    return tuple(getattr(component, "_prop_names", None) or ())


def takes_property(component: Component, name: str) -> bool:
    """Does a component have a property, as far as that is known?"""
    names = getattr(component, "_prop_names", None)
    wildcards = getattr(component, "_valid_wildcard_attributes", None) or ()
    return not names or name in names or name.startswith(tuple(wildcards))


def component_type(component: Component) -> str:
    """A component's name, such as ``dcc.Store``."""
    namespaces = {"dash_core_components": "dcc", "dash_html_components": "html"}
    namespace = str(getattr(component, "_namespace", ""))
    return f"{namespaces.get(namespace, namespace)}.{getattr(component, '_type', type(component).__name__)}"


def is_component(value: Any) -> bool:
    return isinstance(value, Component)


def map_props(component: Component, function: Callable[[str, Any], Any]) -> Component:
    """Apply ``function`` to the name and the value of every property; a changed copy, or the same object."""
    names = [name for name in component._prop_names if name in component.__dict__]
    names += [name for name in component.__dict__ if name.startswith(("aria-", "data-"))]
    changed = {
        name: new
        for name in dict.fromkeys(names)
        if (new := function(name, old := getattr(component, name))) is not old
    }
    return _with_props(component, changed)


def _with_props(component: Component, changed: dict[str, Any]) -> Component:
    if not changed:
        return component
    changed_copy = copy.copy(component)
    for name, new in changed.items():
        setattr(changed_copy, name, new)
    return changed_copy


def parts(value: Any) -> list[tuple[str, Any]]:
    """What a list, a dict or a component holds, each part with the step to it."""
    if isinstance(value, list | tuple):
        return [(f"[{index}]", part) for index, part in enumerate(value)]
    if isinstance(value, dict):
        return [(f"[{key!r}]", part) for key, part in value.items()]
    if isinstance(value, Component):
        return [(f".{prop}", part) for prop, part in value.to_plotly_json()["props"].items()]
    return []


def map_component(function: Callable[[Any], Any], value: Any) -> Any:
    """Apply ``function`` to what a component or a ``Patch`` holds; a changed copy, or the same object."""
    if isinstance(value, Component):
        held = {name: getattr(value, name) for name in value._prop_names if hasattr(value, name)}
        return _with_props(value, {n: new for n, old in held.items() if (new := function(old)) is not old})
    if isinstance(value, Patch):
        operations = [{**op, "params": function(op["params"])} for op in value._operations]
        if all(a["params"] is b["params"] for a, b in zip(operations, value._operations, strict=True)):
            return value
        patch = Patch()
        patch._operations = operations
        return patch
    return value


def repeated_ids(layout: Any) -> dict[str, list[Component]]:
    """The ids that several components of a layout have, with those: what Dash looks at before it serves an app."""
    found: dict[str, list[Component]] = {}
    for part in layout if isinstance(layout, list | tuple) else [layout]:
        # A text may stand in a list, and is no component.
        for component in (part, *part._traverse()) if isinstance(part, Component) else ():
            component_id = getattr(component, "id", None)
            if component_id is not None:
                found.setdefault(str(stringify_id(component_id)), []).append(component)
    return {component_id: components for component_id, components in found.items() if len(components) > 1}


@dataclass(slots=True)
class Layouts:
    """All layouts of an app, as far as they are known."""

    base: tuple[Any, ...] = ()
    """What is there on every page."""
    pages: dict[str, Any] = field(default_factory=dict)
    """What each page adds."""
    is_whole: bool = True
    """Is nothing missing?"""
    functions: tuple[Any, ...] = ()
    """The functions that make layouts: each call may give another one."""


def layouts_of(app: Dash) -> Layouts:
    """Collect an app's layouts; those that functions make are taken from where Dash keeps them for its validation."""
    layout, validation = app._layout, app.validation_layout
    functions = [layout] if callable(layout) else []
    base: tuple[Any, ...] = ()
    if not callable(layout):
        base = (layout,) if layout is not None else ()
    pages: dict[str, Any] = {}
    # A hook may put anything beside the layout, each time it is served.
    is_whole = layout is not None and not hooks.get_hooks("layout")
    if not app.use_pages:
        base = (*base, validation) if validation is not None else base
        is_whole = is_whole and (not callable(layout) or validation is not None)
        return Layouts(base, pages, is_whole, tuple(functions))
    own = {str(page["path_template"] or page["path"]): page.get("layout") for page in page_registry.values()}
    functions.extend(value for value in own.values() if callable(value))
    has_run = app._got_first_request["pages"] and not app.config.suppress_callback_exceptions
    parts = getattr(validation, "children", None) if has_run else None
    if isinstance(parts, list) and len(parts) >= len(own):
        # Dash puts the layouts of all pages in front of the app's own.
        pages = dict(zip(own, parts, strict=False))
        base = (*base, *parts[len(own) :])
        return Layouts(base, pages, is_whole, tuple(functions))
    pages = {path: value for path, value in own.items() if not callable(value)}
    # Later pages may still be registered.
    return Layouts(base, pages, False, tuple(functions))


def set_layout(app: Any, layout: Any) -> None:
    """Set an app's layout as Dash does, with its checks."""
    with explained_duplicates(app):
        Dash.layout.fset(app, layout)  # type: ignore[attr-defined]

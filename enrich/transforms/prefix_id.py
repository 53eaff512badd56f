"""Prefix: ids that can't collide, so that one part of an app can stand on a page several times."""

from __future__ import annotations

import copy
import functools
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

from dash import Patch
from dash.dependencies import DashDependency

from enrich import dash_internals
from enrich.callbacks.clientside import compose, target_of
from enrich.callbacks.declare import is_trigger
from enrich.callbacks.spec import CallbackSpec, Clientside, FrozenId, Joint, Program, Slot
from enrich.callbacks.tree import grouping, keep_leaves, map_children
from enrich.dash_internals.components import Found, is_component, map_props
from enrich.dash_internals.views import map_ids, renamed_view
from enrich.transforms.base import DashTransform
from enrich.transforms.names import Escape, Names, apply_prefix, default_prefix_escape

PrefixFunc = Callable[[str, Any, Escape], None]

_ID_PROPS = frozenset({"htmlFor", "html_for", "target_id"})
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


class PrefixIdTransform(DashTransform):
    """Put a prefix before every id of an app or a blueprint, so that it can stand on a page beside others.

    Strings become ``prefix-id``. In a dict each string becomes so, numbers and wildcards stay. It holds for callbacks
    and their ``running``, ``progress`` and ``cancel``, for the layout, for what callbacks return and give to
    ``set_props``; and ``ctx`` shows the ids as written. Nothing of the author's is changed in place.

    Parameters
    ----------
    prefix:
        The text before the dash.
    prefix_func:
        ``prefix_func(prefix, component, escape)`` changes the ids of one component (a copy) in place. Default: ``id``
        and the properties that name other components, such as ``htmlFor`` and the ``target`` of a tooltip.
    escape:
        Tells whether an id, a string or a dict, stays as it is. Default: ids that start with ``a-`` or ``anchor-``.

    Examples
    --------
    >>> from enrich import DashBlueprint, DashProxy, Input, Output, PrefixIdTransform, html
    >>> counter = DashBlueprint(transforms=[PrefixIdTransform("left")])
    >>> counter.layout = html.Div([html.Button(id="button"), html.Div(id="log")])
    >>> @counter.callback(Output("log", "children"), Input("button", "n_clicks"))
    ... def count(n_clicks):
    ...     return n_clicks
    >>> app = DashProxy("doc")
    >>> app.layout = counter.embed(app)
    >>> sorted(app.callback_map)
    ['left-log.children']
    """

    after = ("LogTransform", "LoadingTransform", "BlockingCallbackTransform", "CycleBreakerTransform")

    def __init__(
        self, prefix: str, prefix_func: PrefixFunc | None = None, escape: Escape | None = None
    ) -> None:
        self.prefix = prefix
        self.prefix_func = prefix_func
        self.escape = escape if escape is not None else default_prefix_escape

    def __repr__(self) -> str:
        return f"PrefixIdTransform({self.prefix!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PrefixIdTransform) and self._settings() == other._settings()

    def __hash__(self) -> int:
        return hash(self._settings())

    def _settings(self) -> tuple[Any, ...]:
        return self.prefix, self.prefix_func, self.escape

    def apply(self, program: Program, /) -> Program:
        names = Names(self.prefix, self.escape, _ids(program.callbacks))
        layout = _Layout(self, names)
        return program.with_changes(
            callbacks=tuple(_prefixed(spec, layout) for spec in program.callbacks),
            components=tuple(layout.everywhere(component) for component in program.components),
            layout_maps=(*program.layout_maps, layout.everywhere),
        )

    def transform_layout(self, layout: Any) -> None:
        """Prefix the ids of a layout in place, for apps that call this themselves."""
        prefix_recursively(layout, self.prefix, self.prefix_func or prefix_component, self.escape)


def _ids(callbacks: tuple[CallbackSpec, ...]) -> Iterator[str | FrozenId]:
    for spec in callbacks:
        for slot in (*spec.output_slots(), *spec.input_slots()):
            yield slot.id


# --- callbacks --------------------------------------------------------------------------------------


def _prefixed(spec: CallbackSpec, layout: _Layout, *, of_group: bool = False) -> CallbackSpec:
    names = layout.names

    def refer(component_id: Any) -> Any:
        return names.reference(component_id, names.page_unless_written)

    def rename(slot: Slot) -> Slot:
        if slot.role == "output" and slot.prop in ("id", *_ID_PROPS):
            slot = slot.with_changes(converts=(*slot.converts, lambda value, *_: map_ids(value, refer)))
        elif slot.prop == "id" and slot.passed:
            # The outermost prefix is the last to be put on, and comes off first.
            slot = slot.with_changes(
                converts=(lambda value, *_: map_ids(value, names.author), *slot.converts)
            )
        return slot.with_changes(id=names.of_slot(slot.id))

    written = spec
    spec = spec.map_slots(rename).with_changes(
        options=_options(spec, layout, of_group=of_group),
        flags=_flags(spec.flags, names),
        # What was told apart by a name of its own must stay so when it stands on the page twice.
        salt=None if spec.salt is None else f"{names.prefix}-{spec.salt}",
    )
    if isinstance(spec.func, Joint):
        members = tuple(replace(m, spec=_prefixed(m.spec, layout, of_group=True)) for m in spec.func.members)
        return spec.with_changes(func=Joint(members))
    if isinstance(spec.func, Clientside):
        return spec.with_changes(func=_clientside_view(written, names)) if spec.func.is_authors else spec
    reports = spec.is_background and spec.options["background"].get("progress") is not None
    return spec.with_changes(
        around=(layout.author_view, *spec.around),
        finish=(*spec.finish, layout.returned),
        outer=(*spec.outer, layout.reporting) if reports else spec.outer,
    )


def _clientside_view(spec: CallbackSpec, names: Names) -> Clientside:
    func: Clientside = spec.func  # type: ignore[assignment]
    view = compose(("prefix.js",), names.for_scripts(), "view")
    target = target_of(func)
    if any(slot.prop == "id" for slot in (*spec.input_slots(), *spec.output_slots())):
        # The app's own transforms, which hide triggers, come later.
        seen = keep_leaves(lambda slot: slot.passed and not is_trigger(slot), spec.inputs)
        arguments = seen if isinstance(seen, tuple) else (seen,)
        for tree in (arguments, spec.outputs):
            target += f", {json.dumps(grouping(lambda slot: slot.prop == 'id', tree))}"
    return Clientside(source=f"{view}({target})", is_authors=True)


def _flags(flags: Mapping[str, Any], names: Names) -> Mapping[str, Any]:
    group = flags.get("group")
    if group is None:
        return flags
    # Each place has a group of its own; otherwise a click here would carry the inputs of all places.
    own = f"{names.prefix}-{group}" if isinstance(group, str) else (names.prefix, group)
    return {**flags, "group": own}


def _options(spec: CallbackSpec, layout: _Layout, *, of_group: bool) -> dict[str, Any]:
    own = dict(spec.options)
    if spec.running:
        own["running"] = [
            (_dependency(output, layout.names), layout.returned(on), layout.returned(off))
            for output, on, off in spec.running
        ]
    if own.get("background"):
        own["background"] = {name: _background(v, name, layout) for name, v in own["background"].items()}
    if own.get("on_error"):
        own["on_error"] = _on_error(own["on_error"], layout, of_group=of_group)
    return own


def _background(value: Any, name: str, layout: _Layout) -> Any:
    if name in ("progress", "cancel_inputs") and value:
        return [_dependency(one, layout.names) for one in value]
    return layout.returned(value) if name == "progressDefault" else value


def _dependency(dependency: Any, names: Names) -> Any:
    if not isinstance(dependency, DashDependency):
        return dependency
    renamed = copy.copy(dependency)
    renamed.component_id = names.page(dependency.component_id)
    return renamed


def _on_error(
    handler: Callable[[Exception], Any], layout: _Layout, *, of_group: bool
) -> Callable[[Exception], Any]:
    def handle(error: Exception) -> Any:
        with layout.author_view():
            value = handler(error)
        # Elsewhere it is finished like a result.
        return layout.returned(value) if of_group else value

    return handle


# --- what holds components --------------------------------------------------------------------------


class _Layout:
    """Renames the ids in layouts and in values, in copies."""

    def __init__(self, transform: PrefixIdTransform, names: Names) -> None:
        self.names = names
        self.prefix_func = transform.prefix_func
        self.escape = transform.escape

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
        self.prefix_func(self.names.prefix, own, self.escape)
        return map_props(own, lambda name, prop: prop if name == "id" else self._map(prop, rename))

    def _map_prop(self, namespace: str, name: str, prop: Any, rename: _Renaming) -> Any:
        if prop is None:
            return prop
        if name == "id":
            return rename(prop)
        if name in _ID_PROPS or (name == "target" and namespace in _TARGETS):
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


# --- by hand ----------------------------------------------------------------------------------------


def prefix_component(prefix: str, component: Any, escape: Escape) -> None:
    """Prefix the id of one component, and the ``target`` of a tooltip, in place."""
    if getattr(component, "id", None) is not None:
        component.id = apply_prefix(prefix, component.id, escape)
    if getattr(component, "_namespace", None) in _TARGETS and getattr(component, "target", None) is not None:
        component.target = Names(prefix, escape).reference(component.target)


def prefix_recursively(item: Any, prefix: str, prefix_func: PrefixFunc, escape: Escape) -> None:
    """Apply a ``prefix_func`` to a component and to all that its properties hold, in place."""
    if isinstance(item, list | tuple):
        for child in item:
            prefix_recursively(child, prefix, prefix_func, escape)
    elif type(item) is dict:
        for child in item.values():
            prefix_recursively(child, prefix, prefix_func, escape)
    elif is_component(item):
        prefix_func(prefix, item, escape)
        map_props(item, lambda name, prop: _visited(name, prop, prefix, prefix_func, escape))


def _visited(name: str, prop: Any, prefix: str, prefix_func: PrefixFunc, escape: Escape) -> Any:
    if name != "id":
        prefix_recursively(prop, prefix, prefix_func, escape)
    return prop


def dynamic_prefix(app: Any, component: Any) -> None:
    """Prefix the ids of a component in place, by the ``PrefixIdTransform`` of an app or a blueprint.

    A callback has no need of it: what it returns is prefixed in any case, and what this has prefixed stays as it is.

    Parameters
    ----------
    app:
        The app or the blueprint; nothing happens if it has no ``PrefixIdTransform``.
    component:
        The component, with all that it holds.
    """
    found = next((t for t in app.transforms if isinstance(t, PrefixIdTransform)), None)
    if found is not None:
        found.transform_layout(component)

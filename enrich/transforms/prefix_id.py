"""Prefix: ids that can't collide, so that one part of an app can stand on a page several times."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from dash.dependencies import DashDependency

from enrich.callbacks.clientside import compose, target_of
from enrich.callbacks.declare import is_trigger
from enrich.callbacks.spec import CallbackSpec, Clientside, FrozenId, Joint, Program, Slot
from enrich.callbacks.tree import grouping, keep_leaves
from enrich.dash_internals.views import map_ids
from enrich.transforms.base import DashTransform
from enrich.transforms.names import Escape, Names, default_prefix_escape
from enrich.transforms.renaming import ID_PROPS, PrefixFunc, Renamer, prefix_component, prefix_recursively


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
        layout = Renamer(names, self.prefix_func)
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


def _prefixed(spec: CallbackSpec, layout: Renamer, *, of_group: bool = False) -> CallbackSpec:
    names = layout.names

    def refer(component_id: Any) -> Any:
        return names.reference(component_id, names.page_unless_written)

    def rename(slot: Slot) -> Slot:
        if slot.role == "output" and slot.prop in ("id", *ID_PROPS):
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


def _options(spec: CallbackSpec, layout: Renamer, *, of_group: bool) -> dict[str, Any]:
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


def _background(value: Any, name: str, layout: Renamer) -> Any:
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
    handler: Callable[[Exception], Any], layout: Renamer, *, of_group: bool
) -> Callable[[Exception], Any]:
    def handle(error: Exception) -> Any:
        with layout.author_view():
            value = handler(error)
        # Elsewhere it is finished like a result.
        return layout.returned(value) if of_group else value

    return handle


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

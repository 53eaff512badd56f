"""Checks of ids and properties against the layouts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from enrich.callbacks.spec import CallbackSpec, Slot
from enrich.dash_internals.components import component_type, property_names, repeated_ids, takes_property
from enrich.diagnostics.finding import ROLES, Finding
from enrich.diagnostics.known import KnownComponents
from enrich.meant import meant


def check_layout(callbacks: Iterable[CallbackSpec], known: KnownComponents) -> Iterator[Finding]:
    """Find ids that no layout has, properties that components lack, and inputs that are never on one page."""
    for spec in callbacks:
        if spec.options.get("optional") or _is_of_dash(spec):
            continue
        # A member of a group is skipped where its inputs are not on the page, and the others run.
        inputs = () if spec.flags.get("group") is not None else spec.input_slots()
        slots = [slot for slot in (*inputs, *spec.output_slots()) if not slot.allow_optional]
        missing = [slot for slot in slots if known.lacks(slot.id)]
        yield from _missing(spec, slots, missing, known)
        for slot in slots:
            yield from _property(spec, slot, known)
        if not missing:
            yield from _pages(spec, slots, known)


def _missing(
    spec: CallbackSpec, slots: list[Slot], missing: list[Slot], known: KnownComponents
) -> Iterator[Finding]:
    firing = [slot for slot in slots if slot.fires]
    if firing and all(slot in missing for slot in firing):
        ids = list(dict.fromkeys(str(slot.id) for slot in firing))
        hints = "".join(meant(component_id, known.components) for component_id in ids)
        which = " or ".join(f"'{component_id}'" for component_id in ids)
        yield Finding.at(spec, "never-runs", f"can never run: no layout has its input {which}.{hints}")
        missing = [slot for slot in missing if slot not in firing]
    for slot in {slot.id: slot for slot in missing}.values():
        hint = meant(str(slot.id), known.components) or (
            " If a callback adds it later, give suppress_callback_exceptions=True."
        )
        yield Finding.at(
            spec, "unknown-id", f"has {ROLES[slot.role]} '{slot}', and no layout has '{slot.id}'.{hint}"
        )


def _property(spec: CallbackSpec, slot: Slot, known: KnownComponents) -> Iterator[Finding]:
    components = known.holding(slot.id)
    # One that takes it is enough: two pages may give an id to components of different kinds.
    if not components or any(c is None or takes_property(c, slot.prop) for c in components):
        return
    first = components[0]
    yield Finding.at(
        spec,
        "unknown-property",
        f"has {ROLES[slot.role]} '{slot}', and '{slot.id}' is a {component_type(first)}, which has no property "
        f"'{slot.prop}'.{meant(slot.prop, property_names(first))}",
    )


def _pages(spec: CallbackSpec, slots: list[Slot], known: KnownComponents) -> Iterator[Finding]:
    """Find a callback that needs the components of two pages, of which only one is shown at a time."""
    if len(known.pages) < 2 or not known.is_whole or known.suppressed:
        return
    needed = {str(slot.id): slot for slot in slots if slot.role == "input" and isinstance(slot.id, str)}
    own = {
        component_id: {path for path, ids in known.pages.items() if component_id in ids}
        for component_id in needed
        if component_id in known.components and component_id not in known.everywhere
    }
    if len(own) < 2 or set.intersection(*own.values()):
        return
    where = ", ".join(f"'{needed[i]}' on {' and '.join(sorted(pages))}" for i, pages in own.items())
    yield Finding.at(
        spec,
        "never-runs",
        f"can never run: its inputs are on different pages, {where}. "
        "Give allow_optional=True to those that may be missing.",
    )


def check_ids(app: Any) -> Iterator[Finding]:
    """Find ids that the layout gives to several components; a layout that is a function is refused when it is set."""
    if app._layout is None or callable(app._layout):
        return
    for component_id, components in repeated_ids(app._layout_value()).items():
        kinds = " and ".join(f"a {component_type(component)}" for component in components)
        yield Finding(
            "duplicate-id",
            "",
            "",
            0,
            f"has the id '{component_id}' on {len(components)} components of its layout, {kinds}. "
            "Dash refuses to serve that. Give each an id of its own.",
        )


def _is_of_dash(spec: CallbackSpec) -> bool:
    module = getattr(spec.func, "__module__", None) or ""
    return module.partition(".")[0] == "dash"

"""Which components an app's pages can hold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from enrich.callbacks.overlap import fits
from enrich.callbacks.spec import CallbackSpec, Clientside, FrozenId, Joint, Program
from enrich.dash_internals.components import Found, layouts_of
from enrich.diagnostics.mentions import Mentions


class KnownComponents:
    """The components of an app's layouts, and whether there may be others.

    Parameters
    ----------
    app:
        The app.
    program:
        Its callbacks after all transforms, and what those add to the layout.
    """

    def __init__(self, app: Any, program: Program) -> None:
        layouts = layouts_of(app)
        everywhere = Found()
        for layout in (*layouts.base, *app._extra_components, *program.components):
            _search(everywhere, layout, program.layout_maps)
        self.components: dict[str, list[Any]] = defaultdict(list)
        self._patterns: dict[tuple[str, ...], list[tuple[Any, Any]]] = defaultdict(list)
        self.is_whole = layouts.is_whole and everywhere.is_whole
        self.suppressed = bool(app.config.suppress_callback_exceptions)
        self.everywhere = self._add(everywhere)
        self.pages: dict[str, set[str]] = {}
        for path, layout in layouts.pages.items():
            found = Found()
            _search(found, layout, program.layout_maps)
            self.pages[path] = self._add(found)
            self.is_whole = self.is_whole and found.is_whole
        self._mentions = Mentions((*_functions(program.callbacks), *layouts.functions))
        self._scripts = [
            spec.func.source or "" for spec in program.callbacks if isinstance(spec.func, Clientside)
        ]

    def _add(self, found: Found) -> set[str]:
        own: set[str] = set()
        for component_id, component in found.components:
            if isinstance(component_id, str):
                own.add(component_id)
                self.components[component_id].append(component)
            elif isinstance(component_id, dict):
                self._patterns[tuple(sorted(component_id))].append((component_id, component))
        return own

    def holding(self, component_id: str | FrozenId) -> list[Any]:
        """The components of an id, or those that fit a pattern."""
        if isinstance(component_id, FrozenId):
            families = (
                self._patterns.values()
                if component_id.partial
                else [self._patterns.get(component_id.keys, ())]
            )
            return [c for family in families for own, c in family if fits(component_id, own)]
        return self.components.get(component_id, [])

    def lacks(self, component_id: str | FrozenId) -> bool:
        """Is it certain that no page will ever hold the component?"""
        if isinstance(component_id, FrozenId) or component_id in self.components:
            return False
        if self.suppressed or not self.is_whole or component_id.startswith("_pages_"):
            return False
        return not self._mentions.has(component_id) and not any(component_id in s for s in self._scripts)


def _search(found: Found, layout: Any, maps: Iterable[Callable[[Any], Any]]) -> None:
    found.search(layout)
    for change in maps:
        layout = change(layout)
        found.search(layout)


def _functions(callbacks: Iterable[CallbackSpec]) -> Iterable[Any]:
    for spec in callbacks:
        if isinstance(spec.func, Joint):
            yield from _functions(member.spec for member in spec.func.members)
        elif callable(spec.func):
            yield spec.func
            yield spec.options.get("on_error")

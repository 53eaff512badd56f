"""What was declared, where: on an app, on a blueprint, or for every app; and blueprints embedded in each of them."""

from __future__ import annotations

import functools
import itertools
import os
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeAlias
from weakref import WeakSet

from enrich import dash_internals, other_package
from enrich.callbacks.call import Call
from enrich.callbacks.compile import is_async
from enrich.callbacks.declare import read
from enrich.callbacks.emit import dependency
from enrich.callbacks.jobs import Job, make_job
from enrich.callbacks.parameters import innermost, names_in
from enrich.callbacks.spec import CallbackSpec, Clientside, Origin, Program
from enrich.dash_internals.components import Found
from enrich.errors import DeclarationError
from enrich.transforms.base import Transform

Declared: TypeAlias = "tuple[int, CallbackSpec | Embedding]"
"""A declaration with its serial number, by which declarations of several places are put in order."""

Shown: TypeAlias = "dict[tuple[Origin, str], Any]"
"""The layout that ``embed`` gave last, by where it was called, and with which prefix."""

next_serial = itertools.count().__next__


def recorded(
    add: Callable[[CallbackSpec], None],
    func: Clientside | None,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    origin: Origin,
    check: Callable[[Mapping[str, Any]], None] | None = None,
) -> Callable[..., Any]:
    """Read a declaration now, and hand it on once its function is known."""
    said = read(args, kwargs, origin, clientside=func is not None)
    if check is not None:
        check(said)
    if func is not None:
        add(CallbackSpec(func=func, origin=origin, **said))
        return lambda function: function

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        _refuse_their_values(function, f"The callback at {origin}")
        spec = CallbackSpec(func=function, origin=origin, **said)
        dash_internals.refuse_stream(function, spec.output_slots(), spec.options)
        _warn_of_a_held_thread(spec)
        if endpoint := spec.options.get("api_endpoint"):
            dash_internals.add_api(endpoint, function)
        if spec.is_background:
            spec = spec.with_changes(job=make_job(spec, dependency))
        add(spec)
        return function

    return decorate


def _refuse_their_values(func: Any, where: str) -> None:
    """Raise for a function that names the class of dash-extensions' own stored values."""
    if other_package.MODULE not in sys.modules:
        return
    func = innermost(func)
    code, scope = getattr(func, "__code__", None), getattr(func, "__globals__", {})
    for name in names_in(code) if code is not None else ():
        value = scope.get(name)
        if isinstance(value, type) and value.__name__ == "Serverside":
            other_package.refuse_theirs(value, where)


def _warn_of_a_held_thread(spec: CallbackSpec) -> None:
    if spec.options.get("persistent") and not spec.output_slots() and not is_async(spec.func):
        warnings.warn_explicit(
            f"{spec} has persistent=True and no outputs, and it is synchronous: it will hold a worker thread for as "
            "long as the WebSocket is open, and there are few. Define it with 'async def'.",
            RuntimeWarning,
            spec.origin.file,
            spec.origin.line,
        )


class Place(Protocol):
    """Where a blueprint can be embedded."""

    def embed(self, embedding: Embedding) -> None: ...

    def changed(self) -> None:
        """Hear that something embedded here has declared more."""

    def compiled_job(self, job: Job) -> tuple[Callable[..., Any], Call]: ...


class Declarations:
    """What one blueprint declared, in order."""

    def __init__(self) -> None:
        self.declared: list[Declared] = []
        self.version = 0
        self.places: WeakSet[Any] = WeakSet()
        """Where these declarations are embedded."""
        self.shown: Shown = {}
        self.list: list[Any] = []
        self.map: dict[str, Any] = {}
        dash_internals.record(self.list, self)

    def declare(
        self, func: Clientside | None, args: tuple[Any, ...], kwargs: Mapping[str, Any], origin: Origin
    ) -> Callable[..., Any]:
        return recorded(self._add, func, args, kwargs, origin)

    def _add(self, spec: CallbackSpec) -> None:
        if spec.job is not None:
            spec.job.owner = self
        self.declared.append((next_serial(), spec))
        self.changed()

    def embed(self, embedding: Embedding) -> None:
        if embedding.holds(self):
            raise DeclarationError("A blueprint can't be embedded in itself. Make a second blueprint.")
        if not embedding.is_among(self.declared):
            embedding.source.places.add(self)
            self.declared.append((next_serial(), embedding))
            self.changed()

    def changed(self) -> None:
        self.version += 1
        for place in list(self.places):
            place.changed()

    def compiled_job(self, job: Job) -> tuple[Callable[..., Any], Call]:
        for place in self.places:
            compiled: tuple[Callable[..., Any], Call] = place.compiled_job(job)
            return compiled
        return job.func, Call(None)


class Embedding:
    """A blueprint in one place: what it declares, through the transforms that it had when it was embedded.

    Parameters
    ----------
    source:
        The declarations; those that follow are embedded too.
    transforms:
        In the order in which they run.
    include_globals:
        Are the declarations for every app part of it?
    """

    origin = Origin("", 0, __name__, True)
    """A blueprint that is registered for every app stays with all of them."""

    def __init__(
        self, source: Any, transforms: Sequence[Transform] = (), include_globals: bool = False
    ) -> None:
        self.source = source
        self.transforms = tuple(transforms)
        self.include_globals = include_globals
        self._made: tuple[Any, Program] | None = None

    def is_among(self, declared: Iterable[Declared]) -> bool:
        return any(
            isinstance(known, Embedding)
            and known.source is self.source
            and known.include_globals == self.include_globals
            and known.transforms == self.transforms
            for _, known in declared
        )

    def holds(self, declarations: Any) -> bool:
        return self.source is declarations or any(
            isinstance(inner, Embedding) and inner.holds(declarations) for _, inner in self.source.declared
        )

    def program(self, prevent_initial_callbacks: Any) -> Program:
        """The blueprint's program; the same object as long as nothing more is declared."""
        state = (
            self.source.version,
            global_callbacks.version if self.include_globals else None,
            prevent_initial_callbacks,
        )
        if self._made is None or self._made[0] != state:
            declared = list(self.source.declared)
            if self.include_globals:
                declared = in_order(declared, global_callbacks.declared)
            program = resolve(declared, prevent_initial_callbacks)
            for transform in self.transforms:
                program = transform.apply(program)
            self._made = state, program
        return self._made[1]

    def mapped(self, layout: Any) -> Any:
        """The blueprint's layout, or a part of it, as it is in this place."""
        return functools.reduce(lambda value, change: change(value), self.program(None).layout_maps, layout)


def embedded_at(place: Any, component_id: str, within: Sequence[Embedding] = ()) -> Iterator[Origin]:
    """Where a layout was embedded, in a place or in the blueprints in it, that brings a component of this id."""
    for (origin, _), layout in place.shown.items():
        found = Found()
        found.search(functools.reduce(lambda value, outer: outer.mapped(value), within, layout))
        if any(dash_internals.id_text(own) == component_id for own, _ in found.components):
            yield origin
    for _, entry in place.declared:
        if isinstance(entry, Embedding):
            yield from embedded_at(entry.source, component_id, (entry, *within))


def in_order(*declared: Iterable[Declared]) -> list[Declared]:
    return sorted(itertools.chain(*declared), key=lambda entry: entry[0])


def resolve(declared: Iterable[Declared], prevent_initial_callbacks: Any) -> Program:
    """The program of one place: its own callbacks, and those of the blueprints embedded in it.

    A blueprint that is embedded anew, as a layout that is a function does each time, declares nothing twice.
    """
    callbacks: dict[Any, CallbackSpec] = {}
    components: list[Any] = []
    wires: list[Any] = []
    for _, entry in declared:
        if isinstance(entry, Embedding):
            inner = entry.program(prevent_initial_callbacks)
            own = [identity(spec) for spec in inner.callbacks]
            if set(own) <= callbacks.keys() and own:
                continue
            # Two that look the same inside one blueprint are for its transforms to merge, or for Dash to refuse.
            marks = own if len(set(own)) == len(own) else [object() for _ in own]
            callbacks.update(zip(marks, inner.callbacks, strict=True))
            components.extend(inner.components)
            wires.extend(wire for wire in inner.wires if wire not in wires)
        else:
            callbacks[id(entry)] = entry
    return Program(
        callbacks=tuple(callbacks.values()),
        components=tuple(components),
        wires=tuple(wires),
        prevent_initial_callbacks=prevent_initial_callbacks,
    )


def identity(spec: CallbackSpec) -> Any:
    """What makes two callbacks of embedded blueprints the same declaration."""
    slots = (*spec.output_slots(), *spec.input_slots())
    # What converts a value is made anew with each embedding.
    return (spec.origin, spec.func_name, *(slot.with_changes(converts=()) for slot in slots))


class GlobalCallbacks:
    """What ``enrich.callback`` and ``dash.callback`` declared, for every app that includes it.

    A declaration at the level of a module that was imported belongs to every such app. One inside a function, as app
    factories and tests have them, belongs to the first app that serves, as all do under Dash; so a factory that runs
    twice declares once a run. So does one in code that is run anew for a new app: a notebook's cells, and a module that
    is run and not imported, as ``dash.testing`` runs an app's.
    """

    def __init__(self) -> None:
        self.version = 0
        self._declared: dict[int, CallbackSpec | Embedding] = {}
        self._of_modules: dict[Any, int] = {}
        self.apps: WeakSet[Any] = WeakSet()
        """The apps that include global callbacks."""

    @property
    def declared(self) -> list[Declared]:
        return list(self._declared.items())

    def declare(
        self, func: Clientside | None, args: tuple[Any, ...], kwargs: Mapping[str, Any], origin: Origin
    ) -> Callable[..., Any]:
        return recorded(self._add, func, args, kwargs, origin)

    def _add(self, spec: CallbackSpec) -> None:
        if spec.job is not None:
            spec.job.owner = self
        serial = next_serial()
        if spec.origin.at_module_level:
            # A module that is imported anew, and so has new code, replaces what it declared before.
            same = _same_when_run_again(spec)
            known = self._of_modules.get(same, serial)
            old = self._declared.get(known)
            # What an app has taken with it is not here any more, and the next one is the one to replace.
            if not isinstance(old, CallbackSpec) or _code(old) is not _code(spec):
                self._declared.pop(known, None)
                self._of_modules[same] = serial
        self._declared[serial] = spec
        self.changed()

    def embed(self, embedding: Embedding) -> None:
        """Embed a blueprint in every app that includes global callbacks."""
        if not embedding.is_among(self.declared):
            embedding.source.places.add(self)
            self._declared[next_serial()] = embedding
            self.changed()

    def changed(self) -> None:
        self.version += 1

    def clear(self) -> None:
        """Forget everything, as a test that declares anew may want to."""
        self._declared.clear()
        self._of_modules.clear()
        self.changed()

    def compiled_job(self, job: Job) -> tuple[Callable[..., Any], Call]:
        """The job as an app has it: a worker that only imports the module has built none yet."""
        for app in self.apps:
            compiled: tuple[Callable[..., Any], Call] = app.compiled_job(job)
            return compiled
        return job.func, Call(None)

    def release_local(self) -> None:
        """Forget the declarations that belong to the first app only."""
        self._declared = {
            n: entry for n, entry in self._declared.items() if _is_of_imported_module(entry.origin)
        }


def _same_when_run_again(spec: CallbackSpec) -> Any:
    """What a declaration has in common with the one that it takes the place of when its code is run again."""
    if not _is_of_notebook(spec.origin):
        return identity(spec)
    # A changed cell is another file, and what was changed may be an input.
    return (spec.func_name, spec.output_slots() or spec.input_slots())


def _is_of_imported_module(origin: Origin) -> bool:
    """Is it at the level of a module that another app may import too?"""
    # runpy leaves nothing in sys.modules, and Dash puts a page's module there once it has been executed.
    return origin.at_module_level and origin.module in sys.modules and not _is_of_notebook(origin)


def _is_of_notebook(origin: Origin) -> bool:
    """Is it of a cell, or of a prompt, which is run again and again in one process?"""
    return origin.module == "__main__" and not os.path.exists(origin.file)


def _code(spec: CallbackSpec) -> Any:
    return getattr(spec.func, "__code__", None)


global_callbacks = GlobalCallbacks()
dash_internals.record_globals(global_callbacks)

"""A program's way to Dash's registry: recorded, rebuilt when someone looks, frozen by the first request.

Until the first request is served nothing is final: whoever reads the callback map or list sees the app as declared so
far, because reading rebuilds what changed. Reads by Dash itself (inside ``__init__`` and ``_setup_server``) are told
from reads from outside by a depth counter that only the holder of the lock changes.
"""

from __future__ import annotations

import functools
import gc
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from weakref import WeakSet

from enrich import dash_internals
from enrich.callbacks.call import Call
from enrich.callbacks.compile import compile_full
from enrich.callbacks.emit import Emitted, dependency, emit
from enrich.callbacks.jobs import Job
from enrich.callbacks.overlap import fits
from enrich.callbacks.spec import CallbackSpec, Clientside, Origin, Program
from enrich.callbacks.tree import leaves
from enrich.declared import (
    Declared,
    Embedding,
    Shown,
    global_callbacks,
    identity,
    in_order,
    next_serial,
    recorded,
    resolve,
)
from enrich.errors import DeclarationError
from enrich.leftovers import Leftovers
from enrich.transforms.base import Transform, order
from enrich.transforms.multiplexer import MultiplexerTransform


def _without_collection(build: Callable[[Build], None]) -> Callable[[Build], None]:
    """Keep Python's garbage collector from walking an app's callbacks again and again while they are made."""

    @functools.wraps(build)
    def run(self: Build) -> None:
        was_enabled = gc.isenabled()
        gc.disable()
        try:
            build(self)
        finally:
            if was_enabled:
                gc.enable()

    return run


class Build:
    """The callbacks of one app, from what was declared to what Dash serves."""

    def __init__(self, app: Any, transforms: Sequence[Transform], include_globals: bool) -> None:
        self.app = app
        self.given = list(transforms)
        """The transforms, for whoever adds to them; they are put in order when the app is built."""
        self.transforms = order(self.given)
        self.include_globals = include_globals
        self.map: dict[str, Any] = {}
        self.list: list[dict[str, Any]] = []
        self.scripts: list[str] = []
        self.program = Program()
        self.frozen = False
        self.declared: list[Declared] = []
        self.version = 0
        self.places: WeakSet[Any] = WeakSet()
        self.shown: Shown = {}
        self._emitted: dict[str, Emitted] = {}
        self._reusable: dict[int, Emitted] = {}
        self._lock = threading.RLock()
        self._depth = 0
        self._set_up_from: int | None = None
        self._dirty = True
        self._globals_seen = -1
        self._given_seen = list(self.given)
        self._embedded: set[Any] = set()
        self._components: tuple[Any, ...] = ()
        self._leftovers = Leftovers()
        dash_internals.record(self.list, self)
        if include_globals:
            global_callbacks.apps.add(self)

    # Declaring

    def declare(
        self, func: Clientside | None, args: tuple[Any, ...], kwargs: Mapping[str, Any], origin: Origin
    ) -> Callable[..., Any]:
        return recorded(self._add, func, args, kwargs, origin, self._check_duplicates)

    def _check_duplicates(self, said: Mapping[str, Any]) -> None:
        """Refuse at the decorator what Dash would refuse at build; the multiplexer mends it."""
        duplicates = [dependency(slot) for slot in leaves(said["outputs"]) if slot.allow_duplicate]
        if duplicates and not any(isinstance(t, MultiplexerTransform) for t in self.transforms):
            dash_internals.validate_duplicates(duplicates, said["prevent_initial_call"], self._prevent)

    def _add(self, spec: CallbackSpec) -> None:
        if spec.job is not None:
            spec.job.owner = self
        with self._lock:
            self.declared.append((next_serial(), spec))
            if self.frozen:
                self._add_late((spec,))
            else:
                self._dirty = True
        self._tell_places()

    def embed(self, embedding: Embedding) -> None:
        """Make a blueprint's callbacks the app's, those it declares later too."""
        if embedding.holds(self):
            raise DeclarationError("An app can't be embedded in itself. Make a blueprint.")
        with self._lock:
            if embedding.is_among(self.declared) or (self.frozen and self._has_all_of(embedding)):
                return
            embedding.source.places.add(self)
            self.declared.append((next_serial(), embedding))
            self.changed()

    def _has_all_of(self, embedding: Embedding) -> bool:
        """Is it a blueprint that a layout makes and embeds anew each time the page is loaded?"""
        return self._embedded.issuperset(map(identity, embedding.program(self._prevent).callbacks))

    def changed(self) -> None:
        """Hear that a blueprint has declared more."""
        with self._lock:
            if self.frozen:
                late = [spec for spec in self._embedded_specs() if identity(spec) not in self._embedded]
                if late:
                    self._add_late(tuple(late))
                self._embedded.update(map(identity, late))
            else:
                self._dirty = True
        self._tell_places()

    def _tell_places(self) -> None:
        self.version += 1
        if self.places:
            for place in list(self.places):
                place.changed()

    def _embedded_specs(self) -> Iterator[CallbackSpec]:
        for _, entry in self.declared:
            if isinstance(entry, Embedding):
                yield from self._specs_of(entry)

    def _specs_of(self, entry: CallbackSpec | Embedding) -> tuple[CallbackSpec, ...]:
        return entry.program(self._prevent).callbacks if isinstance(entry, Embedding) else (entry,)

    @property
    def _prevent(self) -> Any:
        return self.app.config.prevent_initial_callbacks

    # Reading

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Dash is at work on its own registry: show it as it is."""
        with self._lock:
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1

    def refresh(self) -> None:
        """Bring the registry up to what was declared so far."""
        if self.frozen or not self._is_stale():
            return
        with self._lock:
            if self._depth == 0 and not self.frozen and self._is_stale():
                self._rebuild()

    def _is_stale(self) -> bool:
        return (
            self._dirty
            or (self.include_globals and self._globals_seen != global_callbacks.version)
            or self._given_seen != self.given
        )

    def layout_maps(self) -> tuple[Callable[[Any], Any], ...]:
        """What the transforms do to the layout; from the transforms alone, where nothing is built yet."""
        if self.frozen or not self._is_stale():
            return self.program.layout_maps
        program = Program(prevent_initial_callbacks=self._prevent)
        for transform in order(self.given):
            program = transform.apply(program)
        return program.layout_maps

    def settle(self) -> None:
        """Take in what a layout has declared while Dash sets the server up, before Dash looks at the callbacks."""
        if self.frozen:
            return
        with self._lock:
            if self._depth and self._set_up_from is not None and not self.frozen and self._is_stale():
                self._rebuild()
                self._set_up_from = len(self.declared)

    def spec_of(self, callback_id: str | None) -> CallbackSpec | None:
        """What a served callback was made from."""
        emitted = self._emitted.get(callback_id) if callback_id is not None else None
        return None if emitted is None else emitted.spec

    def handler(self, callback_id: str, plain: Callable[..., Any], *, full: bool) -> Callable[..., Any]:
        """Dash's handler: the ``full`` one for a request that holds values of a wire."""
        emitted = self._emitted.get(callback_id)
        if emitted is None or not (full or plain is emitted.first_call):
            return plain
        return emitted.full_handler() if full else emitted.handler()

    def compiled_job(self, job: Job) -> tuple[Callable[..., Any], Call]:
        """The function of a background job, after all transforms; what its arguments hold is looked at in any case."""
        self.refresh()
        wires = self.program.wires
        specs = [one.spec for one in self._emitted.values() if one.spec.job is job]
        # A blueprint that is embedded several times has one job for all: the call's own ids tell them apart.
        spec = specs[0] if len(specs) == 1 else next((one for one in specs if _is_called(one)), specs[0])
        return compile_full(spec, wires), Call(self.app, wires)

    def written(self) -> Program:
        """The callbacks as they were declared, before all transforms of the app."""
        declared = in_order(self.declared, global_callbacks.declared if self.include_globals else ())
        return resolve(declared, self._prevent)

    # Building

    @_without_collection
    def _rebuild(self) -> None:
        seen = global_callbacks.version
        if self._given_seen != self.given:
            self.transforms, self._given_seen = order(self.given), list(self.given)
        whole = self.written()
        for spec in whole.callbacks:
            if spec.job is not None:
                spec.job.owner = self
        program = self._transformed(whole)
        emitted = self._emit_all(program)
        self._replace(emitted, program)
        self.program = program
        self._globals_seen = seen
        self._embedded = set(map(identity, self._embedded_specs()))
        self._dirty = False

    def _transformed(self, program: Program) -> Program:
        for transform in self.transforms:
            program = transform.apply(program)
        self._leftovers.check(program, self.transforms, self.app)
        return program

    def _emit(self, spec: CallbackSpec, program: Program) -> Emitted:
        try:
            return emit(spec, program.wires, program.prevent_initial_callbacks)
        except Exception as error:
            # Dash's own errors say what is wrong, but not where.
            error.add_note(f"This is {spec}.")
            raise

    def _emit_all(self, program: Program) -> dict[str, Emitted]:
        emitted: dict[str, Emitted] = {}
        reusable: dict[int, Emitted] = {}
        for spec in program.callbacks:
            one = self._reusable.get(id(spec)) or self._emit(spec, program)
            other = emitted.get(one.id)
            if other is not None:
                raise DeclarationError(_replaced(other.spec, spec))
            emitted[one.id] = reusable[id(spec)] = one
        self._reusable = reusable
        return emitted

    def _replace(self, emitted: dict[str, Emitted], program: Program) -> None:
        """Put the new entries in the place of the old ones; entries that are not ours stay."""
        old_scripts = {script for one in self._emitted.values() for script in one.scripts}
        for callback_id in self._emitted:
            self.map.pop(callback_id, None)
        for callback_id in emitted:
            if callback_id in self.map:
                dash_internals.refuse_duplicate(
                    f"The callback `{callback_id}` of {emitted[callback_id].spec} was already assigned by code "
                    "that wrote to the app's callback map."
                )
        foreign = [entry for entry in self.list if entry["output"] not in self._emitted]
        self.map.update((callback_id, one.back) for callback_id, one in emitted.items())
        self.list[:] = [*foreign, *(one.front for one in emitted.values())]
        self.scripts[:] = [script for script in self.scripts if script not in old_scripts]
        self.scripts.extend(dict.fromkeys(script for one in emitted.values() for script in one.scripts))
        extra = self.app._extra_components
        extra[:] = [c for c in extra if not any(c is known for known in self._components)]
        extra.extend(program.components)
        self._components = program.components
        self._emitted = emitted

    # Serving

    @contextmanager
    def serving(self) -> Iterator[bool]:
        """Hold the lock over the work of the first request; gives whether that work is still to be done.

        The registry is frozen once the work has succeeded. After a failure it stays open, and the next request tries
        again.
        """
        with self._lock:
            if self.frozen:
                yield False
                return
            self.refresh()
            self._set_up_from = len(self.declared)
            try:
                with self.inside():
                    yield True
                # Dash declares callbacks of its own while it sets the server up: those that cancel background jobs.
                for _, entry in self.declared[self._set_up_from :]:
                    self._add_late(tuple(self._specs_of(entry)))
            except BaseException:
                # The next request tries again, and Dash declares its own again.
                del self.declared[self._set_up_from :]
                self._dirty = True
                # Dash takes the cancel inputs out of the entries of background callbacks.
                self._reusable = {}
                raise
            finally:
                self._set_up_from = None
            if self.include_globals:
                global_callbacks.release_local()
            self.frozen = True
            self._dirty = False

    @contextmanager
    def undone_on_failure(self) -> Iterator[None]:
        """Forget what is declared in here, after the first request, if it does not succeed."""
        declared, known, embedded = len(self.declared), set(self._emitted), set(self._embedded)
        components = list(self.app._extra_components)
        try:
            yield
        except BaseException:
            with self._lock:
                del self.declared[declared:]
                self._embedded = embedded
                self.app._extra_components[:] = components
                for callback_id in self._emitted.keys() - known:
                    self.list.remove(self._emitted.pop(callback_id).front)
                    del self.map[callback_id]
            raise

    def _add_late(self, specs: tuple[CallbackSpec, ...]) -> None:
        served = tuple(one.spec for one in self._emitted.values())
        late = Program(callbacks=specs, served=served, prevent_initial_callbacks=self._prevent)
        program = self._transformed(late)
        for final in program.callbacks:
            one = self._emit(final, self.program)
            if one.id in self.map:
                known = self._emitted.get(one.id)
                raise DeclarationError(_replaced(known.spec if known else one.id, final))
            if one.front.get("hidden") is None:
                one.front["hidden"] = self.app.config.get("hide_all_callbacks", False)
            self._emitted[one.id] = one
            self.map[one.id] = one.back
            self.list.append(one.front)
            self.scripts.extend(script for script in one.scripts if script not in self.scripts)
        # For pages that are loaded from now on; those that are open don't know the callbacks either.
        self.app._extra_components.extend(program.components)


def _replaced(first: object, second: CallbackSpec) -> str:
    return (
        f"{second} has the same outputs and inputs as {first}, and would silently replace it. "
        "Add MultiplexerTransform() (callbacks without outputs: NoOutputTransform()) to run both, or remove one."
    )


def _is_called(spec: CallbackSpec) -> bool:
    """Is it this callback that the running call asks for?"""
    context = dash_internals.context()
    slots = tuple(spec.output_slots())
    asked = getattr(context, "outputs_list", None)
    if not slots:
        slots = tuple(slot for slot in spec.input_slots() if slot.role == "input")
        asked = getattr(context, "inputs_list", None)
    items = list(_items(asked))
    return all(
        any(slot.prop == item["property"] and fits(slot.id, item["id"]) for item in items) for slot in slots
    )


def _items(node: Any) -> Iterator[Any]:
    if isinstance(node, list | tuple):
        for child in node:
            yield from _items(child)
    elif node:
        yield node

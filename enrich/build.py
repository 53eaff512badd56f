"""A program's way to Dash's registry: recorded, rebuilt when someone looks, frozen by the first request.

Until the first request is served nothing is final: whoever reads the callback map or list sees the app as declared so
far, because reading rebuilds what changed. Reads by Dash itself (inside ``__init__`` and ``_setup_server``) are told
from reads from outside by a depth counter that only the holder of the lock changes.
"""

from __future__ import annotations

import functools
import gc
import itertools
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from enrich import dash_internals
from enrich.callbacks.call import Call
from enrich.callbacks.compile import compile_full
from enrich.callbacks.declare import declare, is_serverside, is_trigger
from enrich.callbacks.emit import Emitted, dependency, emit
from enrich.callbacks.jobs import Job, make_job
from enrich.callbacks.spec import CallbackSpec, Clientside, Origin, Program
from enrich.errors import DeclarationError, MissingTransformError
from enrich.transforms.base import Transform

_serial = itertools.count()
_Declared = tuple[int, CallbackSpec]


class GlobalCallbacks:
    """What ``enrich.callback`` and ``dash.callback`` declared, for every app that includes it.

    A declaration at module level belongs to every such app. One inside a function, as app factories and tests have
    them, belongs to the first app that serves, as all do under Dash; so a factory that runs twice declares once a run.
    """

    def __init__(self) -> None:
        self.declared: list[_Declared] = []
        self.version = 0

    def declare(
        self, func: Clientside | None, args: tuple[Any, ...], kwargs: Mapping[str, Any], origin: Origin
    ) -> Callable[..., Any]:
        return _recorded(self._add, func, args, kwargs, origin)

    def _add(self, spec: CallbackSpec) -> None:
        if spec.origin.at_module_level:
            # A module that is imported anew replaces what it declared before.
            self.declared = [(n, old) for n, old in self.declared if not _is_same_declaration(old, spec)]
        self.declared.append((next(_serial), spec))
        self.version += 1

    def release_local(self) -> None:
        """Forget the declarations that belong to the first app only."""
        self.declared = [entry for entry in self.declared if entry[1].origin.at_module_level]


def _is_same_declaration(old: CallbackSpec, new: CallbackSpec) -> bool:
    return old.origin == new.origin and old.func_name == new.func_name and old.outputs == new.outputs


global_callbacks = GlobalCallbacks()
dash_internals.record_globals(global_callbacks)


def _recorded(
    add: Callable[[CallbackSpec], None],
    func: Clientside | None,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    origin: Origin,
) -> Callable[..., Any]:
    """Read a declaration now, and hand it on once its function is known."""
    if func is not None:
        add(declare(func, args, kwargs, origin))
        return lambda function: function
    spec = declare(_not_yet, args, kwargs, origin)

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        own = spec.with_changes(func=function)
        if endpoint := spec.options.get("api_endpoint"):
            dash_internals.add_api(endpoint, function)
        if spec.is_background:
            own = own.with_changes(job=make_job(own, dependency))
        add(own)
        return function

    return decorate


def _not_yet(*_args: Any) -> None:
    """Stands for the function until the decorator gets it."""


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


# --- one app ----------------------------------------------------------------------------------------


class Build:
    """The callbacks of one app, from what was declared to what Dash serves."""

    def __init__(self, app: Any, transforms: Sequence[Transform], include_globals: bool) -> None:
        self.app = app
        self.transforms = tuple(transforms)
        self.include_globals = include_globals
        self.map: dict[str, Any] = {}
        self.list: list[dict[str, Any]] = []
        self.scripts: list[str] = []
        self.program = Program()
        self.frozen = False
        self._declared: list[_Declared] = []
        self._emitted: dict[str, Emitted] = {}
        self._reusable: dict[int, Emitted] = {}
        self._lock = threading.RLock()
        self._depth = 0
        self._dirty = True
        self._globals_seen = -1
        self._components: tuple[Any, ...] = ()
        self._warned: set[tuple[str, str]] = set()
        dash_internals.record(self.list, self)

    # Declaring

    def declare(
        self, func: Clientside | None, args: tuple[Any, ...], kwargs: Mapping[str, Any], origin: Origin
    ) -> Callable[..., Any]:
        return _recorded(self._add, func, args, kwargs, origin)

    def _add(self, spec: CallbackSpec) -> None:
        if spec.job is not None:
            spec.job.owner = self
        with self._lock:
            self._declared.append((next(_serial), spec))
            if self.frozen:
                self._add_late(spec)
            else:
                self._dirty = True

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
        return self._dirty or (self.include_globals and self._globals_seen != global_callbacks.version)

    def handler(self, callback_id: str, plain: Callable[..., Any]) -> Callable[..., Any]:
        """Dash's handler for a request that holds values of a wire."""
        emitted = self._emitted.get(callback_id)
        return plain if emitted is None else emitted.full_handler()

    def compiled_job(self, job: Job) -> tuple[Callable[..., Any], Call]:
        """The function of a background job, after all transforms; what its arguments hold is looked at in any case."""
        self.refresh()
        wires = self.program.wires
        spec = next(one.spec for one in self._emitted.values() if one.spec.job is job)
        return compile_full(spec, wires), Call(self.app, wires)

    # Building

    @_without_collection
    def _rebuild(self) -> None:
        seen = global_callbacks.version
        declared = [*self._declared, *(global_callbacks.declared if self.include_globals else ())]
        declared.sort(key=lambda entry: entry[0])
        specs = tuple(spec for _, spec in declared)
        for spec in specs:
            if spec.job is not None:
                spec.job.owner = self
        program = self._transformed(specs, served=None)
        emitted = self._emit_all(program)
        self._replace(emitted, program)
        self.program = program
        self._globals_seen = seen
        self._dirty = False

    def _transformed(
        self, specs: tuple[CallbackSpec, ...], served: tuple[CallbackSpec, ...] | None
    ) -> Program:
        program = Program(
            callbacks=specs,
            served=served,
            prevent_initial_callbacks=self.app.config.prevent_initial_callbacks,
        )
        for transform in self.transforms:
            program = transform.apply(program)
        for spec in program.callbacks:
            self._check_leftovers(spec)
        return program

    def _emit_all(self, program: Program) -> dict[str, Emitted]:
        emitted: dict[str, Emitted] = {}
        reusable: dict[int, Emitted] = {}
        prevent = self.app.config.prevent_initial_callbacks
        for spec in program.callbacks:
            one = self._reusable.get(id(spec)) or emit(spec, program.wires, prevent)
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

    def _check_leftovers(self, spec: CallbackSpec) -> None:
        """Refuse what only a missing transform could have carried out."""
        for slot in (*spec.output_slots(), *spec.input_slots()):
            if is_trigger(slot) and slot.passed:
                raise MissingTransformError(_missing(spec, "Trigger", "TriggerTransform"))
            if is_serverside(slot) and not slot.converts:
                raise MissingTransformError(_missing(spec, "ServersideOutput", "ServersideOutputTransform"))
        for flag, transform in _TRANSFORM_OF_FLAG.items():
            if flag in spec.flags and (flag, str(spec.origin)) not in self._warned:
                self._warned.add((flag, str(spec.origin)))
                warnings.warn(
                    f"{spec} has {flag}=, which has no effect without {transform}. "
                    f"Add {transform}() to transforms=, or remove {flag}=.",
                    stacklevel=2,
                )

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
            before = len(self._declared)
            try:
                with self.inside():
                    yield True
                # Dash declares callbacks of its own while it sets the server up: those that cancel background jobs.
                for _, spec in self._declared[before:]:
                    self._add_late(spec)
            except BaseException:
                # The next request tries again, and Dash declares its own again.
                del self._declared[before:]
                self._dirty = True
                # Dash takes the cancel inputs out of the entries of background callbacks.
                self._reusable = {}
                raise
            if self.include_globals:
                global_callbacks.release_local()
            self.frozen = True
            self._dirty = False

    @contextmanager
    def undone_on_failure(self) -> Iterator[None]:
        """Forget what is declared in here, after the first request, if it does not succeed."""
        declared, known = len(self._declared), set(self._emitted)
        try:
            yield
        except BaseException:
            with self._lock:
                del self._declared[declared:]
                for callback_id in self._emitted.keys() - known:
                    self.list.remove(self._emitted.pop(callback_id).front)
                    del self.map[callback_id]
            raise

    def _add_late(self, spec: CallbackSpec) -> None:
        served = tuple(one.spec for one in self._emitted.values())
        program = self._transformed((spec,), served=served)
        for final in program.callbacks:
            one = emit(final, self.program.wires, self.app.config.prevent_initial_callbacks)
            if one.id in self.map:
                known = self._emitted.get(one.id)
                raise DeclarationError(_replaced(known.spec if known else one.id, final))
            if one.front.get("hidden") is None:
                one.front["hidden"] = self.app.config.get("hide_all_callbacks", False)
            self._emitted[one.id] = one
            self.map[one.id] = one.back
            self.list.append(one.front)
            self.scripts.extend(script for script in one.scripts if script not in self.scripts)


_TRANSFORM_OF_FLAG = {
    "group": "GroupTransform",
    "memoize": "ServersideOutputTransform",
    "blocking": "BlockingCallbackTransform",
    "loading": "LoadingTransform",
    "log": "LogTransform",
}


def _missing(spec: CallbackSpec, feature: str, transform: str) -> str:
    return (
        f"{spec} uses {feature}, and the app has no {transform}. "
        f"Add {transform}() to transforms=, or use enrich.Dash, which has every transform."
    )


def _replaced(first: object, second: CallbackSpec) -> str:
    return (
        f"{second} has the same outputs and inputs as {first}, and would silently replace it. "
        "Add MultiplexerTransform() (callbacks without outputs: NoOutputTransform()) to run both, or remove one."
    )

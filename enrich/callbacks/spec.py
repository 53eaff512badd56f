"""What a declaration says, as immutable values: the only thing that transforms read and write."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias

from dash.dependencies import ALL, ALLSMALLER, MATCH

from enrich.callbacks.tree import Tree, grouping, leaves, map_leaves

Wildcard: type[Any] = type(ALL)
"""The kind of ALL, MATCH and ALLSMALLER; Dash 3 has another name for it."""

Role: TypeAlias = Literal["input", "state", "output"]

Convert: TypeAlias = Callable[[Any, "Slot", "CallbackSpec"], Any]
"""Maps one value of a leaf: wire -> user for inputs, user -> wire for outputs."""

Around: TypeAlias = Callable[[], AbstractContextManager[Any]]
"""Opens a bracket around the user's function, once a call."""

Outer: TypeAlias = Callable[[Callable[..., Any], "CallbackSpec"], Callable[..., Any]]
"""Wraps the compiled function: takes arguments as they travelled, and returns what is to travel."""

PORT = "enrich_port_"
"""What the names of ports start with, in a tree that is a dict."""

OURS: Mapping[str, Any] = {"hidden": True}
"""The options of a callback that no author wrote: the callback graph of Dash's dev tools leaves it out."""

Finish: TypeAlias = Callable[[Any], Any]
"""Maps the whole returned value, before its leaves are looked at."""


@dataclass(frozen=True, slots=True, eq=False)
class FrozenId:
    """A pattern-matching id: like the dict it came from, but hashable, and equal only to the same id."""

    items: tuple[tuple[str, Any], ...]
    partial: bool = False
    """Does it fit components whose ids have more keys too (Dash 4.5's ``partial_pattern``)?"""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FrozenId) and self._told_apart() == other._told_apart()

    def __hash__(self) -> int:
        return hash(self._told_apart())

    def _told_apart(self) -> tuple[Any, ...]:
        return self.partial, *((key, *told_apart(value)) for key, value in self.items)

    @classmethod
    def of(cls, component_id: Mapping[str, Any], *, partial: bool = False) -> FrozenId:
        return cls(tuple(sorted(component_id.items(), key=lambda item: item[0])), partial)

    def thaw(self) -> dict[str, Any]:
        return dict(self.items)

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(key for key, _ in self.items)

    @property
    def match_keys(self) -> frozenset[str]:
        return frozenset(key for key, value in self.items if value is MATCH)

    @property
    def is_pattern(self) -> bool:
        return any(isinstance(value, Wildcard) for _, value in self.items)

    @property
    def is_for_all(self) -> bool:
        """Does it stand for a list of components?"""
        if any(value is ALL or value is ALLSMALLER for _, value in self.items):
            return True
        # dash-renderer lists what fits a partial id, unless a MATCH makes it one.
        return self.partial and not self.is_pattern

    def __str__(self) -> str:
        items = [f"{key}: {value}" for key, value in self.items]
        return "{" + ", ".join([*items, "..."] if self.partial else items) + "}"


ComponentId: TypeAlias = str | FrozenId


def told_apart(value: Any) -> tuple[bool, Any]:
    """A value of an id, hashable, and equal only to what is the same id in the browser."""
    # Python takes True for 1. Lists and dicts are what the browser refuses, in words of its own.
    return isinstance(value, bool), repr(value) if isinstance(value, list | tuple | dict) else value


@dataclass(frozen=True, slots=True)
class Slot:
    """One leaf of a signature: a component property, and how its value crosses."""

    role: Role
    id: ComponentId
    prop: str
    allow_duplicate: bool = False
    allow_optional: bool = False
    marker: Any = field(default=None, compare=False)
    """The dependency as its author wrote it, where it says more than Dash's own words."""
    passed: bool = True
    """Does the user's function see the value?"""
    as_state: bool = False
    """Dash is given an input as a state: something else fires the callback in its place."""
    converts: tuple[Convert, ...] = ()
    want: Any = None
    """The form in which the function wants a stored value, where it says so."""

    def with_changes(self, **changes: Any) -> Slot:
        return replace(self, **changes)

    @property
    def plain(self) -> Slot:
        """The slot as one of Dash's own words: its value crosses as it travels."""
        return self.with_changes(marker=None, passed=True, converts=(), want=None)

    @property
    def key(self) -> tuple[ComponentId, str]:
        """What the slot addresses, whichever way the value goes."""
        return self.id, self.prop

    @property
    def fires(self) -> bool:
        """Does a change of the property run the callback?"""
        return self.role == "input" and not self.as_state

    @property
    def is_for_all(self) -> bool:
        """Is the value a list, one for each component that the id fits?"""
        return isinstance(self.id, FrozenId) and self.id.is_for_all

    @property
    def match_keys(self) -> frozenset[str]:
        return self.id.match_keys if isinstance(self.id, FrozenId) else frozenset()

    def __str__(self) -> str:
        return f"{self.id}.{self.prop}"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a callback was declared."""

    file: str
    line: int
    module: str
    at_module_level: bool

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Clientside:
    """A function that runs in the browser: source text, or a name in ``window.dash_clientside``."""

    source: str | None = None
    namespace: str | None = None
    function_name: str | None = None
    is_authors: bool = False
    """Is it as its author wrote it, and not a transform's own?"""


@dataclass(frozen=True, slots=True)
class Member:
    """One callback in a joint one."""

    spec: CallbackSpec
    initial: bool
    """Does it run when the page loads, with nothing triggered?"""


@dataclass(frozen=True, slots=True)
class Joint:
    """Several callbacks that run in one request, in order, each with its own arguments and ``ctx``."""

    members: tuple[Member, ...]

    @property
    def name(self) -> str:
        return "_and_".join(member.spec.func_name for member in self.members)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackSpec:
    """One callback: its function, the trees of its outputs and inputs, and what it asks for."""

    func: Callable[..., Any] | Clientside | Joint
    outputs: Tree[Slot]
    inputs: Tree[Slot]
    """The author's own, in the author's shape."""
    origin: Origin
    ports: Mapping[str, Slot] = field(default_factory=dict)
    """Hidden inputs, by name, that Dash is given behind the author's; none of them is passed."""
    prevent_initial_call: bool | str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    """Keywords that Dash knows."""
    flags: Mapping[str, Any] = field(default_factory=dict)
    """All other keywords: for transforms."""
    around: tuple[Around, ...] = ()
    finish: tuple[Finish, ...] = ()
    outer: tuple[Outer, ...] = ()
    salt: str | None = None
    """Set where Dash's own id would not tell this callback from another one."""
    job: Any = None
    """What a background manager runs (see ``callbacks/jobs.py``)."""
    _outputs: tuple[Slot, ...] = field(init=False, repr=False, compare=False)
    _inputs: tuple[Slot, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_outputs", tuple(leaves(self.outputs)))
        object.__setattr__(self, "_inputs", (*leaves(self.inputs), *self.ports.values()))

    def with_changes(self, **changes: Any) -> CallbackSpec:
        return replace(self, **changes)

    def map_slots(self, function: Callable[[Slot], Slot]) -> CallbackSpec:
        """Apply ``function`` to every leaf, and to the ports; the same object comes back where none changed."""
        outputs, inputs = map_leaves(function, self.outputs), map_leaves(function, self.inputs)
        ports = {name: function(slot) for name, slot in self.ports.items()}
        if outputs == self.outputs and inputs == self.inputs and ports == self.ports:
            return self
        return self.with_changes(outputs=outputs, inputs=inputs, ports=ports)

    def flag(self, name: str) -> Any:
        """What the callback says under a keyword of a transform; a joint one speaks for its members."""
        own = self.flags.get(name)
        if own or not isinstance(self.func, Joint):
            return own
        return next((said for member in self.func.members if (said := member.spec.flag(name))), own)

    def without_flags(self, *names: str) -> CallbackSpec:
        if not self.flags or self.flags.keys().isdisjoint(names):
            return self
        return self.with_changes(flags={k: v for k, v in self.flags.items() if k not in names})

    @property
    def singles(self) -> Iterator[CallbackSpec]:
        """This callback, or those of a group one by one."""
        if isinstance(self.func, Joint):
            for member in self.func.members:
                yield from member.spec.singles
        else:
            yield self

    @property
    def is_clientside(self) -> bool:
        return isinstance(self.func, Clientside)

    @property
    def is_background(self) -> bool:
        return bool(self.options.get("background"))

    @property
    def running(self) -> list[Any]:
        """What Dash's ``running`` lists: outputs, each with its value during the call and afterwards."""
        listed = self.options.get("running") or []
        # Dash takes one triple without a list around it too.
        return list(listed) if not listed or isinstance(listed[0], list | tuple) else [listed]

    @property
    def func_name(self) -> str:
        if isinstance(self.func, Clientside):
            return self.func.function_name or "clientside"
        if isinstance(self.func, Joint):
            return self.func.name
        return str(getattr(self.func, "__name__", type(self.func).__name__))

    def __str__(self) -> str:
        return f"callback '{self.func_name}' ({self.origin})"

    def output_slots(self) -> tuple[Slot, ...]:
        return self._outputs

    def input_slots(self) -> tuple[Slot, ...]:
        """Inputs and states together, in the order of declaration, and the ports behind them."""
        return self._inputs

    def request_places(self) -> list[int]:
        """Where each of ``input_slots`` stands in a request, which lists what fires before what does not."""
        order = sorted(range(len(self._inputs)), key=lambda i: not self._inputs[i].fires)
        places = {i: place for place, i in enumerate(order)}
        return [places[i] for i in range(len(order))]

    def request_shape(self) -> Any:
        """The tree that Dash is given, with a place in a request for each slot."""
        places = iter(self.request_places())
        return grouping(lambda _: next(places), self.dash_inputs)

    def port_place(self, name: str) -> int:
        """Where a port stands in a request."""
        return self.request_places()[len(self._inputs) - len(self.ports) + list(self.ports).index(name)]

    @property
    def dash_inputs(self) -> Tree[Slot]:
        """The tree that Dash is given: the author's, with the ports at its end."""
        if not self.ports:
            return self.inputs
        if isinstance(self.inputs, dict):
            return {**self.inputs, **{f"{PORT}{name}": slot for name, slot in self.ports.items()}}
        own = self.inputs if isinstance(self.inputs, tuple) else (self.inputs,)
        return (*own, *self.ports.values())


@dataclass(frozen=True, slots=True)
class Program:
    """A whole app, or one blueprint: what transforms rewrite."""

    callbacks: tuple[CallbackSpec, ...] = ()
    components: tuple[Any, ...] = ()
    """Hidden components to add to the layout."""
    layout_maps: tuple[Callable[[Any], Any], ...] = ()
    wires: tuple[Any, ...] = ()
    """Kinds of values that any callback may receive or return (see ``callbacks/call.py``)."""
    prevent_initial_callbacks: Any = False
    """What holds for callbacks that say nothing of ``prevent_initial_call``."""
    served: tuple[CallbackSpec, ...] | None = None
    """For callbacks declared after the first request: those that are served already, and can't change any more."""
    _words: frozenset[type | str] | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def is_late(self) -> bool:
        return self.served is not None

    def prevents_initial_call(self, spec: CallbackSpec) -> Any:
        """What holds for one of the callbacks: its own word, or else the program's."""
        own = spec.prevent_initial_call
        return self.prevent_initial_callbacks if own is None else own

    def says(self, *words: type | str) -> bool:
        """Does any callback have a dependency of one of these kinds, or a keyword of one of these names?

        A transform has nothing to do for a program that has none of its words.
        """
        if self._words is None:
            object.__setattr__(self, "_words", frozenset(_words(self.callbacks)))
        said: frozenset[type | str] = self._words  # type: ignore[assignment]
        return any(
            word in said
            if isinstance(word, str)
            else any(isinstance(s, type) and issubclass(s, word) for s in said)
            for word in words
        )

    def with_changes(self, **changes: Any) -> Program:
        after = replace(self, **changes)
        if after.callbacks is self.callbacks:
            object.__setattr__(after, "_words", self._words)
        return after

    def map_callbacks(self, function: Callable[[CallbackSpec], CallbackSpec]) -> Program:
        """Replace each callback; the same program comes back where none changed."""
        callbacks = tuple(map(function, self.callbacks))
        if all(map(operator.is_, callbacks, self.callbacks)):
            return self
        return self.with_changes(callbacks=callbacks)


def _words(callbacks: Iterable[CallbackSpec]) -> Iterator[type | str]:
    for spec in callbacks:
        yield from spec.flags
        for slot in (*spec.output_slots(), *spec.input_slots()):
            if slot.marker is not None:
                yield type(slot.marker)
        if isinstance(spec.func, Joint):
            yield from _words(member.spec for member in spec.func.members)

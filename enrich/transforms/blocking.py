"""Blocking: a callback that runs once at a time for a page."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from enrich.callbacks.emit import dependency
from enrich.callbacks.hidden import HiddenStores
from enrich.callbacks.naming import declaration_salt, hidden_id
from enrich.callbacks.overlap import overlapping
from enrich.callbacks.spec import OURS, PORT, Around, CallbackSpec, Clientside, Program, Slot
from enrich.callbacks.view import Fired, view_of
from enrich.errors import DeclarationError
from enrich.transforms.base import DashTransform


class BlockingCallbackTransform(DashTransform):
    """Enable ``blocking=True``: while the callback runs for a page, further triggers wait.

    When it ends, it runs once more with the latest values, if anything happened meanwhile. So no result is lost, as
    Dash drops those of a callback that fires again, and an interval that is faster than its callback works. Where ids
    have MATCH, each row blocks alone. Pages, and so users, never wait for each other.

    Parameters
    ----------
    timeout:
        Seconds after which a run that has not ended no longer keeps others waiting. Default 60. A callback's own
        ``blocking_timeout=`` takes its place.

    Raises
    ------
    DeclarationError
        At build, for a timeout that is not a positive number.

    Examples
    --------
    >>> from enrich import BlockingCallbackTransform, DashProxy, Input, Output
    >>> app = DashProxy("doc", transforms=[BlockingCallbackTransform()])
    >>> @app.callback(Output("log", "children"), Input("poll", "n_intervals"), blocking=True, blocking_timeout=10)
    ... def slow(n_intervals):
    ...     return f"done {n_intervals}"
    """

    after = (
        "TriggerTransform",
        "CycleBreakerTransform",
        "GroupTransform",
        "ServersideOutputTransform",
    )

    def __init__(self, timeout: float = 60) -> None:
        self.timeout = timeout

    def apply(self, program: Program, /) -> Program:
        if not program.says("blocking", "blocking_timeout"):
            return program
        seen: Counter[str] = Counter()
        callbacks: list[CallbackSpec] = []
        components: list[Any] = []
        for spec in program.callbacks:
            blocking, timeout = spec.flag("blocking"), spec.flag("blocking_timeout")
            spec = spec.without_flags("blocking", "blocking_timeout")
            if not blocking or not any(slot.fires for slot in spec.input_slots()):
                callbacks.append(spec)
                continue
            timeout = _positive(self.timeout if timeout is None else timeout, spec)
            gate = _Gate(spec, declaration_salt(spec, seen), timeout)
            callbacks.extend(gate.callbacks(program))
            components.extend(gate.stores.components())
        return program.with_changes(callbacks=tuple(callbacks), components=(*program.components, *components))


def _positive(timeout: Any, spec: CallbackSpec) -> float:
    if isinstance(timeout, bool) or not isinstance(timeout, int | float) or not timeout > 0:
        raise DeclarationError(f"{spec} has blocking_timeout={timeout!r}. Give a positive number of seconds.")
    return float(timeout)


class _Gate:
    """One blocking callback: what fires goes to a gate in the browser, and the gate fires the callback."""

    def __init__(self, spec: CallbackSpec, salt: str, timeout: float) -> None:
        self.spec = spec
        self.salt = salt
        self.places = [i for i, slot in enumerate(spec.input_slots()) if slot.fires]
        self.firing = [spec.input_slots()[i] for i in self.places]
        self.outputs = list(spec.output_slots())
        patterns = [slot for slot in (*self.outputs, *self.firing) if slot.match_keys]
        self.pattern = patterns[0] if patterns else None
        # An edge lets dash-renderer hold back what depends on the outputs when the page loads. It would close a cycle
        # where the callback reads what it writes.
        self.edge = self.pattern is None and not _reads_its_outputs(self.outputs, self.firing)
        self.stores = HiddenStores(
            name=hidden_id("gate", salt),
            match=tuple(sorted(self.pattern.match_keys)) if self.pattern else (),
            parts=("go", "end"),
            script="gate.js",
            settings={
                "timeout": timeout,
                "edge": self.edge,
                "place": next((i for i, slot in enumerate(self.firing) if slot.match_keys), 0),
                "needs": [
                    i for i, s in enumerate(self.firing) if isinstance(s.id, str) and not s.allow_optional
                ],
            },
        )

    def callbacks(self, program: Program) -> Iterator[CallbackSpec]:
        spec, stores = self.spec, self.stores
        yield self.blocked()
        yield CallbackSpec(
            func=stores.function("triggered"),
            outputs=self._gate_output(),
            inputs=(*(slot.plain for slot in self.firing), stores.named),
            origin=spec.origin,
            prevent_initial_call=self._prevent(program),
            options=OURS,
            salt=f"gate {self.salt}",
        )
        yield CallbackSpec(
            func=stores.function("ended"),
            outputs=(),
            inputs=stores.all_rows("end"),
            origin=spec.origin,
            prevent_initial_call=True,
            options=OURS,
            salt=f"end {self.salt}",
        )
        if self.pattern is not None:
            yield from stores.rows_callback(self.pattern, spec.origin)

    def blocked(self) -> CallbackSpec:
        """The author's callback, fired by the gate; what it was fired by is a state of it."""
        spec = self.spec
        waiting = spec.map_slots(_waits)
        ports = self.stores.ports(self.pattern)
        fired = Fired.by(ports, self.places, always=not self.edge)
        after = waiting.with_changes(
            ports={**waiting.ports, **ports},
            prevent_initial_call=spec.prevent_initial_call if self.edge else True,
        )
        if isinstance(spec.func, Clientside):
            return after.with_changes(func=self.stores.wrapped(spec.func, after, fired))
        view = view_of(spec, after, [fired])
        # The outermost bracket: those of earlier transforms find ctx as if nothing waited.
        return after.with_changes(around=(view, *spec.around), options=self._options(view, after))

    def _options(self, view: Around, after: CallbackSpec) -> Mapping[str, Any]:
        options = dict(self.spec.options)
        options["running"] = [*self.spec.running, (dependency(self.stores.output("end")), True, False)]
        if (handler := options.get("on_error")) is not None:
            options["on_error"] = _in_view(handler, view)
        if options.get("background"):
            options["background"] = _without_ports(options["background"], self.spec, after)
        return options

    def _gate_output(self) -> Any:
        if self.edge:
            return self.stores.output("go")
        if self.pattern is None or not self.outputs:
            return ()
        # An output of the row itself makes dash-renderer call the gate row by row; nothing is written to it.
        return self.outputs[0].plain.with_changes(allow_duplicate=True)

    def _prevent(self, program: Program) -> Any:
        if program.prevents_initial_call(self.spec) is True:
            return True
        return "initial_duplicate" if self.pattern is not None and self.outputs else False


def _reads_its_outputs(outputs: list[Slot], inputs: list[Slot]) -> bool:
    later = overlapping([*outputs, *inputs])
    return any(place >= len(outputs) for place in later)


def _waits(slot: Slot) -> Slot:
    return slot.with_changes(as_state=True) if slot.fires else slot


def _in_view(handler: Callable[[Exception], Any], view: Around) -> Callable[[Exception], Any]:
    @functools.wraps(handler)
    def handle(error: Exception) -> Any:
        with view():
            return handler(error)

    return handle


def _without_ports(
    background: Mapping[str, Any], before: CallbackSpec, after: CallbackSpec
) -> dict[str, Any]:
    """Keep the number of the run out of the key under which a background manager caches results."""
    ignored = background.get("cache_args_to_ignore", [])
    ignored = list(ignored) if isinstance(ignored, list | tuple) else [ignored]
    new = [name for name in after.ports if name not in before.ports]
    tree: Any = after.dash_inputs
    count = len(tree)
    ports = [f"{PORT}{name}" for name in new] if isinstance(tree, dict) else range(count - len(new), count)
    return {**background, "cache_args_to_ignore": [*ignored, *ports]}

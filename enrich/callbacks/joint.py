"""Several callbacks in one: joining their specs, and running the members that a trigger asks for."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from dash.exceptions import PreventUpdate

from enrich import dash_internals
from enrich.callbacks.call import Wire, current_app
from enrich.callbacks.compile import compile_full, is_async, open_brackets
from enrich.callbacks.frames import with_own_frames
from enrich.callbacks.spec import CallbackSpec, Joint, Member, Slot
from enrich.callbacks.tree import grouping
from enrich.errors import GroupError

_OF_THE_MEMBER = frozenset({"on_error", "api_endpoint", "running"})
"""Options that each member keeps for itself; all others hold for the whole request."""


def join(specs: Sequence[CallbackSpec], *, initial: Iterable[bool], what: str) -> CallbackSpec:
    """Join callbacks into one spec: the unions of their outputs and inputs, in first-seen order.

    Parameters
    ----------
    specs:
        The members, in the order they are to run.
    initial:
        For each member: does it run when the page loads?
    what:
        How an error calls the whole, such as ``"group 'log'"``.

    Raises
    ------
    GroupError
        If they can't be one request; both places are named.
    """
    members = tuple(Member(spec, runs) for spec, runs in zip(specs, initial, strict=True))
    first = specs[0]
    for spec in specs:
        _refuse_what_cannot_join(specs, spec, what)
    inputs = _union(slot for spec in specs for slot in spec.input_slots())
    outputs = _union(slot for spec in specs for slot in spec.output_slots())
    _check_match_keys(specs, inputs, what)
    options = {k: v for k, v in first.options.items() if k not in _OF_THE_MEMBER}
    running = [entry for spec in specs for entry in spec.running]
    return CallbackSpec(
        func=Joint(members),
        # A member whose own inputs are not on the page is skipped, so none of them may stop the others.
        inputs=tuple(slot.with_changes(allow_optional=True) for slot in inputs),
        outputs=outputs,
        origin=first.origin,
        prevent_initial_call=not any(member.initial for member in members),
        options=options | ({"running": running} if running else {}),
        salt=first.salt,
    )


def priority(spec: CallbackSpec) -> float:
    """Where a member runs among the others: the higher, the later, so that its value holds. Default 0."""
    value: float = spec.flags.get("priority", 0)
    return value


def _union(slots: Iterable[Slot]) -> tuple[Slot, ...]:
    """First-seen order; an input wins over a state, since it must be able to trigger."""
    seen: dict[Any, Slot] = {}
    for slot in slots:
        known = seen.get(slot.key)
        if known is None or (not known.fires and slot.fires):
            seen[slot.key] = slot.plain
        elif slot.allow_duplicate:
            seen[slot.key] = known.with_changes(allow_duplicate=True)
    return tuple(seen.values())


def _refuse_what_cannot_join(specs: Sequence[CallbackSpec], spec: CallbackSpec, what: str) -> None:
    first = specs[0]
    others = ", ".join(str(other) for other in specs if other is not spec)
    beside = f", and {others} would run with it" if others else ""
    if spec.is_clientside:
        raise GroupError(
            f"{what}: {spec} runs in the browser{beside}. Only server-side callbacks can run as one."
        )
    if spec.is_background:
        raise GroupError(
            f"{what}: {spec} has background=True{beside}. A background callback is a job of its own."
        )
    if inspect.isasyncgenfunction(spec.func):
        raise GroupError(f"{what}: {spec} streams its values{beside}. A stream is a request of its own.")
    for name in sorted(set(first.options) | set(spec.options)):
        if name in _OF_THE_MEMBER:
            continue
        mine, theirs = first.options.get(name), spec.options.get(name)
        if mine is not theirs and mine != theirs:
            raise GroupError(
                f"{what}: {first} has {name}={mine!r}, {spec} has {name}={theirs!r}. "
                "They run in one request: give them the same."
            )


def _check_match_keys(specs: Sequence[CallbackSpec], inputs: Sequence[Slot], what: str) -> None:
    # dash-renderer refuses outputs whose MATCH keys differ, and inputs with a MATCH that no output has.
    expected: tuple[frozenset[str], CallbackSpec] | None = None
    for spec in specs:
        for slot in spec.output_slots():
            if expected is None:
                expected = (slot.match_keys, spec)
            elif slot.match_keys != expected[0]:
                raise GroupError(
                    f"{what}: {spec} has output {slot}, and {expected[1]} has outputs with MATCH on "
                    f"{sorted(expected[0]) or 'nothing'}. Outputs in one request must have MATCH on the same keys."
                )
    if expected is None:
        return
    for slot in inputs:
        if not slot.match_keys <= expected[0]:
            raise GroupError(
                f"{what}: input {slot} has MATCH on {sorted(slot.match_keys)}, the outputs of {expected[1]} "
                f"on {sorted(expected[0]) or 'nothing'}. Give the inputs' MATCH keys to the outputs too."
            )


# --- running ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Runner:
    """A member, ready to run: its function, and where its values stand in the whole."""

    member: Member
    func: Callable[..., Any]
    inputs: tuple[int, ...]
    states: tuple[int, ...]
    input_shape: Any
    outputs: tuple[int, ...]
    output_shape: Any

    @classmethod
    def of(cls, member: Member, whole: CallbackSpec, wires: tuple[Wire, ...]) -> _Runner:
        # The request lists all inputs, then all states; the member's values are found there by position.
        slots = whole.input_slots()
        order = [s.key for s in slots if s.fires] + [s.key for s in slots if not s.fires]
        places = {key: place for place, key in enumerate(order)}
        output_places = {slot.key: place for place, slot in enumerate(whole.output_slots())}
        spec = member.spec
        own = spec.input_slots()
        inputs = [slot for slot in own if slot.fires]
        states = [slot for slot in own if not slot.fires]
        rank = iter(ranks(own))
        count = iter(range(len(spec.output_slots())))
        return cls(
            member=member,
            func=compile_full(spec, wires),
            inputs=tuple(places[slot.key] for slot in inputs),
            states=tuple(places[slot.key] for slot in states),
            input_shape=grouping(lambda _: next(rank), spec.dash_inputs),
            outputs=tuple(output_places[slot.key] for slot in spec.output_slots()),
            output_shape=grouping(lambda _: next(count), spec.outputs),
        )

    def view(self, whole: Any, outputs: Sequence[Any]) -> Any | None:
        """The member's own ``ctx``, or ``None`` if it is not its turn."""
        request = [*whole.inputs_list, *(whole.states_list or ())]
        inputs = [request[place] for place in self.inputs]
        if any(_is_missing(request[p], s) for p, s in zip(self._places(), self._slots(), strict=True)):
            return None
        if whole.triggered_inputs:
            changed = {t["prop_id"] for t in whole.triggered_inputs}
            if changed.isdisjoint(dash_internals.prop_ids(inputs)):
                return None
        elif not self.member.initial:
            return None
        return dash_internals.member_view(
            whole,
            inputs,
            [request[place] for place in self.states],
            self.input_shape,
            [outputs[place] for place in self.outputs],
            self.output_shape,
        )

    def _slots(self) -> list[Slot]:
        slots = self.member.spec.input_slots()
        return [s for s in slots if s.fires] + [s for s in slots if not s.fires]

    def _places(self) -> tuple[int, ...]:
        return self.inputs + self.states

    def arguments(self, view: Any) -> tuple[list[Any], dict[str, Any]]:
        values = dash_internals.values([*view.inputs_list, *view.states_list])
        shaped = _pick(self.input_shape, values)
        if isinstance(self.input_shape, dict):
            return [], shaped
        return (shaped if isinstance(self.input_shape, list) else [shaped]), {}

    def collect(self, result: Any, results: list[Any]) -> None:
        """Put what the member returned into the whole; a later no_update does not erase an earlier value."""
        if dash_internals.is_no_update(result) or not self.outputs:
            return
        flat = dash_internals.flatten_result(result, self.output_shape)
        for place, value in zip(self.outputs, flat, strict=True):
            if not dash_internals.is_no_update(value):
                results[place] = value

    def failed(self, error: Exception) -> Any:
        handler = self.member.spec.options.get("on_error") or dash_internals.error_handler(current_app())
        if handler is None:
            raise error
        value = handler(error)
        return dash_internals.NO_UPDATE if value is None else value


def compile_joint(spec: CallbackSpec, wires: tuple[Wire, ...]) -> Callable[..., Any]:
    """Compile a joint callback to one function that runs the members whose turn it is."""
    joint: Joint = spec.func  # type: ignore[assignment]
    runners = [_Runner.of(member, spec, wires) for member in joint.members]
    outputs = len(spec.output_slots())

    if not any(is_async(runner.func) for runner in runners):

        @_named(joint)
        def call_members(*_args: Any) -> Any:
            with open_brackets(spec.around):
                play = _play(runners, outputs)
                try:
                    step = next(play)
                    while True:
                        try:
                            result = step()
                        except Exception as error:
                            step = play.throw(error)
                        else:
                            step = play.send(result)
                except StopIteration as end:
                    return end.value

        return with_own_frames(call_members)

    @_named(joint)
    async def call_members_async(*_args: Any) -> Any:
        with open_brackets(spec.around):
            play = _play(runners, outputs)
            try:
                step = next(play)
                while True:
                    try:
                        result = await (step() if is_async(step.func) else asyncio.to_thread(step))
                    except Exception as error:
                        step = play.throw(error)
                    else:
                        step = play.send(result)
            except StopIteration as end:
                return end.value

    return with_own_frames(call_members_async)


def _play(runners: Sequence[_Runner], outputs: int) -> Generator[functools.partial[Any], Any, Any]:
    """Give the calls to make, one after another, each with its own ``ctx``; takes what each returned or raised."""
    whole = dash_internals.context()
    items = list(whole.outputs_list) if outputs else []
    results: list[Any] = [dash_internals.NO_UPDATE] * outputs
    for runner in runners:
        view = runner.view(whole, items)
        if view is None:
            continue
        args, kwargs = runner.arguments(view)
        with dash_internals.use_context(view):
            try:
                result = yield functools.partial(runner.func, *args, **kwargs)
            except PreventUpdate:
                continue
            except Exception as error:
                result = runner.failed(error)
        runner.collect(result, results)
    if all(dash_internals.is_no_update(value) for value in results) and not whole.updated_props:
        raise PreventUpdate
    return results if outputs else None


def _named(joint: Joint) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Name the function after its members, for tracebacks and for Dash's callback graph."""

    def name(func: Callable[..., Any]) -> Callable[..., Any]:
        func.__name__ = func.__qualname__ = joint.name
        func.__doc__ = "Runs " + ", ".join(str(member.spec) for member in joint.members)
        return func

    return name


def ranks(own: Sequence[Slot]) -> list[int]:
    """Where each leaf of a member stands in its inputs followed by its states."""
    inputs = [i for i, slot in enumerate(own) if slot.fires]
    states = [i for i, slot in enumerate(own) if not slot.fires]
    rank = {i: place for place, i in enumerate(inputs + states)}
    return [rank[i] for i in range(len(own))]


def _pick(shape: Any, values: Sequence[Any]) -> Any:
    if isinstance(shape, list):
        return [_pick(child, values) for child in shape]
    if isinstance(shape, dict):
        return {key: _pick(child, values) for key, child in shape.items()}
    return values[shape]


def _is_missing(item: Any, slot: Slot) -> bool:
    """Is the component not on the page, although its author did not say that it may be missing?"""
    # dash-renderer sends the declaration itself, with allow_optional in it, for a missing component.
    return not slot.allow_optional and isinstance(item, dict) and bool(item.get("allow_optional"))

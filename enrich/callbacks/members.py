"""Running a joint callback: the members that a trigger asks for, each with its own arguments and ``ctx``."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any

from dash.exceptions import PreventUpdate

from enrich import dash_internals
from enrich.callbacks.call import Wire, current_app
from enrich.callbacks.compile import compile_full, is_async, open_brackets
from enrich.callbacks.frames import with_own_frames
from enrich.callbacks.spec import CallbackSpec, Joint, Member
from enrich.callbacks.tree import grouping


@dataclass(frozen=True, slots=True)
class _Runner:
    """A member, ready to run: its function, and where its values stand in the whole."""

    member: Member
    func: Callable[..., Any]
    inputs: tuple[int, ...]
    states: tuple[int, ...]
    needed: tuple[int, ...]
    """Of these, what must be on the page."""
    input_shape: Any
    outputs: tuple[int, ...]
    output_shape: Any

    @classmethod
    def of(cls, member: Member, whole: CallbackSpec, wires: tuple[Wire, ...]) -> _Runner:
        keys = [slot.key for slot in whole.input_slots()]
        places = dict(zip(keys, whole.request_places(), strict=True))
        output_places = {slot.key: place for place, slot in enumerate(whole.output_slots())}
        spec = member.spec
        own = spec.input_slots()
        count = iter(range(len(spec.output_slots())))
        return cls(
            member=member,
            func=compile_full(spec, wires),
            inputs=tuple(places[slot.key] for slot in own if slot.fires),
            states=tuple(places[slot.key] for slot in own if not slot.fires),
            needed=tuple(places[slot.key] for slot in own if not slot.allow_optional),
            input_shape=spec.request_shape(),
            outputs=tuple(output_places[slot.key] for slot in spec.output_slots()),
            output_shape=grouping(lambda _: next(count), spec.outputs),
        )

    def view(self, whole: Any, outputs: Sequence[Any]) -> Any | None:
        """The member's own ``ctx``, or ``None`` if it is not its turn."""
        request = [*whole.inputs_list, *(whole.states_list or ())]
        inputs = [request[place] for place in self.inputs]
        if any(_is_missing(request[place]) for place in self.needed):
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


def _pick(shape: Any, values: Sequence[Any]) -> Any:
    if isinstance(shape, list):
        return [_pick(child, values) for child in shape]
    if isinstance(shape, dict):
        return {key: _pick(child, values) for key, child in shape.items()}
    return values[shape]


def _is_missing(item: Any) -> bool:
    # dash-renderer sends the declaration itself, with allow_optional in it, for a missing component.
    return isinstance(item, dict) and bool(item.get("allow_optional"))

"""CallbackSpec -> one plain function: load, the user's function, dump.

A callback whose leaves say nothing compiles to the user's own function. Everything else is one flat plan, not wrappers
on wrappers, and stays what the user's function was: sync, async, or a generator of either kind.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, aclosing
from typing import Any

from enrich import dash_internals
from enrich.callbacks.call import Wire, active_wires, current_app
from enrich.callbacks.frames import hide_our_frames, with_own_frames
from enrich.callbacks.spec import CallbackSpec, Joint, Slot
from enrich.callbacks.streams import in_brackets
from enrich.callbacks.tree import is_branch, leaves

Function = Callable[..., Any]
_DROPPED = object()


def compile_callback(spec: CallbackSpec, wires: tuple[Wire, ...] = ()) -> Function:
    """Compile what the declaration itself asks for; the user's own function where it asks for nothing."""
    if isinstance(spec.func, Joint):
        from enrich.callbacks.members import compile_joint

        return compile_joint(spec, wires)
    func: Function = spec.func  # type: ignore[assignment]
    if not asks_for_nothing(spec) or any(wire.is_made_by(func) for wire in wires):
        return compile_full(spec, wires)
    if wires and inspect.iscoroutinefunction(func):
        return _dumping_off_loop(func, _Dump(spec, wires), _counter(wires))
    return compile_full(spec, wires) if wires and inspect.isasyncgenfunction(func) else func


def compile_on_error(spec: CallbackSpec, wires: tuple[Wire, ...]) -> Function | None:
    """Compile what answers for a failed callback, so that its answer is dumped like a result."""
    own = spec.options.get("on_error")
    if not spec.finish and all(map(_travels_as_it_is, spec.output_slots())):
        return own
    if own is None and inspect.isasyncgenfunction(spec.func):
        # A stream tells the page of its failure, unless there is something to answer for it.
        return None
    dump = _Dump(spec, wires)

    def answer(error: Exception) -> Any:
        handler = own or dash_internals.error_handler(current_app())
        if handler is None:
            raise error
        value = handler(error)
        return None if value is None else dump(value, None)

    return answer


def compile_full(spec: CallbackSpec, wires: tuple[Wire, ...]) -> Function:
    """Compile a function that also looks for the values of ``wires`` in its arguments and results."""
    if isinstance(spec.func, Joint):
        return compile_callback(spec, wires)
    for wire in wires:
        spec = wire.prepare(spec)
    function = _flat(spec, wires)
    for outer in spec.outer:
        function = outer(function, spec)
    return with_own_frames(function) if spec.outer else function


def _flat(spec: CallbackSpec, wires: tuple[Wire, ...]) -> Function:
    """Compile load, the user's function and dump into one function."""
    func: Function = spec.func  # type: ignore[assignment]
    load, dump = _Load(spec, wires), _Dump(spec, wires)
    around = spec.around

    if inspect.isasyncgenfunction(func):

        @functools.wraps(func)
        async def call_async_generator(*args: Any, **kwargs: Any) -> AsyncIterator[Any]:
            try:
                args, kwargs = await _off_loop(load, args, kwargs)
                before = dump.start()
                stream: Any = func(*args, **kwargs)
                if around:
                    stream = in_brackets(stream, functools.partial(open_brackets, around))
                async with aclosing(stream):
                    async for chunk in stream:
                        yield await _off_loop(dump, chunk, before)
            except Exception as error:
                hide_our_frames(error)
                raise

        return call_async_generator

    if inspect.isgeneratorfunction(func):

        @functools.wraps(func)
        def call_generator(*args: Any, **kwargs: Any) -> Iterator[Any]:
            try:
                args, kwargs = load(args, kwargs)
                before = dump.start()
                with open_brackets(around):
                    for chunk in func(*args, **kwargs):
                        yield dump(chunk, before)
            except Exception as error:
                hide_our_frames(error)
                raise

        return call_generator

    if is_async(func):

        @functools.wraps(func)
        async def call_async(*args: Any, **kwargs: Any) -> Any:
            try:
                args, kwargs = await _off_loop(load, args, kwargs)
                before = dump.start()
                with open_brackets(around):
                    result = await func(*args, **kwargs)
                return await _off_loop(dump, result, before)
            except Exception as error:
                hide_our_frames(error)
                raise

        return call_async

    @functools.wraps(func)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            args, kwargs = load(args, kwargs)
            before = dump.start()
            with open_brackets(around):
                result = func(*args, **kwargs)
            return dump(result, before)
        except Exception as error:
            hide_our_frames(error)
            raise

    return call


def _counter(wires: tuple[Wire, ...]) -> Callable[[], Any]:
    """What counts the values made so far: mostly there is one kind of them."""
    return wires[0].made if len(wires) == 1 else lambda: [wire.made() for wire in wires]


def _dumping_off_loop(func: Function, dump: _Dump, made: Callable[[], Any]) -> Function:
    """Compile an async function that may make values of a wire: stored where Dash writes its answer, they would block."""

    @functools.wraps(func)
    async def call(*args: Any, **kwargs: Any) -> Any:
        try:
            before = made()
            result = await func(*args, **kwargs)
            return result if made() == before else await asyncio.to_thread(dump, result, None)
        except Exception as error:
            hide_our_frames(error)
            raise

    return call


def is_async(func: Any) -> bool:
    """Does calling it give a coroutine or an async generator?"""
    return inspect.iscoroutinefunction(func) or inspect.isasyncgenfunction(func)


def asks_for_nothing(spec: CallbackSpec) -> bool:
    """Can the function have its arguments and give its result as they travel, for all that its declaration says?"""
    if isinstance(spec.func, Joint) or spec.around or spec.finish or spec.outer:
        return False
    return all(map(_travels_as_it_is, spec.input_slots())) and all(
        map(_travels_as_it_is, spec.output_slots())
    )


def _travels_as_it_is(slot: Slot) -> bool:
    return slot.passed and not slot.converts


def open_brackets(around: tuple[Any, ...]) -> ExitStack:
    """Open every bracket of a callback, the first one outermost."""
    stack = ExitStack()
    for bracket in around:
        stack.enter_context(bracket())
    return stack


async def _off_loop(step: Any, *args: Any) -> Any:
    """Run a step that may read or write files in a thread, if it has such work at all."""
    if step.may_block(*args):
        return await asyncio.to_thread(step, *args)
    return step(*args)


class _Load:
    """The way in: from what Dash passes to what the user's function takes."""

    def __init__(self, spec: CallbackSpec, wires: tuple[Wire, ...]) -> None:
        self.spec = spec
        self.wires = wires
        tree: Any = spec.dash_inputs
        self.tree = tree if is_branch(tree) else (tree,)
        self.converts = any(slot.converts for slot in leaves(self.tree))
        self.drops = any(not slot.passed for slot in leaves(self.tree))

    def may_block(self, args: Any, kwargs: Any) -> bool:
        return self.converts or bool(self.wires and active_wires())

    def __call__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Any]:
        wires = active_wires() if self.wires else ()
        if not (wires or self.converts or self.drops):
            return args, kwargs
        if isinstance(self.tree, dict):
            # What comes first without being declared is Dash's: set_progress of a background callback.
            own = self._node(self.tree, {k: kwargs[k] for k in self.tree}, wires)
            return args, {} if own is _DROPPED else own
        extra = len(args) - len(self.tree)
        own = self._node(self.tree, args[extra:], wires)
        return args[:extra] + (() if own is _DROPPED else tuple(own)), kwargs

    def _node(self, tree: Any, value: Any, wires: tuple[Wire, ...]) -> Any:
        if isinstance(tree, Slot):
            return self._leaf(tree, value, wires)
        if isinstance(tree, dict):
            parts = {
                k: v for k, sub in tree.items() if (v := self._node(sub, value[k], wires)) is not _DROPPED
            }
            return type(value)(parts) if parts or not tree else _DROPPED
        items = [
            v
            for sub, item in zip(tree, value, strict=True)
            if (v := self._node(sub, item, wires)) is not _DROPPED
        ]
        return items if items or not tree else _DROPPED

    def _leaf(self, slot: Slot, value: Any, wires: tuple[Wire, ...]) -> Any:
        if not slot.passed:
            return _DROPPED
        for wire in wires:
            value = wire.load(value, slot, self.spec)
        for convert in slot.converts:
            value = convert(value, slot, self.spec)
        return value


class _Dump:
    """The way out: from what the user's function returned to what Dash takes."""

    def __init__(self, spec: CallbackSpec, wires: tuple[Wire, ...]) -> None:
        self.spec = spec
        self.wires = wires
        self.converts = any(slot.converts for slot in spec.output_slots())

    def start(self) -> list[int]:
        return [wire.made() for wire in self.wires]

    def may_block(self, result: Any, before: list[int] | None) -> bool:
        return self.converts or self._wires_used(before)

    def _wires_used(self, before: list[int] | None) -> bool:
        return bool(self.wires) and (before is None or before != self.start())

    def __call__(self, result: Any, before: list[int] | None) -> Any:
        for finish in self.spec.finish:
            result = finish(result)
        if dash_internals.is_no_update(result):
            return result
        wires = self.wires if self._wires_used(before) else ()
        if wires:
            dash_internals.map_updated_props(lambda value: self._wire(value, None, wires))
        if not (self.converts or wires):
            return result
        return self._node(self.spec.outputs, result, wires)

    def _node(self, tree: Any, value: Any, wires: tuple[Wire, ...]) -> Any:
        if isinstance(tree, Slot):
            return self._leaf(tree, value, wires)
        if isinstance(tree, dict):
            if not isinstance(value, dict):
                return value  # Dash says what is wrong with its shape.
            return {k: self._node(tree[k], v, wires) if k in tree else v for k, v in value.items()}
        if not isinstance(value, list | tuple) or len(value) != len(tree):
            return value
        return [self._node(sub, item, wires) for sub, item in zip(tree, value, strict=True)]

    def _leaf(self, slot: Slot, value: Any, wires: tuple[Wire, ...]) -> Any:
        if dash_internals.is_no_update(value):
            return value
        for convert in slot.converts:
            value = convert(value, slot, self.spec)
        return self._wire(value, slot, wires)

    def _wire(self, value: Any, slot: Slot | None, wires: tuple[Wire, ...]) -> Any:
        for wire in wires:
            value = wire.dump(value, slot, self.spec)
        return value

"""CallbackSpec -> the entries that Dash serves."""

from __future__ import annotations

import functools
import hashlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from dash import ClientsideFunction, Input, Output, State

from enrich import dash_internals
from enrich.callbacks.call import Wire
from enrich.callbacks.clientside import adapt
from enrich.callbacks.compile import asks_for_nothing, compile_callback, compile_full, compile_on_error
from enrich.callbacks.spec import CallbackSpec, Clientside, FrozenId, Slot
from enrich.callbacks.tree import grouping, leaves

Handler: TypeAlias = Callable[..., Any]


@dataclass(slots=True)
class Emitted:
    """One callback as Dash registers it."""

    spec: CallbackSpec
    id: str
    front: dict[str, Any]
    """The entry of the callback list, for the browser."""
    back: dict[str, Any]
    """The entry of the callback map, for dispatching."""
    scripts: tuple[str, ...] = ()
    wires: tuple[Wire, ...] = ()
    decorate: dash_internals.Decorator | None = None
    """What makes the handler, where that is done by the first call."""
    first_call: Handler | None = None
    """What stands in the handler's place until then."""
    _handler: Handler | None = None
    _full: Handler | None = None

    def handler(self) -> Handler:
        """Dash's handler; made when it is first needed."""
        handler = self._handler
        if handler is None:
            known = self.back["callback"]
            if self.decorate is not None:
                self.decorate(compile_callback(self.spec, self.wires))
            self._handler = handler = self.back["callback"]
            if known is not self.first_call:
                # Somebody put one around the first call into the map.
                self.back["callback"] = known
        return handler

    def full_handler(self) -> Handler:
        """Dash's handler of the function that also loads values of the wires; made when it is first needed."""
        if self._full is None:
            is_full = not self.wires or self.spec.job is not None or not asks_for_nothing(self.spec)
            self._full = self.handler() if is_full else full_handler(self.spec, self.wires)
        return self._full


def full_handler(spec: CallbackSpec, wires: tuple[Wire, ...]) -> Handler:
    """Make Dash's handler of a callback that loads and dumps values of ``wires``."""
    _, back, decorate = _registered(spec, wires, True)
    decorate(compile_full(spec, wires))
    handler: Handler = back["callback"]
    return handler


def emit(spec: CallbackSpec, wires: tuple[Wire, ...], prevent_initial_callbacks: Any) -> Emitted:
    """Register one callback on lists of its own.

    Parameters
    ----------
    spec:
        The callback, after all transforms.
    wires:
        The program's wires.
    prevent_initial_callbacks:
        The app's setting, as Dash takes it.
    """
    if isinstance(spec.func, Clientside):
        return _named(_clientside(spec, prevent_initial_callbacks))
    front, back, decorate = _registered(spec, wires, prevent_initial_callbacks)
    emitted = Emitted(spec, front["output"], front, back, wires=wires)
    if spec.job is not None:
        decorate(spec.job.run)
    elif asks_for_nothing(spec) and not inspect.isasyncgenfunction(spec.func):
        # Nothing can be wrong with it, and most callbacks of a large app are never called in one process.
        call: Handler = _first_call_async if inspect.iscoroutinefunction(spec.func) else _first_call
        back["callback"] = first = functools.partial(call, emitted)
        first.__wrapped__ = spec.func  # type: ignore[attr-defined]
        emitted.decorate, emitted.first_call = decorate, first
    else:
        decorate(compile_callback(spec, wires))
    return _named(emitted)


def _first_call(emitted: Emitted, *args: Any, **kwargs: Any) -> Any:
    return emitted.handler()(*args, **kwargs)


async def _first_call_async(emitted: Emitted, *args: Any, **kwargs: Any) -> Any:
    return await emitted.handler()(*args, **kwargs)


def _registered(
    spec: CallbackSpec, wires: tuple[Wire, ...], prevent: Any
) -> tuple[dict[str, Any], dict[str, Any], dash_internals.Decorator]:
    kwargs = _kwargs(spec)
    kwargs["on_error"] = compile_on_error(spec, wires)
    kwargs["output"] = grouping(dependency, spec.outputs)
    return dash_internals.register(prevent, grouping(dependency, spec.dash_inputs), kwargs)


def _clientside(spec: CallbackSpec, prevent: Any) -> Emitted:
    function = adapt(spec)
    target = function.source or ClientsideFunction(function.namespace or "", function.function_name or "")
    kwargs = _kwargs(spec) | {
        "output": _clientside_outputs(spec),
        "inputs": [dependency(slot) for slot in spec.input_slots() if slot.fires],
        "state": [dependency(slot) for slot in spec.input_slots() if not slot.fires],
    }
    front, back, scripts = dash_internals.register_clientside(prevent, target, kwargs)
    return Emitted(spec, front["output"], front, back, tuple(scripts))


def _kwargs(spec: CallbackSpec) -> dict[str, Any]:
    kwargs = dict(spec.options)
    if spec.is_background:
        # Dash takes cancel_inputs out of the background settings when it serves the first request.
        kwargs["background"] = dict(kwargs["background"])
    # Published once, when it was declared; and Dash would publish the compiled function.
    kwargs.pop("api_endpoint", None)
    kwargs["prevent_initial_call"] = spec.prevent_initial_call
    return kwargs


def dependency(slot: Slot) -> Any:
    """The dependency that Dash is given for a slot."""
    component_id: Any = slot.id
    partial: dict[str, bool] = {}
    if isinstance(slot.id, FrozenId):
        component_id = slot.id.thaw()
        if slot.id.partial:
            partial = {"partial_pattern": True}
    if slot.role == "output":
        return Output(component_id, slot.prop, allow_duplicate=slot.allow_duplicate, **partial)
    kind = Input if slot.fires else State
    return kind(component_id, slot.prop, allow_optional=slot.allow_optional, **partial)


def _clientside_outputs(spec: CallbackSpec) -> Any:
    outputs = [dependency(slot) for slot in spec.output_slots()]
    return outputs[0] if isinstance(spec.outputs, Slot) else outputs


def _named(emitted: Emitted) -> Emitted:
    """Give a callback the id that sets it apart, where Dash's own would not."""
    spec = emitted.spec
    if spec.salt is None:
        return emitted
    own = hashlib.sha256(spec.salt.encode()).hexdigest()
    outputs = leaves(spec.outputs)
    if not outputs:
        emitted.id = own
    else:
        # The suffix behind @ is how Dash tells duplicate outputs apart; only its being unique matters.
        parts = [f"{_escaped(slot)}@{own}" if slot.allow_duplicate else _escaped(slot) for slot in outputs]
        emitted.id = parts[0] if isinstance(spec.outputs, Slot) else ".." + "...".join(parts) + ".."
    emitted.front["output"] = emitted.id
    return emitted


def _escaped(slot: Slot) -> str:
    return f"{dependency(slot).component_id_str()}".replace(".", "\\.") + f".{slot.prop}"

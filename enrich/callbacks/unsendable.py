"""What a callback gave that no page can take: Dash says neither where the callback is nor what helps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dash.exceptions import InvalidCallbackReturnValue

from enrich import dash_internals
from enrich.callbacks.call import current_call
from enrich.callbacks.spec import CallbackSpec
from enrich.errors import EnrichError


class UnsendableValueError(EnrichError, InvalidCallbackReturnValue):
    """A callback gave a page what is not JSON, such as a DataFrame; says which output, and what helps."""


def unsendable(spec: CallbackSpec, result: Any) -> UnsendableValueError:
    """Make the error for a result, with what ``set_props`` was given beside it, that Dash could not write as JSON."""
    return UnsendableValueError(  # type: ignore[no-untyped-call]
        f"{next(_refused(spec, result), f'{spec}: what it returned is not JSON')}. To keep the value on the server, "
        "declare a ServersideOutput, or give Serverside(value). To send it to the page, give plain data, such as "
        "frame.to_dict('records')."
    )


def _refused(spec: CallbackSpec, result: Any) -> Iterator[str]:
    """Each value that is refused: the callback, also in a group, the place and the reason."""
    for maker, place, value in _given(spec, result):
        if (reason := _refusal(value)) is not None:
            path, reason = _innermost(value, reason)
            yield f"{maker}, {place}{', at ' if path else ''}{path}: {reason}"


def _given(spec: CallbackSpec, result: Any) -> Iterator[tuple[CallbackSpec, str, Any]]:
    slots = () if dash_internals.is_no_update(result) else spec.output_slots()
    values = dash_internals.flatten_result(result, spec.outputs) if slots else ()
    for slot, value in zip(slots, values, strict=True):
        makers = [single for single in spec.singles if slot.key in {own.key for own in single.output_slots()}]
        yield makers[0] if len(makers) == 1 else spec, f"output {slot}", value
    for component_id, props in dash_internals.updated_props().items():
        for prop, value in props.items():
            yield spec, f"set_props of {component_id}.{prop}", value


def _refusal(value: Any) -> str | None:
    try:
        dash_internals.to_json(value)
    except TypeError as error:
        return str(error)
    return None


def _innermost(value: Any, reason: str) -> tuple[str, str]:
    """Go down to what is refused by itself: the way to it, and what is said of it."""
    for step, part in dash_internals.parts(value):
        if (inner := _refusal(part)) is not None:
            path, reason = _innermost(part, inner)
            return step + path, reason
    return "", reason


def _explained(result: Any) -> UnsendableValueError | None:
    call = current_call.get()
    spec = None if call is None else call.app._build.spec_of(call.callback_id)
    return None if spec is None else unsendable(spec, result)


dash_internals.explain_unsendable(_explained)

"""``on_missing``: what a callback gets in the place of a stored value that its token can't open."""

from __future__ import annotations

import logging
from typing import Any

from enrich import dash_internals
from enrich.callbacks.declare import is_serverside
from enrich.callbacks.spec import CallbackSpec, Program, Slot
from enrich.errors import DeclarationError, HandleError, HandleInvalid, StoreConfigError

_log = logging.getLogger("enrich.store")
_OF_OUTPUTS = "on_missing_of_outputs"


def check_setting(on_missing: Any) -> None:
    """Refuse what is neither of the two words nor a function."""
    if on_missing not in (None, "raise", "prevent_update") and not callable(on_missing):
        raise StoreConfigError(
            f"on_missing={on_missing!r}: give 'raise', 'prevent_update', or a function that takes the HandleError "
            "and returns the argument to pass instead."
        )


def with_settings_of_outputs(program: Program) -> Program:
    """Let the readers of an output know what its ``ServersideOutput`` says of values that are gone."""
    said: dict[Any, Any] = {}
    for spec in (*(program.served or ()), *program.callbacks):
        if "on_missing" in spec.flags:
            _checked(f"{spec} has", spec.flags["on_missing"])
        for slot in spec.output_slots():
            if is_serverside(slot) and slot.marker.on_missing is not None:
                said[slot.key] = _checked(f"{spec}, output {slot}, has", slot.marker.on_missing)
    return program.map_callbacks(lambda spec: _told(spec, said)) if said else program


def _checked(who: str, on_missing: Any) -> Any:
    try:
        check_setting(on_missing)
    except StoreConfigError as error:
        raise DeclarationError(f"{who} {error}") from None
    return on_missing


def _told(spec: CallbackSpec, said: dict[Any, Any]) -> CallbackSpec:
    own = {slot.key: said[slot.key] for slot in spec.input_slots() if slot.key in said}
    return spec.with_changes(flags={**spec.flags, _OF_OUTPUTS: own}) if own else spec


def in_place_of(error: HandleError, slot: Slot, spec: CallbackSpec, setting: Any) -> Any:
    """Answer for a value that can't be had: the callback's own word first, then the output's, then the app's.

    Raises the error itself where nobody says otherwise.
    """
    of_output = spec.flags.get(_OF_OUTPUTS, {}).get(slot.key)
    on_missing: Any = next(
        (said for said in (spec.flags.get("on_missing"), of_output, setting) if said is not None), "raise"
    )
    if on_missing in (None, "raise"):
        raise error
    if isinstance(error, HandleInvalid):
        _log.warning("%s", error)  # perhaps a secret was lost, and perhaps somebody tries to forge one
    if on_missing == "prevent_update":
        raise dash_internals.PreventUpdate from error
    return on_missing(error)

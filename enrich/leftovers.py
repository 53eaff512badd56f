"""What a program asks for after all transforms, and nothing in the app can carry out."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from enrich.callbacks.declare import is_serverside, is_trigger
from enrich.callbacks.spec import CallbackSpec, Program
from enrich.dependencies import CycleBreakerInput, ServersideOutput, Trigger
from enrich.errors import MissingTransformError, StoreConfigError
from enrich.store.places import name_in
from enrich.transforms.serverside import ServersideOutputTransform

_TRANSFORM_OF_FLAG = {
    "group": "GroupTransform",
    "memoize": "ServersideOutputTransform",
    "blocking": "BlockingCallbackTransform",
    "loading": "LoadingTransform",
    "log": "LogTransform",
}


class Leftovers:
    """Looks at one app's final program; says each thing once."""

    def __init__(self) -> None:
        self._told: set[tuple[str, str]] = set()

    def check(self, program: Program, transforms: Iterable[Any], app: Any) -> None:
        """Refuse markers that nobody read, and warn of flags that nobody took: real apps carry such leftovers.

        The transforms are the app's: those of a blueprint have no store of their own. Where its store is open, a backend
        may be given as it is in there.
        """
        if program.says(Trigger, CycleBreakerInput, ServersideOutput, *_TRANSFORM_OF_FLAG):
            for spec in program.callbacks:
                self._check(spec)
        settings = next((one for one in transforms if isinstance(one, ServersideOutputTransform)), None)
        if settings is not None and program.says(ServersideOutput):
            find = app.store.backend_named if app.has_open_store else partial(name_in, settings.named)
            for spec in program.callbacks:
                for single in spec.singles:
                    _check_backends(single, find)

    def _check(self, spec: CallbackSpec) -> None:
        for slot in spec.input_slots():
            if is_trigger(slot) and slot.passed:
                raise MissingTransformError(_missing(spec, "Trigger", "TriggerTransform"))
            if isinstance(slot.marker, CycleBreakerInput) and slot.fires:
                raise MissingTransformError(_missing(spec, "CycleBreakerInput", "CycleBreakerTransform"))
        for slot in spec.output_slots():
            if is_serverside(slot) and not slot.converts:
                raise MissingTransformError(_missing(spec, "ServersideOutput", "ServersideOutputTransform"))
        for flag, value in spec.flags.items():
            transform = _TRANSFORM_OF_FLAG.get(flag)
            if transform is not None and value and (flag, str(spec.origin)) not in self._told:
                self._told.add((flag, str(spec.origin)))
                warnings.warn_explicit(
                    f"{spec} has {flag}=, which has no effect without {transform}. "
                    f"Add {transform}() to transforms=, or remove {flag}=.",
                    UserWarning,
                    spec.origin.file,
                    spec.origin.line,
                )


def _check_backends(spec: CallbackSpec, find: Callable[[Any], object]) -> None:
    for slot in spec.output_slots():
        if not is_serverside(slot) or slot.marker.backend in (None, ""):
            continue
        try:
            find(slot.marker.backend)
        except StoreConfigError as error:
            raise StoreConfigError(f"{spec}, output {slot}: {error}") from None


def _missing(spec: CallbackSpec, feature: str, transform: str) -> str:
    return (
        f"{spec} uses {feature}, and the app has no {transform}. "
        f"Add {transform}() to transforms=, or use enrich.Dash, which has every transform."
    )

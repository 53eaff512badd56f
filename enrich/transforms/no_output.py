"""NoOutput: callbacks that only act."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from enrich.callbacks.spec import CallbackSpec, Program
from enrich.transforms.base import DashTransform


class NoOutputTransform(DashTransform):
    """Let callbacks without outputs return anything, and let several of them share their inputs.

    The returned value is dropped. Each gets an id of its own, the same in every worker.

    Examples
    --------
    >>> from enrich import DashProxy, Input, NoOutputTransform
    >>> app = DashProxy("doc", transforms=[NoOutputTransform()])
    >>> @app.callback(Input("save", "n_clicks"))
    ... def save(n_clicks):
    ...     print("saved")
    """

    after = ("GroupTransform",)

    def apply(self, program: Program, /) -> Program:
        seen: Counter[str] = Counter()
        return program.map_callbacks(lambda spec: spec if list(spec.output_slots()) else _act(spec, seen))


def _act(spec: CallbackSpec, seen: Counter[str]) -> CallbackSpec:
    salt = declaration_salt(spec, seen)
    finish = () if spec.is_clientside else (*spec.finish, drop)
    return spec.with_changes(salt=salt, finish=finish)


def drop(_value: Any) -> None:
    """Dash refuses a value from a callback that has no output for it."""


def declaration_salt(spec: CallbackSpec, seen: Counter[str]) -> str:
    """Name a declaration by what it says, and by how often the same was said before."""
    said = json.dumps(
        [
            spec.origin.module,
            getattr(spec.func, "__qualname__", spec.func_name),
            [str(slot) for slot in spec.output_slots()],
            [f"{slot.role} {slot}" for slot in spec.input_slots()],
        ]
    )
    seen[said] += 1
    return f"{said}#{seen[said]}"

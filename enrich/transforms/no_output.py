"""NoOutput: callbacks that only act."""

from __future__ import annotations

from collections import Counter
from typing import Any

from enrich.callbacks.naming import declaration_salt
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

    after = ("GroupTransform", "BlockingCallbackTransform", "CycleBreakerTransform")

    def apply(self, program: Program, /) -> Program:
        seen: Counter[str] = Counter()
        return program.map_callbacks(lambda spec: spec if spec.output_slots() else _act(spec, seen))


def _act(spec: CallbackSpec, seen: Counter[str]) -> CallbackSpec:
    salt = declaration_salt(spec, seen)
    finish = () if spec.is_clientside else (*spec.finish, drop)
    return spec.with_changes(salt=salt, finish=finish)


def drop(_value: Any) -> None:
    """Dash refuses a value from a callback that has no output for it."""

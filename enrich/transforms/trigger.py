"""Trigger: an input whose value is not passed."""

from __future__ import annotations

from enrich.callbacks.declare import is_trigger
from enrich.callbacks.spec import Program, Slot
from enrich.dependencies import Trigger
from enrich.transforms.base import DashTransform


class TriggerTransform(DashTransform):
    """Enable ``Trigger``: the callback fires on the property, and its function does not receive it.

    Examples
    --------
    >>> from enrich import DashProxy, Output, State, Trigger, TriggerTransform
    >>> app = DashProxy("doc", transforms=[TriggerTransform()])
    >>> @app.callback(Output("log", "children"), Trigger("save", "n_clicks"), State("name", "value"))
    ... def save(name):
    ...     return f"saved {name}"
    """

    def apply(self, program: Program, /) -> Program:
        if not program.says(Trigger):
            return program
        return program.map_callbacks(lambda spec: spec.map_slots(_hide))


def _hide(slot: Slot) -> Slot:
    return slot.with_changes(passed=False) if is_trigger(slot) else slot

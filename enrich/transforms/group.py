"""Group: several callbacks that share a trigger run in one request."""

from __future__ import annotations

from enrich.callbacks.joint import join, priority
from enrich.callbacks.spec import CallbackSpec, Program
from enrich.errors import LateDeclarationError
from enrich.transforms.base import DashTransform


class GroupTransform(DashTransform):
    """Bundle the callbacks that carry the same ``group="name"`` into one.

    Every member whose input was triggered runs, in the order of declaration, with its own arguments and its own
    ``ctx``. Where several give the same output a value, the last one holds. When the page loads none runs, unless it
    asks for it with ``prevent_initial_call=False``.

    Examples
    --------
    >>> from enrich import DashProxy, GroupTransform, Output, Trigger, TriggerTransform
    >>> app = DashProxy("doc", transforms=[TriggerTransform(), GroupTransform()])
    >>> @app.callback(Output("log", "children"), Trigger("left", "n_clicks"), group="log")
    ... def left():
    ...     return "left"
    >>> @app.callback(Output("log", "children"), Trigger("right", "n_clicks"), group="log")
    ... def right():
    ...     return "right"
    """

    after = ("TriggerTransform", "ServersideOutputTransform", "CycleBreakerTransform")

    def apply(self, program: Program, /) -> Program:
        if not program.says("group"):
            return program
        groups: dict[object, list[CallbackSpec]] = {}
        for spec in program.callbacks:
            name = spec.flags.get("group")
            if name is not None:
                groups.setdefault(name, []).append(spec.without_flags("group"))
        if not groups:
            return program
        if program.is_late:
            spec = next(iter(groups.values()))[0]
            raise LateDeclarationError(
                f"{spec} belongs to a group and was declared after the first request. "
                "Declare the members of a group before the app serves."
            )
        callbacks: list[CallbackSpec] = []
        for spec in program.callbacks:
            name = spec.flags.get("group")
            if name is None:
                callbacks.append(spec)
            elif (members := groups.pop(name, None)) is not None:
                callbacks.append(_joined(name, members))
        return program.with_changes(callbacks=tuple(callbacks))


def _joined(name: object, members: list[CallbackSpec]) -> CallbackSpec:
    members.sort(key=priority)
    initial = (spec.prevent_initial_call is False for spec in members)
    return join(members, initial=initial, what=f"group {name!r}")

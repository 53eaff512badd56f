"""What a declaration can say: Dash's own words, and those beyond them."""

from __future__ import annotations

from typing import Any

from dash.dependencies import ALL as ALL
from dash.dependencies import ALLSMALLER as ALLSMALLER
from dash.dependencies import MATCH as MATCH
from dash.dependencies import ClientsideFunction as ClientsideFunction
from dash.dependencies import Input as Input
from dash.dependencies import Output as Output
from dash.dependencies import State as State


class Trigger(Input):
    """Let a callback fire on a property it does not want to receive.

    A ``Trigger`` may stand wherever an ``Input`` may, mixed freely with inputs and states, in any nesting, and in
    clientside callbacks. ``ctx.triggered_id`` shows it as it shows an input. Needs ``TriggerTransform``.

    Parameters
    ----------
    component_id:
        The component's id: a string, a dict (wildcards allowed), or the component itself.
    component_property:
        The property to watch.
    allow_optional:
        Accept that the component may be missing from the page. Default ``False``.

    Examples
    --------
    >>> from enrich import DashProxy, Output, Trigger, TriggerTransform
    >>> app = DashProxy("doc", transforms=[TriggerTransform()])
    >>> @app.callback(Output("log", "children"), Trigger("button", "n_clicks"))
    ... def greet():
    ...     return "hello"
    >>> greet()
    'hello'
    """


class ServersideOutput(Output):
    """Keep what a callback returns for this output on the server; the browser gets a short signed token.

    Every callback that takes the property as an input receives the value itself, equal to what was returned.
    Needs ``ServersideOutputTransform``.

    Parameters
    ----------
    component_id:
        The component's id: a string, a dict (wildcards allowed), or the component itself.
    component_property:
        The property that holds the token, usually ``"data"`` of a ``dcc.Store``.
    backend:
        Where to keep the value: a backend, or the name of one given to the transform. Default: the transform's.
    session_check:
        Bind the token to the browser session it was made for. Default: the transform's setting.
    arg_check:
        With ``memoize``: do the arguments belong to the key? Default ``True``.
    allow_duplicate:
        As in ``dash.Output``. Default ``False``.
    skip_unchanged:
        Answer ``no_update`` if the value equals the one the page holds, so that nothing downstream runs.
        Default ``False``.
    on_missing:
        What its readers get when the value is gone: ``"raise"``, ``"prevent_update"``, or a function that takes the
        ``HandleExpired`` and returns the argument to pass instead. Default: the transform's setting.

    Examples
    --------
    >>> import pandas as pd
    >>> from enrich import Dash, Input, ServersideOutput, Trigger
    >>> app = Dash("doc")
    >>> @app.callback(ServersideOutput("store", "data"), Trigger("load", "n_clicks"))
    ... def query():
    ...     return pd.DataFrame({"value": range(10)})
    """

    def __init__(
        self,
        component_id: Any,
        component_property: str,
        backend: Any = None,
        session_check: bool | None = None,
        arg_check: bool = True,
        allow_duplicate: bool = False,
        *,
        skip_unchanged: bool = False,
        on_missing: Any = None,
    ) -> None:
        if isinstance(backend, bool):
            # Some older libraries have allow_duplicate in this place.
            backend, allow_duplicate = None, backend
        super().__init__(component_id, component_property, allow_duplicate=allow_duplicate)
        self.backend = backend
        self.session_check = session_check
        self.arg_check = arg_check
        self.skip_unchanged = skip_unchanged
        self.on_missing = on_missing


class EnrichedOutput(Output):
    """An ordinary ``Output`` for apps written for older libraries; what it says of storing has no effect.

    Parameters
    ----------
    component_id:
        The component's id: a string, a dict (wildcards allowed), or the component itself.
    component_property:
        The property to write.
    allow_duplicate:
        As in ``dash.Output``. Default ``False``. Older libraries have ``backend`` in its place, which is accepted.
    backend, session_check, arg_check:
        Kept as attributes.

    Examples
    --------
    >>> from enrich import EnrichedOutput
    >>> EnrichedOutput("log", "children", arg_check=False)
    <EnrichedOutput `log.children`>
    """

    def __init__(
        self,
        component_id: Any,
        component_property: str,
        allow_duplicate: Any = False,
        backend: Any = None,
        session_check: bool | None = None,
        arg_check: bool = True,
    ) -> None:
        if not isinstance(allow_duplicate, bool):
            allow_duplicate, backend = False, allow_duplicate
        super().__init__(component_id, component_property, allow_duplicate=allow_duplicate)
        self.backend = backend
        self.session_check = session_check
        self.arg_check = arg_check


class CycleBreakerInput(Input):
    """Let callbacks write each other's inputs: a change passes on only where the value is another one than before.

    It may stand wherever an ``Input`` may; one in a cycle is enough. The callback receives the property's value, and
    ``ctx`` shows the property, as with an ``Input``. Needs ``CycleBreakerTransform``.

    Parameters
    ----------
    component_id:
        The component's id: a string, a dict (wildcards allowed), or the component itself.
    component_property:
        The property to watch.
    allow_optional:
        Accept that the component may be missing from the page. Default ``False``.

    Examples
    --------
    >>> from enrich import CycleBreakerInput, Dash, Input, Output
    >>> app = Dash("doc")
    >>> @app.callback(Output("fahrenheit", "value"), Input("celsius", "value"))
    ... def to_fahrenheit(celsius):
    ...     return celsius * 9 / 5 + 32
    >>> @app.callback(Output("celsius", "value"), CycleBreakerInput("fahrenheit", "value"))
    ... def to_celsius(fahrenheit):
    ...     return (fahrenheit - 32) * 5 / 9
    """


class OperatorOutput(Output):
    """An output that takes an ``Operator``: changes to make to the value that the page holds.

    Any number of callbacks may have it for the same property. Needs ``OperatorTransform``. New code may return a
    ``dash.Patch`` for any output.

    Parameters
    ----------
    component_id, component_property, allow_duplicate:
        As in ``dash.Output``.

    Examples
    --------
    >>> from enrich import Dash, Operator, OperatorOutput, Trigger
    >>> app = Dash("doc")
    >>> @app.callback(OperatorOutput("log", "children"), Trigger("button", "n_clicks"))
    ... def add():
    ...     return Operator().list.append("clicked")
    """

"""What a declaration can say beyond Dash's own Input, Output and State."""

from __future__ import annotations

from typing import Any

from dash import Input, Output


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
    ) -> None:
        super().__init__(component_id, component_property, allow_duplicate=allow_duplicate)
        self.backend = backend
        self.session_check = session_check
        self.arg_check = arg_check
        self.skip_unchanged = skip_unchanged

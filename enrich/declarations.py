"""Module-level declarations: callbacks for every app that includes global callbacks."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

# By their names of today: whoever puts this module's functions in the place of Dash's must not call them in a circle.
from dash import callback as _dash_callback
from dash import clientside_callback as _dash_clientside_callback

AnyFunction = TypeVar("AnyFunction", bound=Callable[..., Any])


class Decorator(Protocol):
    """What ``callback(...)`` gives: it records a function, and returns it as it is."""

    def __call__(self, func: AnyFunction, /) -> AnyFunction: ...


def callback(*args: Any, **kwargs: Any) -> Decorator:
    """Declare a server-side callback without naming an app, like ``dash.callback``.

    Every app that includes global callbacks gets it, each with its own transforms, plain ``dash.Dash`` apps too.
    A callback declared inside a function belongs to the first app that serves, as under Dash.

    Parameters
    ----------
    *args:
        Outputs, inputs, triggers and states, in any order, in lists, tuples or dicts, nested as you like. The function
        receives their values in the order of declaration.
    **kwargs:
        ``output=``, ``inputs=``, ``state=``, the options of ``dash.callback``, and those of transforms, such as
        ``group=``.

    Returns
    -------
    A decorator that returns the function as it is.

    Raises
    ------
    dash.exceptions.DashException
        For what Dash refuses, in Dash's words.
    DeclarationError
        For what can't be carried out as written.

    Examples
    --------
    >>> from enrich import Input, Output, callback
    >>> @callback(Output("double", "children"), Input("number", "value"))
    ... def double(number):
    ...     return 2 * number
    >>> double(4)
    8
    """
    declare: Any = _dash_callback(*args, **kwargs)
    decorator: Decorator = declare
    return decorator


def clientside_callback(clientside_function: Any, *args: Any, **kwargs: Any) -> None:
    """Declare a callback that runs in the browser, without naming an app, like ``dash.clientside_callback``.

    Parameters
    ----------
    clientside_function:
        JavaScript source of a function, or a ``ClientsideFunction``.
    *args, **kwargs:
        As for ``callback``. A dict of inputs arrives as one object.

    Examples
    --------
    >>> from enrich import Input, Output, clientside_callback
    >>> clientside_callback("(n) => 2 * n", Output("double", "children"), Input("number", "value"))
    """
    _dash_clientside_callback(clientside_function, *args, **kwargs)


# What tools and tests read of Dash's decorators, they find here.
callback.__signature__ = inspect.signature(_dash_callback)  # type: ignore[attr-defined]
clientside_callback.__signature__ = inspect.signature(_dash_clientside_callback)  # type: ignore[attr-defined]

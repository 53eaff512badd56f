"""Pydantic models as arguments and results, for apps that have pydantic."""

from __future__ import annotations

import sys

from enrich.callbacks.spec import Program
from enrich.transforms.base import DashTransform


class BaseModelTransform(DashTransform):
    """Let callbacks return pydantic models, and receive them where a parameter is annotated with one.

    They travel as JSON, by alias where the model has any. An annotation may be whatever pydantic takes:
    ``M``, ``M | None``, ``list[M]``, ``dict[str, M]``, ``Annotated``, as text or not. What arrives is validated, and
    ``None``, which is what Dash gives for a value that is not there yet, is passed on. Without pydantic it does
    nothing.

    Raises
    ------
    TypedValueError
        In the callback, for what does not validate, with the path to the field.

    Examples
    --------
    >>> from pydantic import BaseModel
    >>> from enrich import BaseModelTransform, DashProxy, Input, Output
    >>> class Point(BaseModel):
    ...     x: int
    ...     y: int = 0
    >>> app = DashProxy("doc", transforms=[BaseModelTransform()])
    >>> @app.callback(Output("point", "data"), Input("x", "value"))
    ... def make(x: int):
    ...     return Point(x=x)
    >>> @app.callback(Output("log", "children"), Input("point", "data"))
    ... def show(point: Point | None):
    ...     return f"{point.x}, {point.y}" if point else "no point"
    """

    after = ("TriggerTransform", "ServersideOutputTransform")

    def apply(self, program: Program, /) -> Program:
        # An app whose callbacks have models has imported it; to others its import would cost a quarter of a second.
        if "pydantic" not in sys.modules:
            return program
        from enrich.transforms import pydantic_models

        return pydantic_models.apply(program)

"""The running call: which app it belongs to, and which values in its request need more than JSON."""

from __future__ import annotations

from contextvars import ContextVar, Token
from dataclasses import dataclass
from typing import Any, Protocol

from enrich import dash_internals
from enrich.callbacks.spec import CallbackSpec, Slot


class Wire(Protocol):
    """A kind of value that any callback may receive or return, whatever its declaration says.

    Whether a request holds such a value is a matter of the request: ``mark`` is text that is in every one of them, so
    a request without it costs a substring test, and only then are arguments looked at.
    """

    mark: str

    def prepare(self, spec: CallbackSpec) -> CallbackSpec:
        """Note on a spec what loading will want to know; done once, when a function that loads is compiled."""
        ...

    def load(self, value: Any, slot: Slot, spec: CallbackSpec) -> Any:
        """Replace every value of this kind in an argument, at any depth."""
        ...

    def dump(self, value: Any, slot: Slot | None, spec: CallbackSpec) -> Any:
        """Replace every value of this kind in a result, at any depth."""
        ...

    def is_made_by(self, func: Any) -> bool:
        """Does the code of a function name this kind of value?"""
        ...

    def made(self) -> int:
        """How many values of this kind were made in this process: unchanged means there is nothing to dump."""
        ...


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a callback, or one rendering of a layout."""

    app: Any
    wires: tuple[Wire, ...] = ()
    """The wires whose values are in the request."""
    callback_id: str | None = None
    """The callback's, as Dash has it; ``None`` for a layout."""


current_call: ContextVar[Call | None] = ContextVar("enrich_call", default=None)


def active_wires() -> tuple[Wire, ...]:
    call = current_call.get()
    return call.wires if call is not None else ()


def current_app() -> Any:
    """The app whose callback or layout is running, or ``None``."""
    call = current_call.get()
    return call.app if call is not None else None


Entered = tuple[Any, Token[Call | None]]


def enter(call: Call) -> Entered:
    """What runs from here on in this context is the call's, until ``leave`` gets what this returns."""
    return dash_internals.enter_app(call.app), current_call.set(call)


def leave(entered: Entered) -> None:
    """Whoever called is where he was."""
    current_call.reset(entered[1])
    dash_internals.leave_app(entered[0])


class entered:
    """What runs in here is the call's; afterwards, whoever called is where he was."""

    __slots__ = ("_app_token", "_call", "_token")

    def __init__(self, call: Call) -> None:
        self._call = call

    # As `enter` and `leave`, without calling them: each request for a page comes through here.

    def __enter__(self) -> None:
        self._app_token = dash_internals.enter_app(self._call.app)
        self._token = current_call.set(self._call)

    def __exit__(self, *_: object) -> None:
        current_call.reset(self._token)
        dash_internals.leave_app(self._app_token)

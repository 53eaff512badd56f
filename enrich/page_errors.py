"""What a page without a browser raises."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from enrich.errors import EnrichError
from enrich.meant import meant


@dataclass(slots=True)
class CallbackFailed(Exception):
    """A callback, or the page itself, answered with an error.

    Its text is that of the exception that the server met, which is also its ``__cause__``; otherwise what was sent.
    """

    output: str
    status: int
    text: str

    def __str__(self) -> str:
        return f"{self.output!r} answered {self.status}:\n{self.text}"


class NotOnPage(EnrichError, KeyError):
    """A page was asked for a component or a property that it doesn't have; says which it has."""

    # That of KeyError is in quotes.
    __str__ = Exception.__str__

    @classmethod
    def form(cls, text: str) -> NotOnPage:
        return cls(
            f"{text!r} names no property of a component. Write 'id.property', such as 'button.n_clicks' or "
            """'{"row":1}.n_clicks'."""
        )

    @classmethod
    def component(cls, component: str, known: Iterable[str]) -> NotOnPage:
        return cls(
            f"No component has the id {component!r}.{meant(component, known)} {_those('The page', known)}"
        )

    @classmethod
    def property(cls, component: str, prop: str, known: Iterable[str]) -> NotOnPage:
        return cls(
            f"{component!r} has no property {prop!r} that the layout or a callback has set."
            f"{meant(prop, known)} {_those('It', known)}"
        )


def _those(what: str, known: Iterable[str]) -> str:
    names = [f"'{name}'" for name in known]
    more = f" and {len(names) - 20} more" if len(names) > 20 else ""
    return f"{what} has {', '.join(names[:20]) or 'none'}{more}."

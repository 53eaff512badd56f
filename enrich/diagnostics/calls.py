"""The last calls of a running app: what triggered them, where their time went, what the store did, how they failed."""

from __future__ import annotations

import itertools
import os
import sysconfig
import time
import traceback
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import enrich
from enrich.store import looks_like_handle

_OURS = os.path.dirname(os.path.abspath(enrich.__file__)) + os.sep
_LIBRARIES = tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")})
_numbers = itertools.count(1)


@dataclass(slots=True)
class StoreUse:
    """What one call did to the store."""

    seconds: float = 0.0
    hits: int = 0
    misses: int = 0
    writes: int = 0
    bytes_written: int = 0


@dataclass(slots=True)
class CallRecord:
    """One call of a callback. Times are seconds; ``load`` and ``dump`` are all that is before and after the function."""

    callback_id: str
    name: str
    where: str
    triggered: list[dict[str, str]]
    transport: str
    bytes_in: int | None
    is_joint: bool = False
    """Does it run several functions, each with its own triggers?"""
    number: int = field(default_factory=_numbers.__next__)
    at: float = field(default_factory=time.time)
    load: float = 0.0
    function: float = 0.0
    dump: float = 0.0
    total: float = 0.0
    bytes_out: int | None = None
    chunks: int = 0
    """How many values a stream has sent; the function's time is then that of the whole stream."""
    status: str = "running"
    error: dict[str, Any] | None = None
    store: StoreUse = field(default_factory=StoreUse)
    timings: dict[str, Any] = field(default_factory=dict)
    """What the callback recorded itself, in milliseconds."""
    mark: float = field(default_factory=time.perf_counter)
    """When the part that runs now began."""

    def lap(self) -> float:
        """End a part; how long it took."""
        now = time.perf_counter()
        taken, self.mark = now - self.mark, now
        return taken

    def end(self) -> None:
        """All that is left was dumping."""
        self.dump += self.lap()
        self.total = self.load + self.function + self.dump

    def note_triggers(self, items: Iterable[Mapping[str, Any]]) -> None:
        """Take over what the author's function sees as its triggers."""
        if not self.is_joint:
            self.triggered = [shown_trigger(item) for item in items]

    def as_json(self) -> dict[str, Any]:
        """What the inspector's page reads."""
        use = self.store
        return {
            "number": self.number,
            "at": self.at,
            "callback": self.callback_id,
            "name": self.name,
            "where": self.where,
            "triggered": self.triggered,
            "transport": self.transport,
            "status": self.status,
            "milliseconds": {
                "load": _ms(self.load),
                "function": _ms(self.function),
                "dump": _ms(self.dump),
                "store": _ms(use.seconds),
                "total": _ms(self.total),
            },
            "bytes": {"in": self.bytes_in, "out": self.bytes_out},
            "chunks": self.chunks,
            "store": {
                "hits": use.hits,
                "misses": use.misses,
                "writes": use.writes,
                "written": use.bytes_written,
            },
            "timings": self.timings,
            "error": self.error,
        }


current_record: ContextVar[CallRecord | None] = ContextVar("enrich_call_record", default=None)


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 2)


def shown_trigger(item: Mapping[str, Any]) -> dict[str, str]:
    """What changed, and to what, in few words."""
    value = item.get("value")
    if isinstance(value, str) and looks_like_handle(value):
        text = "a server-side value"
    elif isinstance(value, dict | list):
        text = f"{type(value).__name__} of {len(value)}"
    else:
        text = value if isinstance(value, str) else repr(value)
    return {"id": str(item["prop_id"]), "value": text if len(text) <= 60 else f"{text[:57]}..."}


def shown_error(error: BaseException) -> dict[str, Any]:
    """An error for the page: the frames of the author's code first, innermost on top, then all others."""
    own: list[dict[str, Any]] = []
    others: list[dict[str, Any]] = []
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        is_own = not frame.filename.startswith((_OURS, *_LIBRARIES)) and not frame.filename.startswith("<")
        (own if is_own else others).append(
            {"file": frame.filename, "line": frame.lineno, "function": frame.name, "text": frame.line or ""}
        )
    return {"type": type(error).__name__, "text": str(error), "own": own, "others": others}

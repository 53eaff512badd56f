"""Where results of memoized calls are kept, and how they are forgotten."""

from __future__ import annotations

import logging
import time

from enrich.errors import StoreConfigError, StoreFullError
from enrich.store.backends.protocol import MISSING, Backend, Missing
from enrich.store.codecs.entry import excerpt
from enrich.store.keys import digest
from enrich.store.names import Named
from enrich.store.secrets import Secrets

logger = logging.getLogger("enrich.store")


class Result:
    """The record of one memoized call's result.

    Parameters
    ----------
    name: the record's.
    place: the backend that has it.
    """

    def __init__(self, name: str, place: Backend) -> None:
        self.name = name
        self._place = place
        self._forgotten = f"{name} forgotten"

    def look_up(self) -> Named | Missing:
        """Return what the result is."""
        data = self._place.get_record(self.name)
        return MISSING if data is MISSING else Named.load(data)

    def generation(self) -> bytes | Missing:
        """Return what changes when the result is forgotten."""
        return self._place.get_record(self._forgotten)

    def remember(self, named: Named, generation: bytes | Missing) -> None:
        """Keep a result that was begun in this generation."""
        self._place.set_record(self.name, named.dump())
        if self.generation() != generation:
            self._place.delete_record(self.name)

    def forget(self) -> None:
        """Drop the result, and the one that is being computed."""
        try:
            self._place.set_record(self._forgotten, _new_generation())
        except StoreFullError as error:
            logger.warning("enrich.store: a result that is being computed may be remembered: %s", error)
        finally:
            self._place.delete_record(self.name)


def result_of(
    app: str, key: str | bytes, scope: str | None, group: str | None, place: Backend, secrets: Secrets
) -> Result:
    """Return the record of a memoized call: its group's generation is a part of the name."""
    for what, given in (("key", key), ("group", group or "")):
        if not isinstance(given, str | bytes | bytearray | memoryview):
            raise StoreConfigError(
                f"The {what} {excerpt(given)} of a memoized result is no text. "
                "make_memoize_key('load', *values) makes one of any values."
            )
    whose = "shared" if scope is None else f"scope {scope}"
    parts = [
        app.encode(),
        whose.encode(),
        key.encode("utf-8", "surrogatepass") if isinstance(key, str) else key,
    ]
    if group is not None:
        generation = place.get_record(_group_record(app, group, secrets), kept=True)
        parts += [group.encode(), b"0" if generation is MISSING else generation]
    return Result(digest("memo", parts, secrets), place)


def forget_group(app: str, group: str, place: Backend, secrets: Secrets) -> None:
    """Make all results of a group unfindable."""
    place.set_record(_group_record(app, group, secrets), _new_generation(), kept=True)


def _group_record(app: str, group: str, secrets: Secrets) -> str:
    return digest("group", [app.encode(), group.encode()], secrets)


def _new_generation() -> bytes:
    return str(time.time_ns()).encode()

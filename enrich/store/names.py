"""Small records beside the values: what a name stands for, and who produced a value."""

from __future__ import annotations

import json
import logging
import re
import time
from dataclasses import dataclass
from typing import Self

from enrich.errors import HandleExpired, StoreError
from enrich.store.backends.protocol import KEY, MISSING, Backend, Missing
from enrich.store.handle import short_digest, stored_name
from enrich.store.keys import keyed_digests
from enrich.store.ref import Ref
from enrich.store.signing import Keyring

logger = logging.getLogger("enrich.store")

_PRODUCER_ID = re.compile(r"[0-9a-f]{8}")
_LATEST = 2**32  # seconds; a handle has no room for more


@dataclass(frozen=True, slots=True)
class Named:
    """The content that a name or a memoized call stands for."""

    key: str
    written: float
    producer: str

    def dump(self) -> bytes:
        """Return it as a record."""
        return json.dumps([self.key, self.written, self.producer]).encode()

    @classmethod
    def load(cls, data: bytes) -> Self | Missing:
        """Read a record; a torn or foreign one counts as missing."""
        try:
            key, written, producer = json.loads(data)
            is_time = type(written) in (int, float) and 0 <= written < _LATEST
            if KEY.fullmatch(key) and is_time and _PRODUCER_ID.fullmatch(producer):
                return cls(key, written, producer)
        except (ValueError, TypeError, RecursionError):
            pass
        logger.warning("enrich.store: a record can't be read and counts as missing")
        return MISSING


class Names:
    """What the names of one app stand for, in each backend."""

    def __init__(self, app: str, keyring: Keyring) -> None:
        self._app = app
        self._keyring = keyring

    def _records(self, name: str) -> list[str]:
        """Return where a name's record may be: under the newest secret first, then under those it replaced."""
        return keyed_digests("name", [self._app.encode(), stored_name(name).encode()], self._keyring.secrets)

    def set(self, name: str, named: Named, place: Backend) -> None:
        """Let a name stand for an entry, in place of what had it."""
        place.set_record(self._records(name)[0], named.dump())

    def look_up(self, name: str, place: Backend) -> Named | Missing:
        """Return the latest entry of a name."""
        for record in self._records(name):
            data = place.get_record(record)
            if data is not MISSING and (named := Named.load(data)) is not MISSING:
                return named
        return MISSING

    def key_of(self, ref: Ref, place: Backend) -> str:
        """Return the key of a value, the latest one's where it has a name; empty when the name stands for none."""
        if ref.name is None:
            return ref.key
        found = self.look_up(ref.name, place)
        return "" if found is MISSING else found.key

    def delete(self, name: str, place: Backend) -> None:
        """Drop a name."""
        for record in self._records(name):
            place.delete_record(record)


class Producers:
    """Who stored what, by the short ids in handles; the browser never sees the text with its path."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._known: dict[str, str] = {}
        self._ids: dict[str | None, str] = {}

    def note(self, producer: str | None) -> str:
        """Return a producer's id, and remember its text here and beside the data."""
        known = self._ids.get(producer)
        if known is None:
            known = self._ids[producer] = short_digest(producer or "", "producer", 4).hex()
        if producer and known not in self._known:
            self._known[known] = producer
            try:
                self._backend.set_record(f"producer.{known}", producer.encode(), kept=True)
            except StoreError as error:
                # The value is stored; only another worker's error would lack the name.
                logger.warning("enrich.store: can't note who stores values: %s", error)
        return known

    def text(self, ref: Ref) -> str | None:
        """Return who produced a value, if that is known."""
        if ref.producer or not ref.producer_id:
            return ref.producer
        if ref.producer_id in self._known:
            return self._known[ref.producer_id]
        data = self._backend.get_record(f"producer.{ref.producer_id}", kept=True)
        try:
            return None if data is MISSING else data.decode()
        except UnicodeDecodeError:
            logger.warning(
                "enrich.store: the record of who stored a value can't be read and counts as missing"
            )
            return None


def expired(ref: Ref, producers: Producers, app: str, place: Backend) -> HandleExpired:
    """Say which value is gone, who stored it and when, and what would help."""
    # With several workers this is what is wrong, and neither a longer ttl nor more room would help.
    apart = (
        f" Or another process has it: store {place.name!r} keeps what each process stores in that process. "
        "Use FileSystemBackend() or RedisBackend(...) for several workers."
        if place.reach == "process"
        else ""
    )
    if ref.name is not None and not ref.key and not ref.written:
        return _unknown(ref.name, app, apart)
    what = "The value" if ref.name is None else f"The value named {ref.name!r}"
    who = producers.text(ref)
    by = f" that {who} stored" if who else ""
    when = (
        time.strftime(" on %Y-%m-%d at %H:%M:%S", time.localtime(ref.written)) if ref.written and who else ""
    )
    return HandleExpired(
        f"{what}{by}{when} is gone: it wasn't used for longer than the store's ttl, was dropped to make room, or was "
        "cleared. Reload the page to have it made anew, raise ttl or max_bytes, or say with on_missing= what to do."
        + apart
    )


def _unknown(name: str, app: str, apart: str) -> HandleExpired:
    return HandleExpired(
        f"No value of app {app!r} has the name {name!r}. Nothing was stored under it in this app, and then the name, or "
        "app= or the secret of who stored it, is another one; or it wasn't used for longer than the store's ttl, was "
        "dropped to make room, or was cleared. app.store.app tells the app= of an app." + apart
    )

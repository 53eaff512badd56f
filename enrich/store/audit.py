"""Looking at every stored value: what it is, and whether it is whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from enrich.errors import StoreError
from enrich.store import codecs
from enrich.store.backends.protocol import MISSING, Backend, Buffer, Entry


@dataclass(frozen=True, slots=True)
class Audited:
    """One entry, and what was found.

    Parameters
    ----------
    kind: "pandas.DataFrame", ...; None when it can't be told.
    rows: of a table.
    fault: what is wrong with it, or None.
    """

    entry: Entry
    kind: str | None = None
    rows: int | None = None
    fault: str | None = None


def list_entries(backend: Backend) -> Iterator[Audited]:
    """Describe each entry by its head, cheaply, and without renewing it."""

    def look(entry: Entry, buffer: Buffer) -> Audited:
        description = codecs.describe(buffer)
        return Audited(entry, description.kind, description.rows)

    return _audited(backend, backend.entries(), look)


def verify_entries(
    backend: Backend, is_genuine: Callable[[str, Buffer], bool], entries: Iterable[Entry]
) -> Iterator[Audited]:
    """Check each entry's structure, and its full digest against its key; touches every page."""

    def look(entry: Entry, buffer: Buffer) -> Audited:
        codecs.check(buffer)
        is_whole = is_genuine(entry.key, buffer)
        return Audited(entry, fault=None if is_whole else "its content isn't what its key says")

    return _audited(backend, entries, look)


def _audited(
    backend: Backend, entries: Iterable[Entry], look: Callable[[Entry, Buffer], Audited]
) -> Iterator[Audited]:
    for entry in entries:
        try:
            buffer = backend.read(entry.key, renew=False)
            if buffer is MISSING:
                continue
            found = look(entry, buffer)
        except (codecs.CorruptEntry, StoreError) as error:
            found = Audited(entry, fault=str(error))
        yield found

"""Looking at every stored value: what it is, and whether it is whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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
    for entry in backend.entries():
        try:
            buffer = _peek(backend, entry.key)
            if buffer is None:
                continue
            description = codecs.describe(buffer)
        except (codecs.CorruptEntry, StoreError) as error:
            yield Audited(entry, fault=str(error))
        else:
            yield Audited(entry, description.kind, description.rows)


def verify_entries(
    backend: Backend, is_genuine: Callable[[str, Buffer], bool] | None, entries: Iterator[Entry] | list[Entry]
) -> Iterator[Audited]:
    """Check each entry's structure, and its full digest against its key; touches every page."""
    for entry in entries:
        try:
            buffer = _peek(backend, entry.key)
            if buffer is None:
                continue
            codecs.check(buffer)
        except (codecs.CorruptEntry, StoreError) as error:
            yield Audited(entry, fault=str(error))
            continue
        if is_genuine is not None and not is_genuine(entry.key, buffer):
            yield Audited(entry, fault="its content isn't what its key says")
        else:
            yield Audited(entry)


def _peek(backend: Backend, key: str) -> Buffer | None:
    found = backend.read(key, renew=False)
    return None if found is MISSING else found

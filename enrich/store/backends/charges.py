"""Which session pays for a value that all share."""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
from collections.abc import Callable, Collection, Iterable, Iterator

from enrich.store.backends.folder import Folder
from enrich.store.backends.layout import TEMPORARY, TRASH, charge_folder, payer_folder, shard
from enrich.store.backends.protocol import CONTENT_LENGTH, SCOPE_LENGTH, scope_of

logger = logging.getLogger("enrich.store")

_TRIES = 3
_Found = tuple[str, os.stat_result | None, str]  # the name of a file of either kind, its entry, who pays


class Charges:
    """Two small files for each such value: its *payer* file holds who pays, and a *charge* lists it for that session.

    A charge counts while the entry is there and its payer is this session, so of two that write a value at once one
    pays. Both are written after the entry, the charge last: when the writer is killed in between, nobody pays, until
    the value is stored once more. Whatever removes them does so before the entry goes, or sets them aside and looks
    again whether they say nothing any more: another worker may have stored the value anew meanwhile.
    """

    def __init__(self, folder: Folder, clock: Callable[[], float]) -> None:
        self._folder = folder
        self._clock = clock

    def set(self, key: str, payer: str) -> None:
        """Let this session pay for an entry, and nobody else."""
        try:
            self._write(payer_folder(key), key, payer.encode())
            self._write(charge_folder(payer), payer + key, b"")
        except OSError as error:
            # The value is stored, and can be used.
            logger.warning("enrich.store: nobody pays for %s in %s: %s", key, self._folder.path, error)

    def _write(self, sub: str, name: str, content: bytes) -> None:
        for attempt in range(_TRIES):
            try:
                self._folder.write(sub, name, [content], len(content), used=self._clock())
            except FileNotFoundError:  # a sweeper took the temporary file before it was locked
                if attempt == _TRIES - 1:
                    raise
            else:
                return

    def release(self, key: str) -> None:
        """Let nobody pay for an entry that is about to go or to be replaced; its charge goes when it is swept."""
        try:
            self._folder.unlink(payer_folder(key), key)
        except OSError as error:
            logger.warning("enrich.store: can't forget who pays for %s: %s", key, error)

    def forget(self, key: str) -> None:
        """Let nobody pay for an entry that has gone, unless it is there again."""
        try:
            self._remove_if_void(payer_folder(key), key)
        except OSError as error:
            logger.warning("enrich.store: can't forget who paid for %s: %s", key, error)

    def is_paid(self, key: str) -> bool:
        """Does a session pay for this entry?"""
        (payer,) = (who for _name, _entry, who in self._looked_at([key]))
        return payer != "" and self._folder.look(charge_folder(payer), payer + key) is not None

    def of(self, payer: str, *, but: Collection[str]) -> Iterator[tuple[str, os.stat_result]]:
        """Walk the entries that a session pays for but those of some keys."""
        names = {payer + key for key in but}
        charges = (
            charge.name
            for _sub, charge, _found in self._folder.scan_folder(charge_folder(payer), but=names)
            if scope_of(charge.name) == payer
        )
        for name, entry, who in self._looked_at(charges):
            if entry is not None and who == payer:
                yield name[-CONTENT_LENGTH:], entry

    def sweep(self, is_dead: Callable[[str, str], bool]) -> None:
        """Remove the files that say nothing any more, and temporary ones of dead writers."""
        for top in ("payers", "charges"):
            for sub in self._folder.subfolders(top):
                names = {entry.name for _sub, entry, _found in self._folder.scan_folder(sub)}
                for name in sorted(names):
                    if name.startswith(TEMPORARY):
                        is_dead(sub, name)
                    elif name.endswith(TRASH):
                        self._folder.put_back(sub, name, name.removesuffix(TRASH))
                for found in self._looked_at(name for name in names if "." not in name):
                    if _is_void(*found):
                        self._remove_if_void(sub, found[0])

    def _remove_if_void(self, sub: str, name: str) -> None:
        aside = name + TRASH
        if self._folder.rename(sub, name, aside):
            (found,) = self._looked_at([name])
            if _is_void(*found):
                self._folder.unlink(sub, aside)
            else:
                self._folder.put_back(sub, aside, name)

    def _looked_at(self, names: Iterable[str]) -> Iterator[_Found]:
        """Look at the entry and the payer of each, opening a folder once for all that it holds."""
        by_key = sorted(names, key=lambda name: name[-CONTENT_LENGTH:])
        for _first, group in itertools.groupby(by_key, key=lambda name: shard(name[-CONTENT_LENGTH:])):
            of_shard = list(group)
            key = of_shard[0][-CONTENT_LENGTH:]
            with self._opened(shard(key)) as entries, self._opened(payer_folder(key)) as payers:
                for name in of_shard:
                    key = name[-CONTENT_LENGTH:]
                    yield name, self._entry(key, entries), self._payer(key, payers)

    @contextlib.contextmanager
    def _opened(self, sub: str) -> Iterator[int | None]:
        with contextlib.ExitStack() as stack:
            at = None
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                at = stack.enter_context(self._folder.opened(sub))
            yield at

    def _entry(self, key: str, at: int | None) -> os.stat_result | None:
        looks = (self._folder.look(shard(key), name, at) for name in _names(key))
        return next((found for found in looks if found is not None), None)

    def _payer(self, key: str, at: int | None) -> str:
        for name in _names(key):
            try:
                fd, _found = self._folder.open(payer_folder(key), name, at)
            except FileNotFoundError:
                continue
            try:
                return os.read(fd, SCOPE_LENGTH).decode("ascii", "replace")
            finally:
                os.close(fd)
        return ""


def _names(name: str) -> tuple[str, str, str]:
    # Who has it aside, to look at it once more, may put it back meanwhile.
    return name, name + TRASH, name


def _is_void(name: str, entry: os.stat_result | None, payer: str) -> bool:
    return entry is None or scope_of(name) not in ("", payer)

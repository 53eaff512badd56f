"""Which session pays for a value that all share."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Collection, Iterator

from enrich.store.backends.folder import Folder
from enrich.store.backends.layout import charge_folder, payer_folder, shard
from enrich.store.backends.protocol import CONTENT_LENGTH, SCOPE_LENGTH, scope_of

logger = logging.getLogger("enrich.store")


class Charges:
    """Two small files for each such value: its *payer* file holds who pays, and a *charge* lists it for that session.

    A charge counts while the entry is there and its payer is this session, so of two that write a value at once one
    pays. Both are written after the entry, the charge last: when the writer is killed in between, nobody pays.
    """

    def __init__(self, folder: Folder, clock: Callable[[], float]) -> None:
        self._folder = folder
        self._clock = clock

    def set(self, key: str, payer: str) -> None:
        """Let this session pay for an entry, and nobody else."""
        try:
            for sub, name, content in (
                (payer_folder(key), key, payer.encode()),
                (charge_folder(payer), payer + key, b""),
            ):
                self._folder.write(sub, name, [content], len(content), used=self._clock())
        except OSError as error:
            # The value is stored, and can be used.
            logger.warning("enrich.store: nobody pays for %s in %s: %s", key, self._folder.path, error)

    def release(self, key: str) -> None:
        """Let nobody pay for an entry; its charge goes when it is met."""
        try:
            self._folder.unlink(payer_folder(key), key)
        except OSError as error:
            logger.warning("enrich.store: can't forget who pays for %s: %s", key, error)

    def of(self, payer: str, *, but: Collection[str]) -> Iterator[tuple[str, os.stat_result]]:
        """Walk the entries that a session pays for but those of some keys, and forget the charges that are void."""
        names = {payer + key for key in but}
        for sub, charge, _found in self._folder.scan_folder(charge_folder(payer), but=names):
            if scope_of(charge.name) != payer:
                continue
            key = charge.name[-CONTENT_LENGTH:]
            entry = self._folder.look(shard(key), key)
            if entry is not None and self._payer(key) == payer:
                yield key, entry
            else:
                self._folder.unlink(sub, charge.name)

    def is_void(self, name: str) -> bool:
        """Does a file of either kind say nothing any more?"""
        payer, key = scope_of(name), name[-CONTENT_LENGTH:]
        gone = self._folder.look(shard(key), key) is None
        return gone or (payer != "" and payer != self._payer(key))

    def _payer(self, key: str) -> str:
        try:
            fd, _found = self._folder.open(payer_folder(key), key)
        except FileNotFoundError:
            return ""
        try:
            return os.read(fd, SCOPE_LENGTH).decode("ascii", "replace")
        finally:
            os.close(fd)

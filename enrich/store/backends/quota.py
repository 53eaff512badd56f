"""A session's share of a folder."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Iterator

from enrich.errors import StoreFullError
from enrich.store.backends.book import Book, Kept
from enrich.store.backends.folder import Folder
from enrich.store.backends.layout import TRASH, is_entry, shard
from enrich.store.backends.protocol import scope_of
from enrich.store.backends.sweep import Sweeper


class Quota:
    """Counts each session's bytes by looking through the two folders that list its own values and its charges."""

    def __init__(self, folder: Folder, sweeper: Sweeper, limit: int) -> None:
        self._folder = folder
        self._sweeper = sweeper
        self._charges = sweeper.charges
        self._book = Book(limit, sweeper.ttl, sweeper.clock)

    @contextlib.contextmanager
    def admitted(self, key: str, nbytes: int, payer: str = "") -> Iterator[None]:
        """Let a write happen within the quota of who pays for it, or raise `StoreFullError`.

        A session pays for its own; a shared value is charged to the payer, or to nobody.
        """
        scope = scope_of(key)
        if scope or payer:
            with self._book.admitted(scope or payer, key, nbytes, self._count, self._drop):
                yield
                if not scope:
                    self._charges.set(key, payer)
        else:
            self._charges.release(key)
            yield

    def charge(self, key: str, nbytes: int, payer: str) -> None:
        """Let a session pay for a shared value that nobody pays for, if it has room for it."""
        if not self._charges.is_paid(key):
            with (
                contextlib.suppress(StoreFullError),
                self._book.admitted(payer, key, nbytes, self._count, None),
            ):
                self._charges.set(key, payer)

    def _count(self, scope: str, but: Collection[str]) -> Iterator[Kept]:
        now = self._sweeper.clock()
        for key, found in {**self._own(scope, but), **dict(self._charges.of(scope, but=but))}.items():
            yield Kept(self._sweeper.last_use(shard(key), key, found.st_mtime, now), found.st_size, key)

    def _own(self, scope: str, but: Collection[str]) -> dict[str, os.stat_result]:
        """Look at a session's own values, each under its name or set aside by a sweeper."""
        named = (
            (entry.name.removesuffix(TRASH), found)
            for _sub, entry, found in self._folder.scan_folder(shard(scope), but=but)
        )
        return {
            key: found for key, found in named if is_entry(key) and scope_of(key) == scope and key not in but
        }

    def _drop(self, kept: Kept) -> bool:
        # The ledger learns of it at the next sweep; until then it counts too much, never too little.
        sub = shard(kept.key)
        if self._sweeper.drop_entry(sub, kept.key):
            return True
        # A sweeper that was killed has left it aside.
        self._folder.put_back(sub, kept.key + TRASH, kept.key)
        return self._sweeper.drop_entry(sub, kept.key)

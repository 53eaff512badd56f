"""A local copy of remote entries: they never change, so a copy that is there is right."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence

from enrich.errors import StoreError, StoreUnavailableError
from enrich.store.backends.files import FileSystemBackend
from enrich.store.backends.locks import ThreadLock
from enrich.store.backends.protocol import MISSING, Buffer, Missing, Settings

logger = logging.getLogger("enrich.store")

Local = FileSystemBackend | bool
_REMEMBERED = 10_000


def open_tier(local: Local, name: str, settings: Settings) -> FileSystemBackend | None:
    """Return the local folder for a remote backend's entries, opened; None when there is to be none."""
    if local is False:
        return None
    if isinstance(local, FileSystemBackend):
        return local.with_settings(settings)
    beside = Settings(f"{settings.app}-{name}", settings.ttl, settings.max_bytes, None, False, settings.clock)
    return FileSystemBackend().with_settings(beside)


class Tier:
    """Reads from the local folder first, and keeps there what came over the network.

    Parameters
    ----------
    local: the folder, or None for none.
    settings: the store's; `genuine` checks the full digest of what the network brought.
    renew_after: seconds after which a use is passed on to the remote; default the settings'.
    """

    def __init__(
        self, local: FileSystemBackend | None, settings: Settings, renew_after: float | None = None
    ) -> None:
        self.local = local
        self._settings = settings
        self._renew_after = settings.renew_after if renew_after is None else renew_after
        self._lock = ThreadLock()
        self._renewed: OrderedDict[str, float] = OrderedDict()

    def read(
        self, key: str, fetch: Callable[[], Buffer | Missing], renew: Callable[[], bool]
    ) -> Buffer | Missing:
        """Return the local copy, unless it turns out that the remote has none; else fetch, check and keep the remote's."""
        found = self._copy(key)
        if found is not MISSING:
            if self.pass_on(key, renew):
                return found
            self.drop(key)
        data = fetch()
        if data is MISSING:
            return MISSING
        if not self._settings.genuine(key, data):
            logger.warning(
                "enrich.store: what the network brought for %s isn't what its key says; it counts as missing",
                key,
            )
            return MISSING
        self.used(key)
        self.keep(key, [data], memoryview(data).nbytes)
        found = self._copy(key)
        if found is not MISSING:
            return found  # mapped: the fetched copy can be freed
        return data if isinstance(data, bytearray) else bytearray(data)

    def _copy(self, key: str) -> Buffer | Missing:
        if self.local is None:
            return MISSING
        try:
            return self.local.read(key)
        except StoreError as error:
            logger.warning("enrich.store: can't read the local copy of %s: %s", key, error)
            return MISSING

    def pass_on(self, key: str, renew: Callable[[], bool]) -> bool:
        """Tell the remote of a use, unless it has heard of one lately; False if that showed that it has no such entry.

        That it can't be told is only worth a log line.
        """
        if not self.due(key):
            return True
        self.used(key)
        try:
            return renew()
        except StoreUnavailableError as error:
            logger.warning("enrich.store: %s is served, but its use can't be passed on: %s", key, error)
            return True

    def used(self, key: str) -> None:
        """Note that the remote knows of a use now."""
        with self._lock.raw:
            self._renewed[key] = self._settings.clock()
            self._renewed.move_to_end(key)
            if len(self._renewed) > _REMEMBERED:
                self._renewed.popitem(last=False)

    def due(self, key: str) -> bool:
        """Hasn't the remote heard of a use lately?"""
        return abs(self._settings.clock() - self._renewed.get(key, 0.0)) > self._renew_after

    def keep(self, key: str, buffers: Sequence[Buffer], nbytes: int) -> None:
        """Write a local copy; that it failed is only worth a log line."""
        if self.local is None:
            return
        try:
            if not self.local.renew(key, nbytes):
                self.local.write(key, buffers, nbytes)
        except StoreError as error:
            logger.warning("enrich.store: can't keep a local copy of %s: %s", key, error)

    def drop(self, key: str) -> bool:
        """Drop the local copy; may there have been one? That it can't be dropped is only worth a log line."""
        with self._lock.raw:
            self._renewed.pop(key, None)
        if self.local is None:
            return False
        try:
            return self.local.delete(key)
        except StoreError as error:
            logger.warning("enrich.store: can't drop the local copy of %s: %s", key, error)
            return True

    def clear(self) -> None:
        """Drop all local copies of this host; that they can't be dropped is only worth a log line."""
        with self._lock.raw:
            self._renewed.clear()
        if self.local is None:
            return
        try:
            self.local.clear()
        except StoreError as error:
            logger.warning("enrich.store: can't drop the local copies: %s", error)

"""Keeping a folder within its bounds: by one worker at a time, off the request, oldest use first."""

from __future__ import annotations

import logging
import math
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from enrich.errors import StoreFullError
from enrich.store.backends.charges import Charges
from enrich.store.backends.folder import Folder
from enrich.store.backends.layout import TEMPORARY, TRASH, is_entry
from enrich.store.backends.ledger import Account, Ledger
from enrich.store.backends.lockfile import lock_fd, try_lock_file, wait_for_lock_file
from enrich.store.backends.protocol import IN_USE, RECORDS, Swept, scope_of

logger = logging.getLogger("enrich.store")

DEFAULT_MAX_BYTES = 10 << 30
HIGH = 0.9  # of the limit: a sweep begins in the background
LOW = 0.8  # of the limit: where it ends
_BLOCK = 4096  # bytes that a file takes at least, on most file systems
_WAIT = 30.0  # seconds that a write which needs room waits for another worker's sweep
_Found = tuple[float, int, str, str]  # last use, size, folder, name


def default_limit(path: Path) -> int:
    """Return how many bytes a folder may hold where nobody says it."""
    # A tmpfs without a limit says that it has 0 bytes in all.
    return min(DEFAULT_MAX_BYTES, shutil.disk_usage(path).total // 10 or DEFAULT_MAX_BYTES)


def begun(sweep: Callable[[], None]) -> threading.Thread | None:
    """Sweep in the background; None where that can't be, and the next write has to try again."""
    thread = threading.Thread(target=sweep, name="enrich-store-sweep", daemon=True)
    try:
        thread.start()
    except RuntimeError as error:  # there are too many, or the process ends
        logger.warning("enrich.store: can't sweep: %s", error)
        return None
    return thread


class Sweeper:
    """Drops expired entries, then the least recently used ones above the limit, and counts the rest."""

    def __init__(
        self, folder: Folder, ledger: Ledger, *, limit: int, ttl: float, clock: Callable[[], float]
    ) -> None:
        self.folder = folder
        self.ledger = ledger
        self.limit = limit
        self.ttl = ttl
        self.clock = clock
        self.charges = Charges(folder, clock)
        self._in_use = min(IN_USE, ttl)
        self._every = min(max(ttl / 10, 60.0), 600.0)
        self.dropped = 0
        self._cost = 0.0
        self._oldest = -math.inf
        self._background: threading.Thread | None = None
        self._account = Account()

    def admit(self, nbytes: int) -> Account:
        """Count in a file that has its size already but not its content, having made room for it if need be.

        Raises `StoreFullError` where there is none, having dropped nothing but what is too old.
        """
        account = self.ledger.reserve(nbytes, self.limit)
        if account is None and self._is_all_in_use():
            self._account = self.ledger.read()  # a sweep in the background is due more often where it is full
            raise self._too_much(nbytes)
        if account is None or not account.swept:
            account = self._make_room(nbytes, account)
        self._account = account
        return account

    def withdraw(self, nbytes: int, since: Account) -> None:
        """Count a file out that wasn't written after all."""
        self.ledger.release(nbytes, since)

    def _make_room(self, nbytes: int, account: Account | None) -> Account:
        # The sweep counts the file itself, so it isn't reserved a second time.
        if self._swept(must=None) is not None:
            account = self.ledger.read()
            if account.used <= self.limit:
                return account
            self.ledger.release(nbytes, account)
        elif account is not None:
            return account
        raise self._too_much(nbytes)

    def _is_all_in_use(self) -> bool:
        """Would a sweep find nothing to drop, since the oldest that the last one left is in use still?

        What else it would count out, as of writers that died, is found by those in the background.
        """
        return 0 < self._oldest + self._in_use - self.clock() <= self._in_use

    def check_size(self, nbytes: int) -> None:
        """Refuse what could never fit."""
        if nbytes > self.limit:
            raise self._too_much(nbytes)

    def _too_much(self, nbytes: int) -> StoreFullError:
        return StoreFullError(
            f"{nbytes:,} bytes don't fit in {self.folder.path}: it may hold {self.limit:,} bytes, and dropping all "
            "that wasn't used within the last minutes wouldn't make room. Raise max_bytes, or store less."
        )

    def begin_if_due(self) -> None:
        """Sweep in the background if it is time for that, or room was getting short when a file was counted in.

        To be asked once that file has its name: of one that gets it meanwhile, a sweep may see nothing.
        """
        if not self._is_due():
            return
        running = self._background
        if running is None or not running.is_alive():
            self._background = begun(self._sweep_quietly)

    def _is_due(self) -> bool:
        account = self._account
        since = self.clock() - account.swept
        full = account.used > self.limit * HIGH
        # A folder full of entries in use would be swept all the time otherwise; a twentieth of it is enough.
        pause = max(1.0, 20 * self._cost)
        return since > self._every or since < -1 or (full and since > pause)

    def join(self) -> None:
        """Wait until a sweep in the background has ended."""
        running = self._background
        if running is not None and running.is_alive():
            running.join()

    def _sweep_quietly(self) -> None:
        try:
            self._account = self.ledger.read()  # another worker may have swept since
            if self._is_due():
                self.sweep()
        except OSError as error:
            logger.warning("enrich.store: can't sweep %s: %s", self.folder.path, error)

    def free(self, nbytes: int, available: int) -> bool:
        """Drop `nbytes` of what isn't in use, for a disk that is full before the limit; did that free anything?

        Unless that, with what the disk has `available`, isn't enough.
        """
        swept = self._swept(nbytes, must=nbytes - available)
        return swept is not None and swept.freed > 0

    def sweep(self) -> Swept:
        """Drop what is too old or too much, unless another worker is at it; report what was found."""
        begin = time.monotonic()
        swept = self._swept(wait=0.0)
        if swept is not None:
            # Nobody who needs room waits for this.
            self.charges.sweep(self._is_dead)
            self._cost = time.monotonic() - begin
        return swept or Swept()

    def _swept(self, room: int = 0, *, must: int | None = 0, wait: float = _WAIT) -> Swept | None:
        # Kept, since a disk without room for another file is when a sweep is needed.
        path = self.folder.path / "sweep.lock"
        lock = wait_for_lock_file(path, self.folder.file_mode, wait=wait, keep=True)
        if lock is None:
            return None
        try:
            return self._sweep(room, must)
        finally:
            lock.release()

    def _sweep(self, room: int, must: int | None) -> Swept:
        """Free `room` bytes below the limit; but only what is too old, if `must` bytes can't be had.

        None stands for what is above the limit.
        """
        before = self.ledger.read()
        now = self.clock()
        found = self._look(now)
        total = sum(size for _used, size, _sub, _name in found)
        # Whether a file being written will fit isn't known, and who writes it makes the room for it.
        waiting = (
            sum(size for _used, size, _sub, name in found if name.startswith(TEMPORARY)) if must == 0 else 0
        )
        target = min(self.limit + waiting, total - room)
        if total - waiting > self.limit * HIGH:
            target = min(target, int(self.limit * LOW) + waiting)
        unused = sum(size for used, size, _sub, _name in found if now - used >= self._in_use)
        if unused < (total - self.limit if must is None else must):
            target = total
        dropped = freed = 0
        found.sort()
        oldest: float | None = None
        for used, size, sub, name in found:
            expired = now - used > self.ttl
            if not expired and (total - freed <= target or now - used < self._in_use):
                oldest = used
                break
            if self.drop_entry(sub, name, expired=expired):
                dropped += 1
                freed += size
        self.ledger.counted(total - freed, before, self.clock())
        self._oldest = -math.inf if oldest is None else oldest
        self._sweep_records(now)
        self.dropped += dropped
        if dropped:
            logger.info("enrich.store: dropped %d entries (%d bytes) of %s", dropped, freed, self.folder.path)
        return Swept(len(found) - dropped, total - freed, dropped, freed, oldest)

    def _look(self, now: float) -> list[_Found]:
        return [found for sub in self.folder.subfolders("entries") for found in self._look_into(sub, now)]

    def _look_into(self, sub: str, now: float) -> Iterator[_Found]:
        known: set[str] = set()
        for _sub, entry, stat in self.folder.scan_folder(sub):
            if entry.name.startswith(TEMPORARY):
                if not self._is_dead(sub, entry.name):
                    yield now, stat.st_size, sub, entry.name
                continue
            name = entry.name.removesuffix(TRASH)
            known |= {name, name + TRASH}
            if name != entry.name:
                # A sweeper was killed between its rename and its unlink.
                self.folder.put_back(sub, entry.name, name)
            yield self.last_use(sub, name, stat.st_mtime, now), stat.st_size, sub, name
        # A file that got its name while the folder was listed may have been seen under neither of the two.
        for _sub, entry, stat in self.folder.scan_folder(sub, but=known):
            if is_entry(entry.name):
                yield self.last_use(sub, entry.name, stat.st_mtime, now), stat.st_size, sub, entry.name

    def last_use(self, sub: str, name: str, used: float, now: float) -> float:
        """Return when a file was last used by what its time says, which is set right if it is in the future."""
        if used <= now + IN_USE:
            return used
        now = self.clock()  # the sweep may have begun long ago
        if used <= now + IN_USE:
            return used
        # The clock was set back: a last use in the future would live for ever.
        try:
            self.folder.touch(sub, name, now)
        except FileNotFoundError:
            logger.debug("enrich.store: %s vanished", name)
        return now

    def _is_dead(self, sub: str, name: str) -> bool:
        try:
            fd, _found = self.folder.open(sub, name)
        except FileNotFoundError:
            return True
        except PermissionError:  # another user's, made just now
            return False
        try:
            if not lock_fd(fd, wait=0):
                return False
            self.folder.unlink(sub, name)
            return True
        finally:
            os.close(fd)

    def drop_entry(self, sub: str, key: str, *, expired: bool = False) -> bool:
        """Drop an entry unless it was renewed meanwhile, and forget who paid for it."""
        dropped = self._drop(sub, key, expired=expired)
        if dropped and not scope_of(key):
            self.charges.forget(key)
        return dropped

    def _drop(self, sub: str, name: str, *, expired: bool = False) -> bool:
        """Set the file aside, look at its age again, then unlink it: it may have been renewed or replaced meanwhile."""
        aside = name + TRASH
        if not self.folder.rename(sub, name, aside):
            return False
        found = self.folder.look(sub, aside)
        if found is None:
            return False
        age = self.clock() - found.st_mtime
        if age < self._in_use or (expired and age <= self.ttl):
            self.folder.put_back(sub, aside, name)
            return False
        try:
            gone = self.folder.unlink(sub, aside)
        except PermissionError:
            # Windows: a reader has it mapped; it goes at the next sweep.
            self.folder.put_back(sub, aside, name)
            return False
        # A sweep that took it for what a killed one left aside may have put it back just before.
        back = self.folder.look(sub, name)
        return gone and (back is None or back.st_ino != found.st_ino)

    def _sweep_records(self, now: float) -> None:
        live: list[_Found] = []
        for sub, entry, stat in self.folder.scan("records"):
            if entry.name.startswith(TEMPORARY):
                self._is_dead(sub, entry.name)
            elif entry.name.endswith(TRASH):
                self.folder.put_back(sub, entry.name, entry.name.removesuffix(TRASH))
            elif now - stat.st_mtime > max(self.ttl, IN_USE):
                self._drop(sub, entry.name, expired=True)
            else:
                blocks = -(-stat.st_size // _BLOCK)
                live.append(
                    (self.last_use(sub, entry.name, stat.st_mtime, now), blocks * _BLOCK, sub, entry.name)
                )
        surplus = sum(size for _used, size, _sub, _name in live) - int(self.limit * RECORDS)
        for used, size, sub, name in sorted(live):
            if surplus <= 0 or now - used < IN_USE:
                break
            if self._drop(sub, name):
                surplus -= size
        for top in ("kept", "", "locks"):
            for sub, entry, _stat in self.folder.scan_folder(top):
                if entry.name.startswith(TEMPORARY):
                    self._is_dead(sub, entry.name)
        for _sub, entry, _stat in self.folder.scan_folder("locks"):
            if not entry.name.startswith(TEMPORARY):
                lock = try_lock_file(self.folder.path / "locks" / entry.name, self.folder.file_mode)
                if lock is not None:
                    lock.release()

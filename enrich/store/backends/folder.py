"""A private folder: files in it are written whole or not at all, and links in it are not followed."""

from __future__ import annotations

import contextlib
import errno
import math
import os
import stat
import sys
import tempfile
import warnings
from collections.abc import Container, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import platformdirs

from enrich.errors import StoreFullError, StoreUnavailableError
from enrich.store.backends.gathering import write_all
from enrich.store.backends.group import NO_LINKS, make_folder, set_used
from enrich.store.backends.layout import TEMPORARY, temporary_name
from enrich.store.backends.ledger import Account
from enrich.store.backends.lockfile import lock_fd
from enrich.store.backends.ownership import only_mine, stays_in_place, warn_if_open_to_all
from enrich.store.backends.protocol import Buffer

_AT = os.open in os.supports_dir_fd and os.rename in os.supports_dir_fd
TIMES_BY_FD = os.utime in os.supports_fd
"""Can the times of an open file be set?"""
_CLOEXEC = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)
# A named pipe planted in the folder would block the open.
_READ = os.O_RDONLY | _CLOEXEC | _NOFOLLOW | getattr(os, "O_NONBLOCK", 0)
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _CLOEXEC | _NOFOLLOW
_NOT_A_FILE = frozenset({errno.ELOOP, errno.ENXIO, errno.ENOTDIR})
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | _CLOEXEC | _NOFOLLOW


_REMEDIES = {
    errno.ENOMEM: "Give the process more; what is damaged goes by `python -m enrich store verify --delete`.",
    errno.EMFILE: "Raise the limit of open files (ulimit -n) of this process.",
    errno.ETIMEDOUT: "Let the process that holds it go on, or end it: it was stopped (SIGSTOP, docker pause), or its "
    "disk hangs.",
}


def default_cache_dir(app: str = "dash") -> Path:
    """Return the folder where an app of this name keeps its values unless told otherwise."""
    return Path(platformdirs.user_cache_dir("dash-enrich", appauthor=False)).absolute() / _slug(app)


def _slug(app: str) -> str:
    kept = "".join(c if c.isalnum() or c in "-_." else "-" for c in app).strip(".-")
    return kept or "app"


def open_default(app: str) -> Folder:
    """Open the app's default folder; in a read-only container, one in the temporary directory, with a warning."""
    wanted = default_cache_dir(app)
    try:
        return Folder(wanted)
    except StoreUnavailableError as error:
        user = os.getuid() if hasattr(os, "getuid") else "user"
        fallback = Path(tempfile.gettempdir()).absolute() / f"dash-enrich-{user}" / _slug(app)
        try:
            Folder(fallback.parent, private=True)  # anyone may plant a folder of this name in /tmp
            folder = Folder(fallback, private=True)
        except StoreUnavailableError as second:
            message = f"{error}\nThe temporary directory can't be used either: {second}"
            raise StoreUnavailableError(message) from second
        warnings.warn(
            f"Server-side values are kept in {fallback}, because {wanted} can't be written; "
            "they are lost with the container. Give FileSystemBackend(cache_dir=...) a place to keep them.",
            RuntimeWarning,
            stacklevel=2,
        )
        return folder


class Bounds(Protocol):
    """Whoever keeps a folder within its bounds."""

    def admit(self, nbytes: int) -> Account:
        """Count a file in that has its size already but not its content."""
        ...

    def withdraw(self, nbytes: int, since: Account) -> None:
        """Count a file out that wasn't written after all."""
        ...


class Folder:
    """A folder of values, made at once, and anew should somebody remove it.

    Parameters
    ----------
    path: where; made absolute here, so a later change of the working directory doesn't matter.
    private: refuse a folder that somebody else could write to.
    """

    def __init__(self, path: str | os.PathLike[str], *, private: bool = False) -> None:
        self.path = Path(path).expanduser().absolute()
        self._text = str(self.path)
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            found = self.path.lstat() if private else self.path.stat()
            self._mine = only_mine(found)
            self.private = self._mine and stays_in_place(self.path)
            if private and not (stat.S_ISDIR(found.st_mode) and self.private):
                raise PermissionError(
                    errno.EPERM, "the folder belongs to, or may be written by, someone else"
                )
            # A folder its owner opened to a group is shared with it on purpose; else nobody looks in.
            self.dir_mode = 0o700 if self._mine else 0o700 | stat.S_IMODE(found.st_mode) & 0o2770
            self.file_mode = self.dir_mode & 0o666
            self._group = found.st_gid
            warn_if_open_to_all(self.path, found)
            self._probe()
        except OSError as error:
            raise unavailable(self.path, error) from error

    def _probe(self) -> None:
        # os.access() is of no use: it says yes to root on a read-only file system.
        fd, name = tempfile.mkstemp(prefix=TEMPORARY, dir=self.path)
        os.close(fd)
        with contextlib.suppress(FileNotFoundError):  # another worker's sweep was faster
            os.unlink(name)

    def _open(self, sub: str) -> int:
        """Open a folder inside this one, following no link on the way there."""
        top, _, within = sub.partition("/")
        at = os.open(f"{self._text}/{top}", _FOLDER)
        if not within:
            return at
        try:
            return os.open(within, _FOLDER, dir_fd=at)
        finally:
            os.close(at)

    def _open_or_make(self, sub: str) -> int | None:
        """Open a folder inside this one, made if it isn't there; None where the system has no names in an open one."""
        if not _AT:
            os.makedirs(f"{self._text}/{sub}", self.dir_mode, exist_ok=True)
            return None
        try:
            return self._open(sub)
        except FileNotFoundError:
            self.make(sub)
            return self._open(sub)

    @contextlib.contextmanager
    def opened(self, sub: str) -> Iterator[int | None]:
        """Keep a folder inside this one open; None where the system has no names in an open one."""
        at = self._open(sub) if _AT else None
        try:
            yield at
        finally:
            if at is not None:
                os.close(at)

    def make(self, sub: str) -> None:
        """Create a folder inside this one, and this one again if somebody removed it."""
        path = self.path
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        make_folder(path, self.dir_mode, self._group)
        for part in Path(sub).parts:
            path = path / part
            if path.is_symlink():
                raise NotADirectoryError(errno.ENOTDIR, "it has a link in it", str(path))
            make_folder(path, self.dir_mode, self._group)

    def _name(self, sub: str, name: str) -> str:
        return name if _AT else str(self.path / sub / name)

    def open(self, sub: str, name: str, at: int | None = None) -> tuple[int, os.stat_result]:
        """Open a regular file for reading; raises `FileNotFoundError`, also for links, pipes and folders.

        `at` is its folder, where that is open already.
        """
        try:
            if at is not None:
                fd = os.open(name, _READ, dir_fd=at)
            elif _AT:
                at = self._open(sub)
                try:
                    fd = os.open(name, _READ, dir_fd=at)
                finally:
                    os.close(at)
            else:
                fd = os.open(self._name(sub, name), _READ)
        except OSError as error:
            if error.errno in _NOT_A_FILE:
                raise FileNotFoundError(errno.ENOENT, "not a regular file", name) from error
            raise
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode):
            os.close(fd)
            raise FileNotFoundError(errno.ENOENT, "not a regular file", name)
        return fd, found

    def write(
        self,
        sub: str,
        name: str,
        buffers: Sequence[Buffer],
        nbytes: int,
        *,
        used: float,
        bounds: Bounds | None = None,
        durable: bool = False,
        new: bool = False,
    ) -> bool:
        """Write a file by one gathered write to a temporary one, and rename it; on failure nothing stays.

        `bounds` are asked when the temporary file has its full size, so that whoever counts the folder's bytes sees
        them. With `new`, a file that is there already is left alone, and the answer is False.
        """
        at, fd = None, -1
        path, target = self._name(sub, temporary_name()), self._name(sub, name)
        counted: Account | None = None
        try:
            at = self._open_or_make(sub)
            fd = os.open(path, _WRITE, self.file_mode, dir_fd=at)
            # Held while writing: a sweeper that gets this lock knows that the writer is dead.
            if not lock_fd(fd, wait=0) or not os.fstat(fd).st_nlink:
                raise FileNotFoundError(errno.ENOENT, "a sweeper took it before it was locked", path)
            if not self._mine:
                os.fchmod(fd, self.file_mode)
            if bounds is not None:
                os.ftruncate(fd, nbytes)
                counted = bounds.admit(nbytes)
            write_all(fd, buffers, nbytes)
            if durable:
                os.fsync(fd)
            os.utime(fd if TIMES_BY_FD else path, (used, used))
            if sys.platform == "win32":
                os.close(fd)
                fd = -1
            if new:
                linked = _link(path, target, at)
                os.unlink(path, dir_fd=at)
                return linked
            os.replace(path, target, src_dir_fd=at, dst_dir_fd=at)
            if durable and at is not None:
                os.fsync(at)
                self._sync_above(sub)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(
                    path, dir_fd=at
                )  # else it has its name already, and counts; or the next sweep counts anew
                if bounds is not None and counted is not None:
                    bounds.withdraw(nbytes, counted)
            raise
        finally:
            if fd >= 0:
                os.close(fd)
            if at is not None:
                os.close(at)
        return True

    def _sync_above(self, sub: str) -> None:
        # The folder of the file may be new itself.
        fd = os.open(f"{self._text}/{os.path.dirname(sub)}", _FOLDER)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def look(self, sub: str, name: str, at: int | None = None) -> os.stat_result | None:
        """Return what a regular file is, or None where there is none; `at` is its folder, if that is open already."""
        try:
            with self.opened(sub) if at is None else contextlib.nullcontext(at) as within:
                found = os.stat(self._name(sub, name), dir_fd=within, follow_symlinks=False)
        except (FileNotFoundError, NotADirectoryError):
            return None
        return found if stat.S_ISREG(found.st_mode) else None

    def touch(self, sub: str, name: str, used: float, since: float = -math.inf) -> os.stat_result:
        """Renew a file that was used since, and return what it was; raises `FileNotFoundError` if it is gone or too old.

        Who drops it sets it aside first and looks at its time again, so it is there when this could set its time.
        """
        at = self._open(sub) if _AT else None
        try:
            path = self._name(sub, name)
            found = os.stat(path, dir_fd=at, follow_symlinks=False)
            if found.st_mtime < since:
                raise FileNotFoundError(errno.ENOENT, "too old", name)
            set_used(path, used, dir_fd=at, follow_symlinks=not _AT)
            return found
        finally:
            if at is not None:
                os.close(at)

    def unlink(self, sub: str, name: str) -> bool:
        """Remove a file; was it there?"""
        try:
            with self.opened(sub) as at:
                os.unlink(self._name(sub, name), dir_fd=at)
        except FileNotFoundError:
            return False
        return True

    def rename(self, sub: str, name: str, to: str) -> bool:
        """Give a file another name beside the first; was it there?"""
        try:
            with self.opened(sub) as at:
                os.replace(self._name(sub, name), self._name(sub, to), src_dir_fd=at, dst_dir_fd=at)
        except FileNotFoundError:
            return False
        return True

    def put_back(self, sub: str, aside: str, name: str) -> None:
        """Give a file that was set aside its name again, unless another has it by now."""
        with contextlib.suppress(FileNotFoundError), self.opened(sub) as at:
            path, target = self._name(sub, aside), self._name(sub, name)
            try:
                _link(path, target, at)
            except OSError as error:
                if error.errno not in NO_LINKS:
                    raise
                os.replace(path, target, src_dir_fd=at, dst_dir_fd=at)
                return
            os.unlink(path, dir_fd=at)

    def scan(self, top: str) -> Iterator[tuple[str, os.DirEntry[str], os.stat_result]]:
        """Walk the regular files one folder below `top`, as (folder, entry, stat)."""
        for sub in self.subfolders(top):
            yield from self.scan_folder(sub)

    def subfolders(self, top: str) -> list[str]:
        """Return the folders below `top` but those being made."""
        try:
            with self._entries(top) as entries:
                folders = [e.name for e in entries if e.is_dir(follow_symlinks=False)]
        except (FileNotFoundError, NotADirectoryError):
            return []
        return sorted(f"{top}/{name}" for name in folders if not name.startswith(TEMPORARY))

    def scan_folder(
        self, sub: str, *, but: Container[str] = ()
    ) -> Iterator[tuple[str, os.DirEntry[str], os.stat_result]]:
        """Walk the regular files of one folder but those of some names; what vanishes meanwhile is left out."""
        try:
            with self._entries(sub) as entries:
                for entry in entries:
                    if entry.name in but:
                        continue
                    with contextlib.suppress(FileNotFoundError):
                        found = entry.stat(follow_symlinks=False)
                        if stat.S_ISREG(found.st_mode):
                            yield sub, entry, found
        except (FileNotFoundError, NotADirectoryError):
            return

    @contextlib.contextmanager
    def _entries(self, sub: str) -> Iterator[Iterator[os.DirEntry[str]]]:
        with self.opened(sub) as at, os.scandir(self.path / sub if at is None else at) as entries:
            yield entries


def _link(path: str, target: str, at: int | None) -> bool:
    """Give a file a second name unless another has it; the file system decides who of many is first."""
    try:
        os.link(path, target, src_dir_fd=at, dst_dir_fd=at, follow_symlinks=False)
    except FileExistsError:
        return False
    return True


def failed(path: Path, error: OSError, nbytes: int = 0) -> StoreFullError | StoreUnavailableError:
    """Say why a file of so many bytes can't be written."""
    if error.errno in _FULL:
        return StoreFullError(
            f"The disk has no room for {nbytes:,} more bytes, or for one more file, in {path}: {error.strerror}. "
            "Free some, lower max_bytes, or give FileSystemBackend(cache_dir=...) another disk."
        )
    return unavailable(path, error)


def unavailable(path: Path, error: OSError) -> StoreUnavailableError:
    """Say that a folder can't be used, why, and what would help."""
    remedy = _REMEDIES.get(
        error.errno or 0,
        "Make it writable for this user, or give FileSystemBackend(cache_dir=...) another one.",
    )
    return StoreUnavailableError(
        f"The folder for server-side values, {path}, can't be used: {error.strerror or error}. {remedy}"
    )

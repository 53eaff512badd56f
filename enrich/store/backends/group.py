"""Files and folders that the users of a group share, whatever their umasks cut from a mode."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from pathlib import Path
from typing import Any

from enrich.store.backends.layout import temporary_name

NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})
"""The errors of file systems without hard links."""


def open_file(path: Path, mode: int) -> int:
    """Open a file to read and write, made with this mode if need be."""
    flags = (
        os.O_RDWR | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    )
    if not mode & 0o070:
        return os.open(path, flags | os.O_CREAT, mode)
    while True:
        try:
            return os.open(path, flags)
        except FileNotFoundError:
            with contextlib.suppress(FileExistsError):  # another was faster
                _make_file(path, mode)


def _make_file(path: Path, mode: int) -> None:
    # It gets its name when it has its mode: another user may be about to open it.
    aside = _beside(path)
    _make_open(aside, mode)
    try:
        os.link(aside, path)
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        _make_open(path, mode)
    finally:
        aside.unlink(missing_ok=True)


def _make_open(path: Path, mode: int) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        os.fchmod(fd, mode)
    finally:
        os.close(fd)


def make_folder(path: Path, mode: int, group: int) -> None:
    """Make a folder with this mode, of this group if it is open to one, unless there is one."""
    if not mode & 0o070:
        path.mkdir(mode=mode, exist_ok=True)
    elif not path.is_dir():
        aside = _beside(path)
        aside.mkdir(mode)
        try:
            if aside.stat().st_gid != group:
                try:
                    os.chown(aside, -1, group)
                except (
                    OSError
                ) as error:  # who isn't in the group can't give it anything, and opens it to no other
                    if error.errno not in (errno.EPERM, errno.EINVAL):
                        raise
                    mode &= 0o700
            aside.chmod(mode)
            aside.rename(path)
        except OSError as error:
            aside.rmdir()
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):  # another was faster
                raise


def is_closed(folder: str | Path) -> bool:
    """Can nobody but the owner look into a folder, or is there none?"""
    try:
        return os.name == "nt" or not stat.S_IMODE(os.stat(folder).st_mode) & 0o077
    except FileNotFoundError:
        return True


def _beside(path: Path) -> Path:
    return path.with_name(temporary_name())


def set_used(file: int | str | Path, used: float, **where: Any) -> None:
    """Set a file's time; one that another user made can be set to the present only."""
    try:
        os.utime(file, (used, used), **where)
    except PermissionError:
        os.utime(file, **where)

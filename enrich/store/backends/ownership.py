"""Who else can write to a folder, or put another in its place."""

from __future__ import annotations

import os
import stat
import warnings
from pathlib import Path

_HAS_OWNERS = hasattr(os, "getuid")


def only_mine(found: os.stat_result) -> bool:
    """Whether a file or folder belongs to this user, and nobody else may write to it."""
    if not _HAS_OWNERS:
        return True
    return found.st_uid == os.getuid() and not stat.S_IMODE(found.st_mode) & 0o022


def stays_in_place(path: Path) -> bool:
    """Whether nobody but this user and root can rename a folder away, or one above it."""
    return not _HAS_OWNERS or all(_keeps_its_folders(parent.stat()) for parent in path.resolve().parents)


def warn_if_open_to_all(path: Path, found: os.stat_result) -> None:
    """Say it where everybody may write, which a folder that was made for the store never is."""
    if _HAS_OWNERS and found.st_mode & stat.S_IWOTH:
        warnings.warn(
            f"Everybody on this machine may write to {path}, and so read its values and sign tokens that this app "
            "accepts. Take that away (chmod o-w), or use another folder.",
            RuntimeWarning,
            stacklevel=4,
        )


def _keeps_its_folders(found: os.stat_result) -> bool:
    if found.st_uid not in (0, os.getuid()):
        return False
    if found.st_mode & stat.S_ISVTX:  # as in /tmp, only who owns a folder renames it
        return True
    if found.st_mode & stat.S_IWOTH:
        return False
    return not found.st_mode & stat.S_IWGRP or _has_only_me(found.st_gid)


def _has_only_me(group: int) -> bool:
    """Whether a group is the one that many systems give each user for himself; then umask leaves it write access."""
    import grp
    import pwd

    try:
        me, its = pwd.getpwuid(os.getuid()), grp.getgrgid(group)
    except KeyError:
        return False
    return me.pw_gid == group and its.gr_name == me.pw_name and set(its.gr_mem) <= {me.pw_name}

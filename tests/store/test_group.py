"""A folder that the users of a group share."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from enrich.store import FileSystemBackend, Store

from .test_faults import run, temporary_files

GROUP = 4242


@pytest.fixture
def shared() -> Iterator[Path]:
    if os.name == "nt" or os.getuid():
        pytest.skip("only root can become two users")
    with tempfile.TemporaryDirectory() as folder:  # pytest's own are inside one that only root may enter
        os.chown(folder, 4001, GROUP)
        os.chmod(folder, 0o2770)
        yield Path(folder)


def test_the_users_of_a_group_share_its_folder_whatever_their_umask(shared: Path):
    assert run("group", shared, GROUP) == {"fine": True}
    assert temporary_files(shared) == []
    for path in shared.rglob("*"):
        found = path.stat()
        assert stat.S_IMODE(found.st_mode) == (0o2770 if path.is_dir() else 0o660), path
        assert found.st_gid == GROUP


def test_a_folder_removed_while_running_is_opened_to_its_group_again(shared: Path):
    folder = shared / "folder"
    folder.mkdir()
    os.chown(folder, 4001, GROUP)
    folder.chmod(0o2770)
    store = Store(FileSystemBackend(folder))
    shutil.rmtree(folder)
    store.put(1)
    for path in (folder, *folder.rglob("*")):
        found = path.stat()
        mode = 0o2770 if path.is_dir() else 0o660
        assert (stat.S_IMODE(found.st_mode), found.st_gid) == (mode, GROUP), path


def test_a_group_that_one_is_not_in_gets_nothing(shared: Path, monkeypatch):
    def not_permitted(*_: object) -> None:
        raise PermissionError(errno.EPERM, "not in this group")

    monkeypatch.setattr(os, "chown", not_permitted)
    store = Store(FileSystemBackend(shared))
    shutil.rmtree(shared)
    store.put(1)
    assert stat.S_IMODE(shared.stat().st_mode) == 0o700


def test_files_are_shared_also_where_there_are_no_hard_links(shared: Path, monkeypatch):
    def no_links(*_: object, **__: object) -> None:
        raise PermissionError(errno.EPERM, "no hard links here")

    monkeypatch.setattr(os, "link", no_links)
    Store(FileSystemBackend(shared)).compute("key", lambda: 1)
    assert stat.S_IMODE((shared / "ledger").stat().st_mode) == 0o660
    assert temporary_files(shared) == []


def test_a_group_that_the_system_does_not_know_keeps_its_folder(shared: Path, monkeypatch):
    """As in a container whose user has no number for the group; a folder inside gets it from the one above."""

    def unknown(*_: object) -> None:
        raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(os, "chown", unknown)
    store = Store(FileSystemBackend(shared))
    assert store.get(store.put(1)) == 1
    assert all(path.stat().st_gid == GROUP for path in shared.rglob("*"))

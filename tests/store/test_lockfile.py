"""Locks as files: whose they are when files are replaced, and when processes are forked."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from enrich.store.backends import lockfile
from enrich.store.backends.lockfile import try_lock_file


@pytest.mark.skipif(os.name == "nt", reason="an open file can't be removed")
def test_a_file_that_its_holder_removes_while_another_takes_it_is_no_lock(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path, lock_fd = tmp_path / "a.lock", lockfile.lock_fd

    def removed(fd: int, *, wait: float) -> bool:
        monkeypatch.setattr(lockfile, "lock_fd", lock_fd)
        path.unlink()
        return lock_fd(fd, wait=wait)

    monkeypatch.setattr(lockfile, "lock_fd", removed)
    lease = try_lock_file(path)
    assert lease is not None
    assert try_lock_file(path) is None
    lease.release()
    assert not path.exists()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.parametrize("keep", [True, False])
def test_a_lock_is_its_parent_s_whatever_a_forked_child_does(tmp_path: Path, keep: bool):
    path = tmp_path / "a.lock"
    lease = try_lock_file(path, keep=keep)
    assert lease is not None
    (told, tells), (waits, lets_go) = os.pipe(), os.pipe()
    child = os.fork()
    if not child:
        os.close(lets_go)
        lease.release()
        os.write(tells, b".")
        os.read(waits, 1)
        os._exit(0)
    try:
        os.read(told, 1)
        assert try_lock_file(path, keep=keep) is None
    finally:
        for end in (told, tells, waits, lets_go):
            os.close(end)
        os.waitpid(child, 0)
    lease.release()


@pytest.mark.skipif(os.name == "nt", reason="a file of another descriptor stays locked there")
def test_a_lock_that_is_let_go_of_is_free_though_a_child_that_is_being_forked_has_its_file(tmp_path: Path):
    path = tmp_path / "a.lock"
    lease = try_lock_file(path, keep=True)
    assert lease is not None
    inherited = os.dup(lease.file.fileno())
    lease.release()
    other = try_lock_file(path, keep=True)
    os.close(inherited)
    assert other is not None
    other.release()

"""`ArrowFSBackend` on a local folder: what is left there, what is dropped, and who may look in."""

from __future__ import annotations

import os
import shutil
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.fs as pafs
import pytest

from enrich.errors import StoreConfigError, StoreUnavailableError
from enrich.store import MISSING, ArrowFSBackend, FileSystemBackend, Settings, Store
from enrich.store.backends.arrow_files import ArrowFiles
from enrich.testing import key_of

from .conftest import Clock

SECRET = "the right secret"


def age(folder: Path, when: float) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            os.utime(path, (when, when))


def test_a_failed_write_leaves_no_file_and_takes_none_away(tmp_path: Path):
    backend = ArrowFSBackend(
        pafs.LocalFileSystem(), str(tmp_path / "remote"), local=FileSystemBackend(tmp_path / "local")
    )
    store = Store(backend, secret=SECRET)
    ref = store.put("good")
    with pytest.raises(TypeError):
        store.backend.write(ref.key, ["no bytes"], 8)  # type: ignore[list-item]
    assert [path.name for path in (tmp_path / "remote" / "entries").rglob("*") if path.is_file()] == [ref.key]
    assert store.get(ref) == "good"


@pytest.mark.parametrize("subtree", [False, True])
@pytest.mark.parametrize("ends", ["sweep", "clear"])
def test_what_killed_writers_left_is_dropped(tmp_path: Path, subtree: bool, ends: str):
    remote, local = tmp_path / "remote", pafs.LocalFileSystem()
    fs = pafs.SubTreeFileSystem(str(tmp_path), local) if subtree else local
    backend = ArrowFSBackend(
        fs, "remote" if subtree else str(remote), local=FileSystemBackend(tmp_path / "local")
    ).with_settings(Settings())
    backend.write(key_of("a"), [b"a"], 1)
    backend.set_record("n", b"n")
    backend.set_record("k", b"k", kept=True)
    backend.sweep()  # now, and so not in the background meanwhile
    files = [path for path in remote.rglob("*") if path.is_file()]
    for path in files:
        left, unfinished = (path.with_name(f"{path.name}.tmp-{name}") for name in ("left", "unfinished"))
        left.write_bytes(b"half")
        unfinished.write_bytes(b"half")
        os.utime(left, (time.time() - 7200,) * 2)
    getattr(backend, ends)()
    names = [path.name for path in remote.rglob("*") if ".tmp-" in path.name]
    assert len(names) == len(files) == 3
    assert all(name.endswith("unfinished") for name in names)


def test_a_record_that_is_read_lives_on_and_its_mark_goes_with_it(tmp_path: Path):
    clock = Clock(time.time())
    remote = tmp_path / "remote"

    def host(name: str) -> ArrowFSBackend:
        backend = ArrowFSBackend(
            pafs.LocalFileSystem(), str(remote), local=FileSystemBackend(tmp_path / name)
        )
        return backend.with_settings(Settings(clock=clock, ttl=1000))

    host("one").set_record("n", b"value")
    age(remote / "records", clock.now - 900)
    two = host("two")
    assert two.get_record("n") == b"value"
    clock.tick(900)
    two.sweep()
    assert two.get_record("n") == b"value"
    for kind in ("records", "used"):
        age(remote / kind, clock.now - 900)
    clock.tick(900)
    two.sweep()
    assert two.get_record("n") is MISSING
    assert [path for path in remote.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("damage", [b"", b"of others", None])
def test_a_record_that_is_damaged_or_another_s_counts_as_missing(tmp_path: Path, damage: bytes | None):
    backend = ArrowFSBackend(
        pafs.LocalFileSystem(), str(tmp_path / "remote"), local=FileSystemBackend(tmp_path / "local")
    ).with_settings(Settings())
    backend.set_record("one", b"1")
    (one,) = (path for path in (tmp_path / "remote" / "records").rglob("*") if path.is_file())
    backend.set_record("two", b"2")
    (two,) = (path for path in (tmp_path / "remote" / "records").rglob("*") if path.is_file() and path != one)
    one.write_bytes(two.read_bytes() if damage is None else damage)
    assert backend.get_record("one") is MISSING
    assert backend.get_record("two") == b"2"


class Meanwhile(ArrowFSBackend):
    """A backend that lets some work be done when it drops something for the first time."""

    work: Callable[[], object] | None = None

    def delete(self, key: str, /) -> bool:
        work, self.work = self.work, None
        if work is not None:
            work()
        return super().delete(key)


@pytest.mark.parametrize("use", ["renew", "write"])
def test_a_sweep_leaves_what_another_host_uses_or_stores_again_meanwhile(tmp_path: Path, use: str):
    remote, fs = tmp_path / "remote", pafs.LocalFileSystem()
    one = Meanwhile(fs, str(remote), local=FileSystemBackend(tmp_path / "one"), max_bytes=1000).with_settings(
        Settings(ttl=1000)
    )
    two = ArrowFSBackend(fs, str(remote), local=FileSystemBackend(tmp_path / "two")).with_settings(
        Settings(ttl=1000)
    )
    for name in "abc":
        one.write(key_of(name), [b"x" * 500], 500)
    one.set_record("n", b"value")
    two.read(key_of("none"))
    for backend in (one, two):
        backend.sweep()  # now, and so not in the background meanwhile
    age(remote, time.time() - 5000)
    age(remote / "entries" / key_of("a")[:2], time.time() - 6000)

    def work() -> None:
        assert two.get_record("n") == b"value"
        two.write(key_of("b"), [b"x" * 500], 500) if use == "write" else two.renew(key_of("b"))

    one.work = work
    swept = one.sweep()
    assert (swept.entries, swept.dropped, swept.freed) == (1, 2, 1000)
    assert swept.oldest is not None
    assert swept.oldest > time.time() - 60
    assert [entry.key for entry in two.entries()] == [key_of("b")]
    assert two.get_record("n") == b"value"


@pytest.mark.parametrize("path", ["file:///srv/values", ""])
def test_a_local_path_that_is_an_address_is_refused(path: str):
    with pytest.raises(StoreConfigError, match="/srv/values"):
        ArrowFSBackend(pafs.LocalFileSystem(), path)


def test_a_relative_path_stays_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    backend = ArrowFSBackend(pafs.LocalFileSystem(), "remote", local=FileSystemBackend(tmp_path / "local"))
    monkeypatch.chdir("/")
    Store(backend, secret=SECRET).put(1)
    assert (tmp_path / "remote" / "entries").is_dir()


# --- privacy ------------------------------------------------------------------------------------

modes = pytest.mark.skipif(not hasattr(os, "getuid"), reason="there are no modes here")


def local_store(folder: Path, name: str = "remote", **arguments: Any) -> Store:
    backend = ArrowFSBackend(
        pafs.LocalFileSystem(), str(folder / name), local=FileSystemBackend(folder / "local")
    )
    return Store(backend, **arguments)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@modes
def test_a_folder_that_is_made_is_its_owner_s_alone(tmp_path: Path):
    remote = tmp_path / "remote"
    store = local_store(tmp_path, allow_pickle=True)
    store.put("value", name="n")
    assert store.backend.private
    assert {mode(path) for path in [remote, *remote.rglob("*")] if path.is_dir()} == {0o700}


@modes
@pytest.mark.parametrize("before", ["entries", "kept"])
def test_a_secret_or_a_value_that_others_can_read_signs_no_pickles(tmp_path: Path, before: str):
    remote = tmp_path / "remote"
    (remote / before).mkdir(parents=True)
    for path in (remote, remote / before):
        path.chmod(0o755)
    with pytest.raises(StoreConfigError, match="allow_pickle=True"):
        local_store(tmp_path, allow_pickle=True)
    assert mode(remote) == 0o755
    assert (
        local_store(tmp_path, allow_pickle=True, secret=SECRET).get(
            local_store(tmp_path, secret=SECRET).put(1)
        )
        == 1
    )


@modes
def test_in_a_folder_that_others_may_list_nobody_else_reads_values(tmp_path: Path):
    remote = tmp_path / "remote"
    remote.mkdir()
    remote.chmod(0o755)
    store = local_store(tmp_path, allow_pickle=True)
    store.put("value", name="n")
    assert {mode(path) for path in remote.iterdir()} == {0o700}
    assert store.backend.private
    remote.chmod(0o770)
    assert not store.backend.private


@modes
def test_a_folder_that_is_open_to_a_group_stays_so(tmp_path: Path):
    remote = tmp_path / "remote"
    remote.mkdir()
    remote.chmod(0o2770)
    local_store(tmp_path, secret=SECRET).put("value", name="n")
    assert {mode(path) for path in remote.rglob("*") if path.is_dir()} == {0o2770}


def test_a_folder_that_can_t_be_made_gives_a_typed_error(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnavailableError, match="local://.*file/remote can't be used"):
        local_store(tmp_path, "file/remote", secret=SECRET)


def test_a_folder_that_is_removed_while_it_is_listed_is_empty(tmp_path: Path):
    class Vanishing:
        type_name = "hdfs"

        def get_file_info(self, _: object) -> object:
            raise FileNotFoundError(2, "Cannot list directory")

    files = ArrowFiles(Vanishing(), str(tmp_path))
    assert list(files.listed("records")) == []
    files.drop_unfinished(0.0)


def test_a_folder_that_is_removed_while_a_value_is_written_gives_a_typed_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    remote = tmp_path / "remote"
    backend = ArrowFSBackend(pafs.LocalFileSystem(), str(remote), local=FileSystemBackend(tmp_path / "local"))
    store = Store(backend, secret=SECRET)
    upload = ArrowFiles._upload

    def upload_and_lose(files: ArrowFiles, path: str, buffers: Any) -> None:
        upload(files, path, buffers)
        shutil.rmtree(remote)

    with monkeypatch.context() as patch:
        patch.setattr(ArrowFiles, "_upload", upload_and_lose)
        with pytest.raises(StoreUnavailableError, match="local://.*can't be used"):
            store.put("value")
    assert store.get(store.put("value")) == "value"

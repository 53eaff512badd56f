"""Killed writers, full disks, torn files, forks: never a wrong value, never a silent None, nothing left behind."""

from __future__ import annotations

import contextlib
import errno
import gc
import json
import logging
import mmap
import multiprocessing
import os
import shutil
import struct
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from enrich.errors import (
    HandleExpired,
    StoreError,
    StoreFullError,
    StoreNotSharedError,
    StoreUnavailableError,
)
from enrich.store import MISSING, FileSystemBackend, MemoryBackend, Settings, Store, default_cache_dir
from enrich.store.audit import list_entries, verify_entries
from enrich.store.backends import folder as folder_module
from enrich.store.backends import ledger
from enrich.store.backends.layout import TRASH, record_file, shard
from enrich.testing import key_of

from .conftest import Clock
from .workers import open_store, value_of

WORKERS = Path(__file__).with_name("workers.py")


def run(role: str, *arguments: object, timeout: float = 120) -> Any:
    command = [sys.executable, "-W", "ignore::DeprecationWarning", str(WORKERS), role, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout) if done.stdout.strip() else None


def temporary_files(folder: Path) -> list[Path]:
    return [
        path for path in folder.rglob("*") if path.name.startswith(".tmp-") or path.name.endswith(".trash")
    ]


def assert_sound(folder: Path, store: Store) -> None:
    backend = store.backend
    swept = backend.sweep()
    assert temporary_files(folder) == []
    entries = list(backend.entries())
    assert [found.fault for found in verify_entries(backend, store.is_genuine, entries) if found.fault] == []
    assert swept.nbytes == sum(entry.nbytes for entry in entries) == backend.ledger.read().used


# --- processes ----------------------------------------------------------------------------------


def test_writers_killed_at_random_points_leave_whole_values_and_no_temporary_files(tmp_path: Path):
    run("killed_writers", tmp_path, 300)
    store = Store(FileSystemBackend(tmp_path), app="workers")
    assert_sound(tmp_path, store)
    assert store.info().entries > 100
    for number in range(5):
        assert isinstance(store.get(store.named(f"name {number}")), int)


def test_many_processes_and_threads_get_right_answers_from_one_folder(tmp_path: Path):
    run("hammer", tmp_path, 8, 4, 120)
    assert_sound(tmp_path, Store(FileSystemBackend(tmp_path), secret="hammer hammer", max_bytes=3_000_000))


def test_ten_processes_compute_once(tmp_path: Path):
    assert run("one_computation", tmp_path, 10) == {"fine": True, "ran": 1}


def test_a_killed_holder_of_the_lock_is_superseded_at_once(tmp_path: Path):
    found = run("killed_holder", tmp_path)
    assert found["result"] == "mine"
    assert found["seconds"] < 5


def test_a_forked_child_goes_on_whatever_the_parent_s_threads_were_doing(tmp_path: Path):
    assert run("forked", tmp_path) == {"fine": True}


def test_workers_that_start_at_once_agree_on_a_secret(tmp_path: Path):
    assert run("cold_start", tmp_path, 12) == {"fine": True, "opened": [1] * 12}


@pytest.mark.parametrize("writers", [1, 3])
def test_a_writer_that_is_stopped_keeps_the_others_waiting_for_a_bounded_time(
    tmp_path: Path, monkeypatch, writers: int
):
    monkeypatch.setattr(ledger, "PATIENCE", 0.3)
    store = Store(FileSystemBackend(tmp_path))
    store.put(1)
    store.backend.sweeper.join()
    errors: list[Exception] = []

    def write(number: int) -> None:
        try:
            store.put(number)
        except StoreUnavailableError as error:
            errors.append(error)

    crew = [threading.Thread(target=write, args=(number,), daemon=True) for number in range(2, 2 + writers)]

    def wait() -> None:
        for thread in crew:
            thread.start()
        for thread in crew:
            thread.join(10)

    ledger.Ledger(tmp_path / "ledger").alone(wait)
    assert len(errors) == writers
    assert "SIGSTOP" in str(errors[0])
    assert store.get(store.put(2)) == 2


def in_child(store: Store, token: str, answers: Any) -> None:
    answers.put(store.get(store.open(token, session="s")))


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_a_store_goes_to_a_new_process(tmp_path: Path, method: str):
    store = Store(FileSystemBackend(tmp_path))
    context = multiprocessing.get_context(method)
    answers = context.Queue()
    token = store.sign(store.put(value_of(3), scope="s"), session="s")
    child = context.Process(target=in_child, args=(store, token, answers))
    child.start()
    assert answers.get(timeout=60) == value_of(3)
    child.join()


def test_a_memory_store_says_that_it_can_t_go_to_another_process():
    import pickle

    with pytest.raises(StoreNotSharedError, match="memory"):
        pickle.dumps(Store(MemoryBackend()))


# --- the disk -----------------------------------------------------------------------------------


@contextlib.contextmanager
def small_disk(path: Path, size: str) -> Iterator[Path]:
    path.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", path], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("can't mount a file system here")
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", path], check=True)


def test_a_full_disk_refuses_the_value_and_keeps_the_others(tmp_path: Path, clock: Clock):
    with small_disk(tmp_path / "disk", "2m") as disk:
        store = Store(FileSystemBackend(disk / "values"), max_bytes=1 << 30, clock=clock)
        refs = []

        def fill() -> None:
            for number in range(100):
                refs.append(store.put({"n": number, "text": "x" * 100_000}))

        with pytest.raises(StoreFullError, match="disk has no room"):
            fill()
        assert len(refs) > 10
        assert [store.get(ref)["n"] for ref in refs] == list(range(len(refs)))
        assert temporary_files(disk) == []
        # Once they are out of use, the oldest make room.
        clock.tick(130)
        assert store.get(store.put("y" * 100_000)) == "y" * 100_000
        assert_sound(disk, store)


def test_a_full_disk_keeps_no_memoized_results_and_gives_them_all_the_same(tmp_path: Path):
    with small_disk(tmp_path / "disk", "2m") as disk:
        store = Store(FileSystemBackend(disk / "values"))
        store.compute("one", lambda: "same")
        with contextlib.suppress(OSError), (disk / "filler").open("wb", buffering=0) as filler:
            while filler.write(b"x" * 4096):
                pass
        assert store.compute("two", lambda: "same") == "same"
        assert store.compute("three", lambda: "other" * 1000) == "other" * 1000
        # A worker that starts now finds the secret, and has no need to write.
        again = Store(FileSystemBackend(disk / "values"))
        assert again.unsign_text(store.sign_text("text", salt="test"), salt="test") == "text"


def test_a_file_size_limit_refuses_the_value(tmp_path: Path):
    found = run("limited", tmp_path)
    assert "1,000," in found["error"]
    assert found["small"] == "small"
    assert temporary_files(tmp_path) == []


def test_a_folder_made_read_only_is_read_on_and_refuses_writes(tmp_path: Path, clock: Clock):
    with small_disk(tmp_path / "disk", "4m") as disk:
        store = Store(FileSystemBackend(disk / "values"), clock=clock)
        ref = store.put({"a": 1})
        store.backend.sweeper.join()
        store.backend.ledger.close()
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        clock.tick(100)
        assert store.get(ref) == {"a": 1}
        with pytest.raises(StoreUnavailableError, match="Read-only"):
            store.put({"b": 2})
        with pytest.raises(StoreUnavailableError, match=r"FileSystemBackend\(cache_dir="):
            FileSystemBackend(disk / "other")
        subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
        assert store.get(store.put({"b": 2})) == {"b": 2}


def test_a_read_only_cache_folder_falls_back_to_the_temporary_directory_with_a_warning(
    tmp_path: Path, monkeypatch
):
    with small_disk(tmp_path / "disk", "1m") as disk:
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        monkeypatch.setenv("XDG_CACHE_HOME", str(disk))
        monkeypatch.setattr(folder_module.tempfile, "gettempdir", lambda: str(tmp_path))
        with pytest.warns(RuntimeWarning, match="lost with the container"):
            store = Store(app="fallen back")
        assert store.get(store.put(1)) == 1
        assert store.backend.folder.path.is_relative_to(tmp_path)
        monkeypatch.setattr(folder_module.tempfile, "gettempdir", lambda: str(disk))
        with pytest.raises(StoreUnavailableError, match="temporary directory can't be used either"):
            Store(app="fallen back")


def test_a_folder_removed_while_running_is_made_anew(tmp_path: Path, clock: Clock):
    import shutil

    store = Store(FileSystemBackend(tmp_path / "values"), clock=clock)
    ref = store.put({"a": 1}, producer="callback 'load' (app.py:3)")
    token = store.sign(ref)
    shutil.rmtree(tmp_path / "values")
    with pytest.raises(HandleExpired, match="callback 'load'"):
        store.get(store.open(token))
    assert store.get(store.put({"a": 1})) == {"a": 1}
    assert (tmp_path / "values").stat().st_mode & 0o777 == 0o700
    # The secret comes back too, so that other workers sign alike.
    clock.tick(61)
    store.put({"b": 1})
    assert store.get(Store(FileSystemBackend(tmp_path / "values"), clock=clock).open(token)) == {"a": 1}


def test_a_file_system_without_hard_links_will_do(tmp_path: Path, monkeypatch):
    def refuse(*_args: Any, **_options: Any) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    one, two = (Store(FileSystemBackend(tmp_path)) for _ in range(2))
    assert two.get(two.open(one.sign(one.put([1])))) == [1]
    assert temporary_files(tmp_path) == []


def test_a_relative_path_is_fixed_at_start(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store = Store(FileSystemBackend("values"))
    ref = store.put(1)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert store.get(ref) == 1
    assert store.backend.where == str(tmp_path / "values")


def test_the_default_folder_is_the_app_s_own(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert Store(app="My app/1").backend.folder.path == default_cache_dir("My app/1")
    assert default_cache_dir("My app/1") == tmp_path / "dash-enrich" / "My-app-1"
    assert default_cache_dir("../..") != tmp_path


# --- torn and foreign files ---------------------------------------------------------------------


@pytest.mark.parametrize("value", [{"a": list(range(5000))}, "frame"])
def test_a_torn_file_counts_as_missing_and_can_be_written_again(tmp_path: Path, value: Any, caplog):
    if value == "frame":
        import pandas as pd

        value = pd.DataFrame({"a": range(10_000), "b": "text"})
    store = Store(FileSystemBackend(tmp_path))
    ref = store.put(value)
    path = store.backend.path(ref.key)
    whole = path.read_bytes()
    damages = [whole[:n] for n in (0, 1, 7, 8, 100, len(whole) // 2, len(whole) - 1)]
    damages += [whole + b"x", b"\0" * len(whole), b"foreign" * 1000, whole[:16] + b"\xff" + whole[17:]]
    for damaged in damages:
        path.write_bytes(damaged)
        with caplog.at_level(logging.WARNING, "enrich.store"):
            assert store.get(ref, default=MISSING) is MISSING
        assert "counts as missing" in caplog.text
        caplog.clear()
        with pytest.raises(HandleExpired):
            store.get(ref)
        assert store.put(value).new
        assert store.get(ref, default=MISSING) is not MISSING


CONTENT = "0" * 32


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"key": 1}',
        json.dumps([CONTENT, float("nan"), "0" * 8]).encode(),
        json.dumps([CONTENT, 1e300, "0" * 8]).encode(),
        json.dumps([CONTENT, -1, "0" * 8]).encode(),
        json.dumps([CONTENT, True, "0" * 8]).encode(),
        json.dumps([CONTENT, 0, "not hex!"]).encode(),
        json.dumps([CONTENT, 0, "0" * 900]).encode(),
        json.dumps([CONTENT, 0, None]).encode(),
        json.dumps(["../../name", 0, "0" * 8]).encode(),
    ],
    ids=lambda damaged: repr(damaged[:40]),
)
def test_a_damaged_record_counts_as_missing(tmp_path: Path, damaged: bytes, caplog):
    store = Store(FileSystemBackend(tmp_path))
    store.put("value", name="prices")
    token = store.sign(store.named("prices"))
    (record,) = store._names._records("prices")
    store.backend.set_record(record, damaged)
    for read in (lambda: store.named("prices"), lambda: store.get(store.open(token))):
        caplog.clear()
        with pytest.raises(HandleExpired, match="prices"):
            read()
        assert "a record can't be read and counts as missing" in caplog.text
    store.put("again", name="prices")
    assert store.get(store.open(token)) == "again"


def test_who_stored_a_value_is_left_out_where_the_record_of_it_is_damaged(tmp_path: Path, caplog):
    first = Store(FileSystemBackend(tmp_path))
    ref = first.put("value", producer="callback 'load' (app.py:31)")
    token = first.sign(ref)
    first.delete(ref)
    second = Store(FileSystemBackend(tmp_path))
    second.backend.set_record(f"producer.{ref.producer_id}", b"\xff\xfe", kept=True)
    with pytest.raises(HandleExpired, match="^The value is gone"):
        second.get(second.open(token))
    assert "who stored a value can't be read" in caplog.text


HUGE = 1 << 40


def test_an_entry_larger_than_the_memory_gives_a_typed_error_and_is_found_by_verify(tmp_path: Path):
    store = Store(FileSystemBackend(tmp_path))
    ref, other = store.put("value"), store.put("other")
    with open(store.backend.path(ref.key), "wb") as file:
        file.truncate(HUGE)
    with pytest.raises(StoreError):
        store.get(ref)
    faults = {
        one.entry.key: one.fault
        for one in verify_entries(store.backend, store.is_genuine, store.backend.entries())
    }
    assert faults[ref.key]
    assert faults[other.key] is None
    assert {one.entry.key: bool(one.fault) for one in list_entries(store.backend)} == {
        ref.key: True,
        other.key: False,
    }


@pytest.mark.parametrize("size", [0, 43, HUGE])
def test_a_kept_secret_that_lost_its_content_is_called_damaged(tmp_path: Path, size: int):
    Store(FileSystemBackend(tmp_path)).put("value")
    sub, name = record_file("secret", True)
    with open(tmp_path / sub / name, "wb") as file:
        file.truncate(size)
    with pytest.raises(StoreUnavailableError, match="The secret kept in store 'files' is damaged"):
        Store(FileSystemBackend(tmp_path))


@pytest.mark.parametrize("plant", ["folder", "pipe", "link", "dangling link", "link of the shard"])
def test_what_isn_t_a_plain_file_counts_as_missing(tmp_path: Path, plant: str):
    store = Store(FileSystemBackend(tmp_path / "values"))
    ref = store.put({"secret": 1})
    path = store.backend.path(ref.key)
    outside = tmp_path / "outside"
    outside.write_bytes(path.read_bytes())
    path.unlink()
    if plant == "folder":
        path.mkdir()
    elif plant == "pipe":
        os.mkfifo(path)
    elif plant == "link":
        path.symlink_to(outside)
    elif plant == "dangling link":
        path.symlink_to(tmp_path / "new")
    else:
        path.parent.rmdir()
        (tmp_path / "aside").mkdir()
        (tmp_path / "aside" / path.name).write_bytes(outside.read_bytes())
        path.parent.symlink_to(tmp_path / "aside")
    assert store.get(ref, default=MISSING) is MISSING
    before = outside.read_bytes()
    if plant in ("folder", "link of the shard"):
        with pytest.raises(StoreUnavailableError):
            store.put({"secret": 1})
    else:
        assert store.get(store.put({"secret": 1})) == {"secret": 1}
        assert not path.is_symlink()
    assert outside.read_bytes() == before
    assert not (tmp_path / "new").exists()
    store.sweep()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.ENOENT])
def test_a_write_that_fails_keeps_hold_of_nothing(tmp_path: Path, monkeypatch, number: int):
    backend = FileSystemBackend(tmp_path)

    def failing(*_: Any) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(folder_module, "write_all", failing)
    array = np.zeros(1000)
    alive = weakref.ref(array)
    gc.disable()
    try:
        with pytest.raises((StoreFullError, StoreUnavailableError)):
            backend.write(key_of("a"), [memoryview(array).cast("B")], 8000)
        del array
        assert alive() is None
    finally:
        gc.enable()
    assert backend.ledger.read().used == 0
    assert temporary_files(tmp_path) == []


def test_an_interrupted_write_is_not_tried_again(tmp_path: Path, monkeypatch):
    backend = FileSystemBackend(tmp_path / "values")
    backend.write(key_of("a"), [b"x"], 1)
    backend.sweeper.join()

    def interrupted(*_: Any) -> None:
        monkeypatch.undo()
        shutil.rmtree(tmp_path / "values")
        raise KeyboardInterrupt

    monkeypatch.setattr(folder_module, "write_all", interrupted)
    with pytest.raises(KeyboardInterrupt):
        backend.write(key_of("b"), [b"x"], 1)


@pytest.mark.parametrize("top", ["entries", "records", "locks"])
def test_a_link_in_the_place_of_a_folder_of_values_is_not_followed(tmp_path: Path, top: str):
    store = Store(FileSystemBackend(tmp_path / "values"), secret="a long secret")
    ref = store.put({"secret": 1}, name="n")
    store.compute("key", lambda: 1)
    store.backend.sweeper.join()
    aside = tmp_path / "aside"
    (tmp_path / "values" / top).rename(aside)
    before = {path: path.stat().st_mtime for path in aside.rglob("*")}
    (tmp_path / "values" / top).symlink_to(aside)
    if top == "locks":
        with pytest.raises(StoreUnavailableError, match="values"):
            store.compute("another", lambda: 2)
    else:
        assert store.get(ref, default=MISSING) is MISSING
        with pytest.raises(StoreUnavailableError, match="values"):
            store.put({"secret": 2}, name="n")
        store.sweep()
        store.clear()
    assert {path: path.stat().st_mtime for path in aside.rglob("*")} == before


def test_what_is_written_to_a_mapped_value_stays_with_the_reader(tmp_path: Path):
    store = Store(FileSystemBackend(tmp_path))
    frame = pd.DataFrame({"a": np.arange(100_000.0)})
    ref = store.put(frame)
    before = store.backend.path(ref.key).read_bytes()
    first, second = store.get(ref), store.get(ref)
    assert isinstance(store.backend.read(ref.key), mmap.mmap)
    first["a"].array[:] = -1.0
    assert (first["a"] == -1.0).all()
    for other in (second, store.get(ref)):
        pd.testing.assert_frame_equal(other, frame, check_exact=True)
    assert store.backend.path(ref.key).read_bytes() == before


def test_more_live_values_than_file_descriptors(tmp_path: Path):
    import resource

    store = Store(FileSystemBackend(tmp_path))
    ref = store.put("x" * 300_000)  # large enough to be mapped
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    used = len(os.listdir("/proc/self/fd"))
    resource.setrlimit(resource.RLIMIT_NOFILE, (used + 100, hard))
    try:
        found = [store.backend.read(ref.key) for _ in range(300)]
        assert len(os.listdir("/proc/self/fd")) < used + 90
        assert all(bytes(buffer) == bytes(found[0]) for buffer in found)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_process_without_file_descriptors_gets_a_typed_error(tmp_path: Path):
    import resource

    store = Store(FileSystemBackend(tmp_path))
    store.put(1)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, hard))
    try:
        with pytest.raises(StoreUnavailableError, match="ulimit"):
            store.info()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


# --- threads ------------------------------------------------------------------------------------


def test_a_failed_computation_lets_the_next_one_try(tmp_path: Path):
    store = Store(FileSystemBackend(tmp_path))
    tries: list[int] = []

    def flaky() -> str:
        tries.append(1)
        if len(tries) == 1:
            raise ValueError("first")
        return "second"

    with pytest.raises(ValueError, match="first"):
        store.compute("key", flaky)
    assert store.compute("key", flaky) == "second"
    assert store.compute("key", flaky) == "second"
    assert len(tries) == 2


def test_a_result_isn_t_lost_with_the_folder_of_its_lock(tmp_path: Path):
    store = Store(FileSystemBackend(tmp_path))

    def unusable() -> str:
        shutil.rmtree(tmp_path / "locks")
        (tmp_path / "locks").touch()
        return "computed"

    assert store.compute("key", unusable) == "computed"


def test_threads_compute_once_and_each_gets_its_own_copy(tmp_path: Path):
    store = Store(FileSystemBackend(tmp_path))
    runs, answers = [], []
    gate = threading.Barrier(8)

    def ask() -> None:
        gate.wait()
        answers.append(store.compute("key", lambda: runs.append(1) or [1, 2]))

    crew = [threading.Thread(target=ask) for _ in range(8)]
    for thread in crew:
        thread.start()
    for thread in crew:
        thread.join()
    assert runs == [1]
    assert answers == [[1, 2]] * 8
    assert len({id(answer) for answer in answers}) == 8


def test_a_function_that_calls_itself_doesn_t_wait_for_itself(tmp_path: Path):
    store = Store(FileSystemBackend(tmp_path))
    assert store.compute("key", lambda: store.compute("key", lambda: 5)) == 5


def test_who_waits_too_long_computes_by_itself(tmp_path: Path):
    store = Store(FileSystemBackend(tmp_path))
    begun, go_on = threading.Event(), threading.Event()

    def slow() -> str:
        begun.set()
        go_on.wait(30)
        return "slow"

    leader = threading.Thread(target=store.compute, args=("key", slow))
    leader.start()
    begun.wait(30)
    assert store.compute("key", lambda: "impatient", lock_timeout=0.05) == "impatient"
    go_on.set()
    leader.join()


def test_forgetting_a_group_forgets_all_its_results(tmp_path: Path):
    store = Store(FileSystemBackend(tmp_path))
    numbers = iter(range(100))
    first = [store.compute(key, lambda: next(numbers), group="f") for key in "ab"]
    assert [store.compute(key, lambda: next(numbers), group="f") for key in "ab"] == first
    assert store.compute("a", lambda: next(numbers), group="g") not in first
    other = Store(FileSystemBackend(tmp_path), app="other")
    theirs = other.compute("a", lambda: next(numbers), group="f")
    Store(FileSystemBackend(tmp_path)).forget(group="f")  # in another worker
    assert not set(first) & {store.compute(key, lambda: next(numbers), group="f") for key in "ab"}
    assert other.compute("a", lambda: next(numbers), group="f") == theirs


def test_results_of_sessions_and_apps_are_kept_apart(tmp_path: Path):
    one, two = (Store(FileSystemBackend(tmp_path), app=app) for app in ("one", "two"))
    numbers = iter(range(100))
    found = [one.compute("k", lambda: next(numbers), scope=scope) for scope in (None, "a", "b", None, "a")]
    assert found == [0, 1, 2, 0, 1]
    assert two.compute("k", lambda: next(numbers)) == 3
    one.put([1], name="n")
    with pytest.raises(HandleExpired):
        two.named("n")


def test_a_disk_without_room_for_another_file_is_swept(tmp_path: Path, clock: Clock):
    with small_disk(tmp_path / "disk", "20m,nr_inodes=200") as disk:
        store = Store(FileSystemBackend(disk / "values"), clock=clock)

        def fill() -> None:
            for number in range(300):
                store.put(number)

        with pytest.raises(StoreFullError, match="one more file"):
            fill()
        assert store.compute("not remembered", lambda: 1) == 1
        clock.tick(100_000)
        for number in range(300, 320):
            assert store.get(store.put(number)) == number
        assert store.backend.sweep().entries >= 20


def test_a_value_is_stored_though_no_thread_can_be_started_to_sweep(
    tmp_path: Path, clock: Clock, monkeypatch
):
    store = Store(FileSystemBackend(tmp_path), clock=clock)
    store.put(1)
    clock.tick(10_000)

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        assert store.get(store.put(2)) == 2
    store.put(3)
    store.backend.sweeper.join()
    assert store.backend.ledger.read().swept == clock.now


def test_a_backend_that_is_let_go_of_keeps_no_file_open(tmp_path: Path):
    def open_files() -> int:
        return len(os.listdir("/dev/fd"))

    Store(FileSystemBackend(tmp_path)).put(0)
    gc.collect()
    before = open_files()
    for number in range(20):
        Store(FileSystemBackend(tmp_path)).put(number)
    gc.collect()
    assert open_files() < before + 5


def test_a_folder_moved_away_counts_no_more(tmp_path: Path):
    store = Store(FileSystemBackend(tmp_path / "values"))
    store.put("before")
    (tmp_path / "values").rename(tmp_path / "moved")
    moved = (tmp_path / "moved" / "ledger").read_bytes()
    store.put("after")
    store.backend.sweeper.join()
    assert (tmp_path / "moved" / "ledger").read_bytes() == moved
    assert store.backend.ledger.read().used == sum(entry.nbytes for entry in store.backend.entries()) > 0


@pytest.mark.parametrize("added", [2**63, 2**64 - 1])
def test_a_ledger_near_the_end_of_its_numbers_is_counted_anew(tmp_path: Path, added: int):
    store = Store(FileSystemBackend(tmp_path))
    store.put("before")
    store.backend.sweeper.join()
    (tmp_path / "ledger").write_bytes(struct.pack("<qQd", 100, added, store._clock()))
    store.put("after")
    store.backend.sweeper.join()
    assert store.backend.ledger.read().used == sum(entry.nbytes for entry in store.backend.entries())


# --- who looks at an entry once more -------------------------------------------------------------


def test_a_value_that_a_sweeper_has_aside_is_deleted(tmp_path: Path):
    store = Store(FileSystemBackend(tmp_path))
    refs = [store.put(number) for number in range(2)]
    for ref in refs:
        path = store.backend.path(ref.key)
        path.rename(f"{path}{TRASH}")
    assert store.delete(refs[0])
    assert store.get(refs[0], default="gone") == "gone"
    assert not store.delete(refs[0])
    store.clear()
    assert store.get(refs[1], default="gone") == "gone"


def put_back_before_unlinking(backend: FileSystemBackend, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Do what a sweep does that finds a file aside, as far as to give it its name again."""
    unlink, aside = backend.folder.unlink, key + TRASH

    def put_back_and_unlink(sub: str, name: str) -> bool:
        if name == aside:
            os.link(backend.path(aside), backend.path(key))
            monkeypatch.undo()
        return unlink(sub, name)

    monkeypatch.setattr(backend.folder, "unlink", put_back_and_unlink)


def test_a_value_that_a_sweep_puts_back_while_it_is_deleted_is_deleted(tmp_path: Path, monkeypatch):
    store = Store(FileSystemBackend(tmp_path))
    store.put("y" * 1000)
    others = store.backend.ledger.read().used
    ref = store.put("x" * 1000)
    path = store.backend.path(ref.key)
    path.rename(f"{path}{TRASH}")
    put_back_before_unlinking(store.backend, ref.key, monkeypatch)
    assert store.delete(ref)
    assert store.get(ref, default="gone") == "gone"
    assert not list(path.parent.glob(f"{path.name}*"))
    assert store.backend.ledger.read().used == others


def test_a_value_that_a_sweep_puts_back_while_it_is_dropped_counts_as_there(
    tmp_path: Path, monkeypatch, clock: Clock
):
    backend = FileSystemBackend(tmp_path).with_settings(Settings(ttl=1000, clock=clock))
    key = key_of("a")
    backend.write(key, [b"x" * 10], 10)
    clock.tick(2000)
    put_back_before_unlinking(backend, key, monkeypatch)
    assert not backend.sweeper.drop_entry(shard(key), key, expired=True)
    assert backend.path(key).exists()
    assert backend.sweep().dropped == 1


@pytest.mark.parametrize("remove", ["delete", "clear"])
def test_a_sweep_that_found_a_value_gone_counts_it_out_once(tmp_path: Path, monkeypatch, remove: str):
    store = Store(FileSystemBackend(tmp_path))
    ref = store.put("x" * 1000, scope="one")
    backend, unlink = store.backend, store.backend.folder.unlink
    backend.sweeper.join()
    kept = open_store(tmp_path)

    def unlink_and_sweep(sub: str, name: str) -> bool:
        gone = unlink(sub, name)
        if name == ref.key:
            kept.put("y" * 1000, scope="two")
            kept.backend.sweeper.join()
            assert kept.backend.sweep().entries == 1
        return gone

    monkeypatch.setattr(backend.folder, "unlink", unlink_and_sweep)
    if remove == "delete":
        assert store.delete(ref)
    else:
        store.clear()
    monkeypatch.undo()
    assert backend.ledger.read().used >= sum(entry.nbytes for entry in backend.entries())


# --- memoized results ----------------------------------------------------------------------------


@pytest.mark.parametrize("backend", [MemoryBackend, FileSystemBackend])
def test_a_result_forgotten_while_it_is_computed_is_computed_again(tmp_path: Path, backend: type):
    store = Store(backend(tmp_path) if backend is FileSystemBackend else backend())

    def compute_and_forget() -> str:
        store.forget("key")
        return "old"

    assert store.compute("key", compute_and_forget) == "old"
    assert store.compute("key", lambda: "new") == "new"
    assert store.compute("key", lambda: "newer") == "new"


def test_a_full_disk_without_hard_links_is_swept_for_a_record(tmp_path: Path, monkeypatch):
    store = Store(FileSystemBackend(tmp_path))
    store.put(1)
    store.backend.sweeper.join()
    write_all, failures = folder_module.write_all, [OSError(errno.ENOSPC, "No space left on device")]

    def no_links(*_: object, **__: object) -> None:
        raise PermissionError(errno.EPERM, "no hard links here")

    alone = store.backend.ledger.alone

    def alone_on_a_full_disk(add: Any) -> Any:
        full.set()
        return alone(add)

    def full_once(*arguments: Any) -> None:
        if failures and full.is_set():
            raise failures.pop()
        write_all(*arguments)

    full = threading.Event()
    monkeypatch.setattr(store.backend.ledger, "alone", alone_on_a_full_disk)

    monkeypatch.setattr(os, "link", no_links)
    monkeypatch.setattr(folder_module, "write_all", full_once)
    answers: list[object] = []

    def add() -> None:
        try:
            answers.append(store.backend.add_record("name", b"value"))
        except StoreError as error:
            answers.append(error)

    thread = threading.Thread(target=add, daemon=True)
    thread.start()
    thread.join(10)
    assert not thread.is_alive()
    assert not failures
    assert isinstance(answers[0], StoreFullError) or answers == [b"value"]


def test_a_result_is_forgotten_though_the_place_is_full(monkeypatch):
    store = Store(MemoryBackend())
    store.compute("key", lambda: "stale")

    def full(*_: object, **__: object) -> None:
        raise StoreFullError("full")

    with monkeypatch.context() as patched:
        patched.setattr(MemoryBackend, "set_record", full)
        store.forget("key")
    assert store.compute("key", lambda: "fresh") == "fresh"


def test_a_value_that_a_sweeper_takes_aside_while_all_are_cleared_is_cleared(tmp_path: Path, monkeypatch):
    store = Store(FileSystemBackend(tmp_path))
    refs = [store.put(number, scope="one") for number in range(5)]
    folder = store.backend.folder
    unlink, aside = folder.unlink, []

    def unlink_and_set_aside(sub: str, name: str) -> bool:
        if sub.startswith("entries") and not aside:
            other = next(ref.key for ref in refs if ref.key != name)
            aside.append(folder.rename(sub, other, other + TRASH))
        return unlink(sub, name)

    monkeypatch.setattr(folder, "unlink", unlink_and_set_aside)
    store.clear()
    assert aside == [True]
    assert [path for path in (tmp_path / "entries").rglob("*") if path.is_file()] == []

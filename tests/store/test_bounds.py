"""Size and time: what is kept, for how long, and what a write costs."""

from __future__ import annotations

import contextlib
import errno
import logging
import mmap
import os
import random
import shutil
import stat
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from enrich.errors import HandleExpired, StoreFullError
from enrich.store import MISSING, FileSystemBackend, MemoryBackend, Settings, Store, Swept
from enrich.store.backends import folder, memory
from enrich.store.backends.lockfile import lock_fd, try_lock_file
from enrich.store.backends.protocol import scope_of
from enrich.testing import key_of

from .conftest import Clock

Opener = Callable[..., FileSystemBackend | MemoryBackend]


@pytest.fixture(params=["files", "memory"])
def opened(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Opener:
    backend = FileSystemBackend(tmp_path / "values") if request.param == "files" else MemoryBackend()
    return lambda **settings: backend.with_settings(Settings(clock=clock, **settings))


@pytest.fixture
def files(tmp_path: Path, clock: Clock) -> Callable[..., FileSystemBackend]:
    return lambda **settings: FileSystemBackend(tmp_path / "values").with_settings(
        Settings(clock=clock, **settings)
    )


def fill(backend: FileSystemBackend | MemoryBackend, key: str, size: int) -> str:
    backend.write(key_of(key), [b"x" * size], size)
    return key_of(key)


def held(backend: FileSystemBackend) -> int:
    return sum(found.st_size for _sub, _entry, found in backend.folder.scan("entries"))


def names(backend: FileSystemBackend | MemoryBackend) -> set[str]:
    return {entry.key for entry in backend.entries()}


# --- time ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("ttl", "pause", "times"), [(1000, 900, 5), (50, 20, 9)])
def test_a_value_expires_a_ttl_after_its_last_use(
    opened: Opener, clock: Clock, ttl: int, pause: int, times: int
):
    backend = opened(ttl=ttl)
    key = fill(backend, "a", 10)
    for _ in range(times):
        clock.tick(pause)
        assert backend.read(key) is not MISSING
    clock.tick(ttl + 1)
    assert backend.read(key) is MISSING
    clock.tick(max(0, 120 - ttl))  # for two minutes it may be in use
    assert backend.sweep().dropped + (key not in names(backend)) >= 1
    assert names(backend) == set()


def test_unless_told_otherwise_a_value_lives_a_day_after_its_last_use(opened: Opener, clock: Clock):
    backend = opened()
    key = fill(backend, "a", 10)
    for _ in range(2):
        clock.tick(24 * 3600 - 1)
        assert backend.read(key) is not MISSING
    clock.tick(24 * 3600 + 1)
    assert backend.read(key) is MISSING


def test_writing_an_equal_value_renews_it(clock: Clock, tmp_path: Path):
    store = Store(FileSystemBackend(tmp_path), ttl=1000, clock=clock)
    ref = store.put([1, 2])
    clock.tick(900)
    assert not store.put([1, 2]).new
    clock.tick(900)
    assert store.get(ref) == [1, 2]


def test_reading_touches_the_file_at_most_once_a_minute(files, clock: Clock):
    backend = files()
    key = fill(backend, "a", 10)
    written = backend.path(key).stat().st_mtime
    clock.tick(59)
    backend.read(key)
    assert backend.path(key).stat().st_mtime == written
    clock.tick(2)
    backend.read(key)
    assert backend.path(key).stat().st_mtime == clock.now


def test_looking_does_not_renew(opened: Opener, clock: Clock):
    backend = opened(ttl=1000)
    key = fill(backend, "a", 10)
    clock.tick(900)
    assert backend.read(key, renew=False) is not MISSING
    clock.tick(200)
    assert backend.read(key) is MISSING


def test_a_clock_set_back_does_not_make_values_immortal(files, clock: Clock):
    backend = files(ttl=1000)
    key = fill(backend, "a", 10)
    clock.tick(-1_000_000)
    assert backend.read(key) is not MISSING
    fill(backend, "b", 10)
    clock.tick(-1_000_000)
    backend.sweep()
    assert len(names(backend)) == 2
    clock.tick(1001)
    assert backend.sweep().dropped == 2


def test_names_and_memoized_results_expire_with_their_values(clock: Clock, tmp_path: Path):
    store = Store(FileSystemBackend(tmp_path), ttl=1000, clock=clock)
    store.put([1], name="fixed")
    store.compute("key", lambda: 1)
    clock.tick(1001)
    with pytest.raises(HandleExpired, match="fixed"):
        store.named("fixed")
    assert store.compute("key", lambda: 2) == 2
    clock.tick(5000)
    store.sweep()
    assert not any(path.is_file() for path in (tmp_path / "records").rglob("*"))


def test_records_take_a_tenth_of_the_room_at_most_and_the_least_recently_used_go_first(
    opened: Opener, clock: Clock
):
    backend = opened(max_bytes=10 * 20 * 4096)
    backend.set_record("kept", b"x", kept=True)
    for number in range(300):
        backend.set_record(str(number), b"x" * 100)
        clock.tick(10)
        assert backend.get_record("0") is not MISSING
    backend.sweep()
    left = [number for number in range(300) if backend.get_record(str(number)) is not MISSING]
    assert left == [0, *range(301 - len(left), 300)]
    assert 20 <= len(left) <= 20 * 4096 // 600
    assert backend.get_record("kept", kept=True) == b"x"


def test_what_is_used_long_after_a_sweep_began_keeps_its_time(
    files: Callable[..., FileSystemBackend], clock: Clock
):
    backend = files()
    key = fill(backend, "a", 10)
    backend.sweeper.join()
    scan = backend.folder.scan_folder

    def slow(sub: str, **options: object):
        if not clock_moved:
            clock_moved.append(clock.tick(1000))
            backend.renew(key)
        return scan(sub, **options)

    clock_moved: list[None] = []
    backend.folder.scan_folder = slow
    backend.sweep()
    assert [entry.used for entry in backend.entries()] == [clock.now]
    clock.tick(100)
    assert backend.read(key) is not MISSING


def test_records_in_use_are_not_dropped(opened: Opener, clock: Clock):
    backend = opened(max_bytes=1000)
    for number in range(30):
        backend.set_record(str(number), b"x" * 100)
    clock.tick(100)
    backend.sweep()
    assert all(backend.get_record(str(number)) is not MISSING for number in range(30))


def test_memory_frees_records_that_expired_at_the_next_write(clock: Clock):
    backend = MemoryBackend().with_settings(Settings(clock=clock, ttl=1000))
    backend.set_record("a", b"x")
    clock.tick(1001)
    fill(backend, "b", 100)
    assert not backend._state.records


def test_records_alone_make_a_sweep_due(files, clock: Clock):
    backend = files(ttl=1000)
    backend.set_record("a", b"x")
    clock.tick(2000)
    backend.set_record("b", b"x")
    backend.sweeper.join()
    assert len(list(backend.folder.scan("records"))) == 1


def test_a_memoized_result_has_a_ttl_of_its_own(clock: Clock, tmp_path: Path):
    store = Store(FileSystemBackend(tmp_path), clock=clock)
    assert [store.compute("k", lambda i=i: i, ttl=30) for i in range(3) if clock.tick(20) is None] == [
        0,
        0,
        2,
    ]


# --- size ---------------------------------------------------------------------------------------


def test_the_least_recently_used_goes_first(opened: Opener, clock: Clock):
    backend = opened(max_bytes=1000)
    keys = []
    for name in "abcd":
        keys.append(fill(backend, name, 200))
        clock.tick(300)
    backend.read(keys[0])
    clock.tick(300)
    fill(backend, "e", 350)
    left = names(backend)
    assert keys[0] in left
    assert keys[1] not in left
    assert keys[3] in left


def test_nothing_used_within_the_last_minute_is_dropped(opened: Opener, clock: Clock):
    backend = opened(max_bytes=1000)
    keys = [fill(backend, name, 300) for name in "abc"]
    clock.tick(59)
    for key in keys:
        backend.read(key)  # in use, though this renews nothing yet
    clock.tick(59)
    with pytest.raises(StoreFullError, match="max_bytes"):
        fill(backend, "d", 300)
    assert names(backend) == set(keys)
    clock.tick(120)
    fill(backend, "d", 300)
    assert key_of("d") in names(backend)


def test_a_value_larger_than_the_store_is_refused_and_leaves_nothing(opened: Opener):
    backend = opened(max_bytes=1000)
    with pytest.raises(StoreFullError):
        fill(backend, "a", 1001)
    assert names(backend) == set()
    fill(backend, "b", 1000)


@pytest.mark.parametrize("damage", [b"", b"torn", b"\xff" * 24, b"\x7f" * 24, None])
def test_a_damaged_or_lost_count_is_made_anew(files, clock: Clock, damage: bytes | None):
    backend = files(max_bytes=1000)
    fill(backend, "a", 600)
    backend.sweeper.join()
    ledger = backend.folder.path / "ledger"
    if damage is None:
        ledger.unlink()
    else:
        ledger.write_bytes(damage)
    fill(backend, "b", 300)
    with pytest.raises(StoreFullError):
        fill(backend, "c", 300)
    assert backend.sweep().nbytes == backend.ledger.read().used == 900


def test_a_soak_stays_within_the_limit_and_live_values_survive(files, clock: Clock):
    limit = 300_000
    backend = files(max_bytes=limit, ttl=7200)
    live = [fill(backend, f"live {i}", 2000) for i in range(20)]
    rng = random.Random(7)
    for step in range(500):
        fill(backend, f"passing {step}", rng.randrange(100, 20_000))
        clock.tick(rng.randrange(60))
        if step % 3 == 0:
            for key in live:
                assert backend.read(key) is not MISSING
        assert held(backend) <= limit
    backend.sweeper.join()
    assert backend.evictions > 200
    assert backend.sweep().nbytes == held(backend) == backend.ledger.read().used


def test_a_sweep_in_the_background_keeps_room(files, clock: Clock):
    backend = files(max_bytes=10_000)
    for step in range(30):
        fill(backend, str(step), 400)
        clock.tick(130)
        backend.sweeper.join()
    assert backend.evictions > 0
    assert held(backend) <= 9_200


def test_one_worker_sweeps_at_a_time(files, clock: Clock):
    backend = files(ttl=100)
    fill(backend, "a", 10)
    backend.sweeper.join()
    clock.tick(1000)
    other = try_lock_file(backend.folder.path / "sweep.lock")
    assert other is not None
    assert backend.sweep().dropped == 0
    other.release()
    assert backend.sweep().dropped == 1


def test_a_sweep_counts_a_file_that_gets_its_name_while_the_folder_is_listed(files, monkeypatch):
    backend = files(max_bytes=1000)
    fill(backend, "a", 300)
    backend.sweeper.join()
    scan_folder = backend.folder.scan_folder

    def under_neither_name(sub: str, **options):
        listed = list(scan_folder(sub, **options))
        return listed if options else listed[1:]

    monkeypatch.setattr(backend.folder, "scan_folder", under_neither_name)
    assert backend.sweep().nbytes == backend.ledger.read().used == 300


def test_a_sweep_counts_each_file_once(files, clock: Clock):
    backend = files()
    key = fill(backend, "a", 300)
    fill(backend, "b", 200)
    backend.sweeper.join()
    backend.folder.rename(f"entries/{key[:2]}", key, key + ".trash")  # by a sweeper that was killed
    assert backend.sweep() == Swept(2, 500, 0, 0, clock.now)
    assert backend.read(key) is not MISSING


def test_a_value_renewed_between_a_sweeper_s_look_and_its_drop_stays(files, clock: Clock, monkeypatch):
    backend = files(ttl=1000)
    key = fill(backend, "a", 10)
    clock.tick(2000)
    rename = backend.folder.rename

    def renewed_meanwhile(sub: str, name: str, to: str) -> bool:
        if name == key:
            backend.folder.touch(sub, name, clock.now)
        return rename(sub, name, to)

    monkeypatch.setattr(backend.folder, "rename", renewed_meanwhile)
    assert backend.sweep().dropped == 0
    assert backend.read(key) is not MISSING


def test_a_record_replaced_between_a_sweeper_s_look_and_its_drop_stays(files, clock: Clock, monkeypatch):
    backend = files(ttl=1000)
    backend.set_record("name", b"old")
    clock.tick(2000)
    scan = backend.folder.scan

    def replaced_meanwhile(top: str):
        for found in scan(top):
            if top == "records":
                backend.set_record("name", b"new")
            yield found

    monkeypatch.setattr(backend.folder, "scan", replaced_meanwhile)
    backend.sweep()
    assert backend.get_record("name") == b"new"


def test_a_record_that_a_sweeper_has_set_aside_can_still_be_read_and_does_not_replace_a_later_one(files):
    backend = files()
    backend.set_record("name", b"old")
    (path,) = (path for path in (backend.folder.path / "records").rglob("*") if path.is_file())
    path.rename(path.with_name(f"{path.name}.trash"))
    assert backend.get_record("name") == b"old"
    backend.set_record("name", b"new")
    backend.sweep()
    assert backend.get_record("name") == b"new"
    assert [found.name for found in path.parent.iterdir()] == [path.name]


def test_what_was_set_aside_is_put_back_where_there_are_no_hard_links(files, monkeypatch):
    backend = files()
    key = fill(backend, "a", 10)
    backend.path(key).rename(backend.path(key + ".trash"))

    def no_links(*_: object, **__: object) -> None:
        raise PermissionError(errno.EPERM, "no hard links here")

    monkeypatch.setattr(os, "link", no_links)
    assert backend.sweep().entries == 1
    assert bytes(backend.read(key)) == b"x" * 10
    assert backend.path(key).exists()


def test_what_a_sweeper_puts_back_during_a_read_is_read(files, monkeypatch):
    backend = files()
    key = fill(backend, "a", 10)
    backend.path(key).rename(backend.path(key + ".trash"))
    open_file = backend.folder.open

    def put_back_after_the_first_look(sub: str, name: str):
        try:
            return open_file(sub, name)
        finally:
            backend.folder.put_back(sub, key + ".trash", key)

    monkeypatch.setattr(backend.folder, "open", put_back_after_the_first_look)
    assert bytes(backend.read(key)) == b"x" * 10


def test_a_value_that_a_sweeper_has_set_aside_can_still_be_read(files):
    backend = files()
    key = fill(backend, "a", 10)
    backend.path(key).rename(backend.path(key + ".trash"))
    assert bytes(backend.read(key)) == b"x" * 10
    assert backend.sweep().entries == 1
    assert backend.path(key).exists()


def test_a_dropped_value_stays_readable_for_who_has_it(files, clock: Clock):
    backend = files(ttl=1000)
    key = fill(backend, "a", 300_000)
    found = backend.read(key)
    assert isinstance(found, mmap.mmap)
    clock.tick(2000)
    backend.sweep()
    assert not backend.path(key).exists()
    assert bytes(found) == b"x" * 300_000


def test_unless_told_otherwise_a_folder_keeps_ten_gibibytes_or_a_tenth_of_its_disk(
    tmp_path: Path, monkeypatch
):
    for total, limit in ((50 << 30, 5 << 30), (1 << 50, 10 << 30), (0, 10 << 30)):
        monkeypatch.setattr(shutil, "disk_usage", lambda path, total=total: SimpleNamespace(total=total))
        assert FileSystemBackend(tmp_path / "values").limit == limit


def test_unless_told_otherwise_memory_keeps_a_gibibyte():
    assert MemoryBackend().limit == 1 << 30


def test_a_durable_write_flushes_the_file_and_its_folder(files, monkeypatch):
    flushed: list[int] = []
    fsync = os.fsync

    def counted(fd: int) -> None:
        flushed.append(stat.S_IFMT(os.fstat(fd).st_mode))
        fsync(fd)

    monkeypatch.setattr(os, "fsync", counted)
    fill(files(), "a", 10)
    assert flushed == []
    fill(files(durable=True), "b", 10)
    assert flushed[0] == stat.S_IFREG
    assert stat.S_IFDIR in flushed


def test_a_sweep_that_is_due_does_not_keep_the_writer_waiting(files, clock: Clock, monkeypatch):
    backend = files()
    fill(backend, "a", 10)
    backend.sweeper.join()
    swept_by: list[str] = []
    monkeypatch.setattr(
        backend.sweeper, "sweep", lambda **_: swept_by.append(threading.current_thread().name)
    )
    clock.tick(1000)
    fill(backend, "b", 10)
    backend.sweeper.join()
    assert swept_by == ["enrich-store-sweep"]


def test_what_a_sweep_drops_is_logged(files, clock: Clock, caplog):
    backend = files(ttl=100)
    fill(backend, "a", 10)
    backend.sweeper.join()
    clock.tick(1000)
    with caplog.at_level(logging.INFO, "enrich.store"):
        backend.sweep()
    assert "dropped 1 entries (10 bytes)" in caplog.text


def test_a_memory_of_many_entries_does_not_slow_a_write(clock: Clock, monkeypatch):
    backend = MemoryBackend().with_settings(Settings(clock=clock, session_quota=100_000))
    for number in range(1000):
        backend.write(key_of(str(number), "one"), [b"x" * 10], 10)
    looked_at: list[str] = []
    monkeypatch.setattr(memory, "scope_of", lambda key: looked_at.append(key) or scope_of(key))
    backend.write(key_of("another", "one"), [b"x" * 10], 10)
    assert len(looked_at) <= 2


def test_temporary_files_of_dead_writers_are_swept_and_those_of_living_ones_are_not(files):
    backend = files()
    fill(backend, "a", 10)
    sub = backend.path(key_of("a")).parent
    dead, living = sub / ".tmp-dead", sub / ".tmp-living"
    dead.write_bytes(b"half")
    fd = os.open(living, os.O_CREAT | os.O_RDWR)
    assert lock_fd(fd, wait=False)
    backend.sweep()
    assert not dead.exists()
    assert living.exists()
    os.close(fd)
    backend.sweep()
    assert not living.exists()


def test_a_write_whose_temporary_file_a_sweeper_took_before_it_was_locked_is_counted_once(
    files, clock: Clock, monkeypatch
):
    backend = files(max_bytes=1000)
    fill(backend, "a", 600)
    backend.sweeper.join()
    clock.tick(200)

    def taken_before(fd: int, *, wait: float) -> bool:
        monkeypatch.undo()
        backend.sweep()
        return lock_fd(fd, wait=wait)

    monkeypatch.setattr(folder, "lock_fd", taken_before)
    fill(backend, "b", 600)
    backend.sweeper.join()
    assert backend.ledger.read().used == held(backend) == 600


def test_100_000_entries_do_not_slow_a_write(clock: Clock, monkeypatch):
    shm = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=shm if shm.is_dir() else None) as folder:
        backend = FileSystemBackend(folder).with_settings(Settings(clock=clock))
        for first in range(256):
            sub = Path(folder) / "entries" / f"{first:02x}"
            sub.mkdir(parents=True)
            for number in range(391):
                fd = os.open(sub / f"{first:02x}{number:030x}", os.O_CREAT | os.O_WRONLY)
                os.utime(fd, (clock.now, clock.now))
                os.close(fd)
        assert backend.sweep().entries == 256 * 391
        looked: list[str] = []
        scandir = os.scandir
        monkeypatch.setattr(os, "scandir", lambda path: looked.append(str(path)) or scandir(path))
        for number in range(200):
            fill(backend, f"new {number}", 100)
            backend.read(key_of(f"new {number}"))
            backend.renew(key_of(f"new {number}"), 100)
        assert looked == []


def test_a_full_store_doesn_t_stop_a_memoized_call(opened: Opener):
    store = Store(opened(), max_bytes=100)
    calls: list[int] = []
    for _ in range(2):
        assert store.compute("key", lambda: calls.append(1) or "x" * 1000) == "x" * 1000
    assert calls == [1, 1]


def test_memory_frees_what_expired_at_the_next_write(clock: Clock):
    backend = MemoryBackend().with_settings(Settings(clock=clock, ttl=1000))
    for name in "abc":
        fill(backend, name, 100)
    clock.tick(1001)
    fill(backend, "d", 100)
    assert names(backend) == {key_of("d")}


# --- quota --------------------------------------------------------------------------------------


def test_a_session_has_a_quota(opened: Opener, clock: Clock):
    backend = opened(session_quota=1000)
    for name in "abc":
        backend.write(key_of(name, "one"), [b"x" * 300], 300)
    with pytest.raises(StoreFullError, match="quota"):
        backend.write(key_of("d", "one"), [b"x" * 300], 300)
    backend.write(key_of("d", "two"), [b"x" * 300], 300)
    backend.write(key_of("shared"), [b"x" * 5000], 5000)
    clock.tick(121)
    backend.write(key_of("d", "one"), [b"x" * 300], 300)
    left = names(backend)
    assert key_of("d", "one") in left
    assert sum(key_of(name, "one") in left for name in "abc") == 2
    assert key_of("d", "two") in left


# --- a clock that is set back ---------------------------------------------------------------------


def test_what_was_used_before_the_clock_was_set_back_is_not_in_use_until_then(opened: Opener, clock: Clock):
    backend = opened(max_bytes=10_000, ttl=86_400)
    for name in "abcdefgh":
        fill(backend, name, 1200)
    clock.tick(-7200)
    with contextlib.suppress(StoreFullError):
        fill(backend, "i", 1200)
    if isinstance(backend, FileSystemBackend):
        backend.sweeper.join()
    clock.tick(121)
    fill(backend, "j", 1200)
    assert key_of("j") in names(backend)


def test_a_session_s_values_count_no_longer_than_others_after_the_clock_was_set_back(
    opened: Opener, clock: Clock
):
    backend = opened(session_quota=1000, ttl=86_400)
    for name in "abc":
        backend.write(key_of(name, "one"), [b"x" * 300], 300)
    clock.tick(-7200)
    with pytest.raises(StoreFullError, match="quota"):
        backend.write(key_of("d", "one"), [b"x" * 300], 300)
    clock.tick(121)
    backend.write(key_of("d", "one"), [b"x" * 300], 300)


def test_what_is_too_old_to_be_read_is_not_renewed(opened: Opener, clock: Clock):
    backend = opened(ttl=1000)
    fill(backend, "a", 100)
    clock.tick(1001)
    assert not backend.renew(key_of("a"), 100)
    assert backend.read(key_of("a")) is MISSING

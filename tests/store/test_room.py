"""Room for a write: made only if there is enough of what may go."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from enrich.errors import StoreFullError
from enrich.store import MISSING, FileSystemBackend, MemoryBackend, Settings
from enrich.store.backends import files as files_module
from enrich.store.backends.lockfile import lock_fd, try_lock_file
from enrich.testing import key_of

from .conftest import Clock
from .quotas import ONE, TWO, Place, fill, has_room, names

Opener = Callable[..., Any]


@pytest.fixture(params=["files", "memory"])
def opened(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Opener:
    backend = FileSystemBackend(tmp_path / "values") if request.param == "files" else MemoryBackend()
    return lambda **settings: backend.with_settings(Settings(clock=clock, **settings))


@pytest.fixture
def files(tmp_path: Path, clock: Clock) -> Opener:
    return lambda **settings: FileSystemBackend(tmp_path / "values").with_settings(
        Settings(clock=clock, **settings)
    )


# --- a quota ------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [601, 1001])
def test_a_value_that_can_t_fit_in_its_quota_drops_nothing(place: Place, size: int):
    backend = place.opened()
    kept = {fill(backend, "own", 200, scope="one"), fill(backend, "shared", 200, ONE)}
    place.tick(200)
    kept |= {fill(backend, "new", 400, ONE)}
    for again in (backend, place.opened()):
        with pytest.raises(StoreFullError, match="quota"):
            fill(again, "large", size, ONE)
        with pytest.raises(StoreFullError, match="quota"):
            fill(again, "large", size, scope="one")
    assert names(backend) == kept
    fill(backend, "large", 600, ONE)
    assert names(backend) == {key_of("new"), key_of("large")}


def test_a_value_that_can_t_be_replaced_stays(place: Place):
    backend = place.opened()
    key = fill(backend, "shared", 300, ONE)
    fill(backend, "mine", 900, TWO)
    with pytest.raises(StoreFullError):
        fill(backend, "shared", 350, TWO)
    assert len(backend.read(key)) == 300


def test_what_is_too_old_takes_no_room_in_a_quota(place: Place):
    backend = place.opened(ttl=10)
    fill(backend, "a", 900, ONE)
    fill(backend, "own", 100, scope="one")
    place.tick(30)
    fill(backend, "b", 900, ONE)
    assert backend.read(key_of("b")) is not MISSING


# --- max_bytes ----------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [601, 1001])
def test_a_value_that_can_t_fit_drops_nothing_but_what_is_too_old(opened: Opener, clock: Clock, size: int):
    backend = opened(max_bytes=1000, ttl=1000)
    fill(backend, "expired", 100)
    clock.tick(900)
    old = fill(backend, "old", 400)
    backend.sweep()  # none is under way while the time is moved
    clock.tick(200)
    new = fill(backend, "new", 400)
    with pytest.raises(StoreFullError, match="max_bytes"):
        fill(backend, "large", size)
    assert names(backend) - {key_of("expired")} == {old, new}
    fill(backend, "large", 600)
    assert names(backend) == {new, key_of("large")}


def test_a_sweep_for_a_write_that_can_t_fit_drops_what_is_too_old(files: Opener, clock: Clock):
    backend = files(max_bytes=1000, ttl=1000)
    fill(backend, "expired", 300)
    clock.tick(900)
    fill(backend, "old", 400)
    backend.sweeper.join()
    clock.tick(101)
    with pytest.raises(StoreFullError):
        fill(backend, "large", 700)
    assert names(backend) == {key_of("old")}


def test_a_folder_that_is_all_in_use_isn_t_looked_through_for_each_value_it_refuses(
    files: Opener, clock: Clock, monkeypatch: pytest.MonkeyPatch
):
    backend = files(max_bytes=1000)
    fill(backend, "old", 400)
    backend.sweeper.join()
    clock.tick(100)
    deleted = fill(backend, "new", 500)
    backend.sweeper.join()
    looks = []
    look = backend.sweeper._look
    monkeypatch.setattr(backend.sweeper, "_look", lambda now: looks.append(now) or look(now))
    for _attempt in range(3):
        with pytest.raises(StoreFullError):
            fill(backend, "large", 300)
    assert len(looks) <= 1
    # What others delete makes room all the same, and so does what falls out of use.
    files(max_bytes=1000).delete(deleted)
    fill(backend, "large", 300)
    with pytest.raises(StoreFullError):
        fill(backend, "larger", 600)
    clock.tick(30)
    fill(backend, "larger", 600)
    assert names(backend) == {key_of("large"), key_of("larger")}


def test_what_a_full_folder_lost_unnoticed_is_counted_out_soon(files: Opener, clock: Clock):
    backend, other = files(max_bytes=1000), files(max_bytes=1000)
    fill(backend, "old", 400)
    lost = fill(other, "lost", 600)
    with pytest.raises(StoreFullError):
        fill(backend, "new", 300)
    backend.path(lost).unlink()
    clock.tick(2)
    with pytest.raises(StoreFullError):
        fill(backend, "new", 300)
    backend.sweeper.join()
    fill(backend, "new", 300)


@pytest.mark.parametrize("back", [60, 3600])
def test_a_clock_set_back_lets_a_full_folder_be_looked_through(files: Opener, clock: Clock, back: float):
    backend = files(max_bytes=1000)
    fill(backend, "old", 900)
    with pytest.raises(StoreFullError):
        fill(backend, "new", 300)
    backend.sweeper.join()
    clock.tick(-back)
    with pytest.raises(StoreFullError):
        fill(backend, "new", 300)
    backend.sweeper.join()
    clock.tick(300)
    fill(backend, "new", 300)


def test_a_sweep_makes_no_room_for_a_file_that_is_being_written(files: Opener, clock: Clock):
    backend = files(max_bytes=1000)
    kept = {fill(backend, name, 400) for name in "ab"}
    clock.tick(200)
    backend.sweeper.join()
    being_written = backend.path(key_of("a")).with_name(".tmp-large")
    with being_written.open("wb") as file:
        file.truncate(900)
        assert lock_fd(file.fileno(), wait=False)
        assert backend.sweep().nbytes == 1700
    assert names(backend) == kept


@pytest.mark.parametrize(
    ("quota", "owner", "size", "refused_by"),
    [(900, TWO, 901, "quota"), (1200, ONE, 1001, "max_bytes")],
    ids=["quota, others' values", "store, values of its quota"],
)
def test_a_value_that_can_never_fit_drops_nothing(
    opened: Opener, clock: Clock, quota: int, owner: str, size: int, refused_by: str
):
    backend = opened(max_bytes=1000, session_quota=quota)
    old = fill(backend, "old", 600, owner)
    clock.tick(200)
    with pytest.raises(StoreFullError, match=refused_by):
        fill(backend, "large", size, ONE)
    assert names(backend) == {old}


def test_a_value_that_fits_in_its_quota_but_not_in_memory_drops_nothing(clock: Clock):
    backend = MemoryBackend(max_bytes=1000).with_settings(Settings(clock=clock, session_quota=800))
    old = fill(backend, "old", 400, ONE)
    clock.tick(200)
    of_two = fill(backend, "of two", 600, TWO)
    with pytest.raises(StoreFullError, match="max_bytes"):
        fill(backend, "new", 500, ONE)
    assert names(backend) == {old, of_two}
    fill(backend, "new", 400, ONE)
    assert names(backend) == {of_two, key_of("new")}


def test_what_goes_for_the_quota_makes_room_in_the_store_too(clock: Clock):
    backend = MemoryBackend(max_bytes=1000).with_settings(Settings(clock=clock, session_quota=800))
    of_two = fill(backend, "of two", 500, TWO)
    fill(backend, "old", 400, ONE)
    clock.tick(200)
    fill(backend, "new", 500, ONE)
    assert names(backend) == {of_two, key_of("new")}


def test_a_value_takes_the_room_of_the_torn_one_that_it_replaces():
    backend = MemoryBackend(max_bytes=1000).with_settings(Settings())
    fill(backend, "a", 900)
    key = fill(backend, "a", 950)
    assert len(backend.read(key)) == 950


def test_what_expires_within_two_minutes_makes_room(opened: Opener, clock: Clock):
    backend = opened(max_bytes=1000, ttl=10)
    fill(backend, "a", 900)
    clock.tick(30)
    fill(backend, "b", 900)
    assert names(backend) == {key_of("b")}


def test_a_sweep_drops_what_expired_within_two_minutes(opened: Opener, clock: Clock):
    backend = opened(ttl=10)
    fill(backend, "a", 900)
    clock.tick(11)
    assert backend.sweep().dropped == 1


# --- the disk -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("available", "dropped"), [(300, 0), (500, 2)])
def test_a_full_disk_drops_only_what_makes_enough_room(
    files: Opener, clock: Clock, monkeypatch, available: int, dropped: int
):
    backend = files(max_bytes=100_000)
    for name in "ab":
        fill(backend, name, 300)
    clock.tick(200)
    fill(backend, "in use", 300)
    write, disk = backend.folder.write, SimpleNamespace(free=available)
    monkeypatch.setattr(files_module.shutil, "disk_usage", lambda path: disk)

    def full(sub: str, name: str, buffers: Any, nbytes: int, **options: Any) -> bool:
        if len(names(backend)) == 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(sub, name, buffers, nbytes, **options)

    monkeypatch.setattr(backend.folder, "write", full)
    if dropped:
        fill(backend, "large", 1000)
    else:
        with pytest.raises(StoreFullError, match="disk"):
            fill(backend, "large", 1000)
    assert len(names(backend) - {key_of("large")}) == 3 - dropped


@pytest.mark.parametrize(("reason", "size"), [(errno.EFBIG, 200), (errno.EDQUOT, 301)])
def test_nothing_is_dropped_where_that_may_not_help(
    files: Opener, clock: Clock, monkeypatch, reason: int, size: int
):
    backend = files(max_bytes=100_000)
    key = fill(backend, "a", 300)
    clock.tick(200)

    def refused(*_: Any, **__: Any) -> bool:
        raise OSError(reason, "refused")

    monkeypatch.setattr(backend.folder, "write", refused)
    with pytest.raises(StoreFullError, match="disk"):
        fill(backend, "large", size)
    assert names(backend) == {key}


# --- who waits ----------------------------------------------------------------------------------


def test_nobody_who_needs_room_waits_until_it_is_swept_who_pays(files: Opener, clock: Clock, monkeypatch):
    backend = files(max_bytes=1000, session_quota=1000)
    fill(backend, "a", 900, ONE)
    backend.sweeper.join()
    free: list[bool] = []

    def swept(_is_dead: object) -> None:
        lock = try_lock_file(backend.folder.path / "sweep.lock")
        free.append(lock is not None)
        if lock is not None:
            lock.release()

    monkeypatch.setattr(backend.sweeper.charges, "sweep", swept)
    backend.sweep()
    assert free == [True]
    clock.tick(200)
    monkeypatch.setattr(backend.sweeper, "begin_if_due", lambda: None)
    fill(backend, "b", 900, TWO)
    assert names(backend) == {key_of("b")}
    assert free == [True]


def test_a_folder_is_opened_once_for_all_that_it_holds_of_a_session(files: Opener, monkeypatch):
    backend = files(session_quota=10_000)
    for number in range(30):
        backend.write(f"ab{number:030}", [b"x"], 1, payer=ONE)
    opened_folders: list[str] = []
    real = backend.folder._open
    monkeypatch.setattr(backend.folder, "_open", lambda sub: opened_folders.append(sub) or real(sub))
    assert len(list(backend.sweeper.charges.of(ONE, but=()))) == 30
    assert len(opened_folders) == 3
    backend.sweeper.charges.sweep(lambda sub, name: False)
    assert len(opened_folders) < 15
    assert not has_room(backend, "one", 9971)
    assert has_room(backend, "one", 9970)

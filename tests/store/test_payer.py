"""Who pays for a value that all share: the session that is the first to store it."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from enrich.errors import StoreFullError
from enrich.store import MISSING, FileSystemBackend, MemoryBackend, RedisBackend, Settings, Store
from enrich.store import store as store_module
from enrich.store.backends.lockfile import lock_fd
from enrich.store.backends.protocol import Backend, scope_of
from enrich.store.backends.redis_quota import RedisQuota
from enrich.testing import key_of

from .conftest import Clock
from .quotas import ONE, TWO, Place, fill, has_room, names
from .servers import Server
from .test_faults import run

DAY = 86_400
SHARED = "counts for the session that is the first to store it"


@pytest.fixture
def files(tmp_path: Path, clock: Clock) -> Callable[..., FileSystemBackend]:
    return lambda session_quota=1000, **settings: FileSystemBackend(tmp_path / "values").with_settings(
        Settings(session_quota=session_quota, clock=clock, **settings)
    )


# --- who pays -----------------------------------------------------------------------------------


def test_the_first_to_store_a_shared_value_pays_and_the_second_does_not(place: Place):
    size = place.store().put("a" * 100).nbytes
    store = place.store(session_quota=2 * size)
    for letter in "bc":
        assert store.put(letter * 100, payer="one").new
        assert not store.put(letter * 100, payer="two").new
    with pytest.raises(StoreFullError, match=SHARED):
        store.put("d" * 100, payer="one")
    with pytest.raises(StoreFullError, match="store less"):
        store.put("d" * 100, scope="one")
    for letter in "de":
        store.put(letter * 100, payer="two")
    with pytest.raises(StoreFullError):
        store.put("f" * 100, payer="two")


def test_nobody_pays_where_no_payer_is_known(place: Place):
    backend = place.opened()
    fill(backend, "shared", 5000)
    store = place.store(session_quota=10_000)
    for letter in "ab":
        store.put(letter * 9000)
    assert has_room(backend, "one", 1000)


def test_a_session_pays_for_a_value_of_its_own_whoever_else_is_named(place: Place):
    size = place.store().put("a" * 100).nbytes
    store = place.store(session_quota=size)
    store.put("b" * 100, scope="one", payer="two")
    store.put("c" * 100, scope="two")
    with pytest.raises(StoreFullError):
        store.put("d" * 100, scope="one")


def test_a_value_dropped_and_stored_again_is_paid_by_who_stores_it_then(place: Place):
    backend = place.opened()
    key = fill(backend, "a", 800, ONE)
    assert not has_room(backend, "one", 300)
    assert backend.delete(key)
    fill(backend, "a", 800, TWO)
    assert has_room(backend, "one", 1000)
    assert not has_room(backend, "two", 300)
    assert has_room(backend, "two", 200)


@pytest.mark.parametrize("quota", [1000, None])
def test_a_value_dropped_and_stored_again_by_nobody_costs_nobody(place: Place, quota: int | None):
    backend = place.opened()
    key = fill(backend, "a", 800, ONE)
    assert not has_room(backend, "one", 300)
    assert backend.delete(key)
    fill(place.opened(session_quota=quota), "a", 800)
    assert has_room(backend, "one", 1000)


def test_a_torn_value_replaced_by_nobody_costs_nobody(place: Place):
    backend = place.opened()
    fill(backend, "a", 800, ONE)
    fill(backend, "a", 900)
    place.tick(11)
    assert has_room(backend, "one", 1000)


def test_who_replaces_a_value_that_he_pays_for_pays_once(place: Place):
    backend = place.opened()
    fill(backend, "a", 900, ONE)
    fill(place.opened(), "a", 950, ONE)
    assert has_room(place.opened(), "one", 50)
    assert not has_room(place.opened(), "one", 51)


def test_clear_ends_all_charges(place: Place):
    backend = place.opened()
    fill(backend, "a", 800, ONE)
    backend.clear()
    place.tick(11)
    assert has_room(backend, "one", 1000)
    fill(place.opened(session_quota=None), "a", 800)
    assert has_room(backend, "one", 1000)


def test_a_value_too_old_costs_nobody(place: Place):
    backend = place.opened()
    fill(backend, "a", 800, ONE)
    place.tick(DAY + 1)
    backend.sweep()
    fill(place.opened(session_quota=None), "a", 800)
    assert has_room(backend, "one", 1000)


# --- a full quota -------------------------------------------------------------------------------


def test_the_least_recently_used_of_a_session_s_own_and_shared_values_goes_first(place: Place):
    backend = place.opened()
    shared = fill(backend, "shared", 300, ONE)
    place.tick(200)
    own = fill(backend, "own", 300, scope="one")
    place.tick(200)
    later = fill(backend, "later", 300, ONE)
    of_two = fill(backend, "of two", 300, TWO)
    place.tick(200)
    fill(backend, "new", 300, ONE)
    assert names(backend) == {own, later, of_two, key_of("new")}
    place.tick(200)
    newest = fill(backend, "newest", 300, scope="one")
    assert names(backend) == {later, of_two, key_of("new"), newest}
    assert backend.read(shared) is MISSING
    assert backend.read(own) is MISSING


def test_a_value_dropped_for_another_costs_nobody_when_nobody_stores_it_again(place: Place):
    backend = place.opened()
    fill(backend, "a", 800, ONE)
    place.tick(200)
    other = fill(backend, "other", 900, ONE)
    backend.delete(other)
    fill(place.opened(session_quota=None), "a", 800)
    assert has_room(place.opened(), "one", 1000)


def test_what_was_used_within_the_last_minutes_stays(place: Place):
    backend = place.opened()
    keys = {fill(backend, name, 300, ONE) for name in "abc"}
    place.tick(110)
    with pytest.raises(StoreFullError, match=SHARED):
        fill(backend, "d", 300, ONE)
    with pytest.raises(StoreFullError, match="quota"):
        fill(backend, "d", 300, scope="one")
    assert names(backend) == keys
    fill(backend, "d", 300, TWO)


@pytest.mark.parametrize("use", ["read", "renew"])
def test_a_value_that_others_use_stays_and_is_paid_for_as_long(place: Place, use: str):
    backend = place.opened()
    used = fill(backend, "used", 600, ONE)
    for _ in range(3):
        place.tick(DAY * 0.6)
        assert getattr(place.opened(), use)(used)
    fill(backend, "unused", 300, ONE)
    place.tick(200)
    assert getattr(place.opened(), use)(used)
    fill(backend, "new", 300, ONE)
    assert names(backend) == {used, key_of("new")}


def test_a_session_s_own_value_that_is_used_on_counts_as_long(place: Place):
    backend = place.opened()
    own = fill(backend, "own", 600, scope="one")
    for _ in range(3):
        place.tick(DAY * 0.6)
        assert backend.read(own)
    assert has_room(backend, "one", 400)
    assert not has_room(backend, "one", 401)


# --- what the store does with it ----------------------------------------------------------------


def test_a_named_value_counts_for_who_stores_it(place: Place):
    size = place.store().put("a" * 100).nbytes
    store = place.store(session_quota=size)
    store.put("b" * 100, name="n", payer="one")
    with pytest.raises(StoreFullError, match=SHARED):
        store.put("c" * 100, name="n", payer="one")
    assert store.get(store.named("n")) == "b" * 100
    store.put("d" * 100, name="n", payer="two", scope="one")
    assert store.get(store.named("n")) == "d" * 100
    with pytest.raises(StoreFullError):
        store.put("e" * 100, scope="two")


def test_a_memoized_result_counts_for_who_computes_it(place: Place, caplog):
    size = place.store().put("a" * 100).nbytes
    store = place.store(session_quota=size)
    assert store.compute("b", lambda: "b" * 100, payer="one") == "b" * 100
    assert store.compute("b", lambda: "never", payer="two") == "b" * 100
    store.put("c" * 100, scope="two")
    with caplog.at_level(logging.WARNING, "enrich.store"):
        assert store.compute("d", lambda: "d" * 100, payer="one") == "d" * 100
    assert "a memoized result isn't kept" in caplog.text
    assert SHARED in caplog.text
    assert store.compute("d", lambda: "anew", payer="one") == "anew"


def test_without_a_quota_nothing_is_noted(tmp_path: Path, monkeypatch):
    def never(*_: object) -> str:
        raise AssertionError("a digest of the payer")

    monkeypatch.setattr(store_module, "scope_tag", never)
    calls: list[str] = []
    for name in ("open", "close", "unlink", "replace", "stat", "scandir", "mkdir", "utime"):
        monkeypatch.setattr(os, name, counted(name, getattr(os, name), calls))
    made: list[list[str]] = []
    for payer in (None, "one"):
        store = Store(FileSystemBackend(tmp_path / str(payer)), secret="the right secret")
        store.put("before")
        store.backend.sweeper.join()
        calls.clear()
        for number in range(5):
            store.put(f"{number}" * 100, payer=payer)
            store.put("named", name=f"{number}", payer=payer)
            store.compute(f"{number}", lambda: 1, payer=payer)
        made.append(list(calls))
    assert made[0] == made[1]
    assert {path.name for path in (tmp_path / "one").iterdir() if path.is_dir()} == {
        "entries",
        "locks",
        "records",
    }


def counted(name: str, function: Callable[..., Any], calls: list[str]) -> Callable[..., Any]:
    return lambda *arguments, **options: calls.append(name) or function(*arguments, **options)


def test_a_backend_without_the_parameter_goes_on_working():
    class Written(MemoryBackend):
        def write(self, key: str, buffers: Any, nbytes: int, /) -> None:
            super().write(key, buffers, nbytes)

    store = Store(Written(), session_quota=10_000)
    assert store.get(store.put("value", payer="one")) == "value"
    assert store.get(store.put("named", name="n", payer="one")) == "named"
    assert store.compute("k", lambda: 1, payer="one") == 1


@pytest.mark.parametrize("takes", [{"payer": ""}, None])
def test_a_backend_is_told_only_of_who_pays_for_what_is_shared(takes: dict[str, str] | None):
    told: list[dict[str, Any]] = []

    class Open(MemoryBackend):
        def write(self, key: str, buffers: Any, nbytes: int, /, **said: Any) -> None:
            told.append(said)
            super().write(key, buffers, nbytes, **said)

    class Named(Open):
        def write(self, key: str, buffers: Any, nbytes: int, /, *, payer: str = "nobody") -> None:
            super().write(key, buffers, nbytes, **({} if payer == "nobody" else {"payer": payer}))

    kind = Open if takes is None else Named
    for quota in (None, 10_000):
        store = Store(kind(), session_quota=quota)
        store.put("shared", payer="one")
        store.put("own", scope="one", payer="two")
        store.put("nobody's")
    assert [len(said) for said in told] == [0, 0, 0, 1, 0, 0]
    assert told[3]["payer"] == scope_of(store.put("own", scope="one").key)


# --- files --------------------------------------------------------------------------------------


def noted(folder: Path) -> set[str]:
    """The names of the files that say who pays."""
    return {
        path.name for top in ("payers", "charges") for path in (folder / top).rglob("*") if path.is_file()
    }


def test_the_files_that_say_who_pays_are_no_values(files, tmp_path: Path):
    backend = files()
    key = fill(backend, "a", 300, ONE)
    assert noted(tmp_path / "values") == {key, ONE + key}
    assert names(backend) == {key}
    assert backend.sweep().entries == 1
    assert backend.sweep().nbytes == backend.ledger.read().used == 300
    for top in ("payers", "charges"):
        for path in (tmp_path / "values" / top).rglob("*"):
            assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600)


def test_the_files_that_say_who_pays_have_a_group_s_modes(tmp_path: Path, clock: Clock):
    folder = tmp_path / "group"
    folder.mkdir()
    folder.chmod(0o770)
    backend = FileSystemBackend(folder).with_settings(Settings(session_quota=1000, clock=clock))
    fill(backend, "a", 300, ONE)
    for top in ("payers", "charges"):
        for path in (folder / top).rglob("*"):
            assert path.stat().st_mode & 0o777 == (0o770 if path.is_dir() else 0o660)


def test_a_sweep_forgets_who_paid_for_what_is_gone(files, tmp_path: Path, clock: Clock):
    backend = files(ttl=1000)
    gone, kept = fill(backend, "gone", 100, ONE), fill(backend, "kept", 100, ONE)
    of_nobody = fill(backend, "of nobody", 100, TWO)
    folder = backend.folder.path
    backend.path(gone).unlink()
    fill(backend, "of nobody", 100)
    dead = folder / "charges" / ONE[:2] / ".tmp-dead"
    dead.write_bytes(b"")
    living = folder / "payers" / kept[:2] / ".tmp-living"
    fd = os.open(living, os.O_CREAT | os.O_RDWR)
    assert lock_fd(fd, wait=False)
    backend.sweep()
    os.close(fd)
    assert not dead.exists()
    assert noted(folder) == {kept, ONE + kept, living.name}
    clock.tick(2000)
    backend.sweep()
    assert noted(folder) == set()
    assert of_nobody not in names(backend)


def test_clear_leaves_no_file_that_says_who_pays(files):
    backend = files()
    fill(backend, "a", 100, ONE)
    backend.clear()
    assert noted(backend.folder.path) == set()


def test_a_count_looks_at_nobody_else_s_charges(files, monkeypatch):
    backend = files()
    mine = fill(backend, "mine", 100, ONE)
    for number in range(50):
        fill(backend, str(number), 10, TWO)
    looked: list[str] = []
    look = backend.folder.look
    monkeypatch.setattr(
        backend.folder, "look", lambda sub, name, at: looked.append(name) or look(sub, name, at)
    )
    with pytest.raises(StoreFullError):
        fill(backend, "b", 950, ONE)
    assert looked == [mine]


@pytest.mark.parametrize("top", ["payers", "charges"])
def test_a_link_in_the_place_of_the_files_is_not_followed(files, tmp_path: Path, top: str, caplog):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    backend = files()
    (backend.folder.path / top).symlink_to(elsewhere)
    key = fill(backend, "a", 800, ONE)
    assert "nobody pays" in caplog.text
    assert backend.read(key) is not MISSING
    assert has_room(files(), "one", 900)
    backend.delete(key)
    assert list(elsewhere.iterdir()) == []


def test_a_planted_payer_is_not_read_through_a_link(files, tmp_path: Path):
    backend = files()
    key = fill(backend, "a", 800, ONE)
    payer = backend.folder.path / "payers" / key[:2] / key
    payer.unlink()
    (tmp_path / "elsewhere").write_text(ONE)
    payer.symlink_to(tmp_path / "elsewhere")
    assert has_room(files(), "one", 900)


def test_a_link_in_the_place_of_a_value_costs_nobody(files, tmp_path: Path):
    backend = files()
    path = backend.path(fill(backend, "a", 800, ONE))
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    assert has_room(files(), "one", 1000)


def test_a_writer_killed_before_it_is_noted_who_pays_costs_nobody(files, monkeypatch):
    backend = files()
    write = backend.folder.write

    def killed(sub: str, *arguments: Any, **options: Any) -> bool:
        if sub.startswith("charges"):
            raise KeyboardInterrupt
        return write(sub, *arguments, **options)

    monkeypatch.setattr(backend.folder, "write", killed)
    with pytest.raises(KeyboardInterrupt):
        fill(backend, "a", 800, ONE)
    assert backend.read(key_of("a")) is not MISSING
    assert has_room(files(), "one", 1000)
    backend.sweep()
    assert backend.read(key_of("a")) is not MISSING


def test_a_value_is_stored_where_it_can_t_be_noted_who_pays(files, monkeypatch, caplog):
    backend = files()
    write = backend.folder.write

    def full(sub: str, *arguments: Any, **options: Any) -> bool:
        if sub.startswith("payers"):
            raise OSError(28, "No space left on device")
        return write(sub, *arguments, **options)

    monkeypatch.setattr(backend.folder, "write", full)
    key = fill(backend, "a", 800, ONE)
    assert backend.read(key) is not MISSING
    assert "nobody pays" in caplog.text


def test_a_quota_counts_the_shared_values_that_other_threads_are_writing(files):
    backend = files(session_quota=2500)
    one, two = key_of("one"), key_of("two")
    with backend.quota.admitted(one, 1000, ONE), backend.quota.admitted(two, 1000, ONE):
        with pytest.raises(StoreFullError, match="2,000"):
            fill(backend, "three", 1000, ONE)
        fill(backend, "three", 400, ONE)
        fill(backend, "three", 1000, TWO)


def test_two_threads_of_a_session_that_write_the_same_at_once_are_counted_once(files):
    backend = files(session_quota=2500)
    with backend.quota.admitted(key_of("a"), 1000, ONE):
        fill(backend, "a", 1000, ONE)
    fill(backend, "b", 1400, ONE)


def test_a_write_that_failed_beside_another_of_the_same_is_counted(files):
    backend = files()
    fails = backend.quota.admitted(key_of("a"), 800, ONE)
    fails.__enter__()
    succeeds = backend.quota.admitted(key_of("a"), 800, ONE)
    succeeds.__enter__()
    assert not fails.__exit__(OSError, OSError("failed"), None)
    files(session_quota=None).write(key_of("a"), [b"x" * 800], 800)
    succeeds.__exit__(None, None, None)
    with pytest.raises(StoreFullError):
        fill(backend, "b", 300, ONE)


def test_of_two_sessions_that_write_the_same_at_once_one_pays(place: Place):
    backends = [place.opened(), place.opened()]
    for round_ in range(10):
        start = threading.Barrier(2)

        def write(
            backend: Backend, payer: str, start: threading.Barrier = start, round_: int = round_
        ) -> None:
            start.wait()
            fill(backend, f"round {round_}", 90, payer)

        crew = [threading.Thread(target=write, args=each) for each in zip(backends, (ONE, TWO), strict=True)]
        for thread in crew:
            thread.start()
        for thread in crew:
            thread.join()
    # Fresh counts: of 900 bytes each was paid for once.
    rooms = [room(place.opened(), session) for session in ("one", "two")]
    assert 2000 - sum(rooms) == 900


def room(backend: Backend, session: str) -> int:
    return max(size for size in range(10, 1001, 10) if has_room(backend, session, size))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_of_many_processes_that_write_the_same_at_once_one_pays_for_each(tmp_path: Path):
    assert run("payers", tmp_path, 4) == {"fine": True, "paid": [1] * 20}


# --- Redis --------------------------------------------------------------------------------------


@pytest.mark.server
def test_a_list_that_redis_has_evicted_is_made_anew_as_its_values_are_used(redis_url: str, redis_client: Any):
    backend = RedisBackend(redis_url, local=False).with_settings(Settings(session_quota=1000))
    own, shared = fill(backend, "own", 300, scope="one"), fill(backend, "shared", 300, ONE)
    redis_client.delete(f"enrich:c:{ONE}")
    fill(backend, "new", 100, ONE)
    backend.read(own)
    backend.renew(shared)
    assert not has_room(backend, "one", 301)
    assert has_room(backend, "one", 300)


@pytest.mark.server
@pytest.mark.parametrize("evicted", ["e", "p"])
def test_what_redis_has_evicted_costs_nobody(redis_url: str, redis_client: Any, evicted: str):
    backend = RedisBackend(redis_url, local=False).with_settings(Settings(session_quota=1000))
    key = fill(backend, "a", 800, ONE)
    redis_client.delete(f"enrich:{evicted}:{key}")
    assert has_room(backend, "one", 1000)
    redis_client.zincrby(f"enrich:c:{ONE}", -200, key)  # what is listed just now may be stored at once
    assert has_room(
        RedisBackend(redis_url, local=False).with_settings(Settings(session_quota=1000)), "one", 1000
    )
    assert redis_client.zrange(f"enrich:c:{ONE}", 0, -1) == [key_of("probe", "one").encode()]
    redis_client.flushall()
    assert has_room(backend, "one", 1000)


@pytest.mark.server
def test_clear_leaves_nothing_in_redis_that_says_who_pays(redis_url: str, redis_client: Any):
    backend = RedisBackend(redis_url, local=False).with_settings(Settings(session_quota=1000))
    fill(backend, "a", 300, ONE)
    fill(backend, "own", 300, scope="two")
    backend.clear()
    assert list(redis_client.scan_iter()) == []


@pytest.mark.server
def test_a_full_redis_can_be_read_with_a_quota(redis_server: Server, redis_url: str, redis_client: Any):
    backend = RedisBackend(redis_url, local=False).with_settings(Settings(session_quota=1000))
    own, shared = fill(backend, "own", 300, scope="one"), fill(backend, "shared", 300, ONE)
    redis_client.config_set("maxmemory", 1)
    try:
        assert backend.read(own) is not MISSING
        assert backend.read(shared) is not MISSING
        assert backend.renew(shared)
    finally:
        redis_client.config_set("maxmemory", 0)


@pytest.mark.server
def test_without_a_quota_redis_is_asked_nothing_more(redis_url: str, redis_client: Any, monkeypatch):
    def never(*_: object) -> None:
        raise AssertionError("asked who pays")

    for name in ("admitted", "charge", "renew", "release"):
        monkeypatch.setattr(RedisQuota, name, never)
    store = Store(RedisBackend(redis_url, local=False))
    ref = store.put("x", payer="one")
    store.get(ref)
    store.delete(ref)
    assert not any(key.startswith((b"enrich:c:", b"enrich:p:")) for key in redis_client.scan_iter())

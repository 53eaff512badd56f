"""Who pays for a value that all share: the session that is the first to store it."""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import threading
from collections.abc import Callable, Iterator
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
from .quotas import ONE, TWO, Place, fill, has_room, let_pass, names
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


def test_a_value_that_nobody_pays_for_counts_for_who_stores_it_next(place: Place):
    size = place.store().put("a" * 100).nbytes
    store = place.store(session_quota=size)
    assert store.put("b" * 100).new
    assert not store.put("b" * 100, payer="one").new
    assert not store.put("b" * 100, payer="two").new
    with pytest.raises(StoreFullError, match=SHARED):
        store.put("c" * 100, payer="one")
    store.put("c" * 100, payer="two")


def test_a_value_that_nobody_pays_for_and_that_does_not_fit_can_be_stored_again(place: Place):
    size = place.store().put("a" * 100).nbytes
    store = place.store(session_quota=2 * size)
    large = place.store(session_quota=None).put("l" * 1000)
    store.put("b" * 100, payer="one")
    place.tick(200)
    assert not store.put("l" * 1000, payer="one").new
    assert not store.put("a" * 100, payer="one").new
    place.tick(200)
    assert store.put("c" * 100, payer="one").new
    assert store.get(large) == "l" * 1000


def test_threads_of_a_session_share_its_quota(place: Place):
    backend = place.opened(session_quota=100_000)
    for scope, payer in (("one", ""), ("", TWO)):
        start, stored = threading.Barrier(6), []

        def write(
            number: int,
            scope: str = scope,
            payer: str = payer,
            start: threading.Barrier = start,
            stored: list[str] = stored,
        ) -> None:
            start.wait()
            with contextlib.suppress(StoreFullError):
                stored.append(fill(backend, f"{number}", 90_000, payer, scope=scope))

        crew = [threading.Thread(target=write, args=(number,)) for number in range(6)]
        for thread in crew:
            thread.start()
        for thread in crew:
            thread.join()
        assert len(stored) == 1


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


def test_who_pays_is_noted_though_a_sweeper_takes_the_temporary_file(files, monkeypatch):
    backend = files()
    write, taken = backend.folder.write, []

    def once_taken(sub: str, *arguments: Any, **options: Any) -> bool:
        if not sub.startswith("entries") and sub not in taken:
            taken.append(sub)
            raise FileNotFoundError
        return write(sub, *arguments, **options)

    monkeypatch.setattr(backend.folder, "write", once_taken)
    fill(backend, "a", 800, ONE)
    assert len(taken) == 2
    assert not has_room(files(), "one", 300)


def paid(backend: FileSystemBackend, *payers: str) -> list[set[str]]:
    return [{key for key, _found in backend.sweeper.charges.of(payer, but=())} for payer in payers]


@pytest.mark.parametrize("how", ["drop", "delete"])
@pytest.mark.parametrize("step", ["rename", "unlink"])
@pytest.mark.parametrize("after", [False, True])
def test_a_value_stored_again_while_it_is_dropped_is_paid_for_or_gone(
    files, clock: Clock, monkeypatch, how: str, step: str, after: bool
):
    for nth in range(4):
        dropping, other = files(session_quota=10_000), files(session_quota=10_000)
        key = fill(dropping, f"a {nth}", 900, ONE)
        clock.tick(200)
        real, seen = getattr(dropping.folder, step), []

        def again(*arguments: str, real=real, seen=seen, other=other, nth=nth) -> bool:
            seen.append(arguments)
            if len(seen) != nth + 1:
                return real(*arguments)
            done = real(*arguments) if after else None
            fill(other, f"a {nth}", 900, TWO)
            return real(*arguments) if done is None else done

        monkeypatch.setattr(dropping.folder, step, again)
        if how == "drop":
            dropping.sweeper.drop_entry(f"entries/{key[:2]}", key)
        else:
            dropping.delete(key)
        there = {key} & names(other)
        assert [each & {key} for each in paid(other, ONE, TWO)] == [set(), there] or len(seen) <= nth


@pytest.mark.parametrize("after", [False, True])
def test_a_value_stored_again_while_it_is_swept_who_paid_is_paid_for(
    files, clock: Clock, monkeypatch, after: bool
):
    for nth in range(5):
        sweeping, other = files(), files()
        key = fill(sweeping, f"a {nth}", 90, ONE)
        sweeping.path(key).unlink()
        rename, seen = sweeping.folder.rename, []

        def again(*arguments: str, rename=rename, seen=seen, other=other, nth=nth) -> bool:
            seen.append(arguments)
            if after:
                rename(*arguments)
            if len(seen) == nth + 1:
                fill(other, f"a {nth}", 90, ONE)
            return after or rename(*arguments)

        monkeypatch.setattr(sweeping.folder, "rename", again)
        sweeping.sweep()
        assert {key} & names(other) <= paid(other, ONE)[0]
        assert [name for name in noted(other.folder.path) if "." in name] == []


def test_files_that_were_set_aside_by_a_killed_sweeper_are_put_back(files):
    backend = files()
    key = fill(backend, "a", 800, ONE)
    for path in list((backend.folder.path / "payers").rglob(key)):
        path.rename(path.with_name(f"{key}.trash"))
    for path in list((backend.folder.path / "charges").rglob(ONE + key)):
        path.rename(path.with_name(f"{ONE}{key}.trash"))
    backend.sweep()
    assert noted(backend.folder.path) == {key, ONE + key}
    assert not has_room(files(), "one", 300)


def test_a_payer_that_is_looked_at_once_more_still_pays(files):
    backend = files()
    key = fill(backend, "a", 800, ONE)
    backend.folder.rename(f"payers/{key[:2]}", key, f"{key}.trash")
    assert not has_room(files(), "one", 300)


@pytest.mark.parametrize(("scope", "payer"), [("one", ""), ("", ONE)])
def test_a_value_set_aside_counts_and_makes_room(files, clock: Clock, scope: str, payer: str):
    backend = files()
    key = fill(backend, "a", 800, payer, scope=scope)
    backend.folder.rename(f"entries/{key[:2]}", key, f"{key}.trash")
    assert not has_room(files(), "one", 300)
    clock.tick(200)
    assert has_room(files(), "one", 300)
    assert backend.read(key) is MISSING


def test_a_value_paid_for_but_not_listed_counts_for_who_stores_it_next(files, tmp_path: Path):
    backend = files()
    store = Store(FileSystemBackend(tmp_path / "values"), session_quota=10_000, clock=backend.sweeper.clock)
    ref = store.put("a" * 100, payer="one")
    for path in (tmp_path / "values" / "charges").rglob(f"*{ref.key}"):
        path.unlink()
    store.put("a" * 100, payer="two")
    assert [name for name in noted(tmp_path / "values") if len(name) > 32] != []


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


def test_what_is_stored_during_a_clear_is_paid_for(files, monkeypatch):
    backend, other = files(session_quota=10**6), files(session_quota=10**6)
    scan, stored = backend.folder.scan, []

    def storing(top: str) -> Iterator[Any]:
        for found in scan(top):
            yield found
            stored.append(fill(other, f"during {len(stored)}", 10, ONE))

    for number in range(10):
        fill(backend, str(number), 10, ONE)
    monkeypatch.setattr(backend.folder, "scan", storing)
    backend.clear()
    assert len(stored) >= 10
    assert names(other) == paid(other, ONE)[0]


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
    store = Store(RedisBackend(redis_url, local=False), session_quota=1000)
    store.put("nobody's")
    redis_client.config_set("maxmemory", 1)
    try:
        assert backend.read(own) is not MISSING
        assert backend.read(shared) is not MISSING
        assert backend.renew(shared)
        assert not store.put("nobody's", payer="one").new
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


def redis_backend(url: str, clock: Callable[[], float], ttl: float = DAY, session_quota: int = 1000) -> Any:
    settings = Settings(session_quota=session_quota, clock=clock, ttl=ttl)
    return RedisBackend(url, local=False).with_settings(settings)


@pytest.mark.server
def test_what_is_stored_while_redis_is_cleared_is_paid_for(redis_url: str, clock: Clock, monkeypatch):
    backend, other = (redis_backend(redis_url, clock, session_quota=10**6) for _ in range(2))
    scan, stored = backend._scan, []

    def storing(pattern: str) -> Iterator[list[bytes]]:
        for batch in scan(pattern):
            stored.append(fill(other, f"before {pattern}", 10, ONE))
            yield batch
            stored.append(fill(other, f"after {pattern}", 10, ONE))

    fill(backend, "a", 10, ONE)
    monkeypatch.setattr(backend, "_scan", storing)
    backend.clear()
    assert len(stored) >= 6
    there = names(other)
    assert {kept.key for kept in other._quota._count(other._client, ONE, ())} == there != set()


@pytest.mark.server
def test_a_value_that_redis_can_t_note_who_pays_for_is_not_stored(redis_url: str, clock: Clock, monkeypatch):
    backend = redis_backend(redis_url, clock)
    refuse = "return redis.error_reply('OOM command not allowed when used memory > maxmemory')"
    monkeypatch.setattr(backend._quota, "_add_charge", lambda pipe, *_: pipe.eval(refuse, 0))
    for payer, scope in ((ONE, ""), ("", "one")):
        with pytest.raises(StoreFullError, match="maxmemory"):
            fill(backend, "a", 10, payer, scope=scope)
    assert names(backend) == set()


@pytest.mark.server
def test_a_value_cleared_between_its_charge_and_its_write_is_paid_for(
    redis_url: str, clock: Clock, monkeypatch
):
    backend, other = (redis_backend(redis_url, clock) for _ in range(2))
    charge = backend._quota._charge
    monkeypatch.setattr(backend._quota, "_charge", lambda *each: (charge(*each), other.clear()))
    fill(backend, "a", 800, ONE)
    assert not has_room(other, "one", 300)


@pytest.mark.server
@pytest.mark.parametrize("scope", ["", "one"])
def test_redis_looks_at_a_value_s_use_again_before_it_is_dropped(
    place_of_redis: Place, monkeypatch, scope: str
):
    backend, other = place_of_redis.opened(), place_of_redis.opened()
    key = fill(backend, "a", 900, "" if scope else ONE, scope=scope)
    place_of_redis.tick(200)
    drop = backend._quota._drop
    monkeypatch.setattr(backend._quota, "_drop", lambda *each: (other.read(key), drop(*each))[1])
    with pytest.raises(StoreFullError, match="900"):
        fill(backend, "b", 900, ONE)
    assert other.read(key) is not MISSING
    assert not has_room(other, "one", 300)


@pytest.fixture
def place_of_redis(redis_url: str, redis_client: Any, clock: Clock) -> Place:
    return Place(
        RedisBackend(redis_url, local=False), functools.partial(let_pass, redis_client, clock), clock
    )


@pytest.mark.server
def test_what_a_clock_that_was_fast_listed_is_dropped_when_the_server_says_it_may(
    place_of_redis: Place, clock: Clock
):
    clock.tick(7200)
    fill(place_of_redis.opened(), "a", 900, ONE)
    clock.tick(-7200)
    with pytest.raises(StoreFullError):
        fill(place_of_redis.opened(), "b", 900, ONE)
    place_of_redis.tick(200)
    backend = place_of_redis.opened()
    new = fill(backend, "b", 900, ONE)
    assert names(backend) == {new}


@pytest.mark.server
def test_a_use_that_is_not_listed_yet_keeps_a_value(place_of_redis: Place, redis_client: Any):
    backend = place_of_redis.opened()
    key = fill(backend, "a", 900, ONE)
    place_of_redis.tick(200)
    redis_client.expire(f"enrich:e:{key}", DAY)
    with pytest.raises(StoreFullError):
        fill(backend, "b", 900, ONE)
    assert names(backend) == {key}


@pytest.mark.server
@pytest.mark.parametrize(("before", "after"), [(DAY, 3600), (3600, DAY)])
def test_a_ttl_that_changes_leaves_uses_as_they_were(place_of_redis: Place, before: int, after: int):
    unused = fill(place_of_redis.opened(ttl=before), "unused", 500, ONE)
    place_of_redis.tick(300)
    used = fill(place_of_redis.opened(ttl=before), "used", 400, ONE)
    backend = place_of_redis.opened(ttl=after)
    with pytest.raises(StoreFullError):
        fill(backend, "large", 700, ONE)
    fill(backend, "new", 600, ONE)
    assert names(backend) == {used, key_of("new")}
    assert backend.read(unused) is MISSING


@pytest.mark.server
def test_redis_is_asked_for_all_that_a_session_holds_every_ten_seconds(
    redis_url: str, clock: Clock, monkeypatch
):
    backend = redis_backend(redis_url, clock, session_quota=10**6)
    looked: list[int] = []
    look = backend._quota._look
    monkeypatch.setattr(
        backend._quota,
        "_look",
        lambda client, payer, keys: looked.append(len(keys)) or look(client, payer, keys),
    )
    for number in range(10):
        fill(backend, str(number), 10, ONE)
    assert looked == []
    clock.tick(11)
    fill(backend, "new", 10, ONE)
    assert looked == [10]


@pytest.mark.server
def test_a_list_of_a_session_s_bytes_ends_with_its_values(redis_url: str, redis_client: Any, clock: Clock):
    backend = redis_backend(redis_url, clock, ttl=1000)
    key = fill(backend, "a", 10, ONE)
    own = fill(backend, "own", 10, scope="two")
    for payer, use in ((ONE, key), (TWO, own)):
        assert 900 < redis_client.ttl(f"enrich:c:{payer}") <= 1000
        redis_client.expire(f"enrich:c:{payer}", 10)
        backend.read(use)
        assert 900 < redis_client.ttl(f"enrich:c:{payer}") <= 1000
    redis_client.expire(f"enrich:p:{key}", 10)
    backend.read(key)
    assert 900 < redis_client.ttl(f"enrich:p:{key}") <= 1000


@pytest.mark.server
@pytest.mark.parametrize("kind", ["bytes", "long", "list", "set"])
def test_what_others_wrote_in_the_place_of_who_pays_counts_as_not_there(
    redis_url: str, redis_client: Any, clock: Clock, kind: str
):
    store = Store(RedisBackend(redis_url, local=False), session_quota=10_000, clock=clock)
    shared, own = store.put("shared", payer="one"), store.put("own", scope="one")
    lists = list(redis_client.scan_iter("enrich:c:*"))
    assert len(lists) == 1
    payer = f"enrich:p:{shared.key}"
    redis_client.delete(payer, *lists)
    if kind == "list":
        redis_client.rpush(payer, b"x")
        redis_client.rpush(lists[0], b"x")
    elif kind == "set":
        redis_client.sadd(payer, b"x")
        redis_client.zadd(lists[0], {b"\xff\xfe": 3, b"zz": 5, b"x" * 1000: 0})
    else:
        text = b"\xff\xfe" * 6 if kind == "bytes" else b"x" * 100_000
        redis_client.set(payer, text)
        redis_client.set(lists[0], text)
    assert store.get(shared) == "shared"
    assert store.get(own) == "own"
    assert not store.put("shared", payer="one").new
    assert store.put("another", payer="one").new
    assert store.put("mine", scope="one").new
    assert redis_client.type(payer) == b"string"
    fresh = RedisBackend(redis_url, local=False).with_settings(Settings(session_quota=10_000, clock=clock))
    counted = {kept.key for kept in fresh._quota._count(redis_client, lists[0].decode()[-12:], ())}
    assert counted == names(fresh)


@pytest.mark.server
def test_a_value_that_is_listed_before_it_is_written_stays_listed(redis_url: str, clock: Clock):
    quota, client = redis_backend(redis_url, clock)._quota, redis_backend(redis_url, clock)._client
    quota._charge(client, key_of("a"), ONE)
    assert list(quota._count(client, ONE, ())) == []
    assert client.zscore(f"enrich:c:{ONE}", key_of("a")) == clock.now

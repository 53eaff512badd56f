"""Caches behind `FlaskCachingBackend`: what they mix up, lose, refuse, and do after a fork."""

from __future__ import annotations

import errno
import os
import shutil
import socket
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cachelib import BaseCache, FileSystemCache, MemcachedCache, RedisCache, SimpleCache
from flask import Flask
from flask_caching import Cache

from enrich.errors import HandleExpired, StoreConfigError, StoreFullError, StoreNotSharedError
from enrich.store import MISSING, FlaskCachingBackend, Settings, Store
from enrich.store.backends import lockfile
from enrich.testing import key_of

from .conftest import Clock
from .servers import Server, find_program, free_port, running

SECRET = "the right secret"


class Mixed(SimpleCache):
    """A cache that may answer with what belongs to another key, as a connection that two processes share does."""

    mixed = False

    def get(self, key: str) -> object:
        others = [other for other in self._cache if other != key and other.startswith(key[:9])]
        return super().get(others[0] if self.mixed else key)


def test_a_record_that_a_cache_gives_for_another_counts_as_missing(monkeypatch: pytest.MonkeyPatch):
    store = Store(FlaskCachingBackend(Mixed()), secret=SECRET)
    for name in ("one", "two"):
        store.put(name, name=name)
    monkeypatch.setattr(Mixed, "mixed", True)
    with pytest.raises(HandleExpired):
        store.named("one")
    monkeypatch.undo()
    assert store.get(store.named("one")) == "one"


def test_an_entry_that_a_cache_gives_for_another_counts_as_missing(monkeypatch: pytest.MonkeyPatch):
    backend = FlaskCachingBackend(Mixed()).with_settings(Settings())
    for name in ("one", "two"):
        backend.write(key_of(name), [name.encode()], 3)
    monkeypatch.setattr(Mixed, "mixed", True)
    assert backend.read(key_of("one"), renew=False) is MISSING
    assert not backend.renew(key_of("one"), 3)


@pytest.mark.parametrize("length", range(0, 47, 5))
def test_a_record_that_a_cache_cuts_short_counts_as_missing(length: int):
    cache = SimpleCache()
    backend = FlaskCachingBackend(cache).with_settings(Settings())
    backend.set_record("n", b"a value")
    (place,) = cache._cache
    expires, kept = cache._cache[place]
    cut = backend._client.connected().serializer.loads(kept)[:length]
    cache._cache[place] = (expires, cut)
    assert backend.get_record("n") is MISSING


@pytest.mark.server
def test_a_cache_that_doesn_t_say_what_it_keeps_is_refused(memcached: Server):
    pytest.importorskip("pylibmc")
    config = {
        "CACHE_TYPE": "SpreadSASLMemcachedCache",
        "CACHE_MEMCACHED_SERVERS": [f"127.0.0.1:{memcached.port}"],
    }
    cache = Cache(Flask("app"), config=config)
    with pytest.raises(StoreConfigError, match="SASLMemcachedCache"):
        FlaskCachingBackend(cache)
    plain = {**config, "CACHE_TYPE": "SASLMemcachedCache"}
    plain |= {"CACHE_MEMCACHED_USERNAME": None, "CACHE_MEMCACHED_PASSWORD": None}
    store = Store(FlaskCachingBackend(Cache(Flask("app"), config=plain)), secret=SECRET)
    assert store.get(store.put("value")) == "value"


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="there are no modes here")
def test_a_secret_that_others_can_read_signs_no_pickles(tmp_path: Path):
    folder = tmp_path / "cache"
    backend = FlaskCachingBackend(FileSystemCache(str(folder), mode=0o644))
    folder.chmod(0o755)
    with pytest.raises(StoreConfigError, match="allow_pickle=True"):
        Store(backend, allow_pickle=True)
    folder.chmod(0o700)
    assert Store(backend, allow_pickle=True).backend.private
    assert FlaskCachingBackend(FileSystemCache(str(folder))).private


# --- uses ---------------------------------------------------------------------------------------


class OfAnotherKind(BaseCache):
    """A cache of a kind that the store doesn't know, with nothing but the methods of all."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[str, Any] = {}

    def get(self, key: str) -> Any:
        return self.kept.get(key)

    def set(self, key: str, value: Any, timeout: Any = None) -> bool:
        self.kept[key] = value
        return True

    def add(self, key: str, value: Any, timeout: Any = None) -> bool:
        return self.kept.setdefault(key, value) is value

    def delete(self, key: str) -> bool:
        return self.kept.pop(key, None) is not None


@pytest.fixture(
    params=[
        "memory",
        "files",
        "of another kind",
        pytest.param("redis", marks=pytest.mark.server),
        pytest.param("memcached", marks=pytest.mark.server),
    ]
)
def cache(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    if request.param == "memory":
        return SimpleCache()
    if request.param == "files":
        return FileSystemCache(str(tmp_path / "cache"))
    if request.param == "of another kind":
        return OfAnotherKind()
    if request.param == "redis":
        request.getfixturevalue("redis_url")
        return RedisCache(port=request.getfixturevalue("redis_server").port, key_prefix="mine.")
    pylibmc = pytest.importorskip("pylibmc")
    servers = [f"127.0.0.1:{request.getfixturevalue('memcached').port}"]
    pylibmc.Client(servers).flush_all()
    return MemcachedCache(servers)


class Meanwhile(Clock):
    """A clock that lets some work be done when it is looked at."""

    work: Callable[[], object] | None = None

    def __call__(self) -> float:
        work, self.work = self.work, None
        if work is not None:
            work()
        return self.now


@pytest.mark.parametrize(
    "write", [lambda other: other.set_record("n", b"new"), None], ids=["replaced", "dropped"]
)
def test_reading_an_aged_record_doesn_t_undo_what_another_did_meanwhile(cache: Any, write: Any):
    clock = Meanwhile(time.time())
    reader = FlaskCachingBackend(cache).with_settings(Settings(ttl=1000, clock=clock))
    other = FlaskCachingBackend(cache).with_settings(Settings(ttl=1000))
    reader.set_record("n", b"old")
    clock.tick(600)
    clock.work = lambda: write(other) if write else other.delete_record("n")
    assert reader.get_record("n") == b"old"
    assert clock.work is None
    assert other.get_record("n") == (b"new" if write else MISSING)


@pytest.mark.server
def test_a_record_and_a_value_in_redis_live_on_when_they_are_read(redis_client: Any):
    cache = RedisCache(redis_client, key_prefix="mine.")
    clock = Clock(time.time())
    backend = FlaskCachingBackend(cache).with_settings(Settings(ttl=1000, clock=clock))
    backend.set_record("n", b"value")
    backend.write(key_of("a"), [b"value"], 5)
    places = redis_client.keys("mine.*")
    for place in places:
        redis_client.expire(place, 100)
    clock.tick(600)
    backend.get_record("n")
    backend.read(key_of("a"))
    assert [1400 < redis_client.ttl(place) <= 1500 for place in places] == [True, True]


@pytest.mark.server
def test_a_record_in_memcached_lives_on_when_it_is_read(memcached: Server):
    pytest.importorskip("pylibmc")
    cache = MemcachedCache([f"127.0.0.1:{memcached.port}"], key_prefix="mine.")
    clock = Clock(time.time())
    backend = FlaskCachingBackend(cache).with_settings(Settings(ttl=1000, clock=clock))
    backend.set_record("n", b"value")

    def seconds_left() -> int:
        with socket.create_connection(("127.0.0.1", memcached.port), 5) as connection:
            connection.sendall(b"mg mine.enrich.r.n t\r\n")
            answer = connection.recv(100)
        return int(answer.split()[1][1:])

    with backend._client.connected()._client_context() as client:
        client.touch("mine.enrich.r.n", 100)
    assert seconds_left() < 200
    clock.tick(600)
    assert backend.get_record("n") == b"value"
    assert seconds_left() > 1400


# --- a full cache -------------------------------------------------------------------------------


def small(kind: str, folder: Path) -> BaseCache:
    return SimpleCache(threshold=20) if kind == "memory" else FileSystemCache(str(folder), threshold=20)


@pytest.mark.parametrize("kind", ["memory", "files"])
def test_a_full_cache_drops_values_before_the_secret_and_what_was_forgotten(kind: str, tmp_path: Path):
    cache = small(kind, tmp_path / "cache")
    store = Store(FlaskCachingBackend(cache))
    for number in range(10):
        store.put(f"early {number}")
    store.compute("k", lambda: "old", group="g")
    store.forget(group="g")
    for number in range(18):
        store.put(f"late {number}")
    assert store.compute("k", lambda: "new", group="g") == "new"
    for number in range(30):
        store.put(f"later {number}")
    ref = store.put("last")
    other = Store(FlaskCachingBackend(cache))
    assert other.get(other.open(store.sign(ref))) == "last"


@pytest.mark.server
def test_a_result_is_returned_when_redis_is_full(redis_client: Any):
    store = Store(FlaskCachingBackend(RedisCache(redis_client)), secret=SECRET)
    redis_client.config_set("maxmemory", 1)
    try:
        with pytest.raises(StoreFullError, match="it is full"):
            store.put("value")
        assert store.compute("k", lambda: "result") == "result"
    finally:
        redis_client.config_set("maxmemory", 0)


@pytest.mark.server
def test_a_result_is_returned_when_memcached_is_full():
    pytest.importorskip("pylibmc")
    port = free_port()
    command = [find_program("memcached"), "-l", "127.0.0.1", "-p", str(port), "-U", "0", "-u", "nobody"]
    with running([*command, "-M", "-m", "1", "-I", "512k"], port):
        store = Store(FlaskCachingBackend(MemcachedCache([f"127.0.0.1:{port}"])), secret=SECRET)

        def fill() -> None:
            for number in range(200):
                store.put(f"{number} " * 5000)

        with pytest.raises(StoreFullError, match="it is full"):
            fill()
        assert store.compute("k", lambda: "result " * 5000) == "result " * 5000


# --- forked processes ---------------------------------------------------------------------------

forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")


def true_in_child(question: Callable[[], bool]) -> bool:
    """Answer a question in a forked process."""
    pid = os.fork()
    if pid == 0:
        answer = False
        try:
            answer = question()
        finally:
            os._exit(0 if answer else 1)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


@forks
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.server
def test_a_forked_process_has_a_connection_to_memcached_of_its_own(memcached: Server):
    pylibmc = pytest.importorskip("pylibmc")
    servers = [f"127.0.0.1:{memcached.port}"]
    cache = Cache(Flask("app"), config={"CACHE_TYPE": "MemcachedCache", "CACHE_MEMCACHED_SERVERS": servers})
    store = Store(FlaskCachingBackend(cache), secret=SECRET)
    ref = store.put("value")
    watcher = pylibmc.Client(servers)

    def connections() -> int:
        return int(watcher.get_stats()[0][1]["total_connections"])

    before = connections()
    assert true_in_child(lambda: store.get(ref) == "value")
    assert connections() == before + 1
    # The child took no leave of the server on the connection of this process.
    assert store.get(ref) == "value"
    assert connections() == before + 1


@forks
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_client_that_can_t_be_connected_anew_is_refused_in_a_forked_process():
    class Client:
        def get(self, key: str) -> Any:
            return None

    backend = FlaskCachingBackend(MemcachedCache(Client())).with_settings(Settings())
    assert backend.read(key_of("a")) is MISSING

    def refused() -> bool:
        with pytest.raises(StoreNotSharedError, match="Build the store in each process"):
            backend.read(key_of("a"))
        return True

    assert true_in_child(refused)


# --- a cache in files ---------------------------------------------------------------------------


def test_a_kept_record_of_another_make_is_replaced(tmp_path: Path):
    cache = FileSystemCache(str(tmp_path / "cache"))
    cache.set("enrich.k.secret", b"enrich\0\1 of an earlier build", timeout=0)
    store = Store(FlaskCachingBackend(cache))
    assert store.get(store.put("value")) == "value"


def test_a_cache_in_files_leaves_no_locks_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    store = Store(FlaskCachingBackend(FileSystemCache(str(tmp_path / "cache"))), secret=SECRET)
    for number in range(20):
        store.compute(f"{number}", str)
    (locks,) = tmp_path.glob("dash-enrich-*")
    assert list(locks.iterdir()) == []
    shutil.rmtree(locks)
    assert store.compute("more", lambda: 1) == 1


def test_a_cache_in_files_whose_locks_can_t_be_made_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    store = Store(FlaskCachingBackend(FileSystemCache(str(tmp_path / "cache"))), secret=SECRET)

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(lockfile, "open_file", full)
    with pytest.raises(StoreFullError, match="one more file"):
        store.backend.set_record("name", b"value")
    assert store.compute("key", lambda: "computed") == "computed"

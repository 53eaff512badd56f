"""cachelib caches and Arrow file systems: refusals, two hosts, and damage on the way."""

from __future__ import annotations

import functools
import os
import time
from pathlib import Path
from typing import Any

import pyarrow.fs as pafs
import pytest
from cachelib import FileSystemCache, NullCache, SimpleCache
from flask import Flask
from flask_caching import Cache

from enrich.errors import HandleExpired, StoreConfigError, StoreError, StoreFullError, StoreUnavailableError
from enrich.store import MISSING, ArrowFSBackend, FileSystemBackend, FlaskCachingBackend, Settings, Store
from enrich.testing import key_of

from .conftest import Clock
from .servers import Server
from .workers import value_of

# --- flask-caching and cachelib -----------------------------------------------------------------


def test_a_cache_that_fails_to_set_raises():
    class Full(SimpleCache):
        def set(self, *args: Any, **kwargs: Any) -> bool:
            return False

    with pytest.raises(StoreFullError, match="refused"):
        Store(FlaskCachingBackend(Full()), secret="the right secret").put(1)


def test_a_cache_that_breaks_gives_a_typed_error():
    class Broken(SimpleCache):
        def get(self, key: str) -> Any:
            raise ConnectionError("gone")

    with pytest.raises(StoreUnavailableError, match="gone"):
        Store(FlaskCachingBackend(Broken()), secret="the right secret").get("0" * 32)


def test_a_cache_that_evicts_gives_a_typed_error():
    cache = SimpleCache()
    store = Store(FlaskCachingBackend(cache))
    ref = store.put(None)
    assert store.get(ref, default=MISSING) is None
    cache.clear()
    with pytest.raises(HandleExpired):
        store.get(ref)


@pytest.mark.parametrize("cache", [NullCache(), object(), {}, Cache()])
def test_what_keeps_nothing_is_refused(cache: object):
    with pytest.raises(StoreConfigError, match="FlaskCachingBackend"):
        FlaskCachingBackend(cache)


def test_a_quota_that_can_t_be_kept_is_refused(tmp_path: Path):
    for backend in (
        FlaskCachingBackend(SimpleCache()),
        ArrowFSBackend(pafs.LocalFileSystem(), str(tmp_path)),
    ):
        with pytest.raises(StoreConfigError, match="session_quota"):
            Store(backend, session_quota=100)


def watched_cache() -> tuple[list[str], SimpleCache]:
    written: list[str] = []

    class Watched(SimpleCache):
        def set(self, key: str, value: Any, timeout: Any = None) -> Any:
            written.append(key)
            return super().set(key, value, timeout)

    return written, Watched()


def test_a_used_value_is_written_anew_before_the_cache_drops_it(clock: Clock):
    written, cache = watched_cache()
    backend = FlaskCachingBackend(cache).with_settings(Settings(clock=clock, ttl=1000))
    backend.write(key_of("a"), [b"x"], 1)
    backend.read(key_of("a"))
    clock.tick(499)
    backend.read(key_of("a"))
    assert len(written) == 1
    clock.tick(2)
    backend.read(key_of("a"))
    assert len(written) == 2


@pytest.mark.parametrize("nbytes", [None, 1])
def test_a_renewed_value_is_written_anew_before_the_cache_drops_it(clock: Clock, nbytes: int | None):
    written, cache = watched_cache()
    backend = FlaskCachingBackend(cache).with_settings(Settings(clock=clock, ttl=1000))
    backend.write(key_of("a"), [b"x"], 1)
    clock.tick(400)
    backend.read(key_of("a"))
    clock.tick(200)
    assert backend.renew(key_of("a"), nbytes)
    assert len(written) == 2


def test_the_user_s_own_cache_goes_on_beside_ours(tmp_path: Path):
    cache = Cache(Flask("app"), config={"CACHE_TYPE": "FileSystemCache", "CACHE_DIR": str(tmp_path)})
    store = Store(FlaskCachingBackend(cache))
    with cache.app.app_context():
        cache.set("mine", {"my": "value"})
        ref = store.put({"a": 1})
        cache.set("other", [1, 2])
        store.put({"a": 2})
        assert (cache.get("mine"), cache.get("other")) == ({"my": "value"}, [1, 2])
    assert store.get(ref) == {"a": 1}


def test_who_sees_a_cache_is_known(tmp_path: Path):
    assert FlaskCachingBackend(SimpleCache()).reach == "process"
    files = FlaskCachingBackend(FileSystemCache(str(tmp_path / "cache")))
    assert (files.reach, files.private) == ("host", True)
    os.chmod(tmp_path / "cache", 0o770)
    assert not files.private


@pytest.mark.server
def test_memcached_refuses_what_is_too_large_for_it(memcached: Server):
    pytest.importorskip("pylibmc")
    servers = [f"127.0.0.1:{memcached.port}"]
    cache = Cache(Flask("app"), config={"CACHE_TYPE": "MemcachedCache", "CACHE_MEMCACHED_SERVERS": servers})
    store = Store(FlaskCachingBackend(cache))
    with pytest.raises(StoreFullError, match="-I"):
        store.put("x" * 9_000_000)
    assert store.get(store.put("y" * 500_000)) == "y" * 500_000


# --- Arrow file systems -------------------------------------------------------------------------


def test_several_hosts_need_a_secret_they_were_given(monkeypatch, tmp_path: Path):
    fs = pafs.SubTreeFileSystem(str(tmp_path), pafs.LocalFileSystem())
    with pytest.raises(StoreConfigError, match="ENRICH_SECRET_KEY"):
        Store(ArrowFSBackend(fs, "values", local=FileSystemBackend(tmp_path / "local")))


def test_expired_and_surplus_values_are_swept(tmp_path: Path):
    clock = Clock(time.time())
    backend = ArrowFSBackend(
        pafs.LocalFileSystem(),
        str(tmp_path / "remote"),
        local=FileSystemBackend(tmp_path / "local"),
        max_bytes=2500,
    ).with_settings(Settings(clock=clock, ttl=10_000))
    for name in "abc":
        backend.write(key_of(name), [b"x" * 1000], 1000)
    assert backend.sweep().dropped == 0  # all in use
    clock.tick(5000)
    backend.read(key_of("a"))  # by the local copy; the remote is told
    clock.tick(2000)
    os.utime(tmp_path / "remote" / "used" / key_of("a")[:2] / key_of("a"), (clock.now - 1000,) * 2)
    backend.sweep()
    assert backend.evictions >= 1  # here, or in the background after the read
    assert backend.read(key_of("a")) is not MISSING
    clock.tick(100_000)
    backend.sweep()
    assert list(backend.entries()) == []


def host_of(folder: Path, clock: Clock, name: str) -> ArrowFSBackend:
    """A backend as one of several hosts has it, with local copies of its own."""
    local = FileSystemBackend(folder / name)
    return ArrowFSBackend(pafs.LocalFileSystem(), str(folder / "remote"), local=local).with_settings(
        Settings(clock=clock, ttl=1000)
    )


def test_a_value_that_a_host_reads_for_the_first_time_counts_as_used_there(tmp_path: Path):
    clock = Clock(time.time())
    host = functools.partial(host_of, tmp_path, clock)
    host("one").write(key_of("a"), [b"x"], 1)
    os.utime(tmp_path / "remote" / "entries" / key_of("a")[:2] / key_of("a"), (clock.now - 900,) * 2)
    two = host("two")
    assert two.read(key_of("a")) is not MISSING
    assert next(two.entries()).used > clock.now - 60


def test_a_value_deleted_on_one_host_is_not_served_on_by_another(tmp_path: Path):
    clock = Clock(time.time())
    host = functools.partial(host_of, tmp_path, clock)
    one, two = host("one"), host("two")
    one.write(key_of("a"), [b"x"], 1)
    assert two.read(key_of("a")) is not MISSING
    one.delete(key_of("a"))
    clock.tick(101)
    assert two.read(key_of("a")) is MISSING
    assert not list((tmp_path / "remote" / "used").rglob(key_of("a")))


@pytest.fixture
def bucket(s3_server: Server, tmp_path: Path) -> tuple[pafs.FileSystem, str]:
    fs = pafs.S3FileSystem(
        access_key="test", secret_key="test", region="us-east-1", scheme="http", allow_bucket_creation=True,
        endpoint_override=f"127.0.0.1:{s3_server.port}", connect_timeout=2, request_timeout=2,
    )  # fmt: skip
    name = f"hosts-{os.getpid()}-{abs(hash(tmp_path)) % 10**8}"
    fs.create_dir(name)
    return fs, name


@pytest.mark.server
def test_two_hosts_share_a_bucket(bucket: tuple[pafs.FileSystem, str], tmp_path: Path):
    fs, name = bucket

    def host(folder: str) -> Store:
        backend = ArrowFSBackend(fs, f"{name}/app", local=FileSystemBackend(tmp_path / folder))
        return Store(backend, secret="the right secret")

    one, two = host("one"), host("two")
    ref = one.put(value_of(49), scope="s", producer="callback 'load'")
    assert two.get(two.open(one.sign(ref, session="s"), session="s")) == value_of(49)
    one.put("old", name="n")
    two.put("new", name="n")
    assert one.get(one.named("n")) == "new"
    assert one.compute("k", lambda: 1) == two.compute("k", lambda: 2) == 1
    info = fs.get_file_info(pafs.FileSelector(f"{name}/app/entries", recursive=True))
    path = next(i.path for i in info if i.base_name == ref.key)
    with fs.open_output_stream(path) as stream:
        stream.write(b"exchanged")
    assert host("three").get(ref, default=MISSING) is MISSING
    assert one.get(ref) == value_of(49)  # its local copy


@pytest.mark.server
def test_a_bucket_that_isn_t_there_is_an_error_at_build_or_at_the_write(bucket, tmp_path: Path):
    fs, name = bucket
    with pytest.raises(StoreError):
        Store(
            ArrowFSBackend(fs, f"{name}-missing/app", local=FileSystemBackend(tmp_path)),
            secret="the right secret",
        ).put(1)


@pytest.mark.parametrize("bad", [{"fs": "s3://bucket"}, {"local": False}])
def test_an_impossible_file_system_is_refused(bad: dict[str, Any], tmp_path: Path):
    with pytest.raises(StoreConfigError, match="ArrowFSBackend"):
        ArrowFSBackend(**{"fs": pafs.LocalFileSystem(), "path": str(tmp_path), **bad})

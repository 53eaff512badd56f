"""Every backend, against its real server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from enrich.store import (
    ArrowFSBackend,
    Backend,
    FileSystemBackend,
    FlaskCachingBackend,
    MemoryBackend,
    RedisBackend,
    Settings,
)
from enrich.testing import BackendConformance

from .servers import Server

SETTINGS = Settings(app="conformance", max_bytes=200 << 20)


class TestFiles(BackendConformance):
    @pytest.fixture
    def backend(self, tmp_path: Path) -> Backend:
        return FileSystemBackend(tmp_path / "values").with_settings(SETTINGS)


class TestDurableFiles(BackendConformance):
    @pytest.fixture
    def backend(self, tmp_path: Path) -> Backend:
        return FileSystemBackend(tmp_path / "values").with_settings(Settings(durable=True))


class TestMemory(BackendConformance):
    @pytest.fixture
    def backend(self) -> Backend:
        return MemoryBackend().with_settings(SETTINGS)


@pytest.mark.server
class TestRedisWithLocalFolder(BackendConformance):
    @pytest.fixture
    def backend(self, redis_url: str, tmp_path: Path) -> Backend:
        return RedisBackend(redis_url, local=FileSystemBackend(tmp_path / "local")).with_settings(SETTINGS)


@pytest.mark.server
class TestRedisAlone(BackendConformance):
    @pytest.fixture
    def backend(self, redis_url: str) -> Backend:
        return RedisBackend(redis_url, prefix="odd[*]:", local=False).with_settings(SETTINGS)


class _Cached(BackendConformance):
    lists = False
    largest = 1 << 20
    config: dict[str, Any] = {}

    @pytest.fixture
    def config_here(self) -> dict[str, Any]:
        return self.config

    @pytest.fixture
    def backend(self, config_here: dict[str, Any]) -> Backend:
        from flask import Flask
        from flask_caching import Cache

        cache = Cache(Flask("conformance"), config={"CACHE_THRESHOLD": 10_000, **config_here})
        return FlaskCachingBackend(cache).with_settings(SETTINGS)


class TestFlaskCachingSimple(_Cached):
    config = {"CACHE_TYPE": "SimpleCache"}


class TestFlaskCachingFiles(_Cached):
    @pytest.fixture
    def config_here(self, tmp_path: Path) -> dict[str, Any]:
        return {"CACHE_TYPE": "FileSystemCache", "CACHE_DIR": str(tmp_path / "cachelib")}


@pytest.mark.server
class TestFlaskCachingRedis(_Cached):
    @pytest.fixture
    def config_here(self, redis_url: str) -> dict[str, Any]:
        return {"CACHE_TYPE": "RedisCache", "CACHE_REDIS_URL": redis_url}


@pytest.mark.server
class TestFlaskCachingMemcached(_Cached):
    @pytest.fixture
    def config_here(self, memcached: Server) -> dict[str, Any]:
        pylibmc = pytest.importorskip("pylibmc")
        servers = [f"127.0.0.1:{memcached.port}"]
        pylibmc.Client(servers).flush_all()
        return {"CACHE_TYPE": "MemcachedCache", "CACHE_MEMCACHED_SERVERS": servers}


class TestCachelib(BackendConformance):
    lists = False

    @pytest.fixture
    def backend(self) -> Backend:
        from cachelib import SimpleCache

        return FlaskCachingBackend(SimpleCache(threshold=10_000)).with_settings(SETTINGS)


class TestArrowLocal(BackendConformance):
    @pytest.fixture
    def backend(self, tmp_path: Path) -> Backend:
        from pyarrow.fs import LocalFileSystem

        local = FileSystemBackend(tmp_path / "local")
        return ArrowFSBackend(LocalFileSystem(), str(tmp_path / "remote"), local=local).with_settings(
            SETTINGS
        )


@pytest.mark.server
class TestS3(BackendConformance):
    @pytest.fixture
    def backend(self, s3_server: Server, tmp_path: Path) -> Iterator[Backend]:
        from pyarrow.fs import S3FileSystem

        fs = S3FileSystem(
            access_key="test", secret_key="test", region="us-east-1", scheme="http", allow_bucket_creation=True,
            endpoint_override=f"127.0.0.1:{s3_server.port}", allow_bucket_deletion=True,
        )  # fmt: skip
        bucket = "values-" + tmp_path.name.replace("_", "-").lower()[-40:]
        fs.create_dir(bucket)
        yield ArrowFSBackend(fs, f"{bucket}/app", local=FileSystemBackend(tmp_path / "local")).with_settings(
            SETTINGS
        )
        fs.delete_dir_contents(bucket)

from __future__ import annotations

import functools
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from enrich.store import FileSystemBackend, MemoryBackend, RedisBackend

from .servers import Server, find_program, free_port, redis_command, running


class Clock:
    """Seconds since the epoch, moved by hand."""

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def tick(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(autouse=True)
def no_secret_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("ENRICH_SECRET_KEY", "DASH_SECRET_KEY"):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    port = free_port()
    with running(redis_command(port, tmp_path_factory.mktemp("redis")), port) as server:
        yield server


@pytest.fixture
def redis_url(redis_server: Server) -> str:
    import redis

    with redis.Redis(port=redis_server.port) as client:
        client.flushall()
    return f"redis://127.0.0.1:{redis_server.port}/0"


@pytest.fixture(scope="session")
def memcached(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    port = free_port()
    command = [
        find_program("memcached"),
        "-l",
        "127.0.0.1",
        "-p",
        str(port),
        "-U",
        "0",
        "-u",
        "nobody",
        "-I",
        "8m",
    ]
    with running(command, port) as server:
        yield server


@pytest.fixture(scope="session")
def s3_server() -> Iterator[Server]:
    pytest.importorskip("moto.server")
    port = free_port()
    program = Path(sys.executable).parent / "moto_server"
    with running([str(program), "-H", "127.0.0.1", "-p", str(port)], port) as server:
        yield server


@pytest.fixture
def redis_client(redis_url: str) -> Iterator[Any]:
    import redis

    with redis.Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture(params=["files", "memory", pytest.param("redis", marks=pytest.mark.server)])
def place(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Any:
    from .quotas import Place, let_pass

    if request.param == "redis":
        url, client = (request.getfixturevalue(name) for name in ("redis_url", "redis_client"))
        return Place(RedisBackend(url, local=False), functools.partial(let_pass, client, clock), clock)
    backend = FileSystemBackend(tmp_path / "values") if request.param == "files" else MemoryBackend()
    return Place(backend, clock.tick, clock)

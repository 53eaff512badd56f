"""Redis at its worst: restarted, paused, full, flushed, seen from two hosts, a cluster, behind a sentinel."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import redis.exceptions

from enrich.errors import HandleExpired, StoreConfigError, StoreError, StoreFullError, StoreUnavailableError
from enrich.store import MISSING, FileSystemBackend, RedisBackend, Store, flight
from enrich.store.audit import list_entries
from enrich.store.backends.redis_errors import store_error
from enrich.store.results import result_of

from .conftest import Clock
from .quotas import let_pass
from .servers import Server, find_program, free_port, redis_command, running
from .workers import value_of

pytestmark = pytest.mark.server


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[Server]:
    port = free_port()
    with running(redis_command(port, tmp_path), port) as server:
        yield server


def url(server: Server) -> str:
    return f"redis://127.0.0.1:{server.port}/0"


def cli(server: Server, *command: str) -> str:
    done = subprocess.run(
        ["redis-cli", "-p", str(server.port), *command], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def host(server: Server, folder: Path, **arguments: Any) -> Store:
    backend = RedisBackend(url(server), timeout=0.5, local=FileSystemBackend(folder))
    return Store(backend, app="redis", **arguments)


def test_two_hosts_share_values_names_handles_and_memoized_results(
    redis_server: Server, redis_url: str, tmp_path: Path
):
    one, two = host(redis_server, tmp_path / "one"), host(redis_server, tmp_path / "two")
    ref = one.put(value_of(49), scope="s", producer="callback 'load'")
    token = one.sign(ref, session="s")
    assert two.get(two.open(token, session="s")) == value_of(49)
    assert (tmp_path / "two" / "entries").exists()
    one.put("old", name="n")
    handle = two.sign(two.named("n"))
    two.put("new", name="n")
    assert one.get(one.open(handle)) == "new"
    assert one.compute("key", lambda: [1]) == [1]
    assert two.compute("key", lambda: [2]) == [1]
    one.delete(ref)
    with pytest.raises(HandleExpired, match="callback 'load'"):
        host(redis_server, tmp_path / "three").get(ref)


def test_a_torn_local_copy_is_fetched_again(redis_server: Server, redis_url: str, tmp_path: Path):
    store = host(redis_server, tmp_path)
    ref = store.put(value_of(49))
    copy = next(path for path in (tmp_path / "entries").rglob(ref.key))
    copy.write_bytes(copy.read_bytes()[:-5])
    assert store.get(ref) == value_of(49)
    assert store.get(ref) == value_of(49)


@pytest.mark.parametrize("gone", ["deleted", "cleared", "evicted"])
def test_a_value_that_the_server_has_no_more_is_not_served_on_from_local_copies(
    redis_server: Server, redis_url: str, tmp_path: Path, gone: str
):
    clock = Clock(time.time())
    one, two = (host(redis_server, tmp_path / name, clock=clock) for name in ("one", "two"))
    ref = one.put("value")
    assert two.get(ref) == "value"
    if gone == "deleted":
        one.delete(ref)
    elif gone == "cleared":
        one.clear()
    else:
        cli(redis_server, "DEL", f"enrich:e:{ref.key}")
    clock.tick(61)
    for store in (one, two):
        with pytest.raises(HandleExpired):
            store.get(ref)
    assert two.get(one.put("value")) == "value"


@contextlib.contextmanager
def unreadable(folder: Path) -> Iterator[None]:
    """Take the rights to a folder away, and from root the rights to everything."""
    user = os.geteuid()
    folder.chmod(0)
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)
        folder.chmod(0o700)


def test_a_local_folder_that_can_t_be_read_doesn_t_stop_the_server_s_values(
    redis_server: Server, redis_url: str, tmp_path: Path, caplog
):
    store = host(redis_server, tmp_path / "local")
    kept, dropped = store.put(value_of(1)), store.put(value_of(2))
    with unreadable(tmp_path / "local" / "entries"):
        assert store.get(kept) == value_of(1)
        assert "can't read the local copy" in caplog.text
        assert store.get(store.put("other")) == "other"
        store.delete(dropped)
        assert store.get(dropped, default=None) is None
        assert store.info().entries == 2
        store.clear()
        assert store.info().entries == 0


def test_a_use_of_the_local_copy_renews_the_server_s_value(
    redis_server: Server, redis_url: str, tmp_path: Path
):
    clock = Clock(time.time())
    store = host(redis_server, tmp_path, ttl=1000, clock=clock)
    ref = store.put("value")
    key = f"enrich:e:{ref.key}"
    cli(redis_server, "EXPIRE", key, "10")
    store.get(ref)
    assert int(cli(redis_server, "TTL", key)) <= 10
    clock.tick(61)
    store.get(ref)
    assert int(cli(redis_server, "TTL", key)) > 900


def test_a_session_has_a_quota_in_redis(redis_url: str):
    store = Store(RedisBackend(redis_url, local=False), session_quota=3000)
    small = [store.put("x" * 1000 + str(i), scope="one") for i in range(2)]
    with pytest.raises(StoreFullError, match="quota"):
        store.put("y" * 1500, scope="one")
    store.put("y" * 1500, scope="two")
    for ref in small:
        assert store.get(ref)
        store.delete(ref)
    store.put("y" * 1500, scope="one")


def test_a_server_that_is_away_gives_a_typed_error_and_local_copies_are_served_on(
    own_redis: Server, tmp_path: Path
):
    clock = Clock(time.time())
    store = host(own_redis, tmp_path / "local", clock=clock)
    ref = store.put(value_of(1))
    token = store.sign(ref)
    own_redis.stop()
    clock.tick(61)
    assert store.get(store.open(token)) == value_of(1)
    cookie = store.sign_text(
        "session", salt="cookie"
    )  # the secret is known, though it can't be looked after now
    assert store.unsign_text(cookie, salt="cookie") == "session"
    assert store.get(ref) == value_of(1)
    begin = time.monotonic()
    for action in (
        lambda: store.put("other"), lambda: store.named("n"), lambda: store.compute("k", lambda: 1),
        lambda: store.get("0" * 32), lambda: store.put("n", name="n"),
    ):  # fmt: skip
        with pytest.raises(StoreUnavailableError, match="Is it running"):
            action()
    assert time.monotonic() - begin < 10
    own_redis.start()
    assert store.get(store.put("other")) == "other"


def test_a_restarted_server_has_lost_the_values_and_says_so(own_redis: Server, tmp_path: Path):
    clock = Clock(time.time())
    store = Store(RedisBackend(url(own_redis), local=False), clock=clock)
    token = store.sign(store.put(value_of(1), producer="callback 'load'"))
    own_redis.stop()
    own_redis.start()
    with pytest.raises(HandleExpired):
        store.get(store.open(token))
    # The worker puts its secret back, so that the handles it signs open everywhere.
    clock.tick(61)
    token = store.sign(store.put(value_of(1)))
    other = Store(RedisBackend(url(own_redis), local=False))
    assert other.get(other.open(token)) == value_of(1)


def test_a_paused_server_is_waited_for_for_a_bounded_time(own_redis: Server, tmp_path: Path):
    store = Store(RedisBackend(url(own_redis), timeout=0.3, local=False))
    ref = store.put("value")
    assert own_redis.process is not None
    os.kill(own_redis.process.pid, signal.SIGSTOP)
    try:
        for action in (lambda: store.get(ref), lambda: store.put("other")):
            begin = time.monotonic()
            with pytest.raises(StoreUnavailableError, match=r"0\.3 s"):
                action()
            assert time.monotonic() - begin < 3
    finally:
        os.kill(own_redis.process.pid, signal.SIGCONT)
    assert store.get(ref) == "value"


def test_a_new_connection_to_a_paused_server_is_waited_for_for_a_bounded_time(own_redis: Server):
    assert own_redis.process is not None
    os.kill(own_redis.process.pid, signal.SIGSTOP)
    try:
        begin = time.monotonic()
        with pytest.raises(StoreUnavailableError):
            RedisBackend(url(own_redis), timeout=0.3, local=False).read("0" * 32)
        assert time.monotonic() - begin < 3
    finally:
        os.kill(own_redis.process.pid, signal.SIGCONT)


@contextlib.contextmanager
def balancer(port: int, open_for: Callable[[int], bool]) -> Iterator[int]:
    """Pass on what the clients of a port send, but only for those of these numbers; the rest hear nothing."""

    def pass_on(number: int, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if open_for(number):
                    target.sendall(data)

    def serve() -> None:
        with contextlib.suppress(OSError):
            for number in itertools.count():
                client, server = listening.accept()[0], socket.create_connection(("127.0.0.1", port))
                opened.extend((client, server))
                for pair in ((client, server), (server, client)):
                    threading.Thread(target=pass_on, args=(number, *pair), daemon=True).start()

    opened: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield int(listening.getsockname()[1])
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()
    for end in opened:
        end.close()


def test_a_connection_that_was_lost_without_a_word_is_made_anew(redis_server: Server, redis_url: str):
    lost: set[int] = set()
    with balancer(redis_server.port, lambda number: number not in lost) as port:
        backend = RedisBackend(f"redis://127.0.0.1:{port}/0", timeout=0.5, local=False)
        backend.set_record("name", b"value")
        for number in range(2):
            lost.add(number)
            assert backend.get_record("name") == b"value"


def test_a_server_that_hangs_up_gives_a_typed_error():
    def hang_up() -> None:
        with contextlib.suppress(OSError):
            while True:
                listening.accept()[0].close()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=hang_up)
        thread.start()
        backend = RedisBackend(f"redis://127.0.0.1:{listening.getsockname()[1]}/0", timeout=0.5, local=False)
        for action in (lambda: backend.read("0" * 32), lambda: backend.set_record("name", b"value")):
            with pytest.raises(StoreUnavailableError, match="Is it running"):
                action()
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_a_full_server_refuses_and_the_app_reads_on(own_redis: Server):
    store = Store(RedisBackend(url(own_redis), local=False))
    ref = store.put("value")
    cli(own_redis, "CONFIG", "SET", "maxmemory", "3mb")

    def fill() -> None:
        for number in range(100):
            store.put(f"{number}" * 100_000)

    with pytest.raises(StoreFullError, match="maxmemory"):
        fill()
    assert store.get(ref) == "value"
    # A worker that starts now finds the secret, and has no need to write.
    cli(own_redis, "CONFIG", "SET", "maxmemory", "1")
    assert Store(RedisBackend(url(own_redis), local=False)).get(ref) == "value"
    cli(own_redis, "CONFIG", "SET", "maxmemory", "3mb")
    cli(own_redis, "CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
    fill()


def test_what_a_full_server_refused_is_in_no_error_and_no_log(own_redis: Server, caplog):
    store = Store(RedisBackend(url(own_redis), local=False), session_quota=10**9)
    cli(own_redis, "CONFIG", "SET", "maxmemory", "3mb")

    def fill() -> None:
        for number in range(100):
            store.compute(f"key {number}", lambda number=number: f"private {number} " * 4000, scope="one")
        for number in range(100):
            store.put(f"private {number} " * 4000, scope=f"user {number}")

    with pytest.raises(StoreFullError) as caught:
        fill()
    shown = [caplog.text]
    error: BaseException | None = caught.value
    while error is not None:
        shown.append(str(error))
        error = error.__cause__ or error.__context__
    assert "out of memory" in caplog.text
    assert not any("private" in text for text in shown)


def test_a_full_server_keeps_no_memoized_results_and_gives_them_all_the_same(own_redis: Server):
    store = Store(RedisBackend(url(own_redis), local=False))
    store.compute("one", lambda: "same")
    cli(own_redis, "CONFIG", "SET", "maxmemory", "1")
    assert store.compute("two", lambda: "same") == "same"
    assert store.compute("three", lambda: "other") == "other"


def test_a_server_flushed_under_load_gives_right_values_or_typed_errors(own_redis: Server, tmp_path: Path):
    stores = [host(own_redis, tmp_path / str(i), secret="the right secret") for i in range(2)]
    wrong: list[object] = []
    done = threading.Event()

    def work(seed: int) -> None:
        store = stores[seed % 2]
        for number in range(60):
            value = value_of(number % 20)
            try:
                found = store.get(store.put(value), default=MISSING)
                if found is not MISSING and found != value:
                    wrong.append(found)
                if store.compute(f"key {number % 5}", lambda number=number: number % 5) != number % 5:
                    wrong.append(number)
            except StoreError as error:
                if not isinstance(error, (StoreUnavailableError, HandleExpired)):
                    wrong.append(error)

    def flush() -> None:
        while not done.wait(0.02):
            cli(own_redis, "FLUSHALL")

    flusher = threading.Thread(target=flush)
    crew = [threading.Thread(target=work, args=(i,)) for i in range(6)]
    for thread in (flusher, *crew):
        thread.start()
    for thread in crew:
        thread.join()
    done.set()
    flusher.join()
    assert wrong == []


def test_what_others_keep_under_the_prefix_is_passed_over(
    redis_server: Server, redis_url: str, tmp_path: Path
):
    store, key = host(redis_server, tmp_path), "0" * 32
    ref = store.put("value")
    cli(redis_server, "RPUSH", f"enrich:e:{key}", "1")
    assert [entry.key for entry in store.backend.entries()] == [ref.key]
    assert (store.info().entries, store.backend.sweep().entries) == (1, 1)
    assert store.get(key, default=None) is None


def test_the_lock_of_a_dead_holder_is_free_after_its_lease(redis_url: str):
    one, two = (RedisBackend(redis_url, local=False) for _ in range(2))
    assert one.try_lock("job", 0.2) is not None  # and its holder dies
    assert two.try_lock("job", 0.2) is None
    until = time.monotonic() + 5
    lease = None
    while lease is None and time.monotonic() < until:
        lease = two.try_lock("job", 0.2)
    assert lease is not None


def test_a_computation_longer_than_the_lease_keeps_its_lock(redis_url: str, monkeypatch):
    monkeypatch.setattr(flight, "LEASE", 0.3)
    one, two = (Store(RedisBackend(redis_url, local=False)) for _ in range(2))
    begun, go_on = threading.Event(), threading.Event()

    def slow() -> str:
        begun.set()
        go_on.wait(30)
        return "slow"

    leader = threading.Thread(target=one.compute, args=("key", slow))
    leader.start()
    begun.wait(30)
    lock = result_of("dash", "key", None, None, one.backend, one._keyring.secrets).name
    until = time.monotonic() + 1.2
    while time.monotonic() < until:
        assert two.backend.try_lock(lock, 0.3) is None
    go_on.set()
    leader.join()
    assert two.compute("key", lambda: "mine") == "slow"


def test_a_lock_lost_to_another_is_not_released_for_him(redis_server: Server, redis_url: str):
    one, two = (RedisBackend(redis_url, local=False) for _ in range(2))
    late = one.try_lock("job", 30)
    assert late is not None
    cli(redis_server, "DEL", "enrich:l:job")
    mine = two.try_lock("job", 30)
    late.release()
    late.renew()
    assert mine is not None
    assert one.try_lock("job", 30) is None


@contextlib.contextmanager
def cluster_node(folder: Path) -> Iterator[Server]:
    port = free_port()
    while port > 50_000:  # the cluster bus listens 10,000 above
        port = free_port()
    folder.mkdir(exist_ok=True)
    with running(redis_command(port, folder, "--cluster-enabled", "yes"), port) as server:
        yield server


def join(first: Server, *others: Server) -> None:
    """Make one cluster of these nodes, which share its slots."""
    nodes = (first, *others)
    for server in others:
        cli(first, "CLUSTER", "MEET", "127.0.0.1", str(server.port))
    bounds = [16384 * number // len(nodes) for number in range(len(nodes) + 1)]
    for server, begin, end in zip(nodes, bounds, bounds[1:], strict=False):
        cli(server, "CLUSTER", "ADDSLOTSRANGE", str(begin), str(end - 1))
    until = time.monotonic() + 20
    while not all("cluster_state:ok" in cli(server, "CLUSTER", "INFO") for server in nodes):
        assert time.monotonic() < until


def cluster_url(server: Server) -> str:
    return f"redis+cluster://127.0.0.1:{server.port}"


def test_a_cluster_is_reached_by_its_url(tmp_path: Path):
    with cluster_node(tmp_path) as server:
        join(server)
        clock = Clock(time.time())
        backend = RedisBackend(cluster_url(server), local=False)
        store = Store(backend, session_quota=1_000_000, clock=clock)
        refs = [store.put(value_of(number), payer="one") for number in range(20)]
        assert [store.get(ref) for ref in refs] == [value_of(number) for number in range(20)]
        assert store.info().entries == 20
        assert store.compute("k", lambda: 1) == 1
        full = Store(backend, session_quota=sum(ref.nbytes for ref in refs), clock=clock)
        with pytest.raises(StoreFullError, match="quota"):
            full.put("another", payer="one")
        let_pass(store.backend._client, clock, 300)
        assert full.get(full.put("another", payer="one")) == "another"
        assert sum(store.get(ref, default=None) is None for ref in refs) == 1
        store.clear()
        assert store.info().entries == 0


def test_a_cluster_that_is_away_gives_a_typed_error_and_local_copies_are_served_on(tmp_path: Path):
    clock = Clock(time.time())
    with cluster_node(tmp_path) as server:
        join(server)
        backend = RedisBackend(cluster_url(server), timeout=0.5, local=FileSystemBackend(tmp_path / "local"))
        store = Store(backend, clock=clock)
        ref = store.put(value_of(1))
        server.stop()
        clock.tick(61)
        assert store.get(ref) == value_of(1)
        for action in (
            lambda: store.put("other"), lambda: store.named("n"), lambda: store.get("0" * 32),
            store.info, store.sweep, store.clear,
        ):  # fmt: skip
            with pytest.raises(StoreUnavailableError, match="Is it running"):
                action()


def test_a_node_of_a_cluster_that_hangs_is_waited_for_for_a_bounded_time(tmp_path: Path):
    with cluster_node(tmp_path / "one") as one, cluster_node(tmp_path / "two") as two:
        join(one, two)
        backend = RedisBackend(cluster_url(one), timeout=0.5, local=False)
        keys = [f"{number:032}" for number in range(8)]
        assert all(backend.read(key) is MISSING for key in keys)
        assert two.process is not None
        os.kill(two.process.pid, signal.SIGSTOP)
        waits = []
        for key in keys:
            begin = time.monotonic()
            with contextlib.suppress(StoreUnavailableError):
                backend.read(key)
                continue
            waits.append(time.monotonic() - begin)
        # The others take as long, but for what else this machine does.
        assert min(waits) < 3.5


def test_what_is_no_cluster_that_serves_is_refused_at_build(own_redis: Server, tmp_path: Path):
    with cluster_node(tmp_path / "node") as without_slots:
        for server in (own_redis, without_slots):
            with pytest.raises(StoreUnavailableError, match="can't be (reached|used as a cluster)"):
                RedisBackend(cluster_url(server), timeout=0.5, local=False)
    with pytest.raises(StoreUnavailableError, match="can't be (reached|used as a cluster)"):
        RedisBackend(cluster_url(without_slots), timeout=0.5, local=False)
    assert own_redis.process is not None
    os.kill(own_redis.process.pid, signal.SIGSTOP)
    with pytest.raises(StoreUnavailableError, match="can't be (reached|used as a cluster)"):
        RedisBackend(cluster_url(own_redis), timeout=0.5, local=False)
    os.kill(own_redis.process.pid, signal.SIGCONT)


def test_a_service_behind_a_sentinel_is_reached_by_its_url(own_redis: Server, tmp_path: Path):
    port = free_port()
    config = tmp_path / "sentinel.conf"
    config.write_text(f"bind 127.0.0.1\nport {port}\nsentinel monitor main 127.0.0.1 {own_redis.port} 1\n")
    with running([redis_command(port, tmp_path)[0], str(config), "--sentinel"], port):
        store = Store(RedisBackend(f"redis+sentinel://127.0.0.1:{port}/main/0", local=False))
        assert store.get(store.put(value_of(3))) == value_of(3)


def what_fails(backend: str) -> str:
    with pytest.raises(StoreUnavailableError) as caught:
        Store(RedisBackend(backend, timeout=0.5, local=False))
    return str(caught.value)


@pytest.mark.parametrize(
    ("login", "query"), [("", ""), ("", "?password=word"), (":word@", ""), (":word@", "?db=1")]
)
def test_a_server_is_reached_by_its_socket(tmp_path: Path, login: str, query: str):
    port, place = free_port(), tmp_path / "socket"
    options = ["--unixsocket", str(place), *(["--requirepass", "word"] if login or query else [])]
    with running(redis_command(port, tmp_path, *options), port):
        backend = RedisBackend(f"unix://{login}{place}{query}", local=False)
        store = Store(backend)
        assert store.get(store.put([1, 2])) == [1, 2]
    assert backend.where == f"unix://{place}{query if 'db' in query else ''}"


def test_a_server_that_is_not_there_is_said_to_refuse_the_connection():
    error = what_fails(f"redis://127.0.0.1:{free_port()}/0")
    assert "refuses the connection" in error
    assert "Is it running" in error
    assert "0.5 s" not in error


@pytest.mark.parametrize(
    ("cause", "said"),
    [
        (FileNotFoundError(2, "No such file"), "isn't there .* path of its socket"),
        (socket.gaierror(-2, "Name not known"), "can't be found .* name of the host"),
        (ConnectionResetError(104, "Reset"), "can't be reached .* Is it running"),
    ],
)
def test_a_server_that_can_not_be_reached_is_said_to_be_somewhere_else(cause: OSError, said: str):
    error = redis.exceptions.ConnectionError("Error connecting")
    error.__context__ = cause
    assert re.search(said, str(store_error(error, "redis://host", 5.0)))


@pytest.mark.parametrize(
    ("scheme", "login", "path", "said"),
    [
        ("redis", "", "/0", ["wants a login", "redis://user:password@"]),
        ("redis", ":wrong@", "/0", ["wants a login", "redis://user:password@"]),
        ("redis", ":right@", "/99", ["refuses what it was asked", "DB index", "its database"]),
        ("redis+cluster", ":right@", "", ["can't be used as a cluster", "begins with redis://"]),
        ("redis", "reader:right@", "/0", ["doesn't let this user", "all commands"]),
    ],
)
def test_what_a_server_refuses_is_told_apart(
    tmp_path: Path, scheme: str, login: str, path: str, said: list[str]
):
    port = free_port()
    options = ("--requirepass", "right", "--user", "reader", "on", ">right", "~*", "+get", "+select")
    with running(redis_command(port, tmp_path, *options), port):
        error = what_fails(f"{scheme}://{login}127.0.0.1:{port}{path}")
    assert all(part in error for part in said)
    assert "right@" not in error
    assert "wrong@" not in error


def test_a_server_that_is_not_redis_is_called_so():
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            while True:
                try:
                    connection = server.accept()[0]
                except OSError:
                    return
                with connection:
                    connection.recv(1000)
                    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        assert "doesn't speak as Redis does" in what_fails(f"redis://127.0.0.1:{server.getsockname()[1]}/0")
        server.shutdown(socket.SHUT_RDWR)
    thread.join(10)


@pytest.mark.parametrize("planted", [b"\xff\xfe", b"../../name", b"short"])
def test_only_keys_of_values_are_listed(redis_server: Server, redis_url: str, planted: bytes):
    store = Store(RedisBackend(redis_url, local=False))
    ref = store.put("value")
    with redis.Redis(port=redis_server.port) as client:
        client.set(b"enrich:e:" + planted, b"content")
    assert [one.entry.key for one in list_entries(store.backend)] == [ref.key]
    assert store.info().entries == 1


PASSWORD = "p@ss:w/1#?["


@contextlib.contextmanager
def sentinel(folder: Path, config: str, port: int, *options: str) -> Iterator[Server]:
    file = folder / "sentinel.conf"
    file.write_text(config)
    with running([redis_command(port, folder)[0], str(file), "--sentinel", *options], port) as server:
        yield server


def test_sentinels_and_their_service_are_reached_with_logins_of_their_own(tmp_path: Path):
    master, port = free_port(), free_port()
    config = (
        f'bind 127.0.0.1\nport {port}\nrequirepass "their own/"\n'
        f"sentinel monitor main 127.0.0.1 {master} 1\nsentinel auth-pass main {PASSWORD}\n"
    )
    with (
        running(redis_command(master, tmp_path, "--requirepass", PASSWORD), master) as server,
        sentinel(tmp_path, config, port),
    ):
        plain = RedisBackend(f"redis://:{quote(PASSWORD, safe='')}@127.0.0.1:{master}/3", local=False)
        for place in ("main/3", "main?db=3"):
            mark = "&" if "?" in place else "?"
            login = f"{mark}sentinel_password={quote('their own/', safe='')}"
            backend = RedisBackend(
                f"redis+sentinel://:{quote(PASSWORD, safe='')}@127.0.0.1:{port}/{place}{login}", local=False
            )
            backend.set_record("name", place.encode())
            assert plain.get_record("name") == place.encode()
            assert "their" not in backend.where
        assert server.port == master


def test_sentinels_and_their_service_are_reached_over_tls(tmp_path: Path):
    files = {name: str(tmp_path / f"{name}.pem") for name in ("key", "cert")}
    subprocess.run(
        [find_program("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", files["key"], "-out", files["cert"]],
        check=True, capture_output=True,
    )  # fmt: skip
    tls = ("--tls-cert-file", files["cert"], "--tls-key-file", files["key"], "--tls-ca-cert-file", files["cert"],
           "--tls-auth-clients", "no", "--tls-replication", "yes")  # fmt: skip
    master, port = free_port(), free_port()
    command = redis_command(0, tmp_path, "--tls-port", str(master), *tls)
    config = f"bind 127.0.0.1\nport 0\ntls-port {port}\nsentinel monitor main 127.0.0.1 {master} 1\n"
    with running(command, master), sentinel(tmp_path, config, port, *tls):
        place = f"127.0.0.1:{port}/main/0?ssl_ca_certs={files['cert']}"
        backend = RedisBackend(f"rediss+sentinel://{place}", local=False)
        backend.set_record("name", b"value")
        assert backend.get_record("name") == b"value"


@pytest.mark.parametrize(
    "bad",
    [
        "http://127.0.0.1",
        "redis:6379",
        "nonsense",
        "redis+sentinel://127.0.0.1:1",
        "redis+sentinel://127.0.0.1:1/main/x",
        "redis+sentinel://127.0.0.1:x/main/0",
        "redis+sentinel://127.0.0.1:1/main/0?socket=1",
        "redis+cluster://127.0.0.1:1/3",
        "redis://127.0.0.1:1?nonsense=1",
        "redis://127.0.0.1:1?decode_responses=1",
        "redis://127.0.0.1:1?ssl_cert_reqs=none",
        "redis://127.0.0.1:1?db=x",
        "redis://127.0.0.1:x",
        "redis://127.0.0.1:1/name",
    ],
)
def test_an_impossible_url_is_refused_at_build(bad: str):
    with pytest.raises(StoreConfigError, match="URL"):
        RedisBackend(bad, local=False)


@pytest.mark.parametrize(
    "login", ["app:12#hidden", "app:hid/den", "app:12?hid=den", "app:hid[den", "app:1@hid?den"]
)
def test_a_login_that_isn_t_encoded_is_refused_and_not_shown(login: str):
    with pytest.raises(StoreConfigError, match="%2F") as caught:
        RedisBackend(f"redis://{login}@127.0.0.1:1/0", local=False)
    assert not any(part in str(caught.value) for part in ("hid", "den", "12"))


@pytest.mark.parametrize(
    "url", ["redis://hidden:hidden@127.0.0.1:1/0", "redis://127.0.0.1:1?username=hidden&password=hidden&db=0"]
)
def test_the_login_is_not_shown(url: str):
    backend = RedisBackend(url, local=False)
    assert "hidden" not in backend.where
    assert "127.0.0.1:1" in backend.where
    with pytest.raises(StoreUnavailableError) as caught:
        backend.read("0" * 32)
    assert "hidden" not in str(caught.value)


def test_a_lock_whose_answer_was_lost_is_held(own_redis: Server):
    lost, opened = threading.Event(), []

    def pass_on(source: socket.socket, target: socket.socket, *, answers: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if answers and lost.is_set():
                    lost.clear()
                    break
                target.sendall(data)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                client = between.accept()[0]
                server = socket.create_connection(("127.0.0.1", own_redis.port))
                opened.extend((client, server))
                for ends, answers in (((client, server), False), ((server, client), True)):
                    threading.Thread(
                        target=pass_on, args=ends, kwargs={"answers": answers}, daemon=True
                    ).start()

    with socket.create_server(("127.0.0.1", 0)) as between:
        threading.Thread(target=serve, daemon=True).start()
        backend = RedisBackend(f"redis://127.0.0.1:{between.getsockname()[1]}/0", local=False, timeout=2)
        assert backend.get_record("warm") is MISSING
        lost.set()
        lease = backend.try_lock("name", 30.0)
        assert not lost.is_set()
        assert lease is not None
        assert RedisBackend(url(own_redis), local=False).try_lock("name", 30.0) is None
        lease.release()
        between.shutdown(socket.SHUT_RDWR)
    for end in opened:
        end.close()

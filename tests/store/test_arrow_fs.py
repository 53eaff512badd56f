"""`ArrowFSBackend` on a bucket that refuses, or changes between two requests."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.fs as pafs
import pytest

from enrich.errors import StoreConfigError, StoreUnavailableError
from enrich.store import ArrowFSBackend, FileSystemBackend, Store

SECRET = "the right secret"
Respond = Callable[..., Any]


class Bucket:
    """A bucket of an S3 server in this process, whose requests a test can refuse or look at.

    Attributes
    ----------
    refuse: is this request (method, path, query) refused?
    before: called with the same before a request is answered.
    """

    def __init__(self, server: Callable[[dict[str, Any], Respond], Iterable[bytes]], port: int) -> None:
        self._server = server
        self.refuse: Callable[[str, str, str], bool] = lambda method, path, query: False
        self.before: Callable[[str, str, str], None] = lambda method, path, query: None
        self.fs = pafs.S3FileSystem(
            access_key="test", secret_key="test", region="us-east-1", scheme="http", allow_bucket_creation=True,
            endpoint_override=f"127.0.0.1:{port}", connect_timeout=5, request_timeout=5,
        )  # fmt: skip

    def __call__(self, environ: dict[str, Any], respond: Respond) -> Iterable[bytes]:
        request = environ["REQUEST_METHOD"], environ["PATH_INFO"], environ.get("QUERY_STRING", "")
        self.before(*request)
        if not self.refuse(*request):
            return self._server(environ, respond)
        length = int(environ.get("CONTENT_LENGTH") or 0)
        environ["wsgi.input"].read(length) if length else None
        body = b"<?xml version='1.0'?><Error><Code>AccessDenied</Code><Message>no</Message></Error>"
        respond("403 Forbidden", [("content-type", "application/xml"), ("content-length", str(len(body)))])
        return [body]


@pytest.fixture(scope="module")
def s3() -> Iterator[tuple[Any, int]]:
    pytest.importorskip("moto.server")
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        def log(self, *args: Any) -> None:
            """Say nothing."""

    current: list[Any] = [DomainDispatcherApplication(create_backend_app)]
    server = make_server(
        "127.0.0.1", 0, lambda environ, respond: current[-1](environ, respond), threaded=True,
        request_handler=Quiet,
    )  # fmt: skip
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield current, server.port
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def bucket(s3: tuple[Any, int]) -> Iterator[Bucket]:
    current, port = s3
    bucket = Bucket(current[0], port)
    current.append(bucket)
    bucket.fs.create_dir("bucket")
    bucket.fs.delete_dir_contents("bucket")
    yield bucket
    del current[1:]


def host(bucket: Bucket, folder: Path, **arguments: Any) -> Store:
    backend = ArrowFSBackend(bucket.fs, "bucket/app", local=FileSystemBackend(folder))
    return Store(backend, secret=SECRET, **arguments)


def is_write(*kinds: str) -> Callable[[str, str, str], bool]:
    return lambda method, path, query: (
        method in ("PUT", "POST") and any(f"/{kind}/" in path for kind in kinds)
    )


def at_once(bucket: Bucket, when: Callable[[str, str, str], bool], work: Callable[[], object]) -> list[str]:
    """Do some work just before the next request of a kind is answered; return the paths of those it came before."""
    met: list[str] = []

    def before(method: str, path: str, query: str) -> None:
        if not met and when(method, path, query):
            met.append(path)
            work()

    bucket.before = before
    return met


# --- failures -----------------------------------------------------------------------------------


@pytest.mark.server
def test_a_refused_name_stays_what_it_was(bucket: Bucket, tmp_path: Path):
    one, two = host(bucket, tmp_path / "one"), host(bucket, tmp_path / "two")
    one.put("good", name="n")
    bucket.refuse = is_write("records")
    with pytest.raises(StoreUnavailableError):
        two.put("newer", name="n")
    assert one.get(one.named("n")) == "good"


@pytest.mark.server
def test_what_was_forgotten_stays_so_when_it_can_t_be_forgotten_again(bucket: Bucket, tmp_path: Path):
    store = host(bucket, tmp_path / "one")
    store.compute("k", lambda: "before", group="g")
    store.forget(group="g")
    store.compute("k", lambda: "after", group="g")
    bucket.refuse = is_write("kept")
    with pytest.raises(StoreUnavailableError):
        store.forget(group="g")
    assert store.compute("k", lambda: "anew", group="g") == "after"


@pytest.mark.server
def test_a_refused_value_stays_where_another_host_stored_it(bucket: Bucket, tmp_path: Path):
    ref = host(bucket, tmp_path / "one").put("shared")
    bucket.refuse = is_write("entries")
    with pytest.raises(StoreUnavailableError):
        host(bucket, tmp_path / "two").backend.write(ref.key, [b"anything"], 8)
    assert host(bucket, tmp_path / "three").get(ref) == "shared"


# --- races --------------------------------------------------------------------------------------


@pytest.mark.server
def test_reading_a_name_for_the_first_time_leaves_its_newer_value(bucket: Bucket, tmp_path: Path):
    one, two, three = (host(bucket, tmp_path / name) for name in ("one", "two", "three"))
    one.put("old", name="n")
    met = at_once(bucket, is_write("records", "used"), lambda: two.put("new", name="n"))
    three.named("n")
    assert met
    assert [store.get(store.named("n")) for store in (one, two, three)] == ["new"] * 3


@pytest.mark.server
def test_reading_a_result_for_the_first_time_leaves_it_forgotten(bucket: Bucket, tmp_path: Path):
    one, two, three = (host(bucket, tmp_path / name) for name in ("one", "two", "three"))
    one.compute("k", lambda: "stale")
    met = at_once(bucket, is_write("records", "used"), lambda: two.forget("k"))
    three.compute("k", lambda: "not run")
    assert met
    assert one.compute("k", lambda: "fresh") == "fresh"


@pytest.mark.server
@pytest.mark.parametrize("length", [2, 2000])
def test_a_name_that_is_replaced_while_it_is_read_is_there(bucket: Bucket, tmp_path: Path, length: int):
    one, two = host(bucket, tmp_path / "one"), host(bucket, tmp_path / "two")
    one.backend.set_record("n", b"x" * 1000)

    def is_download(method: str, path: str, query: str) -> bool:
        return method == "GET" and "/records/" in path

    met = at_once(bucket, is_download, lambda: one.backend.set_record("n", b"y" * length))
    assert two.backend.get_record("n") == b"y" * length
    assert met


@pytest.mark.server
def test_a_value_that_a_sweep_drops_while_it_is_stored_again_is_stored(bucket: Bucket, tmp_path: Path):
    one, two = host(bucket, tmp_path / "one"), host(bucket, tmp_path / "two")
    ref = one.put("value")
    met = at_once(bucket, is_write("used"), lambda: one.delete(ref))
    assert two.put("value").new
    assert met
    assert host(bucket, tmp_path / "three").get(ref) == "value"


# --- odds ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["s3://bucket/app", "/bucket/app", "", "/", None])
def test_a_path_that_is_no_bucket_and_folder_is_refused(path: Any):
    fs = pafs.S3FileSystem(
        access_key="a", secret_key="b", region="us-east-1", endpoint_override="127.0.0.1:1"
    )
    with pytest.raises(StoreConfigError, match="bucket/folder"):
        ArrowFSBackend(fs, path)


_ENDS_DURING_A_SWEEP = """
import atexit
import sys
import threading

finalized = threading.Event()


def let_the_sweep_go_on():
    finalized.set()
    for thread in threading.enumerate():
        if thread.name == "enrich-store-sweep":
            thread.join(20)


atexit.register(let_the_sweep_go_on)  # before Arrow's own, and so called after it

import pyarrow.fs as pafs

from enrich.store import ArrowFSBackend, FileSystemBackend, Settings


class Late(ArrowFSBackend):
    def try_lock(self, name, lease, /):
        finalized.wait(20)
        return super().try_lock(name, lease)


fs = pafs.S3FileSystem(
    access_key="test", secret_key="test", region="us-east-1", scheme="http", endpoint_override=sys.argv[1]
)
backend = Late(fs, "bucket/app", local=FileSystemBackend(sys.argv[2])).with_settings(Settings())
backend.read("0" * 32)
print("read")
"""


@pytest.mark.server
def test_an_interpreter_that_ends_during_a_sweep_ends_quietly(
    bucket: Bucket, s3: tuple[Any, int], tmp_path: Path
):
    command = [sys.executable, "-c", _ENDS_DURING_A_SWEEP, f"127.0.0.1:{s3[1]}", str(tmp_path / "local")]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.stdout, ended.stderr, ended.returncode) == ("read\n", "", 0)

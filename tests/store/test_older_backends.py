"""Backends of older libraries: own ones with get, set and has, subclasses, names and arguments."""

import os
import pickle
import time
from datetime import timedelta
from urllib.parse import urlsplit

import pandas as pd
import pytest

import enrich
from enrich import Dash, Input, Output, Serverside, ServersideOutput, ServersideOutputTransform, dcc, html
from enrich.page import Page
from enrich.store import FileSystemBackend, MemoryBackend, Settings, Store
from enrich.store.backends.older import FileSystemStore, redis_url
from enrich.store.backends.own import OwnBackend, adapted

from .conftest import Clock

FRAME = pd.DataFrame({"a": [1, 2], "b": ["x", None]})


class Plain:
    """Only get, set and has; a value that isn't there is None."""

    def __init__(self):
        self.kept = {}

    def get(self, key):
        return pickle.loads(self.kept[key]) if key in self.kept else None

    def set(self, key, value):
        self.kept[key] = pickle.dumps(value)

    def has(self, key):
        return key in self.kept


class Expiring(Plain):
    """As in the last generation: get takes ignore_expired, and the backend has a uid."""

    uid = "expiring"

    def get(self, key, ignore_expired=False):
        assert ignore_expired
        return super().get(key)


class InMemory(enrich.ServersideBackend):
    """Keeps the objects themselves."""

    def __init__(self):
        self.kept = {}

    def get(self, key, ignore_expired=False):
        return self.kept.get(key)

    def set(self, key, value):
        self.kept[key] = value

    def has(self, key):
        return key in self.kept


class Own:
    """An app's own class: no codec carries it."""

    def __init__(self, number):
        self.number = number


class Parquet(enrich.FileSystemBackend):
    """A file per frame, in a format of its own."""

    seen = []

    def set(self, key, value):
        self.seen.append(type(value).__name__)
        value.to_parquet(self.folder.path / f"{key}.parquet")

    def get(self, key, ignore_expired=False):
        path = self.folder.path / f"{key}.parquet"
        return pd.read_parquet(path) if path.exists() else None

    def has(self, key):
        return (self.folder.path / f"{key}.parquet").exists()


class Counting(enrich.FileSystemBackend):
    """Leaves the work to its base."""

    gets = sets = 0

    def get(self, key, ignore_expired=False):
        type(self).gets += 1
        return super().get(key, ignore_expired=ignore_expired)

    def set(self, key, value):
        type(self).sets += 1
        return super().set(key, value)


@pytest.mark.parametrize("make", [Plain, Expiring, lambda: Parquet("p"), lambda: Counting("c")])
def test_an_own_backend_keeps_values_of_the_store(make, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    store = Store(make())
    ref = store.put(FRAME)
    pd.testing.assert_frame_equal(store.get(ref), FRAME)
    pd.testing.assert_frame_equal(store.get(store.open(store.sign(ref, session="s"), session="s")), FRAME)
    assert not store.put(FRAME).new


@pytest.mark.parametrize("value", [None, b"bytes", "text", {"a": [1, None]}])
def test_any_value_of_the_store_passes_through_an_own_backend(value):
    store = Store(Plain())
    assert store.get(store.put(value)) == value


def test_a_subclass_sees_values_as_they_were_returned(tmp_path):
    Parquet.seen = []
    Store(Parquet(tmp_path)).put(FRAME)
    assert Parquet.seen == ["DataFrame"]


@pytest.mark.parametrize("options", [{}, {"allow_pickle": True, "secret": "s" * 32}, {"verify": True}])
@pytest.mark.parametrize("make", [Plain, InMemory])
def test_an_own_backend_takes_objects_of_an_apps_own_class(make, options):
    store = Store(make(), **options)
    first, second = Own(1), {"deep": [Own(2)]}
    refs = [store.put(value) for value in (first, second)]
    assert store.get(refs[0]).number == 1
    assert store.get(store.open(store.sign(refs[1])))["deep"][0].number == 2
    assert store.describe(refs[0]).kind == f"{__name__}.Own"


def test_a_backend_in_memory_gives_the_very_object_back():
    store = Store(InMemory())
    value = Own(1)
    assert store.get(store.put(value)) is value


def test_two_objects_of_an_own_class_never_count_as_one():
    store = Store(InMemory())
    assert store.put(Own(1)).key != store.put(Own(1)).key


def test_an_object_keeps_its_name_session_and_memoized_call():
    store = Store(InMemory())
    store.put(Own(1), name="latest")
    store.put(Own(2), name="latest")
    assert store.get(store.named("latest")).number == 2
    assert store.get(store.put(Own(3), scope="session")).number == 3
    results = [store.compute("key", lambda: Own(4)) for _ in range(2)]
    assert results[0] is results[1]


def test_an_object_is_read_as_a_table_by_nobody():
    store = Store(InMemory())
    ref = store.put(Own(1))
    with pytest.raises(enrich.errors.StoreError, match=r"Own, not a table"):
        store.get(ref, as_type=pd.DataFrame)
    assert isinstance(store.get(ref, as_type=None), Own)


def test_a_subclass_that_leaves_objects_to_its_base_needs_pickle(tmp_path):
    with pytest.raises(enrich.errors.UnstorableValueError, match="allow_pickle"):
        Store(Counting(tmp_path / "a")).put(Own(1))
    store = Store(Counting(tmp_path / "b"), allow_pickle=True, secret="s" * 32)
    assert store.get(store.put(Own(1))).number == 1


def test_what_a_backend_has_lost_is_gone(tmp_path):
    backend = Plain()
    store = Store(backend)
    ref = store.put(FRAME)
    backend.kept.clear()
    assert store.get(ref, default="gone") == "gone"


def test_a_subclass_that_overrides_nothing_stays_as_it_is(tmp_path):
    backend = enrich.FileSystemBackend(tmp_path)
    assert adapted(backend) is backend
    assert isinstance(adapted(Plain()), OwnBackend)
    memory = MemoryBackend()
    assert adapted(memory) is memory


def test_the_methods_of_older_libraries_work(tmp_path):
    backend = enrich.FileSystemBackend(str(tmp_path), threshold=10, default_timeout=3600)
    backend.set("any key/of mine", FRAME)
    pd.testing.assert_frame_equal(backend.get("any key/of mine", ignore_expired=True), FRAME)
    assert (backend.has("any key/of mine"), backend.has("other"), backend.get("other")) == (True, False, None)


@pytest.mark.parametrize("key", ["mine", "../any/key of mine", "0123456789abcdef" * 2])
def test_a_value_of_an_apps_own_key_can_be_dropped(key, tmp_path):
    backend = enrich.FileSystemBackend(str(tmp_path / "values"))
    backend.set(key, FRAME)
    assert (backend.delete(key), backend.has(key), backend.delete(key)) == (True, False, False)


def test_an_own_backend_that_leaves_the_work_to_its_base_drops_what_the_store_drops(tmp_path):
    store = Store(Counting(tmp_path))
    ref = store.put(FRAME)
    store.delete(ref)
    assert store.get(ref, default="gone") == "gone"


def test_a_key_that_is_no_entrys_reaches_no_file_outside(tmp_path):
    outside = tmp_path / "outside"
    outside.write_text("stays")
    assert not enrich.FileSystemBackend(str(tmp_path / "values")).delete("../../../outside")
    assert outside.exists()


def test_the_other_methods_of_a_cache_work(tmp_path):
    backend = enrich.FileSystemBackend(str(tmp_path))
    assert (backend.add("a", 1, timeout=60), backend.add("a", 2)) == (True, False)
    assert backend.set_many({"b": 2, "c": 3}, timeout=60) == ["b", "c"]
    assert backend.get_many("a", "c", "x") == [1, 3, None]
    assert backend.get_dict("a", "x") == {"a": 1, "x": None}
    assert (backend.inc("a"), backend.inc("new", 5), backend.dec("a", 3), backend.dec("newer")) == (
        2,
        5,
        -1,
        -1,
    )
    assert backend.delete_many("a", "x") == ["a", "x"]
    assert (backend.has("a"), backend.has("b"), backend.clear(), backend.has("b")) == (
        False,
        True,
        True,
        False,
    )


DAY = 86_400
YEARS = 20 * 365 * DAY


@pytest.mark.parametrize(
    ("default_timeout", "ttl", "lived"),
    [
        (None, DAY, DAY),
        (7 * DAY, DAY, 7 * DAY),
        (timedelta(days=7), DAY, 7 * DAY),
        (0, DAY, YEARS),
        (300, DAY, DAY),
        (7 * DAY, 30 * DAY, 30 * DAY),
    ],
)
def test_a_file_lives_as_long_as_the_longer_of_ttl_and_default_timeout(default_timeout, ttl, lived, tmp_path):
    clock = Clock()
    backend = enrich.FileSystemBackend(tmp_path, default_timeout=default_timeout)
    store = Store(pickle.loads(pickle.dumps(backend)), ttl=ttl, clock=clock)
    ref = store.put("there")
    clock.now += lived - 1
    store.sweep()
    assert store.get(ref, default="gone") == "there"
    clock.now += lived + 121
    assert store.get(ref, default="gone") == ("there" if lived == YEARS else "gone")


@pytest.mark.parametrize("default_timeout", [-1, "a day", float("nan"), float("inf")])
@pytest.mark.parametrize("make", [enrich.FileSystemBackend, enrich.RedisBackend])
def test_a_default_timeout_that_is_no_time_is_refused(make, default_timeout):
    with pytest.raises(enrich.StoreConfigError, match="default_timeout=.*0 for values that never expire"):
        make(default_timeout=default_timeout)


def test_a_folder_that_is_used_as_a_cache_keeps_its_default_timeout(tmp_path):
    backend = enrich.FileSystemBackend(tmp_path, default_timeout=7 * DAY)
    backend.set("key", 1)
    for path in tmp_path.rglob("*"):
        os.utime(path, (time.time() - 2 * DAY,) * 2)
    assert backend.get("key") == 1


@pytest.mark.server
@pytest.mark.parametrize(
    ("arguments", "lives"),
    [
        ({}, 3 * DAY),
        ({"default_timeout": 7 * DAY}, 7 * DAY),
        ({"default_timeout": timedelta(hours=1)}, 3600),
        ({"url": 3600}, 3600),
    ],
)
def test_a_value_in_redis_lives_as_long_as_its_default_timeout_says(
    arguments, lives, redis_url, redis_client
):
    arguments = {"port": urlsplit(redis_url).port, "local": False} | arguments
    store = Store(enrich.RedisBackend(**arguments), ttl=3 * DAY)
    ref = store.put(FRAME)
    key = next(redis_client.scan_iter(match=f"*{ref.key}"))
    assert lives - 60 < redis_client.ttl(key) <= lives
    redis_client.expire(key, 5)
    store.get(ref)
    assert lives - 60 < redis_client.ttl(key) <= lives


@pytest.mark.server
def test_a_default_timeout_of_0_keeps_a_value_in_redis_for_ever(redis_url, redis_client):
    store = Store(enrich.RedisBackend(redis_url, default_timeout=0, local=False))
    ref = store.put(FRAME)
    assert redis_client.ttl(next(redis_client.scan_iter(match=f"*{ref.key}"))) > YEARS
    assert store.get(ref) is not None


@pytest.mark.parametrize("name", ["FileSystemStore", "FileSystemCache", "FileSystemBackend"])
def test_the_names_of_every_generation_are_one(name):
    assert getattr(enrich, name) is FileSystemStore


@pytest.mark.parametrize(
    ("arguments", "url"),
    [
        ({}, "redis://localhost:6379/0"),
        ({"host": "cache", "port": 6380, "db": 2}, "redis://cache:6380/2"),
        ({"host": "cache", "password": "p@ss/word"}, "redis://:p%40ss%2Fword@cache:6379/0"),
    ],
)
def test_the_arguments_of_older_libraries_name_a_redis_server(arguments, url):
    assert redis_url(**arguments) == url


def test_redis_is_built_by_the_arguments_of_every_generation():
    pytest.importorskip("redis")
    assert enrich.RedisBackend(3600, host="cache").where == "redis://cache:6379/0"
    assert enrich.RedisStore("redis://other:1/0").where == "redis://other:1/0"
    assert (
        enrich.RedisCache(host="cache", default_timeout=10, key_prefix="mine").where == "redis://cache:6379/0"
    )


@pytest.mark.parametrize(
    ("arguments", "where", "used"),
    [
        ({"ssl": True}, "rediss://cache:6379/0", {}),
        ({"ssl": True, "ssl_cert_reqs": "none"}, "rediss://cache:6379/0", {"ssl_cert_reqs": "none"}),
        ({"ssl": False, "ssl_cert_reqs": "none"}, "redis://cache:6379/0", {}),
        ({"socket_timeout": 2}, "redis://cache:6379/0", {"socket_timeout": 2}),
        ({"socket_timeout": None}, "redis://cache:6379/0", {"socket_timeout": 5.0}),
        ({"max_connections": 7, "client_name": "app"}, "redis://cache:6379/0", {"client_name": "app"}),
        ({"ignore_delete_many_errors": False}, "redis://cache:6379/0", {}),
    ],
)
def test_redis_takes_the_arguments_of_its_client(arguments, where, used):
    pytest.importorskip("redis")
    backend = enrich.RedisBackend(host="cache", **arguments)
    for one in (backend, pickle.loads(pickle.dumps(backend))):
        assert one.where == where
        assert type(one) is enrich.RedisBackend
        assert used.items() <= one._client.connection_pool.connection_kwargs.items()


def test_sentinels_get_the_arguments_of_connections_but_not_their_service_s_login():
    pytest.importorskip("redis")
    backend = enrich.RedisBackend(
        "redis+sentinel://cache:1/mine", socket_keepalive=True, client_name="app", timeout=2
    )
    pool = backend._client.connection_pool
    (sentinel,) = pool.sentinel_manager.sentinels
    theirs = sentinel.connection_pool.connection_kwargs
    for used in (pool.connection_kwargs, theirs):
        assert (used["socket_keepalive"], used["socket_timeout"]) == (True, 2)
        assert len(used["retry_on_error"]) == 2
    assert (pool.connection_kwargs["client_name"], theirs["client_name"]) == ("app", None)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"host": object()}, r"RedisBackend\(host=<object.*write its address.*RedisBackend\('redis://"),
        ({"url": object()}, r"RedisBackend\(url=<object.*write its address"),
        ({"host": "cache", "key_prefix": lambda: "mine"}, r"RedisBackend\(key_prefix=<function"),
        ({"host": "cache", "prefx": "mine"}, "unexpected keyword argument 'prefx'.*It takes url, prefix"),
        ({"url": "redis://cache:1/0", "ssl": True}, "argument 'ssl'.*rediss://"),
        ({"host": "cache", "decode_responses": True}, "decode_responses=True.*Leave it out"),
        ({"host": "cache", "health_check_interval": 30}, "health_check_interval=30.*Leave it out"),
        ({"host": "cache", "retry_on_timeout": True}, "retry_on_timeout=True.*Leave it out"),
        ({"host": "cache", "socket_connect_timeout": -1}, "socket_connect_timeout=-1.*positive"),
        ({"host": "cache", "max_connections": "7"}, "can't use the value of something in max_connections="),
        ({"url": "redis+cluster://cache:1", "prefx": "mine"}, "unexpected keyword argument 'prefx'"),
        ({"url": "redis+sentinel://cache/mine", "prefx": "mine"}, "unexpected keyword argument 'prefx'"),
        ({"url": "redis+sentinel://cache"}, "a sentinel URL ends with its service"),
    ],
)
def test_redis_says_what_to_write_in_place_of_what_it_can_not_take(arguments, text):
    pytest.importorskip("redis")
    with pytest.raises(enrich.StoreConfigError, match=text):
        enrich.RedisBackend(**arguments)


@pytest.mark.server
def test_redis_says_at_once_that_it_is_not_there_when_asked_to():
    pytest.importorskip("redis")
    with pytest.raises(enrich.errors.StoreUnavailableError, match="refuses the connection"):
        enrich.RedisBackend(port=1, check_connection=True)


@pytest.mark.server
def test_the_methods_of_older_libraries_work_with_redis(redis_url, tmp_path):
    one, two = (
        enrich.RedisBackend(
            redis_url, check_connection=True, local=FileSystemBackend(tmp_path / name)
        ).with_settings(Settings())
        for name in "ab"
    )
    assert (one.get("mine"), one.has("mine"), one.set("mine", FRAME)) == (None, False, True)
    pd.testing.assert_frame_equal(two.get("mine", ignore_expired=True), FRAME)
    two.set("mine", "anew")
    assert (one.get("mine"), one.has("mine"), one.inc("n"), two.inc("n")) == ("anew", True, 1, 2)
    assert (one.delete("mine"), two.has("mine"), two.delete("mine")) == (True, False, False)


@pytest.mark.server
def test_an_output_may_name_redis_by_its_uid(redis_url):
    own = enrich.RedisBackend(redis_url, local=False)
    app = Dash("uid", transforms=[ServersideOutputTransform([MemoryBackend(), own])])
    app.layout = html.Div([html.Button(id="go"), dcc.Store(id="s")])

    @app.callback(Output("s", "data"), Input("go", "n_clicks"), prevent_initial_call=True)
    def first(_):
        return Serverside(FRAME, backend=own.uid)

    Page(app).act({"go.n_clicks": 1})
    assert len(list(own.entries())) == 1


@pytest.mark.server
def test_a_subclass_of_redis_sees_values_as_they_were_returned_and_keeps_records_for_all_hosts(redis_url):
    seen = []

    class Noting(enrich.RedisBackend):
        def set(self, key, value):
            seen.append(type(value).__name__)
            return super().set(key, value)

    store = Store(Noting(redis_url, local=False))
    ref = store.put(FRAME, name="latest")
    pd.testing.assert_frame_equal(store.get(ref), FRAME)
    assert (seen, store.backend.reach) == (["DataFrame"], "hosts")
    store.delete(ref)
    assert store.get(ref, default="gone") == "gone"


class Held(InMemory):
    """Another class, so another uid."""


def files(folder, **settings):
    return enrich.FileSystemBackend(folder, **settings)


@pytest.mark.parametrize(
    ("listed", "default", "meant"),
    [
        (lambda: [files("x1"), files("y1")], None, lambda: files("y1")),
        (lambda: [files("x1"), files("y1")], None, lambda: files("./y1")),
        (lambda: [files("x1"), files("y1")], None, lambda: "FileSystemBackend:y1"),
        (lambda: [files("x1"), files("y1")], None, lambda: files("y1").uid),
        (lambda: [files("y1"), files("x1")], lambda: files("x1"), lambda: "FileSystemBackend:y1"),
        (lambda: [files("y1"), files("x1")], lambda: "FileSystemBackend:x1", lambda: files("y1")),
        (lambda: [files("x1"), files("y1", name="mine")], None, lambda: files("y1", name="mine").uid),
        (lambda: [files("x1"), files("y1", name="mine")], None, lambda: files("y1", name="mine")),
        (lambda: {"one": files("x1"), "two": files("y1")}, lambda: files("x1"), lambda: files("y1")),
        (lambda: [files("x1"), Counting("y1")], None, lambda: "Counting:y1"),
        (lambda: [files("x1"), Counting("y1")], None, lambda: Counting("y1")),
        (lambda: [InMemory(), Held()], InMemory, Held),
        (lambda: [InMemory(), Held()], lambda: "InMemory", lambda: "Held"),
    ],
)
def test_whoever_has_a_backends_uid_means_that_backend(listed, default, meant, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    backends = listed()
    default = default and default()
    app = Dash("uids", transforms=[ServersideOutputTransform(backends, default)])
    assert [name for name, _ in app.store.opened()].count(app.store.backend.name) == 1
    ref = app.store.put(FRAME, backend=meant())
    found = app.store.backend_named(meant())
    assert found is not app.store.backend
    assert found is app.store.backend_named(ref.store)
    assert str(tmp_path) not in ref.store


def test_the_listed_backends_settings_count_where_another_object_is_the_default(tmp_path):
    listed = files(tmp_path, max_bytes=123_456)
    app = Dash("listed", transforms=[ServersideOutputTransform([listed], files(tmp_path))])
    assert app.store.backend.limit == 123_456


def test_redis_may_be_named_as_older_libraries_name_it():
    pytest.importorskip("redis")
    backends = [MemoryBackend(), enrich.RedisBackend(host="cache")]
    store = Store(backends[0], backends[1:])
    for meant in ("RedisBackend", "redis", enrich.RedisBackend(host="cache")):
        assert store.backend_named(meant).where == "redis://cache:6379/0"
    with pytest.raises(
        enrich.StoreConfigError,
        match=r"no backend RedisStore 'redis' at redis://other:6379/0; what it calls so is another at "
        r"redis://cache:6379/0. Use that object, or add this one to backends= with a name= of its own",
    ):
        store.backend_named(enrich.RedisBackend(host="other"))


def test_two_prefixes_on_one_server_are_two_places():
    pytest.importorskip("redis")
    one, two = (enrich.RedisBackend(host="cache", key_prefix=prefix) for prefix in "ab")
    with pytest.raises(enrich.StoreConfigError, match="Two backends are called 'redis'"):
        ServersideOutputTransform([one, two])


def test_two_backends_of_one_name_at_different_places_are_refused(tmp_path):
    one, two = files(tmp_path / "a" / "x"), files(tmp_path / "b" / "x")
    with pytest.raises(enrich.StoreConfigError, match="Two backends are called 'files:x'"):
        Store(one, [two])
    with pytest.raises(enrich.StoreConfigError, match="no backend FileSystemStore 'files:x' at .*b.*at .*a"):
        Store(one).backend_named(two)
    with pytest.raises(enrich.StoreConfigError, match="Two backends are called 'InMemory'"):
        Store(MemoryBackend(), [InMemory(), InMemory()])
    with pytest.raises(enrich.StoreConfigError, match="Two backends are called 'InMemory'"):
        ServersideOutputTransform([InMemory(), InMemory()])
    with pytest.raises(enrich.StoreConfigError, match="no backend MemoryBackend 'memory'; what it calls so"):
        Store(MemoryBackend()).backend_named(MemoryBackend())


@pytest.mark.parametrize("positional", [False, True])
def test_an_app_of_an_older_generation_runs_on_its_own_backend(positional, tmp_path):
    own = Parquet(tmp_path)
    transform = (
        ServersideOutputTransform([own], own) if positional else ServersideOutputTransform(backend=own)
    )
    app = Dash("older", transforms=[transform])
    app.layout = html.Div([html.Button(id="go"), dcc.Store(id="s"), dcc.Store(id="t"), html.Div(id="log")])

    @app.callback(
        ServersideOutput("s", "data", backend=own), Input("go", "n_clicks"), prevent_initial_call=True
    )
    def first(_):
        return FRAME

    @app.callback(Output("t", "data"), Input("s", "data"), prevent_initial_call=True)
    def second(frame):
        return Serverside(frame.assign(c=1), backend=own)

    @app.callback(Output("log", "children"), Input("t", "data"), prevent_initial_call=True)
    def third(frame):
        return list(frame.columns)

    page = Page(app)
    page.act({"go.n_clicks": 1})
    assert page["log.children"] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (lambda b: ((b,), {}), ([True, True])),
        (lambda b: ((b, False, False), {}), ([False, False])),
        (lambda b: ((), {"backend": b, "session_check": False}), ([False, True])),
        (lambda b: (([b], b), {}), ([True, True])),
        (lambda b: ((), {"backends": [b], "default_backend": b}), ([True, True])),
    ],
)
def test_the_transform_takes_the_arguments_of_every_generation(arguments, expected):
    backend = Plain()
    args, kwargs = arguments(backend)
    app = Dash("generations", transforms=[ServersideOutputTransform(*args, **kwargs)])
    transform = next(t for t in app.transforms if isinstance(t, ServersideOutputTransform))
    assert [transform.session_check, transform.arg_check] == expected
    app.store.put(FRAME)
    assert len(backend.kept) == 1


def test_the_output_takes_the_arguments_of_every_generation():
    backend = Plain()
    first = ServersideOutput("s", "data", backend, False, False)
    later = ServersideOutput("s", "data", True)
    assert (first.backend, first.session_check, first.arg_check) == (backend, False, False)
    assert (later.backend, later.allow_duplicate) == (None, True)
    assert enrich.EnrichedOutput("s", "data", backend).backend is backend
    assert enrich.EnrichedOutput("s", "data", True, backend).allow_duplicate is True

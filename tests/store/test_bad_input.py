"""What can't be meant is refused, at build or at the call, and the error says what would do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cachelib
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from flask_caching import Cache

from enrich import FileSystemStore
from enrich.errors import StoreConfigError, UnknownColumnError
from enrich.store import ExactCache, FileSystemBackend, MemoryBackend, Store, make_memoize_key


@pytest.mark.parametrize(
    "bad",
    [{"max_bytes": -1}, {"max_bytes": 0}, {"ttl": -5}, {"ttl": None}, {"session_quota": 0}, {"max_bytes": "1"}, {"ttl": True}],
)  # fmt: skip
def test_impossible_limits_are_refused_at_build(bad: dict[str, object]):
    with pytest.raises(StoreConfigError, match=next(iter(bad))):
        Store(MemoryBackend(), **bad)


@pytest.mark.parametrize("kind", [FileSystemBackend, FileSystemStore])
@pytest.mark.parametrize("path", ["", 5, b"values", "a\0b", "~nobody-of-this-name/values", ["values"]])
def test_what_is_no_path_of_a_folder_is_refused(tmp_path: Path, monkeypatch, kind: Any, path: Any):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StoreConfigError, match=r"FileSystemBackend\(.*the path of a folder"):
        kind(path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("size", [-1, 0, "1G", True, float("nan"), float("inf")])
def test_impossible_sizes_of_a_backend_are_refused(tmp_path: Path, size: Any):
    for make in (FileSystemBackend, MemoryBackend):
        with pytest.raises(StoreConfigError, match=f"{make.__name__}.max_bytes="):
            make(**({"cache_dir": tmp_path} if make is FileSystemBackend else {}), max_bytes=size)
    for setting in ("max_bytes", "ttl", "session_quota"):
        with pytest.raises(StoreConfigError, match=setting):
            Store(MemoryBackend(), **{setting: size})


@pytest.mark.parametrize("name", ["", 1, None])
def test_a_backend_without_a_name_is_refused(name: Any):
    with pytest.raises(StoreConfigError, match="name is some text"):
        Store(MemoryBackend(), {name: MemoryBackend(name="other")})


def test_a_backend_with_an_empty_name_is_refused():
    # It would be taken for the default one.
    with pytest.raises(StoreConfigError, match="name is some text"):
        Store(MemoryBackend(), [MemoryBackend(name="")])


@pytest.mark.parametrize("name", ["", 5, "\ud800"])
def test_a_name_that_is_no_text_is_refused(name: Any):
    with pytest.raises(StoreConfigError, match="name can't be"):
        Store(MemoryBackend()).put(1, name=name)


@pytest.mark.parametrize("session", [5, b"one", ("a",)])
def test_a_session_that_is_no_text_is_refused(session: Any):
    store = Store(MemoryBackend(), session_quota=1000)
    ref = store.put(1)
    token = store.sign(ref, session="one")
    for use in (
        lambda: store.put(2, scope=session),
        lambda: store.put(2, payer=session),
        lambda: store.sign(ref, session=session),
        lambda: store.open(token, session=session),
    ):
        with pytest.raises(StoreConfigError, match="named by a text, not by"):
            use()


def test_a_session_may_be_any_text():
    store = Store(MemoryBackend(), session_quota=1000)
    for session in ("", "\ud800", "é" * 500):
        token = store.sign(store.put(1, scope=session), session=session)
        assert store.get(store.open(token, session=session)) == 1


@pytest.mark.parametrize("key", [5, None, "../../etc/passwd", ""])
def test_what_is_no_key_is_refused(key: Any):
    with pytest.raises(StoreConfigError, match="is not a key"):
        Store(MemoryBackend()).get(key)


TABLES = {
    "pandas": pd.DataFrame({"a": [1], "b": [2], "ab": [3]}),
    "pyarrow": pa.table({"a": [1], "b": [2], "ab": [3]}),
    "polars": pl.DataFrame({"a": [1], "b": [2], "ab": [3]}),
}


@pytest.mark.parametrize("table", TABLES)
def test_a_text_is_no_list_of_columns(table: str):
    store = Store(MemoryBackend())
    ref = store.put(TABLES[table])
    with pytest.raises(StoreConfigError, match=r"columns=\['ab'\]"):
        store.get(ref, columns="ab")


@pytest.mark.parametrize("as_type", [None, pd.DataFrame, pa.Table])
@pytest.mark.parametrize(
    "value", [pd.Series([1], name="a"), pd.Index([1], name="a")], ids=["series", "index"]
)
def test_columns_that_a_series_or_an_index_lacks_are_unknown(value: Any, as_type: Any):
    store = Store(MemoryBackend())
    ref = store.put(value)
    assert len(store.get(ref, as_type=as_type, columns=["a"])) == 1
    with pytest.raises(UnknownColumnError, match="'zz'"):
        store.get(ref, as_type=as_type, columns=["zz"])


def test_two_backends_of_one_name_are_refused(tmp_path: Path):
    with pytest.raises(StoreConfigError, match="Two backends are called 'files'"):
        Store(FileSystemBackend(tmp_path / "a"), [FileSystemBackend(tmp_path / "b")])


def test_an_unknown_backend_is_refused_with_those_there_are(tmp_path: Path):
    store = Store(MemoryBackend(), {"big": FileSystemBackend(tmp_path)})
    with pytest.raises(StoreConfigError, match="'memory', 'big'"):
        store.put(1, backend="bigger")
    with pytest.raises(StoreConfigError, match="'memory', 'big'"):
        store.put(1, backend=MemoryBackend(name="elsewhere"))
    assert store.get(store.put(1, backend="big")) == 1
    assert (tmp_path / "entries").exists()


@pytest.mark.parametrize("nonsense", [object(), FileSystemBackend, "files", 5])
def test_what_is_no_backend_is_refused(nonsense: object):
    with pytest.raises(StoreConfigError, match="can't be a backend"):
        Store(nonsense)


@pytest.mark.parametrize("kind", [cachelib.SimpleCache, cachelib.FileSystemCache, Cache, ExactCache])
def test_a_bare_cache_is_no_backend_since_it_would_unpickle_what_anybody_put_there(kind: Any, tmp_path: Path):
    cache = kind(str(tmp_path)) if kind is cachelib.FileSystemCache else kind()
    with pytest.raises(StoreConfigError, match=r"is a cache, .* Put FlaskCachingBackend\(cache\) around it"):
        Store(cache)
    with pytest.raises(StoreConfigError, match=r"Put FlaskCachingBackend\(cache\) around it"):
        Store(MemoryBackend(), {"cache": cache})


@pytest.mark.parametrize("key", [("a", 1), 5, {"a": 1}])
def test_a_memoized_result_is_kept_under_a_text_and_the_error_says_how_to_make_one(key: Any):
    store, runs = Store(MemoryBackend()), []
    for call in (lambda: store.compute(key, lambda: runs.append(1)), lambda: store.forget(key)):
        with pytest.raises(
            StoreConfigError, match=r"The key .* is no text. make_memoize_key\('load', \*values\)"
        ):
            call()
    with pytest.raises(StoreConfigError, match="The group 5 of a memoized result"):
        store.compute("key", lambda: runs.append(1), group=5)
    assert runs == []
    assert store.compute(make_memoize_key("load", key), lambda: 1) == 1
    assert store.compute("\ud800", lambda: 2) == 2

"""The store as an app uses it, without Dash."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from enrich.errors import (
    HandleExpired,
    StoreError,
    UnknownColumnError,
    UnstorableValueError,
)
from enrich.store import MISSING, Columns, FileSystemBackend, MemoryBackend, Ref, ServersideRef, Store, codecs


@pytest.fixture(params=["files", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return Store(FileSystemBackend(tmp_path) if request.param == "files" else MemoryBackend(), verify=True)


def frame() -> pd.DataFrame:
    return pd.DataFrame({"a": range(1000), "b": "text", "c": 0.5}, index=pd.RangeIndex(0, 2000, 2, name="i"))


@pytest.mark.parametrize(
    "value", [None, False, 0, "", [], {}, (), b"", MISSING is None, frame(), np.arange(5)]
)
def test_what_was_put_comes_back(store: Store, value: Any):
    after = store.get(store.put(value))
    assert type(after) is type(value)
    if isinstance(value, pd.DataFrame):
        pd.testing.assert_frame_equal(after, value, check_exact=True)
    else:
        assert np.array_equal(after, value)


def test_an_equal_value_keeps_its_key_and_is_not_written_again(store: Store):
    first, second = store.put(frame()), store.put(frame())
    assert (first.key, first.new, second.key, second.new) == (second.key, True, first.key, False)
    assert store.put(frame() + frame().select_dtypes("number")).key != first.key


def test_a_ref_says_what_was_stored(store: Store):
    ref = store.put(frame(), scope="s", producer="callback 'f'")
    assert ref.kind == "pandas.DataFrame"
    assert ref.nbytes is not None
    assert ref.nbytes > 16_000
    assert ref.key.startswith(str(ref.scope))


def test_none_is_a_value_and_missing_is_not(store: Store):
    ref = store.put(None)
    assert store.get(ref, default=MISSING) is None
    store.delete(ref)
    assert store.get(ref, default=MISSING) is MISSING
    assert store.get(ref, default=5) == 5
    with pytest.raises(HandleExpired):
        store.get(ref)


def test_a_reader_s_changes_are_its_own(store: Store):
    ref = store.put(frame())
    found = store.get(ref)
    found.loc[:, "a"] = -1
    found["new"] = 1
    pd.testing.assert_frame_equal(store.get(ref), frame(), check_exact=True)


def test_a_table_is_read_in_the_form_asked_for(store: Store):
    ref = store.put(frame())
    assert isinstance(store.get(ref, as_type=pa.Table), pa.Table)
    assert list(store.get(ref, columns=["c", "a"]).columns) == ["c", "a"]
    with pytest.raises(UnknownColumnError, match="'c'"):
        store.get(ref, columns=["z"])


def test_a_lazy_reference_reads_the_head_only(store: Store, monkeypatch):
    ref = store.put(frame())
    lazy = store.lazy(ref)
    monkeypatch.setattr(codecs, "decode", None)
    assert isinstance(lazy, ServersideRef)
    assert (lazy.rows, lazy.kind, lazy.key, lazy.nbytes) == (1000, "pandas.DataFrame", ref.key, ref.nbytes)
    assert {"a", "b", "c"} <= set(lazy.schema.names)
    monkeypatch.undo()
    pd.testing.assert_frame_equal(lazy.load(), frame())
    assert list(lazy.load(columns=["a"]).columns) == ["a"]
    assert lazy.load(as_type=pa.Table).num_rows == 1000


def test_a_lazy_reference_to_what_is_gone_says_so(store: Store):
    ref = store.put(5)
    store.delete(ref)
    with pytest.raises(HandleExpired):
        _ = store.lazy(ref).kind


def test_columns_are_a_marker_that_compares_by_value():
    assert Columns("a", "b") == Columns("a", "b")
    assert Columns("a", "b").names == ("a", "b")
    assert hash(Columns("a")) == hash(Columns("a"))


def test_a_name_that_was_never_stored_is_not_called_gone_and_the_app_is_named(store: Store):
    store.put("value", name="prices")
    other = Store(MemoryBackend(), app="shop")
    for asked, app, name in ((store, store.app, "prcies"), (other, "shop", "prices")):
        with pytest.raises(HandleExpired) as caught:
            asked.named(name)
        assert f"No value of app {app!r} has the name {name!r}. Nothing was stored under it" in str(
            caught.value
        )
        assert "app.store.app tells" in str(caught.value)


def test_a_name_whose_value_is_gone_is_called_gone_where_a_token_shows_that_it_was_stored(store: Store):
    token = store.sign(store.put("value", name="prices"))
    store.clear()
    with pytest.raises(HandleExpired, match="The value named 'prices' is gone"):
        store.get(store.open(token))


def test_what_another_process_may_hold_in_its_memory_is_said_to_be_kept_there(store: Store):
    of_a_worker = store.put("value", producer="callback 'f'")
    store.clear()
    for ask in (lambda: store.get(of_a_worker), lambda: store.named("prices")):
        with pytest.raises(HandleExpired) as caught:
            ask()
        in_memory = "store 'memory' keeps what each process stores in that process" in str(caught.value)
        assert in_memory == isinstance(store.backend, MemoryBackend)


def test_a_name_is_overwritten_and_deleted(store: Store):
    assert [store.get(store.put(number, name="n")) for number in range(3)] == [0, 1, 2]
    ref = store.named("n")
    assert (store.get(ref), ref.name) == (2, "n")
    assert store.delete(ref)
    with pytest.raises(HandleExpired, match="'n'"):
        store.named("n")


def test_an_unstorable_value_says_what_would_help(store: Store):
    with pytest.raises(UnstorableValueError):
        store.put({"a": [object()]})


@pytest.mark.parametrize("make", [
    lambda pl: pd.Series([1, None], name="s"), lambda pl: pd.Index([1, 2]), lambda pl: pa.table({"a": [1]}),
    lambda pl: pa.table({"a": [1.5, float("nan")], "b": [[1], None]}).slice(1),
    lambda pl: pl.DataFrame({"a": [1, None]}), lambda pl: pl.LazyFrame({"a": [1]}), lambda pl: {"f": frame(), "n": [1.5]},
])  # fmt: skip
def test_verify_compares_values_of_all_libraries(tmp_path: Path, make: Any):
    store = Store(MemoryBackend(), verify=True)
    assert store.put(make(pytest.importorskip("polars"))).new


def test_verify_finds_a_codec_that_changes_a_value(tmp_path: Path, monkeypatch):
    store = Store(MemoryBackend(), verify=True)
    monkeypatch.setattr(codecs, "decode", lambda buffer, **_: [1, 2, 3.0])
    with pytest.raises(StoreError, match="came back different"):
        store.put([1, 2, 3])


@pytest.mark.parametrize("value", [
    np.zeros(1, np.dtype((np.record, [("a", "i4")]))), np.zeros(1, np.dtype([("a", "i1"), ("b", "i4")], align=True)),
], ids=["records", "aligned"])  # fmt: skip
def test_verify_looks_at_what_equal_dtypes_differ_in(monkeypatch, value: Any):
    store = Store(MemoryBackend(), verify=True)
    dtype = value.dtype
    plain = np.dtype({"names": dtype.names, "formats": [dtype[name] for name in dtype.names],
                      "offsets": [dtype.fields[name][1] for name in dtype.names], "itemsize": dtype.itemsize})  # fmt: skip
    assert plain == dtype
    monkeypatch.setattr(codecs, "decode", lambda buffer, **_: value.view(plain))
    with pytest.raises(StoreError, match="came back different"):
        store.put(value)


def test_info_counts(store: Store):
    assert store.info().entries == 0
    ref = store.put(frame())
    store.put([1])
    store.get(ref)
    store.get(Ref("0" * 32), default=None)
    info = store.info()
    assert (info.entries, info.hits, info.misses, info.evictions) == (2, 3, 1, 0)  # verify=True read twice
    assert info.nbytes > 16_000
    assert info.oldest is not None
    store.clear()
    assert store.info().entries == 0


def test_a_cleared_store_still_knows_its_handles(store: Store):
    token = store.sign(store.put(1, producer="callback 'f'"))
    store.clear()
    with pytest.raises(HandleExpired, match="callback 'f'"):
        store.get(store.open(token))


def test_who_opens_a_cleared_folder_knows_the_handles_of_before(tmp_path: Path):
    token = Store(FileSystemBackend(tmp_path)).sign(Store(FileSystemBackend(tmp_path)).put(1))
    Store(FileSystemBackend(tmp_path)).clear()
    store = Store(FileSystemBackend(tmp_path))
    with pytest.raises(HandleExpired):
        store.get(store.open(token))


def test_a_key_of_an_entry_opens_in_any_arrow_tool(tmp_path: Path):
    store = Store(FileSystemBackend(tmp_path))
    path = store.backend.path(store.put(frame()).key)
    with pa.memory_map(str(path)) as source:
        assert pa.ipc.open_file(source).read_all()["a"].to_pylist()[:3] == [0, 1, 2]

"""Who can read, and what is never executed."""

from __future__ import annotations

import io
import os
import pickle
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cachelib import BaseCache, SimpleCache

from enrich.errors import HandleInvalid, StoreConfigError, StoreError, UnstorableValueError
from enrich.store import MISSING, FileSystemBackend, FlaskCachingBackend, MemoryBackend, RedisBackend, Store
from enrich.store.keys import content_key, is_genuine
from enrich.store.secrets import Secrets
from enrich.store.signing import PickleGuard
from enrich.testing import key_of


class Custom:
    """No codec carries it."""

    def __init__(self, number: int) -> None:
        self.number = number


class Bomb:
    """Leaves a mark where it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.mark),)


def numpy_bomb(mark: Path) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.array([Bomb(mark)], dtype=object), allow_pickle=True)
    return buffer.getvalue()


# --- modes --------------------------------------------------------------------------------------


def test_folders_are_0700_and_files_0600_whatever_the_umask(tmp_path: Path):
    before = os.umask(0o000)
    try:
        store = Store(FileSystemBackend(tmp_path / "deep" / "values"))
        store.put({"a": 1}, scope="s", producer="callback 'f'")
        store.put("x", name="n")
        store.compute("key", lambda: 1)
        store.sweep()
    finally:
        os.umask(before)
    paths = [tmp_path / "deep" / "values", *(tmp_path / "deep" / "values").rglob("*")]
    assert len(paths) > 10
    for path in paths:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_a_folder_shared_with_a_group_on_purpose_stays_shared(tmp_path: Path):
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o770)
    store = Store(FileSystemBackend(shared))
    path = store.backend.path(store.put(1).key)
    assert stat.S_IMODE(path.stat().st_mode) == 0o660
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o770
    assert not store.backend.private


# --- keys ---------------------------------------------------------------------------------------


def test_sessions_don_t_share_files_and_shared_keys_can_t_be_computed_outside():
    one, other = Secrets(("the first secret",)), Secrets(("another secret",))
    store = Store(MemoryBackend(), secret="the first secret")
    assert store.put([1], scope="a").key != store.put([1], scope="b").key
    assert store.put([1], scope="a").key[-32:] == store.put([1], scope="b").key[-32:]
    assert content_key([b"value"], "", one) != content_key([b"value"], "", other)
    assert is_genuine(content_key([b"value"], "", one), [b"value"], Secrets((*other.texts, *one.texts)))
    assert not is_genuine(content_key([b"value"], "", one), [b"value!"], one)


def test_equal_values_are_stored_once_per_scope(tmp_path: Path):
    store = Store(FileSystemBackend(tmp_path))
    refs = [store.put({"a": [1, 2]}, scope=scope) for scope in ("one", "one", "two", None, None)]
    assert [ref.new for ref in refs] == [True, False, True, True, False]
    assert store.info().entries == 3


# --- pickle -------------------------------------------------------------------------------------


def test_nothing_is_pickled_unless_asked_for(tmp_path: Path):
    store = Store(FileSystemBackend(tmp_path))
    with pytest.raises(UnstorableValueError, match="allow_pickle"):
        store.put(Custom(1))


def test_a_signed_pickle_comes_back(tmp_path: Path):
    store = Store(FileSystemBackend(tmp_path), allow_pickle=True)
    assert store.get(store.put({"deep": [Custom(5)]}))["deep"][0].number == 5
    # Another worker shares the secret of the folder.
    assert Store(FileSystemBackend(tmp_path), allow_pickle=True).get(store.put(Custom(6))).number == 6


def test_a_pickle_signed_by_a_stranger_is_not_executed(tmp_path: Path):
    stranger = Store(FileSystemBackend(tmp_path / "a"), allow_pickle=True, secret="of a stranger")
    ours = Store(FileSystemBackend(tmp_path / "b"), allow_pickle=True, secret="the right secret")
    mark = tmp_path / "ran"
    ref = stranger.put(Bomb(mark), scope="s")
    planted = ours.backend.path(ref.key)
    planted.parent.mkdir(parents=True)
    planted.write_bytes(stranger.backend.path(ref.key).read_bytes())
    with pytest.raises(HandleInvalid, match="isn't signed by this app"):
        ours.get(ref)
    assert not mark.exists()
    stranger.get(ref)
    assert mark.exists()  # so the bomb works


def test_an_altered_pickle_is_not_executed(tmp_path: Path):
    store = Store(FileSystemBackend(tmp_path / "values"), allow_pickle=True)
    mark = tmp_path / "ran"
    ref = store.put(Bomb(mark))
    path = store.backend.path(ref.key)
    whole = path.read_bytes()
    at = whole.index(b"mkdir")
    path.write_bytes(whole[:at] + b"rmdir" + whole[at + 5 :])
    mark.mkdir()
    with pytest.raises(StoreError):
        store.get(ref)
    assert mark.exists()


def test_verification_is_what_stands_between_a_stranger_and_the_unpickler(tmp_path: Path, monkeypatch):
    """With the check taken out the bomb goes off: the tests above do test it."""
    stranger = Store(FileSystemBackend(tmp_path / "a"), allow_pickle=True, secret="of a stranger")
    ours = Store(FileSystemBackend(tmp_path / "a"), allow_pickle=True, secret="the right secret")
    ref = stranger.put(Bomb(tmp_path / "ran"))
    monkeypatch.setattr(PickleGuard, "verify", lambda self, parts, signature: None)
    ours.get(ref)
    assert (tmp_path / "ran").exists()


PLANTS: list[Callable[[Path], bytes]] = [
    lambda mark: pickle.dumps(Bomb(mark)),
    lambda mark: pickle.dumps(Bomb(mark), protocol=0),
    lambda mark: b"!" + pickle.dumps(Bomb(mark)),
    numpy_bomb,
]


@pytest.mark.parametrize("allow_pickle", [True, False])
@pytest.mark.parametrize("plant", PLANTS)
def test_a_plain_pickle_planted_in_the_folder_is_not_executed(tmp_path: Path, plant: Any, allow_pickle: bool):
    store = Store(FileSystemBackend(tmp_path / "values"), allow_pickle=allow_pickle)
    value, named = store.put("x" * 1000), store.put([1], name="n")
    for path in (tmp_path / "values").rglob("*"):
        if path.is_file() and path.parent.name != "kept" and path.name != "ledger":
            path.write_bytes(plant(tmp_path / "ran"))
    assert store.get(value, default=MISSING) is MISSING
    assert store.get(named, default=MISSING) is MISSING
    assert not (tmp_path / "ran").exists()


@pytest.mark.server
@pytest.mark.parametrize("plant", PLANTS)
def test_a_pickle_planted_in_redis_is_not_executed(tmp_path: Path, redis_url: str, plant: Any):
    import redis
    from flask import Flask
    from flask_caching import Cache

    cache = Cache(Flask("app"), config={"CACHE_TYPE": "RedisCache", "CACHE_REDIS_URL": redis_url})
    for backend in (RedisBackend(redis_url, local=False), FlaskCachingBackend(cache)):
        store = Store(backend, allow_pickle=True, secret="the right secret")
        refs = [store.put("x" * 1000), store.put([1], scope="s"), store.put(2, name="n")]
        with redis.Redis.from_url(redis_url) as client:
            for key in client.keys("*"):
                client.set(key, plant(tmp_path / "ran"))
        for ref in refs:
            assert store.get(ref, default=MISSING) is MISSING
        assert not (tmp_path / "ran").exists()


@pytest.mark.server
def test_a_value_exchanged_in_redis_counts_as_missing(redis_url: str):
    import redis

    store = Store(RedisBackend(redis_url, local=False))
    one, two = store.put("one", scope="s"), store.put("two", scope="s")
    with redis.Redis.from_url(redis_url) as client:
        client.set(f"enrich:e:{one.key}", client.get(f"enrich:e:{two.key}"))
    assert store.get(one, default=MISSING) is MISSING
    assert store.get(two) == "two"


# --- the policy ---------------------------------------------------------------------------------


def test_a_cache_of_an_unknown_kind_may_be_written_by_others():
    class Bucket(BaseCache):
        pass

    assert FlaskCachingBackend(SimpleCache()).private
    assert FlaskCachingBackend(Bucket(), reach="process").private
    assert not FlaskCachingBackend(Bucket()).private


def test_pickle_on_what_others_can_write_needs_a_secret_of_the_user(tmp_path: Path, monkeypatch):
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o770)
    places = [
        lambda: FileSystemBackend(shared),
        lambda: RedisBackend("redis://127.0.0.1:1", local=False),
    ]
    for place in places:
        with pytest.raises(StoreError, match="secret"):
            Store(place(), allow_pickle=True, server_secret="the server's secret")
        Store(place(), allow_pickle=True, secret="the right secret")
        monkeypatch.setenv("ENRICH_SECRET_KEY", "of the environment")
        Store(place(), allow_pickle=True)
        monkeypatch.delenv("ENRICH_SECRET_KEY")
    with pytest.raises(StoreConfigError, match="'big'"):
        Store(FileSystemBackend(tmp_path / "mine"), {"big": FileSystemBackend(shared)}, allow_pickle=True)


def test_another_user_s_folder_in_the_temporary_directory_is_refused(tmp_path: Path):
    from enrich.errors import StoreUnavailableError
    from enrich.store.backends.folder import Folder

    planted = tmp_path / "dash-enrich-0"
    planted.mkdir()
    planted.chmod(0o777)
    with pytest.raises(StoreUnavailableError, match="someone else"):
        Folder(planted, private=True)
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    with pytest.raises(StoreUnavailableError):
        Folder(link, private=True)


@pytest.mark.parametrize("key", ["../../etc/passwd", "a" * 31, "", "A" * 32, "x" * 32, key_of("a") + "\n"])
def test_what_is_no_key_never_reaches_the_file_system(tmp_path: Path, key: str):
    with pytest.raises(StoreConfigError, match="not a key"):
        Store(FileSystemBackend(tmp_path)).get(key)


@pytest.mark.skipif(os.name == "nt", reason="modes are POSIX's")
@pytest.mark.parametrize(
    ("mode", "stays"), [(0o755, True), (0o777, False), (0o757, False), (0o1777, True), (0o775, False)]
)
def test_a_folder_that_others_can_put_another_in_place_of_is_not_private(
    tmp_path: Path, mode: int, stays: bool
):
    above = tmp_path / "above"
    above.mkdir()
    if not os.getuid():
        os.chown(above, -1, 4242)
    elif mode == 0o775:
        pytest.skip("only root can give a folder to any group")
    above.chmod(mode)
    assert FileSystemBackend(above / "values").private is stays
    if not stays:
        with pytest.raises(StoreConfigError, match="secret"):
            Store(FileSystemBackend(above / "values"), allow_pickle=True)


@pytest.mark.skipif(os.name == "nt" or os.getuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_somebody_else_s_is_not_private(tmp_path: Path):
    above = tmp_path / "above"
    above.mkdir(mode=0o755)
    os.chown(above, 4242, 4242)
    assert not FileSystemBackend(above / "values").private


@pytest.mark.skipif(os.name == "nt", reason="modes are POSIX's")
def test_a_folder_that_everybody_may_write_to_is_warned_of(tmp_path: Path):
    tmp_path.chmod(0o777)
    with pytest.warns(RuntimeWarning, match="Everybody on this machine may write to"):
        FileSystemBackend(tmp_path)

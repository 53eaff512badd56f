"""`python -m enrich store`."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from enrich.__main__ import main
from enrich.store import FileSystemBackend, Store

BOUNDS = ("--ttl", "604800", "--max-bytes", "1000000")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(FileSystemBackend(tmp_path / "values"))
    store.put({"a": list(range(1000))}, scope="s")
    store.put([1], name="n")
    return store


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str]:
    status = main(["store", *map(str, arguments)])
    out = capsys.readouterr()
    return status, out.out + out.err


def test_info_tells_entries_and_size(store: Store, capsys):
    status, text = run(capsys, "info", "--dir", store.backend.where)
    assert status == 0
    assert "entries      2" in text
    status, text = run(capsys, "info", "--dir", store.backend.where, "--json")
    assert json.loads(text)["entries"] == 2


def test_ls_lists_kinds_and_renews_nothing(store: Store, capsys):
    path = next((Path(store.backend.where) / "entries").rglob("*/*"))
    os.utime(path, (path.stat().st_mtime - 3600,) * 2)
    before = path.stat().st_mtime
    status, text = run(capsys, "ls", "--dir", store.backend.where)
    assert (status, text.count("json")) == (0, 2)
    assert path.stat().st_mtime == before
    _, text = run(capsys, "ls", "--dir", store.backend.where, "--json", "-n", 1)
    assert [entry["kind"] for entry in json.loads(text)] == ["json"]


@pytest.mark.parametrize("count", ["-2", "0", "many"])
def test_ls_refuses_a_count_that_can_not_be(store: Store, capsys, count: str):
    with pytest.raises(SystemExit) as left:
        run(capsys, "ls", "--dir", store.backend.where, "-n", count)
    assert left.value.code == 2
    assert f"argument -n: '{count}' is not a number of values: give 1 or more" in capsys.readouterr().err


def test_verify_finds_damage_that_only_a_full_digest_shows(store: Store, capsys):
    folder = store.backend.where
    assert run(capsys, "verify", "--dir", folder)[0] == 0
    ref = store.put({"a": ["text"] * 1000})
    path = store.backend.path(ref.key)
    whole = path.read_bytes()
    at = whole.rindex(b"text")
    path.write_bytes(whole[:at] + b"texx" + whole[at + 4 :])
    status, text = run(capsys, "verify", "--dir", folder, "--delete")
    assert (status, "1 damaged" in text, ref.key in text) == (1, True, True)
    assert run(capsys, "verify", "--dir", folder)[0] == 0


def test_verify_says_what_it_can_t_check_without_the_app_s_secret(tmp_path: Path, capsys):
    store = Store(FileSystemBackend(tmp_path / "values"), secret="the app's own secret")
    store.put(1)
    status, text = run(capsys, "verify", "--dir", store.backend.where)
    assert (status, "ENRICH_SECRET_KEY" in text) == (0, True)


def test_sweep_and_clear(store: Store, capsys, monkeypatch):
    folder = store.backend.where
    assert "dropped 0 of 2" in run(capsys, "sweep", "--dir", folder, *BOUNDS)[1]
    monkeypatch.setattr(sys, "stdin", io.StringIO("no\n"))
    assert run(capsys, "clear", "--dir", folder)[0] == 1
    assert store.info().entries == 2
    assert run(capsys, "clear", "--dir", folder, "--yes")[0] == 0
    assert store.info().entries == 0


@pytest.mark.parametrize("told", [(), BOUNDS[:2], BOUNDS[2:]])
def test_values_of_an_app_that_keeps_them_for_longer_than_a_day_are_seen_and_stay(
    tmp_path: Path, capsys, told: tuple[str, ...]
):
    store = Store(FileSystemBackend(tmp_path / "values"), ttl=7 * 86_400)
    ref = store.put([1])
    path = store.backend.path(ref.key)
    os.utime(path, (path.stat().st_mtime - 2 * 86_400,) * 2)
    place = ("--dir", store.backend.where)
    assert ref.key in run(capsys, "ls", *place)[1]
    assert "Checked 1 values" in run(capsys, "verify", *place)[1]
    status, text = run(capsys, "sweep", *place, *told)
    assert (status, "give both --ttl" in text) == (2, True)
    assert "dropped 0 of 1" in run(capsys, "sweep", *place, *BOUNDS)[1]
    assert store.get(ref) == [1]


def test_a_folder_that_isn_t_there_or_isn_t_ours_is_refused(tmp_path: Path, capsys, monkeypatch):
    status, text = run(capsys, "info", "--dir", tmp_path / "nowhere")
    assert (status, "There is no folder" in text) == (2, True)
    assert not (tmp_path / "nowhere").exists()
    (tmp_path / "foreign").write_text("x")
    status, text = run(capsys, "clear", "--yes", "--dir", tmp_path)
    assert (status, "isn't a folder of stored values" in text) == (2, True)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    Store(app="known")
    status, text = run(capsys, "info", "--app", "unknown")
    assert "Apps with a folder are: known" in text


def test_a_store_of_an_app_s_module_is_found(store: Store, capsys, tmp_path: Path, monkeypatch):
    (tmp_path / "my_app_module.py").write_text(
        "from enrich.store import FileSystemBackend, Store\n"
        f"class app: store = Store(FileSystemBackend({store.backend.where!r}))\n"
        "store = app.store\nnothing = 5\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("my_app_module", "my_app_module:store", "my_app_module:app.store"):
        assert "entries      2" in run(capsys, "info", "--store", name)[1]
    for nonsense in (
        "my_app_module:nothing",
        "my_app_module:missing",
        "no_such_module:app",
        "my_app_module.no:app",
    ):
        assert run(capsys, "info", "--store", nonsense)[0] == 2


def test_every_command_speaks_json(store: Store, capsys):
    folder = store.backend.where
    for command in (["info"], ["ls"], ["verify"], ["sweep", *BOUNDS], ["clear", "--yes"]):
        assert main(["store", *command, "--dir", folder, "--json"]) == 0
        json.loads(capsys.readouterr().out)


def test_damaged_values_are_listed_as_such(store: Store, capsys):
    path = store.backend.path(store.named("n").key)
    path.write_bytes(b"torn")
    assert "damaged" in run(capsys, "ls", "--dir", store.backend.where)[1]
    assert run(capsys, "verify", "--dir", store.backend.where)[0] == 1


def test_it_runs_as_a_module(store: Store):
    command = [sys.executable, "-m", "enrich", "store", "info", "--dir", store.backend.where]
    assert "entries" in subprocess.run(command, capture_output=True, check=True, text=True).stdout


@pytest.mark.server
def test_redis_is_looked_after_too(redis_url: str, capsys):
    from enrich.store import RedisBackend

    Store(RedisBackend(redis_url, local=False)).put([1, 2])
    assert "entries      1" in run(capsys, "info", "--url", redis_url)[1]
    assert run(capsys, "verify", "--url", redis_url)[0] == 0
    assert run(capsys, "clear", "--yes", "--url", redis_url)[0] == 0
    assert "entries      0" in run(capsys, "info", "--url", redis_url)[1]


def test_a_cache_that_can_t_list_says_so(tmp_path: Path, capsys, monkeypatch):
    (tmp_path / "cached_app.py").write_text(
        "from cachelib import SimpleCache\n"
        "from enrich.store import FlaskCachingBackend, Store\n"
        "store = Store(FlaskCachingBackend(SimpleCache()))\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    for action in ("ls", "verify"):
        status, text = run(capsys, action, "--store", "cached_app:store")
        assert status == 2
        assert "SimpleCache) doesn't list" in text
    for action in (["info"], ["clear", "--yes"]):
        status, text = run(capsys, *action, "--store", "cached_app:store")
        assert status == 0
        assert "cache doesn't list" in text

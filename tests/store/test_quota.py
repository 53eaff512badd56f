"""A session's share, with several writers at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from enrich.errors import StoreFullError, StoreUnavailableError
from enrich.store import MISSING, FileSystemBackend, Settings
from enrich.testing import key_of

from .conftest import Clock


def opened(folder: Path, **settings: Any) -> FileSystemBackend:
    return FileSystemBackend(folder).with_settings(Settings(**settings))


def test_a_quota_counts_what_other_threads_are_writing(tmp_path: Path):
    backend = opened(tmp_path, session_quota=2500)
    assert backend.quota is not None
    one, two, three = (key_of(name, "one") for name in "abc")
    with backend.quota.admitted(one, 1000), backend.quota.admitted(two, 1000):
        # Renamed into place, and not known to be so yet: it counts once.
        opened(tmp_path).write(one, [b"x" * 1000], 1000)
        with pytest.raises(StoreFullError, match="2,000"):
            backend.write(three, [b"x" * 1000], 1000)
        backend.write(three, [b"x" * 400], 400)
    # The second was never written.
    backend.write(two, [b"x" * 1000], 1000)


def test_a_write_that_failed_leaves_its_quota(tmp_path: Path):
    backend = opened(tmp_path, session_quota=1000, max_bytes=900)
    with pytest.raises(StoreFullError, match="may hold"):
        backend.write(key_of("a", "one"), [b"x" * 1000], 1000)
    backend.write(key_of("b", "one"), [b"x" * 800], 800)


def test_a_value_renewed_while_room_is_made_for_another_stays(tmp_path: Path, clock: Clock, monkeypatch):
    backend = opened(tmp_path, session_quota=1000, clock=clock)
    key = key_of("a", "one")
    backend.write(key, [b"x" * 800], 800)
    clock.tick(1000)
    rename = backend.folder.rename

    def renewed_meanwhile(sub: str, name: str, to: str) -> bool:
        backend.folder.touch(sub, name, clock.now)
        return rename(sub, name, to)

    monkeypatch.setattr(backend.folder, "rename", renewed_meanwhile)
    with pytest.raises(StoreFullError, match="quota"):
        backend.write(key_of("b", "one"), [b"x" * 800], 800)
    assert backend.read(key) is not MISSING


def test_a_folder_that_can_t_be_counted_gives_a_typed_error(tmp_path: Path, monkeypatch):
    backend = opened(tmp_path, session_quota=1000)

    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(backend.folder, "scan_folder", refused)
    with pytest.raises(StoreUnavailableError, match="Permission denied"):
        backend.write(key_of("a", "one"), [b"x"], 1)

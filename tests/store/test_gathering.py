"""Buffers written as one, where the system takes a part of them at a time, as Linux does beyond 2 GiB."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from enrich.store.backends.gathering import write_all


@pytest.mark.skipif(not hasattr(os, "writev"), reason="the system gathers no buffers")
@pytest.mark.parametrize("most", [1, 3, 4, 7, 100])
def test_what_the_system_leaves_of_a_write_follows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int
):
    monkeypatch.setattr(os, "writev", lambda fd, buffers: os.write(fd, b"".join(buffers)[:most]))
    buffers: Sequence[bytes | memoryview] = [b"abc", b"", memoryview(b"defgh").cast("b"), b"i", b"jk"]
    with (tmp_path / "file").open("wb") as file:
        write_all(file.fileno(), buffers, 11)
    assert (tmp_path / "file").read_bytes() == b"abcdefghijk"

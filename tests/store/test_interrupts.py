"""A signal whose handler raises, anywhere in the store: Ctrl-C, or the time limit of a Celery task."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from .test_faults import run

pytestmark = pytest.mark.skipif(os.name == "nt", reason="timers are POSIX's")


@pytest.mark.parametrize("backend", ["files", "memory"])
def test_an_exception_of_a_signal_s_handler_leaves_nothing_locked(tmp_path: Path, backend: str):
    found = run("interrupted", tmp_path, backend)
    assert found.pop("interrupts") > 500
    assert found == {"others go on": True, "depth": 0, "counted": True}

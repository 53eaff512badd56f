"""The site is built without a warning, and needs nothing from elsewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]


def test_the_site_builds_without_a_warning_and_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    if not all(map(find_spec, ("material", "mkdocstrings", "mmdc"))):
        pytest.skip("the dependency group docs isn't installed")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    built = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    loaded = re.compile(
        r'<(?:script|img|iframe)[^>]* src="?(https?:[^">\s]+)|<link[^>]* href="?(https?:[^">\s]+)'
    )
    for page in tmp_path.rglob("*.html"):
        assert loaded.findall(page.read_text(encoding="utf-8")) == [], page.name
    assert "mermaid" in (tmp_path / "javascripts" / "mermaid.js").read_text(encoding="utf-8")

"""The examples in the docstrings of public names run."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
from pathlib import Path

import pytest

import enrich

OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def modules_with_examples() -> list[str]:
    folder = Path(enrich.__file__).parent
    names = [found.name for found in pkgutil.walk_packages([str(folder)], "enrich.")]
    source = {name: folder.joinpath(*name.split(".")[1:]) for name in names}
    files = {
        name: path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        for name, path in source.items()
    }
    return sorted(name for name, file in files.items() if ">>> " in file.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", modules_with_examples())
def test_the_examples_of_a_module_run(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    results = doctest.testmod(importlib.import_module(name), optionflags=OPTIONS)
    assert results.failed == 0

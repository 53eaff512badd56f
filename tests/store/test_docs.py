"""The examples of docs/store.md run."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "store.md"
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_an_example_runs(number: int, tmp_path: Path):
    code = EXAMPLES[number].replace("/tmp/enrich-docs-store", str(tmp_path))
    exec(compile(code, f"docs/store.md example {number}", "exec"), {"__name__": "docs"})
    shutil.rmtree(tmp_path)

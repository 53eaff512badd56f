"""Let mkdocstrings read the store's docstrings, whose parameters take one line each (``name: what it is``)."""

from __future__ import annotations

import re
from typing import Any

import griffe

PARAMETER = re.compile(r"(\*{0,2}\w+(?:, \*{0,2}\w+)*): (\S.*)")
SECTION = re.compile(r"-{3,}\s*")
HEADS = ("Parameters", "Attributes")


class CompactParameters(griffe.Extension):
    """Rewrite compact sections as numpydoc has them, and put what follows them in front."""

    def on_object(self, *, obj: griffe.Object, **kwargs: Any) -> None:
        if obj.docstring is not None:
            obj.docstring.value = expanded(obj.docstring.value)


def expanded(text: str) -> str:
    """Return a docstring with each ``name: what`` as two lines."""
    lines = text.splitlines()
    start = next((i for i, line in enumerate(lines) if SECTION.fullmatch(line)), None)
    if start is None or lines[start - 1] not in HEADS:
        return text
    if start + 1 >= len(lines) or not PARAMETER.fullmatch(lines[start + 1]):
        return text
    section, rest, examples = lines[start - 1 : start + 1], [], []
    for line in lines[start + 1 :]:
        parameter = PARAMETER.fullmatch(line)
        if parameter and not rest:
            section += [f"{parameter[1]}:", f"    {parameter[2]}"]
        elif line.startswith(">>>") or examples:
            examples.append(line)
        elif rest or (line and not line.startswith(" ")):
            rest.append(line)
        else:
            section.append(line)
    parts = [lines[: start - 1], rest, [""] if rest else [], section]
    if examples:
        parts += [["", "Examples", "--------"], examples]
    return "\n".join(line for part in parts for line in part)

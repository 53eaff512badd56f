"""Which room may import which: the table of docs/architecture.md, kept true."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "enrich"

MAY_IMPORT = {
    "errors": set(),
    "meant": set(),
    "other_package": {"errors"},
    "dependencies": set(),
    "declarations": set(),
    "progress": set(),
    "dash_internals": {"callbacks.spec", "callbacks.tree", "dash_internals"},
    "callbacks": {"errors", "meant", "other_package", "dependencies", "dash_internals", "callbacks"},
    "transforms": {"errors", "other_package", "dependencies", "dash_internals", "callbacks", "transforms"},
    "transforms.annotations": {"errors", "callbacks", "store", "transforms.locating"},
    "transforms.memoize": {"errors", "dash_internals", "callbacks", "store"},
    "transforms.missing": {"errors", "dash_internals", "callbacks"},
    "transforms.unchanged": {"errors", "callbacks", "store", "transforms.held"},
    "transforms.serverside": {"errors", "dependencies", "dash_internals", "callbacks", "transforms", "store"},
    "store": {"errors", "meant", "other_package", "store"},
}
"""Rooms that are not here may import everything but diagnostics."""


def room_of(path):
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    name = ".".join(parts)
    return name if name in MAY_IMPORT else parts[0]


def imports_of(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.level or (node.module or "").startswith("enrich")):
            inside = path.relative_to(PACKAGE).parts[: -node.level] if node.level else ()
            base = ".".join([*inside, (node.module or "").removeprefix("enrich").lstrip(".")]).strip(".")
            if base:
                yield base
            else:
                yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (a.name.removeprefix("enrich.") for a in node.names if a.name.startswith("enrich."))


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_room_imports_only_what_the_table_lets_it(path):
    room = room_of(path)
    for name in imports_of(path):
        if room in MAY_IMPORT:
            allowed = MAY_IMPORT[room]
            assert name.split(".")[0] in allowed or name in allowed, f"{room} imports {name}"
        elif room not in ("diagnostics", "__main__", "observing"):
            # observing.py is the door: it imports diagnostics inside functions, when an app asks for them.
            assert not name.startswith("diagnostics"), f"{room} imports {name}"


def test_the_door_to_diagnostics_imports_them_only_when_an_app_asks():
    tree = ast.parse((PACKAGE / "observing.py").read_text(encoding="utf-8"))
    at_import = [node.module for node in tree.body if isinstance(node, ast.ImportFrom)]
    assert not any(name.startswith("enrich.diagnostics") for name in at_import)


def test_the_store_knows_nothing_of_dash():
    for path in (PACKAGE / "store").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            assert not any(name.split(".")[0] == "dash" for name in names), path


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_file_can_be_held_in_the_head(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400

"""`python -m enrich migrate PATH`: what an app that uses dash-extensions changes to use this package."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_SKIPPED = frozenset({"__pycache__", "node_modules", "site-packages", "build", "dist"})
_NOTEBOOK = ".ipynb"


def add_commands(commands: Any) -> None:
    """Add `migrate` to the command line."""
    text = "report what to change in an app that uses dash-extensions, and change it with --write"
    parser = commands.add_parser("migrate", help=text, description=text)
    parser.add_argument(
        "path", type=Path, nargs="+", metavar="PATH", help="a file, or a folder with all below it"
    )
    parser.add_argument("--write", action="store_true", help="change the files")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    try:
        from enrich.diagnostics.rewrite import rewrite
    except ModuleNotFoundError as error:
        if error.name != "libcst":
            raise
        print('This needs LibCST: pip install "dash-enrich[migrate]"', file=sys.stderr)
        return 2
    found_files = list(_files(options.path))
    notebooks = [path for path in found_files if path.suffix == _NOTEBOOK]
    files = [path for path in found_files if path.suffix != _NOTEBOOK]
    changed = failed = 0
    for path in files:
        try:
            source = path.read_bytes()
            found = rewrite(source, str(path))
            if options.write and found.code != source:
                path.write_bytes(found.code)
        except (OSError, ValueError) as error:
            print(f"{path}: left alone, can't be read or written: {error}", file=sys.stderr)
            failed += 1
            continue
        for finding in found.findings:
            print(finding)
        changed += found.code != source
    if notebooks:
        print(
            f"Notebooks are left alone ({len(notebooks)}, such as {notebooks[0]}): change their imports by hand."
        )
    done = "changed" if options.write else "to change"
    print(
        f"{changed} of {len(files)} files {done}."
        + ("" if options.write or not changed else " --write does it.")
    )
    return 1 if failed else 0


def _files(paths: list[Path]) -> Iterator[Path]:
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        for file in sorted((*path.rglob("*.py"), *path.rglob(f"*{_NOTEBOOK}"))):
            parts = file.relative_to(path).parts[:-1]
            if not any(part in _SKIPPED or part.startswith(".") or part.endswith("venv") for part in parts):
                yield file

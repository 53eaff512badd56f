"""`python -m enrich check APP` and `python -m enrich inspect APP`."""

from __future__ import annotations

import argparse
import asyncio
import importlib
import json
import sys
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from enrich.app import DashProxy
from enrich.diagnostics.checks import find
from enrich.diagnostics.description import describe
from enrich.diagnostics.mermaid import to_mermaid
from enrich.diagnostics.page import render
from enrich.errors import EnrichError


class _NoApp(EnrichError):
    """What was named on the command line is no app."""


def add_commands(commands: Any) -> None:
    """Add `check` and `inspect` to the command line."""
    check = commands.add_parser(
        "check",
        help="say what can't work in an app, before it is served",
        description="Run the startup checks. Exit status 1 if one finds an error, 2 if the app can't be imported.",
    )
    check.add_argument("app", metavar="MODULE:APP", help="the app, such as app:app; a factory is called")
    check.add_argument("--json", action="store_true", help="print JSON")
    check.add_argument("--strict", action="store_true", help="exit with status 1 for warnings too")
    check.set_defaults(run=lambda options: _reported(_check, options))
    inspect = commands.add_parser(
        "inspect",
        help="show an app's callbacks, and what each transform made of them",
        description="Show the callbacks as they were written and as they are registered.",
    )
    inspect.add_argument("app", metavar="MODULE:APP", help="the app, such as app:app; a factory is called")
    inspect.add_argument("--callback", metavar="NAME", help="only this one, with all that happened to it")
    form = inspect.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print JSON")
    form.add_argument("--mermaid", action="store_true", help="print the graph for Mermaid")
    form.add_argument("--html", metavar="FILE", help="write one page with a searchable graph; - prints it")
    inspect.set_defaults(run=lambda options: _reported(_inspect, options))


def _reported(run: Any, options: argparse.Namespace) -> int:
    try:
        app = _load(options.app)
        status: int = run(app, options)
    except EnrichError as error:
        print(f"{type(error).__name__.lstrip('_')}: {error}", file=sys.stderr)
        return 2
    return status


def _load(name: str) -> DashProxy:
    """Import an app, without the warnings that the checks will say better."""
    module_name, _, attribute = name.partition(":")
    if module_name.endswith(".py"):
        module_name = module_name.removesuffix(".py").replace("/", ".")
    sys.path.insert(0, "")
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*which nothing here knows", category=UserWarning)
            module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not module_name.startswith(error.name):
            raise
        raise _NoApp(f"There is no module {module_name!r} here. Name the app as MODULE:APP.") from error
    found: Any = module
    for part in (attribute or "app").split("."):
        if not hasattr(found, part):
            raise _NoApp(f"{module_name!r} has no {attribute or 'app'!r}. Name the app as MODULE:APP.")
        found = getattr(found, part)
    if callable(found) and not isinstance(found, DashProxy) and not hasattr(found, "wsgi_app"):
        found = found()
    if not isinstance(found, DashProxy):
        raise _NoApp(
            f"{name} is a {type(found).__name__}, and not an app of enrich (Dash, DashProxy, enrich_app)."
        )
    return found


def _set_up(app: DashProxy) -> None:
    """Do what the first request would do, so that the layouts of all pages are known."""
    mode, app.checks = app.checks, "off"
    try:
        asyncio.run(app.set_up_async())
    except EnrichError:
        # A check says it better.
        return
    except Exception as error:
        print(f"The app can't be set up, so its pages are not checked: {error!r}", file=sys.stderr)
    finally:
        app.checks = mode


def _check(app: DashProxy, options: argparse.Namespace) -> int:
    # Callbacks declared in functions are forgotten once an app serves them.
    written = app._build.written()
    _set_up(app)
    findings = find(app, written, opens_store=True)
    errors = sum(finding.severity == "error" for finding in findings)
    if options.json:
        print(json.dumps([finding.as_json() for finding in findings], indent=2))
    else:
        for finding in findings:
            print(f"{finding.severity}: {finding}")
        counts = f"{errors} error{_s(errors)}, {len(findings) - errors} warning{_s(len(findings) - errors)}"
        count = len(written.callbacks)
        print(f"{count} callback{_s(count)} checked: {counts if findings else 'nothing found'}")
    return int(errors > 0 or (options.strict and bool(findings)))


def _s(count: int) -> str:
    return "" if count == 1 else "s"


def _inspect(app: DashProxy, options: argparse.Namespace) -> int:
    description = describe(app)
    if options.callback is not None:
        description = _only(description, options.callback)
    if options.json:
        print(json.dumps(description, indent=2))
    elif options.mermaid:
        print(to_mermaid(description), end="")
    elif options.html == "-":
        print(render(description))
    elif options.html:
        Path(options.html).write_text(render(description), encoding="utf-8")
        print(f"Written to {options.html}")
    else:
        for line in _table(description, whole=options.callback is not None):
            print(line)
    return 0


def _only(description: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Keep one callback, with those that transforms added for it."""
    chosen = {place for place, one in enumerate(description["written"]) if one["name"] == name}
    if not chosen:
        names = ", ".join(sorted({one["name"] for one in description["written"]})) or "none"
        raise _NoApp(f"The app has no callback {name!r}. It has: {names}.")
    kept = [place for place, one in enumerate(description["registered"]) if chosen & set(one["of"])]
    place_of = {old: new for new, old in enumerate(kept)}
    written = [place for old in kept for place in description["registered"][old]["of"]]
    number_of = {old: new for new, old in enumerate(sorted(set(written)))}
    return {
        **description,
        "written": [
            {
                **description["written"][old],
                "became": [place_of[p] for p in description["written"][old]["became"] if p in place_of],
            }
            for old in number_of
        ],
        "registered": [
            {
                **description["registered"][old],
                "of": [number_of[n] for n in description["registered"][old]["of"]],
            }
            for old in kept
        ],
        "edges": [
            [place_of[a], place_of[b], via]
            for a, b, via in description["edges"]
            if a in place_of and b in place_of
        ],
        "findings": [f for f in description["findings"] if f["callback"] == name],
    }


def _table(description: Mapping[str, Any], *, whole: bool) -> Iterator[str]:
    yield f"App {description['app']}: {len(description['written'])} callback{_s(len(description['written']))} as written, {len(description['registered'])} registered."
    yield ""
    yield "As written"
    for one in description["written"]:
        yield f"  {_line(one)}"
        for change in one["changes"]:
            yield f"    {change['transform']}"
            yield from (f"      {line}" for line in change["lines"])
    yield ""
    yield "As registered"
    for one in description["registered"]:
        yield f"  {_line(one)}"
    if whole:
        return
    yield ""
    yield "Transforms, in the order in which they ran"
    for name in description["transforms"]:
        yield f"  {name}"
        kind = name.partition("(")[0]
        yield from (
            f"    {line}"
            for change in description["added"]
            if change["transform"] == kind
            for line in change["lines"]
        )
    if description["findings"]:
        yield ""
        yield f"Findings: {len(description['findings'])}; see python -m enrich check"


def _line(one: Mapping[str, Any]) -> str:
    inputs = ", ".join([*one["inputs"], *(f"{state} as state" for state in one["states"])])
    outputs = ", ".join(one["outputs"]) or "no output"
    kind = "" if one["kind"] == "server" else f" [{one['kind']}]"
    where = f"{Path(one['file']).name}:{one['line']}"
    return f"{one['name']}{kind}  {inputs or 'nothing'} -> {outputs}  ({where})"

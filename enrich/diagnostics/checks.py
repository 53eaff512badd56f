"""The startup checks: what can be told of an app before its first request."""

from __future__ import annotations

import gc
import logging
import warnings
from collections.abc import Iterable
from typing import Any
from weakref import WeakKeyDictionary

from enrich.callbacks.spec import CallbackSpec, Joint, Program
from enrich.diagnostics.check_functions import check_async, check_functions, check_options, check_stores
from enrich.diagnostics.check_graph import check_cycles, check_outputs, check_repeats
from enrich.diagnostics.check_layout import check_ids, check_layout
from enrich.diagnostics.check_wildcards import check_wildcards
from enrich.diagnostics.finding import Finding, Mode, Settings
from enrich.diagnostics.known import KnownComponents
from enrich.errors import CheckFailed, CheckWarning, DeclarationError, EnrichError, StoreUnavailableError
from enrich.transforms.base import DashTransform

_log = logging.getLogger("enrich.checks")
_told: WeakKeyDictionary[Any, set[Finding]] = WeakKeyDictionary()


def find(app: Any, written: Program | None = None, *, opens_store: bool = False) -> list[Finding]:
    """Run every check on an app, and return what they found, in order of declaration.

    What the app or a callback switches off with ``checks=`` is left out.

    Parameters
    ----------
    app:
        A ``DashProxy``. Its layouts are those that are known now: those of pages, once it has served a request.
    written:
        Its callbacks as they were written. Default: what the app knows of them now.
    opens_store:
        Open the app's store too, as the first request does? Default ``False``.

    Raises
    ------
    DeclarationError
        For a ``checks=`` that says nothing.

    Examples
    --------
    >>> from enrich import Dash, Input, Output, html
    >>> from enrich.diagnostics.checks import find
    >>> app = Dash("doc")
    >>> app.layout = html.Div([html.Button(id="button"), html.Div(id="log")])
    >>> @app.callback(Output("log", "children"), Input("buton", "n_clicks"))
    ... def count(n_clicks):
    ...     return n_clicks
    >>> [(finding.code, finding.callback) for finding in find(app)]
    [('never-runs', 'count')]
    """
    known = app._build.written() if written is None else written
    return [finding for finding, _ in _found(app, known, opens_store)]


def _found(app: Any, written: Program, opens_store: bool = False) -> list[tuple[Finding, Mode]]:
    was_enabled = gc.isenabled()
    # It would walk an app's callbacks again and again while they are looked at.
    gc.disable()
    try:
        return _run(app, written, opens_store)
    finally:
        if was_enabled:
            gc.enable()


def _run(app: Any, written: Program, opens_store: bool) -> list[tuple[Finding, Mode]]:
    build = app._build
    failure: list[Finding] = []
    is_whole = True
    try:
        build.refresh()
        program = build.program
    except EnrichError as error:
        failure = [Finding("not-buildable", "", "", 0, f"can't be built: {error}")]
        program, is_whole = _transformed(written, build.transforms)
    if opens_store and not failure:
        failure = _store_failure(app)
    known = KnownComponents(app, program)
    # What a transform that failed would have joined or set apart hangs together in another way.
    cycles = list(check_cycles(program.callbacks)) if is_whole else []
    claims = list(check_outputs(program.callbacks)) if is_whole else []
    found = [
        *check_ids(app),
        *check_layout(written.callbacks, known),
        *check_options(written.callbacks),
        *check_repeats(written.callbacks),
        *check_wildcards(program.callbacks),
        *cycles,
        *claims,
        *check_functions(program.callbacks),
        *check_async(program.callbacks, app),
        *check_stores(written.callbacks, app),
    ]
    if not claims:
        # Those are what most often keeps an app from being built, and they say more.
        found += failure
    if not found:
        return []
    modes = _Modes(app, written)
    kept: list[tuple[Finding, Mode]] = [
        (finding, mode) for finding in dict.fromkeys(found) if (mode := modes.of(finding)) != "off"
    ]
    return sorted(kept, key=lambda one: modes.place(one[0]))


def _store_failure(app: Any) -> list[Finding]:
    """What is wrong with the settings of the store; that it can't be reached from here says nothing of the server."""
    try:
        if app.has_store:
            _ = app.store
    except StoreUnavailableError:
        pass
    except EnrichError as error:
        return [Finding("not-buildable", "", "", 0, f"can't open its store: {error}")]
    return []


def _transformed(program: Program, transforms: Iterable[DashTransform]) -> tuple[Program, bool]:
    """The program after the transforms that can be applied, and whether that is all of them."""
    is_whole = True
    for transform in transforms:
        try:
            program = transform.apply(program)
        except EnrichError:
            is_whole = False
    return program, is_whole


class _Modes:
    """What ``checks=`` says: of the callback that a finding is about, and else of the app."""

    def __init__(self, app: Any, written: Program) -> None:
        self.app = Settings.of(app.checks, f"The app {app.config.name!r}")
        self._own: dict[tuple[str, int], Settings] = {}
        self._places: dict[tuple[str, int], int] = {}
        for spec in _all(written.callbacks):
            where = (spec.origin.file, spec.origin.line)
            self._places.setdefault(where, len(self._places))
            if "checks" in spec.flags:
                self._own[where] = Settings.of(spec.flags["checks"], spec)

    def of(self, finding: Finding) -> Mode:
        own = self._own.get((finding.file, finding.line))
        return (own.mode(finding.code) if own else None) or self.app.mode(finding.code) or "warn"

    def place(self, finding: Finding) -> int:
        return self._places.get((finding.file, finding.line), -1)


def _all(callbacks: tuple[CallbackSpec, ...]) -> list[CallbackSpec]:
    """All callbacks, and the members of those that a blueprint has joined."""
    specs: list[CallbackSpec] = []
    for spec in callbacks:
        specs.append(spec)
        if isinstance(spec.func, Joint):
            specs.extend(_all(tuple(member.spec for member in spec.func.members)))
    return specs


def report(app: Any) -> None:
    """Warn of what the checks find that they have not told before; one warning for all.

    Raises
    ------
    CheckFailed
        Where ``checks="error"`` holds for a finding that is an error.
    """
    try:
        found = _found(app, app._build.written())
    except DeclarationError:
        raise
    except Exception:
        # Whatever the checks stumble over may still work.
        _log.exception("The startup checks failed. The app is served without them.")
        return
    told = _told.setdefault(app, set())
    # A near miss has had its warning at the declaration.
    new = [(f, mode) for f, mode in found if f not in told and f.code != "misspelt-option"]
    if not new:
        return
    failing = [finding for finding, mode in new if mode == "error" and finding.severity == "error"]
    if failing:
        raise CheckFailed(_listed(failing, app))
    told.update(finding for finding, _ in new)
    findings = [finding for finding, _ in new]
    first = findings[0]
    warnings.warn_explicit(_listed(findings, app), CheckWarning, first.file or "enrich", first.line)


def _listed(findings: list[Finding], app: Any) -> str:
    count = f"{len(findings)} finding{'' if len(findings) == 1 else 's'}"
    lines = "".join(f"\n  {finding}" for finding in findings)
    return f"The startup checks of app {app.config.name!r} have {count}:{lines}"

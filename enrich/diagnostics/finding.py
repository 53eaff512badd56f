"""What a startup check says: where, what, and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from enrich.callbacks.spec import CallbackSpec, Role
from enrich.errors import DeclarationError
from enrich.meant import meant

Severity: TypeAlias = Literal["error", "warning"]
Mode: TypeAlias = Literal["error", "warn", "off"]

MODES: tuple[Mode, ...] = ("error", "warn", "off")

SEVERITIES: Mapping[str, Severity] = {
    "unknown-id": "error",
    "unknown-property": "error",
    "never-runs": "error",
    "cycle": "error",
    "duplicate-id": "error",
    "duplicate-output": "error",
    "replaced": "error",
    "not-buildable": "error",
    "misspelt-option": "warning",
    "signature": "error",
    "async-extra": "error",
    "unshared-store": "error",
    "wildcards": "error",
}
"""The checks by code. An error can't work; a warning is hardly meant."""

REFUSED = "The browser refuses that, and then runs no callback of the app."
ROLES: Mapping[Role, str] = {"input": "an Input", "state": "a State", "output": "an Output"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check found."""

    code: str
    callback: str
    """The callback's name."""
    file: str
    line: int
    text: str

    @classmethod
    def at(cls, spec: CallbackSpec, code: str, text: str) -> Finding:
        return cls(code, spec.func_name, spec.origin.file, spec.origin.line, text)

    @property
    def severity(self) -> Severity:
        return SEVERITIES[self.code]

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.file else "the app"
        who = f": callback '{self.callback}'" if self.callback else ""
        return f"{where}{who} {self.text} [{self.code}]"

    def as_json(self) -> dict[str, Any]:
        """What ``python -m enrich check --json`` prints of it."""
        return {
            "code": self.code,
            "severity": self.severity,
            "callback": self.callback,
            "file": self.file,
            "line": self.line,
            "text": self.text,
        }


@dataclass(frozen=True, slots=True)
class Settings:
    """What ``checks=`` says, of an app or of one callback."""

    general: Mode | None
    by_code: Mapping[str, Mode]

    @classmethod
    def of(cls, given: Any, where: object) -> Settings:
        """Read a value of ``checks=``; raises ``DeclarationError`` for what says nothing, naming ``where``."""
        if given is None:
            return cls(None, {})
        if isinstance(given, str):
            if given not in MODES:
                raise DeclarationError(f"{where} has checks={given!r}. Give 'error', 'warn' or 'off'.")
            return cls(given, {})
        if not isinstance(given, Mapping):
            raise DeclarationError(
                f"{where} has checks={given!r}. Give 'error', 'warn', 'off', or a dict of these by check."
            )
        for code, mode in given.items():
            if code not in SEVERITIES:
                raise DeclarationError(
                    f"{where} has checks={dict(given)!r}, and there is no check {code!r}."
                    f"{meant(str(code), SEVERITIES)}"
                )
            if mode not in MODES:
                raise DeclarationError(f"{where} has {code!r}: {mode!r}. Give 'error', 'warn' or 'off'.")
        return cls(None, dict(given))

    def mode(self, code: str) -> Mode | None:
        """What is said of one check; ``None`` if nothing is."""
        found: Mode | None = self.by_code.get(code)
        return self.general if found is None else found

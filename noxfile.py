"""The supported versions: `nox` runs all of them, `nox -l` lists them, `nox -s "tests(...)"` runs one."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import nox

nox.needs_version = ">=2025.2.9"
# A Python that isn't installed is left out, and nox says so.
nox.options.error_on_missing_interpreters = False

PYTHONS = ["3.11", "3.12", "3.13"]
DASHES = {"3.1": "dash~=3.1.0", "3.x": "dash>=3.2,<4", "4.4": "dash~=4.4.0", "4.5": "dash>=4.5.0rc2,<4.6"}
# Newer numpy deprecates what pandas 2.2 itself does.
PANDAS = {"2.2": ["pandas~=2.2.0", "numpy<2.3"], "3": ["pandas>=3,<4"]}
GROUPS = nox.project.load_toml("pyproject.toml")
WITHOUT_BROWSER = ["-m", "not browser and not server", "-n", "auto", "--dist", "loadfile"]


def pairs() -> Iterator[tuple[str, str, str]]:
    """Give each Python with each Dash, and pandas in turn: each of it meets every Python and every Dash."""
    for (row, python), (column, dash) in itertools.product(enumerate(PYTHONS), enumerate(DASHES)):
        yield python, dash, list(PANDAS)[(row + column) % len(PANDAS)]


def groups(*names: str) -> tuple[str, ...]:
    """Return what pyproject.toml's dependency groups require."""
    return nox.project.dependency_groups(GROUPS, *names)


@nox.session
@nox.parametrize(
    "python,dash,pandas", [nox.param(*pair, id="python{}-dash{}-pandas{}".format(*pair)) for pair in pairs()]
)
def tests(session: nox.Session, dash: str, pandas: str) -> None:
    """Run the tests that need neither a browser nor a server process; more arguments go to pytest."""
    suite = groups("suite") if dash.startswith("3") else groups("suite", "servers")
    session.install("-e", ".", *suite, DASHES[dash], *PANDAS[pandas])
    session.run("pytest", *WITHOUT_BROWSER, *session.posargs)


@nox.session(python=PYTHONS[0])
def oldest(session: nox.Session) -> None:
    """Run the same with the first release of everything that the package lets in."""
    session.install("-e", ".", *groups("suite", "oldest"))
    session.run("pytest", *WITHOUT_BROWSER, *session.posargs)


@nox.session(python=[PYTHONS[0], PYTHONS[-1]])
def everything(session: nox.Session) -> None:
    """Run `make test` on the newest releases: linters, Chromium, Redis, Celery and server processes too."""
    venv = Path(session.virtualenv.location)
    session.run("make", "test", f"VENV={venv / 'made'}", f"PYTHON={venv / 'bin' / 'python'}", external=True)

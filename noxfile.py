"""The matrix of supported versions: ``nox`` runs all of it, ``nox -s "tests(...)"`` one part, ``nox -l`` lists them."""

import nox

nox.options.default_venv_backend = "venv"
nox.options.error_on_missing_interpreters = False

PYTHONS = ["3.11", "3.12", "3.13"]
DASHES = {"3.1": "dash==3.1.1", "3.x": "dash>=3.2,<4", "4.4": "dash>=4.4,<4.5", "4.5": "dash==4.5.0rc2"}
PANDAS = {"2.2": "pandas>=2.2,<3", "3": "pandas>=3,<4"}

TOOLS = ["pytest", "pytest-timeout", "hypothesis", "dill", "diskcache", "multiprocess", "psutil", "waitress"]
LIBRARIES = [
    "polars",
    "duckdb",
    "pydantic",
    "redis",
    "dash-ag-grid",
    "dash-mantine-components",
    "flask[async]",
]
SERVERS = ["fastapi", "uvicorn[standard]", "quart", "hypercorn", "httpx2", "httpx", "websockets", "gunicorn"]
BROWSER = ["dash[testing]"]


@nox.session(python=PYTHONS)
@nox.parametrize("pandas", list(PANDAS))
@nox.parametrize("dash", list(DASHES))
def tests(session: nox.Session, dash: str, pandas: str) -> None:
    """Run the tests without a browser and without real server processes; more arguments go to pytest."""
    servers = SERVERS if dash.startswith("4") else []
    session.install("-e", ".", DASHES[dash], PANDAS[pandas], *TOOLS, *LIBRARIES, *servers)
    session.run("pytest", "-m", "not browser and not server", *session.posargs)


@nox.session(python="3.11")
def everything(session: nox.Session) -> None:
    """Run all tests, with Chromium, Redis and Celery, on the newest released versions."""
    session.install("-e", ".[redis,polars,duckdb,demo]", *TOOLS, *LIBRARIES, *SERVERS, *BROWSER, "celery")
    session.run("pytest", *session.posargs)


@nox.session(python="3.11")
def lint(session: nox.Session) -> None:
    """Check style and types."""
    session.install("-e", ".", "ruff", "mypy")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")

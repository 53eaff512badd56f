"""`python -m enrich`: check and inspect an app, look after what it keeps, and move one here from dash-extensions."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from enrich.diagnostics import app_cli, migrate, store_cli


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m enrich", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")
    app_cli.add_commands(commands)
    store_cli.add_commands(commands)
    migrate.add_commands(commands)
    options = parser.parse_args(arguments)
    status: int = options.run(options)
    return status


if __name__ == "__main__":
    sys.exit(main())

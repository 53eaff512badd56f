"""`python -m enrich`: look after what an app keeps, and move an app here from dash-extensions."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from enrich.diagnostics import migrate, store_cli


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m enrich", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="command")
    store_cli.add_commands(commands)
    migrate.add_commands(commands)
    options = parser.parse_args(arguments)
    status: int = options.run(options)
    return status


if __name__ == "__main__":
    sys.exit(main())

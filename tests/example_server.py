"""An example's script, run as its reader would run it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from store.servers import free_port, wait_for_port

EXAMPLES = Path(__file__).parents[1] / "examples"
SECONDS = 60


@contextmanager
def serving_example(name: str, folder: Path, *arguments: str, **environment: str) -> Iterator[str]:
    """Run ``python examples/NAME.py`` with a cache and a log in ``folder``; gives its address."""
    port = free_port()
    log = folder / f"{name}.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, str(EXAMPLES / f"{name}.py"), *arguments],
            # Dash's FastAPI server finds a script by its path below the working directory.
            cwd=EXAMPLES.parent,
            env={
                **os.environ,
                "XDG_CACHE_HOME": str(folder),
                "PORT": str(port),
                # The dev tools would ask plotly.com for the newest version.
                "DASH_DISABLE_VERSION_CHECK": "true",
                **environment,
            },
            stdout=out,
            stderr=subprocess.STDOUT,
            # A group of its own: that server, and background jobs, are children which must end too.
            start_new_session=True,
        )
        try:
            wait_for_port(port, process, SECONDS)
            yield f"http://127.0.0.1:{port}/"
        except RuntimeError as error:
            raise AssertionError(log.read_text()) from error
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            process.wait(SECONDS)

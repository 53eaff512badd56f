"""What the store costs, beside the file backend of dash-extensions 2.0.6 in the same run.

Run with ``python tests/bench/bench_store.py``. That backend is cachelib's ``FileSystemCache``: a pickle in a file.
Every figure is a ratio of medians; the operations take turns in random order, on files that are new each time.
A read that follows the write of a large file finds the processor's caches empty, whatever its own size; most reads in
an app follow another one.
``--clock process_time`` counts the processor's time instead, which a busy machine disturbs less.
"""

from __future__ import annotations

import argparse
import gc
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
from host_memory import take_memory

from enrich.store import FileSystemBackend, Store
from enrich.store.codecs import encode

try:
    from dash_extensions.enrich import FileSystemBackend as Peer
except ImportError:  # it adds nothing to this class of cachelib's
    from cachelib import FileSystemCache as Peer

Timed = Callable[[], float]
NUMBERS = ["f0", "f1", "f2", "f3", "i0", "i1"]


def mixed(rows: int) -> pd.DataFrame:
    """4 floats, 2 integers, a datetime, a text of few and one of many values, a categorical."""
    chance = np.random.default_rng(0)
    text = "str" if pd.__version__ >= "3" else "string[pyarrow]"
    return pd.DataFrame(
        {
            **{f"f{n}": chance.random(rows) for n in range(4)},
            **{f"i{n}": chance.integers(0, 1000, rows) for n in range(2)},
            "when": pd.date_range("2020", periods=rows, freq="s"),
            "low": pd.Series(chance.choice(["alpha", "beta", "gamma"], rows), dtype=text),
            "high": pd.Series([f"value {n}" for n in range(rows)], dtype=text),
            "kind": pd.Categorical(chance.choice(["x", "y", "z"], rows)),
        }
    )


def objects(rows: int) -> pd.DataFrame:
    """Columns of Python objects: text, text with missing ones, integers with None, a mixture."""
    return pd.DataFrame(
        {
            "text": pd.Series([f"value {n}" for n in range(rows)], dtype=object),
            "gaps": pd.Series([np.nan if n % 5 == 0 else f"v{n % 9}" for n in range(rows)], dtype=object),
            "ints": pd.Series([None if n % 7 == 0 else n for n in range(rows)], dtype=object),
            "mixed": pd.Series([n if n % 2 else f"t{n}" for n in range(rows)], dtype=object),
        }
    )


def scan(frame: pd.DataFrame) -> float:
    return float(sum(frame[name].sum() for name in NUMBERS))


clock = time.perf_counter


def timed(work: Callable[[], Any]) -> float:
    # Without a collection in between, and none just before, which would leave the processor's caches cold.
    gc.disable()
    begin = clock()
    result = work()
    took = clock() - begin
    gc.enable()
    del result
    return took


def _second(work: Callable[[], Any]) -> float:
    work()
    return timed(work)


class Sides:
    """The peer and the store, each in a folder of its own, and the limit: the same bytes in one plain write."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.peer = Peer(str(folder / "peer"), threshold=0, default_timeout=86_400)
        self.store = Store(FileSystemBackend(cache_dir=str(folder / "ours")), max_bytes=8 << 30)
        self.number = 0

    def fresh(self) -> str:
        self.number += 1
        return str(self.number)

    def peer_read(self, value: Any, then: Callable[[Any], Any] = id) -> Timed:
        def run() -> float:
            key = self.fresh()
            self.peer.set(key, value)
            took = timed(lambda: then(self.peer.get(key)))
            self.peer.delete(key)
            return took

        return run

    def peer_write(self, value: Any) -> Timed:
        def run() -> float:
            key = self.fresh()
            took = timed(lambda: self.peer.set(key, value))
            self.peer.delete(key)
            return took

        return run

    def read(self, value: Any, then: Callable[[Any], Any] = id, **options: Any) -> Timed:
        def run() -> float:
            # A scope is a session, so the same value in another one is another file.
            ref = self.store.put(value, scope=self.fresh())
            took = timed(lambda: then(self.store.get(ref, **options)))
            self.store.delete(ref)
            return took

        return run

    def peer_reread(self, value: Any, then: Callable[[Any], Any] = id) -> Timed:
        self.peer.set("kept", value)
        return lambda: _second(lambda: then(self.peer.get("kept")))

    def reread(self, value: Any, then: Callable[[Any], Any] = id) -> Timed:
        ref = self.store.put(value, scope="kept")
        return lambda: _second(lambda: then(self.store.get(ref)))

    def write(self, value: Any) -> Timed:
        def run() -> float:
            refs = []
            took = timed(lambda: refs.append(self.store.put(value, scope="one")))
            assert refs[0].new
            self.store.delete(refs[0])
            return took

        return run

    def write_again(self, value: Any) -> Timed:
        self.store.put(value, scope="again")
        return lambda: timed(lambda: self.store.put(value, scope="again"))

    def plain_write(self, value: Any) -> Timed:
        data = b"".join(encode(value).buffers)

        def run() -> float:
            path = self.folder / f"plain{self.fresh()}"
            took = timed(lambda: path.write_bytes(data))
            path.unlink()
            return took

        return run


def take_turns(
    make: Callable[[Sides], dict[str, Timed]], rounds: int, folders: int = 1, large: bool = True
) -> dict[str, float]:
    """The median of each side, run in random order round after round, in this many folders.

    Making a file takes several times as long in one folder as in another, by where the file system has put it, and
    for a small value that outweighs all else.
    """
    times: dict[str, list[float]] = {}
    for _ in range(folders):
        with tempfile.TemporaryDirectory() as folder:
            sides = make(Sides(Path(folder)))
            take_memory()
            for run in sides.values():
                run()
            for _ in range(rounds):
                if large:
                    take_memory()
                for name in random.sample(list(sides), len(sides)):
                    times.setdefault(name, []).append(sides[name]())
    return {name: statistics.median(values) for name, values in times.items()}


def line(what: str, ratio: float, goal: str, detail: str) -> None:
    print(f"{what:52} {ratio:8.2f} x   goal {goal:8} {detail}", flush=True)


def ms(seconds: float) -> str:
    return f"{seconds * 1e3:.3f} ms"


def frames(sizes: list[int], rounds: int) -> None:
    for rows in sizes:
        frame = mixed(rows)
        small = rows < 10_000
        took = take_turns(
            lambda sides, frame=frame: {  # type: ignore[misc]
                "peer read": sides.peer_read(frame),
                "read": sides.read(frame),
                "peer reread": sides.peer_reread(frame),
                "reread": sides.reread(frame),
                "peer scan": sides.peer_read(frame, scan),
                "scan": sides.read(frame, scan),
                "peer rescan": sides.peer_reread(frame, scan),
                "rescan": sides.reread(frame, scan),
                "two": sides.read(frame, columns=["f1", "low"]),
                "peer write": sides.peer_write(frame),
                "write": sides.write(frame),
                "again": sides.write_again(frame),
                "limit": sides.plain_write(frame),
            },
            rounds * (2 if small else 1),
            folders=8 if small else 1,
            large=not small,
        )
        size = f"{rows:.0e} rows"
        goal = {1000: ">= 1", 1_000_000: ">= 100", 5_000_000: ">= 500"}.get(rows, "")
        line(
            f"read, {size}",
            took["peer read"] / took["read"],
            goal,
            f"{ms(took['peer read'])} / {ms(took['read'])}",
        )
        line(
            f"read after a read, {size}",
            took["peer reread"] / took["reread"],
            goal,
            f"{ms(took['peer reread'])} / {ms(took['reread'])}",
        )
        goal = {1_000_000: ">= 12", 5_000_000: ">= 18"}.get(rows, "")
        line(f"read and scan six, {size}", took["peer scan"] / took["scan"], goal, ms(took["scan"]))
        rescan = took["peer rescan"] / took["rescan"]
        line(f"the same after the same, {size}", rescan, goal, ms(took["rescan"]))
        line(f"read 2 of 10 beside all, {size}", took["read"] / took["two"], ">= 1", ms(took["two"]))
        goal = ">= 2" if rows == 1000 else ""
        line(
            f"write, {size}",
            took["peer write"] / took["write"],
            goal,
            f"{ms(took['peer write'])} / {ms(took['write'])}",
        )
        line(
            f"write beside one plain write, {size}",
            took["write"] / took["limit"],
            "" if small else "<= 1.2",
            ms(took["limit"]),
        )
        line(f"write what is there, {size}", took["peer write"] / took["again"], ">= 4", ms(took["again"]))


def flatness(fewest: int, most: int, rounds: int) -> None:
    """How a read depends on the number of rows, all else being equal: both take turns with the same other work."""
    few, many = mixed(fewest), mixed(most)
    took = take_turns(
        lambda sides: {
            "few": sides.reread(few),
            "many": sides.reread(many),
            "peer": sides.peer_reread(many),
        },
        3 * rounds,
    )
    what = f"time of a read after a read, {most:.0e} beside {fewest:.0e} rows"
    line(what, took["many"] / took["few"], "<= 2", f"{ms(took['many'])} / {ms(took['few'])}")


def others(rows: int, rounds: int) -> None:
    frame = mixed(rows)
    wide = pd.DataFrame(np.random.default_rng(0).random((1000, 2000)), columns=[f"c{n}" for n in range(2000)])
    table = pa.Table.from_pandas(frame)
    values = {
        "wide frame (1000 x 2000)": (wide, ">= 4", ""),
        "object columns, 1e5 rows": (objects(100_000), ">= 1", ">= 1"),
        f"pa.Table, {rows:.0e} rows": (table, ">= 50", ""),
        f"polars, {rows:.0e} rows": (pl.from_arrow(table), ">= 50", ">= 3"),
    }
    for name, (value, read_goal, write_goal) in values.items():
        took = take_turns(
            lambda sides, value=value: {  # type: ignore[misc]
                "peer read": sides.peer_read(value),
                "read": sides.read(value),
                "peer reread": sides.peer_reread(value),
                "reread": sides.reread(value),
                "peer write": sides.peer_write(value),
                "write": sides.write(value),
            },
            rounds,
        )
        line(f"read, {name}", took["peer read"] / took["read"], read_goal, ms(took["read"]))
        reread = took["peer reread"] / took["reread"]
        line(f"read after a read, {name}", reread, read_goal, ms(took["reread"]))
        line(f"write, {name}", took["peer write"] / took["write"], write_goal, ms(took["write"]))


_MEMORY = """
import resource, sys
from enrich.store import FileSystemBackend, Store
store = Store(FileSystemBackend(cache_dir=sys.argv[1]))
store.get(sys.argv[3])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
frame = store.get(sys.argv[2])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def memory(sides: Sides, rows: int) -> None:
    large, small = (sides.store.put(mixed(count)).key for count in (rows, 10))
    command = [sys.executable, "-c", _MEMORY, str(sides.folder / "ours"), large, small]
    added = int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    line(f"MB added by reading, {rows:.0e} rows", added / 1024, "< 5", "")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--rows", type=int, nargs="+", default=[1000, 1_000_000, 5_000_000])
    parser.add_argument("--clock", choices=["perf_counter", "process_time"], default="perf_counter")
    options = parser.parse_args()
    global clock
    clock = getattr(time, options.clock)
    print(
        f"Python {sys.version.split()[0]}, pandas {pd.__version__}, pyarrow {pa.__version__}, polars {pl.__version__}"
    )
    frames(options.rows, options.rounds)
    if len(options.rows) > 1:
        flatness(min(options.rows), max(options.rows), options.rounds)
    others(min(1_000_000, max(options.rows)), options.rounds)
    with tempfile.TemporaryDirectory() as folder:
        memory(Sides(Path(folder)), min(1_000_000, max(options.rows)))


if __name__ == "__main__":
    main()

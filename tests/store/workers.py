"""What the fault tests run in processes of their own: `python workers.py <role> <arguments>`.

Each role forks before any thread is there, and prints one line for what it found.
"""

from __future__ import annotations

import gc
import json
import os
import random
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from enrich.errors import StoreFullError
from enrich.store import MISSING, FileSystemBackend, MemoryBackend, Settings, Store, make_memoize_key
from enrich.store.codecs import context


def value_of(number: int) -> dict[str, Any]:
    return {"number": number, "text": f"value {number} " * (number % 50 * 40 + 1)}


def fork(work: Callable[[], None]) -> int:
    pid = os.fork()
    if pid:
        return pid
    try:
        work()
    except BaseException as error:
        print(f"child failed: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
        os._exit(1)
    os._exit(0)


def wait(pids: list[int]) -> bool:
    return all(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0 for pid in pids)


def open_store(folder: str, **arguments: Any) -> Store:
    return Store(FileSystemBackend(folder), app="workers", **arguments)


def killed_writers(folder: str, kills: str) -> None:
    """Kill writers at random points of their work, then see what is left."""
    data = os.urandom(400_000)

    def write() -> None:
        store, number = open_store(folder), os.getpid() * 1001  # so that writers begin with different names
        while True:
            number += 1
            store.put({"n": number, "data": data[: number % 400_000]})
            store.put(number, name=f"name {number % 5}")

    rng = random.Random(3)
    open_store(folder).put(1)
    for _ in range(int(kills)):
        pid = fork(write)
        time.sleep(0.003 + rng.random() * 0.012)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def hammer(folder: str, processes: str, threads: str, steps: str) -> None:
    """Put, get, name, delete, compute and sweep from everywhere, and check each answer."""

    def work(seed: int, faults: list[str]) -> None:
        rng = random.Random(seed)
        try:
            for _ in range(int(steps)):
                step(store, rng, faults)
        except BaseException as error:
            faults.append(f"{type(error).__name__}: {error}")

    pids = []
    for process in range(int(processes)):
        store = open_store(folder, max_bytes=3_000_000, secret="hammer hammer")

        def run(process: int = process) -> None:
            faults: list[str] = []
            crew = [
                threading.Thread(target=work, args=(process * 100 + i, faults)) for i in range(int(threads))
            ]
            for thread in crew:
                thread.start()
            for thread in crew:
                thread.join()
            if faults:
                raise AssertionError(faults[:3])

        pids.append(fork(run))
    if not wait(pids):
        raise SystemExit(1)


def step(store: Store, rng: random.Random, faults: list[str]) -> None:
    number, scope = rng.randrange(60), rng.choice([None, "one", "two"])
    value = value_of(number)
    action = rng.randrange(8)
    try:
        if action < 3:
            ref = store.put(value, scope=scope)
            if store.get(ref) != value:
                faults.append("another value under the key that was just put")
        elif action == 3:
            ref = store.put(value, scope=scope)
            found = store.get(store.open(store.sign(ref, session="s"), session="s"), default=MISSING)
            if found is not MISSING and found != value:
                faults.append("another value behind the handle")
        elif action == 4:
            store.put(value, name=f"name {number % 7}")
        elif action == 5:
            found = store.compute(f"key {number}", lambda: value, scope=scope)
            if found != value:
                faults.append("another value computed")
        elif action == 6:
            ref = store.named(f"name {number % 7}")
            found = store.get(ref, default=MISSING)
            if found is not MISSING and found != value_of(found["number"]):
                faults.append("a mixed value under the name")
        elif rng.randrange(5) == 0:
            store.sweep()
    except StoreFullError:
        pass
    except LookupError:
        faults.append("lookup")
    except Exception as error:
        if type(error).__name__ != "HandleExpired":  # a name that nobody put yet
            raise


def one_computation(folder: str, processes: str) -> None:
    """Miss in many processes at once; the function appends a line to a file for each run."""
    ran, go = Path(folder) / "ran", Path(folder) / "go"

    def compute() -> str:
        with ran.open("a") as file:
            file.write("x\n")
        time.sleep(0.3)
        return "result"

    def work() -> None:
        store = open_store(folder + "/values")
        while not go.exists():
            time.sleep(0.001)
        assert store.compute("key", compute) == "result"

    pids = [fork(work) for _ in range(int(processes))]
    go.touch()
    print(json.dumps({"fine": wait(pids), "ran": len(ran.read_text().splitlines())}))


def killed_holder(folder: str) -> None:
    """Kill the process that computes; the next one takes over at once."""
    mark = Path(folder) / "computing"

    def hang() -> str:
        mark.touch()
        time.sleep(60)
        return "never"

    pid = fork(lambda: open_store(folder + "/values").compute("key", hang) and None)
    while not mark.exists():
        time.sleep(0.001)
    store, begin = open_store(folder + "/values"), time.monotonic()
    threading.Timer(0.2, os.kill, (pid, signal.SIGKILL)).start()
    result = store.compute("key", lambda: "mine")
    os.waitpid(pid, 0)
    print(json.dumps({"result": result, "seconds": time.monotonic() - begin}))


def digest_with_many_threads(store: Store) -> None:
    large = os.urandom(2 << 20)
    make_memoize_key(large)
    assert store.get(store.put(large)) == large


def forked(folder: str) -> None:
    """Use one store in parent and children, while threads of the parent write."""
    store = open_store(folder)
    ref = store.put({"from": "parent"})
    digest_with_many_threads(store)
    stop, computing = threading.Event(), threading.Event()

    def slow() -> str:
        computing.set()
        stop.wait(60)
        return "the parent's"

    def busy() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            store.put(number)

    crew = [threading.Thread(target=busy) for _ in range(3)]
    crew.append(threading.Thread(target=store.compute, args=("slow", slow)))
    for thread in crew:
        thread.start()
    computing.wait()

    def child() -> None:
        assert store.compute("slow", lambda: "the child's", lock_timeout=0.1) == "the child's"
        assert store.get(ref) == {"from": "parent"}
        digest_with_many_threads(store)
        assert store.get(store.put({"child": os.getpid()})) == {"child": os.getpid()}
        assert store.compute(f"key {os.getpid()}", lambda: 5) == 5
        assert store.sweep()

    fine = wait([fork(child) for _ in range(20)])
    stop.set()
    for thread in crew:
        thread.join()
    print(json.dumps({"fine": fine}))


def limited(folder: str) -> None:
    """Meet a limit of the operating system in the middle of a write."""
    store = open_store(folder)
    small = store.put("small")
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
    try:
        store.put("x" * 1_000_000)
    except StoreFullError as error:
        print(json.dumps({"error": str(error), "small": store.get(small)}))


def cold_start(folder: str, processes: str) -> None:
    """Make the secret in many workers at once."""
    go, tokens = Path(folder) / "go", Path(folder) / "tokens"
    tokens.mkdir()

    def work() -> None:
        while not go.exists():
            pass
        store = open_store(folder + "/values")
        token = store.sign(store.put(1), session="s")
        (tokens / str(os.getpid())).write_text(token)

    pids = [fork(work) for _ in range(int(processes))]
    go.touch()
    fine = wait(pids)
    store = open_store(folder + "/values")
    opened = [store.get(store.open(path.read_text(), session="s")) for path in tokens.iterdir()]
    print(json.dumps({"fine": fine, "opened": opened}))


def payers(folder: str, processes: str) -> None:
    """Write the same shared values at once, each process for a session of its own; how many pay for each?"""
    go = Path(folder) / "go"
    keys = [f"{number:032x}" for number in range(20)]

    def opened() -> FileSystemBackend:
        return FileSystemBackend(folder + "/values").with_settings(Settings(session_quota=10_000))

    def work() -> None:
        backend, payer = opened(), f"{os.getpid():012x}"
        while not go.exists():
            pass
        for key in keys:
            backend.write(key, [b"x" * 100], 100, payer=payer)

    pids = [fork(work) for _ in range(int(processes))]
    go.touch()
    fine = wait(pids)
    charges = opened().sweeper.charges
    held = [key for pid in pids for key, _found in charges.of(f"{pid:012x}", but=())]
    print(json.dumps({"fine": fine, "paid": [held.count(key) for key in keys]}))


def group(folder: str, group: str) -> None:
    """Work as two users of a group, one after the other, then both at once."""

    def as_user(number: int, work: Callable[[Store], None]) -> int:
        def become_and_work() -> None:
            os.setgroups([int(group)])
            os.setgid(number)
            os.setuid(number)
            os.umask(0o022 if number == 4001 else 0o077)
            work(open_store(folder))

        return fork(become_and_work)

    def age() -> None:
        for path in Path(folder).rglob("*"):
            os.utime(path, (time.time() - 300,) * 2)

    def is_renewed(store: Store) -> bool:
        return all(entry.used > time.time() - 60 for entry in store.backend.entries())

    def begin(store: Store) -> None:
        store.put({"a": 1}, name="of one")
        assert store.compute("key", lambda: 1) == 1
        store.sweep()

    def go_on(store: Store) -> None:
        assert store.get(store.named("of one")) == {"a": 1}
        assert store.compute("key", lambda: 2) == 1
        assert is_renewed(store)

    def store_again(store: Store) -> None:
        assert not store.put({"a": 1}).new
        assert not store.put(1).new
        assert is_renewed(store)
        assert store.delete(store.put({"a": 2}, name="of one"))
        assert store.delete(store.put({"a": 1}))
        store.sweep()

    def find_it_changed(store: Store) -> None:
        assert [entry.nbytes for entry in store.backend.entries()] == [store.put(1).nbytes]
        store.clear()
        assert store.info().entries == 0

    def hammer(store: Store) -> None:
        for number in range(150):
            assert store.get(store.put(number, name=f"{number}")) == number
            store.compute(f"key {number}", lambda number=number: [number])
            if number % 10 == 0:
                store.sweep()

    fine = wait([as_user(4001, begin)])
    for work in (go_on, store_again):
        age()
        fine = fine and wait([as_user(4002, work)])
    fine = fine and wait([as_user(4001, find_it_changed)])
    fine = fine and wait([as_user(user, hammer) for user in (4001, 4002, 4001, 4002)])
    print(json.dumps({"fine": fine}))


class Interrupt(Exception):
    """What a handler raises that must end the work."""


def interrupted(folder: str, backend: str) -> None:
    """Interrupt the work of a store hundreds of times, then see whether others can go on, and what was left behind."""
    store = open_store(folder) if backend == "files" else Store(MemoryBackend(), app="workers")
    chance, working, interrupts = random.Random(0), False, 0

    def ring(*_: object) -> None:
        signal.setitimer(signal.ITIMER_REAL, chance.uniform(0.0002, 0.002))
        if working:
            raise Interrupt

    def work(number: int) -> None:
        nonlocal working
        working = True
        store.put({"number": number, "of": [chance.random()]})
        store.compute(f"{number}", lambda: number)
        store.delete(store.put(number))
        working = False

    work(0)
    signal.signal(signal.SIGALRM, ring)
    ring()
    until, number = time.monotonic() + 4, 0
    while time.monotonic() < until:
        number += 1
        try:
            work(number)
        except Interrupt:
            working = False
            interrupts += 1
    signal.setitimer(signal.ITIMER_REAL, 0)
    gc.collect()

    def go_on() -> None:
        other = open_store(folder) if backend == "files" else store
        assert other.get(other.put("others")) == "others"
        assert other.compute("others", lambda: 1) == 1

    thread = threading.Thread(target=go_on, daemon=True)
    thread.start()
    thread.join(10)
    counted = True
    if backend == "files":
        store.backend.sweeper.join()
        paths = [path for path in Path(folder, "entries").rglob("*") if path.is_file()]
        counted = store.backend.ledger.read().used >= sum(path.stat().st_size for path in paths)
    found = {
        "interrupts": interrupts,
        "others go on": not thread.is_alive(),
        "depth": context._nesting.depth,
        "counted": counted,
    }
    print(json.dumps(found))


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])

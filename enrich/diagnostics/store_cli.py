"""`python -m enrich store info | ls | sweep | clear | verify`."""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import json
import secrets as random_source
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import platformdirs

from enrich.errors import EnrichError, StoreConfigError
from enrich.store import MISSING, Backend, Entry, FileSystemBackend, RedisBackend, Store, default_cache_dir
from enrich.store.audit import Audited, list_entries, verify_entries
from enrich.store.backends.protocol import DAY, Buffer
from enrich.store.info import StoreInfo
from enrich.store.secrets import given_secrets

T = TypeVar("T")
_FOR_EVER = 100 * 365 * DAY


def add_commands(commands: Any) -> None:
    """Add `store` and what it can do to the command line."""
    store = commands.add_parser("store", help="look after server-side values")
    actions = store.add_subparsers(required=True, metavar="action")
    for action, run, text in (
        ("info", _info, "how much is stored, and where"),
        ("ls", _ls, "list the stored values, last used first"),
        ("sweep", _sweep, "drop what is too old or too much, now"),
        ("clear", _clear, "drop all values, names and memoized results"),
        ("verify", _verify, "read every value and check its digest; exit status 1 if one is damaged"),
    ):
        parser = actions.add_parser(action, help=text, description=text)
        _add_place(parser)
        parser.set_defaults(run=lambda options, run=run: _reported(run, options))
        if action == "ls":
            parser.add_argument("-n", type=_count, default=None, metavar="COUNT", help="only the first ones")
        if action == "clear":
            parser.add_argument("--yes", action="store_true", help="don't ask")
        if action == "verify":
            parser.add_argument("--delete", action="store_true", help="drop the damaged ones")


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of values: give 1 or more")
    return int(text)


def _add_place(parser: argparse.ArgumentParser) -> None:
    place = parser.add_mutually_exclusive_group()
    place.add_argument("--dir", type=Path, help="the folder given to FileSystemBackend")
    place.add_argument("--app", help="the app's name, for its default folder")
    place.add_argument("--url", help="the URL given to RedisBackend")
    place.add_argument(
        "--store", metavar="MODULE:NAME", help="a Store, or an app with one, in a module of yours"
    )
    parser.add_argument("--prefix", default="enrich:", help="the prefix given to RedisBackend")
    parser.add_argument("--max-bytes", type=int, help="the app's, for sweep")
    parser.add_argument("--ttl", type=float, help="the app's, in seconds, for sweep")
    parser.add_argument("--json", action="store_true", help="print JSON")


def _reported(run: Any, options: argparse.Namespace) -> int:
    try:
        status: int = run(options, _open(options))
    except EnrichError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 2
    return status


def _open(options: argparse.Namespace) -> Store:
    if options.store:
        module, _, name = options.store.partition(":")
        sys.path.insert(0, "")
        try:
            found = importlib.import_module(module)
        except ModuleNotFoundError as error:
            if error.name is None or not f"{module}.".startswith(f"{error.name}."):
                raise
            raise StoreConfigError(
                f"There is no module {error.name!r} here. Run this where {module!r} can be imported."
            ) from error
        for part in (name or "app").split("."):
            if not hasattr(found, part):
                raise StoreConfigError(f"{options.store}: there is no {part!r}.")
            found = getattr(found, part)
        store = found if isinstance(found, Store) else getattr(found, "store", None)
        if not isinstance(store, Store):
            raise StoreConfigError(f"{options.store} is neither a Store nor an app with one.")
        return store
    backend: Backend
    if options.url:
        backend = RedisBackend(options.url, prefix=options.prefix, local=False)
    else:
        backend = FileSystemBackend(_folder(options))
    secret = None
    if given_secrets(None) is None and backend.get_record("secret", kept=True) is MISSING:
        # The app has a secret of its own; making one here would only confuse.
        secret = random_source.token_hex()
        options.secret_unknown = True
    app = options.app or "dash"
    # Whoever looks must see what an app keeps for longer; in Redis, the last use is told from the time that is left.
    ttl = (DAY if options.url else _FOR_EVER) if options.ttl is None else options.ttl
    return Store(backend, app=app, secret=secret, max_bytes=options.max_bytes, ttl=ttl)


def _folder(options: argparse.Namespace) -> Path:
    folder: Path = options.dir or default_cache_dir(options.app or "dash")
    if not folder.is_dir():
        raise StoreConfigError(f"There is no folder {folder}.{_others(folder.parent)}")
    if any(folder.iterdir()) and not (folder / "ledger").exists() and not (folder / "kept").is_dir():
        raise StoreConfigError(f"{folder} isn't a folder of stored values.")
    return folder


def _others(parent: Path) -> str:
    if parent != Path(platformdirs.user_cache_dir("dash-enrich", appauthor=False)) or not parent.is_dir():
        return ""
    names = sorted(path.name for path in parent.iterdir() if path.is_dir())
    return f" Apps with a folder are: {', '.join(names)}. Name one with --app." if names else ""


def _info(options: argparse.Namespace, store: Store) -> int:
    info = store.info()
    if options.json:
        _print_json(dataclasses.asdict(info) | {"entries": info.entries, "nbytes": info.nbytes})
        return 0
    for place in info.backends:
        print(f"{place.name} ({place.kind}), {place.where}")
        print(f"  seen by      {_reach(place.reach)}")
        if place.entries is None or place.nbytes is None:
            print("  entries      its cache doesn't list what it holds")
            continue
        share = f" of {_size(place.limit)} ({place.nbytes / place.limit:.1%})" if place.limit else ""
        print(f"  entries      {place.entries:,}")
        print(f"  size         {_size(place.nbytes)}{share}")
        if place.oldest is not None:
            print(f"  oldest use   {_ago(place.oldest)}")
    return 0


def _ls(options: argparse.Namespace, store: Store) -> int:
    rows = sorted(_all(store, list_entries), key=lambda row: -row[1].entry.used)[: options.n]
    if options.json:
        _print_json([{"backend": name} | _as_dict(found) for name, found in rows])
        return 0
    for _name, found in rows:
        table = f"{found.rows:,} rows" if found.rows is not None else ""
        what = found.kind or f"damaged: {found.fault}"
        print(
            f"{found.entry.key:<44}  {_size(found.entry.nbytes):>9}  {_ago(found.entry.used):>14}  {what} {table}".rstrip()
        )
    return 0


def _all(store: Store, look: Any) -> Iterator[tuple[str, Audited]]:
    for name, backend in store.opened():
        for found in look(backend):
            yield name, found


def _sweep(options: argparse.Namespace, store: Store) -> int:
    if not (options.store or options.url) and None in (options.ttl, options.max_bytes):
        raise StoreConfigError(
            "What is too old or too much is known to the app alone: name it by --store MODULE:NAME, or give both --ttl "
            "and --max-bytes."
        )
    swept = store.sweep()
    if options.json:
        _print_json({name: dataclasses.asdict(result) for name, result in swept.items()})
        return 0
    for name, result in swept.items():
        print(
            f"{name}: dropped {result.dropped:,} of {result.entries + result.dropped:,} entries, {_size(result.freed)}"
        )
    return 0


def _clear(options: argparse.Namespace, store: Store) -> int:
    info = store.info()
    if not options.yes:
        print(
            f"{_counted(info)} will be gone for every session. Type yes to go on: ",
            end="",
        )
        if sys.stdin.readline().strip() != "yes":
            print("Nothing was dropped.")
            return 1
    store.clear()
    if options.json:
        _print_json({"dropped": info.entries, "freed": info.nbytes})
    else:
        print(f"Dropped {_counted(info)}.")
    return 0


def _counted(info: StoreInfo) -> str:
    """What is stored, in numbers; a cache that can't list may hold more than nothing."""
    unknown = [place.name for place in info.backends if place.entries is None]
    more = f", and all of {', '.join(unknown)}, whose cache doesn't list what it holds" if unknown else ""
    return f"{info.entries:,} values, {_size(info.nbytes)}{more}"


def _verify(options: argparse.Namespace, store: Store) -> int:
    damaged: list[dict[str, Any]] = []
    checked = 0
    unknown = getattr(options, "secret_unknown", False)
    if unknown:
        print(
            "Only the form of the values is checked. Set the app's ENRICH_SECRET_KEY to check all.",
            file=sys.stderr,
        )

    def is_genuine(key: str, buffer: Buffer) -> bool:
        return unknown or store.is_genuine(key, buffer)

    for name, backend in store.opened():
        entries: list[Entry] = list(backend.entries())
        for found in _with_progress(verify_entries(backend, is_genuine, entries), len(entries), name):
            checked += 1
            if found.fault is None:
                continue
            damaged.append({"backend": name} | _as_dict(found))
            if options.delete:
                backend.delete(found.entry.key)
    if options.json:
        _print_json({"checked": checked, "damaged": damaged})
    else:
        for one in damaged:
            print(f"{one['backend']}: {one['key']}: {one['fault']}")
        print(
            f"Checked {checked:,} values, {len(damaged):,} damaged{' and dropped' if options.delete and damaged else ''}."
        )
    return 1 if damaged else 0


def _with_progress(items: Iterable[T], total: int, title: str) -> Iterable[T]:
    if not sys.stderr.isatty():
        return items
    try:
        from tqdm import tqdm  # type: ignore[import-untyped]
    except ImportError:
        return items
    bar: Iterable[T] = tqdm(items, total=total, desc=title, unit="value")
    return bar


def _as_dict(found: Audited) -> dict[str, Any]:
    return dataclasses.asdict(found.entry) | {"kind": found.kind, "rows": found.rows, "fault": found.fault}


def _print_json(value: Any) -> None:
    print(json.dumps(value, indent=2))


def _size(nbytes: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if nbytes < 1000:
            return f"{nbytes:.0f} {unit}" if unit == "B" else f"{nbytes:.1f} {unit}"
        nbytes /= 1000
    return f"{nbytes:.1f} TB"


def _ago(when: float) -> str:
    seconds = max(0.0, time.time() - when)
    for unit, length in (("days", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit} ago"
    return f"{seconds:.0f} s ago"


def _reach(reach: str) -> str:
    return {"process": "this process only", "host": "all processes of this host", "hosts": "all hosts"}[reach]

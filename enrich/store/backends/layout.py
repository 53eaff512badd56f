"""Where things lie in a folder of values."""

from __future__ import annotations

import hashlib
import os

TEMPORARY = ".tmp-"  # a file being written
TRASH = ".trash"  # an entry or a record that a sweeper has set aside


def temporary_name() -> str:
    """Return a name for a file or folder being made, which no other has."""
    return f"{TEMPORARY}{os.urandom(8).hex()}"


def shard(key: str) -> str:
    """Return the folder of an entry: a session's values lie together, shared ones are spread."""
    return f"entries/{key[:2]}"


def is_entry(name: str) -> bool:
    """Tell entries from files being written or dropped."""
    return "." not in name


def payer_folder(key: str) -> str:
    """Return the folder of the file that says who pays for a shared entry."""
    return f"payers/{key[:2]}"


def charge_folder(payer: str) -> str:
    """Return the folder of the files that list what a session pays for."""
    return f"charges/{payer[:2]}"


def record_file(name: str, kept: bool) -> tuple[str, str]:
    """Return the folder and the file of a record."""
    digest = name_digest(name)
    return ("kept", digest) if kept else (f"records/{digest[:2]}", digest)


def lock_file(name: str) -> str:
    """Return the file of a lock, within `locks`."""
    return f"{name_digest(name)}.lock"


def name_digest(name: str) -> str:
    """Return what stands for a name where not every character, or length, may stand."""
    return hashlib.blake2b(name.encode(), digest_size=16).hexdigest()

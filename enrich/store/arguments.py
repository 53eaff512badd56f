"""What a store is opened with, checked before it is opened."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from enrich.errors import StoreConfigError
from enrich.meant import meant
from enrich.store.backends.protocol import Settings
from enrich.store.secrets import given_secrets
from enrich.store.store import Store


def check_arguments(given: Mapping[str, Any]) -> None:
    """Refuse what no `Store` can be opened with; raises `StoreConfigError`."""
    known = inspect.signature(Store).parameters.keys() - {"backend", "backends", "server_secret"}
    for name in given.keys() - known:
        raise StoreConfigError(
            f"The store has no setting {name!r}.{meant(name, known)} It has {', '.join(sorted(known))}."
        )
    Settings(**{name: given[name] for name in ("max_bytes", "ttl", "session_quota") if name in given})
    if given.get("secret") is not None:
        given_secrets(given["secret"])

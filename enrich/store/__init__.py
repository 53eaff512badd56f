"""Values that stay on the server: stored exactly, read fast, and known to the browser by signed texts only."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from enrich.store.backends.files import FileSystemBackend
from enrich.store.backends.folder import default_cache_dir
from enrich.store.backends.memory import MemoryBackend
from enrich.store.backends.protocol import MISSING, Backend, Entry, Settings, Swept
from enrich.store.handle import PREFIX, Handle, looks_like_handle
from enrich.store.info import BackendInfo, StoreInfo
from enrich.store.memoize import function_identity, make_memoize_key
from enrich.store.ref import Columns, Ref, ServersideRef
from enrich.store.store import Store

if TYPE_CHECKING:
    from enrich.store.backends.arrow_fs import ArrowFSBackend
    from enrich.store.backends.flask_caching import FlaskCachingBackend
    from enrich.store.backends.redis import RedisBackend
    from enrich.store.flask_cache import ArrowSerializer, ExactCache

__all__ = [
    "MISSING",
    "PREFIX",
    "ArrowFSBackend",
    "ArrowSerializer",
    "Backend",
    "BackendInfo",
    "Columns",
    "Entry",
    "ExactCache",
    "FileSystemBackend",
    "FlaskCachingBackend",
    "Handle",
    "MemoryBackend",
    "RedisBackend",
    "Ref",
    "ServersideRef",
    "Settings",
    "Store",
    "StoreInfo",
    "Swept",
    "default_cache_dir",
    "function_identity",
    "looks_like_handle",
    "make_memoize_key",
]

# Their libraries take long to import, and most apps use one of them at most.
_ON_DEMAND = {
    "ArrowFSBackend": "enrich.store.backends.arrow_fs",
    "FlaskCachingBackend": "enrich.store.backends.flask_caching",
    "RedisBackend": "enrich.store.backends.redis",
    "ArrowSerializer": "enrich.store.flask_cache",
    "ExactCache": "enrich.store.flask_cache",
}


def __getattr__(name: str) -> Any:
    if name in _ON_DEMAND:
        return getattr(importlib.import_module(_ON_DEMAND[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

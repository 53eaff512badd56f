"""Values that stay on the server: stored exactly, read fast, and known to the browser by signed texts only."""

from __future__ import annotations

from enrich.store.backends.files import FileSystemBackend
from enrich.store.backends.folder import default_cache_dir
from enrich.store.backends.memory import MemoryBackend
from enrich.store.backends.protocol import MISSING, Backend, Entry, Settings, Swept
from enrich.store.handle import PREFIX, Handle, looks_like_handle
from enrich.store.info import BackendInfo, StoreInfo
from enrich.store.ref import Columns, Ref, ServersideRef
from enrich.store.store import Store

__all__ = [
    "MISSING",
    "PREFIX",
    "Backend",
    "BackendInfo",
    "Columns",
    "Entry",
    "FileSystemBackend",
    "Handle",
    "MemoryBackend",
    "Ref",
    "ServersideRef",
    "Settings",
    "Store",
    "StoreInfo",
    "Swept",
    "default_cache_dir",
    "looks_like_handle",
]

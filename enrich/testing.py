"""What the tests of an app, or of a backend of its own, need."""

from __future__ import annotations

from enrich.page import CallbackFailed, Page, Request
from enrich.store.conformance import BackendConformance, key_of

__all__ = ["BackendConformance", "CallbackFailed", "Page", "Request", "key_of"]

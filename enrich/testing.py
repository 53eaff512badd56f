"""What the tests of an app, or of a backend of its own, need."""

from __future__ import annotations

from enrich.page import Page, Request
from enrich.page_errors import CallbackFailed, NotOnPage
from enrich.store.conformance import BackendConformance, key_of

__all__ = ["BackendConformance", "CallbackFailed", "NotOnPage", "Page", "Request", "key_of"]

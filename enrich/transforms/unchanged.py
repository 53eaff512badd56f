"""``skip_unchanged``: a callback that stores an equal value again leaves the page as it is."""

from __future__ import annotations

from typing import Any

from enrich.callbacks.declare import is_serverside
from enrich.callbacks.spec import CallbackSpec, Slot
from enrich.errors import HandleError
from enrich.store import Ref, Store, looks_like_handle
from enrich.transforms.held import held_values, with_held


def with_held_tokens(spec: CallbackSpec) -> CallbackSpec:
    """Have the page send the tokens that it holds for outputs with ``skip_unchanged``."""
    return with_held(spec, lambda slot: is_serverside(slot) and slot.marker.skip_unchanged)


def held_tokens(slot: Slot, spec: CallbackSpec) -> Any:
    """What the page holds for an output with ``skip_unchanged``: a token, or a list of them."""
    return held_values(slot, spec) if slot.marker.skip_unchanged else None


def stands_for(token: Any, ref: Ref, store: Store, session: str | None) -> bool:
    """Is it a token of this very value, that this session can open?"""
    if not isinstance(token, str) or not looks_like_handle(token):
        return False
    try:
        held = store.open(token, session=session)
    except HandleError:
        # Another session's, or signed with a secret that was lost: the page needs a new one.
        return False
    return held.name is None and (held.key, held.store) == (ref.key, ref.store)

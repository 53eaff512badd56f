"""The secrets that sign handles: given, taken from the environment, or made once and kept with the values."""

from __future__ import annotations

import functools
import logging
import os
import re
import secrets as random_source
from collections.abc import Sequence
from dataclasses import dataclass, field

from blake3 import blake3

from enrich.errors import StoreConfigError, StoreUnavailableError
from enrich.store.backends.protocol import Backend

logger = logging.getLogger("enrich.store")

OWN_VARIABLE = "ENRICH_SECRET_KEY"
VARIABLES = (OWN_VARIABLE, "DASH_SECRET_KEY")
_RECORD = "secret"
_SHORTEST = 8
_MADE_HERE = re.compile(r"[A-Za-z0-9_\-]{8,100}")


@dataclass(frozen=True, slots=True)
class Secrets:
    """Secrets, newest first: the first signs, all verify.

    Parameters
    ----------
    texts: the secrets.
    given: did a person choose them (argument, environment)? Only then may they sign pickles on shared storage.
    made: were they made here and kept in the store?
    """

    texts: tuple[str, ...] = field(repr=False)
    given: bool = False
    made: bool = False

    def derived(self, purpose: str) -> tuple[bytes, ...]:
        """Return 32 bytes for one purpose from each secret, in the same order."""
        return _derive(self.texts, purpose)


@functools.lru_cache(maxsize=256)
def _derive(texts: tuple[str, ...], purpose: str) -> tuple[bytes, ...]:
    context = f"dash-enrich 2026 store {purpose}"
    return tuple(blake3(text.encode(), derive_key_context=context).digest() for text in texts)


def given_secrets(argument: str | Sequence[str] | None) -> Secrets | None:
    """Return the secrets by argument, else by the environment; raises `StoreConfigError` for unusable ones."""
    if argument is not None:
        if not isinstance(argument, Sequence):
            # A set has no first one, and what gives each only once has none left for the next who asks.
            raise StoreConfigError(
                f"Store(secret=...): a {type(argument).__name__} is neither a text nor a list of texts."
            )
        texts = (argument,) if isinstance(argument, str) else tuple(argument)
        return Secrets(_checked(texts, "Store(secret=...)"), given=True)
    for variable in VARIABLES:
        value = os.environ.get(variable)
        if value and (variable == OWN_VARIABLE or _is_usable(value, variable)):
            return Secrets(_checked((value,), variable), given=True)
    return None


def server_secrets(secret: str | bytes | None) -> Secrets | None:
    """Return the web server's own secret, if it has one."""
    if not secret:
        return None
    if not _is_usable(secret, "The server's secret_key"):
        return None
    return Secrets((secret if isinstance(secret, str) else secret.hex(),))


def _is_usable(text: str | bytes, whose: str) -> bool:
    """Tell whether what was chosen for something else can sign; if not, the app that works with it goes on working."""
    if isinstance(text, str | bytes) and len(text) >= _SHORTEST:
        return True
    logger.warning("%s has less than %d characters; another secret signs in its place.", whose, _SHORTEST)
    return False


def kept_secrets(backend: Backend, known: Secrets | None = None) -> Secrets:
    """Return the secret kept in the backend; many workers that start at once agree on one.

    What this worker `known` before stays valid, and is put back should the place have been emptied.
    """
    mine = known.texts[0] if known is not None else random_source.token_urlsafe(32)
    found = backend.add_record(_RECORD, mine.encode(), kept=True).decode(errors="replace")
    if not _MADE_HERE.fullmatch(found):
        raise StoreUnavailableError(
            f"The secret kept in store {backend.name!r} is damaged. Give Store(secret=...), or clear the place away "
            "with all that is in it."
        )
    old = known.texts if known is not None else ()
    return Secrets((found, *(text for text in old if text != found)), made=True)


def _checked(texts: tuple[str, ...], where: str) -> tuple[str, ...]:
    if not texts:
        raise StoreConfigError(
            f"{where} is an empty list. Give at least one secret, the one that signs first."
        )
    for text in texts:
        if not isinstance(text, str) or len(text) < _SHORTEST:
            raise StoreConfigError(
                f"{where}: a secret must be text of at least {_SHORTEST} characters. "
                'python -c "import secrets; print(secrets.token_urlsafe(32))" makes a good one.'
            )
    return texts

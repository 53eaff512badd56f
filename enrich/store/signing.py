"""Who may sign what: a store's secrets at work, and when they may sign pickles."""

from __future__ import annotations

import hmac
import logging
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from itsdangerous import BadSignature, Signer

from enrich.errors import HandleInvalid, StoreConfigError, StoreError
from enrich.store.backends.locks import ThreadLock
from enrich.store.backends.protocol import Backend, Buffer
from enrich.store.handle import signer
from enrich.store.keys import keyed_digest
from enrich.store.places import Places
from enrich.store.secrets import Secrets, given_secrets, kept_secrets, server_secrets

T = TypeVar("T")

logger = logging.getLogger("enrich.store")

_REFRESH = 60.0  # seconds; a secret kept with the values is put back this soon after they were cleared away
_RELEARN = 1.0
_SIGNATURE_LENGTH = 32


class Keyring:
    """The store's secrets, and signers made from them."""

    def __init__(
        self,
        backend: Backend,
        secret: str | Sequence[str] | None,
        server_secret: str | bytes | None,
        clock: Callable[[], float],
    ) -> None:
        self._backend = backend
        self._clock = clock
        self._lock = ThreadLock()
        self._signers: dict[str, Signer] = {}
        self.secrets: Secrets = (
            given_secrets(secret) or server_secrets(server_secret) or kept_secrets(backend)
        )
        self._read = clock()

    def refreshed(self) -> Secrets:
        """Return the secrets; those kept with the values are looked at once a minute, and put back if lost."""
        if self.secrets.made and abs(self._clock() - self._read) > _REFRESH:
            self._refresh()
        return self.secrets

    def learned(self) -> bool:
        """Look for a new secret that another worker made after the place was emptied; was there one?"""
        if not self.secrets.made or abs(self._clock() - self._read) <= _RELEARN:
            return False
        before = self.secrets
        self._refresh()
        return self.secrets != before

    def _refresh(self) -> None:
        with self._lock.raw:
            self._read = self._clock()
            try:
                found = kept_secrets(self._backend, self.secrets)
            except StoreError as error:
                # What is known still signs: session cookies must go on while the values' place is away.
                logger.warning("enrich.store: can't look after the secret: %s", error)
                return
            if found != self.secrets:
                self.secrets = found
                self._signers = {}

    def signer(self, salt: str) -> Signer:
        """Return the signer for one purpose."""
        found = self._signers.get(salt)
        if found is None:
            found = self._signers[salt] = signer(self.secrets, salt)
        return found

    def trying(self, read: Callable[[], T]) -> T:
        """Read what is signed, once more if it wasn't by any secret known but there is a new one."""
        try:
            return read()
        except HandleInvalid:
            if not self.learned():
                raise
            return read()

    def unsign_text(self, token: str, salt: str) -> str:
        """Return the text of a signed token, or raise `HandleInvalid`."""

        def read() -> str:
            try:
                return self.signer(salt).unsign(token.encode()).decode()
            except (BadSignature, UnicodeError) as error:
                raise HandleInvalid(
                    "A signed text was altered, or signed with a secret that this app doesn't have."
                ) from error

        return self.trying(read)


class HasSecrets(Protocol):
    """Whoever knows the secrets of now."""

    @property
    def secrets(self) -> Secrets:
        """The secrets, newest first."""
        ...


class PickleGuard:
    """Signs pickles, and checks the signature before anything is unpickled."""

    def __init__(self, keyring: HasSecrets) -> None:
        self._keyring = keyring

    def sign(self, parts: Sequence[Buffer]) -> bytes:
        """Return a keyed digest of the parts and their lengths."""
        return keyed_digest(parts, self._keyring.secrets.derived("pickle")[0], _SIGNATURE_LENGTH)

    def verify(self, parts: Sequence[Buffer], signature: bytes) -> None:
        """Return if one of the secrets signed this, else raise `HandleInvalid`."""
        for key in self._keyring.secrets.derived("pickle"):
            if hmac.compare_digest(bytes(signature), keyed_digest(parts, key, _SIGNATURE_LENGTH)):
                return
        raise HandleInvalid(
            "A stored pickle isn't signed by this app, so it isn't read: somebody else wrote it, or the secret changed. "
            "List old secrets after the new one in secret=[...]."
        )


def check_pickle_policy(places: Places, secrets: Secrets) -> None:
    """Refuse pickle where others can write, unless a person chose the secret: else they could sign their own."""
    if secrets.given:
        return
    for name, place in places:
        if not place.private:
            raise StoreConfigError(
                f"allow_pickle=True with backend {name!r}, which others may read, write, or put another in place of, "
                "needs a secret of your own: "
                "give Store(secret=...) or set ENRICH_SECRET_KEY. The one kept beside the values would let them sign "
                "pickles that run their code."
            )

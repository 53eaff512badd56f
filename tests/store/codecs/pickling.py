"""A pickler for tests: the signature is an HMAC, and verifying is noted."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

from enrich.errors import HandleInvalid
from enrich.store.codecs.entry import Piece


class KeyedPickler:
    def __init__(self, key: bytes = b"key") -> None:
        self.key = key

    def sign(self, parts: Sequence[Piece]) -> bytes:
        digest = hmac.new(self.key, digestmod=hashlib.sha256)
        for part in parts:
            digest.update(len(part).to_bytes(8, "little"))
            digest.update(part)
        return digest.digest()

    def verify(self, parts: Sequence[Piece], signature: bytes) -> None:
        if not hmac.compare_digest(self.sign(parts), signature):
            raise HandleInvalid("This pickle wasn't written by this app.")

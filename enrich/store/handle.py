"""What travels to the browser in place of a value: short, signed, bound to its app and session."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from blake3 import blake3
from itsdangerous import BadSignature, HMACAlgorithm, Signer

from enrich.errors import HandleForeign, HandleInvalid, StoreConfigError
from enrich.store.codecs.json_values import is_text
from enrich.store.keys import session_bytes
from enrich.store.secrets import Secrets

# Characters that no JSON encoder escapes, so a raw request body can be searched for it.
PREFIX: Final = "~enrich1~"
_FORM: Final = re.compile(rf"{PREFIX}[A-Za-z0-9_.\-]{{40,700}}")
_HEAD: Final = struct.Struct(">B4sI4s")
_NAMED, _BOUND, _SCOPED = 1, 2, 4
_SIGNATURE_LENGTH = 21  # bytes; 168 bits, and a multiple of three: base64 has no spare bits to alter
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Handle:
    """The content of a token: which value, whose, and where it came from.

    Parameters
    ----------
    key: the content key; empty for a named value.
    name: the name of a named value, else None.
    store: the backend's name; empty for the default one.
    app: short digest of the app's name.
    session: short digest of the session that may open it, or None for anyone's.
    producer: short id of the callback that wrote it.
    written: when, seconds since the epoch.
    """

    key: str
    name: str | None
    store: str
    app: bytes
    session: bytes | None
    producer: bytes
    written: int


class _ShortHMAC(HMACAlgorithm):
    def get_signature(self, key: bytes, value: bytes) -> bytes:
        return super().get_signature(key, value)[:_SIGNATURE_LENGTH]


def looks_like_handle(text: str) -> bool:
    """Does a text have a handle's form? Anything else is the user's own, and passes through untouched.

    >>> looks_like_handle("~enrich1~ is how they begin")
    False
    """
    return text.startswith(PREFIX) and _FORM.fullmatch(text) is not None


def signer(secrets: Secrets, salt: str) -> Signer:
    """Return a signer of texts for one purpose; itsdangerous wants the newest secret last."""
    keys = [secret.encode() for secret in reversed(secrets.texts)]
    return Signer(
        keys,
        salt=f"dash-enrich.{salt}",
        key_derivation="hmac",
        digest_method=hashlib.sha256,
        algorithm=_ShortHMAC(hashlib.sha256),
    )


def short_digest(text: str, purpose: str, size: int) -> bytes:
    """Return a digest of an app's, session's or producer's name that fits into a handle."""
    return hashlib.blake2b(text.encode(), digest_size=size, person=purpose.encode()).digest()


def app_digest(app: str) -> bytes:
    """Return the app's mark in handles."""
    return short_digest(app, "app", 4)


def session_digests(session: str, secrets: Secrets) -> list[bytes]:
    """Return the session's mark in handles under each secret, newest first; who guesses a session learns nothing."""
    named = session_bytes(session)
    return [blake3(named, key=key).digest(8) for key in secrets.derived("session")]


def stored_name(name: str) -> str:
    """Return a name as records and handles carry it: a long one by its digest."""
    if not isinstance(name, str) or not name or not is_text([name]):
        raise StoreConfigError(f"A stored value's name can't be {name!r}: give key= some text.")
    if len(name.encode()) <= _LONGEST_NAME:
        return name
    return "\x00" + hashlib.blake2b(name.encode(), digest_size=32).hexdigest()


def write_handle(handle: Handle, sign: Signer) -> str:
    """Return the signed text of a handle, about 100 characters."""
    flags = 0x10
    parts = []
    if handle.session is not None:
        flags |= _BOUND
        parts.append(handle.session)
    store = handle.store.encode()
    parts += [bytes([len(store)]), store]
    if handle.name is not None:
        flags |= _NAMED
        parts.append(handle.name.encode())
    else:
        content = bytes.fromhex(handle.key)
        flags |= _SCOPED if len(content) > 16 else 0
        parts.append(content)
    head = _HEAD.pack(flags, handle.app, handle.written & 0xFFFFFFFF, handle.producer)
    payload = base64.urlsafe_b64encode(head + b"".join(parts)).rstrip(b"=")
    return PREFIX + sign.sign(payload).decode("ascii")


def read_handle(token: str, sign: Signer, *, app: str, sessions: Sequence[bytes]) -> Handle:
    """Verify a token's signature, and then whether this app and a session of one of these marks may open it.

    Raises `HandleInvalid` when it was altered or signed with another secret, and `HandleForeign` when it is
    genuine but another app's or session's.
    """
    if not looks_like_handle(token):
        raise HandleInvalid(f"{_shown(token)} is not a handle of a stored value, or part of it is missing.")
    try:
        payload = sign.unsign(token[len(PREFIX) :])
    except BadSignature as error:
        raise HandleInvalid(
            f"The signature of handle {_shown(token)} is wrong: it was altered, or signed with a secret that this "
            "app doesn't have. If the secret was lost or changed, reload the page; what a dcc.Store(storage_type='local') "
            "holds even so, on_missing= can pass over. To keep handles across restarts and hosts set "
            "ENRICH_SECRET_KEY, and list old secrets after the new one in secret=[...]."
        ) from error
    handle = _parse(payload, token)
    if handle.app != app_digest(app):
        raise HandleForeign(
            f"Handle {_shown(token)} belongs to another app than {app!r}. "
            "Give both apps one app name if they are to share their values."
        )
    if handle.session is not None and handle.session not in sessions:
        raise HandleForeign(
            f"Handle {_shown(token)} belongs to another browser session"
            + (". " if sessions else ", and this request has none. ")
            + "Reload the page to have its value made anew. A dcc.Store(storage_type='local') keeps tokens for longer "
            "than the session that ends with the browser: say with on_missing= what their readers get then. If it "
            "happens on each visit, the browser drops the session's cookie: in a frame of another site it must be "
            "sent with SameSite=None; Secure over https, and Partitioned where third-party "
            "cookies are blocked. Values for everybody need session_check=False; apps with a login should "
            "give session_id=."
        )
    return handle


def _parse(payload: bytes, token: str) -> Handle:
    try:
        data = base64.urlsafe_b64decode(payload + b"=" * (-len(payload) % 4))
        flags, app, written, producer = _HEAD.unpack_from(data)
        at = _HEAD.size
        session = None
        if flags & _BOUND:
            session = data[at : at + 8]
            at += 8
        length = data[at]
        store = data[at + 1 : at + 1 + length].decode()
        rest = data[at + 1 + length :]
        if flags & _NAMED:
            return Handle("", rest.decode(), store, app, session, producer, written)
        if len(rest) != (22 if flags & _SCOPED else 16):
            raise ValueError("a content key has 16 or 22 bytes")
        return Handle(rest.hex(), None, store, app, session, producer, written)
    except (ValueError, IndexError, struct.error, binascii.Error) as error:
        raise HandleInvalid(
            f"Handle {_shown(token)} is signed but can't be read: another version of this package wrote it. "
            "Reload the page."
        ) from error


def _shown(token: str) -> str:
    return repr(token if len(token) <= 24 else token[:20] + "…")

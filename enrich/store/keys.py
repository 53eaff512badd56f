"""Keys of stored values: digests of their bytes, within a session's scope or keyed for all."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import xxhash
from blake3 import blake3

from enrich.errors import StoreConfigError
from enrich.store.backends.protocol import CONTENT_LENGTH, SCOPE_LENGTH, Buffer, scope_of
from enrich.store.codecs.entry import excerpt
from enrich.store.secrets import Secrets

_MANY_THREADS_FROM: Final = 1 << 20
# Not blake3's own choice: that is one pool of threads for the process, which a forked child waits for in vain.
_MANY_THREADS: Final = min(os.cpu_count() or 1, 8)


def threads_for(nbytes: int) -> int:
    """Return how many threads should digest so many bytes."""
    return _MANY_THREADS if nbytes >= _MANY_THREADS_FROM else 1


def session_bytes(session: str) -> bytes:
    """Return the text that stands for a session as bytes; raises `StoreConfigError` for anything but text."""
    if not isinstance(session, str):
        raise StoreConfigError(f"A session is named by a text, not by {excerpt(session)}.")
    return session.encode("utf-8", "surrogatepass")


def scope_tag(scope: str, secrets: Secrets) -> str:
    """Return the short name of a session's scope, which tells nothing of the session."""
    return _tag(session_bytes(scope), secrets.derived("scope")[0])


@lru_cache(maxsize=4096)
def _tag(scope: bytes, key: bytes) -> str:
    return blake3(scope, key=key).hexdigest(SCOPE_LENGTH // 2)


def content_key(buffers: Sequence[Buffer], tag: str, secrets: Secrets) -> str:
    """Return the key of a value's bytes.

    Within one session a fast digest will do: nobody else can make it collide. What is shared gets a strong
    one, so that a user can't prepare two uploads of one key. Both are keyed: a token tells nothing of the value.
    """
    if tag:
        return tag + _fast(buffers, secrets.derived("session content")[0])
    return _keyed(buffers, secrets.derived("content")[0])


def is_genuine(key: str, buffers: Sequence[Buffer], secrets: Secrets) -> bool:
    """Do these bytes belong to this key, under any of the secrets?"""
    content = key[-CONTENT_LENGTH:]
    digest_of, purpose = (_fast, "session content") if scope_of(key) else (_keyed, "content")
    return any(digest_of(buffers, derived) == content for derived in secrets.derived(purpose))


def digest(purpose: str, parts: Sequence[Buffer], secrets: Secrets) -> str:
    """Return a keyed 128-bit digest for names and memoized calls; every part's length counts."""
    return keyed_digests(purpose, parts, secrets)[0]


def keyed_digests(purpose: str, parts: Sequence[Buffer], secrets: Secrets) -> list[str]:
    """Return the digest under each secret, newest first."""
    return [keyed_digest(parts, key, 16).hex() for key in secrets.derived(purpose)]


def keyed_digest(parts: Sequence[Buffer], key: bytes, size: int) -> bytes:
    """Return a digest of so many bytes, in which every part's length counts."""
    hasher = blake3(key=key)
    for part in parts:
        view = memoryview(part).cast("B")
        hasher.update(view.nbytes.to_bytes(8, "little"))
        hasher.update(view)
    return hasher.digest(size)


def _fast(buffers: Sequence[Buffer], key: bytes) -> str:
    hasher = xxhash.xxh3_128(seed=int.from_bytes(key[:8], "little"))
    for buffer in buffers:
        hasher.update(buffer)
    return hasher.hexdigest()


def _keyed(buffers: Sequence[Buffer], key: bytes) -> str:
    hasher = blake3(key=key, max_threads=threads_for(sum(memoryview(buffer).nbytes for buffer in buffers)))
    for buffer in buffers:
        hasher.update(buffer)
    return hasher.hexdigest(CONTENT_LENGTH // 2)

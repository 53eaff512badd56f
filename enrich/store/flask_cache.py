"""What flask-caching and cachelib gain: exact, fast values, and memoize keys that tell frames apart."""

from __future__ import annotations

import re
import struct
from typing import Any, Final

import xxhash
from cachelib.serializers import BaseSerializer
from flask_caching import Cache

from enrich.errors import HandleInvalid, StoreConfigError
from enrich.store import codecs
from enrich.store.memoize import value_digest
from enrich.store.secrets import Secrets, given_secrets
from enrich.store.signing import PickleGuard

_HEAD: Final = struct.Struct("<8s16s")  # and a digest of all that follows
_DIGITS: Final = re.compile(rb"-?[0-9]{1,20}")
_MAGIC: Final = b"enrichA\x02"


class ArrowSerializer(BaseSerializer):  # type: ignore[misc]  # cachelib is read without its types
    """Let a cachelib or flask-caching cache keep frames exactly and without pickle.

    Parameters
    ----------
    allow_pickle: also keep what no codec carries, signed.
    secret: signs pickles; default `ENRICH_SECRET_KEY` or `DASH_SECRET_KEY`.

    A value that can't be kept exactly raises `UnstorableValueError`; what in the cache isn't ours counts as missing.

    >>> import flask, pandas as pd
    >>> from flask_caching import Cache
    >>> from enrich.store import ArrowSerializer
    >>> config = {"CACHE_TYPE": "SimpleCache", "CACHE_SERIALIZER": ArrowSerializer}
    >>> cache = Cache(flask.Flask("doc"), config=config)
    >>> cache.cache.set("frame", pd.DataFrame({"a": [1, 2]}))
    True
    >>> cache.cache.get("frame").shape
    (2, 1)
    """

    def __init__(self, *, allow_pickle: bool = False, secret: str | list[str] | None = None) -> None:
        self._pickler: PickleGuard | None = None
        if allow_pickle:
            secrets = given_secrets(secret)
            if secrets is None:
                raise StoreConfigError(
                    "ArrowSerializer(allow_pickle=True) needs a secret: secret=..., or ENRICH_SECRET_KEY."
                )
            self._pickler = PickleGuard(_Given(secrets))

    def dumps(self, value: Any, protocol: int = 0) -> bytes:
        """Return a value's bytes."""
        if type(value) is int and abs(value) < 1 << 63:
            # Plain digits, as cachelib has them, so that Redis can count in place.
            return str(value).encode()
        encoded = codecs.encode(value, pickler=self._pickler)
        return b"".join((_HEAD.pack(_MAGIC, encoded.digest()), *encoded.buffers))

    def loads(self, bvalue: bytes | None) -> Any:
        """Return the value, or None when it isn't one of ours."""
        if bvalue is None:
            return None
        if bvalue[: len(_MAGIC)] != _MAGIC:
            text = bytes(bvalue)
            return int(text) if _DIGITS.fullmatch(text) else None
        data = bytearray(memoryview(bvalue)[_HEAD.size :])
        if bvalue[len(_MAGIC) : _HEAD.size] != xxhash.xxh3_128_digest(data):
            return None
        try:
            return codecs.decode(data, pickler=self._pickler)
        except (codecs.CorruptEntry, HandleInvalid):
            return None

    def dump(self, value: Any, f: Any, protocol: int = 0) -> None:
        """Write a value to a file of cachelib's."""
        f.write(self.dumps(value))

    def load(self, f: Any) -> Any:
        """Read a value from a file of cachelib's."""
        return self.loads(f.read())


class _Given:
    def __init__(self, secrets: Secrets) -> None:
        self.secrets = secrets


class _Exactly:
    """An argument whose text is its whole content; flask-caching makes keys of texts."""

    def __init__(self, value: Any, place: str) -> None:
        self._digest: str = value._digest if isinstance(value, _Exactly) else value_digest(value, place).hex()

    def __repr__(self) -> str:
        return self._digest


class ExactCache(Cache):  # type: ignore[misc]  # flask-caching is read without its types
    """A `flask_caching.Cache` whose `memoize` tells arguments apart by their whole content.

    flask-caching makes keys of what `repr` prints: two long frames that differ in the middle share one.

    It takes the arguments of a `Cache`.

    >>> import flask
    >>> from enrich.store import ExactCache
    >>> server = flask.Flask("doc")
    >>> cache = ExactCache(server, config={"CACHE_TYPE": "SimpleCache"})
    >>> @cache.memoize()
    ... def rows(frame):
    ...     return len(frame)
    """

    def _memoize_kwargs_to_args(self, f: Any, *args: Any, **kwargs: Any) -> Any:
        # Before flask-caching looks at them: of an object with methods it takes the repr.
        args = tuple(_Exactly(value, f"number {i + 1}") for i, value in enumerate(args))
        found, named = super()._memoize_kwargs_to_args(f, *args, **kwargs)
        exact = tuple(_Exactly(value, f"number {i + 1}") for i, value in enumerate(found))
        return exact, {name: _Exactly(value, name) for name, value in named.items()}

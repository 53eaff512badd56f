"""No pickle is read that this app didn't sign."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from enrich.errors import HandleInvalid, StoreError
from enrich.store.codecs import container, context, decode, encode
from enrich.store.codecs.arrow_file import Parts

from .exactness import stored
from .pickling import KeyedPickler
from .samples import Custom


class Bomb:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return Path.touch, (self.path,)


def test_pickle_is_not_read_by_a_store_without_pickles() -> None:
    data = stored(Custom(1), pickler=KeyedPickler())
    with pytest.raises(StoreError, match="allow_pickle=True"):
        decode(data)


def test_pickle_signed_with_another_key_is_not_executed(tmp_path: Path) -> None:
    data = stored({"x": Bomb(tmp_path / "fired")}, pickler=KeyedPickler(b"stranger"))
    with pytest.raises(HandleInvalid):
        decode(data, pickler=KeyedPickler())
    assert not (tmp_path / "fired").exists()


def test_pickle_planted_with_a_good_digest_is_not_executed(tmp_path: Path) -> None:
    parts = Parts()
    parts.add([pickle.dumps(Bomb(tmp_path / "fired"))])
    for signature in ("", "00" * 32, KeyedPickler().sign([b"other"]).hex()):
        node = {context.TAG: "pickle", "i": [0], "s": signature}
        data = bytearray(b"".join(container.write_container("pickle", context.dumps(node), parts).buffers))
        with pytest.raises(HandleInvalid):
            decode(data, pickler=KeyedPickler())
        with pytest.raises(StoreError):
            decode(data)
    assert not (tmp_path / "fired").exists()


def test_pickle_changed_after_signing_is_not_executed(tmp_path: Path) -> None:
    data = stored(Custom("harmless"), pickler=KeyedPickler())
    at = data.index(b"harmless")
    data[at] ^= 1
    with pytest.raises(HandleInvalid):
        decode(data, pickler=KeyedPickler())


def test_arrays_of_a_pickle_are_shared_not_copied() -> None:
    value = Custom(np.arange(100_000))
    entry = encode(value, pickler=KeyedPickler())
    assert any(len(piece) == 800_000 for piece in entry.buffers)
    data = bytearray(b"".join(entry.buffers))
    back = decode(data, pickler=KeyedPickler())
    back.value[0] = 7
    assert np.frombuffer(data, "i8")[(data.index(np.arange(1, 4).tobytes()) - 8) // 8] == 7


def test_objects_in_two_cells_stay_one_object() -> None:
    import pandas as pd

    shared = Custom(1)
    frame = pd.DataFrame({"x": pd.Series([shared, shared], dtype=object)})
    back = decode(stored(frame, pickler=KeyedPickler()), pickler=KeyedPickler())
    assert back.x[0] is back.x[1]

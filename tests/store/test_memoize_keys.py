"""Keys of memoized calls, and what flask-caching gains."""

from __future__ import annotations

import dataclasses
import fractions
import functools
import struct
import subprocess
import sys
import textwrap
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xxhash
from flask import Flask
from flask_caching import Cache

from enrich.errors import StoreConfigError, UnstorableValueError
from enrich.store import ArrowSerializer, ExactCache, Ref, function_identity, make_memoize_key
from enrich.store.codecs import encode


def frame(rows: int = 300_000, at: int | None = None) -> pd.DataFrame:
    values = np.arange(rows, dtype="float64")
    if at is not None:
        values[at] = -1
    return pd.DataFrame({"a": values, "b": "x"})


def test_frames_that_print_alike_have_different_keys():
    one, other = frame(), frame(at=150_000)
    assert repr(one) == repr(other)
    assert make_memoize_key("f", one) != make_memoize_key("f", other)
    assert make_memoize_key("f", one) == make_memoize_key("f", frame())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((1,), (1.0,)), ((1,), (True,)), (("1",), (1,)), ((None,), ("None",)), (([1, 2],), ((1, 2),)),
        (("ab", "c"), ("a", "bc")), (({"a": 1},), ({"a": 2},)), ((0.0,), (-0.0,)), ((), (None,)), (([],), ({},)),
    ],
)  # fmt: skip
def test_arguments_that_differ_in_type_or_place_have_different_keys(one: Any, other: Any):
    assert make_memoize_key("f", *one) != make_memoize_key("f", *other)


def prepared(first: int, second: int) -> bytes:
    """A text of bytes whose fast digest stays when the two numbers change places.

    XXH3 adds each 8 bytes to a sum, and the product of their halves after an xor with its secret, which everybody
    knows: where one half becomes 0, there is no product.
    """
    # Two words of its secret; each belongs to one of the 64 bytes of a block of 1024.
    words = {1: 0x1CAD21F72C81017C, 3: 0x1F67B3B7A4A44072}
    entry = encode(bytes(2048))
    at = 1024 - len(entry.kind) - len(entry.buffers[0])
    data = bytearray(2048)
    for (stripe, word), number in zip(words.items(), (first, second), strict=True):
        struct.pack_into("<Q", data, at + 64 * stripe, word & 0xFFFFFFFF | number << 32)
    return bytes(data)


def test_arguments_prepared_against_a_fast_digest_have_different_keys():
    one, other = prepared(1, 2), prepared(2, 1)
    assert one != other
    fast = {
        xxhash.xxh3_128(b"".join([entry.kind.encode(), *entry.buffers])).digest()
        for entry in map(encode, (one, other))
    }
    assert len(fast) == 1
    assert make_memoize_key("f", one) != make_memoize_key("f", other)


def test_stored_values_count_by_their_key():
    assert make_memoize_key("f", Ref("a" * 32, written=1.0)) == make_memoize_key(
        "f", Ref("a" * 32, written=2.0)
    )
    assert make_memoize_key("f", Ref("a" * 32)) != make_memoize_key("f", Ref("b" * 32))


def test_an_argument_without_a_value_is_named():
    with pytest.raises(UnstorableValueError, match="Argument number 2"):
        make_memoize_key("f", 1, object())
    with pytest.raises(UnstorableValueError, match="Argument lock"):
        make_memoize_key("f", lock=object())


def make(number: int, extra: str = "") -> Any:
    def inner(x: int) -> Any:
        return x + number

    return inner


def test_functions_differ_by_code_constants_defaults_and_closure():
    def one(x):
        return x + 1

    first = function_identity(one)

    def one(x):
        return x + 2

    second = function_identity(one)

    def one(x, y=3):
        return x + 2

    assert len({first, second, function_identity(one)}) == 3
    assert function_identity(make(1)) == function_identity(make(1))
    assert function_identity(make(1)) != function_identity(make(2))
    assert function_identity(functools.partial(one, 1)) != function_identity(functools.partial(one, 2))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (functools.partial(make, 1), functools.partial(make, 2)),
        (functools.lru_cache(make(1)), functools.lru_cache(make(2))),
        ({1: 2}.get, {1: 3}.get),
        (fractions.Fraction(1).limit_denominator, fractions.Fraction(2).limit_denominator),
        ([make(1)], [make(2)]),
        ({"a": (make(1),)}, {"a": (make(2),)}),
    ],
)
def test_functions_differ_by_the_functions_they_close_over(one: Any, other: Any):
    assert function_identity(make(one)) != function_identity(make(other))


def test_a_list_of_functions_may_hold_itself():
    value: list[Any] = [make(1)]
    value.append(value)
    assert function_identity(make(value)) == function_identity(make(value))


def test_functions_differ_by_what_their_try_covers():
    def define(source: str) -> Any:
        names: dict[str, Any] = {"__name__": "pages"}
        exec(textwrap.dedent(source), names)
        return names["load"]

    inside = define("""
        def load(x):
            try:
                found = look(x)
                found = read(found)
            except KeyError:
                found = None
            return found
    """)
    after = define("""
        def load(x):
            try:
                found = look(x)
            except KeyError:
                found = None
            else:
                found = read(found)
            return found
    """)
    assert inside.__code__.co_code == after.__code__.co_code
    assert function_identity(inside) != function_identity(after)


def test_a_closure_over_an_object_without_a_value_counts_its_type():
    assert function_identity(make(object())) == function_identity(make(object()))


def test_functions_may_close_over_themselves_and_each_other():
    def even(n):
        return n == 0 or odd(n - 1)

    def odd(n):
        return n != 0 and even(n - 1)

    assert function_identity(even) != function_identity(odd)


@pytest.mark.parametrize(
    "function", [len, int, functools.lru_cache(make), "".join, functools.partial(len), make(1)]
)
def test_any_callable_has_an_identity(function: Any):
    assert function_identity(function) == function_identity(function)


def test_what_a_function_counts_in_its_closure_doesn_t_change_its_key():
    calls: list[int] = []

    def counted():
        calls.append(1)

    before = function_identity(counted)
    counted()
    assert function_identity(counted) == before


def test_keys_are_the_same_in_every_process_and_for_main(tmp_path: Path):
    (tmp_path / "app_of_two.py").write_text(
        "from enrich.store import make_memoize_key\n"
        "def load(x):\n    return x in {'a', 'b', 'c', 'd'} or (lambda y: y + 1)(x)\n"
        "if __name__ == '__main__': print(make_memoize_key(load, 1, {'k': [1]}))\n"
    )
    command = [sys.executable, str(tmp_path / "app_of_two.py")]
    keys = {
        subprocess.run(
            command, env={"PYTHONHASHSEED": seed}, capture_output=True, check=True, text=True
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(keys) == 1
    assert keys.pop()


def test_a_key_of_main_is_the_same_in_a_process_that_it_spawns(tmp_path: Path):
    (tmp_path / "spawning.py").write_text(
        "import multiprocessing\n"
        "from enrich.store import make_memoize_key\n"
        "def load(x):\n    return x\n"
        "def key():\n    print(make_memoize_key(load, 1), flush=True)\n"
        "if __name__ == '__main__':\n"
        "    key()\n"
        "    child = multiprocessing.get_context('spawn').Process(target=key)\n"
        "    child.start()\n"
        "    child.join()\n"
    )
    run = subprocess.run(
        [sys.executable, str(tmp_path / "spawning.py")], capture_output=True, check=True, text=True
    )
    own, spawned = run.stdout.split()
    assert own == spawned


# --- flask-caching ------------------------------------------------------------------------------


def make_cache(kind: type[Cache], folder: Path | None = None) -> Cache:
    where = (
        {"CACHE_TYPE": "FileSystemCache", "CACHE_DIR": str(folder)}
        if folder
        else {"CACHE_TYPE": "SimpleCache"}
    )
    return kind(Flask("app"), config={**where, "CACHE_SERIALIZER": ArrowSerializer})


@pytest.mark.parametrize("in_files", [True, False])
def test_flask_caching_keeps_frames_exactly(tmp_path: Path, in_files: bool):
    cache = make_cache(ExactCache, tmp_path if in_files else None)
    calls: list[int] = []

    @cache.memoize()
    def double(df: pd.DataFrame, factor: int = 2) -> pd.DataFrame:
        calls.append(1)
        return df * factor

    numbers = pd.DataFrame({"a": range(1000)}, index=pd.RangeIndex(0, 2000, 2))
    changed = numbers.copy()
    changed.iloc[500, 0] = -1
    with cache.app.app_context():
        first = double(numbers)
        pd.testing.assert_frame_equal(double(numbers), first, check_exact=True)
        assert isinstance(double(numbers).index, pd.RangeIndex)
        assert calls == [1]
        pd.testing.assert_frame_equal(double(changed), changed * 2)
        assert calls == [1, 1]
        cache.delete_memoized(double)
        double(numbers)
        assert calls == [1, 1, 1]


@dataclasses.dataclass
class Model:
    table: pd.DataFrame


def test_flask_caching_tells_objects_apart_whose_text_is_the_same():
    cache = make_cache(ExactCache)
    calls: list[int] = []

    @cache.memoize()
    def largest(self: Model, column: str = "a") -> int:
        calls.append(1)
        return int(self.table[column].max())

    numbers = pd.DataFrame({"a": np.zeros(1000, int)})
    changed = numbers.copy()
    changed.iloc[500, 0] = 7
    assert repr(Model(numbers)) == repr(Model(changed))
    with cache.app.app_context():
        assert [largest(Model(table)) for table in (numbers, changed, numbers, changed)] == [0, 7, 0, 7]
        assert largest(Model(numbers), column="a") == 0
        assert len(calls) == 2


def test_flask_caching_runs_methods_of_objects_without_exact_content_each_time():
    cache = make_cache(ExactCache)

    class Opaque:
        def __init__(self, number: int) -> None:
            self.number = threading.Lock(), number

        @cache.memoize()
        def value(self) -> int:
            return self.number[1]

        def __repr__(self) -> str:
            return "the same"

    with cache.app.app_context():
        assert [Opaque(n).value() for n in range(3)] == [0, 1, 2]


def test_cached_takes_exact_keys():
    cache = make_cache(Cache)
    calls: list[int] = []

    def count(df: pd.DataFrame) -> int:
        calls.append(1)
        return len(df)

    cached = cache.cached(make_cache_key=functools.partial(make_memoize_key, count))(count)
    with cache.app.app_context():
        assert cached(frame()) == cached(frame()) == cached(frame(at=7)) == 300_000
    assert calls == [1, 1]


@pytest.mark.parametrize(
    "value", [0, -5, 2**70, True, 1.5, "text", b"bytes", [1, {"a": None}], np.arange(4), (1, 2)]
)
def test_a_serialized_value_comes_back(value: Any):
    serializer = ArrowSerializer()
    after = serializer.loads(serializer.dumps(value))
    assert type(after) is type(value)
    assert np.array_equal(after, value) if isinstance(value, np.ndarray) else after == value


def test_a_foreign_value_counts_as_missing_and_runs_nothing(tmp_path: Path):
    import os
    import pickle

    class Bomb:
        def __reduce__(self) -> Any:
            return os.mkdir, (str(tmp_path / "ran"),)

    for data in (pickle.dumps(Bomb()), b"!" + pickle.dumps(Bomb()), b"", b"enrichA\x01torn", b"x" * 100):
        assert ArrowSerializer().loads(data) is None
        assert ArrowSerializer(allow_pickle=True, secret="a long secret").loads(data) is None
    assert not (tmp_path / "ran").exists()


def test_a_damaged_value_counts_as_missing():
    data = bytearray(ArrowSerializer().dumps(pd.DataFrame({"a": ["x", "y", "z"], "b": [1.5, 2.5, 3.5]})))
    for place in range(len(data)):
        data[place] ^= 0x7F
        assert ArrowSerializer().loads(bytes(data)) is None
        data[place] ^= 0x7F


def test_the_serializer_pickles_only_with_a_secret_of_the_user():
    with pytest.raises(StoreConfigError, match="ENRICH_SECRET_KEY"):
        ArrowSerializer(allow_pickle=True)
    with pytest.raises(UnstorableValueError):
        ArrowSerializer().dumps(object())
    serializer = ArrowSerializer(allow_pickle=True, secret="a long secret")
    assert serializer.loads(serializer.dumps(functools.partial(int, "5")))() == 5
    other = ArrowSerializer(allow_pickle=True, secret="another secret")
    assert other.loads(serializer.dumps(functools.partial(int, "5"))) is None

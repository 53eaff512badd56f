"""Chunks whose dictionaries differ, inside lists, structs and the like: stored with one dictionary for all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from .exactness import round_trip

ENDS, NAMES, ZEROS = pa.array([1, 2], pa.int32()), pa.array(["p", "q"]), pa.array([0, 0], pa.int8())
NESTS: dict[str, Callable[[Any], Any]] = {
    "list": lambda items: pa.ListArray.from_arrays([0, 2], items),
    "large list": lambda items: pa.LargeListArray.from_arrays([0, 2], items),
    "fixed-size list": lambda items: pa.FixedSizeListArray.from_arrays(items, 2),
    "list view": lambda items: pa.ListViewArray.from_arrays([0], [2], items),
    "struct": lambda items: pa.StructArray.from_arrays([items], ["f"]),
    "map": lambda items: pa.MapArray.from_arrays([0, 2], NAMES, items),
    "keys of a map": lambda items: pa.MapArray.from_arrays([0, 2], items, NAMES),
    "sparse union": lambda items: pa.UnionArray.from_sparse(ZEROS, [items]),
    "dense union": lambda items: pa.UnionArray.from_dense(ZEROS, pa.array([0, 1], pa.int32()), [items]),
    "list in a struct": lambda items: pa.StructArray.from_arrays(
        [pa.ListArray.from_arrays([0, 2], items)], ["f"]
    ),
    # Older pyarrow makes none of dictionaries.
    **(
        {"run-end encoded": lambda items: pa.RunEndEncodedArray.from_arrays(ENDS, items)}
        if int(pa.__version__.partition(".")[0]) >= 20
        else {}
    ),
}


def coded(*items: Any) -> Any:
    return pa.DictionaryArray.from_arrays(pa.array([0, 1], pa.int8()), pa.array(items))


@pytest.mark.parametrize("kind", NESTS)
def test_dictionaries_inside_become_one_and_the_table_is_equal(kind: str) -> None:
    nest = NESTS[kind]
    column = pa.chunked_array([nest(coded("x", "y")), nest(coded("y", "z"))])
    field = pa.field("c", column.type, nullable=False, metadata={"m": "n"})
    table = pa.table(
        [pa.array(range(len(column))), column], pa.schema([("n", pa.int64()), field], {"k": "v"})
    )
    back = round_trip(table)
    assert back.equals(table, check_metadata=True)
    assert back.to_pydict() == table.to_pydict()


def test_numbers_of_dictionaries_that_become_one_keep_their_bits() -> None:
    bits = np.array([0, 1 << 63, 0x7FF8000000000000, 0x7FF8000000000001], np.uint64)
    chunks = [NESTS["list"](coded(*pair)) for pair in bits.view(np.float64).reshape(2, 2)]
    chunks += [NESTS["list"](coded(*pair)) for pair in bits[::-1].view(np.float64).reshape(2, 2)]
    back = round_trip(pa.table({"c": pa.chunked_array(chunks)}))["c"]
    assert len({chunk.values.dictionary.view(pa.uint64()).to_numpy().tobytes() for chunk in back.chunks}) == 1
    decoded = [chunk.values.dictionary_decode().to_numpy() for chunk in back.chunks]
    assert [*np.concatenate(decoded).view(np.uint64)] == [*bits, *bits[::-1]]

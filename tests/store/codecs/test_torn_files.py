"""Bytes that aren't an entry, or not a whole one, are told apart: never a crash, never a wrong value."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enrich.store.codecs import CorruptEntry, check, decode, describe

from .exactness import assert_same, stored

VALUES: dict[str, Any] = {
    "frame": pd.DataFrame({"a": [1.5, 2.5], "s": ["x", None], "c": pd.Categorical(["u", "v"])}),
    "table": pa.table({"a": [1, 2], "b": ["x", None]}),
    "json": {"a": [1, (2, 3)]},
    "container": {"a": np.arange(5), "f": pd.DataFrame({"x": [1]})},
}
ENTRIES = {name: bytes(stored(value)) for name, value in VALUES.items()}

FOREIGN: dict[str, bytes] = {
    "nothing": b"",
    "text": b"hello",
    "zeros": bytes(1000),
    "the start of ours": b"ENRICH\r\n",
    "the start of Arrow": b"ARROW1\0\0",
    "only the ends of Arrow": b"ARROW1\0\0" + bytes(200) + b"ARROW1",
    "a zip": b"PK\x03\x04" + bytes(500),
    "a pickle": b"\x80\x05K\x01.",
}


def another_arrow_file() -> bytes:
    sink = pa.BufferOutputStream()
    table = pa.table({"a": list(range(100))})
    with pa.ipc.new_file(sink, table.schema) as stream:
        stream.write_table(table)
    return sink.getvalue().to_pybytes()


FOREIGN["another Arrow file"] = another_arrow_file()


def refuses(data: bytes) -> None:
    for function in (check, decode, describe):
        with pytest.raises(CorruptEntry):
            function(bytearray(data))


@pytest.mark.parametrize("kind", FOREIGN)
def test_foreign_bytes_are_refused(kind: str) -> None:
    refuses(FOREIGN[kind])


@pytest.mark.parametrize("kind", ENTRIES)
def test_entry_cut_off_anywhere_is_refused(kind: str) -> None:
    data = ENTRIES[kind]
    for length in range(len(data)):
        with pytest.raises(CorruptEntry):
            check(data[:length])


@pytest.mark.parametrize("kind", ENTRIES)
def test_entry_with_more_behind_it_is_refused(kind: str) -> None:
    refuses(ENTRIES[kind] + b"\0")
    refuses(ENTRIES[kind] + ENTRIES[kind])


@pytest.mark.parametrize("kind", ENTRIES)
def test_entry_whose_second_half_was_never_written_is_refused(kind: str) -> None:
    data = ENTRIES[kind]
    refuses(data[: len(data) // 2] + bytes(len(data) - len(data) // 2))
    refuses(bytes(len(data) // 2) + data[len(data) // 2 :])


@pytest.mark.parametrize("kind", ENTRIES)
def test_two_entries_spliced_are_refused(kind: str) -> None:
    data = ENTRIES[kind]
    for other in ENTRIES.values():
        if other != data:
            refuses(data[: len(data) // 2] + other[len(other) // 2 :])


@pytest.mark.parametrize("kind", ENTRIES)
def test_changed_byte_is_refused_or_lies_in_the_data(kind: str) -> None:
    data, value = ENTRIES[kind], VALUES[kind]
    refused = 0
    for position in range(len(data)):
        changed = bytearray(data)
        changed[position] ^= 0x41
        try:
            check(changed)
        except CorruptEntry:
            refused += 1
    # All of the metadata: what is left are a few values and their padding.
    assert refused > 100
    assert_same(value, decode(data))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(CorruptEntry):
        check(data)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(sorted(ENTRIES)), st.randoms(use_true_random=False))
def test_metadata_with_many_changes_is_refused(kind: str, chance: random.Random) -> None:
    changed = bytearray(ENTRIES[kind])
    for _ in range(chance.randint(1, 20)):
        changed[chance.randrange(8 if chance.random() < 0.5 else 100)] = chance.randrange(256)
    if bytes(changed) != ENTRIES[kind]:
        with pytest.raises(CorruptEntry):
            decode(changed)


def test_entry_of_a_later_format_is_refused_by_its_number() -> None:
    frame, json = bytearray(ENTRIES["frame"]), bytearray(ENTRIES["json"])
    json[8] = 9
    with pytest.raises(CorruptEntry, match="another version"):
        check(json)
    at = frame.rindex(b"enrich\0A")
    frame[at + 8] = 9
    with pytest.raises(CorruptEntry, match="another version"):
        check(frame)


def test_entry_that_cannot_be_written_to_is_copied() -> None:
    frame = decode(memoryview(ENTRIES["frame"]))
    frame.loc[0, "a"] = 9.0
    assert decode(ENTRIES["frame"]).loc[0, "a"] == 1.5

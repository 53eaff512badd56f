"""What can't come back exactly is refused, and the error says where it is, what it is, and what to do."""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import struct
import threading
import zoneinfo
from collections import OrderedDict, UserDict, defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import polars as pl
import pyarrow as pa
import pytest

from enrich.errors import StoreError, UnstorableValueError
from enrich.store.codecs import decode, encode

from . import samples
from .exactness import assert_same, round_trip, stored
from .index_kinds import Kinds
from .pickling import KeyedPickler
from .samples import Color, Custom, Frozen, Listing, MyFrame, Point, Shadow, Unlucky
from .test_exact_pandas import cells_frame, with_attrs
from .test_exact_values import differing, in_chunks


@dataclass
class Outer:
    inner: Any


class Calendar(pd.offsets.CustomBusinessDay):
    pass


class Unregistered(pa.ExtensionType):
    def __init__(self) -> None:
        super().__init__(pa.int64(), "tests.unregistered")

    def __arrow_ext_serialize__(self) -> bytes:
        return b""

    @classmethod
    def __arrow_ext_deserialize__(cls, storage_type: pa.DataType, serialized: bytes) -> Unregistered:
        return cls()


class Item(np.void):
    pass


def local_class() -> Any:
    @dataclass
    class Local:
        a: int

    return Local(1)


def coded(values: Any) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(range(len(values)), pa.int8()), pa.array(values))


def cyclic() -> Any:
    value: list[Any] = []
    value.append(value)
    return value


def deep() -> Any:
    value: Any = 1
    for _ in range(100_000):
        value = [value]
    return value


# Custom classes, which a pickle carries.
PICKLED: Kinds = {
    "an object": lambda: Custom([1]),
    "a series of records": lambda: pd.Series(np.zeros(2, "V3")),
    "an object in a dict": lambda: {"a": [Custom(1)]},
    "an object as a key": lambda: {Custom(1): 2},
    "an object in a set": lambda: {Custom(1)},
    "cells of objects": lambda: cells_frame([Custom(1), None, Custom(2)]),
    "cells of objects among text": lambda: pd.DataFrame({"ok": [1, 2], "bad": pd.Series(["a", Custom(1)], dtype=object)}),
    "names of objects": lambda: pd.DataFrame([[1, 2]], columns=pd.Index([Custom(1), Custom(2)], dtype=object)),
    "index of objects": lambda: pd.Series([1.5], index=pd.Index([Custom(1)], dtype=object)),
    "index named by an object": lambda: pd.Series([1.5], index=pd.Index([1], name=Custom(1))),
    "attrs with an object": lambda: with_attrs({"a": {"b": Custom(1)}}),
    "categories of objects": lambda: pd.Series(pd.Categorical.from_codes([0], pd.Index([Custom(1)], dtype=object))),
    "an array of objects": lambda: np.array([Custom(1), 2], object),
    "a field of a dataclass": lambda: Frozen(Custom(1)),
    "a subclass of list": lambda: Listing([1, 2]),
    "a defaultdict": lambda: defaultdict(list, a=[1]),
    "a UserDict": lambda: UserDict({"a": 1}),
    "an exception": lambda: {"error": KeyError},
    "a class": lambda: Custom,
    "a function": lambda: local_class,
    "a dataclass with a custom reduce": lambda: Unlucky(1),
    "a tuple that says it has names": lambda: samples.Uneven((1, 2)),
    "a dataclass that is a dict": lambda: Shadow(2),
    "a frame's subclass": lambda: MyFrame({"a": [1]}),
    "unregistered extension types": lambda: pa.table(
        {"u": pa.ExtensionArray.from_storage(Unregistered(), pa.array([1]))}
    ),
    **{
        f"a dtype with metadata in a {kind.__name__}": (
            lambda kind=kind: kind(np.zeros(2, np.dtype("f8", metadata={"m": 1})))
        )
        for kind in (pd.Series, pd.Index, np.asarray)
    },
    "a dtype of items of one's own class": lambda: np.zeros(2, (Item, [("a", "i4")])),
    "a dtype of records without fields": lambda: [np.dtype((np.record, 16))],
    "a moment in a zone of parts of seconds": lambda: pd.Timestamp(2020, 1, 1, tz=dt.timezone(dt.timedelta(0, 0, 1))),
    "a dtype with metadata in a field": lambda: np.zeros(1, [("x", np.dtype("f8", metadata={"m": 1}))]),
    "a frame with unregistered extension types": lambda: pd.DataFrame(
        {"u": pd.arrays.ArrowExtensionArray(pa.ExtensionArray.from_storage(Unregistered(), pa.array([1])))}
    ),
    "an object of a name that isn't ASCII": samples.Größe,
    "a table of chunks whose dictionaries differ": lambda: pa.table({"d": differing()}),
    "an offset of a class of one's own": lambda: Calendar(holidays=["2020-01-01"]),
}  # fmt: skip

REFUSED: Kinds = {
    "a lock": threading.Lock,
    "a local class": local_class,
    "a lambda": lambda: lambda: 1,
    "a generator": lambda: (n for n in range(3)),
    "an open file": lambda: open(__file__),  # noqa: SIM115
    "metadata with a key twice": lambda: pa.table({"a": [1]}).replace_schema_metadata(
        pa.KeyValueMetadata([("k", "1"), ("k", "2")])
    ),
    "a table of rows without columns": lambda: pa.table({"a": [1, 2]}).select([]),
    "a list nested very deeply": deep,
    # The oldest polars can't make these.
    **(
        {
            "polars arrays without items": lambda: pl.DataFrame(
                {"l": pl.Series([[[]]], dtype=pl.List(pl.Array(pl.Int8, 0)))}
            )
        }
        if hasattr(pl, "Int128")
        else {}
    ),
    "a dataclass whose descriptor keeps its value elsewhere": lambda: samples.KeptElsewhere(1),
    "polars objects": lambda: pl.DataFrame({"o": pl.Series([Custom(1)], dtype=pl.Object)}),
}


@pytest.mark.parametrize("kind", [*PICKLED, *REFUSED])
def test_refused_without_pickle(kind: str) -> None:
    value = {**PICKLED, **REFUSED}[kind]()
    with pytest.raises(UnstorableValueError):
        encode(value)
    if isinstance(value, io.IOBase):
        value.close()


@pytest.mark.parametrize("kind", PICKLED)
def test_carried_by_a_pickle_that_is_allowed(kind: str) -> None:
    value = PICKLED[kind]()
    back = round_trip(value, pickler=KeyedPickler())
    if kind == "an exception" or callable(value):
        assert back == value
    elif isinstance(value, samples.Unlucky):
        assert back.value == 1
    else:
        assert_same(value, back)


TABLES: Kinds = {
    "chunks whose dictionaries are too many for their codes": lambda: pa.chunked_array(
        [coded(range(100)), coded(range(100, 200))]
    ),
    "chunks with dictionaries of structs": lambda: pa.chunked_array([coded([{"x": 1}]), coded([{"x": 2}])]),
    "a dictionary of a dictionary": lambda: pa.DictionaryArray.from_arrays(pa.array([0]), coded(["x"])),
    "dictionaries of dictionaries in lists": lambda: pa.ListArray.from_arrays(
        [0, 1], pa.DictionaryArray.from_arrays(pa.array([0]), coded(["x"]))
    ),
}


@pytest.mark.parametrize("kind", TABLES)
def test_column_that_arrow_files_have_no_form_of_needs_a_pickle(kind: str) -> None:
    table = pa.table({"d": TABLES[kind]()})
    frame = pd.DataFrame({"d": pd.arrays.ArrowExtensionArray(TABLES[kind]())})
    for value in (table, frame):
        with pytest.raises(UnstorableValueError, match="in column 'd' can't|the value can't"):
            encode(value)
    assert round_trip(table, pickler=KeyedPickler()).equals(table)


@pytest.mark.parametrize(
    "table",
    [pa.table({"d": differing()}), in_chunks([0.0], [-0.0])],
    ids=["texts", "zeros"],
)
def test_chunks_of_many_dictionaries_are_refused_with_a_mend(table: pa.Table) -> None:
    with pytest.raises(UnstorableValueError, match=r"in column 'd' can't.*Call unify_dictionaries\(\)"):
        encode(table)
    table = table.unify_dictionaries()
    assert_same(table, round_trip(table))


def test_dictionaries_in_lists_that_can_not_be_made_one_are_refused_with_a_mend() -> None:
    table = in_chunks(["a", None], ["b"]).select(["l"])
    with pytest.raises(
        UnstorableValueError, match=r"in column 'l' can't.*can't be made one: .*Cast the column"
    ):
        encode(table)
    table = table.cast(pa.schema({"l": pa.list_(pa.string())}))
    assert_same(table, round_trip(table))


@pytest.mark.parametrize("kind", REFUSED)
def test_refused_also_with_pickle(kind: str) -> None:
    value = REFUSED[kind]()
    with pytest.raises(UnstorableValueError) as caught:
        encode(value, pickler=KeyedPickler())
    assert "allow_pickle" not in str(caught.value)
    if isinstance(value, io.IOBase):
        value.close()


@pytest.mark.parametrize(
    ("make", "place"),
    [
        (lambda: {"a": [1, Custom(1)]}, "['a'][1]"),
        (lambda: {"a": {2: (0, Custom(1))}}, "['a'][2][1]"),
        (lambda: cells_frame(["a", Custom(1)]), "in column 'x' in row 1"),
        (lambda: {"f": cells_frame([[Custom(1)]])}, "['f'] in column 'x' in row 0[0]"),
        (lambda: with_attrs({"a": Custom(1)}), ".attrs['a']"),
        (lambda: Outer(Outer(Custom(1))), ".inner.inner"),
        (lambda: Point(1.0, Custom(1)), ".y"),
        (lambda: pd.Series([1], index=pd.Index([Custom(1)], dtype=object)), ".index in row 0"),
        (lambda: pd.DataFrame([[1]], columns=pd.Index([Custom(1)], dtype=object)), ".columns in row 0"),
        (lambda: pd.DataFrame({"c": pd.Categorical([Custom(1)])}), "in column 'c'.categories in row 0"),
        (lambda: go.Figure(layout={"meta": Custom(1)}), ".figure['layout']['meta']"),
    ],
)
def test_refusal_names_the_place(make: Any, place: str) -> None:
    with pytest.raises(UnstorableValueError) as caught:
        encode(make())
    message = str(caught.value)
    assert place + " can't be stored exactly" in message
    assert "samples.Custom" in message
    assert (
        "Return plain data instead. Or allow pickle: ServersideOutputTransform(allow_pickle=True)" in message
    )


def test_refusal_survives_a_repr_that_raises() -> None:
    class Rude:
        def __repr__(self) -> str:
            raise RuntimeError("no")

    with pytest.raises(UnstorableValueError, match="whose repr raises RuntimeError"):
        encode(Rude())


def test_list_that_contains_itself_needs_a_pickle() -> None:
    with pytest.raises(UnstorableValueError, match="contains itself"):
        encode(cyclic())
    back = round_trip(cyclic(), pickler=KeyedPickler())
    assert back[0] is back


@pytest.mark.parametrize(
    "value",
    [
        samples.Alike(),
        [samples.Alike()],
        {"a": samples.Alike()},
        {samples.Alike(): 1},
        {samples.Alike()},
        cells_frame([samples.Alike(), None]),
    ],
    ids=["itself", "in a list", "under a key", "as a key", "in a set", "in a cell"],
)
def test_class_that_has_no_hash_is_refused(value: Any) -> None:
    for options in ({}, {"pickler": KeyedPickler()}):
        with pytest.raises(UnstorableValueError, match=r"samples\.Alike") as caught:
            encode(value, **options)
        assert "allow_pickle" not in str(caught.value)


def in_its_attrs() -> Any:
    frame = pd.DataFrame({"a": [1]})
    frame.attrs["self"] = frame
    return frame, lambda back: back.attrs["self"]


def in_its_cell() -> Any:
    cell: list[Any] = []
    cell.append(pd.DataFrame({"a": [cell, 1]}))
    return cell[0], lambda back: back["a"][0][0]


def in_its_array() -> Any:
    array = np.empty(1, object)
    array[0] = pd.Series([array, 1])
    return array[0], lambda back: back[0][0]


@pytest.mark.parametrize("make", [in_its_attrs, in_its_cell, in_its_array])
def test_table_that_contains_itself_needs_a_pickle(make: Any) -> None:
    value, inner = make()
    with pytest.raises(UnstorableValueError, match="contains itself"):
        encode(value)
    back = round_trip(value, pickler=KeyedPickler())
    assert type(back) is type(value)
    assert inner(back) is back


def test_tables_in_tables_are_read_back_as_deep_as_they_are_written() -> None:
    value, depth = pd.DataFrame({"a": [1]}), 0
    with contextlib.suppress(UnstorableValueError):
        while True:
            data = stored(value)
            value, depth = pd.DataFrame({"a": [{"b": value}, 1]}), depth + 1
    assert depth > 15
    assert type(decode(data)) is pd.DataFrame


def test_nothing_given_is_changed() -> None:
    frame = pd.DataFrame({"a": [1, None], "b": ["x", "y"]})
    value = {"frame": frame, "list": [1, (2, 3)]}
    before = frame.copy()
    encode(value)
    assert_same(before, frame)
    assert value["list"] == [1, (2, 3)]


def test_class_that_is_not_imported_here_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    data = stored(Frozen(1))
    monkeypatch.delitem(__import__("sys").modules, samples.__name__)
    with pytest.raises(StoreError, match=r"samples\.Frozen, which isn't imported in this process"):
        decode(data)


def test_class_whose_fields_changed_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    data = stored(Frozen(1))

    @dataclass
    class Frozen2:
        other: int

    monkeypatch.setattr(samples, "Frozen", Frozen2)
    with pytest.raises(
        StoreError, match=r"with the fields \['when', 'extra'\], and the class now has \['other'\]"
    ):
        decode(data)


def test_name_that_is_no_class_any_more_is_not_called(monkeypatch: pytest.MonkeyPatch) -> None:
    data = [stored(Frozen(1)), stored(Point(1, 2)), stored(Color.RED)]
    called = []
    for name in ("Frozen", "Point", "Color"):
        monkeypatch.setattr(samples, name, lambda *args: called.append(args))
    for entry in data:
        with pytest.raises(StoreError):
            decode(entry)
    assert called == []


def test_initialisation_is_not_run_again() -> None:
    value = Frozen(1)
    object.__setattr__(value, "when", "never run again")
    assert round_trip(value).when == "never run again"


def test_ordered_dict_with_attributes_is_refused() -> None:
    value: Any = OrderedDict(a=1)
    value.note = "kept in no item"
    with pytest.raises(UnstorableValueError, match="attributes"):
        encode(value)


@pytest.mark.parametrize(
    ("key", "mend"),
    [
        ("Asia/Tokyo", r"Use ZoneInfo\('Asia/Tokyo'\)"),
        ("No/Such", r"Use ZoneInfo\(key\)"),
        ("../up", r"Use ZoneInfo\(key\)"),
        (None, r"Use ZoneInfo\(key\)"),
    ],
)
def test_zone_that_its_key_does_not_give_is_refused_with_a_mend(key: str | None, mend: str) -> None:
    file = io.BytesIO(b"TZif" + bytes(16) + struct.pack(">6I", 0, 0, 0, 0, 1, 4) + bytes(6) + b"UTC\0")
    zone = zoneinfo.ZoneInfo.from_file(file, key=key)
    for value in (zone, pd.Timestamp(2020, 1, 1, tz=zone), pd.Series(pd.DatetimeIndex(["2020"], tz=zone))):
        with pytest.raises(UnstorableValueError, match=mend):
            encode(value)


@pytest.mark.parametrize("keep", [vars, lambda value: value._optinfo], ids=["attribute", "_optinfo"])
def test_masked_array_with_attributes_is_refused(keep: Any) -> None:
    value = np.ma.MaskedArray([1, 2], [True, False])
    keep(value)["note"] = "lost also by pickle"
    for pickler in (None, KeyedPickler()):
        with pytest.raises(UnstorableValueError, match=r"attributes besides its items: \{'note'"):
            encode([value], pickler=pickler)


@pytest.mark.parametrize("kind", ["a lock", "a lambda", "a generator", "polars objects"])
def test_pickle_is_not_offered_where_it_does_not_help(kind: str) -> None:
    with pytest.raises(UnstorableValueError) as refused:
        encode([REFUSED[kind]()])
    assert "allow_pickle" not in str(refused.value)


def test_a_long_way_into_a_value_is_shortened() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(UnstorableValueError, match=r"the value(\[0\]){6}…(\[0\]){6} can't"):
        encode(endless)


def test_column_of_more_types_than_a_byte_can_tell_apart() -> None:
    cells = [type(f"Kind{number}", (), {})() for number in range(130)] * 2
    with pytest.raises(
        UnstorableValueError, match="column 'x'.*its cells are of 130 types.*columns of their own"
    ):
        encode(cells_frame(cells))

"""Indexes: whatever an index is over, with its name, its frequency and a MultiIndex' unused levels."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from .arrow_columns import encode_arrow
from .arrow_file import plan_text, write_batch
from .arrow_layout import Body, Column, Spec, shared
from .context import Node, Writer
from .entry import CorruptEntry, Encoded, Pickler, Refusal, label, type_name
from .json_values import is_text
from .memory import FrameReader, ReadColumn
from .numpy_values import objects
from .pandas_blocks import encode_flat, with_validity
from .pandas_columns import decoder, encode_column, is_plain, string_na
from .pandas_internals import (
    LABELS_ARE_READ_ONLY,
    index_of,
    labels_like,
    multi_index,
    ndarray_of,
    plain_index,
    range_index,
    string_dtype,
    string_wrapper,
    with_freq,
)

_PLAIN_CLASSES = (
    pd.Index,
    pd.DatetimeIndex,
    pd.TimedeltaIndex,
    pd.PeriodIndex,
    pd.IntervalIndex,
    pd.CategoricalIndex,
)

Named = list[tuple[Any, Column]]
_INT64 = 1 << 63


def values_of(data: pd.Index | pd.Series[Any]) -> Any:
    """The array behind a Series or an Index: numpy's if it is one of numpy's dtypes, else pandas'."""
    array = data.array
    return ndarray_of(array) if isinstance(data.dtype, np.dtype) else array


def encode_index(writer: Writer, body: Body, index: pd.Index, named: Named) -> Spec:
    """Lay an index of the table's length into the body; its columns are added to ``named``."""
    kind = type(index)
    if kind is pd.RangeIndex:
        bounds = index.start, index.stop, index.step
        if max(map(abs, bounds)) < _INT64:
            body.numbers += bounds
            return _index_spec("range", None, encode_name(writer, index.name))
        return {"k": "vast", "v": bounds, "n": encode_name(writer, index.name)}
    if kind is pd.MultiIndex:
        return _encode_multi(writer, body, index, named)
    if kind not in _PLAIN_CLASSES:
        raise Refusal(f"it is an index of type {type_name(kind)}", "Convert it to an index of pandas' own.")
    column, spec = encode_column(writer, body, values_of(index))
    named.append((index.name, column))
    freq = getattr(index, "freq", None) if kind in (pd.DatetimeIndex, pd.TimedeltaIndex) else None
    name = encode_name(writer, index.name)
    if freq is None:
        return _index_spec("index", spec, name)
    return {"k": "index", "a": spec, "n": name, "freq": writer.node(freq)}


@shared
def _index_spec(kind: str, values: Spec | None, name: Node) -> Spec:
    return {"k": kind, "a": values, "n": name}


def encode_name(writer: Writer, name: Any) -> Node:
    """The node of a name: text as it is, anything else in a list, since 1, 1.0 and True are one key to Python."""
    try:
        node = name if name is None else writer.node(name)
    except Refusal as refusal:
        raise refusal.below(".name") from None
    return node if node is None or type(node) is str else [node]


def decode_name(source: FrameReader, node: Node) -> Any:
    """The name of a node."""
    return node if node is None or type(node) is str else source.reader.value(node[0])


def _encode_multi(writer: Writer, body: Body, index: pd.MultiIndex, named: Named) -> Spec:
    levels, codes = [], []
    for number, (level, code) in enumerate(zip(index.levels, index.codes, strict=True)):
        try:
            dictionary = Body(len(level))
            levels.append(encode_categories(writer, body, dictionary, level))
        except Refusal as refusal:
            raise refusal.below(f".levels[{number}]") from None
        column, spec = encode_codes(body, np.asarray(code), dictionary)
        codes.append(spec)
        named.append((index.names[number], column))
    names = [encode_name(writer, name) for name in index.names]
    return {"k": "multi", "l": levels, "c": codes, "n": names, "s": index.sortorder}


def encode_codes(
    body: Body, codes: np.ndarray[Any, Any], dictionary: Body, ordered: bool = False
) -> tuple[Column, Spec]:
    """Lay positions in a dictionary into the body; −1 means missing."""
    column, spec = encode_flat(body, codes)
    kind = pa.dictionary(column.type, dictionary.columns[0].type, ordered)
    missing = codes < 0
    if missing.any():
        # polars wants valid codes also where the bitmap says that there is none; so it gets codes of its own.
        column, _ = encode_flat(body, np.where(missing, codes.dtype.type(0), codes))
        body.numbers.pop()
        column = with_validity(body, column, missing, kind)
    return Column(kind, column.nodes, column.buffers, dictionaries=(dictionary,)), spec


def encode_categories(writer: Writer, body: Body, dictionary: Body, categories: pd.Index) -> Spec:
    """Lay categories into a dictionary of Arrow, as they are where other tools can read them so, else as text."""
    named: Named = []
    spec = encode_index(writer, dictionary, categories, named)
    column = named[0][1] if len(named) == 1 else None
    if column is not None and _is_readable(column.type):
        dictionary.columns.append(column)
        body.note_dictionary(dictionary)
        return _dictionary_spec(spec)
    texts = pa.array([label(item) for item in categories], pa.large_string())
    dictionary.pieces.clear()
    dictionary.size = 0
    dictionary.columns.append(encode_arrow(dictionary, texts)[0])
    return {"k": "entry", "v": writer.embed(encode_index_entry(categories, writer.pickler))}


def has_plain_categories(spec: Spec) -> bool:
    """Whether a dictionary holds the categories themselves, for any Arrow tool to read."""
    return spec["k"] == "dictionary" and is_plain(spec["i"]["a"])


@shared
def _dictionary_spec(index: Spec) -> Spec:
    return {"k": "dictionary", "i": index}


def _is_readable(kind: pa.DataType) -> bool:
    return bool(pa.types.is_large_string(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind))


def index_decoder(spec: Spec) -> ReadColumn:
    """How the index of a spec is read."""
    make = _INDEXES.get(spec["k"])
    if make is None:
        raise CorruptEntry(f"an index of unknown kind: {spec['k']}")
    return make(spec)


def _range_decoder(spec: Spec) -> ReadColumn:
    name = spec["n"]

    def decode(source: FrameReader, base: int, rows: int) -> pd.RangeIndex:
        following = source.next
        return range_index(range(following(), following(), following()), decode_name(source, name))

    return decode


def _vast_decoder(spec: Spec) -> ReadColumn:
    values, name = range(*spec["v"]), spec["n"]
    return lambda source, base, rows: range_index(values, decode_name(source, name))


def _dictionary_decoder(spec: Spec) -> ReadColumn:
    index = index_decoder(spec["i"])

    def decode(source: FrameReader, base: int, rows: int) -> pd.Index:
        rows, at = source.next(), source.next()
        found: pd.Index = index(source, source.entry.dictionaries_at + at, rows)
        return found

    return decode


def _multi_decoder(spec: Spec) -> ReadColumn:
    parts = [(index_decoder(level), decoder(code)) for level, code in zip(spec["l"], spec["c"], strict=True)]

    def decode(source: FrameReader, base: int, rows: int) -> pd.MultiIndex:
        found = [(level(source, base, rows), code(source, base, rows)) for level, code in parts]
        names = [decode_name(source, name) for name in spec["n"]]
        return multi_index([level for level, _ in found], [code for _, code in found], names, spec["s"])

    return decode


def _entry_decoder(spec: Spec) -> ReadColumn:
    return lambda source, base, rows: source.reader.value(spec["v"])


def _plain_decoder(spec: Spec) -> ReadColumn:
    values, name, freq = decoder(spec["a"]), spec["n"], spec.get("freq")

    def decode(source: FrameReader, base: int, rows: int) -> pd.Index:
        index = index_of(values(source, base, rows), decode_name(source, name))
        return index if freq is None else with_freq(index, source.reader.value(freq))

    return decode


def labels_of(columns: pd.Index) -> list[Any]:
    """The column names as a list; those of Arrow without the way through numpy that pandas takes."""
    dtype = columns.dtype
    if isinstance(dtype, pd.StringDtype) and dtype.storage != "python":
        return list(columns.array.__arrow_array__().to_pylist())
    return list(columns)


def encode_names(writer: Writer, body: Body, columns: pd.Index, names: list[Any]) -> Spec:
    """The column names of a frame: plain text as text, anything else as an index in a part of its own."""
    kind = type(columns)
    if kind is pd.RangeIndex:
        return encode_index(writer, body, columns, [])
    if kind is pd.Index:
        string = isinstance(columns.dtype, pd.StringDtype)
        if (
            names
            and (string or columns.dtype == object)
            and set(map(type, names)) <= {str}
            and is_text(names)
        ):
            dtype = (columns.dtype.storage, string_na(columns.dtype)) if string else None
            return _names_spec(tuple(names), dtype, encode_name(writer, columns.name))
    return {"k": "entry", "v": writer.embed(encode_index_entry(columns, writer.pickler))}


@shared
def _names_spec(names: tuple[str, ...], dtype: tuple[str, str] | None, name: Node) -> Spec:
    return {"k": "names", "v": names, "d": dtype, "n": name}


def _names_decoder(spec: Spec) -> ReadColumn:
    names, dtype, name = spec["v"], spec["d"], spec["n"]
    if dtype is None:
        return lambda source, base, rows: plain_index(objects(names), decode_name(source, name))
    storage, missing = dtype
    if storage == "python":
        kind = string_dtype(storage, missing)
        return lambda source, base, rows: plain_index(pd.array(names, dtype=kind), decode_name(source, name))
    texts, wrap = _texts(tuple(names)), string_wrapper(storage, missing)
    # An array for each, as pandas lets it out by the values of a Series of the labels.
    labels = labels_like(plain_index(wrap(texts), None)) if LABELS_ARE_READ_ONLY else plain_index
    return lambda source, base, rows: labels(wrap(texts), decode_name(source, name))


@lru_cache(maxsize=64)
def _texts(names: tuple[str, ...]) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(names, pa.large_string())])


_INDEXES: dict[str, Callable[[Spec], ReadColumn]] = {
    "range": _range_decoder,
    "vast": _vast_decoder,
    "dictionary": _dictionary_decoder,
    "multi": _multi_decoder,
    "entry": _entry_decoder,
    "names": _names_decoder,
    "index": _plain_decoder,
}


def index_labels(named: Named) -> list[str]:
    """What the columns of an index are called in a file."""
    return [
        name if type(name) is str else f"__index_level_{level}__" for level, (name, _) in enumerate(named)
    ]


def encode_index_entry(index: pd.Index, pickler: Pickler | None) -> Encoded:
    """An index as an Arrow file of its own."""
    writer = Writer(pickler)
    body = Body(rows=len(index))
    named: Named = []
    spec = encode_index(writer, body, index, named)
    body.columns = [column for _, column in named]
    names = [*map(label, index_labels(named))]
    place_foreign(spec.get("a"), 0)
    text = plan_text([("kind", "pandas.Index"), ("index", spec)])
    return write_batch(names, body, text, "pandas.Index", writer.parts)


def place_foreign(spec: Spec | None, field: int) -> None:
    """Say in the spec of a column that only pyarrow can read which field it is."""
    if spec is not None and "f" in spec:
        spec["f"] = field

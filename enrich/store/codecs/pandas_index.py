"""Indexes: whatever an index is over, with its name, its frequency and a MultiIndex' unused levels."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from .arrow_columns import encode_arrow
from .arrow_file import plan_text, write_batch
from .arrow_layout import Body, Column, Spec, shared
from .context import Node, Writer
from .entry import Encoded, Pickler, Refusal, label, type_name
from .json_values import is_text
from .memory import Memory
from .pandas_blocks import encode_flat, with_validity
from .pandas_columns import FrameReader, encode_column, string_na
from .pandas_internals import (
    index_of,
    multi_index,
    ndarray_of,
    range_index,
    string_array,
    string_dtype,
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
            return _index_spec("range", None, _name(writer, index.name))
        return {"k": "vast", "v": bounds, "n": _name(writer, index.name)}
    if kind is pd.MultiIndex:
        return _encode_multi(writer, body, index, named)
    if kind not in _PLAIN_CLASSES:
        raise Refusal(f"it is an index of type {type_name(kind)}", "Convert it to an index of pandas' own.")
    column, spec = encode_column(writer, body, values_of(index))
    named.append((index.name, column))
    freq = getattr(index, "freq", None) if kind in (pd.DatetimeIndex, pd.TimedeltaIndex) else None
    name = _name(writer, index.name)
    if freq is None:
        return _index_spec("index", spec, name)
    return {"k": "index", "a": spec, "n": name, "freq": writer.node(freq)}


@shared
def _index_spec(kind: str, values: Spec | None, name: Node) -> Spec:
    return {"k": kind, "a": values, "n": name}


def _name(writer: Writer, name: Any) -> Node:
    try:
        return encode_name(writer, name)
    except Refusal as refusal:
        raise refusal.below(".name") from None


def encode_name(writer: Writer, name: Any) -> Node:
    """The node of a name: text as it is, anything else in a list, since 1, 1.0 and True are one key to Python."""
    node = name if name is None else writer.node(name)
    return node if node is None or type(node) is str else [node]


def decode_name(frame: FrameReader, node: Node) -> Any:
    """The name of a node."""
    return node if node is None or type(node) is str else frame.reader.value(node[0])


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
    names = [_name(writer, name) for name in index.names]
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


@shared
def _dictionary_spec(index: Spec) -> Spec:
    return {"k": "dictionary", "i": index}


def _is_readable(kind: pa.DataType) -> bool:
    return bool(pa.types.is_large_string(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind))


def decode_index(
    frame: FrameReader, spec: Spec, memory: Memory | None = None, rows: int | None = None
) -> pd.Index:
    """The index of a spec."""
    kind = spec["k"]
    if kind == "range":
        following = frame.body.next
        values = range(following(), following(), following())
        return range_index(values, decode_name(frame, spec["n"]))
    if kind == "vast":
        return range_index(range(*spec["v"]), decode_name(frame, spec["n"]))
    if kind == "dictionary":
        rows, at = frame.body.next(), frame.body.next()
        return decode_index(frame, spec["i"], frame.dictionary(at), rows)
    if kind == "multi":
        return _decode_multi(frame, spec)
    if kind == "entry":
        index: pd.Index = frame.reader.value(spec["v"])
        return index
    if kind == "names":
        return _decode_names(frame, spec)
    index = index_of(frame.column(spec["a"], memory, rows), decode_name(frame, spec["n"]))
    return with_freq(index, frame.reader.value(spec["freq"])) if "freq" in spec else index


def _decode_multi(frame: FrameReader, spec: Spec) -> pd.MultiIndex:
    levels, codes = [], []
    for level, code in zip(spec["l"], spec["c"], strict=True):
        levels.append(decode_index(frame, level))
        codes.append(frame.column(code))
    names = [decode_name(frame, name) for name in spec["n"]]
    return multi_index(levels, codes, names, spec["s"])


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
            return _names_spec(tuple(names), dtype, _name(writer, columns.name))
    return {"k": "entry", "v": writer.embed(encode_index_entry(columns, writer.pickler))}


@shared
def _names_spec(names: tuple[str, ...], dtype: tuple[str, str] | None, name: Node) -> Spec:
    return {"k": "names", "v": names, "d": dtype, "n": name}


def _decode_names(frame: FrameReader, spec: Spec) -> pd.Index:
    names = spec["v"]
    name = decode_name(frame, spec["n"])
    if spec["d"] is None:
        values = np.empty(len(names), object)
        values[:] = names
        return index_of(values, name)
    storage, missing = spec["d"]
    if storage == "python":
        return index_of(pd.array(names, dtype=string_dtype(storage, missing)), name)
    return index_of(string_array(_texts(tuple(names)), storage, missing), name)


@lru_cache(maxsize=64)
def _texts(names: tuple[str, ...]) -> pa.Array:
    return pa.array(names, pa.large_string())


def encode_index_entry(index: pd.Index, pickler: Pickler | None) -> Encoded:
    """An index as an Arrow file of its own."""
    writer = Writer(pickler)
    body = Body(rows=len(index))
    named: Named = []
    spec = encode_index(writer, body, index, named)
    body.columns = [column for _, column in named]
    names = [
        label(name) if type(name) is str else f"__index_level_{number}__"
        for number, (name, _) in enumerate(named)
    ]
    place_foreign(spec.get("a"), 0)
    text = plan_text([("kind", "pandas.Index"), ("index", spec)])
    return write_batch(names, body, text, "pandas.Index", writer.parts)


def place_foreign(spec: Spec | None, field: int) -> None:
    """Say in the spec of a column that only pyarrow can read which field it is."""
    if spec is not None and "f" in spec:
        spec["f"] = field

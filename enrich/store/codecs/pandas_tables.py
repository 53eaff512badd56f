"""What pandas' objects are as Arrow tables: plain columns as they lie in the file, others as pyarrow converts them.

The file has some columns in words of our own, such as cells of several types, which only pandas gets to see.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from ...errors import StoreError
from .arrow_file import ArrowEntry, Plan
from .arrow_layout import Spec
from .arrow_tables import read_table
from .context import Reader, load_library
from .entry import label, type_name
from .memory import FrameReader, ReadColumn
from .pandas_blocks import block_decoder
from .pandas_cells import exact_array
from .pandas_columns import decoder, is_plain
from .pandas_frames import positions_of
from .pandas_index import decode_name, has_plain_categories, index_decoder, labels_of, values_of

_FAILURES = (pa.ArrowException, TypeError, ValueError, OverflowError, NotImplementedError)
_MOST_TYPES = 4
_LONGEST_REASON = 200
# How pandas calls the columns of a spec.
_DTYPES = {
    **dict.fromkeys(("obj", "mixed", "node"), "object"),
    "tz": "datetime64",
    "cat": "category",
    "sparse": "Sparse",
    "str": "string",
}


class _Coded(NamedTuple):
    """A column that isn't plain in the file; its field counts from the end if it is of the index."""

    field: int
    # The first of its numbers.
    number: int
    # How its array is read, or None where the file has a dictionary for what isn't categorical.
    read: ReadColumn | None
    dtype: str


class _Outline(NamedTuple):
    """What is to be done about the tables of one make."""

    coded: tuple[_Coded, ...]
    # Whether the file holds the very table, names and all.
    is_plain: bool


def table_of(entry: ArrowEntry, reader: Reader, columns: Sequence[str] | None) -> pa.Table:
    """A frame, Series or index as an Arrow table, or some of its columns.

    Raises ``StoreError`` for a column that Arrow has no type for, and for names that other libraries can't have.
    """
    outline = _outline(entry)
    if outline.is_plain:
        return read_table(entry, columns)
    table = read_table(entry)
    width = table.num_columns
    names = _names(entry, reader)
    if len(names) > width:
        bounds = entry.numbers[(at := entry.plan.get("index_at", 0)) : at + 3]
        values = pa.array(np.arange(*bounds))
        table = table.append_column(names[-1], values) if width else pa.table({names[-1]: values})
    chosen = [*range(len(names))] if columns is None else positions_of(names, columns)
    _check_names([names[at] for at in chosen])
    coded = {column.field % width: column for column in outline.coded}
    if not coded.keys().isdisjoint(chosen):
        arrays = table.columns
        source = FrameReader(entry, reader)
        for at in chosen:
            if at in coded:
                arrays[at] = _converted(source, coded[at], arrays[at], names[at])
        table = pa.Table.from_arrays(arrays, names=table.column_names)
    if columns is not None:
        table = table.select(chosen)
    own = [names[at] for at in chosen]
    return table if own == table.column_names else table.rename_columns(own)


def schema_of(entry: ArrowEntry) -> pa.Schema:
    """The schema of that table as far as the file's head says it; what a column becomes may depend on its cells."""
    plan, schema, outline = entry.plan, entry.reader().schema, _outline(entry)
    if outline.is_plain:
        return schema.remove_metadata()
    types = schema.types
    for column in outline.coded:
        types[column.field] = types[column.field].value_type if column.read is None else _opaque(column.dtype)
    nodes = _level_nodes(plan)
    names = schema.names
    if _is_column(plan):
        types.append(pa.int64())
    else:
        del names[len(names) - len(nodes) :]
    names += _level_names(nodes, names, lambda node: node)
    return pa.schema(zip(names, types, strict=True))


def _opaque(dtype: str) -> pa.DataType:
    return pa.opaque(pa.null(), dtype, "pandas") if hasattr(pa, "opaque") else pa.null()


def _names(entry: ArrowEntry, reader: Reader) -> list[str]:
    """The names of all columns as texts, with those of the index."""
    plan = entry.plan
    source = FrameReader(entry, reader)
    names: list[Any] = []
    if "columns" in plan:
        spec = plan["columns"]
        if spec["k"] == "names":
            names = list(spec["v"])
        else:
            source.go_to(plan["columns_at"])
            names = labels_of(index_decoder(spec)(source, entry.body_at, entry.rows))
    elif "values" in plan:
        name = decode_name(source, plan["name"])
        names = ["values" if name is None else name]
    names = [name if type(name) is str else label(name) for name in names]
    return names + _level_names(_level_nodes(plan), names, lambda node: decode_name(source, node))


def _level_nodes(plan: Plan) -> Sequence[Any]:
    """The names of the index' columns, as the plan has them."""
    index = plan["index"]
    if index["k"] == "multi":
        nodes: list[Any] = index["n"]
        return nodes
    return [index["n"]] if index["k"] == "index" or _is_column(plan) else []


def _is_column(plan: Plan) -> bool:
    """Whether a range is a column of the table: one with a name, or that is all there is."""
    index = plan["index"]
    return index["k"] == "range" and (type(index["n"]) is str or plan["kind"] == "pandas.Index")


def _level_names(nodes: Sequence[Any], names: Sequence[str], decode: Any) -> list[str]:
    """The names of the index' columns, as pyarrow gives them out."""
    taken = set(names)
    found = []
    for level, node in enumerate(nodes):
        name = decode(node)
        if type(name) is not str or name in taken:
            name = f"__index_level_{level}__"
        taken.add(name)
        found.append(name)
    return found


def _check_names(names: Sequence[str]) -> None:
    mend = "Rename them before storing, leave them out with Columns(...), or ask for pd.DataFrame."
    if len(set(names)) < len(names):
        twice = ", ".join(repr(name) for name, count in Counter(names).items() if count > 1)
        raise StoreError(
            f"The stored table has several columns named {twice}, which other libraries' tables can't have. {mend}"
        )
    for name in names:
        try:
            name.encode()
        except UnicodeEncodeError:
            raise StoreError(
                f"The stored table has a column named {name!r}, which other libraries' tables can't have. {mend}"
            ) from None


def _outline(entry: ArrowEntry) -> _Outline:
    plan = entry.plan
    if plan.outline is None:
        load_library(plan["kind"].partition(".")[0])
        coded = (*_coded_columns(plan), *_coded_levels(plan))
        plan.outline = _Outline(coded, not coded and _is_named_as_in_file(entry))
    found: _Outline = plan.outline
    return found


def _is_named_as_in_file(entry: ArrowEntry) -> bool:
    plan = entry.plan
    if _is_column(plan) or plan.get("columns", {"k": ""})["k"] != "names":
        return False
    names = list(plan["columns"]["v"])
    names += _level_names(_level_nodes(plan), names, lambda node: node)
    return bool(names == entry.reader().schema.names) and len(set(names)) == len(names)


def _coded_columns(plan: Plan) -> Iterator[_Coded]:
    blocks = plan.get("blocks", [{"c": plan["values"], "l": [0, 1, 1], "n": 0}] if "values" in plan else [])
    for block in blocks:
        spec, short = block["c"], block["l"]
        if not is_plain(spec):
            for row, field in enumerate(short[0] if len(short) == 1 else range(*short)):
                yield _Coded(field, block["n"], _array_decoder(spec, row), _dtype(spec))


def _coded_levels(plan: Plan) -> Iterator[_Coded]:
    index, at = plan["index"], plan.get("index_at", 0)
    if index["k"] == "index" and not is_plain(index["a"]):
        yield _Coded(-1, at, _array_decoder(index["a"], 0), _dtype(index["a"]))
    if index["k"] == "multi":
        for number, level in enumerate(index["l"]):
            read = None if has_plain_categories(level) else _level_decoder(index, number)
            yield _Coded(number - len(index["l"]), at, read, "object")


def _array_decoder(spec: Spec, row: int) -> ReadColumn:
    if spec["t"] != "flat":
        return decoder(spec)
    block = block_decoder(spec, row, 1)
    return lambda source, base, rows: block(source, base, rows)[0]


def _level_decoder(index: Spec, number: int) -> ReadColumn:
    whole = index_decoder(index)
    return lambda source, base, rows: values_of(whole(source, base, rows).get_level_values(number))


def _dtype(spec: Spec) -> str:
    tag: str = spec["t"]
    return np.dtype(spec["d"]).name if tag == "flat" else _DTYPES.get(tag, tag)


def _converted(source: FrameReader, column: _Coded, stored: Any, name: str) -> Any:
    if column.read is None:
        return stored.cast(stored.type.value_type)
    source.go_to(column.number)
    values = column.read(source, source.entry.body_at, source.entry.rows)
    try:
        array = _array(_series(values))
    except _FAILURES as error:
        raise _refused(name, values, f" ({_short(error)})") from error
    if _is_own(array.type):
        raise _refused(name, values)
    return array


def _array(series: pd.Series[Any]) -> Any:
    of = series.cat.categories if isinstance(series.dtype, pd.CategoricalDtype) else series
    return exact_array(series) if of.dtype == object else pa.array(series, from_pandas=True)


def _series(values: Any) -> pd.Series[Any]:
    """The values as pyarrow gets them of a frame; sparse ones, which it refuses, made dense."""
    if isinstance(values.dtype, pd.SparseDtype):
        values = np.asarray(values)
    return pd.Series(values, dtype=values.dtype, copy=False)


def _is_own(kind: pa.DataType) -> bool:
    """Whether a type is one of pandas' own, of which other libraries see only how it is stored."""
    if isinstance(kind, pa.DictionaryType):
        return _is_own(kind.value_type)
    return isinstance(kind, pa.BaseExtensionType) and kind.extension_name.startswith("pandas.")


def _refused(name: str, values: Any, reason: str = "") -> StoreError:
    dtype = values.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        held, mend = f"categories of {_held(values.categories)}", "astype(str)"
    else:
        held = _held(values)
        mend = "to_timestamp()" if isinstance(dtype, pd.PeriodDtype) else "astype(str)"
    return StoreError(
        f"Column {name!r} of the stored table holds {held}, which other libraries' tables have no type "
        f"for{reason}. Ask for pd.DataFrame, leave the column out with Columns(...), or convert it before "
        f"storing, as with {mend}."
    )


def _short(error: Exception) -> str:
    text = str(error)
    return text if len(text) <= _LONGEST_REASON else f"{text[:_LONGEST_REASON]}…"


def _held(values: Any) -> str:
    if values.dtype != object:
        return str(values.dtype)
    kinds = sorted({type_name(type(cell)) for cell in list(values) if cell is not None})
    more = [] if len(kinds) <= _MOST_TYPES else ["others"]
    *first, last = [*kinds[:_MOST_TYPES], *more] or ["None"]
    return f"objects of type {', '.join(first)} and {last}" if first else f"objects of type {last}"

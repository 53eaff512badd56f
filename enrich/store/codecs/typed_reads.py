"""Stored tables in the form a parameter's annotation asks for, straight from the file."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from ...errors import StoreError
from .arrow_file import ArrowEntry
from .arrow_tables import read_table
from .arrow_types import with_innermost
from .columns_asked import check_names
from .context import Reader
from .entry import NotATable, type_name

_MEND = "Convert it before storing, leave it out with Columns(...), or ask for another kind of table."


def read_table_as(entry: ArrowEntry, reader: Reader, as_type: Any, columns: Sequence[str] | None) -> Any:
    """The table of an entry as a type; a value stored as that very type comes back exactly as it was."""
    form = _form(as_type)
    kind = entry.plan["kind"]
    if kind == form or kind == f"{form} lazy":
        from . import read_entry

        return read_entry(entry, reader, columns)
    return _formed(form, lambda: _pandas(entry, reader, columns), lambda: _table(entry, reader, columns))


def _formed(form: str, frame: Callable[[], pd.DataFrame], table: Callable[[], pa.Table]) -> Any:
    """A table in a form that is made of a frame or of Arrow's table."""
    if form in _FROM_FRAME:
        return _FROM_FRAME[form](frame())
    return _FROM_TABLE[form](table())


def read_value_as(value: Any, kind: str, as_type: Any, columns: Sequence[str] | None) -> Any:
    """A value that isn't stored as a table, as a type."""
    form = None if as_type is None else _form(as_type)
    polars = sys.modules.get("polars")
    if polars is not None and isinstance(value, (polars.DataFrame, polars.LazyFrame, polars.Series)):
        return _own_polars(value, form, columns)
    if as_type is not None and columns is None and isinstance(value, as_type):
        return value
    if form is not None and isinstance(value, np.ndarray) and 0 < value.ndim <= 2:
        return _array_as(value, as_type, columns)
    wanted = f"columns {', '.join(map(repr, columns))}" if columns is not None else str(form)
    raise NotATable(type_name(type(value)) if kind == "json" else kind, wanted)


def _array_as(value: Any, as_type: Any, columns: Sequence[str] | None) -> Any:
    """An array as a table whose columns are called by their numbers."""
    from . import decode, encode

    frame = pd.DataFrame(value, copy=False)
    if as_type is pd.DataFrame and columns is None:
        return frame
    return decode(bytearray(b"".join(encode(frame).buffers)), as_type=as_type, columns=columns)


def _own_polars(value: Any, form: str | None, columns: Sequence[str] | None) -> Any:
    """A polars frame of types that only polars itself can write, in another form or some columns of it."""
    frame = value.to_frame() if hasattr(value, "to_frame") else value.lazy().collect()
    if columns is not None:
        check_names(columns, frame.columns)
        frame = frame.select(columns)
    if form == "polars.LazyFrame" or (form is None and hasattr(value, "collect")):
        return frame.lazy()
    if form in (None, "polars.DataFrame"):
        return frame
    try:
        table = frame.to_arrow()
    except pa.ArrowException as error:
        raise StoreError(
            f"The stored polars frame has types that Arrow lacks, so it can't be read as {form}: {error}."
        ) from error
    return _formed(form, table.to_pandas, lambda: table)


def _form(as_type: Any) -> str:
    name = getattr(as_type, "__name__", "")
    library = str(getattr(as_type, "__module__", "")).partition(".")[0].lstrip("_")
    form = f"{library}.{name}"
    if form in _FROM_FRAME or form in _FROM_TABLE:
        return form
    known = ", ".join([*_FROM_FRAME, *_FROM_TABLE])
    asked = type_name(as_type) if isinstance(as_type, type) else repr(as_type)
    raise StoreError(f"Stored tables can't be read as {asked}, but as one of: {known}.")


def _table(entry: ArrowEntry, reader: Reader, columns: Sequence[str] | None) -> pa.Table:
    if "index" not in entry.plan:
        return read_table(entry, columns)
    from .pandas_tables import table_of

    return table_of(entry, reader, columns)


def _pandas(entry: ArrowEntry, reader: Reader, columns: Sequence[str] | None) -> pd.DataFrame:
    from . import read_entry

    if not entry.plan["kind"].startswith(("pandas.", "geopandas.")):
        frame: pd.DataFrame = read_table(entry, columns).to_pandas()
        return frame
    value = read_entry(entry, reader, columns)
    if isinstance(value, pd.Index):
        return value.to_frame(index=False)
    return value.to_frame() if isinstance(value, pd.Series) else value


def _polars(table: pa.Table) -> Any:
    polars = import_module("polars")
    return _taken("polars", polars.from_arrow, table, (Exception, polars.exceptions.PanicException))


def _duckdb(table: pa.Table) -> Any:
    if not table.num_columns:
        raise StoreError("The stored table has no columns, and DuckDB has no relation without any.")
    for name, column in zip(table.column_names, table.columns, strict=True):
        # Its intervals are of microseconds, and what is finer is cut off.
        coarser = with_innermost(column.type, _without_nanoseconds)
        if not coarser.equals(column.type):
            try:
                column.cast(coarser)
            except pa.ArrowException as error:
                raise _not_taken("DuckDB", name, column.type, error) from error
    return _taken("DuckDB", import_module("duckdb").from_arrow, table, (Exception,))


def _without_nanoseconds(kind: pa.DataType) -> pa.DataType:
    return pa.duration("us") if pa.types.is_duration(kind) and kind.unit == "ns" else kind


def _taken(
    library: str,
    take: Callable[[pa.Table], Any],
    table: pa.Table,
    failures: tuple[type[BaseException], ...],
) -> Any:
    """What a library makes of a table, unless it has no room for a type or a name."""
    try:
        taken = take(table)
    except failures as error:
        for at, name in enumerate(table.column_names):
            try:
                take(table.select([at]))
            except failures as cause:
                raise _not_taken(library, name, table.schema.field(at).type, cause) from cause
        raise StoreError(f"{library} can't take the stored table: {error}. {_MEND}") from error
    names, theirs = table.column_names, taken.columns
    if names != theirs:
        name, other = next(pair for pair in zip(names, theirs, strict=True) if pair[0] != pair[1])
        raise StoreError(
            f"{library} would call column {name!r} of the stored table {other!r}. "
            "Rename it before storing, leave it out with Columns(...), or ask for another kind of table."
        )
    return taken


def _not_taken(library: str, name: str, kind: pa.DataType, cause: BaseException) -> StoreError:
    return StoreError(
        f"{library} can't take column {name!r} of the stored table, whose type is {kind}: {cause}. {_MEND}"
    )


def _own(array: Any) -> Any:
    """An array to write to: that of a frame isn't in pandas 3, though nobody else has this one."""
    if not array.flags.writeable:
        try:
            array.flags.writeable = True
        except ValueError:
            return array.copy()
    return array


_FROM_FRAME: dict[str, Callable[[pd.DataFrame], Any]] = {
    "pandas.DataFrame": lambda frame: frame,
    "numpy.ndarray": lambda frame: _own(frame.to_numpy()),
}
_FROM_TABLE: dict[str, Callable[[pa.Table], Any]] = {
    "pyarrow.Table": lambda table: table,
    "polars.DataFrame": _polars,
    "polars.LazyFrame": lambda table: _polars(table).lazy(),
    "duckdb.DuckDBPyRelation": _duckdb,
}

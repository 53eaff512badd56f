"""Stored tables in the form a parameter's annotation asks for, straight from the file."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from ...errors import StoreError
from .arrow_file import ArrowEntry
from .arrow_tables import read_table, select_columns
from .columns_asked import check_names
from .context import Reader
from .entry import type_name


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
    if as_type is not None and form is not None and columns is None:
        if isinstance(value, as_type):
            return value
        if isinstance(value, np.ndarray) and form == "pandas.DataFrame" and 0 < value.ndim <= 2:
            return pd.DataFrame(value, copy=False)
    wanted = f"columns {', '.join(map(repr, columns))}" if columns is not None else form
    raise StoreError(f"The stored value is a {kind}, not a table: it can't be read as {wanted}.")


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
    plan = entry.plan
    is_opaque, range_name = plan.get("opaque"), _range_name(plan)
    if not is_opaque and range_name is None:
        return read_table(entry, columns)
    table = read_table(entry)
    if is_opaque:
        table = _with_opaque_columns(table, entry, reader, columns)
    if range_name is not None and (columns is None or range_name in columns):
        table = _with_range(table, entry, range_name)
    return table if columns is None else select_columns(table, columns)


def _with_opaque_columns(
    table: pa.Table, entry: ArrowEntry, reader: Reader, columns: Sequence[str] | None
) -> pa.Table:
    """Put in what is null to other tools in the file: sparse columns, which become dense here, and pickled ones."""
    from .pandas_frames import opaque_columns

    for position, values in opaque_columns(entry, reader):
        name = table.field(position).name
        if columns is not None and name not in columns:
            continue
        try:
            dense = pa.array(np.asarray(values), from_pandas=True)
        except pa.ArrowException as error:
            raise StoreError(
                f"Column {name!r} is stored as a pickle, and Arrow has no type for it."
            ) from error
        table = table.set_column(position, name, dense)
    return table


def _range_name(plan: Mapping[str, Any]) -> str | None:
    """The name of a frame's index of which the file has only the bounds, since it happens to be a range."""
    name = plan["index"]["n"] if "index_at" in plan and plan["index"]["k"] == "range" else None
    return name if type(name) is str else None


def _with_range(table: pa.Table, entry: ArrowEntry, name: str) -> pa.Table:
    from .pandas_frames import field_names

    at = entry.plan["index_at"]
    values = pa.array(np.arange(*entry.numbers[at : at + 3]))
    own = field_names([*table.column_names, name])[-1]
    return table.append_column(own, values) if table.num_columns else pa.table({own: values})


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
    return import_module("polars").from_arrow(table)


def _duckdb(table: pa.Table) -> Any:
    if not table.num_columns:
        raise StoreError("The stored table has no columns, and DuckDB has no relation without any.")
    return import_module("duckdb").from_arrow(table)


_FROM_FRAME: dict[str, Callable[[pd.DataFrame], Any]] = {
    "pandas.DataFrame": lambda frame: frame,
    "numpy.ndarray": lambda frame: frame.to_numpy(),
}
_FROM_TABLE: dict[str, Callable[[pa.Table], Any]] = {
    "pyarrow.Table": lambda table: table,
    "polars.DataFrame": _polars,
    "polars.LazyFrame": lambda table: _polars(table).lazy(),
    "duckdb.DuckDBPyRelation": _duckdb,
}

"""polars frames: handed over as Arrow in their own layout, string views included, and taken back the same way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl
import pyarrow as pa

from .arrow_file import ArrowEntry
from .arrow_tables import read_table, write_table
from .context import KINDS, TABLES, Reader
from .entry import Encoded, Pickler, Refusal


def _encode_frame(frame: pl.DataFrame, pickler: Pickler | None = None) -> Encoded:
    return _encode(frame, "polars.DataFrame")


def _encode_lazy(frame: pl.LazyFrame, pickler: Pickler | None = None) -> Encoded:
    return _encode(frame.collect(), "polars.LazyFrame")


def _encode_series(series: pl.Series, pickler: Pickler | None = None) -> Encoded:
    return _encode(series.to_frame(), "polars.Series")


def _encode(frame: pl.DataFrame, kind: str) -> Encoded:
    for name, dtype in frame.schema.items():
        if dtype == pl.Object:
            raise Refusal("its dtype is Object", "Cast it to a dtype of polars' own.").below(
                f" in column {name!r}"
            )
    if frame.height and not frame.width:
        raise Refusal("it has rows but no columns", "Give it a column.")
    table = frame.to_arrow(compat_level=pl.CompatLevel.newest())
    _check_types(frame, table)
    return write_table(table, kind, {})


def _check_types(frame: pl.DataFrame, table: pa.Table) -> None:
    # Some types of polars have no Arrow type of their own; which ones depends on its version.
    back: Any = pl.from_arrow(pa.ipc.read_schema(table.schema.serialize()).empty_table())
    for name, dtype in frame.schema.items():
        if back.schema[name] != dtype:
            raise Refusal(
                f"its dtype {dtype} comes back as {back.schema[name]}", "Cast it to a dtype that Arrow has."
            ).below(f" in column {name!r}")


def _read(entry: ArrowEntry, reader: Reader, columns: Sequence[str] | None) -> Any:
    return pl.from_arrow(read_table(entry, columns), rechunk=False)


TABLES[pl.DataFrame] = _encode_frame
TABLES[pl.LazyFrame] = _encode_lazy
TABLES[pl.Series] = _encode_series
KINDS["polars.DataFrame"] = _read
KINDS["polars.LazyFrame"] = lambda entry, reader, columns: _read(entry, reader, columns).lazy()
KINDS["polars.Series"] = lambda entry, reader, columns: _read(entry, reader, columns).to_series()

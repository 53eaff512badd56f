"""The explorer's tables: where they come from, what they have, and which of their rows are wanted."""

from __future__ import annotations

import base64
import io
import json
import time
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import plotly
import pyarrow as pa
from pandas.api import types
from plotly.io.json import to_json_plotly

MOST_GROUPS = 12
MEASURED_ROWS = 20_000


class NotATable(ValueError):
    """An uploaded file can't be shown; the text says why."""


# --- where they come from ---------------------------------------------------------------------------


@cache
def sample(rows: int = 0) -> pd.DataFrame:
    """Give plotly's gapminder table, grown to ``rows`` rows by repeating it with a little noise."""
    table = plotly.data.gapminder().drop(columns=["iso_alpha", "iso_num"])
    table = table.astype({"country": "category", "continent": "category"})
    if rows <= len(table):
        return table
    noise = np.random.default_rng(0)
    table = table.iloc[np.arange(rows) % len(table)].reset_index(drop=True)
    for column in floats(table):
        table[column] *= noise.lognormal(sigma=0.04, size=rows)
    return table


def from_upload(contents: str, filename: str) -> pd.DataFrame:
    """Read what ``dcc.Upload`` gives: a CSV or Parquet file as a data URL.

    Raises
    ------
    NotATable
        If the file is empty, is neither CSV nor Parquet, or has nothing to draw.
    """
    data = base64.b64decode(contents.partition(",")[2])
    if not data:
        raise NotATable(f"{filename} is empty.")
    read = pd.read_parquet if data.startswith(b"PAR1") else pd.read_csv
    try:
        table = read(io.BytesIO(data))
    except UnicodeDecodeError:
        raise NotATable(f"{filename} is neither Parquet nor text in UTF-8.") from None
    except (pa.ArrowInvalid, OSError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise NotATable(f"{filename} can't be read as a table: {str(error).splitlines()[0]}") from error
    if table.empty:
        raise NotATable(f"{filename} has no rows.")
    table.columns = table.columns.map(str)
    if not numbers(table):
        raise NotATable(f"{filename} has no column of numbers to draw. Is its separator a comma?")
    return table


# --- what they have ---------------------------------------------------------------------------------


def described(name: str, table: pd.DataFrame) -> str:
    return f"{name} · {len(table):,} rows · {len(table.columns)} columns"


def numbers(table: pd.DataFrame) -> list[str]:
    """Name the columns that can be an axis."""
    return [c for c in table if types.is_numeric_dtype(table[c]) and not types.is_bool_dtype(table[c])]


def floats(table: pd.DataFrame) -> list[str]:
    return [c for c in table if types.is_float_dtype(table[c])]


def groups(table: pd.DataFrame) -> list[str]:
    """Name the columns with few enough values to be colours."""
    return [c for c in table if not types.is_float_dtype(table[c]) and _is_few(table[c])]


def _is_few(column: pd.Series) -> bool:
    try:
        # A look at the first rows spares counting the values of a long column that has many.
        return column.head(1000).nunique() <= MOST_GROUPS and column.nunique() <= MOST_GROUPS
    except TypeError:
        return False  # Lists and dicts, as Parquet may hold, are not hashable.


def values(table: pd.DataFrame, by: str | None) -> list[str]:
    """List what a column of groups holds, as text."""
    return sorted(map(str, table[by].dropna().unique())) if by else []


def names(table: pd.DataFrame, by: str | None) -> pd.Series:
    """Name each row's group."""
    if by is None:
        return pd.Series("all rows", index=table.index)
    column = table[by].astype("category")
    return column.cat.rename_categories(column.cat.categories.map(str)).cat.remove_unused_categories()


def span(column: pd.Series) -> tuple[float, float, float]:
    """Give a column's least and greatest finite value, and a step between them."""
    finite = column[np.isfinite(column.astype(float))]
    low, high = (finite.min().item(), finite.max().item()) if len(finite) else (0, 1)
    return low, high, 1 if types.is_integer_dtype(column) else (high - low) / 100 or 1


def scale(column: pd.Series) -> str:
    """Say which axis shows a column best: positive values that span magnitudes want a logarithmic one."""
    low, high, _ = span(column)
    return "log" if 0 < low * 100 < high else "linear"


def part_of(table: pd.DataFrame, rows: int) -> pd.DataFrame:
    """Draw some rows by chance, the same ones each time."""
    if len(table) <= rows:
        return table
    return table.iloc[np.sort(np.random.default_rng(0).choice(len(table), rows, replace=False))]


def weigh(table: pd.DataFrame) -> dict[str, Any]:
    """Measure what ``dcc.Store`` would cost for a table: its JSON, and the CPU time to write and to read that.

    Of a longer table, ``MEASURED_ROWS`` rows or so are measured, and the figures scaled.
    """
    part = part_of(table, MEASURED_ROWS)
    started = time.thread_time()
    text = to_json_plotly(part.to_dict("records"))
    written = time.thread_time()
    json.loads(text)
    read = time.thread_time()
    scale = len(table) / len(part)
    return {
        "rows": len(table),
        "measured_rows": len(part),
        "json_bytes": round(len(text.encode()) * scale),
        "write_ms": (written - started) * 1000 * scale,
        "read_ms": (read - written) * 1000 * scale,
    }


# --- which rows are wanted --------------------------------------------------------------------------


def narrow(
    table: pd.DataFrame, by: str | None, keep: list[str], span_of: str, span: list[float]
) -> pd.DataFrame:
    """Keep the rows of some groups, and those within a span."""
    low, high = span
    # Rows without a value are not outside the span.
    wanted = ~((table[span_of] < low) | (table[span_of] > high)).fillna(False)
    if keep:
        wanted &= names(table, by).isin(keep)
    return table[wanted]


def in_box(rows: pd.DataFrame, x: str, y: str, picked: dict[str, Any]) -> pd.DataFrame:
    if "box" not in picked:
        return rows
    box = picked["box"]
    across, up = sorted((box["x0"], box["x1"])), sorted((box["y0"], box["y1"]))
    return rows[rows[x].between(*across) & rows[y].between(*up)]


def in_bar(rows: pd.DataFrame, by: str | None, picked: dict[str, Any]) -> pd.DataFrame:
    return rows[names(rows, by) == picked["bar"]] if "bar" in picked else rows


def ordered(rows: pd.DataFrame, order: list[dict[str, str]]) -> pd.DataFrame:
    """Sort as AG Grid's ``sortModel`` says."""
    if not order:
        return rows
    ascending = [one["sort"] == "asc" for one in order]
    return rows.sort_values([one["colId"] for one in order], ascending=ascending, kind="stable")


def records(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Turn a page of rows into what JSON carries: what JSON has no word for becomes text."""
    odd = [c for c in rows if types.is_object_dtype(rows[c])]
    return rows.astype(dict.fromkeys(odd, str)).to_dict("records")

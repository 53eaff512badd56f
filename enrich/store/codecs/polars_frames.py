"""polars frames: handed over as Arrow in their own layout, string views included, and taken back the same way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import polars as pl
import pyarrow as pa

from .arrow_dictionaries import dictionaries_differ
from .arrow_file import ArrowEntry, Parts
from .arrow_tables import read_table, write_table
from .columns_asked import check_names
from .container import write_container
from .context import DECODERS, KINDS, TABLES, TAG, Reader, dumps
from .entry import Encoded, Pickler, Refusal


def _encode_frame(frame: pl.DataFrame, pickler: Pickler | None = None) -> Encoded:
    return _encode(frame, "polars.DataFrame")


def _encode_lazy(frame: pl.LazyFrame, pickler: Pickler | None = None) -> Encoded:
    return _encode(frame.collect(), "polars.LazyFrame")


def _encode_series(series: pl.Series, pickler: Pickler | None = None) -> Encoded:
    return _encode(series.to_frame(), "polars.Series")


def _encode(frame: pl.DataFrame, kind: str) -> Encoded:
    names = frame.columns
    for name, dtype in frame.schema.items():
        for part in _parts(dtype):
            if part == pl.Object:
                raise Refusal(
                    "its dtype is Object", "Cast it to a dtype of polars' own.", pickle_helps=False
                ).below(f" in column {name!r}")
            if isinstance(part, pl.Array) and not part.size:
                raise Refusal(
                    f"polars can't read its dtype {dtype} back", "Cast it to a list.", pickle_helps=False
                ).below(f" in column {name!r}")
            names += [field.name for field in getattr(part, "fields", ())]
    if any("\0" in name for name in names):  # names in Arrow's C interface end there
        return _encode_own(frame, kind)
    if frame.height and not frame.width:
        raise Refusal("it has rows but no columns", "Give it a column.")
    try:
        table = frame.to_arrow(compat_level=pl.CompatLevel.newest())
        # Of no batches, since pyarrow can't make an empty array of each type.
        empty = pa.Table.from_batches([], pa.ipc.read_schema(table.schema.serialize()))
        back: Any = pl.from_arrow(empty)
    except pa.ArrowInvalid:
        return _encode_own(frame, kind)
    # Some types of polars have no Arrow type; which ones depends on its version.
    if back.schema != frame.schema:
        return _encode_own(frame, kind)
    order = _order(frame)
    if any(map(dictionaries_differ, table.columns)):
        table = table.unify_dictionaries()
    return write_table(table, kind, [("sorted", order)] if order else [])


def _order(frame: pl.DataFrame) -> tuple[tuple[str, bool], ...]:
    """The columns that polars knows to be sorted, which Arrow doesn't, and whether they descend."""
    return tuple(
        (name, flags["SORTED_DESC"])
        for name, flags in frame.flags.items()
        if flags["SORTED_ASC"] or flags["SORTED_DESC"]
    )


def _known_sorted(frame: pl.DataFrame, order: Sequence[tuple[str, bool]]) -> pl.DataFrame:
    """The frame itself, of which no one else knows yet, with its columns' order made known to polars."""
    places = {name: at for at, name in enumerate(frame.columns)}
    for name, down in order:
        if name in places:
            at = places[name]
            # By expressions, older polars takes names for patterns.
            frame.replace_column(at, frame.to_series(at).set_sorted(descending=down))
    return frame


def _parts(dtype: Any) -> Iterator[Any]:
    """A dtype and those in it."""
    yield dtype
    inner = getattr(dtype, "inner", None)
    for part in [*([] if inner is None else [inner]), *(f.dtype for f in getattr(dtype, "fields", ()))]:
        yield from _parts(part)


def _encode_own(frame: pl.DataFrame, kind: str) -> Encoded:
    """A frame that pyarrow has no types for, in polars' own dialect of Arrow."""
    back = pl.read_ipc_stream(frame.head(0).write_ipc_stream(None).getvalue())
    for name, dtype in frame.schema.items():
        if back.schema[name] != dtype:
            raise Refusal(f"its dtype {dtype} comes back as {back.schema[name]}", "Cast it.").below(
                f" in column {name!r}"
            )
    parts = Parts()
    part = parts.add([frame.write_ipc_stream(None).getbuffer()])
    node = {TAG: "polars.own", "i": part, "k": kind, "sorted": _order(frame)}
    return write_container(kind, dumps(node), parts, frame.height)


def _decode_own(reader: Reader, node: dict[str, Any]) -> Any:
    frame = pl.read_ipc_stream(bytes(reader.source.part(node["i"])))
    return _as_kind(_known_sorted(frame, node["sorted"]), node["k"])


def _as_kind(frame: pl.DataFrame, kind: str) -> Any:
    if kind == "polars.LazyFrame":
        return frame.lazy()
    return frame.to_series() if kind == "polars.Series" else frame


def _read(entry: ArrowEntry, reader: Reader, columns: Sequence[str] | None) -> Any:
    is_series = entry.plan["kind"] == "polars.Series"
    frame: Any = pl.from_arrow(read_table(entry, None if is_series else columns), rechunk=False)
    if is_series:
        check_names(columns, frame.columns)
    return _as_kind(_known_sorted(frame, entry.plan.get("sorted", ())), entry.plan["kind"])


TABLES[pl.DataFrame] = _encode_frame
TABLES[pl.LazyFrame] = _encode_lazy
TABLES[pl.Series] = _encode_series
KINDS.update({"polars.DataFrame": _read, "polars.LazyFrame": _read, "polars.Series": _read})
DECODERS["polars.own"] = _decode_own

"""DataFrames, Series and indexes as Arrow files, and back as views on the file's memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from .arrow_columns import Spec
from .arrow_file import ArrowEntry, write_batch
from .arrow_layout import Body, Column
from .columns_asked import unknown_columns
from .context import Node, Reader, Writer
from .entry import Encoded, Pickler, Refusal, excerpt
from .pandas_blocks import decode_block, decode_row, encode_block, is_flat
from .pandas_columns import FrameReader, encode_column, is_opaque
from .pandas_index import (
    Named,
    decode_index,
    encode_index,
    encode_names,
    labels_of,
    place_foreign,
    values_of,
)
from .pandas_internals import Blocks, blocks_of, frame_of

Array = np.ndarray[Any, Any]


def encode_frame(
    frame: pd.DataFrame,
    pickler: Pickler | None = None,
    kind: str = "pandas.DataFrame",
    extra: Mapping[str, Node] | None = None,
) -> Encoded:
    """A DataFrame as an Arrow file; raises ``Refusal``."""
    writer = Writer(pickler)
    rows, width = frame.shape
    body = Body(rows=rows)
    columns: list[Column] = [None] * width  # type: ignore[list-item]
    blocks: list[Spec] = []
    for values, positions in _grouped(frame):
        if isinstance(values, list):
            encoded, spec = _flat(body, values, frame, positions)
            for position, column in zip(positions, encoded, strict=True):
                columns[position] = column
            blocks.append({**spec, "l": _short(positions)})
            continue
        (position,) = positions
        try:
            columns[position], spec = encode_column(writer, body, values[0])
        except Refusal as refusal:
            raise refusal.below(f" in column {excerpt(frame.columns[position])}") from None
        if spec["t"] == "arrow":
            spec["f"] = position
        blocks.append({"t": "one", "c": spec, "l": [position, position + 1, 1]})
    named: Named = []
    try:
        index = place_foreign(encode_index(writer, body, frame.index, named), width)
    except Refusal as refusal:
        raise refusal.below(".index") from None
    try:
        labels = labels_of(frame.columns)
        names = encode_names(writer, frame.columns, labels)
    except Refusal as refusal:
        raise refusal.below(".columns") from None
    body.columns = columns + [column for _, column in named]
    plan = {"kind": kind, "rows": rows, "blocks": blocks, "columns": names, "index": index, **(extra or {})}
    if any(is_opaque(spec["c"]) for spec in blocks if spec["t"] == "one") or is_opaque(index.get("a")):
        plan["opaque"] = True
    plan.update(_extras(writer, frame))
    return write_batch(field_names([*labels, *_index_labels(named)]), body, plan, writer.parts)


def _grouped(frame: pd.DataFrame) -> list[tuple[Any, list[int]]]:
    """The frame's arrays: numpy ones of one dtype together as a list of blocks, others column by column."""
    flat: dict[Any, tuple[list[Array], list[int]]] = {}
    others: list[tuple[Any, list[int]]] = []
    for values, positions in blocks_of(frame):
        if isinstance(values, np.ndarray) and is_flat(values.dtype):
            found = flat.setdefault(values.dtype.str, ([], []))
            found[0].append(values)
            found[1].extend(positions)
        else:
            rows = (values,) if values.ndim == 1 else values
            others += [((row,), [position]) for row, position in zip(rows, positions, strict=True)]
    # In the order of the frame, however its blocks have come about: equal frames are to give equal bytes.
    return sorted([*(_ascending(*found) for found in flat.values()), *others], key=lambda group: group[1][0])


def _ascending(blocks: list[Array], positions: list[int]) -> tuple[list[Array], list[int]]:
    """The same columns in the order of the frame: pandas goes wrong on a block whose columns aren't."""
    if positions == sorted(positions):
        return blocks, positions
    rows = [row for block in blocks for row in block]
    order = sorted(range(len(positions)), key=positions.__getitem__)
    return [rows[place].reshape(1, -1) for place in order], [positions[place] for place in order]


def _flat(
    body: Body, blocks: list[Array], frame: pd.DataFrame, positions: list[int]
) -> tuple[list[Column], Spec]:
    try:
        return encode_block(body, blocks)
    except Refusal as refusal:
        raise refusal.below(f" in column {excerpt(frame.columns[positions[0]])}") from None


def _short(positions: list[int]) -> list[int] | dict[str, list[int]]:
    first, count = positions[0], len(positions)
    step = positions[1] - first if count > 1 else 1
    regular = step > 0 and positions == list(range(first, first + count * step, step))
    return [first, first + count * step, step] if regular else {"v": positions}


def _positions(short: Any) -> Any:
    return np.array(short["v"], np.intp) if isinstance(short, dict) else slice(*short)


def _extras(writer: Writer, data: Any) -> dict[str, Node]:
    extras: dict[str, Node] = {}
    if data.attrs:
        try:
            extras["attrs"] = writer.node(data.attrs)
        except Refusal as refusal:
            raise refusal.below(".attrs") from None
    if not data.flags.allows_duplicate_labels:
        extras["unique"] = True
    return extras


def _index_labels(named: Named) -> list[Any]:
    return [
        name if type(name) is str else f"__index_level_{level}__" for level, (name, _) in enumerate(named)
    ]


def field_names(names: Sequence[Any]) -> list[str]:
    """Names that any Arrow tool takes: text, and each only once."""
    texts = [name if type(name) is str else str(name) for name in names]
    if len(set(texts)) == len(texts) and all(text.isascii() for text in texts):
        return texts
    taken: set[str] = set()
    for position, text in enumerate(texts):
        unique = text = text.encode("utf-8", "replace").decode()
        number = 0
        while unique in taken:
            number += 1
            unique = f"{text}_{number}"
        taken.add(unique)
        texts[position] = unique
    return texts


def decode_frame(entry: ArrowEntry, reader: Reader, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """The DataFrame of an entry, or only some of its columns."""
    plan = entry.plan
    source = FrameReader(entry, reader)
    index = decode_index(source, plan["index"])
    named = plan["columns"]
    if columns is None:
        blocks = [(_block(source, spec), _positions(spec["l"])) for spec in plan["blocks"]]
        frame = frame_of(blocks, index, decode_index(source, named))
    elif named["k"] == "names":
        # Only the names asked for are made into an index.
        wanted = positions_of(named["v"], columns)
        chosen = decode_index(source, {**named, "v": [named["v"][at] for at in wanted]})
        frame = frame_of(_chosen(source, plan["blocks"], wanted), index, chosen)
    else:
        names = decode_index(source, named)
        wanted = positions_of(names.tolist(), columns)
        frame = frame_of(_chosen(source, plan["blocks"], wanted), index, names.take(wanted))
    return with_extras(frame, reader, plan)


def with_extras(data: Any, reader: Reader, plan: dict[str, Any]) -> Any:
    """The frame or series with its attrs and flags."""
    if "attrs" in plan:
        data.attrs = reader.value(plan["attrs"])
    if "unique" in plan:
        data.flags.allows_duplicate_labels = False
    return data


def _block(source: FrameReader, spec: Spec) -> Any:
    if spec["t"] != "one":
        return decode_block(source.body, source.rows, spec)
    values = source.column(spec["c"])
    return values.reshape(1, -1) if isinstance(values, np.ndarray) else values


def _chosen(source: FrameReader, specs: list[Spec], wanted: list[int]) -> Blocks:
    rows = {}
    for spec in specs:
        short = spec["l"]
        for row, position in enumerate(short["v"] if isinstance(short, dict) else range(*short)):
            rows[position] = (spec, row)
    blocks = []
    for place, position in enumerate(wanted):
        spec, row = rows[position]
        one = spec["t"] == "one"
        values = _block(source, spec) if one else decode_row(source.body, source.rows, spec, row)
        blocks.append((values, slice(place, place + 1, 1)))
    return blocks


def positions_of(names: list[Any], columns: Sequence[str]) -> list[int]:
    """Where columns are, in the order asked for; all of those that share a name."""
    known: dict[Any, list[int]] = {}
    for position, name in enumerate(names):
        known.setdefault(name, []).append(position)
    unknown = [name for name in columns if name not in known]
    if unknown:
        raise unknown_columns(unknown, list(known))
    return [position for name in columns for position in known[name]]


def opaque_columns(entry: ArrowEntry, reader: Reader) -> Iterator[tuple[int, Any]]:
    """The columns of an entry that other tools see as nulls, with their positions in the file."""
    source = FrameReader(entry, reader)
    plan = entry.plan
    blocks = plan["blocks"] if "blocks" in plan else [{"t": "one", "c": plan["values"], "l": [0]}]
    for spec in blocks:
        if spec["t"] == "one" and is_opaque(spec["c"]):
            yield spec["l"][0], source.column(spec["c"])
    if is_opaque(plan["index"].get("a")):
        yield len(entry.reader().schema) - 1, source.column(plan["index"]["a"])


def encode_series(
    series: pd.Series[Any], pickler: Pickler | None = None, kind: str = "pandas.Series"
) -> Encoded:
    """A Series as an Arrow file of one column."""
    writer = Writer(pickler)
    body = Body(rows=len(series))
    column, spec = encode_column(writer, body, values_of(series))
    if spec["t"] == "arrow":
        spec["f"] = 0
    named: Named = []
    try:
        index = place_foreign(encode_index(writer, body, series.index, named), 1)
    except Refusal as refusal:
        raise refusal.below(".index") from None
    body.columns = [column, *(column for _, column in named)]
    plan: dict[str, Any] = {"kind": kind, "rows": len(series), "values": spec, "index": index}
    try:
        plan["name"] = writer.node(series.name)
    except Refusal as refusal:
        raise refusal.below(".name") from None
    if is_opaque(spec) or is_opaque(index.get("a")):
        plan["opaque"] = True
    plan.update(_extras(writer, series))
    label = "values" if series.name is None else series.name
    return write_batch(field_names([label, *_index_labels(named)]), body, plan, writer.parts)


def decode_series(entry: ArrowEntry, reader: Reader) -> pd.Series[Any]:
    """The Series of an entry."""
    source = FrameReader(entry, reader)
    values = source.column(entry.plan["values"])
    index = decode_index(source, entry.plan["index"])
    name = reader.value(entry.plan["name"])
    dtype = values.dtype if isinstance(values, np.ndarray) else None
    series = pd.Series(values, index=index, dtype=dtype, name=name, copy=False)
    return with_extras(series, reader, entry.plan)

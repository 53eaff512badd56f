"""DataFrames, Series and indexes as Arrow files, and back as views on the file's memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from operator import itemgetter, lt
from typing import Any

import numpy as np
import pandas as pd

from .arrow_file import ArrowEntry, plan_text, write_batch
from .arrow_layout import Body, Column, Spec, shared
from .columns_asked import check_names, unknown_columns
from .context import Node, Reader, Writer
from .entry import Encoded, Pickler, Refusal, excerpt, label
from .memory import FrameReader, ReadColumn
from .pandas_blocks import block_decoder, encode_block, is_flat
from .pandas_columns import decoder, encode_column
from .pandas_index import (
    Named,
    decode_name,
    encode_index,
    encode_name,
    encode_names,
    index_decoder,
    index_labels,
    labels_of,
    place_foreign,
    values_of,
)
from .pandas_internals import Blocks, Places, blocks_of, frame_of, placement

Array = np.ndarray[Any, Any]
_FLAT = frozenset({"flat", "bits"})
# The positions of columns in the frame, and what they lie in: blocks of one dtype, or one array of any other kind.
Group = tuple[Places, list[Any], bool]


def encode_frame(
    frame: pd.DataFrame,
    pickler: Pickler | None = None,
    kind: str = "pandas.DataFrame",
    extra: Mapping[str, Node] | None = None,
) -> Encoded:
    """A DataFrame as an Arrow file; raises ``Refusal``."""
    writer = Writer(pickler)
    body = Body(len(frame.index))
    columns: list[tuple[int, Column]] = []
    blocks: list[Spec] = []
    for places, values, is_block in _grouped(frame):
        start = len(body.numbers)
        try:
            if is_block:
                run = places[-1] - places[0] == len(places) - 1
                made, spec = encode_block(body, values, run)
                columns += zip(places, made, strict=not run)
            else:
                column, spec = encode_column(writer, body, values[0])
                place_foreign(spec, places[0])
                columns.append((places[0], column))
        except Refusal as refusal:
            raise refusal.below(f" in column {excerpt(frame.columns[places[0]])}") from None
        blocks.append(_block_spec(spec, places, start))
    named: Named = []
    index_at = len(body.numbers)
    try:
        index = encode_index(writer, body, frame.index, named)
        place_foreign(index.get("a"), len(frame.columns))
    except Refusal as refusal:
        raise refusal.below(".index") from None
    names_at = len(body.numbers)
    try:
        labels = labels_of(frame.columns)
        names = encode_names(writer, body, frame.columns, labels)
    except Refusal as refusal:
        raise refusal.below(".columns") from None
    columns.sort(key=itemgetter(0))
    body.columns = [column for _, column in columns + named]
    plan: list[tuple[str, Any]] = [
        ("kind", kind),
        ("blocks", tuple(blocks)),
        ("index", index),
        ("columns", names),
    ]
    plan += [("index_at", index_at), ("columns_at", names_at), *(extra or {}).items()]
    plan += _extras(writer, frame)
    fields = field_names([*labels, *index_labels(named)])
    return write_batch(fields, body, plan_text(plan), kind, writer.parts)


def _grouped(frame: pd.DataFrame) -> list[Group]:
    """The frame's arrays: numpy ones of one dtype together as a list of blocks, others column by column."""
    flat: dict[str, list[tuple[Places, Array]]] = {}
    groups: list[Group] = []
    for values, places in blocks_of(frame):
        if isinstance(values, np.ndarray) and is_flat(values.dtype):
            flat.setdefault(values.dtype.str + values.dtype.char, []).append((places, values))
        elif values.ndim == 1:
            groups.append((places, [values], False))
        else:
            groups += [((place,), [row], False) for row, place in zip(values, places, strict=True)]
    groups += [_ascending(blocks) for blocks in flat.values()]
    # In the order of the frame, however its blocks have come about: equal frames are to give equal bytes.
    groups.sort(key=_first_place)
    return groups


def _first_place(group: tuple[Any, ...]) -> Any:
    return group[0][0]


def _ascending(blocks: list[tuple[Places, Array]]) -> Group:
    """Blocks in the order of their columns in the frame: pandas goes wrong on a block whose columns aren't."""
    if len(blocks) == 1 and type(blocks[0][0]) is range and blocks[0][0].step > 0:
        return blocks[0][0], [blocks[0][1]], True
    blocks.sort(key=_first_place)
    places = tuple([place for block, _ in blocks for place in block])
    if all(map(lt, places, places[1:])):
        return places, [values for _, values in blocks], True
    rows = [((place,), row) for block, values in blocks for place, row in zip(block, values, strict=True)]
    rows.sort(key=_first_place)
    return tuple([place for (place,), _ in rows]), [row.reshape(1, -1) for _, row in rows], True


@shared
def _block_spec(spec: Spec, places: Places, start: int) -> Spec:
    return {"c": spec, "l": _short(places), "n": start}


def _short(places: Places) -> list[Any]:
    """Places in few numbers: where they start, end, and how far they are apart, or else all of them in a list."""
    if type(places) is range and places.step > 0:
        return [places.start, places.stop, places.step]
    first, count = places[0], len(places)
    step = places[1] - first if count > 1 else 1
    regular = range(first, first + count * step, step)
    return [first, regular.stop, step] if step > 0 and list(places) == list(regular) else [list(places)]


def _placement(short: Any) -> Any:
    return placement(np.array(short[0], np.intp) if len(short) == 1 else slice(*short))


def _extras(writer: Writer, data: Any) -> list[tuple[str, Node]]:
    extras: list[tuple[str, Node]] = []
    if data.attrs:
        try:
            extras.append(("attrs", [writer.node(data.attrs)]))
        except Refusal as refusal:
            raise refusal.below(".attrs") from None
    if not data.flags.allows_duplicate_labels:
        extras.append(("unique", True))
    return extras


def field_names(names: Sequence[Any]) -> tuple[str, ...]:
    """Names that any Arrow tool takes: text, and each only once."""
    return _unique(tuple([name if type(name) is str else label(name) for name in names]))


@lru_cache(maxsize=64)
def _unique(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(names)) == len(names) and all(name.isascii() for name in names):
        return names
    texts = list(names)
    taken: set[str] = set()
    for position, text in enumerate(texts):
        unique = text = label(text)
        number = 0
        while unique in taken:
            number += 1
            unique = f"{text}_{number}"
        taken.add(unique)
        texts[position] = unique
    return tuple(texts)


# Of a column that is read without the others of its block: the first of its numbers, how it is read, and where it goes.
_Single = tuple[int, ReadColumn, Any]
_MOST_CHOICES = _MOST_CHOSEN = 64


class _Recipe:
    """How frames of one make are read."""

    def __init__(self, plan: Mapping[str, Any]) -> None:
        self._specs: list[Spec] = plan["blocks"]
        self._names: Spec = plan["columns"]
        self._index: Spec = plan["index"]
        self.has_extras = "attrs" in plan or "unique" in plan
        self._choices: dict[tuple[str, ...], tuple[list[_Single], ReadColumn]] = {}

    @cached_property
    def index(self) -> ReadColumn:
        """How the index is read."""
        return index_decoder(self._index)

    @cached_property
    def names(self) -> ReadColumn:
        """How the names of all columns are read."""
        return index_decoder(self._names)

    @cached_property
    def blocks(self) -> list[tuple[ReadColumn, Any]]:
        """How each block is read, and where its columns are."""
        return [(_decoder(spec["c"]), _placement(spec["l"])) for spec in self._specs]

    @cached_property
    def _columns(self) -> dict[int, tuple[int, int]]:
        found = {}
        for block, spec in enumerate(self._specs):
            short = spec["l"]
            for row, position in enumerate(short[0] if len(short) == 1 else range(*short)):
                found[position] = block, row
        return found

    def singles(self, wanted: Sequence[int]) -> list[_Single]:
        """How the columns at these positions are read."""
        found = []
        for place, position in enumerate(wanted):
            block, row = self._columns[position]
            spec = self._specs[block]
            found.append((spec["n"], _decoder(spec["c"], row, 1), placement(slice(place, place + 1, 1))))
        return found

    def choice(self, columns: Sequence[str]) -> tuple[list[_Single], ReadColumn]:
        """How the columns of these names are read, and the names; for names that are in the plan."""
        asked = tuple(columns)
        found = self._choices.get(asked)
        if found is None:
            names = self._names["v"]
            wanted = positions_of(names, asked)
            # Only the names asked for are made into an index.
            found = self.singles(wanted), index_decoder({**self._names, "v": [names[at] for at in wanted]})
            if len(asked) <= _MOST_CHOSEN:
                if len(self._choices) >= _MOST_CHOICES:
                    self._choices.clear()
                self._choices[asked] = found
        return found


def decode_frame(entry: ArrowEntry, reader: Reader, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """The DataFrame of an entry, or only some of its columns."""
    plan, base, rows = entry.plan, entry.body_at, entry.rows
    recipe: _Recipe = plan.recipe
    if recipe is None:
        recipe = plan.recipe = _Recipe(plan)
    source = FrameReader(entry, reader)
    if columns is None:
        blocks = [(decode(source, base, rows), places) for decode, places in recipe.blocks]
        index = recipe.index(source, base, rows)
        frame = frame_of(blocks, index, recipe.names(source, base, rows))
    else:
        frame = _some_columns(source, recipe, columns)
    return with_extras(frame, reader, plan) if recipe.has_extras else frame


def _some_columns(source: FrameReader, recipe: _Recipe, columns: Sequence[str]) -> pd.DataFrame:
    plan, base, rows = source.entry.plan, source.entry.body_at, source.entry.rows
    if plan["columns"]["k"] == "names":
        singles, decode_names = recipe.choice(columns)
        names = decode_names(source, base, rows)
    else:
        source.go_to(plan["columns_at"])
        all_names = recipe.names(source, base, rows)
        wanted = positions_of(all_names.tolist(), columns)
        singles, names = recipe.singles(wanted), all_names.take(wanted)
    blocks: Blocks = []
    for number, decode, places in singles:
        source.go_to(number)
        blocks.append((decode(source, base, rows), places))
    source.go_to(plan["index_at"])
    return frame_of(blocks, recipe.index(source, base, rows), names)


def with_extras(data: Any, reader: Reader, plan: dict[str, Any]) -> Any:
    """The frame or series with its attrs and flags."""
    if "attrs" in plan:
        data.attrs = reader.value(plan["attrs"][0])
    if "unique" in plan:
        data.flags.allows_duplicate_labels = False
    return data


def _decoder(spec: Spec, first: int = 0, count: int | None = None) -> ReadColumn:
    return block_decoder(spec, first, count) if spec["t"] in _FLAT else decoder(spec)


def positions_of(names: list[Any], columns: Sequence[str]) -> list[int]:
    """Where columns are, in the order asked for; all of those that share a name."""
    known: dict[Any, list[int]] = {}
    for position, name in enumerate(names):
        known.setdefault(name, []).append(position)
    unknown = [name for name in columns if name not in known]
    if unknown:
        raise unknown_columns(unknown, list(known))
    return [position for name in columns for position in known[name]]


def encode_series(
    series: pd.Series[Any], pickler: Pickler | None = None, kind: str = "pandas.Series"
) -> Encoded:
    """A Series as an Arrow file of one column."""
    writer = Writer(pickler)
    body = Body(len(series))
    column, spec = encode_column(writer, body, values_of(series))
    place_foreign(spec, 0)
    index_at = len(body.numbers)
    named: Named = []
    try:
        index = encode_index(writer, body, series.index, named)
        place_foreign(index.get("a"), 1)
    except Refusal as refusal:
        raise refusal.below(".index") from None
    body.columns = [column, *(column for _, column in named)]
    name = encode_name(writer, series.name)
    plan: list[tuple[str, Any]] = [
        ("kind", kind),
        ("values", spec),
        ("index", index),
        ("index_at", index_at),
        ("name", name),
    ]
    plan += _extras(writer, series)
    label = "values" if series.name is None else series.name
    fields = field_names([label, *index_labels(named)])
    return write_batch(fields, body, plan_text(plan), kind, writer.parts)


def decode_series(entry: ArrowEntry, reader: Reader, columns: Sequence[str] | None = None) -> pd.Series[Any]:
    """The Series of an entry, whose only column is its name."""
    source = FrameReader(entry, reader)
    values = decoder(entry.plan["values"])(source, entry.body_at, entry.rows)
    index = index_decoder(entry.plan["index"])(source, entry.body_at, entry.rows)
    name = decode_name(source, entry.plan["name"])
    check_names(columns, [name])
    # The constructor would look into objects, takes records only wrapped, and raw memory in older pandas only as it is.
    dtype = values.dtype if isinstance(values, np.ndarray) else None
    if dtype is not None and dtype.kind == "V":
        values, dtype = values if dtype.names is None else pd.arrays.NumpyExtensionArray(values), None
    series = pd.Series(values, index=index, dtype=dtype, name=name, copy=False)
    return with_extras(series, reader, entry.plan)

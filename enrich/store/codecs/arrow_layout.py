"""The body of a record batch: regions of memory, and the Arrow columns that point into them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from .arrow_messages import PackedParts, pack_pairs
from .entry import ALIGNMENT, Piece, padding

Span = tuple[int, int]
Spec = dict[str, Any]
ABSENT: Span = (0, 0)
_GAPS = [bytes(length) for length in range(ALIGNMENT)]


class Shape(dict[str, Any]):
    """A spec that all columns of one make share: two are equal if they are one object, which is quick to tell."""

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        return self is other

    __hash__ = object.__hash__  # type: ignore[assignment]


def shared(make: Callable[..., Spec]) -> Callable[..., Spec]:
    """Let a function of specs give one object for equal arguments, or a new one if an argument has no hash."""
    cached = lru_cache(maxsize=1024, typed=True)(lambda *arguments: Shape(make(*arguments)))

    def spec_of(*arguments: Any) -> Spec:
        try:
            return cached(*arguments)
        except TypeError:  # a spec that belongs to one value only is a plain dict
            return make(*arguments)

    return spec_of


class Column(NamedTuple):
    """One Arrow column: its type, and its arrays and buffers in the order of the format.

    Or a run of ``repeat`` columns side by side, alike but that the data of each, the last of its buffers, lies
    ``stride`` bytes behind that of the one before.
    """

    type: pa.DataType
    nodes: tuple[Span, ...]
    buffers: tuple[Span, ...]
    variadic: tuple[int, ...] = ()
    dictionaries: tuple[Body, ...] = ()
    repeat: int = 1
    stride: int = 0

    def packed_buffers(self) -> bytes:
        """Where the buffers of all columns of the run are."""
        spans = np.tile(np.array(self.buffers, "<i8").reshape(-1), (self.repeat, 1))
        spans[:, -2] += self.stride * np.arange(self.repeat)
        return spans.tobytes()


class Body:
    """Memory regions one behind the other, each aligned, with the columns laid over them.

    What a column is, is said by its spec; where it lies, by numbers, which are read in the order they were noted in.
    """

    __slots__ = ("columns", "numbers", "pieces", "place", "rows", "size")

    def __init__(self, rows: int = 0) -> None:
        self.rows = rows
        self.size = 0
        self.pieces: list[Piece] = []
        self.columns: list[Column] = []
        self.numbers: list[int] = []
        # A dictionary's place among the numbers of its column's body, once that is known.
        self.place: tuple[list[int], int] | None = None

    def add(self, piece: Piece, alignment: int = ALIGNMENT) -> Span:
        """Append a region and return where it is: its offset and its length."""
        at = self.size
        gap = -at % alignment
        if gap:
            self.pieces.append(_GAPS[gap])
            at += gap
        length = len(piece)
        if length:
            self.pieces.append(piece)
        self.size = at + length
        return at, length

    def note_dictionary(self, dictionary: Body) -> None:
        """Note how long a dictionary is and where it will lie, and what it noted itself."""
        self.numbers.append(dictionary.rows)
        dictionary.place = self.numbers, len(self.numbers)
        self.numbers += [0, *dictionary.numbers]

    def finish(self) -> None:
        """Pad the end, as the format wants bodies to be multiples of 8 bytes."""
        end = padding(self.size)
        if end:
            self.pieces.append(end)
            self.size += len(end)

    def parts(self) -> PackedParts:
        """What the batch's message says of these columns."""
        columns = self.columns
        nodes, buffers = [], []
        # Single columns are packed together, which costs the less the more they are.
        for repeat, alike in groupby(columns, key=attrgetter("repeat")):
            found = list(alike)
            if repeat == 1:
                nodes.append(pack_pairs([node for column in found for node in column.nodes]))
                buffers.append(pack_pairs([span for column in found for span in column.buffers]))
            else:
                nodes += [pack_pairs(column.nodes) * repeat for column in found]
                buffers += [column.packed_buffers() for column in found]
        variadic = [count for column in columns for count in column.variadic]
        return PackedParts(self.rows, b"".join(nodes), b"".join(buffers), variadic)


def struct_column(names: Sequence[str], children: Sequence[Column], rows: int) -> Column:
    """Columns under one name, as a struct without missing rows."""
    return Column(
        pa.struct([pa.field(name, child.type) for name, child in zip(names, children, strict=True)]),
        ((rows, 0), *(node for child in children for node in child.nodes)),
        (ABSENT, *(span for child in children for span in child.buffers)),
        tuple(count for child in children for count in child.variadic),
        tuple(body for child in children for body in child.dictionaries),
    )


def null_column(rows: int) -> Column:
    """A column that says nothing to other tools; its values are in a part of their own."""
    return Column(pa.null(), ((rows, rows),), ())

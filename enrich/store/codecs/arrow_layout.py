"""The body of a record batch: regions of memory, and the Arrow columns that point into them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from .arrow_messages import BatchParts
from .entry import ALIGNMENT, Piece, padding

Span = tuple[int, int]
ABSENT: Span = (0, 0)


@dataclass(frozen=True, slots=True)
class Column:
    """One Arrow column: its type, and its arrays and buffers in the order of the format."""

    type: pa.DataType
    nodes: tuple[Span, ...]
    buffers: tuple[Span, ...]
    variadic: tuple[int, ...] = ()
    dictionaries: tuple[Body, ...] = ()


@dataclass(slots=True)
class Body:
    """Memory regions one behind the other, each aligned, with the columns laid over them."""

    pieces: list[Piece] = field(default_factory=list)
    size: int = 0
    rows: int = 0
    columns: list[Column] = field(default_factory=list)
    # A dictionary's body says here where it came to lie, once that is known.
    place: dict[str, Any] = field(default_factory=dict)

    def add(self, piece: Piece, alignment: int = ALIGNMENT) -> Span:
        """Append a region and return where it is: its offset and its length."""
        gap = -self.size % alignment
        if gap:
            self.pieces.append(bytes(gap))
            self.size += gap
        span = (self.size, len(piece))
        if len(piece):
            self.pieces.append(piece)
            self.size += len(piece)
        return span

    def finish(self) -> None:
        """Pad the end, as the format wants bodies to be multiples of 8 bytes."""
        end = padding(self.size)
        if end:
            self.pieces.append(end)
            self.size += len(end)

    def parts(self) -> BatchParts:
        """What the batch's message says of these columns."""
        columns = self.columns
        return BatchParts(
            self.rows,
            [node for column in columns for node in column.nodes],
            [span for column in columns for span in column.buffers],
            [count for column in columns for count in column.variadic],
        )


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

"""pa.Table and pa.RecordBatch: written by pyarrow, whose buffers are taken over instead of being copied."""

from __future__ import annotations

import base64
import struct
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from .arrow_columns import check_field
from .arrow_dictionaries import dictionaries_differ, with_one_dictionary
from .arrow_file import METADATA_KEY, ArrowEntry, Layout, Parts, plan_text
from .columns_asked import unknown_columns
from .context import KINDS, TABLES, Reader
from .entry import Encoded, Pickler, Piece, Refusal

_TAIL = struct.Struct("<i6s")


class _Gather:
    """A file that keeps what is written to it: metadata as bytes, data as the very buffers of the columns."""

    closed = False

    def __init__(self) -> None:
        self.written: list[Any] = []

    def write(self, data: Any) -> int:
        self.written.append(data)
        return len(data)

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass

    def writable(self) -> bool:
        return True

    def readable(self) -> bool:
        return False

    def seekable(self) -> bool:
        return False


def encode_table(table: pa.Table, pickler: Pickler | None = None) -> Encoded:
    """A table as an Arrow file, in the batches it has."""
    for at, column in enumerate(table.columns):
        if dictionaries_differ(column):
            field = table.schema.field(at)
            try:
                table = table.set_column(at, field, with_one_dictionary(column))
            except Refusal as refusal:
                raise refusal.below(f" in column {field.name!r}") from None
    return write_table(table, "pyarrow.Table")


def _encode_batch(batch: pa.RecordBatch, pickler: Pickler | None = None) -> Encoded:
    return write_table(pa.Table.from_batches([batch]), "pyarrow.RecordBatch")


def write_table(table: pa.Table, kind: str, more: Sequence[tuple[str, Any]] = ()) -> Encoded:
    """An Arrow file of a table, to be read as ``kind``; ``more`` goes into its plan."""
    if table.num_rows and not table.num_columns:
        raise Refusal("it has rows but no columns", "Give it a column.", pickle_helps=False)
    _check_schema(table.schema)
    own = table.schema.metadata
    texts = None if own is None else tuple((_text(key), _text(value)) for key, value in own.items())
    text = plan_text([("kind", kind), ("own", texts), *more])
    table = table.replace_schema_metadata({**(own or {}), METADATA_KEY: text})
    sink = _Gather()
    with pa.ipc.new_file(sink, table.schema) as stream:
        stream.write_table(table)
    pieces, metadata, ranges = _merged(sink.written)
    return _split_footer(table.num_rows, pieces, metadata, ranges, text).finish(Parts(), kind)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _check_schema(schema: pa.Schema) -> None:
    for field in schema:
        try:
            check_field(field)
        except Refusal as refusal:
            raise refusal.below(f" in column {field.name!r}") from None
    if not schema.equals(schema.with_metadata(schema.metadata), check_metadata=True):
        raise Refusal("its metadata has a key twice", "Give each key once.", pickle_helps=False)


def _merged(written: Sequence[Any]) -> tuple[list[Piece], list[Piece], list[tuple[int, int]]]:
    """The pieces of the file with runs of metadata and padding joined, and where these runs are."""
    pieces: list[Piece] = []
    metadata: list[Piece] = []
    ranges: list[tuple[int, int]] = []
    run: list[bytes] = []
    position = 0
    for data in [*written, None]:
        if isinstance(data, bytes):
            run.append(data)
            continue
        if run:
            joined = b"".join(run)
            pieces.append(joined)
            metadata.append(joined)
            ranges.append((position, len(joined)))
            position += len(joined)
            run = []
        if data is not None and len(data):
            pieces.append(memoryview(data).cast("B"))
            position += len(data)
    return pieces, metadata, ranges


def _split_footer(
    rows: int, pieces: list[Piece], metadata: list[Piece], ranges: list[tuple[int, int]], text: bytes
) -> Layout:
    ending = bytes(pieces[-1])
    size, _ = _TAIL.unpack(ending[-_TAIL.size :])
    at = len(ending) - _TAIL.size - size
    start, _ = ranges[-1]
    pieces[-1] = metadata[-1] = ending[:at]
    ranges[-1] = (start, at)
    head = bytes(metadata[0])
    footer = ending[at : at + size]
    return Layout(pieces, start + at, metadata, ranges, footer, rows, [], head.index(text), len(text))


def read_table(entry: ArrowEntry, columns: Sequence[str] | None = None) -> pa.Table:
    """The table of an entry over its memory, with the metadata that it had."""
    table = entry.reader().read_all()
    if columns is not None:
        table = select_columns(table, columns)
    own = entry.plan.get("own")
    pairs = None if own is None else {base64.b64decode(key): base64.b64decode(value) for key, value in own}
    return table.replace_schema_metadata(pairs)


def select_columns(table: pa.Table, columns: Sequence[str]) -> pa.Table:
    """The columns in the order asked for; all of those that share a name."""
    known = table.column_names
    unknown = [name for name in columns if name not in known]
    if unknown:
        raise unknown_columns(unknown, known)
    return table.select([at for name in columns for at, other in enumerate(known) if other == name])


def _read_batch(entry: ArrowEntry, reader: Reader, columns: Sequence[str] | None) -> pa.RecordBatch:
    table = read_table(entry, columns)
    batches = table.combine_chunks().to_batches()
    if batches:
        return batches[0]
    # Of Python's values, pyarrow can't make arrays of each type.
    nothing = [pa.nulls(0, kind) for kind in table.schema.types]
    return pa.RecordBatch.from_arrays(nothing, schema=table.schema)


TABLES[pa.Table] = encode_table
TABLES[pa.RecordBatch] = _encode_batch
KINDS["pyarrow.Table"] = lambda entry, reader, columns: read_table(entry, columns)
KINDS["pyarrow.RecordBatch"] = _read_batch

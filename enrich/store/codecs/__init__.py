"""Values as bytes, exactly: what is read back equals what was written in every respect, or the write is refused."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

from . import class_values, python_values  # noqa: F401  (they register what they know)
from .arrow_file import ArrowEntry, is_arrow, open_entry
from .columns_asked import checked_columns
from .container import open_container, write_container
from .context import ENCODERS, KINDS, TABLES, Reader, Writer, dumps, has_hash, load_library
from .entry import CorruptEntry, Description, Encoded, Held, Pickler, Refusal, type_name
from .json_values import plain_text

__all__ = [
    "CorruptEntry",
    "Description",
    "Encoded",
    "Held",
    "Pickler",
    "check",
    "decode",
    "describe",
    "encode",
]


def encode(value: Any, *, pickler: Pickler | None = None) -> Encoded:
    """Turn a value into buffers, sharing the memory of its columns and arrays.

    Raises ``UnstorableValueError``, which names the part and the mend, for what can't come back exactly. With a
    ``pickler``, parts of unknown types are pickled and signed instead.
    """
    cls = type(value)
    try:
        return _encode(value, pickler)
    except Refusal as refusal:
        error = refusal.as_error(pickled=pickler is not None)
        cause = refusal.__cause__
        pickle_helps = refusal.pickle_helps
    if pickler is not None and pickle_helps:
        # Pickled as a whole: cycles, and types that refused in more places than one.
        writer = Writer(pickler)
        with contextlib.suppress(Refusal):
            return write_container(type_name(cls), dumps(writer.pickled(value)), writer.parts)
    raise error from cause


def _encode(value: Any, pickler: Pickler | None) -> Encoded:
    cls = type(value)
    if has_hash(cls):
        if cls not in ENCODERS and cls not in TABLES:
            load_library(cls.__module__.partition(".")[0])
        if cls in TABLES:
            return TABLES[cls](value, pickler)
    writer = Writer(pickler)
    text = plain_text(value)
    if text is not None:
        return write_container("json", text, writer.parts)
    text = dumps(writer.node(value))
    is_json = cls.__module__ == "builtins" and not writer.parts.spans
    return write_container("json" if is_json else type_name(cls), text, writer.parts)


def decode(
    buffer: Any, *, as_type: Any = None, columns: Sequence[str] | None = None, pickler: Pickler | None = None
) -> Any:
    """Turn an entry back into its value, over the entry's own memory where the value allows.

    ``buffer`` is private to the caller: a copy-on-write map of the file, or a ``bytearray``; bytes that can't be
    written to are copied. Raises ``CorruptEntry`` for bytes that aren't an entry, or not a whole one.
    """
    if columns is not None:
        columns = checked_columns(columns)
    if isinstance(buffer, Held):
        return _held_value(buffer, as_type, columns)
    view = memoryview(buffer)
    if view.readonly:
        view = memoryview(bytearray(view))
    return _decode(view, pickler, as_type, columns)


def _decode(
    view: memoryview, pickler: Pickler | None, as_type: Any = None, columns: Sequence[str] | None = None
) -> Any:
    if is_arrow(view):
        entry = open_entry(view)
        reader = Reader(entry, pickler, _decode)
        if as_type is not None:
            from .typed_reads import read_table_as

            return read_table_as(entry, reader, as_type, columns)
        return read_entry(entry, reader, columns)
    container = open_container(view)
    value = Reader(container, pickler, _decode).loads(container.text)
    if as_type is not None or columns is not None:
        from .typed_reads import read_value_as

        return read_value_as(value, container.header["kind"], as_type, columns)
    return value


def _held_value(held: Held, as_type: Any, columns: Sequence[str] | None) -> Any:
    if as_type is None and columns is None:
        return held.value
    from .typed_reads import read_value_as

    return read_value_as(held.value, held.kind, as_type, columns)


def read_entry(entry: ArrowEntry, reader: Reader, columns: Sequence[str] | None) -> Any:
    """The value of an Arrow file as the type it was written from."""
    kind = entry.plan["kind"]
    if kind not in KINDS:
        load_library(kind.partition(".")[0])
    if kind not in KINDS:
        raise CorruptEntry(f"a table of unknown kind: {kind}")
    return KINDS[kind](entry, reader, columns)


def describe(buffer: Any) -> Description:
    """Say what an entry holds, from its metadata alone."""
    if isinstance(buffer, Held):
        return Description(buffer.kind, None, None, 0)
    view = memoryview(buffer)
    if is_arrow(view):
        entry = open_entry(view)
        return Description(entry.plan["kind"], _schema(entry), entry.rows, len(view))
    header = open_container(view).header
    return Description(header["kind"], None, header["rows"], len(view))


def _schema(entry: ArrowEntry) -> Any:
    if "index" not in entry.plan:
        return entry.reader().schema.remove_metadata()
    from .pandas_tables import schema_of

    return schema_of(entry)


def check(buffer: Any) -> None:
    """Raise ``CorruptEntry`` for bytes that aren't an entry, or not a whole one; the data isn't looked at."""
    view = memoryview(buffer)
    if is_arrow(view):
        entry = open_entry(view)
        for index in entry.entries:
            check(entry.part(index))
    else:
        container = open_container(view)
        for index in container.header["entries"]:
            check(container.part(index))

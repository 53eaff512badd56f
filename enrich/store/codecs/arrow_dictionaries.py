"""The dictionaries of Arrow columns, of which a file has one for all the chunks of a column."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from .entry import Refusal

_BITS = {16: pa.uint16(), 32: pa.uint32(), 64: pa.uint64()}


def dictionary_types(kind: pa.DataType) -> Iterator[pa.DataType]:
    """The types of the dictionary arrays in arrays of a type, at any depth."""
    if isinstance(kind, pa.BaseExtensionType):
        yield from dictionary_types(kind.storage_type)
    elif pa.types.is_dictionary(kind):
        yield kind
    for at in range(kind.num_fields):
        yield from dictionary_types(kind.field(at).type)


def dictionaries_differ(column: pa.ChunkedArray) -> bool:
    """Whether two chunks of a column have other dictionaries, if only in the sign of a zero."""
    if column.num_chunks < 2 or not any(dictionary_types(column.type)):
        return False
    first, *others = (list(_dictionaries(chunk)) for chunk in column.chunks)
    return any(not _are_same(*pair) for other in others for pair in zip(first, other, strict=True))


def with_one_dictionary(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column equal to this one, whose chunks have the same dictionaries; raises ``Refusal`` if there is none."""
    kind = column.type
    while isinstance(kind, pa.BaseExtensionType):
        kind = kind.storage_type
    # For Arrow, dictionary arrays are equal only if their dictionaries are, but lists of them if their values are.
    if pa.types.is_dictionary(kind):
        raise Refusal(
            "the dictionaries of its chunks differ, and a file has one for all",
            "Call unify_dictionaries() on the table, or cast the column to the type of its values.",
        )
    try:
        return column.unify_dictionaries()
    except pa.ArrowException as error:
        raise Refusal(
            f"the dictionaries of its chunks differ, and can't be made one: {error}",
            "Cast the column to the type of its values.",
        ) from error


def _dictionaries(array: pa.Array) -> Iterator[pa.Array]:
    kind = array.type
    if isinstance(kind, pa.BaseExtensionType):
        yield from _dictionaries(array.storage)
    elif pa.types.is_dictionary(kind):
        yield array.dictionary
    elif pa.types.is_struct(kind) or pa.types.is_union(kind):
        for at in range(kind.num_fields):
            yield from _dictionaries(array.field(at))
    elif kind.num_fields:
        yield from _dictionaries(array.values)


def _are_same(one: pa.Array, other: pa.Array) -> bool:
    kind = one.type
    if isinstance(kind, pa.BaseExtensionType):
        return _are_same(one.storage, other.storage)
    # For Arrow, 0.0 equals -0.0, and NaN doesn't equal NaN.
    if pa.types.is_floating(kind):
        bits = _BITS[kind.bit_width]
        return bool(one.view(bits).equals(other.view(bits)))
    return bool(_message(one).equals(_message(other)) if kind.num_fields else one.equals(other))


def _message(array: pa.Array) -> pa.Buffer:
    return pa.record_batch([array], names=[""]).serialize()

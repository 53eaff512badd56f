"""Arrow types that consist of others."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa


def with_innermost(kind: pa.DataType, change: Callable[[pa.DataType], pa.DataType]) -> pa.DataType:
    """A type of lists, structs, maps and dictionaries with other types in them, at any depth."""

    def changed(field: pa.Field) -> pa.Field:
        return field.with_type(with_innermost(field.type, change))

    if pa.types.is_list(kind):
        return pa.list_(changed(kind.value_field))
    if pa.types.is_large_list(kind):
        return pa.large_list(changed(kind.value_field))
    if pa.types.is_fixed_size_list(kind):
        return pa.list_(changed(kind.value_field), kind.list_size)
    if pa.types.is_map(kind):
        return pa.map_(changed(kind.key_field), changed(kind.item_field), kind.keys_sorted)
    if pa.types.is_struct(kind):
        return pa.struct([*map(changed, kind)])
    if pa.types.is_dictionary(kind):
        return pa.dictionary(kind.index_type, with_innermost(kind.value_type, change), kind.ordered)
    return change(kind)

"""Sparse columns: the stored values and their places as parts; other tools see an empty column of that name.

Written out densely they would be readable, and could be thousands of times larger than they are.
"""

from __future__ import annotations

import pandas as pd

from .arrow_layout import Body, Column, Spec, null_column
from .context import Writer
from .memory import FrameReader, ReadColumn
from .numpy_values import decode_dtype, encode_dtype
from .pandas_columns import ARRAYS, SPECS
from .pandas_internals import sparse_array, sparse_places


def _encode(writer: Writer, body: Body, values: pd.arrays.SparseArray) -> tuple[Column, Spec]:
    kind, places = sparse_places(values)
    dtype = values.dtype
    spec = {
        "t": "sparse",
        "k": kind,
        "places": [writer.node(array) for array in places],
        "values": writer.node(values.sp_values),
        "fill": writer.node(dtype.fill_value),
        "d": "O" if dtype.subtype.hasobject else encode_dtype(writer, dtype.subtype),
    }
    return null_column(len(values)), spec


def _decoder(spec: Spec) -> ReadColumn:
    kind = spec["k"]
    nodes = (spec["values"], spec["fill"], spec["d"], *spec["places"])

    def decode(source: FrameReader, base: int, rows: int) -> pd.arrays.SparseArray:
        values, fill, dtype, *places = map(source.reader.value, nodes)
        return sparse_array(rows, kind, places, values, pd.SparseDtype(decode_dtype(dtype), fill))

    return decode


ARRAYS[pd.SparseDtype] = _encode
SPECS["sparse"] = _decoder

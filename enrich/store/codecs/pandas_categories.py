"""Categoricals: codes as they are, over a dictionary that is there also when no row uses it."""

from __future__ import annotations

from typing import Any

import pandas as pd

from .arrow_layout import Body, Column, Spec, shared
from .context import Writer
from .entry import Refusal
from .memory import Memory
from .pandas_columns import ARRAYS, SPECS, FrameReader
from .pandas_index import decode_index, encode_categories, encode_codes
from .pandas_internals import categorical, ndarray_of


def _encode(writer: Writer, body: Body, values: pd.Categorical) -> tuple[Column, Spec]:
    index = values.categories
    dictionary = Body(len(index))
    try:
        categories = encode_categories(writer, body, dictionary, index)
    except Refusal as refusal:
        raise refusal.below(".categories") from None
    column, codes = encode_codes(body, ndarray_of(values), dictionary, values.ordered)
    return column, _spec(codes, categories, values.ordered)


@shared
def _spec(codes: Spec, categories: Spec, ordered: bool) -> Spec:
    return {"t": "cat", "c": codes, "ordered": ordered, "categories": categories}


def _decode(frame: FrameReader, memory: Memory, rows: int, spec: Spec) -> Any:
    categories = decode_index(frame, spec["categories"])
    return categorical(frame.column(spec["c"], memory, rows), categories, spec["ordered"])


ARRAYS[pd.CategoricalDtype] = _encode
SPECS["cat"] = _decode

"""Categoricals: codes as they are, over a dictionary that is there also when no row uses it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from .arrow_columns import Spec
from .arrow_layout import Body, Column
from .context import Writer
from .entry import Refusal
from .memory import Memory
from .pandas_columns import ARRAYS, SPECS, FrameReader
from .pandas_index import decode_index, encode_categories, encode_codes
from .pandas_internals import categorical


def _encode(writer: Writer, body: Body, values: pd.Categorical) -> tuple[Column, Spec]:
    dictionary = Body(rows=len(values.categories))
    try:
        categories = encode_categories(writer, dictionary, values.categories)
    except Refusal as refusal:
        raise refusal.below(".categories") from None
    column, codes = encode_codes(writer, body, np.asarray(values.codes), dictionary, values.ordered)
    return column, {"t": "cat", "c": codes, "ordered": values.ordered, "categories": categories}


def _decode(frame: FrameReader, memory: Memory, rows: int, spec: Spec) -> Any:
    categories = decode_index(frame, spec["categories"])
    return categorical(frame.column(spec["c"], memory, rows), categories, spec["ordered"])


ARRAYS[pd.CategoricalDtype] = _encode
SPECS["cat"] = _decode

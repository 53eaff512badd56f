"""Categoricals: codes as they are, over a dictionary that is there also when no row uses it."""

from __future__ import annotations

import pandas as pd

from .arrow_layout import Body, Column, Spec, shared
from .context import Writer
from .entry import Refusal
from .memory import FrameReader, ReadColumn
from .pandas_columns import ARRAYS, PLAIN, SPECS, decoder
from .pandas_index import encode_categories, encode_codes, has_plain_categories, index_decoder
from .pandas_internals import categorical, ndarray_of


def _encode(writer: Writer, body: Body, values: pd.Categorical) -> tuple[Column, Spec]:
    index = values.categories
    dictionary = Body(len(index))
    try:
        categories = encode_categories(writer, body, dictionary, index)
    except Refusal as refusal:
        raise refusal.below(".categories") from None
    ordered = bool(values.ordered)  # numpy's, where it was computed
    column, codes = encode_codes(body, ndarray_of(values), dictionary, ordered)
    return column, _spec(codes, categories, ordered)


@shared
def _spec(codes: Spec, categories: Spec, ordered: bool) -> Spec:
    return {"t": "cat", "c": codes, "ordered": ordered, "categories": categories}


def _decoder(spec: Spec) -> ReadColumn:
    categories, codes, ordered = index_decoder(spec["categories"]), decoder(spec["c"]), spec["ordered"]

    def decode(source: FrameReader, base: int, rows: int) -> pd.Categorical:
        index = categories(source, base, rows)
        return categorical(codes(source, base, rows), index, ordered)

    return decode


ARRAYS[pd.CategoricalDtype] = _encode
SPECS["cat"] = _decoder
PLAIN["cat"] = lambda spec: has_plain_categories(spec["categories"])

"""Frames and values that Hypothesis makes up come back as they were, whatever they are."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from hypothesis.extra import pandas as hpd

from enrich.errors import UnstorableValueError
from enrich.store.codecs import decode, encode

from .exactness import assert_same, round_trip, stored

MANY = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))

TEXT = st.text(st.characters(exclude_categories=()), max_size=8)
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), TEXT, st.binary(max_size=300), st.dates(), st.times(),
    st.datetimes(), st.timedeltas(), st.uuids(), st.decimals(allow_nan=False), st.fractions(), st.complex_numbers(),
    st.datetimes(timezones=st.timezones()), st.just(pd.NA), st.just(pd.NaT), st.just(np.nan), st.just({"$": 1}),
)  # fmt: skip
HASHABLE = st.one_of(st.none(), st.integers(), TEXT, st.dates(), st.tuples(st.integers(), TEXT))
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(HASHABLE, inner, max_size=4),
        st.sets(HASHABLE, max_size=4),
        st.frozensets(HASHABLE, max_size=4),
    ),
    max_leaves=20,
)
NUMPY_DTYPES = st.one_of(
    hnp.boolean_dtypes(), hnp.integer_dtypes(endianness="?"), hnp.floating_dtypes(endianness="?"),
    hnp.complex_number_dtypes(endianness="="), hnp.unicode_string_dtypes(endianness="="),
    hnp.byte_string_dtypes(endianness="="), hnp.datetime64_dtypes(endianness="="),
    hnp.timedelta64_dtypes(endianness="="), hnp.array_dtypes(),
)  # fmt: skip


@MANY
@given(VALUES)
def test_any_value_comes_back(value: Any) -> None:
    assert_same(value, round_trip(value))


@MANY
@given(hnp.arrays(NUMPY_DTYPES, hnp.array_shapes(min_dims=0, min_side=0, max_side=4)), st.booleans())
def test_any_array_comes_back(array: np.ndarray[Any, Any], turned: bool) -> None:
    array = array.T if turned else array
    assert_same(np.asarray(array), round_trip(np.asarray(array)))


@st.composite
def columns(draw: st.DrawFn, rows: int) -> Any:
    cells = draw(
        st.sampled_from(
            [
                hnp.arrays(
                    st.sampled_from(["f4", "f8", "i1", "i8", "u2", "?", "M8[ns]", "m8[us]", "c16"]), rows
                ),
                st.lists(st.one_of(st.none(), TEXT), min_size=rows, max_size=rows),
                st.lists(st.one_of(LEAVES, VALUES), min_size=rows, max_size=rows),
                st.lists(st.one_of(st.integers(-5, 5), st.none()), min_size=rows, max_size=rows),
            ]
        ).flatmap(lambda strategy: strategy)
    )
    if isinstance(cells, np.ndarray):
        return pd.Series(cells)
    values = np.empty(rows, object)
    for position, cell in enumerate(cells):
        values[position] = cell
    series = pd.Series(values, dtype=object)
    if all(cell is None or type(cell) is str for cell in cells):
        safe = all(cell is None or cell.encode("utf-8", "replace").decode() == cell for cell in cells)
        kinds = ["object", "string[python]", *(["category", "string[pyarrow]", "str"] if safe else [])]
        return series.astype(draw(st.sampled_from(kinds)))
    if all(cell is None or type(cell) is int for cell in cells):
        small = all(cell is None or abs(cell) < 100 for cell in cells)
        kinds = ["object", *(["Int64", "Float32", "category", pd.ArrowDtype(pa.int16())] if small else [])]
        return series.astype(draw(st.sampled_from(kinds)))
    return series


@st.composite
def frames(draw: st.DrawFn) -> pd.DataFrame:
    rows = draw(st.integers(0, 9))
    width = draw(st.integers(0, 5))
    made = [draw(columns(rows)) for _ in range(width)]
    frame = pd.concat(made, axis=1) if made else pd.DataFrame(index=range(rows))
    labels = st.one_of(TEXT, st.integers(-3, 3), st.dates(), st.none(), st.tuples(TEXT, st.integers()))
    names = draw(st.lists(labels, min_size=width, max_size=width))
    frame.columns = pd.Index(names, dtype=object, tupleize_cols=False)
    frame.index = draw(
        st.one_of(
            st.just(pd.RangeIndex(rows)),
            hpd.indexes(dtype="int64", min_size=rows, max_size=rows),
            st.just(pd.date_range(dt.datetime(2020, 1, 1), periods=rows, freq="D", tz="UTC")),
            st.lists(labels, min_size=rows, max_size=rows).map(
                lambda names: pd.Index(names, dtype=object, tupleize_cols=False)
            ),
        )
    )
    order = draw(st.sampled_from(["as it is", "reversed", "sliced"]))
    return {"as it is": frame, "reversed": frame.iloc[::-1, ::-1], "sliced": frame.iloc[1::2]}[order]


@MANY
@given(frames())
def test_any_frame_comes_back(frame: pd.DataFrame) -> None:
    assert_same(frame, round_trip(frame))
    pa.ipc.open_file(pa.py_buffer(stored(frame))).read_all().validate(full=True)


@MANY
@given(frames(), st.data())
def test_any_column_comes_back_by_itself(frame: pd.DataFrame, data: st.DataObject) -> None:
    frame.columns = [f"c{number}" for number in range(frame.shape[1])]
    names = data.draw(st.lists(st.sampled_from(list(frame.columns)), unique=True)) if frame.shape[1] else []
    assert_same(frame[names], decode(stored(frame), columns=names))


@MANY
@given(frames())
def test_equal_frames_give_equal_bytes(frame: pd.DataFrame) -> None:
    assert stored(frame) == stored(frame.copy(deep=True).copy())


@MANY
@given(st.binary(max_size=40), st.integers(0, 3))
def test_values_of_odd_classes_are_refused_not_changed(data: bytes, kind: int) -> None:
    odd = [
        type("Sub", (bytes,), {}),
        type("Sub", (str,), {}),
        type("Sub", (dict,), {}),
        type("Sub", (list,), {}),
    ][kind]
    value = odd(data) if kind == 0 else odd(data.hex()) if kind == 1 else odd()
    try:
        encode([value])
    except UnstorableValueError:
        return
    raise AssertionError("a subclass was taken for its base")

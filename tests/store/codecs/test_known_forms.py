"""A frame of a form met before gets the file that it would get otherwise, without being taken apart again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from enrich.store.codecs import decode, encode, pandas_forms
from enrich.store.codecs.pandas_frames import encode_frame

from .exactness import assert_same

TEXT = "str" if pd.__version__ >= "3" else "string[pyarrow]"
TEXTS = ["alpha", "beta", "", "ä", "€uro", "𝄞", "long" * 9]


@pytest.fixture(autouse=True)
def _no_forms(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pandas_forms, "_templates", {})


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[pd.DataFrame]]:
    """The frames that were encoded in full."""
    seen: list[pd.DataFrame] = []

    def encode_in_full(frame: pd.DataFrame, *arguments: Any) -> Any:
        seen.append(frame)
        return encode_frame(frame, *arguments)

    monkeypatch.setattr(pandas_forms, "encode_frame", encode_in_full)
    return seen


def mixed(start: int = 0, rows: int = 8) -> pd.DataFrame:
    numbers = range(start, start + rows)
    return pd.DataFrame(
        {
            "f": np.arange(start, start + rows) / 7,
            "i": np.arange(start, start + rows),
            "g": np.arange(start, start + rows) / 3,
            "when": pd.date_range("2020", periods=rows, freq="s") + pd.Timedelta(start, "h"),
            "took": pd.to_timedelta(np.arange(rows) + start, unit="s"),
            "text": pd.Series([f"{n % 10}" for n in numbers], dtype=TEXT),
            "kind": pd.Categorical.from_codes(
                [(n * 7 + start) % 3 for n in range(rows)], pd.Index(list("xyz"), dtype=TEXT)
            ),
            "size": pd.Categorical.from_codes([n % 2 for n in numbers], [1, 2], ordered=True),
            "seat": pd.Categorical.from_codes(
                [n % 2 for n in numbers], pd.Index(["aisle", "é"], dtype=object)
            ),
        }
    )


def bytes_of(encoded: Any) -> bytes:
    data = b"".join(encoded.buffers)
    assert len(data) == encoded.nbytes
    return data


@pytest.mark.parametrize("rows", [1, 7, 8, 1001])
def test_a_frame_of_a_known_form_is_not_taken_apart_again(full: list[pd.DataFrame], rows: int):
    encode(mixed(rows=rows))
    frame = mixed(start=5, rows=rows)
    encoded = encode(frame)
    assert len(full) == 1
    assert bytes_of(encoded) == bytes_of(encode_frame(frame))
    assert_same(frame, decode(bytearray(bytes_of(encoded))))


CHANGES: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "a missing date": lambda frame: frame.assign(when=frame["when"].where(frame["i"] != 12)),
    "a missing timedelta": lambda frame: frame.assign(took=frame["took"].where(frame["i"] != 12)),
    "a missing text": lambda frame: frame.assign(text=frame["text"].where(frame["i"] != 12)),
    "two missing texts": lambda frame: frame.assign(text=frame["text"].where(frame["i"] < 11)),
    "a missing category": lambda frame: frame.assign(kind=frame["kind"].where(frame["i"] != 12)),
    "texts in other places": lambda frame: frame.assign(
        text=pd.Series(["", "12", *list("abcdef")], dtype=TEXT)
    ),
    "texts of another length": lambda frame: frame.assign(text=frame["text"] + "!"),
    "another dtype of text": lambda frame: frame.astype({"text": "string[pyarrow]"}),
    "text in Python's strings": lambda frame: frame.astype({"text": "string[python]"}),
    "text as objects": lambda frame: frame.astype({"text": object}),
    "another float": lambda frame: frame.astype({"f": "f4"}),
    "another unit": lambda frame: frame.astype({"when": "datetime64[s]"}),
    "moments of a zone": lambda frame: frame.assign(when=frame["when"].dt.tz_localize("UTC")),
    "unsigned": lambda frame: frame.astype({"i": "u8"}),
    "big-endian": lambda frame: frame.assign(i=frame["i"].to_numpy().astype(">i8")),
    "booleans": lambda frame: frame.assign(f=frame["i"] > 5),
    "nullable": lambda frame: frame.astype({"i": "Int64"}),
    "columns in another order": lambda frame: frame[frame.columns[::-1]],
    "rows in another order": lambda frame: frame.iloc[::-1],
    "every other row": lambda frame: pd.concat([frame, frame], ignore_index=True).iloc[::2],
    "fewer rows": lambda frame: frame.iloc[:-1],
    "later rows": lambda frame: pd.concat([frame, frame], ignore_index=True).iloc[3:11],
    "a column less": lambda frame: frame.drop(columns="g"),
    "a column set anew": lambda frame: frame.assign(f=frame["f"] * 2),
    "other names": lambda frame: frame.rename(columns={"f": "é"}),
    "a number for a name": lambda frame: frame.rename(columns={"f": 1}),
    "a name twice": lambda frame: frame.rename(columns={"f": "g"}),
    "names as objects": lambda frame: frame.set_axis(frame.columns.astype(object), axis=1),
    "names with a name": lambda frame: frame.rename_axis(columns="names"),
    "categories in another order": lambda frame: frame.assign(
        kind=frame["kind"].cat.reorder_categories(list("zyx"))
    ),
    "more categories": lambda frame: frame.assign(kind=frame["kind"].cat.add_categories("w")),
    "ordered categories": lambda frame: frame.assign(kind=frame["kind"].cat.as_ordered()),
    "categories with a name": lambda frame: frame.assign(
        kind=pd.Categorical(frame["kind"], categories=pd.Index(list("xyz"), dtype=TEXT, name="k"))
    ),
    "other numbers as categories": lambda frame: frame.assign(
        size=frame["size"].cat.rename_categories([8, 9])
    ),
    "floats as categories": lambda frame: frame.assign(size=frame["size"].cat.rename_categories([1.0, 2.0])),
    "other objects as categories": lambda frame: frame.assign(
        seat=frame["seat"].cat.rename_categories(pd.Index(["aisle", "e"], dtype=object))
    ),
    "other lengths of objects": lambda frame: frame.assign(
        seat=frame["seat"].cat.rename_categories(pd.Index(["a", "islee"], dtype=object))
    ),
    "no text among objects": lambda frame: frame.assign(
        seat=frame["seat"].cat.rename_categories(pd.Index(["aisle", 1], dtype=object))
    ),
    "objects with a name": lambda frame: frame.assign(
        seat=pd.Categorical(frame["seat"], categories=frame["seat"].cat.categories.rename("n"))
    ),
    "very many objects": lambda frame: frame.assign(
        seat=frame["seat"].cat.add_categories(pd.Index([f"{n}" for n in range(2000)], dtype=object))
    ),
    "a shifted range": lambda frame: frame.set_axis(pd.RangeIndex(1, 9)),
    "a range with steps": lambda frame: frame.set_axis(pd.RangeIndex(0, 16, 2)),
    "an index with a name": lambda frame: frame.rename_axis("row"),
    "an index with a number for a name": lambda frame: frame.rename_axis(1),
    "an index of numbers": lambda frame: frame.set_axis(pd.Index([3, 1, 2, 0, 4, 5, 6, 7])),
    "an index of texts": lambda frame: frame.set_axis(pd.Index(list("abcdefgh"), dtype=TEXT)),
    "an index of moments": lambda frame: frame.set_index("when"),
    "an index of several levels": lambda frame: frame.set_index(["i", "text"]),
    "attrs": lambda frame: _with(frame, "attrs", {"source": "x"}),
    "unique labels": lambda frame: frame.set_flags(allows_duplicate_labels=False),
    "two columns of one memory": lambda frame: _aliased(frame),
}


def _with(frame: pd.DataFrame, name: str, value: Any) -> pd.DataFrame:
    changed = frame.copy()
    setattr(changed, name, value)
    return changed


def _aliased(frame: pd.DataFrame) -> pd.DataFrame:
    column = frame["text"]
    return pd.concat([column, column], axis=1, keys=["a", "b"])


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_one_difference_makes_another_form_or_changes_nothing(change: str):
    encode(mixed())
    for start in (5, 6):
        frame = CHANGES[change](mixed(start))
        encoded = bytes_of(encode(frame))
        assert encoded == bytes_of(encode_frame(frame))
        assert_same(frame, decode(bytearray(encoded)))


def test_columns_that_share_their_memory_are_not_mixed_up_in_a_later_frame():
    encode(_aliased(mixed()))
    frame = _aliased(mixed()).assign(b=pd.Series([f"{n}" for n in "hgfedcba"], dtype=TEXT))
    for _ in range(2):
        assert_same(frame, decode(bytearray(bytes_of(encode(frame)))))


def test_what_is_kept_of_forms_is_bounded(monkeypatch: pytest.MonkeyPatch):
    for rows in range(1, 200):
        encode(pd.DataFrame({"a": np.arange(rows)}))
    assert len(pandas_forms._templates) == 64
    monkeypatch.setattr(pandas_forms, "_MOST_METADATA", 10_000)
    wide = pd.DataFrame({f"c{n}": [n, n] for n in range(500)})
    encode(wide)
    assert pandas_forms._metadata() <= 10_000
    assert_same(wide, decode(bytearray(bytes_of(encode(wide)))))


@st.composite
def pairs(draw: st.DrawFn) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Two frames that are often of one form."""
    rows = draw(st.sampled_from([1, 3, 8, 16]))
    kinds = draw(
        st.lists(
            st.sampled_from(["f8", "i8", "i4", "i1", "M8[us]", "text", "same", "cat", "obj"]), max_size=5
        )
    )
    index = draw(st.sampled_from(["range", "i8", "text"]))

    def one() -> pd.DataFrame:
        def cells(kind: str) -> Any:
            if kind in ("text", "same", "cat", "obj"):
                few = TEXTS if kind != "same" else ["ab", "cd"]
                texts = draw(st.lists(st.sampled_from(few), min_size=rows, max_size=rows))
                made = pd.Series(texts, dtype=TEXT)
                if kind in ("text", "same"):
                    return made
                few = draw(st.permutations(few)) if kind == "obj" else few
                categories = pd.Index(few, dtype=TEXT if kind == "cat" else object)
                return made.astype(pd.CategoricalDtype(categories))
            numbers = draw(st.lists(st.integers(-100, 100), min_size=rows, max_size=rows))
            return pd.Series(np.array(numbers).astype(kind))

        made = pd.DataFrame({f"c{n}": cells(kind) for n, kind in enumerate(kinds)}, index=range(rows))
        return made if index == "range" else made.set_axis(pd.Index(cells(index).array))

    return one(), one()


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(pairs())
def test_any_two_frames_get_the_files_that_they_would_get_alone(pair: tuple[pd.DataFrame, pd.DataFrame]):
    for frame in (*pair, *pair):
        encoded = bytes_of(encode(frame))
        assert encoded == bytes_of(encode_frame(frame))
        assert_same(frame, decode(bytearray(encoded)))


def test_integers_of_c_s_two_kinds_have_forms_of_their_own() -> None:
    # numpy says that their dtypes are equal.
    for char in "lqlqLQLQ":
        frame = pd.DataFrame({"a": np.arange(3, dtype=char)})
        assert_same(frame, decode(bytearray(bytes_of(encode(frame)))))

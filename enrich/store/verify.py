"""Comparing a value with what came back, for `Store(verify=True)`."""

from __future__ import annotations

from typing import Any

from enrich.errors import StoreError, UnstorableValueError
from enrich.store import codecs


def check_same(before: Any, after: Any, kind: str) -> None:
    """Raise `StoreError` unless both are of one type and equal, and give the same bytes."""
    same_type = type(before) is type(after) or _is_lazy(before)
    if not same_type or not _equal(before, after):
        raise StoreError(
            f"verify=True: a {kind} came back different from the store. This is a fault of the package; please report "
            "it with the value's dtypes."
        )


def _is_lazy(value: Any) -> bool:
    return type(value).__name__ == "LazyFrame"


def _equal(before: Any, after: Any) -> bool:
    module = type(before).__module__.partition(".")[0]
    if module == "pandas":
        import pandas.testing as assertions

        check = getattr(assertions, f"assert_{_family(before)}_equal", None)
        if check is not None:
            try:
                check(before, after, check_exact=True)
            except AssertionError:
                return False
            return bool(getattr(before, "attrs", None) == getattr(after, "attrs", None))
    if module == "polars":
        return _is_lazy(before) or bool(before.equals(after, null_equal=True))
    # For pyarrow, a table with NaN in it isn't equal to itself.
    if module == "pyarrow" and before.equals(after, check_metadata=True):
        return True
    # Equality of anything else may be ambiguous (arrays in containers); equal bytes are equal values.
    try:
        return _bytes(before) == _bytes(after)
    except UnstorableValueError:
        return True  # A pickle, or a backend that takes objects: there is nothing to compare by.


def _family(value: Any) -> str:
    import pandas as pd

    if isinstance(value, pd.DataFrame):
        return "frame"
    if isinstance(value, pd.Series):
        return "series"
    return "index" if isinstance(value, pd.Index) else ""


def _bytes(value: Any) -> bytes:
    return b"".join(bytes(buffer) for buffer in codecs.encode(value).buffers)

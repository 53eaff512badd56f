"""Arguments by annotation: in which form a callback's parameters want a stored table."""

from __future__ import annotations

import itertools
import types
import typing
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from enrich.callbacks.parameters import innermost, parameters
from enrich.callbacks.spec import CallbackSpec, Slot
from enrich.callbacks.tree import is_branch, map_leaves
from enrich.errors import DeclarationError, StoreError
from enrich.store import Columns, Ref, ServersideRef, Store
from enrich.store.codecs.entry import type_name
from enrich.transforms.locating import locating

_TABLES = frozenset(
    {
        ("pandas", "DataFrame"),
        ("pyarrow", "Table"),
        ("polars", "DataFrame"),
        ("polars", "LazyFrame"),
        ("duckdb", "DuckDBPyRelation"),
        ("numpy", "ndarray"),
    }
)
"""Forms of a table, by library and name, so that none of the libraries need be imported."""
_AS_STORED = frozenset(
    {
        ("pandas", "Series"),
        ("pandas", "Index"),
        ("polars", "Series"),
        ("pyarrow", "RecordBatch"),
        ("pyarrow", "RecordBatchReader"),
    }
)
"""What no table is made into; one that was stored as such is passed."""


@dataclass(frozen=True, slots=True)
class Want:
    """The form in which a stored value is wanted."""

    as_type: Any = None
    columns: tuple[str, ...] | None = None
    by_reference: bool = False
    # Types of which a value is passed as it was stored; any other table comes in the form, or is refused without one.
    kept: tuple[type, ...] = ()


def check_wants(callbacks: Iterable[CallbackSpec]) -> None:
    """Raise ``DeclarationError`` for annotations that would not do what they say."""
    # To evaluate them takes longer than to declare the callback, and most functions of a module have the same few.
    passed: set[tuple[int, str]] = set()
    for spec in callbacks:
        texts = _texts(spec)
        if texts is None or not texts <= passed:
            deque(_wants(spec), maxlen=0)
            passed |= texts or set()


def _texts(spec: CallbackSpec) -> set[tuple[int, str]] | None:
    """The annotations of a function by module and text, without plain types; None where these don't say all."""
    func = innermost(spec.func)
    annotations = getattr(func, "__annotations__", None) or {}
    hints = [hint for name, hint in annotations.items() if name != "return" and not isinstance(hint, type)]
    if not hints:
        return set()
    tree: Any = spec.inputs
    nodes = tree.values() if isinstance(tree, dict) else tree if is_branch(tree) else (tree,)
    plain = all(isinstance(node, Slot) and not node.is_for_all for node in nodes)
    if not plain or getattr(func, "__closure__", None) or not all(isinstance(hint, str) for hint in hints):
        return None
    scope = id(getattr(func, "__globals__", None))
    return {(scope, hint) for hint in hints}


def with_wants(spec: CallbackSpec) -> CallbackSpec:
    """Note on each input what the annotation of its parameter wants; the same spec where there is nothing to note."""
    if not getattr(innermost(spec.func), "__annotations__", None):
        return spec
    wants = dict(_wants(spec))
    if not wants:
        return spec
    numbers = itertools.count()
    inputs = map_leaves(lambda slot: slot.with_changes(want=wants.get(next(numbers))), spec.inputs)
    return spec.with_changes(inputs=inputs)


def read_wanted(store: Store, ref: Ref, want: Want, where: str) -> Any:
    """Read a stored value as it is wanted; what a reference raises later says ``where`` it was received."""
    if want.by_reference:
        load, describe = (partial(locating, where, function) for function in (store.get, store.describe))
        return ServersideRef(ref, load, describe, want.columns)
    if want.kept:
        value = store.get(ref, columns=want.columns)
        found = store.describe(ref)
        is_table = found.rows is not None
        # A TypedDict can't be asked for its instances.
        is_kept = not set(want.kept).isdisjoint(type(value).__mro__)
        if is_kept or not (is_table or all(map(_is_form, want.kept))):
            return value
        if want.as_type is None:
            asked = " or ".join(type_name(kind) for kind in want.kept)
            raise StoreError(
                f"The stored value is a {found.kind}, and no table is passed as {asked}. Annotate the form that you "
                "want: pd.DataFrame, pl.DataFrame, pl.LazyFrame, pa.Table, duckdb.DuckDBPyRelation, np.ndarray or "
                "ServersideRef."
            )
    return store.get(ref, as_type=want.as_type, columns=want.columns)


def _wants(spec: CallbackSpec) -> Iterator[tuple[int, Want]]:
    """Give the number of each input whose parameter has a wish, with the wish."""
    for hint, slot, number in parameters(spec):
        try:
            want = _want(hint, many=slot.is_for_all)
        except _Misplaced as error:
            raise DeclarationError(f"{spec}, argument {slot}: {error}") from None
        if want is not None:
            yield number, want


class _Misplaced(Exception):
    """Columns stand where they would have no effect."""


def _want(hint: Any, *, many: bool) -> Want | None:
    hint = _meant(hint)
    if isinstance(hint, Columns):
        names = ", ".join(map(repr, hint.names))
        raise _Misplaced(
            f"Columns({names}) is no form of a table. Say of which: Annotated[pd.DataFrame, Columns({names})]."
        )
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        want = _want(arguments[0], many=many)
        return _with_columns(want, arguments[1:])
    if origin in (typing.Union, types.UnionType):
        # Of an optional parameter the value may be missing.
        parts = [part for part in arguments if part is not type(None)]
        return _want(parts[0], many=many) if len(parts) == 1 else _one_of(parts)
    if many and origin is list and arguments:
        return _want(arguments[0], many=False)
    if hint is ServersideRef:
        return Want(by_reference=True)
    form = origin or hint
    if _is_form(form):
        return Want(form)
    return Want(kept=(form,)) if _is_as_stored(form) else None


def _one_of(parts: list[Any]) -> Want | None:
    """The want of several types: a value of one of them as it was stored, and any other table in the first form."""
    kinds = []
    for part in map(_meant, parts):
        if typing.get_origin(part) is typing.Annotated:
            want, part = _want(part, many=False), typing.get_args(part)[0]
            if want is not None and want.columns is not None:
                names = ", ".join(map(repr, want.columns))
                raise _Misplaced(
                    f"Columns({names}) stands in one of several types. Put it around all of them: "
                    f"Annotated[A | B, Columns({names})]."
                )
        kinds.append(typing.get_origin(part) or part)
    forms = [kind for kind in kinds if _is_form(kind)]
    if not all(kind is not ServersideRef and _is_told_by_bases(kind) for kind in kinds):
        return None
    if not forms and not any(map(_is_as_stored, kinds)):
        return None
    return Want(forms[0] if forms else None, kept=tuple(kinds))


def _is_told_by_bases(kind: Any) -> bool:
    """Whether a value of a type has it among its bases, which one of Any, of a protocol or of ``Sized`` need not."""
    if kind is Any or not isinstance(kind, type):
        return False
    if typing.Protocol in kind.__mro__:
        return not getattr(kind, "_is_protocol", False)
    # Python's own, as of nearly every class, asks for nothing but bases.
    return isinstance(kind.__subclasshook__, types.BuiltinMethodType)


def _is_form(kind: Any) -> bool:
    return isinstance(kind, type) and (_library(kind), kind.__name__) in _TABLES


def _is_as_stored(kind: Any) -> bool:
    return isinstance(kind, type) and (_library(kind), kind.__name__) in _AS_STORED


def _with_columns(want: Want | None, extras: tuple[Any, ...]) -> Want | None:
    if any(extra is Columns for extra in extras):
        raise _Misplaced("Columns names no columns. Name them: Columns('a', 'b').")
    named = [] if want is None or want.columns is None else [want.columns]
    named += [extra.names for extra in extras if isinstance(extra, Columns)]
    if len(named) > 1:
        names = ", ".join(repr(name) for names in named for name in names)
        raise _Misplaced(f"Its annotation has Columns {len(named)} times. Give one: Columns({names}).")
    return replace(want or Want(), columns=named[0]) if named else want


def _meant(hint: Any) -> Any:
    """What an alias stands for, of those that ``type X[T] = ...`` makes since Python 3.12; numpy's are of these."""
    alias = typing.get_origin(hint) or hint
    if type(alias).__name__ != "TypeAliasType":
        return hint
    value = alias.__value__
    given = dict(zip(alias.__type_params__, typing.get_args(hint), strict=False))
    if isinstance(value, typing.TypeVar):
        return _meant(given.get(value, Any))
    parameters = getattr(value, "__parameters__", ())
    return _meant(value[tuple([given.get(one, Any) for one in parameters])] if parameters else value)


def _library(form: type) -> str:
    return form.__module__.partition(".")[0].lstrip("_")

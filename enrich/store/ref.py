"""What a program holds of a stored value without loading it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from enrich.errors import StoreConfigError

if TYPE_CHECKING:
    import pyarrow as pa

    from enrich.store.codecs import Description


@dataclass(frozen=True, slots=True)
class Ref:
    """Where a stored value is.

    Parameters
    ----------
    key: the key of its content; equal values of one scope have equal keys.
    name: the name it was stored under, or None.
    store: the name of its backend.
    scope: the short name of its session's scope, or None for a shared value.
    nbytes: its size, when known.
    kind: what it is ("pandas.DataFrame"), when known.
    producer: who stored it, when known.
    producer_id: the short id under which handles name the producer.
    written: when, seconds since the epoch; 0.0 when not known.
    new: did `put` write it, rather than find it stored?
    """

    key: str
    name: str | None = None
    store: str = ""
    scope: str | None = None
    nbytes: int | None = None
    kind: str | None = None
    producer: str | None = None
    producer_id: str = ""
    written: float = 0.0
    new: bool = False


@dataclass(frozen=True, slots=True)
class Columns:
    """Ask for some columns of a stored table: `Annotated[pd.DataFrame, Columns("a", "b")]`.

    Parameters
    ----------
    *names: the columns' names, one by one.

    Raises `StoreConfigError` for a list of names, and `UnknownColumnError` when the table is read and lacks one.

    >>> from typing import Annotated
    >>> import pandas as pd
    >>> from enrich import Columns
    >>> def show(table: Annotated[pd.DataFrame, Columns("city", "degrees")]):
    ...     return table.shape
    """

    names: tuple[str, ...]

    def __init__(self, *names: str) -> None:
        for name in names:
            if isinstance(name, (list, set, dict)):
                raise StoreConfigError(f"Columns({name!r}): give the names one by one, Columns('a', 'b').")
        object.__setattr__(self, "names", names)


class ServersideRef:
    """A stored value that isn't loaded until asked for.

    A callback's parameter of this type gets one; `schema`, `rows`, `nbytes` and `kind` read only the entry's head.
    One annotated `Annotated[ServersideRef, Columns("a")]` loads these columns unless asked for others.
    Reading raises `HandleExpired` when the value is gone.

    >>> from enrich.store import MemoryBackend, Store
    >>> store = Store(MemoryBackend(), app="doc")
    >>> ref = store.lazy(store.put([1, 2, 3]))
    >>> ref.kind, ref.load()
    ('json', [1, 2, 3])
    """

    __slots__ = ("_columns", "_describe", "_described", "_load", "ref")

    def __init__(
        self,
        ref: Ref,
        load: Callable[..., Any],
        describe: Callable[[Ref], Description],
        columns: Sequence[str] | None = None,
    ) -> None:
        self.ref = ref
        self._columns = columns
        self._load = load
        self._describe = describe
        self._described: Description | None = None

    def __repr__(self) -> str:
        return f"ServersideRef(key={self.key!r}, name={self.ref.name!r})"

    @property
    def key(self) -> str:
        """The key of the value's content; equal values of one scope have equal keys."""
        return self.ref.key

    @property
    def _description(self) -> Description:
        if self._described is None:
            self._described = self._describe(self.ref)
        return self._described

    @property
    def kind(self) -> str:
        """What the value is, as in `"pandas.DataFrame"`."""
        return self._description.kind

    @property
    def schema(self) -> pa.Schema | None:
        """The Arrow schema of a table, else None."""
        return self._description.schema

    @property
    def rows(self) -> int | None:
        """The number of rows of a table, else None."""
        return self._description.rows

    @property
    def nbytes(self) -> int:
        """The size of the stored entry in bytes."""
        return self._description.nbytes

    def load(self, as_type: Any = None, columns: Sequence[str] | None = None) -> Any:
        """Load the value, as another kind of table or only some columns of it if asked."""
        return self._load(self.ref, as_type=as_type, columns=self._columns if columns is None else columns)

"""What an entry is: the buffers a value becomes, and what can be wrong with either side."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, Self, TypeAlias

import xxhash

from ...errors import StoreError, UnstorableValueError

if TYPE_CHECKING:
    import pyarrow as pa

Piece: TypeAlias = "memoryview | bytes"

# Arrow recommends buffers that start on cache lines; pages are multiples of it, so this holds in the map too.
ALIGNMENT = 64
# Steps into a value that an error shows; of a longer way the middle is left out.
_LONGEST_PATH = 12
_LONGEST_EXCERPT = 60


class CorruptEntry(ValueError):
    """These bytes are torn, foreign, or of a format this version doesn't know."""


class NotATable(StoreError):
    """A value was asked for as a table and is none."""

    def __init__(self, kind: str, wanted: str) -> None:
        super().__init__(f"The stored value{_no_table(kind, wanted)}")
        self.kind = kind
        self.wanted = wanted

    def stored_by(self, producer: str | None) -> StoreError:
        """What the user gets to read, with who stored the value if that is known."""
        what = f"The value that {producer} stored" if producer else "The stored value"
        return StoreError(f"{what}{_no_table(self.kind, self.wanted)}")


def _no_table(kind: str, wanted: str) -> str:
    return (
        f" is a {kind}, not a table: it can't be read as {wanted}. Take it as it was stored, without an annotation, "
        "as_type or columns, or store a table in its place."
    )


class Refusal(Exception):
    """A value can't be carried exactly; ``path`` grows on the way out to say where in the value it sits."""

    def __init__(self, what: str, mend: str, pickle_helps: bool = True, in_place: bool = True) -> None:
        super().__init__(what)
        # Whether a pickle of this one part would do: a cycle must be pickled as a whole.
        self.in_place = in_place
        self.what = what
        self.mend = mend
        # Not so where what is lost is lost to a pickle as well.
        self.pickle_helps = pickle_helps
        self.path: list[str] = []

    def below(self, step: str) -> Refusal:
        """The same refusal, seen from one level further out."""
        self.path.insert(0, step)
        return self

    def as_error(self, pickled: bool) -> UnstorableValueError:
        """What the user gets to read; ``pickled`` says that pickles were allowed already."""
        path = list(self.path)
        if len(path) > _LONGEST_PATH:
            path[_LONGEST_PATH // 2 : -_LONGEST_PATH // 2] = ["…"]
        place = "the value" + "".join(path)
        pickle = (
            " Or allow pickle: ServersideOutputTransform(allow_pickle=True), or Store(..., allow_pickle=True)."
            if self.pickle_helps and not pickled
            else ""
        )
        return UnstorableValueError(f"{place} can't be stored exactly: {self.what}. {self.mend}{pickle}")


class Pickler(Protocol):
    """Signs pickles, so that nothing is unpickled that this app didn't write."""

    def sign(self, parts: Sequence[Piece]) -> bytes:
        """A keyed signature over all parts."""
        ...

    def verify(self, parts: Sequence[Piece], signature: bytes) -> None:
        """Return if the signature is genuine, else raise a ``StoreError``."""


class Encoded(NamedTuple):
    """A value as buffers: written one after another they are the whole entry."""

    buffers: tuple[Piece, ...]
    nbytes: int
    kind: str

    def digest(self) -> bytes:
        """A fast digest of all its bytes."""
        digest = xxhash.xxh3_128()
        for buffer in self.buffers:
            digest.update(buffer)
        return digest.digest()


class Held(bytes):
    """A value in the place of its entry, for a backend that keeps values rather than bytes.

    As bytes it is like no other, so that two of them never count as the same content.
    """

    value: Any
    pickler: Pickler | None

    def __new__(cls, value: Any, pickler: Pickler | None = None) -> Self:
        held = super().__new__(cls, secrets.token_bytes(16))
        held.value = value
        held.pickler = pickler
        return held

    @property
    def kind(self) -> str:
        """The type of the value."""
        return type_name(type(self.value))


@dataclass(frozen=True, slots=True)
class Description:
    """What can be said of an entry without reading its data."""

    kind: str
    schema: pa.Schema | None
    rows: int | None
    nbytes: int


def padding(position: int) -> bytes:
    """The zero bytes that bring a position to the next aligned one."""
    return bytes(-position % ALIGNMENT)


def type_name(cls: type[Any]) -> str:
    """The name of a type as a user would import it."""
    return cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"


def label(value: object) -> str:
    """The text by which other tools know a name or a category, whatever it is."""
    if type(value) is not str:
        try:
            value = str(value)
        except Exception:  # an integer too long for it, or a user's own __str__: what it is says the plan
            value = type_name(type(value))
    return value.encode("utf-8", "replace").decode()


def excerpt(value: object) -> str:
    """A short text of a value for an error message, whatever its ``repr`` does."""
    try:
        text = repr(value)
    except Exception as error:  # a user's own __repr__ may raise anything, and the refusal matters more
        return f"<an object whose repr raises {type(error).__name__}>"
    return text if len(text) <= _LONGEST_EXCERPT else text[: _LONGEST_EXCERPT - 1] + "…"

"""Classes that stored values are made of, at the top level of a module as they have to be."""

from __future__ import annotations

import enum
from collections import namedtuple
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import pandas as pd


class Color(enum.Enum):
    RED = 1
    BLUE = "b"
    ALIAS = 1  # noqa: PIE796


class Level(enum.IntEnum):
    LOW = 1


class Access(enum.Flag):
    READ = 1
    WRITE = 2
    RUN = 4


class Overlapping(enum.Flag):
    """Flags with bits that have no name."""

    UPPER = 6
    LOWER = 3


class Word(enum.StrEnum):
    YES = "yes"


class Point(NamedTuple):
    x: float
    y: Any


Pair = namedtuple("Pair", ["left", "right"])


@dataclass
class Result:
    name: str
    frame: pd.DataFrame
    tags: tuple[str, ...] = ()

    @cached_property
    def size(self) -> int:
        return len(self.frame)


@dataclass(frozen=True, slots=True)
class Frozen:
    when: Any
    extra: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        assert self.when != "never run again"


class Cached:
    __slots__ = ("__key", "cache")

    def __init__(self) -> None:
        self.__key = "kept"


@dataclass
class Remembering(Cached):
    """A dataclass with state that isn't among its fields, nor in its dict."""

    name: str

    def __post_init__(self) -> None:
        Cached.__init__(self)


class Uneven(tuple[int, ...]):
    """A tuple that isn't a named one, whatever it says."""

    _fields = ("only",)


@dataclass
class Derived(Result):
    more: Level = Level.LOW


class Custom:
    """Not data: needs a pickle."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Custom) and self.value == other.value

    def __hash__(self) -> int:
        return hash(str(self.value))


class MyFrame(pd.DataFrame):
    """A subclass, which a DataFrame read back wouldn't be."""


class Listing(list[int]):
    pass


@dataclass
class Shadow(dict[str, int]):
    """A dataclass whose dict isn't among its fields."""

    a: int = 1


@dataclass
class Unlucky:
    value: Any

    def __reduce__(self) -> Any:
        return Unlucky, (1,)


class Reversed(NamedTuple):
    """A named tuple that iterates and counts in a way of its own."""

    x: int
    y: Any

    def __iter__(self) -> Any:
        return iter([self.y, self.x])

    def __len__(self) -> int:
        return 5


class Loud(enum.Flag):
    """A flag whose operators do other things."""

    A = 1
    B = 2

    def __or__(self, other: Any) -> Any:
        raise AssertionError("not to be called")

    __and__ = __or__

    def __invert__(self) -> Any:
        raise AssertionError("not to be called")

    @property
    def name(self) -> str:
        return "another"


class Doubling:
    """A descriptor that changes what it is given, and keeps it in the object."""

    def __get__(self, value: Any, cls: Any) -> Any:
        return 0 if value is None else vars(value)["number"]

    def __set__(self, value: Any, number: int) -> None:
        vars(value)["number"] = 2 * number


class Elsewhere:
    """A descriptor that keeps what it is given in itself."""

    kept = 0

    def __get__(self, value: Any, cls: Any) -> Any:
        return self.kept

    def __set__(self, value: Any, number: int) -> None:
        Elsewhere.kept = number


@dataclass
class Doubled:
    number: Any = Doubling()


@dataclass
class KeptElsewhere:
    number: Any = Elsewhere()


@dataclass
class Renamed:
    """A dataclass with a property that keeps its value under another name."""

    number: int

    @property  # type: ignore[no-redef]
    def number(self) -> int:
        return self._real

    @number.setter
    def number(self, number: int) -> None:
        self._real = number


@dataclass(slots=True)
class Later:
    """A dataclass with a slot that nothing is in yet."""

    first: int
    second: int = field(init=False)


@dataclass
class Shouting:
    """A dataclass with a property in front of what is in its dict."""

    word: str

    def __post_init__(self) -> None:
        vars(self)["size"] = 3

    @property
    def size(self) -> int:
        return 7

    @size.setter
    def size(self, size: int) -> None:
        raise AssertionError("not to be called")


class Base:
    __slots__ = ("shared",)


@dataclass
class Answering(Base):
    """A dataclass with slots of one name, and an answer for those that are empty."""

    __slots__ = ("late", "shared")
    shared: int

    def __getattr__(self, name: str) -> Any:
        return "made up"


class Größe:
    """A class whose name isn't ASCII."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Größe)

    __hash__ = None  # type: ignore[assignment]


@dataclass
class Maß:
    länge: Any


class AllAlike(type):
    def __eq__(cls, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]


class Alike(metaclass=AllAlike):
    """Instances of a class that can't be looked up."""

    def __eq__(self, other: object) -> bool:
        return type(other) is Alike

    def __hash__(self) -> int:
        return 1

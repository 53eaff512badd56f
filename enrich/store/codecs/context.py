"""What travels along while one value is taken apart or put together: the parts, and the way to sign pickles."""

from __future__ import annotations

import json
import pickle
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Any, Protocol

from ...errors import StoreError
from .arrow_file import CONSTANTS, ArrowEntry, Parts, as_json
from .entry import CorruptEntry, Encoded, Pickler, Piece, Refusal, excerpt, type_name

# A JSON object with this key isn't a dict but a value that JSON has no word for: {"$": tag, ...}.
TAG = "$"
Node = Any
Encode = Callable[["Writer", Any], Node]
Decode = Callable[["Reader", dict[str, Any]], Any]

ENCODERS: dict[type[Any], Encode] = {}
DECODERS: dict[str, Decode] = {}
# Values that are an Arrow file of their own, and how the value of such a file is read, by its kind.
TABLES: dict[type[Any], Callable[[Any, Pickler | None], Encoded]] = {}
KINDS: dict[str, Callable[[ArrowEntry, Reader, Sequence[str] | None], Any]] = {}
# For types that aren't known one by one, by the library they come from.
FINDERS: dict[str, Callable[[Any], Encode | None]] = {}

# Deeper values would exhaust Python's stack on the way back, when less of it may be left than now.
MAX_DEPTH = 150
# Reading an entry in an entry takes as much of the stack as so many lists.
_LEVELS_OF_AN_ENTRY = 4


class _Nesting(threading.local):
    """How deep the values are that are being taken apart: each table has a writer of its own."""

    depth = 0


_nesting = _Nesting()


@contextmanager
def entry_within() -> Iterator[None]:
    """Count what is taken apart here as within an entry in an entry."""
    _nesting.depth += _LEVELS_OF_AN_ENTRY
    try:
        yield
    finally:
        _nesting.depth -= _LEVELS_OF_AN_ENTRY


class Source(Protocol):
    """An opened entry, of either format."""

    def part(self, index: int) -> memoryview:
        """The memory of one part."""
        ...


class Writer:
    """Turns a value into JSON nodes, and puts aside what is better kept as raw memory."""

    def __init__(self, pickler: Pickler | None) -> None:
        self.pickler = pickler
        self.parts = Parts()
        # Within a key or a member of a set, which are told apart by hash and identity.
        self.in_key = False

    def node(self, value: Any) -> Node:
        """The JSON form of any value that can be carried exactly."""
        if not has_hash(type(value)):
            return self.pickled(value)
        encode = ENCODERS.get(type(value)) or find(value)
        if encode is None:
            return self.pickled(value)
        if _nesting.depth >= MAX_DEPTH:
            raise Refusal(
                f"it is nested more than {MAX_DEPTH} levels deep (a set or a table is {1 + _LEVELS_OF_AN_ENTRY}), "
                "or contains itself",
                "Flatten it, or break the cycle.",
                in_place=False,
            )
        before = self.parts.mark()
        _nesting.depth += 1  # next to the try: a signal's exception must find it counted out again
        try:
            return encode(self, value)
        except Refusal as refusal:
            if self.pickler is None or not (refusal.in_place and refusal.pickle_helps):
                raise
            self.parts.reset(before)
            return self.pickled(value)
        finally:
            _nesting.depth -= 1

    def key(self, value: Any) -> Node:
        """The JSON form of a key of a dict, or of a member of a set."""
        within, self.in_key = self.in_key, True
        try:
            return self.node(value)
        finally:
            self.in_key = within

    def embed(self, entry: Encoded) -> Node:
        """A whole entry (a table, an index) as a part of this one."""
        return {TAG: "entry", "i": self.parts.add_entry(entry)}

    def pickled(self, value: Any) -> Node:
        """A value of a type we know nothing of: refused, unless pickles can be signed."""
        if self.pickler is None:
            kind = type_name(type(value))
            raise Refusal(
                f"it is of type {kind}: {excerpt(value)}",
                "Return plain data instead.",
                pickle_helps=_can_be_pickled(value),
            )
        buffers: list[memoryview] = []

        def keep(buffer: pickle.PickleBuffer) -> bool:
            try:
                buffers.append(buffer.raw())
            except BufferError:  # not contiguous: let pickle copy it into the stream
                return True
            return False

        try:
            stream = pickle.dumps(value, protocol=5, buffer_callback=keep)
        except Exception as error:  # __reduce__ of any class runs here, and may raise anything
            kind = type_name(type(value))
            raise Refusal(
                f"it is of type {kind}, and pickling it failed: {error}",
                "Return plain data instead.",
                in_place=False,
            ) from error
        pieces: list[Piece] = [stream, *buffers]
        signature = self.pickler.sign(pieces).hex()
        return {TAG: "pickle", "i": [self.parts.add([piece]) for piece in pieces], "s": signature}


class Reader:
    """Turns JSON nodes back into the value, over the memory of one entry."""

    def __init__(
        self,
        source: Source,
        pickler: Pickler | None,
        decode_entry: Callable[[memoryview, Pickler | None], Any],
    ) -> None:
        self.source = source
        self.pickler = pickler
        self.decode_entry = decode_entry

    def loads(self, text: str) -> Any:
        """The value of a JSON text; objects are resolved from the inside out, while it is parsed."""
        return json.loads(text, object_hook=self.resolve, parse_constant=CONSTANTS.__getitem__)

    def value(self, node: Node) -> Any:
        """The value of a node that is parsed already."""
        if type(node) is list:
            return [self.value(item) for item in node]
        if type(node) is dict:
            return self.resolve({key: self.value(item) for key, item in node.items()})
        return node

    def resolve(self, node: dict[str, Any]) -> Any:
        """The value of a JSON object whose members are resolved already."""
        tag = node.get(TAG)
        if tag is None:
            return node
        decode = DECODERS.get(tag) or _late(tag)
        return decode(self, node)

    def pickle(self, node: dict[str, Any]) -> Any:
        """Unpickle, once the signature has been found genuine."""
        if self.pickler is None:
            raise StoreError(
                "This entry holds a pickle, and this store doesn't read pickles. Use Store(..., allow_pickle=True)."
            )
        parts = [self.source.part(index) for index in node["i"]]
        self.pickler.verify(parts, bytes.fromhex(node["s"]))
        return pickle.loads(parts[0], buffers=parts[1:])


def _can_be_pickled(value: Any) -> bool:
    try:
        pickle.dumps(value, protocol=5)
    except Exception:  # __reduce__ of any class runs here, and may raise anything
        return False
    return True


def _embedded(reader: Reader, node: dict[str, Any]) -> Any:
    return reader.decode_entry(reader.source.part(node["i"]), reader.pickler)


DECODERS["entry"] = _embedded
DECODERS["pickle"] = Reader.pickle

# The file that knows an optional library's values, by the first part of its tags and of its modules' names.
LIBRARIES = {
    "numpy": "numpy_values",
    "pandas": "pandas_values",
    "pyarrow": "arrow_tables",
    "polars": "polars_frames",
    "plotly": "plotly_figures",
    "geopandas": "geopandas_frames",
    "shapely": "geopandas_frames",
}


def find(value: Any) -> Encode | None:
    """How to take apart a value whose type isn't known: of a library not met yet, or a user's own class."""
    cls = type(value)
    library = cls.__module__.partition(".")[0]
    load_library(library)
    if cls in TABLES:
        return _table
    if cls in ENCODERS:
        return ENCODERS[cls]
    finder = FINDERS.get(library)
    return (finder and finder(value)) or FINDERS[""](value)


def _table(writer: Writer, value: Any) -> Node:
    with entry_within():
        return writer.embed(TABLES[type(value)](value, writer.pickler))


def has_hash(cls: type[Any]) -> bool:
    """Whether a class can be looked up: not if its metaclass compares classes in a way of its own."""
    return type(cls).__hash__ is not None


def load_library(name: str) -> None:
    """Import the codecs for values of a library, which register themselves."""
    if name in LIBRARIES:
        import_module(f"{__package__}.{LIBRARIES[name]}")


def _late(tag: str) -> Decode:
    load_library(str(tag).partition(".")[0])
    if tag not in DECODERS:
        raise CorruptEntry(f"a value of unknown kind: {tag}")
    return DECODERS[tag]


def dumps(node: Node) -> str:
    """A node as text, with every character as itself."""
    return as_json(node)

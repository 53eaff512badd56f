"""Instances of a user's dataclasses, named tuples and enums.

The entry names the class. Reading only looks it up among the modules that are imported already, checks that it is
of the kind it was, and fills in the fields without calling anything of it: an entry can't make this process import
or run code.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from dataclasses import fields, is_dataclass
from enum import Enum, EnumMeta, Flag
from functools import lru_cache, reduce
from types import MemberDescriptorType
from typing import Any

from ...errors import StoreError
from .context import DECODERS, FINDERS, TAG, Encode, Node, Reader, Writer
from .entry import Refusal, excerpt, type_name

_FilledSlots = list[tuple[int, MemberDescriptorType, Any]]
_MEND = "Define the class at the top level of a module that every worker imports."
_MEND_FIELD = "Keep it in the object, as in value.__dict__['_name']."


def encoder_of(value: Any) -> Encode | None:
    """How to take an instance of a user's class apart, if it is of a kind that can be."""
    cls: Any = type(value)
    if isinstance(cls, EnumMeta):
        return _enum
    fields = getattr(cls, "_fields", ())
    if issubclass(cls, tuple) and _is_named_tuple(cls) and not _attributes(value):
        return _named_tuple if tuple.__len__(value) == len(fields) else None
    if is_dataclass(cls) and _is_plain_object(cls):
        return _dataclass
    return None


def _is_named_tuple(cls: type[Any]) -> bool:
    names = getattr(cls, "_fields", None)
    return isinstance(names, tuple) and all(isinstance(name, str) for name in names)


def _is_plain_object(cls: Any) -> bool:
    # What a base class in C or a __new__ of its own keeps isn't in the fields. Classes that say how they are to be
    # pickled know of state that we would miss.
    own_state = any(
        name in vars(base) for base in cls.__mro__[:-1] for name in ("__reduce__", "__reduce_ex__")
    )
    own_new = any("__new__" in vars(base) for base in cls.__mro__[:-1])
    return not own_new and not own_state


def _attributes(value: Any) -> dict[str, Any]:
    """The dict of an object, whatever its class makes of the name."""
    try:
        kept: dict[str, Any] = object.__getattribute__(value, "__dict__")
    except AttributeError:  # it has slots only
        return {}
    return kept


@lru_cache(maxsize=256)
def _slots(cls: Any) -> list[MemberDescriptorType]:
    """The slots of the class and of its bases, which needn't be fields, and may share a name."""
    return [
        slot for base in cls.__mro__ for slot in vars(base).values() if type(slot) is MemberDescriptorType
    ]


@lru_cache(maxsize=256)
def _set_by_descriptors(cls: Any) -> list[tuple[str, str]]:
    """The fields of a dataclass that a descriptor other than a slot sets, and what that is."""
    found = []
    for field in fields(cls):
        kind = type(next((vars(base)[field.name] for base in cls.__mro__ if field.name in vars(base)), None))
        if hasattr(kind, "__set__") and kind is not MemberDescriptorType:
            found.append((field.name, type_name(kind)))
    return found


def _slot_names(cls: Any) -> list[str]:
    return [slot.__name__ for slot in _slots(cls)]


def _name(cls: type[Any]) -> list[str]:
    if _find(cls.__module__, cls.__qualname__) is not cls:
        raise Refusal(f"its class {type_name(cls)} can't be found under that name", _MEND)
    return [cls.__module__, cls.__qualname__]


def _find(module: str, qualname: str) -> Any:
    found: Any = sys.modules.get(module)
    for name in qualname.split("."):
        found = None if found is None else vars(found).get(name)
    return found


def _named(node: dict[str, Any], kind: str, fits: Any) -> Any:
    module, qualname = node["c"]
    cls = _find(module, qualname)
    if not isinstance(cls, type) or not fits(cls):
        state = "isn't imported in" if module not in sys.modules else f"isn't a {kind} of that name in"
        raise StoreError(
            f"This entry holds a {kind} {module}.{qualname}, which {state} this process. "
            f"Import {module} where the value is read."
        )
    return cls


def _state(writer: Writer, values: dict[str, Any]) -> dict[str, Node]:
    nodes = {}
    for name, item in values.items():
        try:
            nodes[name] = writer.node(item)
        except Refusal as refusal:
            raise refusal.below(f".{name}") from None
    return nodes


def _dataclass(writer: Writer, value: Any) -> Node:
    cls: Any = type(value)
    # A frozen, cached or late attribute is part of the object too, so all of __dict__ is carried, in its order.
    kept = _attributes(value)
    slots = _filled_slots(value)
    names = [field.name for field in fields(cls)]
    _check_descriptors(value, kept, slots)
    return {
        TAG: "dataclass",
        "c": _name(cls),
        "f": names,
        "s": _slot_names(cls),
        "v": [[writer.node(name), node] for name, node in _state(writer, kept).items()],
        "in": [[at, *_state(writer, {slot.__name__: item}).values()] for at, slot, item in slots],
    }


def _filled_slots(value: Any) -> _FilledSlots:
    found = []
    cls: Any = type(value)
    for at, slot in enumerate(_slots(cls)):
        with suppress(AttributeError):  # nothing is in it
            found.append((at, slot, slot.__get__(value)))
    return found


def _check_descriptors(value: Any, kept: dict[str, Any], slots: _FilledSlots) -> None:
    """Refuse a field that a descriptor keeps in a place of its own, rather than in the object."""
    state = [*kept, *(slot.__name__ for _, slot, _ in slots)]
    cls: Any = type(value)
    for name, kind in _set_by_descriptors(cls):
        if name in state or f"_{name}" in state:
            continue
        twin = object.__new__(cls)
        _attributes(twin).update(kept)
        for _, slot, item in slots:
            slot.__set__(twin, item)
        if not _gives_the_same(value, twin, name) or _gives_the_same(value, object.__new__(cls), name):
            refusal = Refusal(f"a {kind} keeps it outside of the object", _MEND_FIELD, pickle_helps=False)
            raise refusal.below(f".{name}")


def _gives_the_same(one: Any, other: Any, name: str) -> bool:
    try:
        left, right = getattr(one, name), getattr(other, name)
        return left is right or bool(left == right)
    except Exception:  # a user's descriptor may raise anything, where it finds nothing
        return False


def _decode_dataclass(reader: Reader, node: dict[str, Any]) -> Any:
    cls = _named(node, "dataclass", lambda cls: is_dataclass(cls) and _is_plain_object(cls))
    names = [field.name for field in fields(cls)]
    for what, then, now in (("fields", node["f"], names), ("slots", node["s"], _slot_names(cls))):
        if then != now:
            raise StoreError(
                f"This entry holds a {type_name(cls)} with the {what} {then}, and the class now has {now}. "
                "Write the value again."
            )
    value = object.__new__(cls)
    kept, slots = _attributes(value), _slots(cls)
    for name, item in node["v"]:
        kept[name] = item
    for at, item in node["in"]:
        slots[at].__set__(value, item)
    return value


def _named_tuple(writer: Writer, value: Any) -> Node:
    cls: Any = type(value)
    state = _state(writer, dict(zip(cls._fields, tuple.__iter__(value), strict=True)))
    return {TAG: "namedtuple", "c": _name(cls), "f": list(state), "v": list(state.values())}


def _decode_named_tuple(reader: Reader, node: dict[str, Any]) -> Any:
    cls = _named(node, "named tuple", lambda cls: issubclass(cls, tuple) and _is_named_tuple(cls))
    if list(cls._fields) != node["f"]:
        raise StoreError(
            f"This entry holds a {type_name(cls)} with the fields {node['f']}, and the class now has "
            f"{list(cls._fields)}. Write the value again."
        )
    return tuple.__new__(cls, node["v"])


def _enum(writer: Writer, value: Enum) -> Node:
    cls: Any = type(value)
    # A combination of flags has no name of its own; the members in it do.
    names = [value._name_] if value._name_ in cls.__members__ else _flags(value)
    members = [cls.__members__[name] for name in names if name in cls.__members__]
    if not members and isinstance(value, Flag) and not value._value_:
        return {TAG: "enum", "c": _name(cls), "v": []}
    if not members or reduce(_or, members) is not value:
        raise Refusal(
            f"{excerpt(value)} isn't a member or a combination of members of its enum", "Return its value."
        )
    return {TAG: "enum", "c": _name(cls), "v": names}


# The class may have made other things of these.
_or: Any = Flag.__or__
_and: Any = Flag.__and__
_invert: Any = Flag.__invert__


def _flags(value: Any) -> list[str]:
    """Members of a flag's class that are in it, each with a bit that those before don't have."""
    names: list[str] = []
    left = value._value_ if isinstance(value, Flag) else 0
    for name, member in type(value).__members__.items():
        bits = member._value_
        if bits & left and bits & value._value_ == bits:
            names.append(name)
            left &= ~bits
    return names


def _decode_enum(reader: Reader, node: dict[str, Any]) -> Any:
    cls = _named(node, "enum", lambda cls: isinstance(cls, EnumMeta))
    members = cls.__members__
    unknown = [name for name in node["v"] if name not in members]
    if unknown:
        raise StoreError(
            f"This entry holds {type_name(cls)}.{unknown[0]}, which that enum doesn't have any more."
        )
    if not node["v"]:
        first = next(iter(members.values()))
        return _and(first, _invert(first))
    return reduce(_or, [members[name] for name in node["v"]])


FINDERS[""] = encoder_of
DECODERS["dataclass"] = _decode_dataclass
DECODERS["namedtuple"] = _decode_named_tuple
DECODERS["enum"] = _decode_enum

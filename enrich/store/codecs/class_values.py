"""Instances of a user's dataclasses, named tuples and enums.

The entry names the class. Reading only looks it up among the modules that are imported already, checks that it is
of the kind it was, and fills in the fields without calling anything of it: an entry can't make this process import
or run code.
"""

from __future__ import annotations

import sys
from dataclasses import fields, is_dataclass
from enum import Enum, EnumMeta, Flag
from functools import reduce
from operator import or_
from types import MemberDescriptorType
from typing import Any

from ...errors import StoreError
from .context import DECODERS, FINDERS, TAG, Encode, Node, Reader, Writer
from .entry import Refusal, type_name

_MEND = "Define the class at the top level of a module that every worker imports."


def encoder_of(value: Any) -> Encode | None:
    """How to take an instance of a user's class apart, if it is of a kind that can be."""
    cls = type(value)
    if isinstance(cls, EnumMeta):
        return _enum
    if issubclass(cls, tuple) and _is_named_tuple(cls) and not getattr(value, "__dict__", None):
        return _named_tuple if len(value) == len(value._fields) else None
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
    cls = type(value)
    names = [field.name for field in fields(cls)]
    # A frozen, cached or late attribute is part of the object too, so all of __dict__ is carried, in its order.
    kept = dict(vars(value)) if hasattr(value, "__dict__") else {}
    state = _state(writer, {**kept, **_slots(cls, value, kept)})
    return {
        TAG: "dataclass",
        "c": _name(cls),
        "f": names,
        "v": [[writer.node(name), node] for name, node in state.items()],
    }


def _slots(cls: type[Any], value: Any, kept: dict[str, Any]) -> dict[str, Any]:
    """What is in the slots of the class and of its bases, which needn't be fields."""
    found = {}
    for base in reversed(cls.__mro__):
        for name, slot in vars(base).items():
            if isinstance(slot, MemberDescriptorType) and name not in kept and hasattr(value, name):
                found[name] = getattr(value, name)
    return found


def _decode_dataclass(reader: Reader, node: dict[str, Any]) -> Any:
    cls = _named(node, "dataclass", lambda cls: is_dataclass(cls) and _is_plain_object(cls))
    names = [field.name for field in fields(cls)]
    if names != node["f"]:
        raise StoreError(
            f"This entry holds a {type_name(cls)} with the fields {node['f']}, and the class now has {names}. "
            "Write the value again."
        )
    value = object.__new__(cls)
    for name, item in node["v"]:
        object.__setattr__(value, name, item)
    return value


def _named_tuple(writer: Writer, value: Any) -> Node:
    state = _state(writer, dict(zip(value._fields, value, strict=True)))
    return {TAG: "namedtuple", "c": _name(type(value)), "f": list(state), "v": list(state.values())}


def _decode_named_tuple(reader: Reader, node: dict[str, Any]) -> Any:
    cls = _named(node, "named tuple", lambda cls: issubclass(cls, tuple) and _is_named_tuple(cls))
    if list(cls._fields) != node["f"]:
        raise StoreError(
            f"This entry holds a {type_name(cls)} with the fields {node['f']}, and the class now has "
            f"{list(cls._fields)}. Write the value again."
        )
    return tuple.__new__(cls, node["v"])


def _enum(writer: Writer, value: Enum) -> Node:
    cls = type(value)
    # A combination of flags has no name of its own; its single members do.
    names = [value.name] if value.name in cls.__members__ else [str(member.name) for member in _flags(value)]
    members = [cls.__members__[name] for name in names if name in cls.__members__]
    if not members and isinstance(value, Flag) and not value.value:
        return {TAG: "enum", "c": _name(cls), "v": []}
    if not members or reduce(or_, members) is not value:
        raise Refusal(
            f"{value!r} isn't a member or a combination of members of its enum", "Return its value."
        )
    return {TAG: "enum", "c": _name(cls), "v": names}


def _flags(value: Any) -> list[Enum]:
    return list(value) if hasattr(type(value), "__iter__") and not isinstance(value, str) else []


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
        return first & ~first
    return reduce(or_, [members[name] for name in node["v"]])


FINDERS[""] = encoder_of
DECODERS["dataclass"] = _decode_dataclass
DECODERS["namedtuple"] = _decode_named_tuple
DECODERS["enum"] = _decode_enum

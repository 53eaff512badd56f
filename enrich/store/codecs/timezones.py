"""Time zones, by what they are rather than by what they say: equal offsets of two libraries aren't the same zone."""

from __future__ import annotations

from datetime import UTC, timedelta, timezone, tzinfo
from importlib import import_module
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .context import DECODERS, ENCODERS, TAG, Node, Reader, Writer
from .entry import CorruptEntry, Refusal, excerpt, type_name


def encode_timezone(writer: Writer, zone: tzinfo) -> Node:
    """A zone's node: the library it comes from, and what makes it there."""
    spec = _spec(zone)
    if spec is None and type(zone) is ZoneInfo:
        key = repr(zone.key) if _known(zone.key) else "key"
        raise Refusal(
            f"its time zone {excerpt(zone)} isn't one that ZoneInfo({key}) gives", f"Use ZoneInfo({key})."
        )
    if spec is None:
        raise Refusal(
            f"its time zone is of type {type_name(type(zone))}: {excerpt(zone)}",
            "Use a zoneinfo.ZoneInfo.",
        )
    return {TAG: "tz", "k": spec[0], "v": writer.node(spec[1])}


def _spec(zone: tzinfo) -> tuple[str, Any] | None:
    if zone is UTC:
        return "utc", None
    if type(zone) is timezone:
        return _fixed(zone)
    if type(zone) is ZoneInfo:
        # Two zones of one key are equal only if they are one object, which unpickled or cacheless ones aren't.
        return ("zoneinfo", zone.key) if _known(zone.key) is zone else None
    library = type(zone).__module__.partition(".")[0]
    return _pytz(zone) if library == "pytz" else _dateutil(zone) if library == "dateutil" else None


def _known(key: str | None) -> ZoneInfo | None:
    """The zone of a key, if this machine has one."""
    try:
        return ZoneInfo(key) if key else None
    except (ZoneInfoNotFoundError, ValueError, OSError):  # whoever made the zone may have called it anything
        return None


def _fixed(zone: timezone) -> tuple[str, Any]:
    # A name that was given makes another zone than the same name by default.
    offset, *name = zone.__getinitargs__()  # type: ignore[attr-defined]
    return "fixed", [offset // timedelta(microseconds=1), *(name or [None])]


def _pytz(zone: Any) -> tuple[str, Any] | None:
    pytz = import_module("pytz")
    if zone is pytz.UTC:
        return "pytz", "UTC"
    if type(zone) is type(pytz.FixedOffset(1)):
        return "pytz.offset", zone._minutes
    known = getattr(zone, "zone", None)
    if known is None:
        return None
    # A zone taken from a localized datetime is one fixed moment of the zone that its name stands for.
    moment = None if pytz.timezone(known) is zone else [_micro(part) for part in (zone._utcoffset, zone._dst)]
    if moment is None:
        return "pytz", known
    moments = pytz.timezone(known)._tzinfos
    found = [list(map(str, key)) for key, other in moments.items() if other is zone]
    return ("pytz.moment", [known, found[0]]) if found else None


def _micro(delta: timedelta) -> int:
    return delta // timedelta(microseconds=1)


def _dateutil(zone: Any) -> tuple[str, Any] | None:
    tz = import_module("dateutil.tz")
    if zone is tz.UTC:
        return "dateutil.utc", None
    if type(zone) is tz.tzlocal:
        return "dateutil.local", None
    if type(zone) is type(tz.tzoffset(None, 1)):
        return "dateutil.offset", [zone._name, _micro(zone.utcoffset(None))]
    if zone is tz.gettz("UTC"):  # pandas knows it from others of that file
        return "dateutil", "UTC"
    name = getattr(zone, "_filename", None)
    if type(zone) is tz.tzfile and isinstance(name, str):
        return ("dateutil", name) if tz.gettz(name) == zone else None
    return None


def _decode(reader: Reader, node: dict[str, Any]) -> tzinfo:
    kind, value = node["k"], node["v"]
    if kind == "utc":
        return UTC
    if kind == "zoneinfo":
        return ZoneInfo(value)
    if kind == "fixed":
        offset = timedelta(microseconds=value[0])
        return timezone(offset) if value[1] is None else timezone(offset, value[1])
    zone = _decode_pytz(kind, value) if kind.startswith("pytz") else _decode_dateutil(kind, value)
    if zone is None:
        raise CorruptEntry(f"a time zone this machine doesn't have: {value}")
    found: tzinfo = zone
    return found


def _decode_pytz(kind: str, value: Any) -> Any:
    pytz = import_module("pytz")
    if kind == "pytz":
        return pytz.timezone(value)
    if kind == "pytz.offset":
        return pytz.FixedOffset(value)
    name, wanted = value
    moments = pytz.timezone(name)._tzinfos
    return next((zone for key, zone in moments.items() if list(map(str, key)) == wanted), None)


def _decode_dateutil(kind: str, value: Any) -> Any:
    tz = import_module("dateutil.tz")
    if kind == "dateutil.utc":
        return tz.UTC
    if kind == "dateutil.local":
        return tz.tzlocal()
    if kind == "dateutil.offset":
        return tz.tzoffset(value[0], timedelta(microseconds=value[1]))
    return tz.gettz(value)


ENCODERS[timezone] = encode_timezone
ENCODERS[ZoneInfo] = encode_timezone
DECODERS["tz"] = _decode

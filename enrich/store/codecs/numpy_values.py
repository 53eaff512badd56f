"""numpy arrays of any shape, order and fixed-size dtype as raw memory; scalars; arrays of objects cell by cell."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .context import DECODERS, ENCODERS, FINDERS, TAG, Encode, Node, Reader, Writer
from .entry import Piece, Refusal, excerpt, type_name
from .json_values import items

# Texts of any length, which numpy 2 has.
_STRINGS: Any = getattr(np.dtypes, "StringDType", None)


def raw(values: np.ndarray[Any, Any]) -> Piece:
    """The memory of a contiguous array, as bytes, whatever its dtype."""
    dtype = values.dtype
    if not values.size or not dtype.itemsize:
        return b""
    memory = values.reshape(-1, order="A").view(np.uint8)
    if dtype.char in "gGV" and not (meant := _meant(dtype)).all():
        memory = np.where(meant, memory.reshape(-1, dtype.itemsize), np.uint8(0)).reshape(-1)
    return memory.data


def _meant(dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """Which bytes of an item are its value; what the others hold is left from whoever had the memory before."""
    if dtype.subdtype is not None:
        base, shape = dtype.subdtype
        return np.tile(_meant(base), math.prod(shape))
    meant = np.full(dtype.itemsize, dtype.names is None)
    for name in dtype.names or ():
        field, offset = dtype.fields[name][:2]  # type: ignore[index]
        meant[offset : offset + field.itemsize] |= _meant(field)
    # An x86 has 10 bytes in a long double of 12 or 16.
    if dtype.char in "gG" and np.finfo(np.longdouble).nmant == 63:
        parts = meant.reshape(1 if dtype.char == "g" else 2, -1)
        unused = slice(10, None) if dtype.isnative else slice(None, -10)
        parts[:, unused] = False
    return meant


def encode_dtype(writer: Writer, dtype: np.dtype[Any]) -> Node:
    """A dtype's node, in the words of the ``.npy`` format where these say all of it."""
    if dtype.subdtype is not None:
        base, shape = dtype.subdtype
        return {"base": encode_dtype(writer, base), "shape": list(shape)}
    if dtype.hasobject or _has_metadata(dtype) or dtype.kind == "T":
        raise Refusal(f"its dtype is {dtype!r}", "Convert it to a dtype of fixed size, or to a list.")
    if not _lies_anyhow(dtype):
        described: Any = np.lib.format.dtype_to_descr(dtype)
        if is_same_dtype(np.lib.format.descr_to_dtype(described), dtype):
            return writer.node(described)
    if dtype.names is None:
        if is_same_dtype(np.dtype(text := dtype_text(dtype)), dtype):
            return f"char {text}"
    elif is_same_dtype(_laid_out(layout := _layout(dtype)), dtype):
        formats = [encode_dtype(writer, form) for form in layout["formats"]]
        texts = {name: writer.node(layout[name]) for name in ("names", "titles")}
        return {**layout, **texts, "formats": formats}
    raise Refusal(
        f"its dtype is {dtype!r}, whose items are of type {type_name(dtype.type)}",
        "View it as a dtype of numpy's own.",
    )


def is_same_dtype(one: np.dtype[Any], other: np.dtype[Any]) -> bool:
    """Whether two dtypes are equal, and also have items of one type and are aligned alike, as have their fields."""
    if one != other or one.type is not other.type or one.isalignedstruct != other.isalignedstruct:
        return False
    if one.subdtype is not None:
        return is_same_dtype(one.base, other.base)
    return all(is_same_dtype(one[name], other[name]) for name in one.names or ())


def _layout(dtype: np.dtype[Any]) -> dict[str, Any]:
    fields: list[Any] = [dtype.fields[name] for name in dtype.names or ()]  # type: ignore[index]
    layout = {
        "names": list(dtype.names or ()),
        "formats": [field[0] for field in fields],
        "offsets": [field[1] for field in fields],
        "titles": [field[2] if len(field) > 2 else None for field in fields],
        "itemsize": dtype.itemsize,
    }
    flags = {"aligned": dtype.isalignedstruct, "record": dtype.type is np.record}
    return layout | {name: True for name, is_set in flags.items() if is_set}


def _laid_out(layout: dict[str, Any]) -> np.dtype[Any]:
    words: Any = {name: word for name, word in layout.items() if name != "record"}
    laid: np.dtype[Any] = np.dtype(words)
    return np.dtype((np.record, laid)) if "record" in layout else laid


def dtype_text(dtype: np.dtype[Any]) -> str:
    """The text that makes the dtype again; C has two integers of 8 bytes, to which numpy gives one name."""
    text = dtype.str
    return text if np.dtype(text).type is dtype.type else text[0] + dtype.char


def _lies_anyhow(dtype: np.dtype[Any]) -> bool:
    """Whether fields overlap or aren't in the order of their names, which ``.npy`` has no words for."""
    end = 0
    for name in dtype.names or ():
        field, offset = dtype.fields[name][:2]  # type: ignore[index]
        if offset < end:
            return True
        end = offset + field.itemsize
    return False


def _has_metadata(dtype: np.dtype[Any]) -> bool:
    fields = (dtype.fields or {}).values()
    return bool(dtype.metadata) or any(_has_metadata(field[0]) for field in fields)


def decode_dtype(descr: Any) -> np.dtype[Any]:
    """The dtype of a resolved node."""
    if isinstance(descr, dict) and "base" in descr:
        return np.dtype((decode_dtype(descr["base"]), tuple(descr["shape"])))
    if isinstance(descr, dict):
        return _laid_out({**descr, "formats": [decode_dtype(form) for form in descr["formats"]]})
    if isinstance(descr, str) and descr.startswith("char "):
        return np.dtype(descr[5:])
    described: Any = descr
    return np.lib.format.descr_to_dtype(described)


def _array(writer: Writer, value: np.ndarray[Any, Any]) -> Node:
    fortran = value.flags.f_contiguous and not value.flags.c_contiguous
    node: dict[str, Node] = {
        TAG: "numpy.ndarray",
        "shape": list(value.shape),
        "order": "F" if fortran else "C",
    }
    if value.dtype == object:
        return {
            **node,
            TAG: "numpy.objects",
            "v": items(writer, value.ravel(order="K" if fortran else "C").tolist()),
        }
    if _STRINGS is not None and isinstance(value.dtype, _STRINGS):
        missing = [writer.node(value.dtype.na_object)] if hasattr(value.dtype, "na_object") else []
        cells = items(writer, value.ravel(order="K" if fortran else "C").tolist())
        return {**node, TAG: "numpy.strings", "v": cells, "na": missing, "coerce": value.dtype.coerce}
    node["dtype"] = encode_dtype(writer, value.dtype)
    contiguous = value.T if fortran else np.ascontiguousarray(value)
    node["i"] = writer.parts.add([raw(contiguous)])
    return node


def _decode_array(reader: Reader, node: dict[str, Any]) -> np.ndarray[Any, Any]:
    dtype, shape = decode_dtype(node["dtype"]), tuple(node["shape"])
    if 0 in shape or not dtype.itemsize:
        return np.empty(shape, dtype, order=node["order"])
    return np.ndarray(shape, dtype, buffer=reader.source.part(node["i"]), order=node["order"])


def objects(cells: list[Any]) -> np.ndarray[Any, Any]:
    """A one-dimensional array of these very objects, whatever they are."""
    # Assigning the list as a whole would take sequences of one length apart.
    return np.fromiter(cells, object, len(cells))


def addresses(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Where each object of an array is, as `id` says it, in the array's own memory: good while that lives."""
    return np.frombuffer(values, np.uintp)


def _decode_objects(reader: Reader, node: dict[str, Any]) -> np.ndarray[Any, Any]:
    return objects(node["v"]).reshape(tuple(node["shape"]), order=node["order"])


def _decode_strings(reader: Reader, node: dict[str, Any]) -> np.ndarray[Any, Any]:
    missing = {"na_object": node["na"][0]} if node["na"] else {}
    dtype: Any = np.dtypes.StringDType(coerce=node["coerce"], **missing)
    return np.array(node["v"], dtype).reshape(tuple(node["shape"]), order=node["order"])


def _scalar(writer: Writer, value: np.generic) -> Node:
    if isinstance(value, np.str_):
        # As an item of an array, and by str(), it would lose the zeros that it ends with.
        return {TAG: "numpy.str", "v": writer.node(str.__str__(value))}
    if isinstance(value, np.bytes_):
        return {TAG: "numpy.bytes", "v": writer.node(bytes(value))}
    return {
        TAG: "numpy.scalar",
        "dtype": encode_dtype(writer, value.dtype),
        "v": bytes(raw(np.asarray(value))).hex(),
    }


def _decode_scalar(reader: Reader, node: dict[str, Any]) -> Any:
    dtype = decode_dtype(node["dtype"])
    return (
        np.ndarray((1,), dtype, bytearray.fromhex(node["v"]))[0] if dtype.itemsize else np.empty(1, dtype)[0]
    )


# What numpy itself keeps in the dict of a masked array, which has its mask, its fill value and what is derived.
_OF_NUMPY = vars(np.ma.MaskedArray([0], [False], fill_value=0)).keys()


def _masked(writer: Writer, value: np.ma.MaskedArray[Any, Any]) -> Node:
    if value is np.ma.masked:
        return {TAG: "numpy.masked"}
    mask = None if value.mask is np.ma.nomask else writer.node(np.asarray(value.mask))
    node = {
        TAG: "numpy.MaskedArray",
        "v": writer.node(value.data),
        "mask": mask,
        "hard": bool(value.hardmask),
    }
    kept = vars(value)
    if own := {name: item for name, item in kept.items() if name not in _OF_NUMPY} | kept["_optinfo"]:
        raise Refusal(
            f"it has attributes besides its items: {excerpt(own)}",
            "Return them beside it, and the array without them.",
            pickle_helps=False,
        )
    # Set to what it is by itself, it would be cut to the length of the texts.
    usual = np.ma.default_fill_value(value)
    fill = np.asarray(value.fill_value)
    same = fill.dtype == np.asarray(usual).dtype and fill.tobytes() == np.asarray(usual).tobytes()
    return {**node, "fill": None if same else writer.node(value.fill_value)}


def _decode_masked(reader: Reader, node: dict[str, Any]) -> Any:
    mask = np.ma.nomask if node["mask"] is None else node["mask"]
    return np.ma.MaskedArray(node["v"], mask=mask, fill_value=node["fill"], hard_mask=node["hard"])


def _find(value: Any) -> Encode | None:
    # The class of a dtype differs for each kind of dtype.
    return _dtype_value if isinstance(value, np.dtype) else None


def _dtype_value(writer: Writer, value: np.dtype[Any]) -> Node:
    return {TAG: "numpy.dtype", "v": encode_dtype(writer, value)}


ENCODERS[np.ndarray] = _array
ENCODERS[np.ma.MaskedArray] = _masked
ENCODERS[type(np.ma.masked)] = _masked
ENCODERS.update({kind: _scalar for kind in set(np.sctypeDict.values()) if issubclass(kind, np.generic)})
ENCODERS[np.record] = _scalar
FINDERS["numpy"] = _find
DECODERS["numpy.ndarray"] = _decode_array
DECODERS["numpy.objects"] = _decode_objects
DECODERS["numpy.strings"] = _decode_strings
DECODERS["numpy.scalar"] = _decode_scalar
DECODERS["numpy.str"] = lambda reader, node: np.str_(node["v"])
DECODERS["numpy.bytes"] = lambda reader, node: np.bytes_(node["v"])
DECODERS["numpy.masked"] = lambda reader, node: np.ma.masked
DECODERS["numpy.MaskedArray"] = _decode_masked
DECODERS["numpy.dtype"] = lambda reader, node: decode_dtype(node["v"])

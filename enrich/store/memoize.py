"""Keys for memoized calls: equal exactly when the function and its argument values are."""

from __future__ import annotations

import functools
import hashlib
import sys
import types
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from blake3 import blake3

from enrich.errors import UnstorableValueError
from enrich.store import codecs
from enrich.store.keys import threads_for
from enrich.store.ref import Ref, ServersideRef

_DIGEST_LENGTH: Final = 16

_known: weakref.WeakKeyDictionary[types.FunctionType, str] = weakref.WeakKeyDictionary()


def make_memoize_key(function: Callable[..., Any] | str, /, *args: Any, **kwargs: Any) -> str:
    """Return a key for one call, the same in every process.

    Frames, arrays and containers count by their whole content, types and order, never by what is printed of them.
    Stored values (`Ref`, `ServersideRef`) count by their key.

    Raises `UnstorableValueError`, naming the argument, for what can't be told apart exactly.

    >>> make_memoize_key("load", 1) == make_memoize_key("load", 1)
    True
    >>> make_memoize_key("load", 1) == make_memoize_key("load", 1.0)
    False

    With flask-caching: `@cache.cached(make_cache_key=functools.partial(make_memoize_key, load))`, or `ExactCache`.
    """
    name = function if isinstance(function, str) else function_identity(function)
    hasher = hashlib.blake2b(name.encode(), digest_size=16)
    places: list[tuple[int | str, Any]] = [*enumerate(args), *sorted(kwargs.items())]
    for place, value in places:
        hasher.update(f"\0{place!r}\0".encode())
        hasher.update(value_digest(value, place if isinstance(place, str) else f"number {place + 1}"))
    return hasher.hexdigest()


def value_digest(value: Any, place: str = "") -> bytes:
    """Return a digest of a value's type and whole content."""
    if isinstance(value, ServersideRef):
        value = value.ref
    if isinstance(value, Ref):
        what = value.key or repr((value.store, value.name))
        return blake3(f"stored {what}".encode()).digest(_DIGEST_LENGTH)
    try:
        encoded = codecs.encode(value)
    except UnstorableValueError as error:
        raise UnstorableValueError(
            f"Argument {place} can't be part of a memoize key: {error} Leave it out with arg_check=False, or pass "
            "what it is made from."
        ) from error
    # Not a fast digest: results may be shared, and a visitor mustn't prepare arguments that get another's key.
    hasher = blake3(max_threads=threads_for(encoded.nbytes))
    hasher.update(f"{len(encoded.kind)} {encoded.kind}".encode())
    for buffer in encoded.buffers:
        hasher.update(buffer)
    return hasher.digest(_DIGEST_LENGTH)


def function_identity(function: Callable[..., Any]) -> str:
    """Return a text that changes with the function's place, code, defaults and what it closes over.

    What it closes over counts by its value at the first call, or by its type only where that can't be stored.
    """
    return _identity(function, ())


def _identity(function: Any, outer: tuple[Any, ...]) -> str:
    if isinstance(function, functools.partial):
        keywords = (f"{name}={_loose(value, outer)}" for name, value in sorted(function.keywords.items()))
        arguments = [*(_loose(value, outer) for value in function.args), *keywords]
        return f"partial({_identity(function.func, outer)},{','.join(arguments)})"
    if isinstance(function, types.MethodType):
        return f"{_identity(function.__func__, outer)}@{_loose(function.__self__, outer)}"
    if isinstance(function, types.FunctionType):
        return _of_function(function, outer)
    if hasattr(function, "__wrapped__"):  # functools.lru_cache
        return f"{type(function).__qualname__}({_identity(function.__wrapped__, outer)})"
    if isinstance(function, types.BuiltinFunctionType):
        name = f"{_module(str(function.__module__))}.{function.__qualname__}"
        owner = function.__self__
        return name if isinstance(owner, types.ModuleType) else f"{name}@{_loose(owner, outer)}"
    if isinstance(function, type):
        return f"{_module(function.__module__)}.{function.__qualname__}"
    called = type(function).__call__
    return (
        f"{_of_function(called, outer) if isinstance(called, types.FunctionType) else ''}"
        f"@{_loose(function, outer)}"
    )


def _of_function(function: types.FunctionType, outer: tuple[Any, ...]) -> str:
    name = f"{_module(function.__module__)}.{function.__qualname__}"
    if _is_among(function, outer):  # functions that close over each other
        return name
    if not outer and function in _known:
        return _known[function]
    hasher = hashlib.blake2b(digest_size=16)
    _hash_code(function.__code__, hasher)
    inner = (*outer, function)
    for default in (*(function.__defaults__ or ()), *sorted((function.__kwdefaults__ or {}).items())):
        hasher.update(_loose(default, inner).encode())
    for cell in function.__closure__ or ():
        hasher.update(_cell(cell, inner).encode())
    identity = f"{name}#{hasher.hexdigest()}"
    if not outer:
        # Once per function: what it closes over may be state of its own, which its first call changes.
        _known[function] = identity
    return identity


def _is_among(value: Any, outer: tuple[Any, ...]) -> bool:
    return any(value is other for other in outer)


def _cell(cell: Any, outer: tuple[Any, ...]) -> str:
    try:
        content = cell.cell_contents
    except ValueError:  # not assigned yet
        return "empty"
    return _loose(content, outer)


_CALLABLES = (
    types.FunctionType,
    types.MethodType,
    types.BuiltinFunctionType,
    functools.partial,
    type(functools.cache(len)),
)


def _loose(value: Any, outer: tuple[Any, ...]) -> str:
    if isinstance(value, _CALLABLES):
        return _identity(value, outer)
    if isinstance(value, (type, types.ModuleType)):
        return f"{getattr(value, '__module__', '')}.{value.__name__}"
    try:
        return value_digest(value).hex()
    except UnstorableValueError:
        pass
    kind = type(value)
    if kind in (list, tuple, dict) and not _is_among(value, outer):
        # Functions can't be stored, but told apart.
        items = [part for pair in value.items() for part in pair] if kind is dict else value
        return f"{kind.__name__}({','.join(_loose(item, (*outer, value)) for item in items)})"
    # An app, a connection, a lock: it has no value that another process could compare.
    return f"{kind.__module__}.{kind.__qualname__}"


def _hash_code(code: types.CodeType, hasher: Any) -> None:
    names: Sequence[str] = (*code.co_names, *code.co_varnames, *code.co_freevars, *code.co_cellvars)
    hasher.update(code.co_code)
    # What follows a try inside it or in its else is the same code, under another table.
    hasher.update(code.co_exceptiontable)
    hasher.update(repr((code.co_argcount, code.co_kwonlyargcount, code.co_flags, names)).encode())
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            _hash_code(constant, hasher)
        else:
            hasher.update(_constant(constant).encode())


def _constant(value: Any) -> str:
    if isinstance(value, frozenset):
        # `x in {"a", "b"}`: its order differs from process to process.
        return f"frozenset({sorted(map(_constant, value))})"
    if isinstance(value, tuple):
        return f"({','.join(map(_constant, value))})"
    return f"{type(value).__name__}:{value!r}"


def _module(name: str) -> str:
    if name not in ("__main__", "__mp_main__"):
        return name
    # `python app.py` in one worker, a process that it spawns, and `import app` in another are the same program.
    path = getattr(sys.modules["__main__"], "__file__", None)
    return "__main__" if path is None else str(Path(path).absolute())

"""The backends of one store, by name, opened and checked."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from enrich.errors import StoreConfigError
from enrich.other_package import refuse_theirs
from enrich.store import codecs
from enrich.store.backends.cache_methods import CacheMethods
from enrich.store.backends.own import OwnBackend, adapted
from enrich.store.backends.protocol import Backend, Settings
from enrich.store.codecs import Encoded, Pickler

_METHODS = (
    "read",
    "write",
    "renew",
    "delete",
    "get_record",
    "set_record",
    "add_record",
    "try_lock",
    "with_settings",
)


class Places:
    """A default backend and named others."""

    def __init__(
        self, default: Backend, others: Mapping[str, Backend] | Iterable[Backend], settings: Settings
    ) -> None:
        self._given = named_backends(default, others)
        self.default = _opened(default, settings)
        self._by_name = {
            name: self.default if backend is default else _opened(backend, settings)
            for name, backend in self._given.items()
        }

    def __iter__(self) -> Iterator[tuple[str, Backend]]:
        seen: set[int] = set()
        for name, backend in self._by_name.items():
            if id(backend) not in seen:
                seen.add(id(backend))
                yield name, backend

    def find(self, which: str | Backend | None) -> tuple[str, Backend]:
        """Return a backend by what a declaration says; the default one's name is empty."""
        if which is None or which == "":
            return "", self.default
        opened = next((name for name, backend in self._by_name.items() if backend is which), None)
        name = name_in(self._given, which) if opened is None else opened
        backend = self._by_name[name]
        return ("" if backend is self.default else name), backend


def named_backends(default: Any, others: Mapping[str, Any] | Iterable[Any]) -> dict[str, Any]:
    """Name the backends of one store, the default one first if there is one, and open none.

    Raises `StoreConfigError` for what can't be a backend, and for names that can't be told apart.
    """
    found: dict[str, Any] = {} if default is None else {name_of(checked(default)): default}
    named: Iterable[tuple[Any, Any]] = (
        others.items() if isinstance(others, Mapping) else ((name_of(b), b) for b in others)
    )
    for name, backend in named:
        checked(backend)
        if not isinstance(name, str) or not name:
            raise StoreConfigError(f"A backend's name is some text, not {name!r}.")
        if _is_another_of(default, backend):
            found.setdefault(name, default)
            continue
        if name in found:
            raise StoreConfigError(
                f"Two backends are called {name!r}. Give each its own: FileSystemBackend(..., name='other')."
            )
        if len(name.encode()) > 100:
            raise StoreConfigError(
                f"The backend's name {name!r} is too long for a handle: 100 bytes at most."
            )
        found[name] = backend
    return found


def name_in(named: Mapping[str, Any], which: Any) -> str:
    """Return the name of the one of these backends that a declaration means.

    Raises `StoreConfigError`, listing those there are.
    """
    if isinstance(which, str) and which in named:
        return which
    for name, backend in named.items():
        if stands_for(which, backend):
            return name
    raise StoreConfigError(_unknown(named, which))


def _unknown(named: Mapping[str, Any], which: Any) -> str:
    known = ", ".join(map(repr, named))
    if isinstance(which, str):
        return f"The store has no backend {which!r}; it has {known}. Add it to backends=."
    name = name_of(which)
    wanted = f"The store has no backend {type(which).__name__} {name!r}"
    if name not in named:
        return f"{wanted}; it has {known}. Add it to backends=."
    return (
        f"{wanted}{_at(which)}; what it calls so is another{_at(named[name])}. "
        "Use that object, or add this one to backends= with a name= of its own."
    )


def chosen(named: Mapping[str, Any], which: Any) -> Any:
    """Return the default one of named backends: the one that is meant, else the first, if any.

    Raises `StoreConfigError` for a name that none of them has; an object needn't be among them.
    """
    if which is None:
        return next(iter(named.values()), None)
    if isinstance(which, str) and which in named:
        return named[which]
    meant = [backend for backend in named.values() if stands_for(which, backend)]
    if meant or not isinstance(which, str):
        return meant[0] if meant else which
    known = ", ".join(map(repr, named)) or "none"
    raise StoreConfigError(
        f"backend={which!r} is not the name of one of backends=; there are: {known}. "
        "For a folder give FileSystemBackend(...), for Redis RedisBackend(...)."
    )


def stands_for(which: Any, backend: Any) -> bool:
    """Does a declaration mean this backend?

    It may give the object. Where backends have a `uid`, as those of older libraries do, it may give that, or another
    object that is called the same and keeps its values at the same place.
    """
    if which is backend:
        return True
    uid = getattr(backend, "uid", None)
    if not isinstance(uid, str):
        return False
    if isinstance(which, str):
        return which == uid
    return (
        type(which) is type(backend)
        and name_of(which) == name_of(backend)
        and (not isinstance(backend, CacheMethods) or which.place == backend.place)
        and _at(which) == _at(backend)
    )


def _is_another_of(one: Any, other: Any) -> bool:
    # Where a backend of one's own keeps values isn't known, so that two of a name may be two places.
    return one is other or (isinstance(other, CacheMethods) and stands_for(one, other))


def _at(backend: Any) -> str:
    where = getattr(backend, "where", None)
    return f" at {where}" if isinstance(where, str) else ""


def encoded_for(place: Backend, value: Any, pickler: Pickler | None) -> Encoded:
    """Turn a value into what a backend writes; one of the older kind may take it as it is."""
    if isinstance(place, OwnBackend):
        return place.encoded(value, pickler)
    return codecs.encode(value, pickler=pickler)


def write_to(place: Backend, key: str, encoded: Encoded, payer: str) -> None:
    """Write an entry, and say who pays for it where somebody does."""
    if payer and _takes_payer(place):
        place.write(key, encoded.buffers, encoded.nbytes, payer=payer)
    else:
        place.write(key, encoded.buffers, encoded.nbytes)


def charge_for(place: Backend, key: str, nbytes: int, payer: str) -> None:
    """Say who stores an entry that is there already, and so pays for it if nobody does."""
    charge = getattr(place, "charge", None)
    if payer and callable(charge):
        charge(key, nbytes, payer)


def _takes_payer(place: Backend) -> bool:
    # Backends written elsewhere may have `write` as it was before somebody paid for shared values.
    parameters = inspect.signature(place.write).parameters.values()
    return any(p.name == "payer" or p.kind is p.VAR_KEYWORD for p in parameters)


def name_of(backend: Any) -> str:
    """What handles call a backend by; one of the older kind is called by its ``uid`` or its class."""
    name = getattr(adapted(backend), "name", None)
    return name if isinstance(name, str) else type(backend).__name__


def checked(backend: Any) -> Any:
    """Return what is a backend; raises `StoreConfigError` for anything else."""
    refuse_theirs(backend, "backend=", StoreConfigError)
    if _is_cache(backend):
        # It has what a backend of the older kind has, and would unpickle what anybody put there.
        raise StoreConfigError(
            f"{type(backend).__name__} is a cache, and its pickle knows no signatures. Put FlaskCachingBackend(cache) "
            "around it."
        )
    usable = adapted(backend)
    lacking = [method for method in _METHODS if not callable(getattr(usable, method, None))]
    if isinstance(backend, type) or lacking:
        raise StoreConfigError(
            f"{backend!r} can't be a backend of the store"
            + (f": it has no {', '.join(lacking)}" if lacking else ": it is a class, give an instance")
            + ". Use FileSystemBackend(...), RedisBackend(...), or FlaskCachingBackend(cache) around a cache."
        )
    return backend


def _is_cache(backend: Any) -> bool:
    """Is it a cache as flask-caching or cachelib makes it, and not a backend that somebody derived from one?"""
    kind = type(backend)
    return hasattr(kind, "init_app") or kind.__module__.partition(".")[0] in ("cachelib", "flask_caching")


def _opened(backend: Any, settings: Settings) -> Backend:
    opened: Backend = adapted(backend).with_settings(settings)
    return opened

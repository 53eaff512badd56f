"""The backends of one store, by name, opened and checked."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from enrich.errors import StoreConfigError
from enrich.store import codecs
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
        """Return a backend by its name or the object that was given; the default one's name is empty."""
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
        if backend is default:
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
    """Return the name of one of these backends, which is given by it or as the object.

    Raises `StoreConfigError`, listing those there are.
    """
    for name, backend in named.items():
        if which is backend or (isinstance(which, str) and which == name):
            return name
    known = ", ".join(map(repr, named))
    wanted = repr(which) if isinstance(which, str) else f"{type(which).__name__} {name_of(which)!r}"
    raise StoreConfigError(f"The store has no backend {wanted}; it has {known}. Add it to backends=.")


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
    usable = adapted(backend)
    lacking = [method for method in _METHODS if not callable(getattr(usable, method, None))]
    if isinstance(backend, type) or lacking:
        raise StoreConfigError(
            f"{backend!r} can't be a backend of the store"
            + (f": it has no {', '.join(lacking)}" if lacking else ": it is a class, give an instance")
            + ". Use FileSystemBackend(...), RedisBackend(...), or FlaskCachingBackend(cache) around a cache."
        )
    return backend


def _opened(backend: Any, settings: Settings) -> Backend:
    opened: Backend = adapted(backend).with_settings(settings)
    return opened

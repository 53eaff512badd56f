"""The store: values go in exact and come out exact, under a key, a name, or a handle."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

from enrich.errors import HandleInvalid, StoreConfigError, StoreFullError
from enrich.store import codecs
from enrich.store.backends.files import FileSystemBackend
from enrich.store.backends.protocol import DAY, KEY, MISSING, Backend, Buffer, Settings, Swept
from enrich.store.codecs import CorruptEntry, Description
from enrich.store.codecs.entry import NotATable, excerpt
from enrich.store.flight import Flights
from enrich.store.handle import Handle, app_digest, read_handle, session_digests, stored_name, write_handle
from enrich.store.info import BackendInfo, Counts, StoreInfo, describe_backend
from enrich.store.keys import content_key, is_genuine, scope_tag
from enrich.store.names import Named, Names, Producers, expired
from enrich.store.places import Places, charge_for, encoded_for, write_to
from enrich.store.ref import Ref, ServersideRef
from enrich.store.results import forget_group, result_of
from enrich.store.signing import Keyring, PickleGuard, check_pickle_policy
from enrich.store.verify import check_same

logger = logging.getLogger("enrich.store")

LOCK_TIMEOUT: Final = 600.0  # seconds; for a holder that hangs, as a dead one is superseded at once
_RAISE: Final = object()


class Store:
    """Keep Python values outside the browser, and hand out signed texts that stand for them.

    Parameters
    ----------
    backend: where values go unless told otherwise; default files in a private folder, one per app name.
    backends: further backends, by name.
    app: the app's name; scopes names, handles and memoized results.
    secret: signs handles. A list rotates: the first signs, all verify. Default: the environment's
        `ENRICH_SECRET_KEY` or `DASH_SECRET_KEY`, the server's, or one made once and kept with the values.
    server_secret: the web server's own secret key, if it has one.
    allow_pickle: store what no codec carries by pickling it, signed. Where others can read or write the
        backend, that needs a `secret` by argument or environment.
    max_bytes: most bytes to keep; default 10 GiB or a tenth of the disk, whichever is less, and 1 GiB in memory.
    ttl: seconds that a value lives after its last use; default a day.
    session_quota: most bytes for one session: its own values, and the shared ones that it was the first to store.
    verify: read each value back after writing it, and compare (slow; for finding faults).
    durable: flush files to the disk before a write returns.
    clock: seconds since the epoch; for tests.

    Raises `StoreConfigError` for arguments that can't be, and `StoreUnavailableError` where nothing can be written.

    >>> from enrich.store import MemoryBackend, Store
    >>> store = Store(MemoryBackend(), app="doc")
    >>> store.get(store.put({"a": 1}))
    {'a': 1}
    """

    def __init__(
        self,
        backend: Backend | None = None,
        backends: Mapping[str, Backend] | Iterable[Backend] = (),
        *,
        app: str = "dash",
        secret: str | Sequence[str] | None = None,
        server_secret: str | bytes | None = None,
        allow_pickle: bool = False,
        max_bytes: int | None = None,
        ttl: float = DAY,
        session_quota: int | None = None,
        verify: bool = False,
        durable: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        backend = FileSystemBackend() if backend is None else backend
        backends = backends if isinstance(backends, Mapping) else tuple(backends)
        self._arguments = {
            "backend": backend, "backends": backends, "app": app, "secret": secret, "server_secret": server_secret,
            "allow_pickle": allow_pickle, "max_bytes": max_bytes, "ttl": ttl, "session_quota": session_quota,
            "verify": verify, "durable": durable, "clock": clock,
        }  # fmt: skip
        self.app = app
        self.session_quota = session_quota
        self._verify = verify
        self._clock = clock
        settings = Settings(app, ttl, max_bytes, session_quota, durable, clock, self.is_genuine)
        self._places = Places(backend, backends, settings)
        self._keyring = Keyring(self._places.default, secret, server_secret, clock)
        if allow_pickle:
            check_pickle_policy(self._places, self._keyring.secrets)
        self._pickler = PickleGuard(self._keyring) if allow_pickle else None
        self._names = Names(app, self._keyring)
        self._producers = Producers(self._places.default)
        self._flights = Flights()
        self._counts = Counts()

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuilt, (self._arguments,)

    @property
    def backend(self) -> Backend:
        """The default backend, opened."""
        return self._places.default

    def opened(self) -> Iterator[tuple[str, Backend]]:
        """Walk all backends, by name."""
        return iter(self._places)

    def backend_named(self, which: str | Backend | None) -> Backend:
        """Return an opened backend; raises `StoreConfigError`, listing those there are."""
        return self._places.find(which)[1]

    def is_genuine(self, key: str, buffer: Buffer) -> bool:
        """Does an entry's full digest agree with its key? Touches every page of it."""
        return is_genuine(key, [buffer], self._keyring.secrets)

    def put(
        self,
        value: Any,
        *,
        scope: str | None = None,
        name: str | None = None,
        producer: str | None = None,
        backend: str | Backend | None = None,
        payer: str | None = None,
    ) -> Ref:
        """Store a value; an equal one that is there already is renewed instead.

        Parameters
        ----------
        scope: text that stands for the session whose value it is; None for a value shared by all.
        name: store it under this name of the app, in place of what had the name; always shared.
        producer: who stores it, for the error when it is gone: "callback 'load' (app.py:31)".
        payer: text that stands for the session in whose quota a shared value counts, if it counts for nobody's yet;
            None for nobody's. A value with a scope counts for that.

        Raises `UnstorableValueError`, `StoreFullError` or `StoreUnavailableError`.
        """
        store, place = self._places.find(backend)
        encoded = encoded_for(place, value, self._pickler)
        secrets = self._keyring.refreshed()
        tag = scope_tag(scope, secrets) if scope is not None and name is None else ""
        key = content_key(encoded.buffers, tag, secrets)
        new = not place.renew(key, encoded.nbytes)
        who = ""
        if payer is not None and not tag and self.session_quota is not None:
            who = scope_tag(payer, secrets)
        if new:
            write_to(place, key, encoded, who)
        else:
            charge_for(place, key, encoded.nbytes, who)
        ref = Ref(
            key, name, store, tag or None, encoded.nbytes, encoded.kind, producer,
            self._producers.note(producer), self._clock(), new,
        )  # fmt: skip
        if self._verify:
            check_same(value, self.get(replace(ref, name=None)), encoded.kind)
        if name is not None:
            self._names.set(name, Named(key, ref.written, ref.producer_id), place)
        return ref

    def get(
        self,
        ref: Ref | str,
        as_type: Any = None,
        columns: Sequence[str] | None = None,
        *,
        default: Any = _RAISE,
    ) -> Any:
        """Return a stored value, the caller's own copy.

        Parameters
        ----------
        ref: what `put`, `open` or `named` returned, or its key.
        as_type: the kind of table wanted (`pa.Table`, `pl.DataFrame`, ...).
        columns: only these columns of a table.
        default: returned when the value is gone; without it that raises `HandleExpired`.
        """
        ref = self._as_ref(ref)
        _store, place = self._places.find(ref.store)
        decode = partial(codecs.decode, as_type=as_type, columns=columns, pickler=self._pickler)
        try:
            value = self._load(ref, place, decode)
        except NotATable as error:
            raise error.stored_by(self._producers.text(ref)) from None
        self._counts.count(hit=value is not MISSING)
        if value is not MISSING:
            return value
        if default is not _RAISE:
            return default
        raise expired(ref, self._producers, self.app, place)

    def _load(self, ref: Ref, place: Backend, decode: Callable[[Buffer], Any]) -> Any:
        key = ref.key
        for _attempt in range(2):
            if ref.name is not None:
                # Read anew on the second attempt: the name may have moved on, and its old content gone.
                named = self._names.look_up(ref.name, place)
                if named is MISSING:
                    return MISSING
                key = named.key
            buffer = place.read(key)
            if buffer is MISSING:
                continue
            try:
                return decode(buffer)
            except CorruptEntry as error:
                logger.warning("enrich.store: entry %s can't be read and counts as missing: %s", key, error)
                place.discard(key)
        return MISSING

    def _as_ref(self, ref: Ref | str) -> Ref:
        if isinstance(ref, Ref):
            return ref
        if not isinstance(ref, str) or not KEY.fullmatch(ref):
            raise StoreConfigError(
                f"{excerpt(ref)} is not a key. Use what put() returned, named() or open()."
            )
        return Ref(ref)

    def describe(self, ref: Ref | str) -> Description:
        """Return a value's kind, schema, rows and size without loading it."""
        ref = self._as_ref(ref)
        _store, place = self._places.find(ref.store)
        found = self._load(ref, place, codecs.describe)
        if found is MISSING:
            raise expired(ref, self._producers, self.app, place)
        description: Description = found
        return description

    def renew(self, ref: Ref | str) -> bool:
        """Let a value count as used now, without loading it; is it there?"""
        ref = self._as_ref(ref)
        _store, place = self._places.find(ref.store)
        key = self._names.key_of(ref, place)
        return bool(key) and place.renew(key)

    def lazy(self, ref: Ref, columns: Sequence[str] | None = None) -> ServersideRef:
        """Return a reference that loads nothing until asked, and then these columns if there are any."""
        return ServersideRef(ref, self.get, self.describe, columns)

    def named(self, name: str, *, backend: str | Backend | None = None) -> Ref:
        """Return the latest value of a name, or raise `HandleExpired`."""
        store, place = self._places.find(backend)
        found = self._names.look_up(name, place)
        ref = Ref("", name, store)
        if found is MISSING:
            raise expired(ref, self._producers, self.app, place)
        return replace(ref, key=found.key, written=found.written, producer_id=found.producer)

    def delete(self, ref: Ref | str) -> bool:
        """Drop a value, or a name with its value, under whatever other names it stands too; was it there?"""
        ref = self._as_ref(ref)
        _store, place = self._places.find(ref.store)
        key = self._names.key_of(ref, place)
        if ref.name is not None:
            self._names.delete(ref.name, place)
        return bool(key) and place.delete(key)

    def sign(self, ref: Ref, *, session: str | None = None) -> str:
        """Return the text that stands for a value in the browser; with a session, only that one can open it."""
        secrets = self._keyring.refreshed()
        handle = Handle(
            key="" if ref.name is not None else ref.key,
            name=None if ref.name is None else stored_name(ref.name),
            store=ref.store,
            app=app_digest(self.app),
            session=None if session is None else session_digests(session, secrets)[0],
            producer=bytes.fromhex(ref.producer_id or self._producers.note(ref.producer)),
            written=int(ref.written or self._clock()),
        )
        return write_handle(handle, self._keyring.signer("handle"))

    def open(self, token: str, *, session: str | None = None) -> Ref:
        """Return what a handle stands for.

        Raises `HandleInvalid` when it was altered or signed with a secret this app doesn't have, `HandleForeign`
        when it is another session's or app's. That the value is gone shows in `get`.
        """

        def read() -> Handle:
            marks = [] if session is None else session_digests(session, self._keyring.secrets)
            return read_handle(token, self._keyring.signer("handle"), app=self.app, sessions=marks)

        handle = self._keyring.trying(read)
        try:
            store, place = self._places.find(handle.store)
        except StoreConfigError as error:
            raise HandleInvalid(f"The handle names a backend that this app no longer has. {error}") from error
        key = handle.key
        if handle.name is not None and (named := self._names.look_up(handle.name, place)) is not MISSING:
            key = named.key  # what the name stands for now
        who = handle.producer.hex()
        return Ref(key, handle.name, store, key[:-32] or None, producer_id=who, written=float(handle.written))

    def sign_text(self, text: str, *, salt: str) -> str:
        """Sign a text of the caller's own, such as a session cookie; `salt` names the purpose."""
        self._keyring.refreshed()
        return self._keyring.signer(f"text.{salt}").sign(text.encode()).decode()

    def unsign_text(self, token: str, *, salt: str) -> str:
        """Return the text that was signed for this purpose, or raise `HandleInvalid`."""
        return self._keyring.unsign_text(token, f"text.{salt}")

    def compute(
        self,
        key: str | bytes,
        function: Callable[[], Any],
        *,
        ttl: float | None = None,
        scope: str | None = None,
        group: str | None = None,
        lock_timeout: float = LOCK_TIMEOUT,
        producer: str | None = None,
        backend: str | Backend | None = None,
        payer: str | None = None,
    ) -> Any:
        """Return a memoized result; of all callers in threads and processes, one runs the function.

        Parameters
        ----------
        key: what the result depends on: a text, such as `make_memoize_key` makes of any values.
        ttl: seconds until it is computed anew; None keeps it while it is used.
        scope: the session the result belongs to; None shares it.
        group: `forget(group=...)` drops all results of one group, such as a function's.
        lock_timeout: seconds to wait for another caller before computing it oneself.
        payer: the session in whose quota a shared result counts if this caller computes it, as for `put`.
        """
        _store, place = self._places.find(backend)
        result = result_of(self.app, key, scope, group, place, self._keyring.secrets)

        def look() -> Any:
            found = result.look_up()
            if found is MISSING:
                return MISSING
            if ttl is not None and not 0 <= self._clock() - found.written <= ttl:
                return MISSING
            return self.get(Ref(found.key, store=_store), default=MISSING)

        def compute() -> Any:
            generation = result.generation()
            value = function()
            try:
                ref = self.put(value, scope=scope, producer=producer, backend=backend, payer=payer)
                result.remember(Named(ref.key, ref.written, ref.producer_id), generation)
            except StoreFullError as error:
                # The result is there, and only remembering it failed.
                logger.warning("enrich.store: a memoized result isn't kept: %s", error)
            return value

        return self._flights.run(place, result.name, look, compute, timeout=lock_timeout)

    def forget(
        self,
        key: str | bytes | None = None,
        *,
        scope: str | None = None,
        group: str | None = None,
        backend: str | Backend | None = None,
    ) -> None:
        """Drop a memoized result, or without `key` all results of a group."""
        place = self._places.find(backend)[1]
        if key is not None:
            result_of(self.app, key, scope, group, place, self._keyring.secrets).forget()
        elif group is not None:
            forget_group(self.app, group, place, self._keyring.secrets)
        else:
            raise StoreConfigError("forget() needs the key of one result, or the group of many.")

    def info(self) -> StoreInfo:
        """Return what is stored and how it fares; looks at every entry."""
        places: tuple[BackendInfo, ...] = tuple(
            describe_backend(name, place) for name, place in self.opened()
        )
        return StoreInfo(self.app, places, self._counts.hits, self._counts.misses)

    def sweep(self) -> Mapping[str, Swept]:
        """Drop what is too old or too much, now, in every backend."""
        return {name: place.sweep() for name, place in self.opened()}

    def clear(self) -> None:
        """Drop all values, names and memoized results; secrets stay, so old handles are recognised as expired."""
        for _name, place in self.opened():
            place.clear()


def _rebuilt(arguments: dict[str, Any]) -> Store:
    return Store(**arguments)

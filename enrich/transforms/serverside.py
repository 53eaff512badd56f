"""Server-side outputs: values that stay on the server, while the browser holds a short signed token."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Generic, TypeVar

from enrich import dash_internals
from enrich.callbacks.call import current_app, current_call
from enrich.callbacks.compile import is_async
from enrich.callbacks.declare import is_serverside
from enrich.callbacks.parameters import innermost, names_in
from enrich.callbacks.spec import CallbackSpec, Program, Slot
from enrich.callbacks.tree import is_branch, map_children
from enrich.dependencies import ServersideOutput
from enrich.errors import (
    DeclarationError,
    EnrichError,
    HandleError,
    MissingTransformError,
    StoreConfigError,
    StoreError,
    UnstorableValueError,
)
from enrich.store import PREFIX, FileSystemBackend, Ref, Store, looks_like_handle
from enrich.store.arguments import check_arguments
from enrich.store.places import chosen, named_backends
from enrich.transforms.annotations import Want, check_wants, read_wanted, with_wants
from enrich.transforms.base import DashTransform
from enrich.transforms.locating import located
from enrich.transforms.memoize import with_memo
from enrich.transforms.missing import check_setting, in_place_of, with_settings_of_outputs
from enrich.transforms.unchanged import held_tokens, stands_for, with_held_tokens

_made = itertools.count()
_last_made = 0


Value = TypeVar("Value")


class Serverside(Generic[Value]):
    """Keep a returned value on the server; the browser gets a short signed token in its place.

    It may stand anywhere in what a callback returns: as an output's whole value, deep in a structure, in a component's
    property, in ``Patch``, in ``set_props``, and in the initial layout. Whoever receives the token as an input receives
    the value. Needs ``ServersideOutputTransform``.

    Parameters
    ----------
    value:
        The value: a DataFrame, an Arrow table, anything the store can carry exactly.
    key:
        A name. The value is then a shared entry of the app that a later one of the same name overwrites, and every
        token for the name, old or new, reads the latest. Default: none.
    backend:
        The name of one of the transform's backends. Default: the transform's default.

    Examples
    --------
    >>> import pandas as pd
    >>> from enrich import Dash, Output, Serverside, Trigger
    >>> app = Dash("doc")
    >>> @app.callback(Output("store", "data"), Trigger("load", "n_clicks"))
    ... def query():
    ...     return Serverside(pd.DataFrame({"value": range(10)}))
    """

    def __init__(self, value: Value, key: str | None = None, backend: Any = None) -> None:
        global _last_made
        _last_made = next(_made) + 1
        self.value = value
        self.key = key
        self.backend = backend

    def __repr__(self) -> str:
        return f"Serverside({type(self.value).__name__})"

    def to_plotly_json(self) -> Any:
        """Store the value where nobody did so earlier: in a layout, or in the result of a plain callback."""
        app = current_app()
        if app is None or not dash_internals.may_be_serving(app):
            raise EnrichError(
                "A Serverside value was serialised outside of a callback or a layout. "
                "Only an app of enrich (Dash, DashProxy) can store it, while it answers a request."
            )
        where = _where(app)
        try:
            return _store(app, self.value, where, key=self.key, backend=self.backend)
        except (TypeError, AttributeError) as error:
            # Dash's JSON encoders take these two for "this object has no JSON", and go on without a word.
            raise StoreError(f"{where}: {self!r} can't be stored: {error!r}") from error


class ServersideOutputTransform(DashTransform):
    """Keep what callbacks return on the server: enables ``ServersideOutput`` and ``Serverside``.

    Parameters
    ----------
    backends:
        Backends by name, or a list of them. Default: files in a private folder of the user's cache directory.
    default_backend:
        The backend, or its name, for outputs that name none. Default: the first.
    session_check:
        Bind tokens to the browser session they were made for. Default ``True``.
    arg_check:
        With ``memoize``: do arguments belong to the key? Default ``True``.
    backend:
        The same as ``default_backend``, for apps that have one backend and so need no ``backends``.
    session_id:
        A function that names the user of the running request, for apps with a login. Default: the app's own cookie.
    cookie_samesite:
        ``"Lax"`` (default), ``"Strict"``, or ``"None"`` for an app that is shown in another site's frame over https.
    on_missing:
        What happens when a value can't be had, as one that is gone: ``"raise"`` (default), ``"prevent_update"``, or a
        function that takes the ``HandleError`` and returns the argument to pass instead.
    **store:
        Settings of ``enrich.store.Store``: ``max_bytes``, ``ttl``, ``allow_pickle``, ``secret``, ...

    Examples
    --------
    >>> import pandas as pd
    >>> from enrich import DashProxy, ServersideOutput, ServersideOutputTransform, Input
    >>> app = DashProxy("doc", transforms=[ServersideOutputTransform(max_bytes=2**30)])
    >>> @app.callback(ServersideOutput("store", "data"), Input("load", "n_clicks"))
    ... def query(_):
    ...     return pd.DataFrame({"value": range(10)})
    """

    after = ("TriggerTransform",)

    def __init__(
        self,
        backends: Any = None,
        default_backend: Any = None,
        session_check: bool = True,
        arg_check: bool = True,
        *,
        backend: Any = None,
        session_id: Callable[[], Any] | None = None,
        cookie_samesite: str = "Lax",
        on_missing: Any = "raise",
        **store: Any,
    ) -> None:
        if isinstance(default_backend, bool):
            # The first generation of older libraries has (backend, session_check, arg_check).
            default_backend, session_check, arg_check = None, default_backend, session_check
        if backends is not None and not isinstance(backends, Iterable | Mapping):
            backends = [backends]
        if default_backend is not None and backend is not None and backend is not default_backend:
            raise StoreConfigError(
                f"ServersideOutputTransform(backend={backend!r}, default_backend={default_backend!r}): these are two "
                "names of one setting. Leave one out, or list both backends in backends=."
            )
        self.backends = backends if backends is None or isinstance(backends, Mapping) else tuple(backends)
        self.default_backend = default_backend if default_backend is not None else backend
        self.named = self._named()
        """The backends of the store by name, the default one first; they are opened with the store."""
        self.session_check = session_check
        self.arg_check = arg_check
        self.session_id = session_id
        self.cookie_samesite = cookie_samesite
        check_setting(on_missing)
        self.on_missing = on_missing
        self.store_settings = store
        check_arguments(store)
        if session_id is not None and (not callable(session_id) or is_async(session_id)):
            raise StoreConfigError(
                f"session_id={session_id!r}: give a function that names the user of a request, and not an async one."
            )
        if cookie_samesite not in ("Lax", "Strict", "None"):
            raise StoreConfigError(
                f"cookie_samesite={cookie_samesite!r} is not one of 'Lax', 'Strict', 'None'."
            )

    @classmethod
    def find(cls, app: Any) -> ServersideOutputTransform | None:
        return next((t for t in app.transforms if isinstance(t, cls)), None)

    @classmethod
    def of(cls, app: Any) -> ServersideOutputTransform:
        """The transform that an app has loaded."""
        found = cls.find(app)
        if found is None:
            raise MissingTransformError(
                f"The app {app.config.name!r} has no ServersideOutputTransform, so it has no store. "
                "Add ServersideOutputTransform() to transforms=, or use enrich.Dash."
            )
        return found

    @property
    def uses_cookie(self) -> bool:
        return self.session_id is None

    def open_store(self, app: Any) -> Store:
        """Open the store for one app."""
        settings = dict(self.store_settings)
        settings |= {"backends": self.backends or (), "backend": next(iter(self.named.values()))}
        settings.setdefault("app", dash_internals.app_identity(app))
        try:
            return Store(server_secret=getattr(app.server, "secret_key", None), **settings)
        except AttributeError as error:
            # It would leave the property app.store, where Python takes it for "there is no such attribute".
            raise StoreConfigError(
                f"The store of app {app.config.name!r} can't be opened: {error}"
            ) from error

    def _named(self) -> dict[str, Any]:
        default = chosen(named_backends(None, self.backends or ()), self.default_backend)
        return named_backends(FileSystemBackend() if default is None else default, self.backends or ())

    def apply(self, program: Program, /) -> Program:
        check_wants(program.callbacks)
        # A late reader is told what the outputs that are served already say.
        if program.is_late or program.says(ServersideOutput, "memoize", "on_missing"):
            program = _without_patches(with_settings_of_outputs(program.map_callbacks(self._rewrite)))
        if HANDLES in program.wires:
            return program
        return program.with_changes(wires=(*program.wires, HANDLES))

    def _rewrite(self, spec: CallbackSpec) -> CallbackSpec:
        kept = [slot for slot in spec.output_slots() if is_serverside(slot)]
        if any(store_output in slot.converts for slot in kept):
            # The transform of the blueprint that it came with has done it.
            return spec
        if kept:
            spec = with_held_tokens(_mark_outputs(spec))
        if "memoize" in spec.flags:
            spec = with_memo(spec, session_check=self.session_check, arg_check=self.arg_check)
        return spec


def _mark_outputs(spec: CallbackSpec) -> CallbackSpec:
    if spec.is_clientside:
        raise DeclarationError(
            f"{spec} runs in the browser and has a ServersideOutput. Only what a server-side callback returns "
            "can stay on the server: use Output."
        )
    return spec.map_slots(
        lambda slot: (
            slot.with_changes(converts=(*slot.converts, store_output)) if is_serverside(slot) else slot
        )
    )


def _without_patches(program: Program) -> Program:
    """Refuse a Patch where another callback has a ServersideOutput: the browser would change the token's letters."""
    tokens = {
        slot.key
        for spec in (*(program.served or ()), *program.callbacks)
        for slot in spec.output_slots()
        if is_serverside(slot)
    }

    def guarded(slot: Slot) -> Slot:
        if slot.role != "output" or slot.key not in tokens or {store_output, refuse_patch} & {*slot.converts}:
            return slot
        return slot.with_changes(converts=(*slot.converts, refuse_patch))

    return program.map_callbacks(lambda spec: spec if spec.is_clientside else spec.map_slots(guarded))


def refuse_patch(value: Any, slot: Slot, spec: CallbackSpec) -> Any:
    """Refuse what would change a part of a token, and return anything else."""
    parts = value if slot.is_for_all and isinstance(value, list | tuple) else (value,)
    if any(map(dash_internals.is_patch, parts)):
        raise UnstorableValueError(
            f"{spec}, output {slot}: a Patch changes what the page holds, which is a token here. Return the whole value."
        )
    return value


def store_output(value: Any, slot: Slot, spec: CallbackSpec) -> Any:
    """Store what a callback returned for a ``ServersideOutput``; each element where the output is for ALL."""
    held = held_tokens(slot, spec)
    if slot.is_for_all and isinstance(value, list | tuple):
        held = held if isinstance(held, list) else []
        return [
            _store_one(part, slot, spec, token)
            for part, token in itertools.zip_longest(value, held[: len(value)])
        ]
    return _store_one(value, slot, spec, held)


def _store_one(value: Any, slot: Slot, spec: CallbackSpec, held: Any) -> Any:
    if value is None or dash_internals.is_no_update(value):
        return value
    if type(value) in (list, tuple) and value and all(map(dash_internals.is_no_update, value)):
        # Apps give as many as they once had outputs, and older libraries kept such a list.
        return dash_internals.NO_UPDATE
    own = slot.marker
    key, backend = None, own.backend
    if isinstance(value, Serverside):
        value, key, backend = value.value, value.key, value.backend or backend
    where = f"{spec}, output {slot}"
    refuse_patch(value, slot, spec)
    return _store(current_app(), value, where, key=key, backend=backend, check=own.session_check, held=held)


def _store(
    app: Any,
    value: Any,
    where: str,
    *,
    key: str | None,
    backend: Any,
    check: bool | None = None,
    held: Any = None,
) -> Any:
    """Store a value; its token, or no_update where the page holds a token for an equal one."""
    settings = ServersideOutputTransform.of(app)
    bound = (settings.session_check if check is None else check) and key is None
    try:
        store = app.store
        session = app._sessions.current() if bound else None
        payer = None if bound else app._sessions.payer()
        ref: Ref = store.put(value, scope=session, name=key, backend=backend, producer=where, payer=payer)
        if key is None and stands_for(held, ref, store, session):
            return dash_internals.NO_UPDATE
        return str(store.sign(ref, session=session))
    except EnrichError as error:
        raise located(error, where) from error.__cause__


def _where(app: Any) -> str:
    """Name what is running: a callback, or the layout."""
    call = current_call.get()
    spec = app._build.spec_of(call.callback_id) if call is not None else None
    return str(spec) if spec is not None else "the layout"


class _Handles:
    """The wire of server-side values: tokens in arguments, Serverside objects in results."""

    mark = PREFIX

    def made(self) -> int:
        return _last_made

    def is_made_by(self, func: Any) -> bool:
        code = getattr(innermost(func), "__code__", None)
        names = getattr(func, "__globals__", {})
        return code is not None and any(
            name == "Serverside" or names.get(name) is Serverside for name in names_in(code)
        )

    def prepare(self, spec: CallbackSpec) -> CallbackSpec:
        return with_wants(spec)

    def load(self, value: Any, slot: Slot, spec: CallbackSpec) -> Any:
        if isinstance(value, str):
            return self._read(value, slot, spec) if looks_like_handle(value) else value
        if isinstance(value, dict):
            return {key: self.load(child, slot, spec) for key, child in value.items()}
        if isinstance(value, list):
            return [self.load(child, slot, spec) for child in value]
        return value

    def _read(self, token: str, slot: Slot, spec: CallbackSpec) -> Any:
        app = current_app()
        settings = ServersideOutputTransform.of(app)
        where = f"{spec}, argument {slot}"
        try:
            ref = app._sessions.opened(token)
            return read_wanted(app.store, ref, slot.want or Want(), where)
        except HandleError as error:
            # A dcc.Store(storage_type="local") keeps tokens longer than the browser its cookies, or the app its secret.
            return in_place_of(located(error, where), slot, spec, settings.on_missing)
        except EnrichError as error:
            raise located(error, where) from error.__cause__

    def dump(self, value: Any, slot: Slot | None, spec: CallbackSpec) -> Any:
        where = f"{spec}, output {slot}" if slot is not None else f"{spec}, set_props"
        return _replace_serverside(value, where)


HANDLES = _Handles()


def _replace_serverside(value: Any, where: str) -> Any:
    """Store every Serverside in a result; nothing of the author's is changed in place."""
    if isinstance(value, Serverside):
        return _store(current_app(), value.value, where, key=value.key, backend=value.backend)
    map_parts = map_children if is_branch(value) else dash_internals.map_component
    return map_parts(lambda part: _replace_serverside(part, where), value)

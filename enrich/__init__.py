"""The layer Dash apps are built on: everything an app needs is imported from here."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import dash
from dash import (
    ALL,
    ALLSMALLER,
    MATCH,
    ClientsideFunction,
    Input,
    Output,
    Patch,
    State,
    callback_context,
    ctx,
    dash_table,
    dcc,
    get_app,
    html,
    no_update,
    page_container,
    page_registry,
    register_page,
    set_props,
)
from dash.exceptions import PreventUpdate

from enrich import exceptions, older
from enrich.app import Dash, DashProxy
from enrich.blueprint import DashBlueprint, register
from enrich.callbacks.spec import CallbackSpec, Program, Slot
from enrich.callbacks.unsendable import UnsendableValueError
from enrich.declarations import callback, clientside_callback
from enrich.dependencies import (
    CycleBreakerInput,
    EnrichedOutput,
    OperatorOutput,
    ServersideOutput,
    Trigger,
)
from enrich.errors import (
    CheckFailed,
    CheckWarning,
    DeclarationError,
    EnrichError,
    GroupError,
    HandleError,
    HandleExpired,
    HandleForeign,
    HandleInvalid,
    LateDeclarationError,
    MissingTransformError,
    SessionError,
    StoreConfigError,
    StoreError,
    StoreFullError,
    StoreNotSharedError,
    StoreUnavailableError,
    TransformError,
    TypedValueError,
    UnknownColumnError,
    UnstorableValueError,
)
from enrich.existing import enrich_app
from enrich.logging import DashLogHandler, DivLogHandler, NotificationsLogHandler
from enrich.older import plotly_jsonify
from enrich.progress import progress_bar
from enrich.store import Columns, ServersideRef
from enrich.transforms import (
    BaseModelTransform,
    BlockingCallbackTransform,
    CycleBreakerTransform,
    DashLogger,
    DashTransform,
    DataclassTransform,
    GroupTransform,
    LoadingTransform,
    LogConfig,
    LogTransform,
    MultiplexerTransform,
    NoOutputTransform,
    Operator,
    OperatorTransform,
    PrefixIdTransform,
    Serverside,
    ServersideOutputTransform,
    Transform,
    TriggerTransform,
    dynamic_prefix,
)
from enrich.transforms.memoize import forget

if TYPE_CHECKING:
    # What the function below hands on, for those who read the code without running it.
    from dash import CeleryManager as CeleryManager
    from dash import DiskcacheManager as DiskcacheManager
    from dash import NoUpdate as NoUpdate
    from dash import __version__ as __version__
    from dash import development as development
    from dash import get_asset_url as get_asset_url
    from dash import get_relative_path as get_relative_path
    from dash import hooks as hooks
    from dash import jupyter_dash as jupyter_dash
    from dash import strip_relative_path as strip_relative_path

    from enrich.store.backends.older import FileSystemStore
    from enrich.store.backends.older import FileSystemStore as FileSystemBackend
    from enrich.store.backends.older import FileSystemStore as FileSystemCache
    from enrich.store.backends.older import ServersideBackend as ServersideBackend
    from enrich.store.backends.older_redis import RedisStore
    from enrich.store.backends.older_redis import RedisStore as RedisBackend
    from enrich.store.backends.older_redis import RedisStore as RedisCache
else:

    def __getattr__(name: str) -> Any:
        """Hand on what dash offers and this package does not replace, so that ``import enrich as dash`` runs an app."""
        if name in older.ON_DEMAND:
            return older.load(name)
        try:
            return getattr(dash, name)
        except AttributeError:
            text = f"module {__name__!r} has no attribute {name!r}"
            raise AttributeError(text, name=name, obj=sys.modules[__name__]) from None


def __dir__() -> list[str]:
    return sorted({*globals(), *older.ON_DEMAND, *dir(dash)})


__all__ = [
    "ALL",
    "ALLSMALLER",
    "MATCH",
    "BaseModelTransform",
    "BlockingCallbackTransform",
    "CallbackSpec",
    "CheckFailed",
    "CheckWarning",
    "ClientsideFunction",
    "Columns",
    "CycleBreakerInput",
    "CycleBreakerTransform",
    "Dash",
    "DashBlueprint",
    "DashLogHandler",
    "DashLogger",
    "DashProxy",
    "DashTransform",
    "DataclassTransform",
    "DeclarationError",
    "DivLogHandler",
    "EnrichError",
    "EnrichedOutput",
    "FileSystemBackend",
    "FileSystemCache",
    "FileSystemStore",
    "GroupError",
    "GroupTransform",
    "HandleError",
    "HandleExpired",
    "HandleForeign",
    "HandleInvalid",
    "Input",
    "LateDeclarationError",
    "LoadingTransform",
    "LogConfig",
    "LogTransform",
    "MissingTransformError",
    "MultiplexerTransform",
    "NoOutputTransform",
    "NotificationsLogHandler",
    "Operator",
    "OperatorOutput",
    "OperatorTransform",
    "Output",
    "Patch",
    "PrefixIdTransform",
    "PreventUpdate",
    "Program",
    "RedisBackend",
    "RedisCache",
    "RedisStore",
    "Serverside",
    "ServersideOutput",
    "ServersideOutputTransform",
    "ServersideRef",
    "SessionError",
    "Slot",
    "State",
    "StoreConfigError",
    "StoreError",
    "StoreFullError",
    "StoreNotSharedError",
    "StoreUnavailableError",
    "Transform",
    "TransformError",
    "Trigger",
    "TriggerTransform",
    "TypedValueError",
    "UnknownColumnError",
    "UnsendableValueError",
    "UnstorableValueError",
    "callback",
    "callback_context",
    "clientside_callback",
    "ctx",
    "dash_table",
    "dcc",
    "dynamic_prefix",
    "enrich_app",
    "exceptions",
    "forget",
    "get_app",
    "html",
    "no_update",
    "page_container",
    "page_registry",
    "plotly_jsonify",
    "progress_bar",
    "register",
    "register_page",
    "set_props",
]

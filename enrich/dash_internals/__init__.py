"""The only room that touches Dash's private names.

``tests/test_dash_internals.py`` is its contract with each supported Dash: a name that moves fails there first.
"""

from dash.exceptions import PreventUpdate

from enrich.dash_internals.context import (
    NO_UPDATE,
    context,
    flatten_result,
    id_text,
    is_no_update,
    map_component,
    map_updated_props,
    member_view,
    prop_ids,
    to_json,
    use_context,
    values,
)
from enrich.dash_internals.recording import (
    Recorder,
    clear_globals,
    hidden_globals,
    record,
    record_globals,
)
from enrich.dash_internals.registration import (
    CALLBACK_OPTIONS,
    add_api,
    declare_callback,
    declare_clientside_callback,
    refuse_dependency,
    refuse_duplicate,
    register,
    register_clientside,
    register_job,
    validate_dependencies,
)
from enrich.dash_internals.serving import (
    app_identity,
    captured_hooks,
    error_handler,
    forget_setup,
    is_websocket,
    is_websocket_path,
    run_before_requests,
    server_kind,
    wires_in_payload,
    wires_in_request,
)

__all__ = [
    "CALLBACK_OPTIONS",
    "NO_UPDATE",
    "PreventUpdate",
    "Recorder",
    "add_api",
    "app_identity",
    "captured_hooks",
    "clear_globals",
    "context",
    "declare_callback",
    "declare_clientside_callback",
    "error_handler",
    "flatten_result",
    "forget_setup",
    "hidden_globals",
    "id_text",
    "is_no_update",
    "is_websocket",
    "is_websocket_path",
    "map_component",
    "map_updated_props",
    "member_view",
    "prop_ids",
    "record",
    "record_globals",
    "refuse_dependency",
    "refuse_duplicate",
    "register",
    "register_clientside",
    "register_job",
    "run_before_requests",
    "server_kind",
    "to_json",
    "use_context",
    "validate_dependencies",
    "values",
    "wires_in_payload",
    "wires_in_request",
]

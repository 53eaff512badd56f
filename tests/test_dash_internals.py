"""The contract of dash_internals with the installed Dash: a private name that moves fails here first."""

import inspect
from importlib.util import find_spec

import dash
import pytest
from dash import ALL, Input, Output, State, _callback, _get_app, _grouping, _utils, _validate, no_update
from dash._callback_context import context_value
from dash.background_callback.managers import BaseBackgroundCallbackManager
from dash.dependencies import DashDependency
from dash.exceptions import BackgroundCallbackError
from versions import DASH, needs_dash

from enrich import dash_internals
from enrich.dash_internals import recording, registration
from enrich.declared import Declarations


def parameters(function):
    return list(inspect.signature(function).parameters)


def test_declarations_end_in_two_functions():
    assert parameters(recording.register_callback_of_dash)[:3] == [
        "callback_list",
        "callback_map",
        "config_prevent_initial_callbacks",
    ]
    assert parameters(recording.register_clientside_callback_of_dash)[:5] == [
        "callback_list",
        "callback_map",
        "config_prevent_initial_callbacks",
        "inline_scripts",
        "clientside_function",
    ]


def test_the_two_functions_are_looked_up_when_a_callback_is_declared():
    assert _callback.register_callback is recording._recording_callback
    assert _callback.register_clientside_callback is recording._recording_clientside_callback
    assert {"callback_list", "callback_map"} <= set(dash_internals.CALLBACK_OPTIONS) | set(
        parameters(_callback.callback)
    ) | {"callback_list", "callback_map"}


def test_what_is_no_json_ends_in_one_function():
    assert _callback._validate.fail_callback_output is registration._fail_callback_output
    assert parameters(registration._fail_callback_output_of_dash) == ["output_value", "output"]


def test_a_callback_is_registered_on_the_lists_that_are_given():
    entries, handlers = [], {}
    decorate = recording.register_callback_of_dash(
        entries, handlers, False, Output("a", "x"), Input("b", "y")
    )

    def double(value):
        return 2 * value

    assert decorate(double) is double
    ((callback_id, back),) = handlers.items()
    (front,) = entries
    assert callback_id == front["output"] == "a.x"
    assert {"inputs", "state", "clientside_function", "prevent_initial_call"} <= set(front)
    assert {
        "inputs",
        "state",
        "outputs_indices",
        "inputs_state_indices",
        "background",
        "output",
        "raw_inputs",
        "manager",
        "no_output",
    } <= set(back)
    assert back["callback"].__wrapped__ is double


def test_the_callback_decorator_takes_its_lists():
    entries, handlers = [], {}
    declare = _callback.callback(
        Output("a", "x"), Input("b", "y"), callback_list=entries, callback_map=handlers
    )
    declare(lambda value: value)
    assert list(handlers) == ["a.x"]


@pytest.mark.parametrize("options", [{}, {"prevent_initial_call": True}, {"on_error": print}])
def test_a_declaration_reaches_the_recorder_of_its_lists_once(options):
    place = Declarations()
    decorate = dash_internals.declare_callback((Output("a", "x"), Input("b", "y")), options, place)
    decorate(lambda value: value)
    ((_, spec),) = place.declared
    assert spec.origin.file == __file__
    assert (spec.prevent_initial_call, dict(spec.options)) == (
        options.get("prevent_initial_call"),
        {name: value for name, value in options.items() if name == "on_error"},
    )


def test_only_background_callbacks_are_checked_for_circles():
    progress = [Output("bar", "value")]
    plain = {"output": Output("a", "x"), "raw_inputs": [Input("bar", "value")], "background": None}
    job = {"output": Output("b", "x"), "raw_inputs": [Input("a", "x")], "background": {"progress": progress}}
    _validate.validate_background_callbacks({"a.x": plain})
    with pytest.raises(BackgroundCallbackError):
        _validate.validate_background_callbacks({"a.x": plain, "b.x": job})


def test_a_clientside_callback_brings_its_script():
    front, _, scripts = dash_internals.register_clientside(
        False,
        "function (n) { return n; }",
        {"output": Output("a", "x"), "inputs": [Input("b", "y")], "state": []},
    )
    name = front["clientside_function"]["function_name"]
    assert f'ns["{name}"] = function (n) {{ return n; }};' in scripts[0]


def test_global_lists_have_their_names():
    assert isinstance(_callback.GLOBAL_CALLBACK_LIST, list)
    assert isinstance(_callback.GLOBAL_CALLBACK_MAP, dict)
    assert isinstance(_callback.GLOBAL_INLINE_SCRIPTS, list)


@needs_dash(3, 4, "publishes functions")
def test_global_api_paths_have_their_name():
    assert isinstance(_callback.GLOBAL_API_PATHS, dict)


@pytest.mark.parametrize(
    "option",
    [
        "background",
        "interval",
        "progress",
        "progress_default",
        "running",
        "cancel",
        "manager",
        "cache_args_to_ignore",
        "cache_ignore_triggered",
        "on_error",
    ],
)
def test_options_of_a_callback_are_known(option):
    assert option in dash_internals.CALLBACK_OPTIONS


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("_prepare_callback", ["self", "g", "body"]),
        ("_layout_value", ["self"]),
        ("_initialize_context", ["self", "body"]),
        ("enable_pages", ["self"]),
        ("init_app", ["self", "app", "kwargs"]),
        ("serve_layout", ["self"]),
    ],
)
def test_an_app_has_the_methods_that_ours_stand_around(method, arguments):
    assert parameters(inspect.unwrap(getattr(dash.Dash, method))) == arguments


@needs_dash(4, 2, "sets up its routes apart")
def test_routes_are_set_up_in_a_method_of_their_own():
    assert parameters(dash.Dash._setup_routes) == ["self"]


def test_an_app_has_the_state_that_is_changed():
    app = dash.Dash(__name__)
    assert app._got_first_request == {"pages": False, "setup_server": False}
    for name in (
        "callback_map",
        "_callback_list",
        "_inline_scripts",
        "_extra_components",
        "_layout",
        "_layout_is_function",
        "validation_layout",
        "_on_error",
        "_use_async",
        "_background_manager",
        "routes",
    ):
        assert hasattr(app, name), name


def test_setup_is_marked_before_it_is_done():
    """Once it isn't, ``forget_setup`` has nothing left to mend."""
    assert parameters(recording._setup_server_of_dash) == ["self"]
    app = dash.Dash(__name__)
    layouts = [dash.html.Div()]
    app.layout = lambda: layouts.pop()
    with pytest.raises(IndexError):
        recording._setup_server_of_dash(app)
    assert app._got_first_request["setup_server"] is (DASH < (4, 5))


def test_a_dependency_refused_by_dash_is_refused_in_its_words():
    with pytest.raises(dash.exceptions.CallbackException):
        dash_internals.refuse_dependency("no dependency")
    assert parameters(_validate.validate_callback)[:3] == ["outputs", "inputs", "state"]


def test_groupings_are_flattened_and_mapped():
    assert _grouping.flatten_grouping({"a": [1, 2]}, {"a": [0, 0]}) == [1, 2]
    assert _grouping.map_grouping(lambda n: n + 1, {"a": [1, 2]}) == {"a": [2, 3]}
    item = _utils.AttributeDict(id="a", property="x")
    _grouping.update_args_group(item, ["a.x"])
    assert item["triggered"] is True


def test_values_of_a_request_are_found():
    items = [{"id": "a", "property": "x", "value": 1}, [{"id": {"i": 1}, "property": "y", "value": 2}]]
    assert _utils.inputs_to_vals(items) == [1, [2]]
    assert _utils.inputs_to_dict(items) == {"a.x": 1, '{"i":1}.y': 2}


def test_the_context_of_a_call_is_a_context_variable_with_attributes():
    before = context_value.get()
    with dash_internals.use_context(_utils.AttributeDict(updated_props={})):
        dash.set_props("a", {"x": 1})
        assert context_value.get().updated_props == {"a": {"x": 1}}
    assert context_value.get() is before


def test_no_update_has_a_kind():
    assert dash_internals.is_no_update(no_update)
    assert dash_internals.is_no_update(type(no_update))
    assert not dash_internals.is_no_update(None)


def test_a_patch_holds_operations_with_parameters():
    patch = dash.Patch()
    patch["a"] = 1
    patch.append(2)
    assert all({"operation", "location", "params"} == set(operation) for operation in patch._operations)


def test_background_functions_are_registered_in_one_place():
    assert parameters(registration._register_job) == ["fn", "progress", "callback_id"]
    assert isinstance(BaseBackgroundCallbackManager.functions, list)
    assert isinstance(BaseBackgroundCallbackManager.managers, list)


def test_dependencies_have_their_fields():
    dependency = State({"i": ALL}, "x")
    assert isinstance(dependency, DashDependency)
    assert (dependency.component_id, dependency.component_property) == ({"i": ALL}, "x")
    assert dependency.component_id_str() == '{"i":["ALL"]}'
    assert Output("a", "x", allow_duplicate=True).allow_duplicate is True


def test_the_handler_of_a_callback_keeps_its_error_handler_in_a_closure():
    """Which is how ``enrich_app`` finds it for callbacks declared before our import."""

    def on_error(error):
        return str(error)

    handlers = {}
    recording.register_callback_of_dash(
        [], handlers, False, Output("a", "x"), Input("b", "y"), on_error=on_error
    )(lambda value: value)
    handler = handlers["a.x"]["callback"]
    assert inspect.getclosurevars(handler).nonlocals["on_error"] is on_error


@needs_dash(3, 2, "has a current app")
def test_the_current_app_is_a_context_variable():
    assert hasattr(_get_app.app_context, "set")


@needs_dash(4, 2, "has backends")
@pytest.mark.parametrize("kind", ["flask", "fastapi", "quart"])
def test_a_backend_has_what_the_layer_stands_on(kind):
    if find_spec(kind) is None:
        pytest.skip(f"{kind} is not installed")
    app = dash.Dash(__name__, backend=kind)
    assert dash_internals.server_kind(app) == kind
    assert callable(app.backend.before_request)
    assert callable(app.backend.request_adapter)
    if kind == "fastapi":
        assert isinstance(app.backend._before_request_funcs, list)
        assert callable(app.server.add_middleware)
    if kind == "quart":
        assert callable(app.server.asgi_app)
        assert callable(app.server.websocket)


@needs_dash(4, 5, "streams")
def test_streams_are_validated_and_marked():
    assert parameters(_callback._validate_stream_callback) == [
        "callback_id",
        "background",
        "kwargs",
        "is_sync_gen",
    ]
    handlers = {}

    async def chunks(value):
        yield value

    recording.register_callback_of_dash([], handlers, False, Output("a", "x"), Input("b", "y"))(chunks)
    assert handlers["a.x"]["stream"] is True

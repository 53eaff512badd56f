"""The startup checks find what can't work, and say nothing where they can't know."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import dash
import pytest
from dash import Input, Output, State, dcc, html
from dash.exceptions import DuplicateIdError
from versions import needs_dash

import enrich
from enrich import (
    ALL,
    ALLSMALLER,
    MATCH,
    CheckFailed,
    CheckWarning,
    DashProxy,
    ServersideOutput,
    Trigger,
    dash_internals,
)
from enrich.diagnostics.checks import find
from enrich.store import MemoryBackend
from enrich.testing import Page
from enrich.transforms import MultiplexerTransform, ServersideOutputTransform, TriggerTransform

needs_async_pages = needs_dash(4, 2, "makes the layouts of pages within a running loop")
LATE_PANEL = html.Div(id="from-a-global")


def make_app(layout: Any = None, **kwargs: Any) -> Any:
    app = enrich.Dash("checked", **kwargs)
    app.layout = layout or html.Div(
        [html.Button(id="button"), dcc.Input(id="name"), html.Div(id="log"), html.Div(id={"row": 1})]
    )
    return app


def codes(app: Any) -> list[str]:
    return [finding.code for finding in find(app)]


def only(app: Any) -> Any:
    (finding,) = find(app)
    return finding


def line_of(text: str) -> int:
    return next(n for n, line in enumerate(Path(__file__).read_text().splitlines(), 1) if text in line)


# --- ids --------------------------------------------------------------------------------------------


def test_an_unknown_state_is_found_at_its_declaration():
    app = make_app()

    inputs = [Input("button", "n_clicks"), State("nmae", "value")]

    @app.callback(Output("log", "children"), inputs)  # here: state
    def save(n, name): ...

    finding = only(app)
    assert (finding.code, finding.callback, finding.severity) == ("unknown-id", "save", "error")
    assert (finding.file, finding.line) == (__file__, line_of("# here: state"))
    assert "a State 'nmae.value', and no layout has 'nmae'. Did you mean 'name'?" in str(finding)


def test_a_callback_whose_only_input_is_nowhere_can_never_run():
    app = make_app()
    app.callback(Output("log", "children"), Input("buton", "n_clicks"))(lambda n: n)
    assert "can never run: no layout has its input 'buton'. Did you mean 'button'?" in str(only(app))


def test_an_id_is_looked_for_under_the_prefix_of_a_blueprint():
    part = enrich.DashBlueprint()
    part.layout = html.Button(id="go")
    app = make_app()
    app.layout = html.Div([html.Div(id="log"), part.embed(app, prefix="section")])
    app.callback(Output("log", "children"), Input("go", "n_clicks"))(lambda n: n)
    assert "no layout has its input 'go'. Did you mean 'section-go'?" in str(only(app))


def test_clientside_callbacks_are_checked_too():
    app = make_app()
    app.clientside_callback("(n) => n", Output("logg", "children"), Input("button", "n_clicks"))
    assert only(app).code == "unknown-id"


@pytest.mark.parametrize(
    "options",
    [{"optional": True}, {"group": "g"}, {"checks": "off"}, {"checks": {"unknown-id": "off"}}],
    ids=str,
)
def test_a_callback_may_ask_not_to_be_told(options: Any):
    if "optional" in options and not _knows_optional():
        pytest.skip("this Dash has no optional=")
    app = make_app()
    app.callback(
        Output("log", "children"), Input("button", "n_clicks"), State("nowhere", "value"), **options
    )(lambda n, v: n)
    assert codes(app) == []


def _knows_optional() -> bool:
    from enrich.dash_internals import CALLBACK_OPTIONS

    return "optional" in CALLBACK_OPTIONS


def test_an_optional_input_may_be_missing():
    app = make_app()
    app.callback(Output("log", "children"), Input("nowhere", "value", allow_optional=True))(lambda v: v)
    assert codes(app) == []


def test_nothing_is_said_of_ids_where_callback_exceptions_are_suppressed():
    app = make_app(suppress_callback_exceptions=True)
    app.callback(Output("late", "children"), Input("later", "value"))(lambda v: v)
    assert codes(app) == []


def test_nothing_is_said_of_ids_without_a_layout():
    app = enrich.Dash("checked")
    app.callback(Output("a", "children"), Input("b", "value"))(lambda v: v)
    assert codes(app) == []


def test_an_id_that_a_callback_adds_is_known():
    app = make_app()
    app.callback(Output("log", "children"), Input("button", "n_clicks"))(lambda n: html.Div(id="added"))
    app.callback(Output("added", "children"), Input("name", "value"))(lambda v: v)
    assert codes(app) == []


def panel() -> Any:
    return {"parts": [html.Div(id="from-a-helper")]}


def numbered(n: int) -> Any:
    return html.Div(id=f"numbered-{n}")


@pytest.mark.parametrize(
    ("make", "added"),
    [
        (lambda n: panel(), "from-a-helper"),
        (lambda n: LATE_PANEL, "from-a-global"),
        (lambda n: numbered(n), "numbered-3"),
        (lambda n: html.Div(id="-".join(["item", str(n)])), "item-2"),
    ],
    ids=["a helper", "a global component", "an f-string", "join"],
)
def test_an_id_may_come_from_what_a_callback_calls(make: Any, added: str):
    app = make_app()
    app.callback(Output("log", "children"), Input("button", "n_clicks"))(make)
    app.callback(Output(added, "children"), Input("name", "value"))(lambda v: v)
    assert codes(app) == []


def test_ids_of_patterns_may_come_later():
    app = make_app()
    app.callback(Output({"kind": MATCH}, "children"), Input({"kind": MATCH}, "n_clicks"))(lambda n: n)
    app.callback(Output({"other": ALL}, "children"), Input({"other": ALL}, "n_clicks"))(lambda n: n)
    assert codes(app) == []


def test_a_layout_that_is_a_function_is_known_as_dash_knows_it():
    app = make_app(lambda: html.Div([html.Div(id="log"), dcc.Input(id="name")]))
    app.callback(Output("log", "children"), Input("nmae", "value"))(lambda v: v)
    assert "Did you mean 'name'?" in str(only(app))


def test_a_layout_that_is_a_function_may_give_other_ids_to_others():
    shown: list[str] = []

    def layout() -> Any:
        return html.Div(
            [html.Div(id="log"), dcc.Input(id="for-admins") if shown else dcc.Input(id="for-all")]
        )

    app = make_app(layout)
    app.callback(Output("log", "children"), Input("for-admins", "value"))(lambda v: v)
    assert codes(app) == []


def test_a_hook_may_add_to_the_layout():
    app = make_app()
    app.callback(Output("added", "children"), Input("button", "n_clicks"))(lambda n: n)
    assert codes(app) == ["unknown-id"]
    dash.hooks.layout()(lambda layout: html.Div([layout, html.Div(id="added")]))
    assert codes(app) == []


def test_components_in_properties_are_found():
    app = make_app(html.Div([dcc.Loading(html.Div(id="in"), custom_spinner=html.Div(id="spinner"))]))
    app.callback(Output("spinner", "children"), Input("in", "n_clicks"))(lambda v: v)
    assert codes(app) == []


def test_a_validation_layout_adds_what_comes_later():
    app = make_app()
    app.validation_layout = html.Div([app.layout, html.Div(id="later")])
    app.callback(Output("later", "children"), Input("button", "n_clicks"))(lambda v: v)
    assert codes(app) == []


# --- properties -------------------------------------------------------------------------------------


def test_a_property_that_a_component_lacks_is_found():
    app = make_app()
    app.callback(Output("log", "childern"), Input("button", "n_clicks"))(lambda n: n)
    assert "an Output 'log.childern', and 'log' is a html.Div, which has no property 'childern'. Did you mean 'children'?" in str(only(app))  # fmt: skip


def test_a_property_is_checked_where_ids_are_not():
    app = make_app(suppress_callback_exceptions=True)
    app.callback(Output("log", "value"), Input("button", "n_clicks"))(lambda n: n)
    assert codes(app) == ["unknown-property"]


def test_properties_of_patterns_are_checked_on_what_fits():
    app = make_app()
    app.callback(Output({"row": ALL}, "value"), Input("button", "n_clicks"))(lambda n: [n])
    assert codes(app) == ["unknown-property"]


def test_data_and_aria_attributes_are_properties():
    app = make_app()
    app.callback(Output("log", "data-x"), Output("log", "aria-label"), Input("button", "n_clicks"))(
        lambda n: (n, n)
    )
    assert codes(app) == []


# --- cycles and outputs -----------------------------------------------------------------------------


def test_a_cycle_is_shown_with_its_whole_path():
    app = make_app()

    @app.callback(Output("log", "children"), Input("name", "value"))
    def first(v): ...

    @app.callback(Output("button", "children"), Input("log", "children"))
    def second(v): ...

    @app.callback(Output("name", "value"), Input("button", "children"))
    def third(v): ...

    text = str(only(app))
    assert "first -> log.children -> second -> button.children -> third -> name.value -> first" in text
    assert f"callback 'third' ({__file__}:" in text


def test_a_callback_may_write_its_own_input():
    app = make_app()
    app.callback(Output("name", "value"), Input("name", "value"))(lambda v: v)
    assert codes(app) == []


def test_a_cycle_that_is_broken_is_none():
    app = make_app()
    app.callback(Output("log", "title"), Input("name", "value"))(lambda v: v)
    app.callback(Output("name", "value"), enrich.CycleBreakerInput("log", "title"))(lambda v: v)
    assert codes(app) == []


def test_rows_that_follow_each_other_are_no_cycle():
    app = make_app()
    app.callback(
        Output({"row": MATCH}, "title"),
        Input({"row": ALLSMALLER}, "title"),
        Input({"row": MATCH}, "n_clicks"),
    )(lambda titles, n: n)
    app.callback(Output({"row": MATCH}, "n_clicks"), Input({"row": MATCH}, "hidden"))(lambda t: 1)
    assert codes(app) == []


def test_an_output_that_two_callbacks_claim_is_found():
    app = DashProxy("checked")
    app.layout = make_app().layout
    app.callback(Output("log", "children"), Input("button", "n_clicks"))(lambda n: n)
    app.callback(Output("log", "children"), Input("name", "value"))(lambda v: v)
    assert codes(app) == ["duplicate-output"]
    shared = DashProxy("checked", transforms=[MultiplexerTransform()])
    shared.layout = make_app().layout
    shared.callback(Output("log", "children"), Input("button", "n_clicks"))(lambda n: n)
    shared.callback(Output("log", "children"), Input("name", "value"))(lambda v: v)
    assert codes(shared) == []


def test_overlapping_patterns_claim_the_same_output():
    app = DashProxy("checked")
    app.layout = make_app().layout
    app.callback(Output({"row": ALL}, "title"), Input("button", "n_clicks"))(lambda n: [n])
    app.callback(Output({"row": 1}, "title"), Input("name", "value"))(lambda v: v)
    assert codes(app) == ["duplicate-output"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Output("log", "children"), Output("log", "children")),
        (Output({"row": ALL}, "title"), Output({"row": 1}, "title")),
    ],
    ids=str,
)
@pytest.mark.parametrize("is_shared", [False, True], ids=["alone", "shared"])
def test_an_output_that_a_callback_has_twice_is_found(one: Output, other: Output, is_shared: bool):
    app = make_app()
    if is_shared:
        app.callback(one, Input("name", "value"))(lambda v: v)
    app.callback(one, other, Input("button", "n_clicks"))(lambda n: (n, n))  # here: twice
    finding = only(app)
    assert (finding.code, finding.line) == ("duplicate-output", line_of("# here: twice"))
    assert "has two outputs for one property, '" in finding.text
    assert finding.text.endswith("runs no callback of the app. Remove one of the two.")


def test_outputs_that_differ_or_are_marked_are_not_the_same():
    app = make_app(prevent_initial_callbacks=True)
    app.callback(
        Output("log", "children"),
        Output("log", "children", allow_duplicate=True),
        Input("button", "n_clicks"),
    )(lambda n: (n, n))
    app.callback(Output({"row": 1}, "title"), Output({"row": 2}, "title"), Input("button", "n_clicks"))(
        lambda n: (n, n)
    )
    app.callback(Output({"row": ALL}, "title"), Input("name", "value"), group="g")(lambda v: [v])
    app.callback(Output({"row": 1}, "title"), Input("name", "n_blur"), group="g")(lambda v: v)
    assert codes(app) == []


def test_callbacks_that_replace_each_other_are_found_with_both_places():
    app = DashProxy("checked")
    app.layout = make_app().layout
    app.callback(Output("log", "children"), Input("button", "n_clicks"))(lambda n: n)
    app.callback(Output("log", "children"), Input("button", "n_clicks"))(lambda n: n)
    finding = only(app)
    assert finding.code == "replaced"
    assert __file__ in finding.text
    assert finding.file == __file__


def test_callbacks_without_outputs_replace_each_other_too():
    app = DashProxy("checked")
    app.layout = make_app().layout
    for _ in range(2):
        app.callback(Input("button", "n_clicks"))(lambda n: None)
    assert codes(app) == ["replaced"]


def test_an_app_that_cannot_be_built_is_said_to_be_so():
    app = make_app()
    app.callback(Output("log", "children"), Input("button", "n_clicks"), group="g")(lambda n: n)
    app.clientside_callback("(n) => n", Output("log", "title"), Input("button", "n_clicks"), group="g")
    assert "not-buildable" in codes(app)


# --- wildcards --------------------------------------------------------------------------------------

CELLS = html.Div(
    [html.Div(id={"row": 1}), html.Div(id={"row": 1, "column": 1}), html.Button(id="b"), html.Div(id="o")]
)
LOG, CLICKS = Output("o", "children"), Input("b", "n_clicks")
ROW = Output({"row": MATCH}, "title")
CELL = Output({"row": MATCH, "column": MATCH}, "title")


@pytest.mark.parametrize(
    ("slots", "said"),
    [
        (
            [ROW, CELL, Input({"row": MATCH}, "n_clicks")],
            "has MATCH on 'row' in its Output '{row: MATCH}.title', and on 'column' and 'row' in "
            "'{column: MATCH, row: MATCH}.title'. The browser refuses that, and then runs no callback of the app. "
            "Give all its outputs MATCH on the same keys.",
        ),
        ([LOG, ROW, CLICKS], "has MATCH on nothing in its Output 'o.children', and on 'row'"),
        (
            [ROW, Input({"row": MATCH, "column": MATCH}, "n_clicks")],
            "has MATCH on 'column' in an Input '{column: MATCH, row: MATCH}.n_clicks', and no output has MATCH there.",
        ),
        ([ROW, CLICKS, State({"column": MATCH, "row": 1}, "n_clicks")], "has MATCH on 'column' in a State"),
        ([LOG, Input({"row": ALLSMALLER}, "n_clicks")], "has ALLSMALLER on 'row' in an Input"),
        (
            [ROW, CLICKS, State({"row": MATCH, "column": ALLSMALLER}, "title")],
            "has ALLSMALLER on 'column' in a",
        ),
        (
            [Input({"row": ALLSMALLER}, "title"), Input({"row": MATCH}, "n_clicks")],
            "has ALLSMALLER on 'row' in an",
        ),
        ([Output({"row": ALLSMALLER}, "title"), CLICKS], "Use MATCH or ALL there."),
    ],
    ids=lambda value: value[:60] if isinstance(value, str) else "",
)
@pytest.mark.parametrize("is_clientside", [False, True], ids=["server", "clientside"])
def test_wildcards_that_the_browser_refuses_are_found(slots: list[Any], said: str, is_clientside: bool):
    app = make_app(CELLS)
    if is_clientside:
        app.clientside_callback("() => 1", *slots)  # here: clientside
    else:
        app.callback(*slots)(lambda *args: args)  # here: server
    finding = only(app)
    line = line_of("# here: clientside" if is_clientside else "# here: server")
    assert (finding.code, finding.file, finding.line) == ("wildcards", __file__, line)
    assert said in finding.text


@pytest.mark.parametrize(
    "slots",
    [
        [ROW, Input({"row": MATCH}, "n_clicks"), State({"row": ALLSMALLER}, "title")],
        [CELL, Input({"row": MATCH, "column": ALLSMALLER}, "title"), Input({"row": MATCH}, "n_clicks")],
        [ROW, Output({"row": MATCH, "column": ALL}, "title"), CLICKS],
        [Output({"row": ALL}, "title"), LOG, Input({"row": ALL}, "n_clicks")],
        [Input({"row": ALL}, "title"), CLICKS],
    ],
    ids=["smaller", "some keys", "ALL beside MATCH", "ALL", "no outputs"],
)
def test_wildcards_that_the_browser_takes_are_left_alone(slots: list[Any]):
    app = make_app(CELLS)
    app.callback(*slots)(lambda *args: args)
    assert codes(app) == []


@pytest.mark.parametrize("outputs", [[LOG], []], ids=["an output", "none"])
@pytest.mark.parametrize(("may_stand_alone", "expected"), [(True, []), (False, ["wildcards"])], ids=str)
def test_a_match_without_any_in_the_outputs_is_new(
    outputs: list[Output], may_stand_alone: bool, expected: list[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(dash_internals, "MATCH_MAY_STAND_ALONE", may_stand_alone)
    app = make_app(CELLS)
    app.callback(*outputs, Input({"row": MATCH}, "n_clicks"))(lambda n: n)
    assert codes(app) == expected


def test_members_of_a_group_have_their_wildcards_checked():
    app = make_app(CELLS)
    app.callback(LOG, CLICKS, group="g")(lambda n: n)
    app.callback(LOG, Input({"row": ALLSMALLER}, "n_clicks"), group="g")(lambda n: n)  # here: member
    # This one has no output, and that of the other binds its row.
    app.callback(ROW, Input({"row": MATCH}, "n_clicks"), group="rows")(lambda n: n)
    app.callback(Input({"row": ALLSMALLER}, "title"), group="rows")(lambda titles: None)
    finding = only(app)
    assert (finding.code, finding.line) == ("wildcards", line_of("# here: member"))


# --- ids that the layout has twice ------------------------------------------------------------------


@pytest.mark.parametrize("repeated", ["log", {"row": 1}], ids=str)
def test_an_id_that_the_layout_has_twice_is_found(repeated: Any):
    app = make_app([html.Div([html.Div(id=repeated), dcc.Input(id="name")]), "text", dcc.Input(id=repeated)])
    finding = only(app)
    assert (finding.code, finding.callback) == ("duplicate-id", "")
    assert "on 2 components of its layout, a html.Div and a dcc.Input. Dash refuses to serve that." in str(
        finding
    )
    # As Dash has it.
    with pytest.raises(DuplicateIdError):
        app._setup_server()


def test_a_layout_that_is_looked_at_twice_repeats_no_id():
    app = make_app(lambda: html.Div([html.Div(id="log"), html.Div()]))
    app.callback(Output("log", "children"), Input("log", "n_clicks"))(lambda n: n)
    assert codes(app) == []
    app = make_app()
    app.validation_layout = html.Div([app.layout, html.Div(id="log")])
    assert codes(app) == []


@pytest.mark.parametrize(
    ("inputs", "func"),
    [
        ([Input("button", "n_clicks")], lambda n: n),
        ([Input("button", "n_clicks"), Trigger("name", "value")], lambda n: n),
    ],
    ids=["equal inputs", "a trigger"],
)
def test_a_group_that_cannot_be_joined_is_all_that_is_said_of_it(
    inputs: list[Any], func: Any, tmp_path: Path
):
    diskcache = pytest.importorskip("diskcache")
    app = make_app(background_callback_manager=dash.DiskcacheManager(diskcache.Cache(str(tmp_path))))
    app.callback(Output("log", "children"), *inputs, group="g")(func)
    app.callback(Output("log", "children"), *inputs, group="g", background=True)(func)
    # Two that write each other's inputs: only the transform that breaks the cycle tells them from a circle.
    app.callback(Output("log", "title"), Input("name", "value"))(func)
    app.callback(Output("name", "value"), enrich.CycleBreakerInput("log", "title"))(func)
    assert "has background=True" in only(app).text
    assert codes(app) == ["not-buildable"]


# --- functions --------------------------------------------------------------------------------------


def test_a_function_with_too_few_parameters_is_found():
    app = make_app()
    app.callback(Output("log", "children"), Input("button", "n_clicks"), State("name", "value"))(lambda n: n)
    finding = only(app)
    assert finding.code == "signature"
    assert "takes (n), and its declaration passes 2 arguments (button.n_clicks, name.value)" in finding.text


@pytest.mark.parametrize(
    ("inputs", "func"),
    [
        ([Trigger("button", "n_clicks"), Input("name", "value")], lambda v: v),
        ([Input("name", "value")], lambda v, extra=1: v),
        ([Input("name", "value")], lambda *args: args),
        ([Trigger("button", "n_clicks")], lambda: 1),
        (
            [[Input("name", "value"), Trigger("button", "n_clicks")], Input("name", "n_submit")],
            lambda a, b: a,
        ),
        ({"a": Input("name", "value"), "t": Trigger("button", "n_clicks")}, lambda a: a),
        ({"a": Input("name", "value")}, lambda **kwargs: kwargs),
    ],
)
def test_a_function_that_takes_its_arguments_is_left_alone(inputs: Any, func: Any):
    app = make_app()
    app.callback(output=Output("log", "children"), inputs=inputs)(func)
    assert codes(app) == []


def test_a_keyword_that_a_function_lacks_is_found():
    app = make_app()
    app.callback(output=Output("log", "children"), inputs={"name": Input("name", "value")})(lambda nmae: nmae)
    assert codes(app) == ["signature"]


def test_what_a_decorator_adds_is_not_counted():
    import functools

    def with_user(func: Any) -> Any:
        @functools.wraps(func)
        def run(*args: Any) -> Any:
            return func("user", *args)

        return run

    app = make_app()
    app.callback(Output("log", "children"), Input("name", "value"))(with_user(lambda user, value: value))
    app.callback(Output("log", "title"), Input("name", "value"), log=True)(lambda value, logger: value)
    assert codes(app) == []


@pytest.mark.parametrize(
    ("func", "said"),
    [
        (lambda value: value, "passes 2 arguments (name.value, dash_logger)"),
        (lambda dash_logger: 1, "passes 1 argument and the keywords dash_logger (name.value, dash_logger)"),
        (lambda value, other, dash_logger: 1, "missing a required argument: 'other'"),
    ],
)
def test_a_function_is_told_that_log_passes_it_a_logger(func: Any, said: str):
    app = make_app()
    app.callback(Output("log", "title"), Input("name", "value"), log=True)(func)
    finding = only(app)
    assert finding.code == "signature"
    assert said in finding.text


def test_members_of_a_group_are_checked_one_by_one():
    app = make_app()
    app.callback(Output("log", "children"), Input("button", "n_clicks"), group="g")(lambda: 1)
    app.callback(Output("log", "title"), Input("name", "value"), group="g")(lambda v: 1)
    assert codes(app) == ["signature"]


def test_an_async_callback_needs_an_app_that_runs_them():
    app = make_app(use_async=False)

    @app.callback(Output("log", "children"), Input("button", "n_clicks"))
    async def load(n): ...

    assert codes(app) == ["async-extra"]


def test_a_background_callback_needs_a_store_that_its_process_sees(tmp_path: Path):
    diskcache = pytest.importorskip("diskcache")
    manager = dash.DiskcacheManager(diskcache.Cache(str(tmp_path)))
    for backend, expected in ((MemoryBackend(), ["unshared-store"]), (None, [])):
        app = make_app(
            transforms=[ServersideOutputTransform(backends=[backend] if backend else None)],
            background_callback_manager=manager,
        )
        app.callback(
            ServersideOutput("log", "children"), Input("button", "n_clicks"), background=True, manager=manager
        )(lambda n: n)
        assert codes(app) == expected


def test_a_near_miss_of_an_option_is_warned_of_once():
    app = make_app()
    with pytest.warns(UserWarning, match="Did you mean 'progress_default'") as told:
        app.callback(Output("log", "children"), Input("button", "n_clicks"), progess_default=1)(lambda n: n)
    assert [(w.filename, w.lineno) for w in told] == [(__file__, line_of("progess_default=1)"))]
    assert codes(app) == ["misspelt-option"]
    # It had its warning, so the first request is quiet.
    assert app.server.test_client().get("/").status_code == 200


# --- when and how it is told ------------------------------------------------------------------------


def broken(**kwargs: Any) -> Any:
    app = make_app(**kwargs)
    app.callback(Output("log", "childern"), Input("button", "n_clicks"))(lambda n: n)  # here: broken
    app.callback(Output("log", "titel"), Input("name", "valeu"))(lambda n: n)
    return app


def test_one_warning_lists_all_findings_at_the_first_request():
    app = broken(checks="warn")
    client = app.server.test_client()
    with pytest.warns(CheckWarning) as told:
        [client.get(path) for path in ("/", "/_dash-layout")]
    (warning,) = told
    assert str(warning.message).count("[unknown-property]") == 3
    assert (warning.filename, warning.lineno) == (__file__, line_of("# here: broken"))


def test_a_worker_of_another_server_is_not_checked_unless_it_asks_for_it():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert broken().server.test_client().get("/").status_code == 200


def test_a_page_of_a_test_is_checked_and_says_it_once():
    app = broken()
    with pytest.warns(CheckWarning, match="3 findings") as told:
        Page(app)
    assert [(w.filename, w.lineno) for w in told] == [(__file__, line_of("# here: broken"))]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Page(app)
        Page(broken(checks="off"))


def test_with_the_dev_tools_on_the_first_request_is_checked():
    app = broken()
    app.enable_dev_tools(debug=True, dev_tools_hot_reload=False)
    with pytest.warns(CheckWarning):
        app.server.test_client().get("/")


def test_an_app_may_ask_for_errors():
    app = broken(checks="error")
    client = app.server.test_client()
    for _ in range(2):
        app.server.config["PROPAGATE_EXCEPTIONS"] = True
        with pytest.raises(CheckFailed, match="3 findings"):
            client.get("/")


@pytest.mark.parametrize("checks", ["off", {"unknown-property": "off"}], ids=str)
def test_an_app_may_switch_checks_off(checks: Any):
    assert broken(checks=checks).server.test_client().get("/").status_code == 200


def test_a_callback_may_be_stricter_than_its_app():
    app = make_app(checks={"unknown-property": "off"})
    app.callback(
        Output("log", "childern"), Input("button", "n_clicks"), checks={"unknown-property": "error"}
    )(lambda n: n)
    app.server.config["PROPAGATE_EXCEPTIONS"] = True
    with pytest.raises(CheckFailed):
        app.server.test_client().get("/")


@pytest.mark.parametrize("checks", ["loud", {"unknown-idd": "off"}, {"cycle": "never"}, 3], ids=str)
def test_a_setting_that_says_nothing_is_refused(checks: Any):
    with pytest.raises(enrich.DeclarationError, match="checks=|Give 'error'"):
        find(broken(checks=checks))


def test_a_plain_app_that_is_enriched_is_checked():
    app = dash.Dash("plain")
    app.layout = html.Div([html.Div(id="log"), html.Button(id="button")])
    app.callback(Output("log", "titel"), Input("button", "n_clicks"))(lambda n: n)
    with pytest.warns(CheckWarning, match="Did you mean 'title'"):
        enrich.enrich_app(app, checks="warn").server.test_client().get("/")


def test_an_app_that_is_enriched_may_switch_checks_off():
    app = dash.Dash("plain")
    app.layout = html.Div(id="log")
    app.callback(Output("log", "titel"), Input("log", "n_clicks"))(lambda n: n)
    assert enrich.enrich_app(app, checks="off").server.test_client().get("/").status_code == 200


def test_app_run_checks_before_it_serves(monkeypatch: pytest.MonkeyPatch):
    app = broken(checks="error")
    with pytest.raises(CheckFailed):
        app.run(port=0)


def test_triggers_are_checked_like_inputs():
    app = DashProxy("checked", transforms=[TriggerTransform()])
    app.layout = make_app().layout
    app.callback(Output("log", "children"), Trigger("buton", "n_clicks"))(lambda: 1)
    assert codes(app) == ["never-runs"]


def test_checks_that_stumble_do_not_stop_the_app(monkeypatch: pytest.MonkeyPatch, caplog: Any):
    from enrich.diagnostics import checks

    def stumble(*_args: Any) -> Any:
        raise KeyError("a bug")

    monkeypatch.setattr(checks, "check_cycles", stumble)
    with warnings.catch_warnings():
        assert make_app(checks="warn").server.test_client().get("/").status_code == 200
    assert "The startup checks failed" in caplog.text


# --- pages ------------------------------------------------------------------------------------------


def paged(**layouts: Any) -> Any:
    app = enrich.Dash("checked", use_pages=True, pages_folder="", checks="warn")
    for name, layout in layouts.items():
        dash.register_page(name, path=f"/{name}", layout=layout)
    app.layout = html.Div([html.Div(id="log"), dash.page_container])
    return app


def test_ids_of_all_pages_are_known():
    app = paged(one=lambda **_: html.Div(id="a"), two=html.Div(id="b"))
    app.callback(Output("log", "children"), Input("a", "n_clicks"))(lambda n: n)
    app.callback(Output("log", "title"), Input("b", "n_clicks"))(lambda n: n)
    assert codes(app) == []
    assert app.server.test_client().get("/").status_code == 200
    assert codes(app) == []


def test_inputs_on_two_pages_can_never_run():
    app = paged(one=html.Div(id="a"), two=lambda **_: html.Div(id="b"))
    app.callback(Output("log", "children"), Input("a", "n_clicks"), Input("b", "n_clicks"))(lambda a, b: a)
    told = "its inputs are on different pages, 'a.n_clicks' on /one, 'b.n_clicks' on /two"
    with pytest.warns(CheckWarning, match=told):
        app.server.test_client().get("/")


@needs_async_pages
def test_an_id_that_no_page_has_is_found_once_the_pages_are_known():
    app = paged(one=lambda **_: html.Div(id="summary"))
    app.callback(Output("log", "children"), Input("sumary", "n_clicks"))(lambda a: a)
    assert codes(app) == []
    with pytest.warns(CheckWarning, match="Did you mean 'summary'"):
        app.server.test_client().get("/")

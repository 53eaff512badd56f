"""Server-side outputs: values stay on the server, and every callback receives them as they were."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import dash
import flask
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pages import CLICK, layout, pattern

from enrich import (
    ALL,
    MATCH,
    Dash,
    DashProxy,
    DeclarationError,
    GroupTransform,
    HandleExpired,
    HandleForeign,
    HandleInvalid,
    Input,
    Output,
    Patch,
    Serverside,
    ServersideOutput,
    ServersideOutputTransform,
    SessionError,
    State,
    StoreConfigError,
    Trigger,
    TriggerTransform,
    UnstorableValueError,
    ctx,
    dcc,
    html,
    no_update,
)
from enrich.page import CallbackFailed, Page
from enrich.store import FileSystemBackend, MemoryBackend

MARK = "~enrich1~"


def proxy(*args: Any, **kwargs: Any) -> DashProxy:
    transforms = [ServersideOutputTransform(), TriggerTransform(), GroupTransform()]
    return DashProxy(*args, transforms=transforms, **kwargs)


def store_layout() -> html.Div:
    stores = [dcc.Store(id={"store": row}) for row in range(3)]
    return html.Div([layout(), dcc.Store(id="store"), dcc.Store(id="other"), *stores])


@pytest.fixture(params=[Dash, proxy], ids=["Dash", "DashProxy"])
def app(request: pytest.FixtureRequest) -> Any:
    made = request.param("app", prevent_initial_callbacks=True)
    made.layout = store_layout()
    return made


def frame(rows: int = 10) -> pd.DataFrame:
    return pd.DataFrame({"value": range(rows), "name": [f"n{i}" for i in range(rows)]})


def reader(app: Any, kind: Any = lambda func: func) -> list[Any]:
    """A callback that notes what it gets for the store."""
    seen: list[Any] = []

    def read(value: Any) -> str:
        seen.append(value)
        return type(value).__name__

    app.callback(Output("x", "title"), Input("store", "data"))(kind(read))
    return seen


def is_handle(text: Any) -> bool:
    return isinstance(text, str) and text.startswith(MARK) and len(text) < 300


SPELLINGS = {
    "ServersideOutput": (ServersideOutput, lambda value: value),
    "Serverside": (Output, Serverside),
    "both": (ServersideOutput, Serverside),
}


@pytest.fixture(params=SPELLINGS)
def spelling(request: pytest.FixtureRequest) -> Any:
    return SPELLINGS[request.param]


def test_a_frame_stays_on_the_server(app: Any, callback: Any, kind: Any, spelling: Any):
    output, wrap = spelling
    callback(output("store", "data"), Trigger("a", "n_clicks"))(kind(lambda: wrap(frame(1000))))
    seen = reader(app, kind)
    page = Page(app)
    page.act(CLICK)
    assert is_handle(page["store.data"])
    pd.testing.assert_frame_equal(seen[0], frame(1000))
    assert max(request.received for request in page.requests) < 600
    assert max(request.sent for request in page.requests) < 600


def test_dict_outputs_and_lists_of_one(app: Any, callback: Any, kind: Any, spelling: Any):
    output, wrap = spelling
    callback(
        output={"s": [output("store", "data")], "y": Output("y", "title")},
        inputs={"n": Input("a", "n_clicks")},
    )(kind(lambda n: {"s": [wrap(frame())], "y": "plain"}))
    callback([output("other", "data")], [Input("a", "n_clicks")])(kind(lambda n: wrap(frame(3))))
    seen = reader(app)
    page = Page(app)
    page.act(CLICK)
    assert is_handle(page["store.data"])
    assert is_handle(page["other.data"])
    assert page["y.title"] == "plain"
    pd.testing.assert_frame_equal(seen[0], frame())


@pytest.mark.parametrize(
    "value",
    [
        5,
        1.5,
        "text",
        True,
        [1, "two", None, [3.5]],
        {"a": [1, {"b": None}]},
        {},
        [],
        "",
        "x" * 100_000,
    ],
    ids=lambda value: str(value)[:20],
)
def test_json_values_come_back_as_they_were(app: Any, value: Any):
    app.callback(ServersideOutput("store", "data"), Input("a", "n_clicks"))(lambda n: value)
    seen = reader(app)
    page = Page(app)
    page.act(CLICK)
    assert is_handle(page["store.data"])
    assert seen == [value]
    assert type(seen[0]) is type(value)


def test_arrow_tables_and_arrays_come_back_as_they_were(app: Any):
    table = pa.table({"a": [1, 2, None], "b": ["x", None, "z"]})
    array = np.arange(12.0).reshape(3, 4)
    app.callback(
        ServersideOutput("store", "data"), ServersideOutput("other", "data"), Input("a", "n_clicks")
    )(lambda n: (table, array))
    seen: list[Any] = []
    app.callback(Output("x", "title"), Input("store", "data"), State("other", "data"))(
        lambda *values: seen.extend(values) or "read"
    )
    Page(app).act(CLICK)
    assert isinstance(seen[0], pa.Table)
    assert seen[0].equals(table)
    np.testing.assert_array_equal(seen[1], array)


FRAMES = {
    "index and dtypes": pd.DataFrame(
        {
            "i": pd.array([1, None, 3], dtype="Int64"),
            "c": pd.Categorical(["a", "b", "a"]),
            "b": [True, False, True],
        },
        index=pd.Index(["x", "y", "z"], name="key"),
    ),
    "times": pd.DataFrame({"t": pd.date_range("2024-01-01", periods=3, tz="Europe/Berlin")}).set_index(
        "t", drop=False
    ),
    "no rows": pd.DataFrame({"a": pd.Series([], dtype="float64")}),
    "no columns": pd.DataFrame(index=range(3)),
    "numbers for names": pd.DataFrame([[1, 2], [3, 4]]),
    "levels": pd.DataFrame(
        [[1, 2], [3, 4]],
        columns=pd.MultiIndex.from_tuples([("a", 1), ("b", 2)]),
        index=pd.MultiIndex.from_tuples([("x", 1), ("y", 2)], names=["l", "m"]),
    ),
    "a frame with missing values": pd.DataFrame({"f": [1.0, np.nan, np.inf], "s": ["a", None, "c"]}),
}


@pytest.mark.parametrize("name", FRAMES)
def test_frames_come_back_exactly(name: str):
    app = Dash("app", prevent_initial_callbacks=True)
    app.layout = store_layout()
    app.callback(ServersideOutput("store", "data"), Input("a", "n_clicks"))(lambda n: FRAMES[name])
    seen = reader(app)
    Page(app).act(CLICK)
    pd.testing.assert_frame_equal(seen[0], FRAMES[name])


def test_no_update_and_none_stay_what_they_are(app: Any, kind: Any, spelling: Any):
    output, _ = spelling
    results = iter([no_update, None])
    app.callback(output("store", "data"), Output("y", "title"), Input("a", "n_clicks"))(
        kind(lambda n: (next(results), "ran"))
    )
    seen = reader(app)
    page = Page(app)
    page.act(CLICK)
    assert "data" not in page.props["store"]
    page.act({"a.n_clicks": 2})
    assert page["store.data"] is None
    assert seen == [None]


def test_what_a_reader_does_to_its_value_stays_its_own(app: Any):
    app.callback(ServersideOutput("store", "data"), Input("a", "n_clicks"))(lambda n: [1, 2])
    seen: list[Any] = []

    def spoil(value: list[int]) -> str:
        seen.append(list(value))
        value.append(99)
        return "spoilt"

    app.callback(Output("x", "title"), Input("store", "data"))(spoil)
    app.callback(Output("y", "title"), Input("store", "data"))(spoil)
    Page(app).act(CLICK)
    assert seen == [[1, 2], [1, 2]]


def test_the_producer_may_go_on_with_its_value(app: Any):
    value = [1, 2]
    app.callback(ServersideOutput("store", "data"), Input("a", "n_clicks"))(lambda n: value)
    seen = reader(app)
    page = Page(app)
    page.act(CLICK)
    value.append(3)
    page.act({"store.data": page["store.data"]})
    assert seen == [[1, 2], [1, 2]]


# --- where a Serverside may stand ----------------------------------------------------------------------


def test_deep_in_what_is_returned(app: Any, callback: Any, kind: Any):
    def query(n: int) -> Any:
        return {"rows": [Serverside(frame(2)), {"more": Serverside(frame(3))}], "plain": n}

    callback(Output("store", "data"), Input("a", "n_clicks"))(kind(query))
    seen = reader(app, kind)
    page = Page(app)
    page.act(CLICK)
    assert is_handle(page["store.data"]["rows"][0])
    pd.testing.assert_frame_equal(seen[0]["rows"][1]["more"], frame(3))
    assert seen[0]["plain"] == 1


def test_in_a_returned_component(app: Any, callback: Any, kind: Any):
    callback(Output("y", "children"), Input("a", "n_clicks"))(
        kind(lambda n: html.Div([dcc.Store(id="new", data=Serverside(frame(4)))]))
    )
    seen: list[Any] = []
    callback(Output("x", "title"), Input("b", "n_clicks"), State("new", "data"))(
        kind(lambda n, v: seen.append(v))
    )
    page = Page(app)
    page.act(CLICK)
    assert is_handle(page["new.data"])
    page.act({"b.n_clicks": 1})
    pd.testing.assert_frame_equal(seen[0], frame(4))


def test_nothing_that_was_returned_is_changed_in_place(app: Any):
    box = html.Div([dcc.Store(id="new", data=Serverside(frame(4)))])
    result = {"deep": [Serverside(frame(2))]}
    app.callback(Output("y", "children"), Output("store", "data"), Input("a", "n_clicks"))(
        lambda n: (box, result)
    )
    page = Page(app)
    page.act(CLICK)
    assert isinstance(box.children[0].data, Serverside)
    assert isinstance(result["deep"][0], Serverside)
    page.act({"a.n_clicks": 2})
    assert is_handle(page["new.data"])


def test_in_set_props(app: Any, callback: Any, kind: Any):
    def act(n: int) -> Any:
        dash.set_props("store", {"data": Serverside(frame(5))})
        return "acted"

    callback(Output("y", "title"), Input("a", "n_clicks"))(kind(act))
    seen = reader(app, kind)
    page = Page(app)
    page.act(CLICK)
    assert is_handle(page["store.data"])
    pd.testing.assert_frame_equal(seen[0], frame(5))


def test_in_set_props_of_a_callback_without_outputs(kind: Any):
    app = Dash("app", prevent_initial_callbacks=True)
    app.layout = store_layout()

    def act(n: int) -> Any:
        dash.set_props("store", {"data": Serverside(frame(5))})

    app.callback(Input("a", "n_clicks"))(kind(act))
    seen = reader(app)
    page = Page(app)
    page.act(CLICK)
    assert is_handle(page["store.data"])
    assert len(seen[0]) == 5


def test_in_a_patch(app: Any, callback: Any, kind: Any):
    def act(n: int) -> Any:
        patch = Patch()
        patch["frames"].append(Serverside(frame(5)))
        return patch

    callback(Output("store", "data"), Input("a", "n_clicks"))(kind(act))
    page = Page(app)
    page.props["store"]["data"] = {"frames": []}
    page.act(CLICK)
    (held,) = page["store.data"]["frames"]
    assert is_handle(held)


def test_in_the_initial_layout(app: Any, kind: Any):
    app.layout = lambda: html.Div(
        [dcc.Store(id="store", data=Serverside(frame(6))), html.Div(id="x"), html.Div(id="a")]
    )
    seen: list[Any] = []
    app.callback(Output("x", "title"), Input("a", "n_clicks"), State("store", "data"))(
        kind(lambda n, value: seen.append(value) or "read")
    )
    page = Page(app)
    assert is_handle(page["store.data"])
    page.act(CLICK)
    pd.testing.assert_frame_equal(seen[0], frame(6))


def test_in_a_layout_that_is_not_a_function_every_session_can_read_its_own(app: Any):
    app.layout = html.Div(
        [dcc.Store(id="store", data=Serverside(frame(6))), html.Div(id="x"), html.Div(id="a")]
    )
    seen: list[Any] = []
    app.callback(Output("x", "title"), Input("a", "n_clicks"), State("store", "data"))(
        lambda n, value: seen.append(value) or "read"
    )
    for _ in range(2):
        Page(app).act(CLICK)
    assert [len(value) for value in seen] == [6, 6]


def test_returning_it_or_not_may_depend_on_the_value(app: Any, callback: Any, kind: Any):
    callback(Output("store", "data"), Input("a", "n_clicks"))(
        kind(lambda n: Serverside(frame(n)) if n > 1 else "too few")
    )
    seen = reader(app, kind)
    page = Page(app)
    page.act(CLICK)
    assert page["store.data"] == "too few"
    page.act({"a.n_clicks": 3})
    assert is_handle(page["store.data"])
    assert (seen[0], len(seen[1])) == ("too few", 3)


def test_from_on_error_of_callback_and_app(kind: Any):
    def fail(n: int) -> Any:
        raise ZeroDivisionError

    app = Dash("app", prevent_initial_callbacks=True, on_error=lambda error: Serverside(frame(8)))
    app.layout = store_layout()
    app.callback(Output("store", "data"), Input("a", "n_clicks"))(kind(fail))
    app.callback(ServersideOutput("other", "data"), Input("b", "n_clicks"), on_error=lambda error: frame(9))(
        kind(fail)
    )
    page = Page(app)
    page.act({**CLICK, "b.n_clicks": 1})
    assert is_handle(page["store.data"])
    assert is_handle(page["other.data"])


# --- reading ------------------------------------------------------------------------------------------


def test_reading_is_symmetric_whatever_id_it_arrives_from(app: Any, callback: Any, kind: Any):
    callback(ServersideOutput("store", "data"), Input("a", "n_clicks"))(kind(lambda n: frame(2)))
    seen: list[Any] = []
    callback(Output("x", "title"), Input("y", "title"))(kind(lambda value: seen.append(value) or "read"))
    page = Page(app)
    page.act(CLICK)
    page.act({"y.title": page["store.data"]})
    pd.testing.assert_frame_equal(seen[0], frame(2))
    page.act({"y.title": {"a": [1, page["store.data"]]}})
    pd.testing.assert_frame_equal(seen[1]["a"][1], frame(2))


@pytest.mark.parametrize("text", [MARK, f"{MARK}hello", f"see {MARK}abc", "~enrich~", f"{MARK}{'x' * 20}"])
def test_text_without_the_form_of_a_handle_passes_untouched(app: Any, text: str):
    seen = reader(app)
    page = Page(app)
    page.act({"store.data": text})
    assert seen == [text]


def test_flexible_signatures_and_states(app: Any, callback: Any, kind: Any):
    callback(ServersideOutput("store", "data"), Input("a", "n_clicks"))(kind(lambda n: frame(2)))
    seen: list[Any] = []

    def read(deep: Any, s: Any) -> dict[str, str]:
        seen.append((deep["v"][0], s))
        return {"o": "read"}

    callback(
        output={"o": Output("x", "title")},
        inputs={"deep": {"v": [Input("store", "data")], "t": Trigger("b", "n_clicks")}},
        state={"s": State("store", "data")},
    )(kind(read))
    page = Page(app)
    page.act(CLICK)
    pd.testing.assert_frame_equal(seen[0][0], frame(2))
    pd.testing.assert_frame_equal(seen[0][1], frame(2))


def test_with_all_each_element_is_its_own_value(app: Any, callback: Any, kind: Any):
    callback(ServersideOutput({"store": ALL}, "data"), Input("a", "n_clicks"))(
        kind(lambda n: [frame(1), no_update, frame(3)])
    )
    seen: list[Any] = []
    callback(Output("x", "title"), Input({"store": ALL}, "data"))(
        kind(lambda values: seen.append(values) or "read")
    )
    page = Page(app)
    page.act(CLICK)
    assert is_handle(page['{"store":0}.data'])
    assert page['{"store":0}.data'] != page['{"store":2}.data']
    assert [None if value is None else len(value) for value in seen[0]] == [1, None, 3]


def test_with_match_each_row_is_its_own_value(app: Any, callback: Any, kind: Any):
    app.layout = html.Div(
        [html.Div(id=pattern(k, row), n_clicks=0) for row in range(2) for k in ("in", "out")]
        + [dcc.Store(id=pattern("store", row)) for row in range(2)]
    )
    callback(ServersideOutput(pattern("store", MATCH), "data"), Input(pattern("in", MATCH), "n_clicks"))(
        kind(lambda n: frame(n))
    )
    seen: list[Any] = []
    callback(Output(pattern("out", MATCH), "title"), Input(pattern("store", MATCH), "data"))(
        kind(lambda value: seen.append(len(value)) or f"{len(value)} rows")
    )
    page = Page(app)
    page.act({'{"kind":"in","row":0}.n_clicks': 2})
    page.act({'{"kind":"in","row":1}.n_clicks': 5})
    assert page['{"kind":"out","row":0}.title'] == "2 rows"
    assert page['{"kind":"out","row":1}.title'] == "5 rows"


def test_group_members_may_return_and_read_them(app: Any, kind: Any):
    app.callback(ServersideOutput("store", "data"), Input("a", "n_clicks"), group="g")(
        kind(lambda n: frame(2))
    )
    app.callback(Output("other", "data"), Input("a", "n_clicks"), group="g")(
        kind(lambda n: Serverside(frame(3)))
    )
    app.callback(Output("x", "title"), Input("store", "data"), State("other", "data"), group="h")(
        kind(lambda one, two: f"{len(one)} {len(two)}")
    )
    app.callback(Output("y", "title"), Trigger("b", "n_clicks"), group="h")(kind(lambda: "other"))
    page = Page(app)
    page.act(CLICK)
    assert is_handle(page["store.data"])
    assert page["x.title"] == "2 3"


def test_twins_may_return_them(kind: Any):
    app = Dash("app", prevent_initial_callbacks=True)
    app.layout = store_layout()
    app.callback(ServersideOutput("store", "data"), Input("a", "n_clicks"))(kind(lambda n: frame(2)))
    app.callback(Output("store", "data"), Input("a", "n_clicks"))(kind(lambda n: no_update))
    app.callback(ServersideOutput("store", "data"), Input("b", "n_clicks"))(kind(lambda n: frame(4)))
    seen = reader(app)
    page = Page(app)
    page.act(CLICK)
    page.act({"b.n_clicks": 1})
    assert [len(value) for value in seen] == [2, 4]


def test_chained_through_several_callbacks(app: Any, kind: Any):
    app.callback(ServersideOutput("store", "data"), Input("a", "n_clicks"))(kind(lambda n: frame(4)))
    app.callback(ServersideOutput("other", "data"), Input("store", "data"))(kind(lambda df: df[df.value > 1]))
    app.callback(Output("x", "title"), Input("other", "data"))(kind(lambda df: f"{df.value.sum()}"))
    page = Page(app)
    page.act(CLICK)
    assert page["x.title"] == "5"


@pytest.mark.parametrize("hint", ["Serverside[pd.DataFrame]", Serverside[pd.DataFrame]], ids=["text", "type"])
def test_a_type_parameter_may_stand_in_annotations_and_where_the_value_is_made(app: Any, hint: Any):
    def load(n: int) -> Any:
        return Serverside[pd.DataFrame](frame(4))

    load.__annotations__["return"] = hint
    app.callback(Output("store", "data"), Input("a", "n_clicks"))(load)
    seen = reader(app)
    Page(app).act(CLICK)
    pd.testing.assert_frame_equal(seen[0], frame(4))


def test_returning_a_value_that_was_read_stores_it_again(app: Any):
    app.callback(ServersideOutput("store", "data"), Input("a", "n_clicks"))(lambda n: frame(4))
    app.callback(ServersideOutput("other", "data"), Input("store", "data"))(lambda df: df)
    page = Page(app)
    page.act(CLICK)
    assert is_handle(page["other.data"])


def test_a_clientside_callback_passes_the_handle_through(app: Any):
    app.callback(ServersideOutput("store", "data"), Input("a", "n_clicks"))(lambda n: frame(4))
    app.clientside_callback("(token) => token", Output("other", "data"), Input("store", "data"))
    seen: list[Any] = []
    app.callback(Output("x", "title"), Input("other", "data"))(lambda df: seen.append(df) or "read")
    page = Page(app)
    page.act(CLICK)
    page.act({"other.data": page["store.data"]})
    assert len(seen[0]) == 4


def test_a_trigger_on_a_stored_value_loads_nothing(app: Any):
    app.callback(ServersideOutput("store", "data"), Input("a", "n_clicks"))(lambda n: frame(4))
    app.callback(Output("x", "title"), Trigger("store", "data"))(lambda: "fired")
    page = Page(app)
    page.act(CLICK)
    assert page["x.title"] == "fired"
    app.store.clear()
    page.act({"store.data": page["store.data"]})
    assert page["x.title"] == "fired"


def test_ctx_shows_what_the_browser_sent(app: Any):
    app.callback(ServersideOutput("store", "data"), Input("a", "n_clicks"))(lambda n: frame(4))
    seen: list[Any] = []
    app.callback(Output("x", "title"), Input("store", "data"))(
        lambda df: seen.append((dash.ctx.triggered_id, dash.ctx.triggered[0]["value"])) or "read"
    )
    page = Page(app)
    page.act(CLICK)
    assert seen == [("store", page["store.data"])]


# --- names --------------------------------------------------------------------------------------------


def test_every_handle_to_a_name_reads_the_latest_value(app: Any, kind: Any):
    app.callback(Output("store", "data"), Input("a", "n_clicks"))(
        kind(lambda n: Serverside(frame(n), key="fixed"))
    )
    seen = reader(app, kind)
    page = Page(app)
    page.act(CLICK)
    old = page["store.data"]
    page.act({"a.n_clicks": 2})
    page.act({"store.data": old})
    assert [len(value) for value in seen] == [1, 2, 2]


def test_a_name_is_shared_by_sessions(app: Any):
    app.callback(Output("store", "data"), Input("a", "n_clicks"))(lambda n: Serverside(frame(n), key="fixed"))
    seen = reader(app)
    page, other = Page(app), Page(app)
    page.act(CLICK)
    other.act({"store.data": page["store.data"]})
    assert len(seen) == 2


def test_app_store_gives_direct_access(app: Any):
    ref = app.store.put({"a": 1}, name="settings")
    assert app.store.get(ref) == {"a": 1}
    assert app.store.get(app.store.named("settings")) == {"a": 1}
    assert app.store.info().app


# --- sessions and apps --------------------------------------------------------------------------------


def raised(page: Page, changes: dict[str, Any]) -> BaseException:
    with pytest.raises(CallbackFailed) as failed:
        page.act(changes)
    cause = failed.value.__cause__
    assert cause is not None, failed.value.text
    return cause


def producer_and_reader(name: str = "app", **settings: Any) -> tuple[DashProxy, list[Any]]:
    app = Dash(
        name,
        transforms=[ServersideOutputTransform(**settings)] if settings else None,
        prevent_initial_callbacks=True,
    )
    app.layout = store_layout()

    @app.callback(ServersideOutput("store", "data"), Input("a", "n_clicks"))
    def query(n: int) -> pd.DataFrame:
        return frame(n)

    return app, reader(app)


def test_another_session_can_not_read_a_handle():
    app, seen = producer_and_reader()
    page, other = Page(app), Page(app)
    page.act(CLICK)
    error = raised(other, {"store.data": page["store.data"]})
    assert isinstance(error, HandleForeign)
    assert "callback 'read'" in str(error)
    assert "test_serverside.py:" in str(error)
    assert len(seen) == 1


def test_without_a_cookie_a_handle_can_not_be_read():
    app, _ = producer_and_reader()
    page = Page(app)
    page.act(CLICK)
    stranger = Page(app, client=app.server.test_client(use_cookies=False))
    assert isinstance(raised(stranger, {"store.data": page["store.data"]}), HandleForeign)


@pytest.mark.parametrize("level", ["transform", "output"])
def test_without_session_check_a_handle_is_shared(level: str):
    app = Dash(
        "app",
        transforms=[ServersideOutputTransform(session_check=level != "transform")],
        prevent_initial_callbacks=True,
    )
    app.layout = store_layout()
    check = {"session_check": False} if level == "output" else {}
    app.callback(ServersideOutput("store", "data", **check), Input("a", "n_clicks"))(lambda n: frame(n))
    seen = reader(app)
    page, other = Page(app), Page(app)
    page.act(CLICK)
    other.act({"store.data": page["store.data"]})
    assert [len(value) for value in seen] == [1, 1]


def test_an_output_can_ask_for_the_session_check_that_the_transform_leaves_out():
    app = Dash(
        "app", transforms=[ServersideOutputTransform(session_check=False)], prevent_initial_callbacks=True
    )
    app.layout = store_layout()
    app.callback(ServersideOutput("store", "data", session_check=True), Input("a", "n_clicks"))(
        lambda n: frame(n)
    )
    reader(app)
    page, other = Page(app), Page(app)
    page.act(CLICK)
    assert isinstance(raised(other, {"store.data": page["store.data"]}), HandleForeign)


def test_a_session_lasts_over_reloads_and_restarts():
    app, seen = producer_and_reader()
    page = Page(app)
    page.act(CLICK)
    token = page["store.data"]
    page.reload()
    page.act({"store.data": token})
    restarted, seen_later = producer_and_reader()
    later = Page(restarted, load=False)
    for cookie in page.client._cookies.values():
        later.client.set_cookie(cookie.key, cookie.value)
    later.reload()
    later.act({"store.data": token})
    assert [len(value) for value in seen + seen_later] == [1, 1, 1]


def test_another_app_can_not_read_a_handle():
    app, _ = producer_and_reader("one")
    other, _ = producer_and_reader("two")
    page, foreign = Page(app), Page(other)
    page.act(CLICK)
    foreign.act(CLICK)
    error = raised(foreign, {"store.data": page["store.data"]})
    assert isinstance(error, HandleForeign | HandleInvalid)
    assert len(Page(app).client._cookies) == 1


def test_session_id_binds_values_to_a_login():
    user = ["ann"]
    app, seen = producer_and_reader(session_id=lambda: user[0])
    page, other = Page(app), Page(app)
    page.act(CLICK)
    other.act({"store.data": page["store.data"]})
    user[0] = "bob"
    assert isinstance(raised(other, {"store.data": page["store.data"]}), HandleForeign)
    assert len(seen) == 2


def test_the_session_cookie_is_http_only_and_lax():
    app, _ = producer_and_reader()
    (cookie,) = app.server.test_client().get("/").headers.getlist("Set-Cookie")
    assert cookie.startswith("enrich_session_")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_no_secret_is_put_on_the_server():
    app, _ = producer_and_reader()
    Page(app).act(CLICK)
    assert app.server.secret_key is None


def test_an_app_that_stores_nothing_makes_no_folder(cache_folder: Any):
    app = DashProxy("app")
    app.layout = store_layout()
    app.callback(Output("x", "title"), Input("a", "n_clicks"))(lambda n: "1")
    Page(app).act(CLICK)
    assert list(cache_folder.rglob("*")) == []


# --- altered, expired --------------------------------------------------------------------------------


@pytest.mark.parametrize("place", [12, 40, -30, -1], ids=lambda place: f"at {place}")
def test_an_altered_handle_raises(place: int):
    app, seen = producer_and_reader()
    page = Page(app)
    page.act(CLICK)
    token = page["store.data"]
    letter = "A" if token[place] != "A" else "B"
    altered = token[:place] + letter + (token[place + 1 :] if place != -1 else "")
    error = raised(page, {"store.data": altered})
    assert isinstance(error, HandleInvalid)
    assert "callback 'read'" in str(error)
    assert "store.data" in str(error)
    assert len(seen) == 1


def test_a_lost_value_raises_and_names_its_producer():
    app, seen = producer_and_reader()
    page = Page(app)
    page.act(CLICK)
    app.store.clear()
    error = raised(page, {"store.data": page["store.data"]})
    assert isinstance(error, HandleExpired)
    assert "callback 'query'" in str(error)
    assert "callback 'read'" in str(error)
    assert str(error).count("test_serverside.py:") == 2
    assert len(seen) == 1


def test_a_value_that_the_sweep_took_raises():
    now = [1_700_000_000.0]
    app, seen = producer_and_reader(ttl=60, clock=lambda: now[0])
    page = Page(app)
    page.act(CLICK)
    token = page["store.data"]
    now[0] += 10_000_000
    app.store.sweep()
    assert isinstance(raised(page, {"store.data": token}), HandleExpired)
    assert len(seen) == 1


def test_deleted_files_raise(cache_folder: Any):
    app, seen = producer_and_reader()
    page = Page(app)
    page.act(CLICK)
    for file in sorted(cache_folder.rglob("*"), reverse=True):
        if file.is_file() and "secret" not in file.name:
            file.unlink()
    assert isinstance(raised(page, {"store.data": page["store.data"]}), HandleExpired)
    assert len(seen) == 1


@pytest.mark.parametrize("level", ["transform", "output", "callback"])
def test_on_missing_can_prevent_the_update(level: str):
    app = Dash(
        "app",
        transforms=[
            ServersideOutputTransform(on_missing="prevent_update" if level == "transform" else "raise")
        ],
        prevent_initial_callbacks=True,
    )
    app.layout = store_layout()
    of_output = {"on_missing": "prevent_update"} if level == "output" else {}
    app.callback(ServersideOutput("store", "data", **of_output), Input("a", "n_clicks"))(lambda n: frame(n))
    own = {"on_missing": "prevent_update"} if level == "callback" else {}
    app.callback(Output("x", "title"), Input("store", "data"), **own)(lambda df: f"{len(df)}")
    page = Page(app)
    page.act(CLICK)
    app.store.clear()
    page.act({"store.data": page["store.data"]})
    assert page["x.title"] == "1"
    assert page.requests[-1].status == 204


def test_a_callbacks_own_word_on_missing_values_comes_before_the_outputs():
    app = Dash("app", prevent_initial_callbacks=True)
    app.layout = store_layout()
    app.callback(ServersideOutput("store", "data", on_missing="prevent_update"), Input("a", "n_clicks"))(
        frame
    )
    app.callback(Output("x", "title"), Input("store", "data"), on_missing=lambda error: "gone")(str)
    page = Page(app)
    page.act(CLICK)
    app.store.clear()
    page.act({"store.data": page["store.data"]})
    assert page["x.title"] == "gone"


def test_a_senseless_on_missing_is_refused_with_its_place():
    with pytest.raises(StoreConfigError, match="on_missing='ignore'"):
        ServersideOutputTransform(on_missing="ignore")
    app = Dash("app")
    app.callback(Output("x", "title"), Input("store", "data"), on_missing="ignore")(str)
    with pytest.raises(DeclarationError, match=r"test_serverside\.py:\d+\) has on_missing='ignore'"):
        app.callback_map
    app = Dash("app")
    app.callback(ServersideOutput("store", "data", on_missing="ignore"), Input("a", "n_clicks"))(frame)
    with pytest.raises(
        DeclarationError, match=r"test_serverside\.py:\d+\), output store.data, has on_missing='ignore'"
    ):
        app.callback_map


async def _login() -> str:
    return "ann"


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"max_byte": 3}, "no setting 'max_byte'. Did you mean 'max_bytes'"),
        ({"max_bytes": "10GB"}, r"max_bytes='10GB'\): give a positive number"),
        ({"ttl": -5}, r"ttl=-5\): give a positive number"),
        ({"secret": "short"}, "at least"),
        ({"session_id": "me"}, "session_id='me': give a function"),
        ({"session_id": _login}, "not an async one"),
    ],
)
def test_settings_that_can_not_be_are_refused_where_they_are_written(settings: dict[str, Any], text: str):
    with pytest.raises(StoreConfigError, match=text):
        ServersideOutputTransform(**settings)


def test_a_patch_for_a_serverside_output_is_refused_with_its_place():
    app = Dash("app", prevent_initial_callbacks=True)
    app.layout = store_layout()
    app.callback(ServersideOutput("store", "data"), Input("a", "n_clicks"))(lambda n: Patch())
    error = raised(Page(app), CLICK)
    assert isinstance(error, UnstorableValueError)
    assert "test_serverside.py:" in str(error)
    assert "Return the whole value" in str(error)


@pytest.mark.parametrize("options", [{}, {"group": "g"}, {"memoize": True}], ids=str)
@pytest.mark.parametrize(("prop", "several"), [("store", False), ({"store": ALL}, True)])
def test_a_patch_for_what_another_callback_keeps_on_the_server_is_refused(
    prop: Any, several: bool, options: dict[str, Any]
):
    # The browser would patch the token, which is text, and keep a list of its letters without a word.
    def patches(n: Any) -> Any:
        return [Patch()] * 3 if several else Patch()

    app = Dash("app", prevent_initial_callbacks=True)
    app.layout = store_layout()
    app.callback(ServersideOutput(prop, "data"), Input("b", "n_clicks"))(lambda n: None)
    app.callback(Output(prop, "data"), Input("a", "n_clicks"), **options)(patches)
    app.callback(Output("x", "title"), Input("y", "n_clicks"), **options)(lambda n: None)
    error = raised(Page(app), CLICK)
    assert isinstance(error, UnstorableValueError)
    assert "callback 'patches'" in str(error)
    assert "Return the whole value" in str(error)


def test_on_missing_also_speaks_for_tokens_of_an_earlier_session():
    app, seen = producer_and_reader(on_missing=lambda error: f"instead: {type(error).__name__}")
    page = Page(app)
    page.act(CLICK)
    # A dcc.Store(storage_type="local") keeps its token when the browser is closed, and the cookie goes.
    later = Page(app)
    later.act({"store.data": page["store.data"]})
    assert seen[-1] == "instead: HandleForeign"


def test_on_missing_also_speaks_for_tokens_of_a_secret_that_is_lost(tmp_path: Any, caplog: Any):
    apps = [
        producer_and_reader(
            "app", backend=FileSystemBackend(tmp_path / name), on_missing=lambda error: type(error).__name__
        )
        for name in ("before", "after")
    ]
    page = Page(apps[0][0])
    page.act(CLICK)
    app, seen = apps[1]
    Page(app).act({"store.data": page["store.data"]})
    assert seen == ["HandleInvalid"]
    assert "The signature of handle" in caplog.text


def test_a_cookie_of_another_secret_is_not_called_a_missing_one():
    one, two = (Page(producer_and_reader(secret=f"{name} long secret")[0]) for name in ("one", "two"))
    name = two.app._sessions.cookie_name
    two.client.set_cookie(name, one.client.get_cookie(name).value)
    error = raised(two, CLICK)
    assert isinstance(error, SessionError)
    assert "signed with a secret that this app doesn't have" in str(error)


def test_the_default_backend_may_be_named(tmp_path: Any):
    files, memory = FileSystemBackend(tmp_path / "values"), MemoryBackend()
    transform = ServersideOutputTransform(backends={"f": files, "m": memory}, default_backend="m")
    assert type(Dash("app", transforms=[transform]).store.backend) is MemoryBackend
    with pytest.raises(StoreConfigError, match="backend='x'.*there are: 'f'.*FileSystemBackend"):
        ServersideOutputTransform(backends={"f": files}, default_backend="x")


def test_two_default_backends_are_refused():
    one, two = MemoryBackend(), MemoryBackend(name="other")
    with pytest.raises(
        StoreConfigError, match=r"backend=.*default_backend=.*Leave one out, or list both.*backends="
    ):
        ServersideOutputTransform(backend=one, default_backend=two)
    assert ServersideOutputTransform(backend=one, default_backend=one).default_backend is one


def test_on_missing_can_give_a_value():
    app, seen = producer_and_reader(on_missing=lambda error: f"gone: {type(error).__name__}")
    page = Page(app)
    page.act(CLICK)
    app.store.clear()
    page.act({"store.data": page["store.data"]})
    assert seen[-1] == "gone: HandleExpired"


def test_on_error_hears_of_a_lost_value(kind: Any):
    app = Dash("app", prevent_initial_callbacks=True)
    app.layout = store_layout()
    app.callback(ServersideOutput("store", "data"), Input("a", "n_clicks"))(lambda n: frame(n))
    app.callback(
        Output("x", "title"), Input("store", "data"), on_error=lambda error: f"lost: {type(error).__name__}"
    )(kind(lambda df: f"{len(df)}"))
    page = Page(app)
    page.act(CLICK)
    app.store.clear()
    page.act({"store.data": page["store.data"]})
    assert page["x.title"] == "lost: HandleExpired"


def test_a_reader_that_ignores_a_lost_state_still_hears_of_it():
    """It never arrives as None."""
    app, _ = producer_and_reader()
    seen: list[Any] = []
    app.callback(Output("y", "title"), Input("b", "n_clicks"), State("store", "data"))(
        lambda n, df: seen.append(df)
    )
    page = Page(app)
    page.act(CLICK)
    app.store.clear()
    assert isinstance(raised(page, {"b.n_clicks": 1}), HandleExpired)
    assert seen == []


# --- what can't be stored ------------------------------------------------------------------------------


class Opaque:
    pass


@pytest.mark.parametrize("output", [ServersideOutput, Output], ids=["ServersideOutput", "Serverside"])
def test_a_value_that_can_not_be_stored_raises_with_callback_and_output(kind: Any, output: Any):
    app = Dash("app", prevent_initial_callbacks=True)
    app.layout = store_layout()

    def query(n: int) -> Any:
        return Opaque() if output is ServersideOutput else Serverside(Opaque())

    app.callback(output("store", "data"), Input("a", "n_clicks"))(kind(query))
    error = raised(Page(app), CLICK)
    assert isinstance(error, UnstorableValueError)
    for part in ("callback 'query'", "test_serverside.py:", "store.data", "Opaque"):
        assert part in str(error)


def test_a_frame_that_can_not_be_stored_raises_with_its_column():
    app = Dash("app", prevent_initial_callbacks=True)
    app.layout = store_layout()
    app.callback(ServersideOutput("store", "data"), Input("a", "n_clicks"))(
        lambda n: pd.DataFrame({"fine": [1, 2], "odd one": [Opaque(), Opaque()]})
    )
    error = raised(Page(app), CLICK)
    assert isinstance(error, UnstorableValueError)
    assert "odd one" in str(error)
    assert "store.data" in str(error)


@pytest.mark.parametrize("output", [ServersideOutput, Output], ids=["ServersideOutput", "Serverside"])
def test_on_error_hears_of_a_value_that_can_not_be_stored(kind: Any, output: Any):
    def query(n: int) -> Any:
        return Opaque() if output is ServersideOutput else Serverside(Opaque())

    app = Dash("app", prevent_initial_callbacks=True)
    app.layout = store_layout()
    app.callback(
        output("store", "data"), Input("a", "n_clicks"), on_error=lambda error: type(error).__name__
    )(kind(query))
    seen = reader(app)
    Page(app).act(CLICK)
    assert seen == ["UnstorableValueError"]


def test_backends_by_name(tmp_path: Any):

    backends = {"disk": FileSystemBackend(tmp_path / "values"), "memory": MemoryBackend()}
    app = Dash(
        "app", transforms=[ServersideOutputTransform(backends=backends)], prevent_initial_callbacks=True
    )
    app.layout = store_layout()
    app.callback(ServersideOutput("store", "data", backend="memory"), Input("a", "n_clicks"))(
        lambda n: frame(2)
    )
    app.callback(Output("other", "data"), Input("b", "n_clicks"))(
        lambda n: Serverside(frame(3), backend="disk")
    )
    seen = reader(app)
    app.callback(Output("y", "title"), Input("other", "data"))(lambda df: f"{len(df)}")
    page = Page(app)
    page.act(CLICK)
    page.act({"b.n_clicks": 1})
    assert (len(seen[0]), page["y.title"]) == (2, "3")


def test_the_old_backend_keyword_is_accepted(tmp_path: Any):
    from enrich.store import FileSystemBackend

    app, seen = producer_and_reader(backend=FileSystemBackend(tmp_path / "values"))
    Page(app).act(CLICK)
    assert len(seen[0]) == 1
    assert (tmp_path / "values").is_dir()


def test_a_request_without_handles_opens_no_store(cache_folder: Any):
    app, _ = producer_and_reader()
    app.callback(Output("y", "title"), Input("b", "n_clicks"))(lambda n: f"{n}")
    client = app.server.test_client()
    body = {
        "output": "y.title",
        "outputs": {"id": "y", "property": "title"},
        "inputs": [{"id": "b", "property": "n_clicks", "value": 1}],
        "changedPropIds": ["b.n_clicks"],
        "state": [],
    }
    answer = client.post("/_dash-update-component", data=json.dumps(body), content_type="application/json")
    assert answer.json["response"] == {"y": {"title": "1"}}
    assert list(cache_folder.rglob("*")) == []


def test_skip_unchanged_answers_no_update_for_an_equal_value():
    app = Dash("app", prevent_initial_callbacks=True)
    app.layout = store_layout()
    app.callback(ServersideOutput("store", "data", skip_unchanged=True), Input("a", "n_clicks"))(
        lambda n: frame(2)
    )
    seen = reader(app)
    page = Page(app)
    page.act(CLICK)
    page.act({"a.n_clicks": 2})
    assert len(seen) == 1


def test_skip_unchanged_takes_a_name_for_no_value_though_it_stands_for_an_equal_one():
    app = Dash("app", prevent_initial_callbacks=True)
    app.layout = store_layout()
    app.callback(
        ServersideOutput("store", "data", skip_unchanged=True, session_check=False), Input("a", "n_clicks")
    )(lambda n: [1, 2])
    page = Page(app)
    name = app.store.sign(app.store.put([1, 2], name="latest"))
    page.act({"store.data": name})
    page.act(CLICK)
    app.store.put([3], name="latest")
    assert app.store.get(app.store.open(page["store.data"])) == [1, 2]


@pytest.mark.parametrize("memoize", [False, True])
def test_a_tuple_of_no_update_is_no_update(memoize: bool):
    app = Dash("app", prevent_initial_callbacks=True)
    app.layout = store_layout()
    app.callback(ServersideOutput("store", "data"), Input("a", "n_clicks"), memoize=memoize)(
        lambda n: (no_update, no_update) if n == 1 else frame(n)
    )
    seen = reader(app)
    page = Page(app)
    page.act(CLICK)
    assert seen == []
    page.act({"a.n_clicks": 2})
    assert len(seen) == 1


def test_skip_unchanged_compares_each_row_of_all():
    app = Dash("app", prevent_initial_callbacks=True)
    app.layout = html.Div([html.Button(id="a"), *[dcc.Store(id={"s": i}) for i in range(2)]])
    seen: list[Any] = []

    @app.callback(ServersideOutput({"s": ALL}, "data", skip_unchanged=True), Input("a", "n_clicks"))
    def make(n: int) -> list[Any]:
        return [frame(2), frame(n)]

    @app.callback(Output("a", "title"), Input({"s": ALL}, "data"))
    def read(values: list[Any]) -> str:
        seen.append([t["prop_id"] for t in ctx.triggered])
        return ""

    page = Page(app)
    page.act({"a.n_clicks": 1})
    page.act({"a.n_clicks": 3})
    assert seen == [['{"s":0}.data', '{"s":1}.data'], ['{"s":1}.data']]


@pytest.mark.parametrize(
    "key", ["dev", "x" * 40, b"bytes of a secret that is long enough"], ids=["short", "long", "bytes"]
)
def test_a_server_with_a_secret_key_of_its_own_is_served(key: Any):
    app, seen = producer_and_reader()
    app.server.secret_key = key
    Page(app).act(CLICK)
    assert len(seen[0]) == 1
    assert app.server.secret_key == key


@pytest.mark.parametrize(
    "nobody",
    [None, "", "  ", 0, False, True, float("nan"), b"ann", [], {}, object()],
    ids=lambda value: type(value).__name__,
)
def test_a_session_id_of_nobody_is_not_a_session_that_all_share(nobody: Any):
    """Visitors who are not logged in must not read each other's values."""
    app, _ = producer_and_reader(session_id=lambda: nobody)
    assert isinstance(raised(Page(app), CLICK), SessionError)


def test_a_coroutine_is_no_session():
    app, _ = producer_and_reader(session_id=lambda: _login())
    assert isinstance(raised(Page(app), CLICK), SessionError)


@pytest.mark.parametrize("user", ["ann", 7, UUID(int=7)])
def test_a_session_id_may_be_a_text_a_number_or_a_uuid(user: Any):
    app, seen = producer_and_reader(session_id=lambda: user)
    Page(app).act(CLICK)
    assert len(seen[0]) == 1


def test_a_session_id_that_fails_says_so_where_a_value_is_stored():
    def login() -> str:
        raise RuntimeError("Working outside of request context.")

    app, _ = producer_and_reader(session_id=login)
    error = raised(Page(app), CLICK)
    assert isinstance(error, RuntimeError)
    assert "session_id=" in error.__notes__[0]


def test_users_whose_names_differ_in_a_space_are_two():
    user = ["bob"]
    app, _ = producer_and_reader(session_id=lambda: user[0])
    page, other = Page(app), Page(app)
    page.act(CLICK)
    for name in ("bob ", "\xa0bob"):
        user[0] = name
        assert isinstance(raised(other, {"store.data": page["store.data"]}), HandleForeign)


def test_a_login_may_answer_the_visitor_itself():
    app, _ = producer_and_reader(session_id=lambda: flask.abort(401))
    page = Page(app)
    with pytest.raises(CallbackFailed, match="answered 401"):
        page.act(CLICK)


def test_a_backend_as_the_open_store_has_it_is_one_of_its_own(tmp_path: Any):
    app = Dash("app", transforms=[ServersideOutputTransform(backend=FileSystemBackend(tmp_path))])
    app.layout = store_layout()
    app.callback(ServersideOutput("store", "data", backend=app.store.backend), Input("a", "n_clicks"))(frame)
    page = Page(app)
    page.act(CLICK)
    assert page["store.data"].startswith(MARK[:-2])


def test_a_forged_cookie_is_no_session():
    app, _ = producer_and_reader()
    page = Page(app)
    page.act(CLICK)
    (cookie,) = page.client._cookies.values()
    forger = Page(app, client=app.server.test_client(use_cookies=False), load=False)
    forger.client.environ_base["HTTP_COOKIE"] = f"{cookie.key}={cookie.value[:-3]}AAA"
    forger.reload()
    assert isinstance(raised(forger, {"store.data": page["store.data"]}), HandleForeign)


def test_a_cookie_is_not_a_handle_and_a_handle_is_not_a_cookie():
    app, _ = producer_and_reader()
    page = Page(app)
    page.act(CLICK)
    token = page["store.data"]
    (cookie,) = page.client._cookies.values()
    assert isinstance(raised(page, {"store.data": f"{MARK}{cookie.value}"}), HandleInvalid)
    forger = Page(app, client=app.server.test_client(use_cookies=False), load=False)
    forger.client.environ_base["HTTP_COOKIE"] = f"{cookie.key}={token[len(MARK) :]}"
    forger.reload()
    assert isinstance(raised(forger, {"store.data": token}), HandleForeign)


def test_a_cookie_for_frames_of_other_sites_is_secure():
    app, _ = producer_and_reader(cookie_samesite="None")
    (cookie,) = app.server.test_client().get("/", base_url="https://localhost").headers.getlist("Set-Cookie")
    for part in ("SameSite=None", "Secure", "HttpOnly", "Partitioned"):
        assert part in cookie


def test_parallel_requests_of_one_new_browser_make_one_session():
    """The cookie is set with the page, so that callbacks that run in parallel find it."""
    app, _ = producer_and_reader()
    client = app.server.test_client()
    cookies = [
        client.get(path).headers.getlist("Set-Cookie")
        for path in ("/", "/_dash-layout", "/_dash-dependencies")
    ]
    assert [len(found) for found in cookies] == [1, 0, 0]


def test_values_with_a_handles_text_inside_a_stored_value_stay_text():
    """What was stored comes back as it was: handles in it are not followed."""
    app = Dash("app", prevent_initial_callbacks=True)
    app.layout = store_layout()
    app.callback(ServersideOutput("store", "data"), Input("a", "n_clicks"))(lambda n: [1])
    app.callback(ServersideOutput("other", "data"), Input("b", "n_clicks"))(lambda n: [page["store.data"]])
    seen: list[Any] = []
    app.callback(Output("x", "title"), Input("other", "data"))(lambda value: seen.append(value) or "read")
    page = Page(app)
    page.act(CLICK)
    page.act({"b.n_clicks": 1})
    assert seen == [[page["store.data"]]]

"""Group: several callbacks, one request."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import dash
import pandas as pd
import pytest
from dash.exceptions import PreventUpdate
from pages import CLICK, as_async, layout, pattern, snapshot

from enrich import (
    ALL,
    MATCH,
    Dash,
    DashProxy,
    GroupTransform,
    Input,
    NoOutputTransform,
    Output,
    State,
    Trigger,
    TriggerTransform,
    html,
    no_update,
)
from enrich.page import CallbackFailed, Page


def proxy(*args: Any, **kwargs: Any) -> DashProxy:
    transforms = [GroupTransform(), TriggerTransform(), NoOutputTransform()]
    return DashProxy(*args, transforms=transforms, **kwargs)


@pytest.fixture(params=[Dash, proxy], ids=["Dash", "DashProxy"])
def app(request: pytest.FixtureRequest) -> Any:
    made = request.param("app")
    made.layout = layout()
    return made


@pytest.fixture(params=["sync", "async", "mixed"])
def kind(request: pytest.FixtureRequest) -> Callable[[Any], Any]:
    counter = iter(range(1000))

    def make(func: Callable[..., Any]) -> Callable[..., Any]:
        mixed = request.param == "mixed" and next(counter) % 2
        return as_async(func) if request.param == "async" or mixed else func

    return make


def left_and_right(callback: Any, kind: Any) -> None:
    def left() -> str:
        return f"left by {dash.ctx.triggered_id}"

    def right() -> str:
        return f"right by {dash.ctx.triggered_id}"

    callback(Output("x", "title"), Trigger("a", "n_clicks"), group="log")(kind(left))
    callback(Output("x", "title"), Trigger("b", "n_clicks"), group="log")(kind(right))


def test_a_group_is_one_registered_callback(app: Any, callback: Any, kind: Any):
    left_and_right(callback, kind)
    assert list(app.callback_map) == ["..x.title.."] or len(app.callback_map) == 1


def test_the_member_whose_input_was_triggered_runs(app: Any, callback: Any, kind: Any):
    left_and_right(callback, kind)
    page = Page(app)
    assert page["x.title"] == "title of x"
    page.act(CLICK)
    assert page["x.title"] == "left by a"
    page.act({"b.n_clicks": 1})
    assert page["x.title"] == "right by b"
    assert len(page.requests) == 2


def test_two_triggered_members_both_run_and_the_last_value_holds(app: Any, callback: Any, kind: Any):
    ran: list[str] = []

    def left() -> str:
        ran.append("left")
        return "left"

    def right() -> str:
        ran.append("right")
        return "right"

    callback(Output("x", "title"), Trigger("a", "n_clicks"), group="log")(kind(left))
    callback(Output("x", "title"), Trigger("a", "n_clicks"), Trigger("b", "n_clicks"), group="log")(
        kind(right)
    )
    page = Page(app)
    page.act(CLICK)
    assert ran == ["left", "right"]
    assert page["x.title"] == "right"
    assert len(page.requests) == 1


def test_page_load_runs_nothing(app: Any, callback: Any, kind: Any):
    left_and_right(callback, kind)
    page = Page(app)
    assert page.requests == []


def test_page_load_runs_the_member_that_asks_for_it(app: Any, callback: Any, kind: Any):
    ran: list[str] = []
    callback(Output("x", "title"), Input("a", "n_clicks"), group="g")(kind(lambda n: ran.append("quiet")))
    callback(Output("y", "title"), Input("b", "n_clicks"), group="g", prevent_initial_call=False)(
        kind(lambda n: ran.append("asked") or f"n={n}")
    )
    page = Page(app)
    assert ran == ["asked"]
    assert (page["x.title"], page["y.title"]) == ("title of x", "n=0")


def test_members_have_their_own_arguments_and_structures(app: Any, callback: Any, kind: Any):
    def one(n: int, title: str) -> list[str]:
        return [f"{n} {title}"]

    def two(deep: Any, s: str) -> dict[str, Any]:
        return {"first": f"{deep['i']}", "second": [s, "fixed"]}

    callback([Output("x", "title")], Input("a", "n_clicks"), State("b", "title"), group="g")(kind(one))
    callback(
        output={"first": Output("y", "title"), "second": [Output("z", "title"), Output("c", "title")]},
        inputs={
            "deep": {"i": [Input("a", "n_clicks"), Input("b", "n_clicks")], "t": Trigger("c", "n_clicks")}
        },
        state={"s": State("c", "lang", allow_optional=True)},
        group="g",
    )(kind(two))
    page = Page(app)
    page.act(CLICK)
    assert page["x.title"] == "1 title of b"
    assert page["y.title"] == "[1, 0]"
    assert page["z.title"] is None
    assert page["c.title"] == "fixed"


def test_ctx_is_what_it_would_be_without_the_group(kind: Any):
    """Each member sees exactly what a plain Dash callback of its own would see."""
    declarations = [
        (
            (Output("x", "title"), Input("a", "n_clicks"), Input("b", "n_clicks"), State("c", "title")),
            {},
            "1",
        ),
        (
            (),
            {
                "output": {"o": Output("y", "title"), "p": Output("z", "title")},
                "inputs": {"i": [Input("a", "n_clicks")], "all": Input(pattern("in", ALL), "n_clicks")},
                "state": {"s": State("b", "title")},
            },
            {"o": "1", "p": "2"},
        ),
        (([Output("b", "title")], [Input("a", "n_clicks")]), {}, ["1"]),
    ]

    def seen_in(app: Any, **options: Any) -> list[Any]:
        seen: dict[int, Any] = {}
        app.layout = layout()
        for number, (args, kwargs, result) in enumerate(declarations):

            def func(*args: Any, number: int = number, result: Any = result, **kwargs: Any) -> Any:
                seen[number] = (args, kwargs, snapshot())
                return result

            app.callback(*args, **kwargs, **options)(kind(func))
        Page(app).act(CLICK)
        return [seen[number] for number in range(len(declarations))]

    plain = seen_in(dash.Dash("plain", prevent_initial_callbacks=True))
    grouped = seen_in(Dash("grouped"), group="g")
    for one, other in zip(grouped, plain, strict=True):
        assert one == other


def test_ctx_triggered_has_only_the_members_own_triggers(app: Any):
    seen: dict[str, Any] = {}
    app.callback(Output("x", "title"), Input("a", "n_clicks"), group="g")(
        lambda n: seen.update(one=dash.ctx.triggered_prop_ids)
    )
    app.callback(Output("y", "title"), Input("b", "n_clicks"), group="g")(
        lambda n: seen.update(two=dash.ctx.triggered_prop_ids)
    )
    Page(app).act({**CLICK, "b.n_clicks": 2})
    assert seen == {"one": {"a.n_clicks": "a"}, "two": {"b.n_clicks": "b"}}


@pytest.mark.parametrize("nothing", [no_update, dash.no_update, type(dash.no_update)])
def test_a_later_no_update_does_not_erase_an_earlier_value(app: Any, kind: Any, nothing: Any):
    app.callback(Output("x", "title"), Output("y", "title"), Input("a", "n_clicks"), group="g")(
        kind(lambda n: ("one", "one"))
    )
    app.callback(
        Output("x", "title"),
        Output("y", "title"),
        Input("a", "n_clicks"),
        Trigger("b", "n_clicks"),
        group="g",
    )(kind(lambda n: (nothing, "two")))
    page = Page(app)
    page.act(CLICK)
    assert (page["x.title"], page["y.title"]) == ("one", "two")


def test_none_is_a_value_and_erases(app: Any, kind: Any):
    app.callback(Output("x", "title"), Input("a", "n_clicks"), group="g")(kind(lambda n: "one"))
    app.callback(Output("x", "title"), Input("a", "n_clicks"), Trigger("b", "n_clicks"), group="g")(
        kind(lambda n: None)
    )
    page = Page(app)
    page.act(CLICK)
    assert page["x.title"] is None


def test_prevent_update_skips_that_member_only(app: Any, kind: Any):
    def refuse(n: int) -> str:
        raise PreventUpdate

    app.callback(Output("x", "title"), Input("a", "n_clicks"), group="g")(kind(refuse))
    app.callback(Output("y", "title"), Input("a", "n_clicks"), group="g")(kind(lambda n: "ran"))
    page = Page(app)
    page.act(CLICK)
    assert (page["x.title"], page["y.title"]) == ("title of x", "ran")


@pytest.mark.parametrize("how", ["raise", "return", "each"])
def test_nothing_to_say_is_answered_with_204(app: Any, kind: Any, how: str):
    def silent(n: int) -> Any:
        if how == "raise":
            raise PreventUpdate
        return no_update if how == "return" else [no_update, no_update]

    for trigger in "bc":
        app.callback(
            Output("x", "title"),
            Output("y", "title"),
            Input("a", "n_clicks"),
            Trigger(trigger, "n_clicks"),
            group="g",
        )(kind(silent))
    page = Page(app)
    page.act(CLICK)
    assert [request.status for request in page.requests] == [204]


def test_set_props_alone_is_sent(app: Any, kind: Any):
    def act(n: int) -> Any:
        dash.set_props("z", {"title": "set"})
        return no_update

    app.callback(Output("x", "title"), Input("a", "n_clicks"), group="g")(kind(act))
    app.callback(Output("y", "title"), Input("b", "n_clicks"), group="g")(kind(lambda n: "other"))
    page = Page(app)
    page.act(CLICK)
    assert page["z.title"] == "set"


def test_set_props_of_a_member_that_then_prevents_its_update_is_as_under_dash(app: Any, kind: Any):
    def act(n: int) -> Any:
        dash.set_props("z", {"title": "set"})
        return "one"

    def refuse(n: int) -> Any:
        raise PreventUpdate

    app.callback(Output("x", "title"), Input("a", "n_clicks"), group="g")(kind(act))
    app.callback(Output("y", "title"), Input("a", "n_clicks"), group="g")(kind(refuse))
    page = Page(app)
    page.act(CLICK)
    assert (page["x.title"], page["z.title"]) == ("one", "set")


def test_members_without_outputs_run_with_the_others(app: Any, kind: Any):
    ran: list[int] = []
    app.callback(Output("x", "title"), Input("a", "n_clicks"), group="g")(kind(lambda n: "one"))
    app.callback(Input("a", "n_clicks"), Trigger("b", "n_clicks"), group="g")(kind(ran.append))
    page = Page(app)
    page.act(CLICK)
    assert (page["x.title"], ran) == ("one", [1])
    page.act({"b.n_clicks": 1})
    assert ran == [1, 1]


def test_a_group_without_any_output_runs(app: Any, kind: Any):
    ran: list[str] = []
    app.callback(Input("a", "n_clicks"), group="g")(kind(lambda n: ran.append("one") or "dropped"))
    app.callback(Input("a", "n_clicks"), group="g")(kind(lambda n: ran.append("two") or "dropped"))
    Page(app).act(CLICK)
    assert ran == ["one", "two"]


def test_a_failing_member_fails_the_request_with_its_own_error(app: Any, kind: Any):
    def fail(n: int) -> str:
        raise ZeroDivisionError("mine")

    app.callback(Output("x", "title"), Input("a", "n_clicks"), group="g")(kind(lambda n: "one"))
    app.callback(Output("y", "title"), Input("a", "n_clicks"), group="g")(kind(fail))
    page = Page(app)
    with pytest.raises(CallbackFailed) as failed:
        page.act(CLICK)
    assert isinstance(failed.value.__cause__, ZeroDivisionError)


def test_on_error_of_a_member_gives_that_members_value(app: Any, kind: Any):
    def fail(n: int) -> str:
        raise ZeroDivisionError("mine")

    app.callback(Output("x", "title"), Input("a", "n_clicks"), group="g")(kind(lambda n: "one"))
    app.callback(
        Output("y", "title"), Input("a", "n_clicks"), group="g", on_error=lambda error: f"told {error}"
    )(kind(fail))
    page = Page(app)
    page.act(CLICK)
    assert (page["x.title"], page["y.title"]) == ("one", "told mine")


def test_on_error_of_the_app_leaves_the_values_of_the_other_members(kind: Any):
    def fail(n: int) -> str:
        raise ZeroDivisionError("mine")

    app = Dash("app", on_error=lambda error: f"told {error}")
    app.layout = layout()
    app.callback(Output("x", "title"), Input("a", "n_clicks"), group="g")(kind(lambda n: "one"))
    app.callback(Output("y", "title"), Input("a", "n_clicks"), group="g")(kind(fail))
    page = Page(app)
    page.act(CLICK)
    assert (page["x.title"], page["y.title"]) == ("one", "told mine")


def test_a_wrong_number_of_values_is_refused_with_the_members_place(app: Any, kind: Any):
    app.callback(Output("x", "title"), Output("y", "title"), Input("a", "n_clicks"), group="g")(
        kind(lambda n: ["only one"])
    )
    app.callback(Output("z", "title"), Input("b", "n_clicks"), group="g")(kind(lambda n: "ok"))
    page = Page(app)
    with pytest.raises(CallbackFailed) as failed:
        page.act(CLICK)
    assert type(failed.value.__cause__).__module__ != "builtins", failed.value.text


def test_match_keys_that_agree(app: Any, kind: Any):
    app.callback(
        Output(pattern("out", MATCH), "title"), Trigger(pattern("in", MATCH), "n_clicks"), group="g"
    )(kind(lambda: f"out {dash.ctx.triggered_id['row']}"))
    app.callback(
        Output(pattern("note", MATCH), "title"),
        Input(pattern("in", MATCH), "n_clicks"),
        State(pattern("out", ALL), "title"),
        group="g",
    )(kind(lambda n, outs: f"note {n} {outs}"))
    page = Page(app)
    page.act({'{"kind":"in","row":1}.n_clicks': 4})
    assert page['{"kind":"out","row":1}.title'] == "out 1"
    assert page['{"kind":"note","row":1}.title'] == "note 4 ['out0', 'out1', 'out2']"
    assert page['{"kind":"note","row":0}.title'] == "note0"


def test_an_output_for_all_in_a_member(app: Any, kind: Any):
    app.callback(Output(pattern("out", ALL), "title"), Input("a", "n_clicks"), group="g")(
        kind(lambda n: ["1", no_update, "3"])
    )
    app.callback(Output("x", "title"), Input("a", "n_clicks"), group="g")(kind(lambda n: "x"))
    page = Page(app)
    page.act(CLICK)
    assert page['{"kind":"out","row":0}.title'] == "1"
    assert page['{"kind":"out","row":1}.title'] == "out1"
    assert page["x.title"] == "x"


def test_a_member_whose_input_is_not_on_the_page_is_skipped(app: Any, kind: Any):
    app.callback(Output("x", "title"), Input("a", "n_clicks"), group="g")(kind(lambda n: "ran"))
    app.callback(Output("y", "title"), Input("a", "n_clicks"), State("nowhere", "value"), group="g")(
        kind(lambda n, value: "must not run")
    )
    page = Page(app)
    page.act(CLICK)
    assert (page["x.title"], page["y.title"]) == ("ran", "title of y")


def test_a_member_whose_optional_input_is_not_on_the_page_runs(app: Any, kind: Any):
    app.callback(Output("x", "title"), Input("a", "n_clicks"), group="g")(kind(lambda n: "ran"))
    app.callback(
        Output("y", "title"),
        Input("a", "n_clicks"),
        State("nowhere", "value", allow_optional=True),
        group="g",
    )(kind(lambda n, value: f"got {value}"))
    page = Page(app)
    page.act(CLICK)
    assert (page["x.title"], page["y.title"]) == ("ran", "got None")


def test_an_input_of_one_is_a_state_of_another(app: Any, kind: Any):
    app.callback(Output("x", "title"), Input("a", "n_clicks"), State("b", "n_clicks"), group="g")(
        kind(lambda a, b: f"x {a} {b}")
    )
    app.callback(Output("y", "title"), Input("b", "n_clicks"), State("a", "n_clicks"), group="g")(
        kind(lambda b, a: f"y {a} {b}")
    )
    page = Page(app)
    page.act({"a.n_clicks": 3})
    assert (page["x.title"], page["y.title"]) == ("x 3 0", "title of y")
    page.act({"b.n_clicks": 5})
    assert (page["x.title"], page["y.title"]) == ("x 3 0", "y 3 5")


def test_running_of_every_member_is_told_to_the_browser(app: Any):
    app.callback(
        Output("x", "title"),
        Input("a", "n_clicks"),
        group="g",
        running=[(Output("a", "hidden"), True, False)],
    )(lambda n: "1")
    app.callback(
        Output("y", "title"), Input("b", "n_clicks"), group="g", running=(Output("b", "hidden"), True, False)
    )(lambda n: "1")
    (entry,) = Page(app).callbacks
    assert entry["running"]["running"] == {"a.hidden": True, "b.hidden": True}
    assert entry["running"]["runningOff"] == {"a.hidden": False, "b.hidden": False}


def test_priority_orders_the_members(app: Any, kind: Any):
    ran: list[str] = []
    app.callback(Output("x", "title"), Input("a", "n_clicks"), group="g", priority=5)(
        kind(lambda n: ran.append("late") or "late")
    )
    app.callback(Output("x", "title"), Input("a", "n_clicks"), group="g")(
        kind(lambda n: ran.append("early") or "early")
    )
    page = Page(app)
    page.act(CLICK)
    assert (ran, page["x.title"]) == (["early", "late"], "late")


def test_a_sync_member_of_an_async_group_runs_in_a_thread_with_its_context():
    flag: ContextVar[str] = ContextVar("flag", default="unset")
    seen: dict[str, Any] = {}
    app = Dash("app")
    app.layout = layout()

    @app.server.before_request
    def set_flag() -> None:
        flag.set("set")

    @app.callback(Output("x", "title"), Input("a", "n_clicks"), group="g")
    async def one(n: int) -> str:
        seen["async thread"] = threading.get_ident()
        return "one"

    @app.callback(Output("y", "title"), Input("a", "n_clicks"), group="g")
    def two(n: int) -> str:
        seen.update(thread=threading.get_ident(), flag=flag.get(), id=dash.ctx.triggered_id)
        dash.set_props("z", {"title": "from a thread"})
        return "two"

    page = Page(app)
    page.act(CLICK)
    assert (page["x.title"], page["y.title"], page["z.title"]) == ("one", "two", "from a thread")
    assert seen["thread"] != seen["async thread"]
    assert (seen["flag"], seen["id"]) == ("set", "a")


def test_the_context_is_whole_again_after_a_member(app: Any):
    app.callback(Output("x", "title"), Input("a", "n_clicks"), group="g")(lambda n: "one")
    app.callback(Output("y", "title"), Input("b", "n_clicks"), group="g")(
        lambda n: f"{dash.ctx.triggered_prop_ids}"
    )
    app.callback(Output("z", "title"), Input("x", "title"))(
        lambda title: f"chained from {dash.ctx.triggered_id}"
    )
    page = Page(app)
    page.act(CLICK)
    assert page["z.title"] == "chained from x"


def test_frames_are_compared_by_identity(app: Any):
    """A DataFrame as the earlier value must not be compared with no_update by ==."""
    frame = pd.DataFrame({"a": [1]})
    app.callback(Output("x", "title"), Input("a", "n_clicks"), group="g")(lambda n: frame)
    app.callback(Output("x", "title"), Input("a", "n_clicks"), Trigger("b", "n_clicks"), group="g")(
        lambda n: "text"
    )
    page = Page(app)
    page.act(CLICK)
    assert page["x.title"] == "text"


def test_groups_and_single_callbacks_are_chained_by_the_page(app: Any):
    app.layout = html.Div([html.Div(id=name, title="", n_clicks=0) for name in "abxy"])
    left_and_right(app.callback, lambda func: func)
    app.callback(Output("y", "title"), Input("x", "title"), prevent_initial_call=True)(
        lambda title: f"saw {title}"
    )
    page = Page(app)
    page.act(CLICK)
    assert page["y.title"] == "saw left by a"


def test_two_groups_do_not_mix(app: Any):
    app.callback(Output("x", "title"), Input("a", "n_clicks"), group="one")(lambda n: "one")
    app.callback(Output("y", "title"), Input("a", "n_clicks"), group="two")(lambda n: "two")
    page = Page(app)
    page.act(CLICK)
    assert len(app.callback_map) == 2
    assert (page["x.title"], page["y.title"]) == ("one", "two")

"""Declaring callbacks: the grammar, the arguments and ``ctx``, beside plain Dash."""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Callable
from typing import Any

import dash
import pytest
from dash import ALL, ALLSMALLER, MATCH, Input, Output, State, html
from pages import CLICK, CLICK_ROW, as_async, layout, pattern, snapshot
from versions import needs_dash

import enrich
from enrich import Dash, DashProxy
from enrich.page import CallbackFailed, Page


def plain_dash() -> dash.Dash:
    app = dash.Dash("plain", prevent_initial_callbacks=True)
    app.layout = layout()
    return app


def ours(kind: type[DashProxy] = Dash) -> DashProxy:
    app = kind("ours", prevent_initial_callbacks=True)
    app.layout = layout()
    return app


def played(app: dash.Dash, declaration: Declaration, *, sync: bool, through: Any = None) -> dict[str, Any]:
    """Declare a callback, fire it, and tell all that can be seen of it."""
    seen: list[Any] = []

    def func(*args: Any, **kwargs: Any) -> Any:
        seen.append((args, kwargs, snapshot()))
        return declaration.result

    args, kwargs = declaration.make()
    (through or app.callback)(*args, **kwargs)(func if sync else as_async(func))
    page = Page(app)
    page.act(declaration.changes)
    return {
        "calls": seen,
        "answers": [(request.status, request.answer) for request in page.requests],
        # Callbacks without outputs have ids of their own.
        "ids": [entry["output"] for entry in page.callbacks if not entry["no_output"]],
        "front": [{k: v for k, v in entry.items() if k != "output"} for entry in page.callbacks],
    }


class Declaration:
    def __init__(self, make: Callable[[], Any], result: Any, changes: dict[str, Any]) -> None:
        self.make, self.result, self.changes = make, result, changes


def declared(*args: Any, **kwargs: Any) -> Any:
    return args, kwargs


O, I, S = Output, Input, State  # noqa: E741

UNDER_DASH = {
    "one output, one input": Declaration(lambda: declared(O("x", "title"), I("a", "n_clicks")), "new", CLICK),
    "lists of one": Declaration(lambda: declared([O("x", "title")], [I("a", "n_clicks")]), ["new"], CLICK),
    "output in a list": Declaration(lambda: declared([O("x", "title")], I("a", "n_clicks")), ["new"], CLICK),
    "input in a list": Declaration(lambda: declared(O("x", "title"), [I("a", "n_clicks")]), "new", CLICK),
    "two outputs, input and state": Declaration(
        lambda: declared(O("x", "title"), O("y", "title"), I("a", "n_clicks"), S("b", "title")),
        ("1", "2"),
        CLICK,
    ),
    "three lists": Declaration(
        lambda: declared(
            [O("x", "title"), O("y", "title")], [I("a", "n_clicks"), I("b", "n_clicks")], [S("c", "title")]
        ),
        ["1", "2"],
        CLICK,
    ),
    "output= and inputs= single": Declaration(
        lambda: declared(output=O("x", "title"), inputs=I("a", "n_clicks")), "new", CLICK
    ),
    "output= in a list": Declaration(
        lambda: declared(output=[O("x", "title")], inputs=[I("a", "n_clicks")]), ["new"], CLICK
    ),
    "dicts": Declaration(
        lambda: declared(
            output={"one": O("x", "title"), "two": O("y", "title")},
            inputs={"n": I("a", "n_clicks"), "m": I("b", "n_clicks")},
            state={"s": S("c", "title")},
        ),
        {"two": "2", "one": "1"},
        CLICK,
    ),
    "nested": Declaration(
        lambda: declared(
            output=[{"one": O("x", "title")}, (O("y", "title"), O("z", "title"))],
            inputs=[{"deep": (I("a", "n_clicks"), {"deeper": I("b", "n_clicks")})}, I("c", "n_clicks")],
            state=[S("c", "title")],
        ),
        [{"one": "1"}, ("2", "3")],
        CLICK,
    ),
    "nested dicts": Declaration(
        lambda: declared(
            output={"o": {"p": O("x", "title")}},
            inputs={"i": {"j": [I("a", "n_clicks"), I("b", "n_clicks")]}, "s": S("c", "title")},
        ),
        {"o": {"p": "1"}},
        CLICK,
    ),
    "nested positional": Declaration(
        lambda: declared(O("x", "title"), {"n": I("a", "n_clicks")}, (I("b", "n_clicks"), S("c", "title"))),
        "new",
        CLICK,
    ),
    "tuple for inputs": Declaration(
        lambda: declared(
            output=(O("x", "title"), O("y", "title")), inputs=(I("a", "n_clicks"), I("b", "n_clicks"))
        ),
        ("1", "2"),
        CLICK,
    ),
    "trailing bool": Declaration(lambda: declared(O("x", "title"), I("a", "n_clicks"), True), "new", CLICK),
    "components for ids": Declaration(
        lambda: declared(O(html.Div(id="x"), "title"), I(html.Div(id="a"), "n_clicks")), "new", CLICK
    ),
    "all": Declaration(
        lambda: declared(
            O("x", "title"), I(pattern("in", ALL), "n_clicks"), S(pattern("note", ALL), "title")
        ),
        "new",
        CLICK_ROW,
    ),
    "output for all": Declaration(
        lambda: declared(O(pattern("out", ALL), "title"), I("a", "n_clicks")), ["1", "2", "3"], CLICK
    ),
    "outputs for all among others": Declaration(
        lambda: declared(O("x", "title"), O(pattern("out", ALL), "title"), I("a", "n_clicks")),
        ["0", ["1", dash.no_update, "3"]],
        CLICK,
    ),
    "match": Declaration(
        lambda: declared(
            O(pattern("out", MATCH), "title"),
            I(pattern("in", MATCH), "n_clicks"),
            S(pattern("note", MATCH), "title"),
        ),
        "new",
        CLICK_ROW,
    ),
    "match in dicts": Declaration(
        lambda: declared(
            output={"o": O(pattern("out", MATCH), "title"), "p": O(pattern("note", MATCH), "title")},
            inputs={"i": I(pattern("in", MATCH), "n_clicks"), "all": S(pattern("note", ALL), "title")},
        ),
        {"o": "1", "p": "2"},
        CLICK_ROW,
    ),
    "allsmaller": Declaration(
        lambda: declared(
            O(pattern("out", MATCH), "title"),
            I(pattern("in", MATCH), "n_clicks"),
            I(pattern("in", ALLSMALLER), "n_clicks"),
        ),
        "new",
        {'{"kind":"in","row":2}.n_clicks': 5},
    ),
    "no output": Declaration(lambda: declared(I("a", "n_clicks"), I("b", "n_clicks")), None, CLICK),
    "prevented update": Declaration(
        lambda: declared(O("x", "title"), O("y", "title"), I("a", "n_clicks")), dash.no_update, CLICK
    ),
    "one of two not updated": Declaration(
        lambda: declared(O("x", "title"), O("y", "title"), I("a", "n_clicks")), ["1", dash.no_update], CLICK
    ),
    "not updated in a dict": Declaration(
        lambda: declared(
            output={"o": O("x", "title"), "p": O("y", "title")}, inputs={"i": I("a", "n_clicks")}
        ),
        {"o": dash.no_update, "p": None},
        CLICK,
    ),
    "two triggered at once": Declaration(
        lambda: declared(O("x", "title"), I("a", "n_clicks"), I("b", "n_clicks")),
        "new",
        {**CLICK, "b.n_clicks": 3},
    ),
    "duplicate": Declaration(
        lambda: declared(O("x", "title", allow_duplicate=True), I("a", "n_clicks")), "new", CLICK
    ),
    "optional and missing": Declaration(
        lambda: declared(O("x", "title"), I("a", "n_clicks"), S("nowhere", "value", allow_optional=True)),
        "new",
        CLICK,
    ),
}


@pytest.mark.parametrize("sync", [True, False], ids=["sync", "async"])
@pytest.mark.parametrize("name", UNDER_DASH)
def test_what_dash_accepts_is_called_and_answered_as_under_dash(name: str, sync: bool):
    expected = played(plain_dash(), UNDER_DASH[name], sync=sync)
    assert len(expected["calls"]) == 1
    assert played(ours(Dash), UNDER_DASH[name], sync=sync) == expected
    assert played(ours(DashProxy), UNDER_DASH[name], sync=sync) == expected


@pytest.mark.parametrize(
    "through", [enrich.callback, dash.callback], ids=["enrich.callback", "dash.callback"]
)
@pytest.mark.parametrize("name", sorted(set(UNDER_DASH) - {"duplicate"}))
def test_global_declarations_are_called_and_answered_as_under_dash(name: str, through: Any):
    expected = played(plain_dash(), UNDER_DASH[name], sync=True)
    assert played(ours(Dash), UNDER_DASH[name], sync=True, through=through) == expected


def test_a_global_duplicate_takes_the_apps_prevent_initial_callbacks():
    app = ours()
    enrich.callback(O("x", "title", allow_duplicate=True), I("a", "n_clicks"))(lambda n: "new")
    page = Page(app)
    page.act(CLICK)
    assert page["x.title"] == "new"


REFUSED = {
    "an id with a dot": lambda: declared(O("x", "title"), I("a.b", "n_clicks")),
    "an id with a brace": lambda: declared(O("{x", "title"), I("a", "n_clicks")),
    "an output id with a dot": lambda: declared(O("x.y", "title"), I("a", "n_clicks")),
    "an empty id": lambda: declared(O("", "title"), I("a", "n_clicks")),
    "an id that is a number": lambda: declared(O(3, "title"), I("a", "n_clicks")),
    "an empty pattern": lambda: declared(O({}, "title"), I("a", "n_clicks")),
    "a pattern with a list": lambda: declared(O({"a": [1]}, "title"), I("a", "n_clicks")),
    "a pattern with a key that is no text": lambda: declared(O({1: "a"}, "title"), I("a", "n_clicks")),
    "a property with a bad sign": lambda: declared(O("x", "ti tle"), I("a", "n_clicks")),
    "a text for a dependency": lambda: declared(O("x", "title"), "a.n_clicks"),
    "a text in a list": lambda: declared(O("x", "title"), [I("a", "n_clicks"), "b"]),
    "a number for a dependency": lambda: declared(O("x", "title"), I("a", "n_clicks"), 5),
    "none for a dependency": lambda: declared(O("x", "title"), None, I("a", "n_clicks")),
    "a class for a dependency": lambda: declared(O("x", "title"), Input),
    "input for output=": lambda: declared(output=I("a", "n_clicks"), inputs=I("a", "n_clicks")),
    "text for output=": lambda: declared(output="x.title", inputs=I("a", "n_clicks")),
    "text for inputs=": lambda: declared(output=O("x", "title"), inputs="a.n_clicks"),
    "output among inputs=": lambda: declared(output=O("x", "title"), inputs=[O("y", "title")]),
    "state without inputs": lambda: declared(output=O("x", "title"), state=S("a", "title")),
    "dict inputs, list state": lambda: declared(
        output=O("x", "title"), inputs={"a": I("a", "n_clicks")}, state=[S("b", "title")]
    ),
    "list inputs, dict state": lambda: declared(
        output=O("x", "title"), inputs=[I("a", "n_clicks")], state={"b": S("b", "title")}
    ),
    "different match keys in outputs": lambda: declared(
        O({"a": MATCH}, "title"), O({"b": MATCH}, "title"), I({"a": MATCH}, "n_clicks")
    ),
    "allsmaller without match": lambda: declared(O("x", "title"), I({"a": ALLSMALLER}, "n_clicks")),
    "allsmaller in an output": lambda: declared(O({"a": ALLSMALLER}, "title"), I("a", "n_clicks")),
    "match in an input only": lambda: declared(O("x", "title"), I({"a": MATCH}, "n_clicks")),
    "an option= twice": lambda: declared(
        O("x", "title"), inputs=[I("a", "n_clicks")], output=O("y", "title")
    ),
    "a pattern in cancel": lambda: declared(
        O("x", "title"), I("a", "n_clicks"), background=True, cancel=I({"a": ALL}, "n_clicks")
    ),
    "progress and its default of different lengths": lambda: declared(
        O("x", "title"),
        I("a", "n_clicks"),
        background=True,
        progress=[O("y", "title")],
        progress_default=[1, 2],
    ),
    "an output twice": lambda: declared(O("x", "title"), O("x", "title"), I("a", "n_clicks")),
    "a pattern twice": lambda: declared(O({"a": 1}, "title"), O({"a": 1}, "title"), I("a", "n_clicks")),
    "overlapping outputs": lambda: declared(O({"a": ALL}, "title"), O({"a": 1}, "title"), I("a", "n_clicks")),
    "no inputs": lambda: declared(O("x", "title")),
    "only states": lambda: declared(O("x", "title"), S("a", "title")),
    "nothing": lambda: declared(),
    "a duplicate on page load": lambda: declared(
        O("x", "title", allow_duplicate=True), I("a", "n_clicks"), prevent_initial_call=False
    ),
}


def refusal(app: dash.Dash, make: Callable[[], Any]) -> tuple[type, str] | None:
    try:
        args, kwargs = make()
        app.callback(*args, **kwargs)(lambda *args: None)
        app.callback_map
    except Exception as error:
        return type(error), str(error)
    return None


@pytest.mark.parametrize("name", REFUSED)
def test_what_dash_refuses_is_refused_in_its_words(name: str):
    expected = refusal(plain_dash(), REFUSED[name])
    found = refusal(ours(DashProxy), REFUSED[name])
    if expected is None:
        assert found is None or issubclass(found[0], enrich.EnrichError)
    else:
        assert found == expected


WRONG_RETURNS = {
    "one value for two outputs": (
        lambda: declared(O("x", "title"), O("y", "title"), I("a", "n_clicks")),
        "new",
    ),
    "three values for two outputs": (
        lambda: declared(O("x", "title"), O("y", "title"), I("a", "n_clicks")),
        [1, 2, 3],
    ),
    "a list for a dict": (
        lambda: declared(output={"o": O("x", "title")}, inputs=[I("a", "n_clicks")]),
        ["new"],
    ),
    "a dict without a key": (
        lambda: declared(output={"o": O("x", "title"), "p": O("y", "title")}, inputs=[I("a", "n_clicks")]),
        {"o": "new"},
    ),
    "a dict with a wrong key": (
        lambda: declared(output={"o": O("x", "title")}, inputs=[I("a", "n_clicks")]),
        {"q": 1},
    ),
    "too few for all": (lambda: declared(O(pattern("out", ALL), "title"), I("a", "n_clicks")), ["1"]),
}


def failure(app: dash.Dash, make: Callable[[], Any], result: Any, *, sync: bool) -> tuple[type, str]:
    def func(*args: Any) -> Any:
        return result

    args, kwargs = make()
    app.callback(*args, **kwargs)(func if sync else as_async(func))
    page = Page(app)
    with pytest.raises(CallbackFailed) as failed:
        page.act(CLICK)
    cause = failed.value.__cause__
    return type(cause), str(cause)


@pytest.mark.parametrize("sync", [True, False], ids=["sync", "async"])
@pytest.mark.parametrize("name", WRONG_RETURNS)
def test_what_dash_can_not_send_fails_in_its_words(name: str, sync: bool):
    make, result = WRONG_RETURNS[name]
    assert failure(ours(), make, result, sync=sync) == failure(plain_dash(), make, result, sync=sync)


# --- freedoms beyond Dash -------------------------------------------------------------------------


@pytest.fixture(params=["app.callback", "enrich.callback", "dash.callback"])
def declare(request: pytest.FixtureRequest) -> Callable[[dash.Dash], Callable[..., Any]]:
    if request.param == "app.callback":
        return lambda app: app.callback
    return lambda app: enrich.callback if request.param == "enrich.callback" else dash.callback


@pytest.mark.parametrize("sync", [True, False], ids=["sync", "async"])
def test_arguments_arrive_in_the_order_of_declaration(sync: bool):
    app = ours()
    seen: list[Any] = []

    def func(*args: Any) -> str:
        seen.append(args)
        return "new"

    app.callback(S("b", "title"), O("x", "title"), I("a", "n_clicks"), S("c", "title"), I("b", "n_clicks"))(
        func if sync else as_async(func)
    )
    page = Page(app)
    page.act(CLICK)
    assert seen == [("title of b", 1, "title of c", 0)]
    assert page["x.title"] == "new"


def test_outputs_may_come_last_and_between(declare: Any):
    app = ours()

    @declare(app)(I("a", "n_clicks"), [O("x", "title")], {"s": S("c", "title")}, O("y", "title"))
    def func(n: int, group: dict[str, str]) -> list[str]:
        return [str(n), group["s"]]

    page = Page(app)
    page.act(CLICK)
    assert (page["x.title"], page["y.title"]) == ("1", "title of c")


@pytest.mark.parametrize("value", ["bare", ["bare"], ("bare",)])
@pytest.mark.parametrize("keyword", [True, False])
def test_a_list_of_one_output_takes_a_bare_value_and_a_list(value: Any, keyword: bool):
    app = ours()
    if keyword:
        app.callback(output=[O("x", "title")], inputs=[I("a", "n_clicks")])(lambda _: value)
    else:
        app.callback([O("x", "title")], [I("a", "n_clicks")])(lambda _: value)
    page = Page(app)
    page.act(CLICK)
    assert page["x.title"] == "bare"


def test_a_list_of_one_output_takes_a_value_that_is_a_longer_list():
    app = ours()
    app.callback([O("x", "title")], I("a", "n_clicks"))(lambda _: ["two", "words"])
    page = Page(app)
    page.act(CLICK)
    assert page["x.title"] == ["two", "words"]


def test_a_list_of_one_output_takes_no_update():
    app = ours()
    app.callback([O("x", "title")], I("a", "n_clicks"))(lambda _: dash.no_update)
    page = Page(app)
    page.act(CLICK)
    assert page["x.title"] == "title of x"


def test_the_decorator_returns_the_function_itself(declare: Any):
    app = ours()

    def double(n: int) -> int:
        return 2 * n

    assert declare(app)(O("x", "title"), I("a", "n_clicks"))(double) is double
    assert double(4) == 8


class Doubler:
    def method(self, n: int) -> str:
        return f"twice is {2 * n}"

    def __call__(self, n: int) -> str:
        return self.method(n)


def logged(func: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(func)
    def inner(*args: Any, **kwargs: Any) -> Any:
        return func(*args, **kwargs)

    return inner


@pytest.mark.parametrize(
    "func",
    [
        Doubler().method,
        logged(Doubler().method),
        lambda *args: Doubler().method(*args),
        lambda n=0, *args: Doubler().method(n),
    ],
    ids=["bound method", "decorated", "star args", "default"],
)
def test_functions_of_every_make_are_called(func: Any):
    app = ours()
    app.callback(O("x", "title"), I("a", "n_clicks"))(func)
    page = Page(app)
    page.act({"a.n_clicks": 3})
    assert page["x.title"] == "twice is 6"


def test_a_partial_is_called():
    app = ours()
    app.callback(O("x", "title"), I("a", "n_clicks"))(
        functools.partial(lambda word, n: f"{word} {n}", "clicked")
    )
    page = Page(app)
    page.act(CLICK)
    assert page["x.title"] == "clicked 1"


def test_nothing_that_the_author_passed_is_changed():
    outputs, inputs = (
        {"o": O("x", "title"), "p": [O("y", "title")]},
        {"i": [I(pattern("in", ALL), "n_clicks")]},
    )
    state, options = {"s": S("b", "title")}, {"running": [(O("y", "title"), 1, 2)]}
    before = repr((outputs, inputs, state, options))
    app = ours()
    app.callback(output=outputs, inputs=inputs, state=state, **options)(lambda i, s: {"o": 1, "p": [2]})
    Page(app).act(CLICK_ROW)
    assert repr((outputs, inputs, state, options)) == before


def test_the_same_dependency_may_be_given_twice():
    app = ours()
    app.callback(O("x", "title"), I("a", "n_clicks"), S("a", "n_clicks"), I("a", "n_clicks"))(
        lambda *args: str(args)
    )
    page = Page(app)
    page.act(CLICK)
    assert page["x.title"] == "(1, 1, 1)"


# --- keywords -------------------------------------------------------------------------------------


def test_unknown_keywords_are_accepted(declare: Any):
    app = ours()
    declare(app)(O("x", "title"), I("a", "n_clicks"), zebra=1, my_option="x")(lambda n: str(n))
    page = Page(app)
    page.act(CLICK)
    assert page["x.title"] == "1"


def test_a_near_miss_of_a_keyword_warns_with_file_and_line(declare: Any):
    app = ours()
    with pytest.warns(UserWarning, match=r"test_declaring\.py:\d+.*progess_default.*progress_default"):
        declare(app)(O("x", "title"), I("a", "n_clicks"), progess_default=["x"])(lambda n: str(n))


def test_the_line_of_a_warning_is_that_of_the_declaration(declare: Any):
    app = ours()
    decorator = declare(app)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        line = test_the_line_of_a_warning_is_that_of_the_declaration.__code__.co_firstlineno + 6
        decorator(O("x", "title"), I("a", "n_clicks"), runnning=1)(lambda n: str(n))
    assert any(f":{line} " in str(w.message) for w in caught), [str(w.message) for w in caught]


LEVELS = [None, False, True, "initial_duplicate"]


@pytest.mark.parametrize("own", LEVELS)
@pytest.mark.parametrize("level", LEVELS[1:])
def test_prevent_initial_call_is_what_it_is_under_dash(level: Any, own: Any):
    runs = {}
    for kind in (dash.Dash, DashProxy, Dash):
        app = kind("app", prevent_initial_callbacks=level)
        app.layout = layout()
        keyword = {} if own is None else {"prevent_initial_call": own}
        app.callback(O("x", "title"), I("a", "n_clicks"), **keyword)(lambda n: "ran")
        page = Page(app)
        runs[kind] = page["x.title"], page.callbacks[0]["prevent_initial_call"]
    assert runs[DashProxy] == runs[Dash] == runs[dash.Dash]


@pytest.mark.parametrize("own", [True, "initial_duplicate"])
def test_allow_duplicate_shares_an_output_as_under_dash(own: Any):
    ids = {}
    for kind in (dash.Dash, DashProxy, Dash):
        app = kind("app")
        app.layout = layout()
        app.callback(O("x", "title"), I("a", "n_clicks"), prevent_initial_call=own)(lambda n: f"a{n}")
        app.callback(O("x", "title", allow_duplicate=True), I("b", "n_clicks"), prevent_initial_call=own)(
            lambda n: f"b{n}"
        )
        page = Page(app)
        page.act({"b.n_clicks": 2})
        assert page["x.title"] == "b2"
        page.act(CLICK)
        assert page["x.title"] == "a1"
        ids[kind] = sorted(app.callback_map)
    assert ids[DashProxy] == ids[Dash] == ids[dash.Dash]


@pytest.mark.parametrize("kind", [dash.Dash, DashProxy, Dash])
@pytest.mark.parametrize("sync", [True, False], ids=["sync", "async"])
@pytest.mark.parametrize("level", ["callback", "app"])
def test_on_error_takes_what_the_callback_raised(kind: Any, sync: bool, level: str):
    def rescue(error: Exception) -> str:
        dash.set_props("y", {"title": "told"})
        return f"{type(error).__name__} at {dash.ctx.triggered_id}"

    app = kind("app", prevent_initial_callbacks=True, on_error=rescue if level == "app" else None)
    app.layout = layout()

    def func(_: int) -> str:
        raise ZeroDivisionError

    own = {"on_error": rescue} if level == "callback" else {}
    app.callback(O("x", "title"), I("a", "n_clicks"), **own)(func if sync else as_async(func))
    page = Page(app)
    page.act(CLICK)
    assert (page["x.title"], page["y.title"]) == ("ZeroDivisionError at a", "told")


def test_the_callback_level_on_error_wins_over_the_app_level(declare: Any):
    app = Dash("app", prevent_initial_callbacks=True, on_error=lambda error: "app")
    app.layout = layout()

    @declare(app)(O("x", "title"), I("a", "n_clicks"), on_error=lambda error: "callback")
    def func(_: int) -> str:
        raise ZeroDivisionError

    page = Page(app)
    page.act(CLICK)
    assert page["x.title"] == "callback"


@pytest.mark.parametrize("form", ["list", "single"])
def test_running_is_told_to_the_browser_as_under_dash(form: str, declare: Any):
    fronts = []
    for kind in (dash.Dash, Dash):
        app = kind("app", prevent_initial_callbacks=True)
        app.layout = layout()
        triple = (O("y", "title"), "busy", "done")
        register = app.callback if kind is dash.Dash else declare(app)
        register(
            O("x", "title"),
            I("a", "n_clicks"),
            running=[triple] if form == "list" else triple,
            hidden=True,
            optional=True,
            prevent_initial_call=True,
        )(lambda n: "new")
        fronts.append(Page(app).callbacks)
    assert fronts[1] == fronts[0]
    assert fronts[0][0]["running"] == {"running": {"y.title": "busy"}, "runningOff": {"y.title": "done"}}


@needs_dash(3, 4, "has setup_apis")
@pytest.mark.parametrize("kind", [dash.Dash, Dash])
@pytest.mark.parametrize("before", [True, False], ids=["declared before", "declared after"])
def test_api_endpoint_serves_the_function_over_http(kind: Any, before: bool):
    app = kind("app")
    app.layout = layout()

    def declare_it() -> None:
        @app.callback(O("x", "title"), I("a", "n_clicks"), api_endpoint="/api/double")
        def double(n: int) -> dict[str, int]:
            return {"double": 2 * n}

    if before:
        declare_it()
    app.setup_apis()
    if not before:
        declare_it()
        app.setup_apis()
    response = app.server.test_client().post("/api/double", json={"n": 4})
    assert response.json == {"double": 8}


@needs_dash(3, 4, "has setup_apis")
def test_api_endpoint_of_a_global_callback_serves_the_function(declare: Any):
    app = ours()

    @declare(app)(O("x", "title"), I("a", "n_clicks"), api_endpoint="/api/triple")
    def triple(n: int) -> dict[str, int]:
        return {"triple": 3 * n}

    app.setup_apis()
    assert app.server.test_client().post("/api/triple", json={"n": 4}).json == {"triple": 12}


@needs_dash(3, 4, "has setup_apis")
def test_api_endpoint_of_a_trigger_gets_the_authors_function():
    app = ours()

    @app.callback(O("x", "title"), enrich.Trigger("a", "n_clicks"), I("b", "title"), api_endpoint="/api/name")
    def name(title: str) -> dict[str, str]:
        return {"title": title}

    app.setup_apis()
    assert app.server.test_client().post("/api/name", json={"title": "t"}).json == {"title": "t"}


@pytest.mark.parametrize("sync", [True, False], ids=["sync", "async"])
def test_set_props_and_patch_work_as_under_dash(sync: bool):
    answers = []
    for kind in (dash.Dash, Dash):
        app = kind("app", prevent_initial_callbacks=True)
        app.layout = layout()

        def func(n: int) -> Any:
            dash.set_props("y", {"title": f"set {n}"})
            dash.set_props({"kind": "out", "row": 1}, {"title": "row"})
            patch = dash.Patch()
            patch["a"].append(n)
            return patch

        app.callback(O("x", "title"), I("a", "n_clicks"))(func if sync else as_async(func))
        page = Page(app)
        page.props["x"]["title"] = {"a": []}
        page.act(CLICK)
        assert page["x.title"] == {"a": [1]}
        answers.append([request.answer for request in page.requests])
    assert answers[1] == answers[0]


@pytest.mark.skipif(
    "persistent" not in inspect.signature(dash.callback).parameters, reason="needs persistent callbacks"
)
@pytest.mark.parametrize("declare", ["app", "enrich", "dash"])
def test_a_persistent_callback_that_holds_a_thread_is_warned_of_once_where_it_is_declared(declare):
    app = Dash("app")
    decorator = {"app": app, "enrich": enrich, "dash": dash}[declare].callback

    def declare_both():
        @decorator(Input("a", "n_clicks"), persistent=True, websocket=True)
        def hold(n):
            return None

        @decorator(Input("a", "title"), persistent=True, websocket=True)
        async def lasting(title):
            return None

        return app._callback_list

    with pytest.warns(RuntimeWarning, match="persistent=True") as warned:
        entries = declare_both()
    assert [(w.filename, "hold" in str(w.message)) for w in warned] == [(__file__, True)]
    assert [entry["persistent"] for entry in entries] == [True, True]


def test_import_enrich_as_dash_offers_every_name_of_dash():
    missing = [name for name in dir(dash) if not name.startswith("_") and not hasattr(enrich, name)]
    assert missing == []
    assert enrich.html is dash.html
    assert enrich.Input is dash.Input
    assert enrich.ctx is dash.ctx


def test_a_name_that_dash_does_not_have_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no_such_name"):
        enrich.no_such_name

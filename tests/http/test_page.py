"""The page without a browser does what dash-renderer would do."""

from __future__ import annotations

import dash
import pytest
from dash import ALL, ALLSMALLER, MATCH, Input, Output, Patch, State, dcc, html
from versions import needs_dash

from enrich.errors import EnrichError
from enrich.page import CallbackFailed, Page
from enrich.page_errors import NotOnPage


@pytest.fixture
def app() -> dash.Dash:
    made = dash.Dash("app", prevent_initial_callbacks=True)
    made.layout = html.Div([html.Div(id=name, title="", n_clicks=0) for name in ("a", "b", "c", "d")])
    return made


def test_it_holds_the_properties_of_the_layout(app):
    page = Page(app)
    assert page["a.n_clicks"] == 0
    assert page["a.children"] is None
    with pytest.raises(KeyError):
        page["nowhere.title"]


@pytest.mark.parametrize(
    ("prop_id", "said"),
    [
        (
            "button.n_clicks",
            "No component has the id 'button'. Did you mean 'buttons'? The page has 'buttons', '{\"r\":1}'.",
        ),
        ('{"r":2}.n_clicks', "No component has the id '{\"r\":2}'. Did you mean '{\"r\":1}'?"),
        (
            "buttons",
            "'buttons' names no property of a component. Write 'id.property', such as 'button.n_clicks'",
        ),
        ('{"r":1}', "Write 'id.property'"),
        ('{"r":1.5}', "Write 'id.property'"),
        ("{r:1}.n_clicks", "Write 'id.property'"),
        ("", "Write 'id.property'"),
        (".n_clicks", "Write 'id.property'"),
    ],
    ids=str,
)
def test_what_is_not_on_the_page_is_refused(prop_id: str, said: str):
    app = dash.Dash("app")
    app.layout = html.Div([html.Button(id="buttons"), html.Button(id={"r": 1})])
    page = Page(app)
    for use in (lambda: page.act({"buttons.n_clicks": 1, prop_id: 1}), lambda: page[prop_id]):
        with pytest.raises(NotOnPage) as refused:
            use()
        assert said in str(refused.value)
    # Not even what stood before it is done.
    assert "n_clicks" not in page.props["buttons"]


def test_a_property_that_nobody_has_set_is_refused_and_may_be_set(app):
    page = Page(app)
    with pytest.raises(
        NotOnPage, match=r"'a' has no property 'titel' that .* Did you mean 'title'\? It has '"
    ):
        page["a.titel"]
    page.act({"a.hidden": True})
    assert page["a.hidden"] is True


def test_a_pattern_may_be_written_in_any_order():
    app = dash.Dash("app", prevent_initial_callbacks=True)
    app.layout = html.Div([html.Div(id={"i": 1, "k": "x"}), html.Div(id="b")])
    app.callback(Output("b", "title"), Input({"i": ALL, "k": "x"}, "n_clicks"))(str)
    page = Page(app)
    page.act({'{"k": "x", "i": 1}.n_clicks': 3})
    assert page["b.title"] == "[3]"
    assert len(page.props) == 2


@pytest.mark.parametrize(
    ("named", "acted", "is_suppressed", "expected"),
    [
        ("late", "late", True, True),
        ("late", "late", False, False),
        ("late", "lat", True, False),
        ({"row": ALL}, '{"row":1}', False, True),
        ({"row": ALL}, '{"column":1}', True, False),
    ],
    ids=["suppressed", "not suppressed", "not named", "a pattern", "another pattern"],
)
def test_what_callbacks_name_may_be_acted_on_where_dash_lets_a_layout_be_without_it(
    named, acted, is_suppressed, expected
):
    app = dash.Dash("app", prevent_initial_callbacks=True, suppress_callback_exceptions=is_suppressed)
    app.layout = html.Div(id="b")
    app.callback(Output("b", "title"), Input(named, "n_clicks"))(str)
    page = Page(app)
    if expected:
        page.act({f"{acted}.n_clicks": 3})
        assert page["b.title"] in ("3", "[3]")
    else:
        with pytest.raises(NotOnPage):
            page.act({f"{acted}.n_clicks": 3})


@pytest.mark.parametrize("backend", ["fastapi", "quart"])
@needs_dash(4, 2, "runs on FastAPI and Quart")
def test_an_app_that_is_not_on_flask_is_refused(backend: str):
    pytest.importorskip(backend)
    app = dash.Dash("app", backend=backend)
    app.layout = html.Div()
    with pytest.raises(EnrichError, match=rf"(?i)A Page drives apps on Flask, and 'app' is on {backend}"):
        Page(app)


def test_it_works_under_a_path():
    app = dash.Dash("app", url_base_pathname="/some/path/")
    app.layout = html.Div([html.Div(id="a", n_clicks=3), html.Div(id="b")])
    app.callback(Output("b", "children"), Input("a", "n_clicks"))(str)
    assert Page(app)["b.children"] == "3"


def test_a_chain_runs_once_in_the_order_that_its_inputs_ask_for(app):
    ran = []
    app.callback(Output("d", "title"), Input("b", "title"), Input("c", "title"))(
        lambda b, c: ran.append("d") or f"{b}{c}"
    )
    app.callback(Output("c", "title"), Input("b", "title"))(lambda b: ran.append("c") or f"c{b}")
    app.callback(Output("b", "title"), Input("a", "n_clicks"))(lambda n: ran.append("b") or f"b{n}")
    page = Page(app)
    page.act({"a.n_clicks": 1})
    assert page["d.title"] == "b1cb1"
    assert ran[:2] == ["b", "c"]


def test_a_circle_in_one_callback_ends(app):
    ran = []

    @app.callback(Output("a", "title"), Output("b", "title"), Input("a", "title"), Input("b", "title"))
    def sync(a, b):
        ran.append(dash.ctx.triggered_id)
        return (a, a) if dash.ctx.triggered_id == "a" else (b, b)

    page = Page(app)
    page.act({"a.title": "x"})
    assert (page["b.title"], ran) == ("x", ["a"])


def test_a_circle_of_two_callbacks_ends(app):
    ran = []
    app.callback(Output("b", "title"), Input("a", "title"))(lambda v: ran.append("b") or v)
    app.callback(Output("a", "title"), Input("b", "title"))(lambda v: ran.append("a") or v)
    Page(app).act({"a.title": "x"})
    assert ran == ["b", "a"]


def test_wildcards_bind_rows():
    app = dash.Dash("app", prevent_initial_callbacks=True)
    app.layout = html.Div([html.Div(id={"k": k, "i": i}, title=f"{k}{i}") for i in range(3) for k in "xy"])
    app.callback(
        Output({"k": "y", "i": MATCH}, "title"),
        Input({"k": "x", "i": MATCH}, "title"),
        State({"k": "x", "i": ALLSMALLER}, "title"),
        State({"k": "x", "i": ALL}, "title"),
    )(lambda one, smaller, every: f"{one} {smaller} {len(every)}")
    page = Page(app)
    page.act({'{"i":1,"k":"x"}.title': "new"})
    assert page['{"i":1,"k":"y"}.title'] == "new ['x0'] 3"
    assert page['{"i":2,"k":"y"}.title'] == "y2"
    assert len(page.requests) == 1


def test_a_change_below_allsmaller_fires_the_rows_above():
    app = dash.Dash("app", prevent_initial_callbacks=True)
    app.layout = html.Div([html.Div(id={"k": k, "i": i}, title=f"{k}{i}") for i in range(3) for k in "xy"])
    app.callback(
        Output({"k": "y", "i": MATCH}, "title"),
        Input({"k": "x", "i": MATCH}, "title"),
        Input({"k": "x", "i": ALLSMALLER}, "title"),
    )(lambda one, smaller: f"{one} {smaller}")
    page = Page(app)
    page.act({'{"i":1,"k":"x"}.title': "new"})
    assert page['{"i":2,"k":"y"}.title'] == "x2 ['x0', 'new']"
    assert page['{"i":0,"k":"y"}.title'] == "y0"


def test_components_that_a_callback_adds_are_on_the_page(app):
    app.callback(Output("b", "children"), Input("a", "n_clicks"))(
        lambda n: [html.Div(dcc.Store(id="new", data=n))]
    )
    page = Page(app)
    page.act({"a.n_clicks": 4})
    assert page["new.data"] == 4


def test_an_error_carries_the_exception_behind_it(app):
    def fail(n):
        raise ZeroDivisionError("no")

    app.callback(Output("b", "title"), Input("a", "n_clicks"))(fail)
    page = Page(app)
    with pytest.raises(CallbackFailed, match=r"b\.title.*500[\s\S]*ZeroDivisionError: no") as failed:
        page.act({"a.n_clicks": 1})
    assert isinstance(failed.value.__cause__, ZeroDivisionError)


def test_every_request_is_kept_with_its_bytes(app):
    app.callback(Output("b", "title"), Input("a", "n_clicks"))(lambda n: "x" * 1000)
    page = Page(app)
    page.act({"a.n_clicks": 1})
    (request,) = page.requests
    assert request.status == 200
    assert 1000 < request.received < 1200
    assert 100 < request.sent < 400
    assert request.body["changedPropIds"] == ["a.n_clicks"]


PATCHES = {
    "append": (lambda p: p["x"].append(4), {"x": [3, 1, 2, 4], "k": {"a": 1}}),
    "prepend": (lambda p: p["x"].prepend(4), {"x": [4, 3, 1, 2], "k": {"a": 1}}),
    "extend": (lambda p: p["x"].extend([4, 5]), {"x": [3, 1, 2, 4, 5], "k": {"a": 1}}),
    "insert": (lambda p: p["x"].insert(-1, 4), {"x": [3, 1, 4, 2], "k": {"a": 1}}),
    "remove": (lambda p: p["x"].remove(1), {"x": [3, 2], "k": {"a": 1}}),
    "reverse": (lambda p: p["x"].reverse(), {"x": [2, 1, 3], "k": {"a": 1}}),
    "clear": (lambda p: p["k"].clear(), {"x": [3, 1, 2], "k": {}}),
    "update": (lambda p: p["k"].update(b=2), {"x": [3, 1, 2], "k": {"a": 1, "b": 2}}),
    "assign": (lambda p: p["k"].__setitem__("a", 5), {"x": [3, 1, 2], "k": {"a": 5}}),
    "delete": (lambda p: p.__delitem__("k"), {"x": [3, 1, 2]}),
    "delete what isn't there": (lambda p: p["x"].__delitem__(9), {"x": [3, 1, 2], "k": {"a": 1}}),
    "add": (lambda p: p["k"].__setitem__("a", p["k"]["a"].__iadd__(2)), {"x": [3, 1, 2], "k": {"a": 3}}),
    "divide": (lambda p: p["x"].__setitem__(0, p["x"][0].__itruediv__(2)), {"x": [1.5, 1, 2], "k": {"a": 1}}),
}


@pytest.mark.parametrize("change", PATCHES)
def test_a_patch_changes_what_the_page_holds(change):
    build, expected = PATCHES[change]
    patch = Patch()
    build(patch)
    app = dash.Dash("app", prevent_initial_callbacks=True)
    app.layout = html.Div([html.Button(id="a"), dcc.Store(id="s", data={"x": [3, 1, 2], "k": {"a": 1}})])
    app.callback(Output("s", "data"), Input("a", "n_clicks"))(lambda n: patch)
    page = Page(app)
    page.act({"a.n_clicks": 1})
    assert page["s.data"] == expected


def test_a_patch_of_nothing_fails_as_in_the_browser(app):
    patch = Patch()
    patch.append(1)
    app.callback(Output("b", "children"), Input("a", "n_clicks"))(lambda n: patch)
    page = Page(app)
    with pytest.raises(CallbackFailed, match=r"b\.children holds nothing"):
        page.act({"a.n_clicks": 1})


def test_two_pages_are_two_browsers(app):
    from flask import request

    seen = []
    app.server.after_request(lambda response: response.set_cookie("who", "me") or response)
    app.server.before_request(lambda: seen.append(request.cookies.get("who")))
    page = Page(app)
    page.reload()
    Page(app)
    assert seen.count(None) == 2


def test_clientside_callbacks_are_not_run(app):
    app.clientside_callback("(n) => n", Output("b", "title"), Input("a", "n_clicks"))
    page = Page(app)
    page.act({"a.n_clicks": 1})
    assert page.requests == []

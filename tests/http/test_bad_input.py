"""What can't be done is refused: with the place, the reason and the mend, and before the app serves where possible."""

from __future__ import annotations

import dataclasses
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dash
import pandas as pd
import pytest
from pages import CLICK, layout, pattern
from versions import needs_dash

import enrich
from enrich import (
    ALL,
    MATCH,
    Dash,
    DashBlueprint,
    DashProxy,
    DashTransform,
    DeclarationError,
    GroupError,
    GroupTransform,
    HandleForeign,
    Input,
    MissingTransformError,
    MultiplexerTransform,
    NoOutputTransform,
    Output,
    Serverside,
    ServersideOutput,
    ServersideOutputTransform,
    SessionError,
    State,
    StoreConfigError,
    StoreUnavailableError,
    TransformError,
    Trigger,
    TriggerTransform,
    dcc,
    html,
)
from enrich.page import CallbackFailed, Page
from enrich.store import FileSystemBackend, MemoryBackend

NEEDS_OPTIONS = needs_dash(3, 4, "knows the options")

HERE = r"test_bad_input\.py:\d+"


def says(error: BaseException, *parts: str) -> None:
    """Assert that a message has every part; each is a pattern."""
    for part in parts:
        assert re.search(part, str(error)), f"{part!r} is not in: {error}"


def told(error: BaseException | None) -> str:
    """All that a traceback shows: orjson wraps what an object's to_plotly_json() raises."""
    texts = []
    while error is not None:
        texts.append(f"{type(error).__name__}: {error}")
        error = error.__cause__ or error.__context__
    return "\n".join(texts)


def refused(kind: type[Exception], app: Any) -> BaseException:
    with pytest.raises(kind) as caught:
        app.callback_map
    return caught.value


@pytest.fixture
def app() -> Any:
    made = Dash("app", prevent_initial_callbacks=True)
    made.layout = html.Div([layout(), dcc.Store(id="store")])
    return made


# --- groups ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param({"hidden": True}, {}, marks=NEEDS_OPTIONS),
        pytest.param({"optional": True}, {"optional": False}, marks=NEEDS_OPTIONS),
        pytest.param({"hidden": True}, {"hidden": False}, marks=NEEDS_OPTIONS),
        ({"_allow_dynamic_callbacks": True}, {}),
    ],
    ids=str,
)
def test_group_members_with_conflicting_options_are_refused_with_both_places(app: Any, one: Any, other: Any):
    def left(n: int) -> str:
        return "left"

    def right(n: int) -> str:
        return "right"

    app.callback(Output("x", "title"), Input("a", "n_clicks"), group="log", **one)(left)
    app.callback(Output("x", "title"), Input("b", "n_clicks"), group="log", **other)(right)
    error = refused(GroupError, app)
    says(error, "group 'log'", f"'left' .*{HERE}", f"'right' .*{HERE}", next(iter(one)), "give them the same")


def test_a_background_member_is_refused(app: Any):
    app.callback(Output("x", "title"), Input("a", "n_clicks"), group="log")(lambda n: "1")
    app.callback(Output("y", "title"), Input("b", "n_clicks"), group="log", background=True)(lambda n: "1")
    error = refused(GroupError, app)
    says(error, "group 'log'", "background")
    assert len(re.findall(HERE, str(error))) == 2


def test_a_clientside_member_is_refused(app: Any):
    app.callback(Output("x", "title"), Input("a", "n_clicks"), group="log")(lambda n: "1")
    app.clientside_callback("(n) => n", Output("y", "title"), Input("b", "n_clicks"), group="log")
    error = refused(GroupError, app)
    says(error, "group 'log'", "runs in the browser", "server-side")
    assert len(re.findall(HERE, str(error))) == 2


def test_members_with_other_match_keys_are_refused(app: Any):
    app.callback(
        Output({"k": "o", "one": MATCH}, "title"), Input({"k": "i", "one": MATCH}, "n_clicks"), group="log"
    )(lambda n: "1")
    app.callback(
        Output({"k": "o", "two": MATCH}, "title"), Input({"k": "i", "two": MATCH}, "n_clicks"), group="log"
    )(lambda n: "1")
    error = refused(GroupError, app)
    says(error, "group 'log'", "MATCH", "same keys")
    assert len(re.findall(HERE, str(error))) == 2


def test_a_member_with_match_and_one_without_are_refused(app: Any):
    app.callback(Output("x", "title"), Input("a", "n_clicks"), group="log")(lambda n: "1")
    app.callback(
        Output(pattern("out", MATCH), "title"), Input(pattern("in", MATCH), "n_clicks"), group="log"
    )(lambda n: "1")
    says(refused(GroupError, app), "group 'log'", "MATCH", HERE)


def test_match_in_an_input_that_no_output_of_the_group_has_is_refused(app: Any):
    app.callback(Output(pattern("out", ALL), "title"), Input(pattern("in", ALL), "n_clicks"), group="log")(
        lambda n: ["1"] * 3
    )
    app.callback(Input(pattern("in", MATCH), "n_clicks"), group="log")(lambda n: None)
    says(refused(GroupError, app), "group 'log'", "MATCH", HERE)


def test_a_refused_group_fails_the_first_request_too(app: Any):
    app.callback(Output("x", "title"), Input("a", "n_clicks"), group="log")(lambda n: "1")
    app.callback(Output("y", "title"), Input("b", "n_clicks"), group="log", background=True)(lambda n: "1")
    with pytest.raises(CallbackFailed, match=HERE):
        Page(app)


def test_twins_with_conflicting_options_are_refused_and_not_lost(app: Any):
    app.callback(Output("x", "title"), Input("a", "n_clicks"), _allow_dynamic_callbacks=True)(lambda n: "1")
    app.callback(Output("x", "title"), Input("a", "n_clicks"))(lambda n: "1")
    error = refused(GroupError, app)
    says(error, r"output x\.title", "_allow_dynamic_callbacks")
    assert len(re.findall(HERE, str(error))) == 2


# --- transforms -----------------------------------------------------------------------------------


@pytest.mark.parametrize("made", [DashProxy, Dash])
@pytest.mark.parametrize(
    ("given", "parts"),
    [
        (TriggerTransform, ["not a transform", r"Did you mean TriggerTransform\(\)"]),
        (object(), ["not a transform", r"apply\(program\)"]),
        ("TriggerTransform", ["'TriggerTransform'", "not a transform"]),
        (None, ["None", "not a transform"]),
        (5, ["5", "not a transform"]),
    ],
    ids=["class", "object", "text", "none", "number"],
)
def test_something_that_is_not_a_transform_is_refused_when_the_app_is_made(made: Any, given: Any, parts: Any):
    with pytest.raises(TransformError) as caught:
        made("app", transforms=[given])
    says(caught.value, "transforms=", *parts)


@pytest.mark.parametrize("made", [DashProxy, Dash])
def test_two_transforms_of_a_kind_are_refused(made: Any):
    with pytest.raises(TransformError, match=r"TriggerTransform twice.*once"):
        made("app", transforms=[TriggerTransform(), TriggerTransform()])


class First(DashTransform):
    after = ("Second",)


class Second(DashTransform):
    after = ("First",)


def test_a_cyclic_order_is_refused():
    with pytest.raises(TransformError, match="First -> Second"):
        DashProxy("app", transforms=[First(), Second()])


USES = {
    "Trigger": (
        lambda app: app.callback(Output("x", "title"), Trigger("a", "n_clicks"))(lambda: 1),
        "TriggerTransform",
    ),
    "a clientside Trigger": (
        lambda app: app.clientside_callback("() => 1", Output("x", "title"), Trigger("a", "n_clicks")),
        "TriggerTransform",
    ),
    "ServersideOutput": (
        lambda app: app.callback(ServersideOutput("x", "data"), Input("a", "n_clicks"))(lambda n: 1),
        "ServersideOutputTransform",
    ),
    "a global ServersideOutput": (
        lambda app: enrich.callback(ServersideOutput("x", "data"), Input("a", "n_clicks"))(lambda n: 1),
        "ServersideOutputTransform",
    ),
}


@pytest.mark.parametrize("name", USES)
def test_a_feature_without_its_transform_is_refused(name: str):
    use, transform = USES[name]
    app = DashProxy("app")
    use(app)
    says(refused(MissingTransformError, app), HERE, transform, "transforms=", r"enrich\.Dash")


@pytest.mark.parametrize(
    ("flag", "transform"), [("group", "GroupTransform"), ("memoize", "ServersideOutputTransform")]
)
def test_a_keyword_without_its_transform_warns_once(flag: str, transform: str):
    app = DashProxy("app")
    app.callback(Output("x", "title"), Input("a", "n_clicks"), **{flag: True})(lambda n: 1)
    with pytest.warns(UserWarning, match=rf"{HERE}.*{flag}=.*{transform}") as caught:
        app.callback_map
    assert [(warning.filename, str(warning.lineno) in str(warning.message)) for warning in caught] == [
        (__file__, True)
    ]
    app.callback(Output("y", "title"), Input("a", "n_clicks"))(lambda n: 1)
    assert len(app.callback_map) == 2


def test_a_store_without_its_transform_is_refused():
    with pytest.raises(MissingTransformError, match="no ServersideOutputTransform.*transforms="):
        DashProxy("app").store


def test_a_serverside_value_without_its_transform_is_refused_when_it_is_returned():
    app = DashProxy("app", prevent_initial_callbacks=True)
    app.layout = layout()
    app.callback(Output("x", "title"), Input("a", "n_clicks"))(lambda n: Serverside([1]))
    with pytest.raises(CallbackFailed) as failed:
        Page(app).act(CLICK)
    assert "ServersideOutputTransform() to transforms=" in told(failed.value)


def test_a_serverside_value_in_a_plain_app_is_refused():
    app = dash.Dash("app", prevent_initial_callbacks=True)
    app.layout = layout()
    app.callback(Output("x", "title"), Input("a", "n_clicks"))(lambda n: Serverside([1]))
    with pytest.raises(CallbackFailed) as failed:
        Page(app).act(CLICK)
    assert "Only an app of enrich" in told(failed.value)


# --- declarations ---------------------------------------------------------------------------------


@pytest.fixture(params=["app.callback", "enrich.callback", "dash.callback", "clientside"])
def callback(request: pytest.FixtureRequest, app: Any) -> Callable[..., Any]:
    def clientside(*args: Any, **kwargs: Any) -> Any:
        return app.clientside_callback("() => 1", *args, **kwargs)

    return {
        "app.callback": app.callback,
        "enrich.callback": enrich.callback,
        "dash.callback": dash.callback,
        "clientside": clientside,
    }[request.param]


@pytest.mark.parametrize(
    "bad",
    ["text", 5, None, object(), html.Div(id="a"), Input, ("a", "n_clicks")],
    ids=["text", "number", "none", "object", "component", "class", "tuple"],
)
def test_something_that_is_not_a_dependency_is_refused_at_the_decorator(callback: Any, bad: Any):
    with pytest.raises(dash.exceptions.DashException):
        callback(Output("x", "title"), Input("a", "n_clicks"), bad)


@pytest.mark.parametrize("bad", ["a.b", "a{b", "a."], ids=str)
@pytest.mark.parametrize("kind", [Input, Trigger, State])
def test_an_id_with_a_dot_is_refused_at_the_decorator(callback: Any, bad: str, kind: Any):
    with pytest.raises(dash.exceptions.DashException) as caught:
        callback(Output("x", "title"), Input("a", "n_clicks"), kind(bad, "n_clicks"))
    says(caught.value, re.escape(bad))


def test_an_output_id_with_a_dot_is_refused_at_the_decorator(callback: Any):
    for kind in (Output, ServersideOutput):
        with pytest.raises(dash.exceptions.DashException, match=r"x\.y"):
            callback(kind("x.y", "title"), Input("a", "n_clicks"))


def test_outputs_and_inputs_in_one_group_are_refused(app: Any):
    with pytest.raises(DeclarationError) as caught:
        app.callback({"o": Output("x", "title"), "i": Input("a", "n_clicks")})
    says(caught.value, HERE, "outputs and inputs in one group", "groups of their own")


def test_a_clientside_server_side_output_is_refused(app: Any):
    app.clientside_callback("() => 1", ServersideOutput("store", "data"), Input("a", "n_clicks"))
    says(refused(DeclarationError, app), HERE, "runs in the browser", "use Output")


def test_callbacks_that_would_replace_each_other_are_refused():
    app = DashProxy("app", transforms=[TriggerTransform(), GroupTransform()])
    app.callback(Output("x", "title"), Trigger("a", "n_clicks"))(lambda: 1)
    app.callback(Output("x", "title"), Input("a", "n_clicks"))(lambda n: 1)
    error = refused(DeclarationError, app)
    says(error, "silently replace", r"MultiplexerTransform\(\)")
    assert len(re.findall(HERE, str(error))) == 2


def test_a_callback_and_a_clientside_one_that_would_replace_each_other_are_refused():
    app = DashProxy("app")
    app.callback(Output("x", "title"), Input("a", "n_clicks"))(lambda n: 1)
    app.clientside_callback("() => 1", Output("x", "title"), Input("a", "n_clicks"))
    says(refused(DeclarationError, app), "silently replace", HERE)


def test_callbacks_without_outputs_that_would_replace_each_other_are_refused():
    app = DashProxy("app", transforms=[MultiplexerTransform()])
    app.callback(Input("a", "n_clicks"))(lambda n: 1)
    app.clientside_callback("() => 1", Input("a", "n_clicks"))
    says(refused(DeclarationError, app), "silently replace", r"NoOutputTransform\(\)", HERE)


def test_a_priority_that_is_no_number_is_refused_with_its_place(app: Any):
    with pytest.raises(DeclarationError, match=rf"{HERE}.*priority='high'"):
        app.callback(Output("x", "title"), Input("a", "n_clicks"), priority="high")(lambda n: 1)


# --- settings of the store ------------------------------------------------------------------------


def opened(**settings: Any) -> Any:
    return Dash("app", transforms=[ServersideOutputTransform(**settings)]).store


@pytest.mark.parametrize(
    ("settings", "parts"),
    [
        ({"cookie_samesite": "none"}, ["cookie_samesite='none'", "'Lax'"]),
        ({"max_bytes": -1}, ["max_bytes=-1", "positive"]),
        ({"ttl": 0}, ["ttl=0", "positive"]),
        ({"ttl": "1 day"}, ["ttl=", "positive"]),
        ({"session_quota": True}, ["session_quota=True", "positive"]),
        ({"backend": MemoryBackend}, ["MemoryBackend", "give an instance"]),
        ({"backend": "nowhere"}, ["nowhere"]),
        ({"backend": object()}, ["can't be a backend", "FileSystemBackend"]),
        ({"backends": {}, "default_backend": "typo"}, ["typo"]),
    ],
    ids=lambda value: ", ".join(value) if isinstance(value, dict) else "",
)
def test_settings_that_can_not_be_are_refused(settings: Any, parts: Any):
    with pytest.raises(StoreConfigError) as caught:
        opened(**settings)
    says(caught.value, *parts)


def test_an_unknown_setting_is_refused_by_its_name():
    with pytest.raises((StoreConfigError, TypeError), match="max_byte"):
        opened(max_byte=5)


@pytest.mark.parametrize(
    ("settings", "parts"),
    [
        (
            {"backends": [FileSystemBackend(), FileSystemBackend()]},
            ["Two backends are called 'files'", "name="],
        ),
        ({"backends": [MemoryBackend], "default_backend": None}, ["give an instance"]),
        ({"backends": {"disk": object()}}, ["can't be a backend"]),
        ({"backends": {"": MemoryBackend()}}, ["some text"]),
        ({"backends": [MemoryBackend()], "default_backend": "disk"}, ["'disk'", "there are: 'memory'"]),
    ],
)
def test_backends_that_can_not_be_told_apart_or_used_are_refused_where_they_are_given(
    settings: Any, parts: Any
):
    with pytest.raises(StoreConfigError) as caught:
        ServersideOutputTransform(**settings)
    says(caught.value, *parts)


def test_backends_may_come_one_by_one(tmp_path: Path):
    given = (FileSystemBackend(tmp_path / name, name=name) for name in ("a", "b"))
    assert [name for name, _ in opened(backends=given).opened()] == ["a", "b"]


BACKENDS = ["typo", MemoryBackend(name="mine")]


@pytest.mark.parametrize("backend", BACKENDS, ids=["name", "object"])
@pytest.mark.parametrize("options", [{}, {"group": "g"}])
def test_an_unknown_backend_of_an_output_is_refused_at_build_with_those_there_are(
    app: Any, backend: Any, options: Any
):
    app.callback(Output("x", "children"), Input("a", "n_clicks"), **options)(lambda n: n)
    app.callback(ServersideOutput("store", "data", backend=backend), Input("a", "n_clicks"), **options)(
        lambda n: [1]
    )
    error = refused(StoreConfigError, app)
    says(error, r"callback '<lambda>' \(", HERE, "store.data", "'typo'|'mine'", "it has 'files'", "backends=")
    assert not app.has_open_store


def test_an_unknown_backend_of_a_late_callback_is_refused_with_its_place(app: Any):
    Page(app)
    with pytest.raises(StoreConfigError) as caught:
        app.callback(ServersideOutput("store", "data", backend="typo"), Input("a", "n_clicks"))(lambda n: [1])
    says(caught.value, "'typo'", "store.data", HERE)


def test_the_backends_of_an_output_in_a_blueprint_are_those_of_the_app():
    blueprint = DashBlueprint(transforms=[ServersideOutputTransform(), TriggerTransform()])
    blueprint.callback(ServersideOutput("store", "data", backend="mine"), Input("a", "n_clicks"))(
        lambda n: [1]
    )
    knows = Dash("app", transforms=[ServersideOutputTransform(backends=BACKENDS[1])])
    blueprint.register_callbacks(knows)
    assert "store.data" in knows.callback_map
    lacks = Dash("app")
    blueprint.register_callbacks(lacks)
    says(refused(StoreConfigError, lacks), "'mine'", HERE)


def test_an_unknown_backend_of_a_value_is_refused_with_those_there_are(app: Any):
    app.callback(Output("store", "data"), Input("a", "n_clicks"))(lambda n: Serverside([1], backend="typo"))
    with pytest.raises(CallbackFailed) as failed:
        Page(app).act(CLICK)
    cause = failed.value.__cause__
    assert isinstance(cause, StoreConfigError)
    says(cause, "'typo'", "store.data", HERE, "backends=")


@pytest.fixture
def nowhere(tmp_path: Path) -> Path:
    """A path that no one can make, not even root."""
    (tmp_path / "file").write_text("in the way")
    return tmp_path / "file" / "folder"


def test_a_cache_folder_that_can_not_be_written_is_refused(nowhere: Path):
    with pytest.raises(StoreUnavailableError) as caught:
        Dash("app", transforms=[ServersideOutputTransform(backend=FileSystemBackend(nowhere))]).store
    says(caught.value, re.escape(str(nowhere)), r"FileSystemBackend\(|[Gg]ive|[Uu]se")


def test_a_callback_that_can_not_store_says_where_and_what_to_do(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(nowhere))
    monkeypatch.setattr(tempfile, "tempdir", str(nowhere))
    app = Dash("app", prevent_initial_callbacks=True)
    app.layout = html.Div([layout(), dcc.Store(id="store")])

    @app.callback(ServersideOutput("store", "data"), Input("a", "n_clicks"))
    def query(n: int) -> Any:
        return [1]

    app.callback(Output("x", "title"), Input("b", "n_clicks"))(lambda n: "still served")
    page = Page(app)
    page.act({"b.n_clicks": 1})
    assert page["x.title"] == "still served"
    with pytest.raises(CallbackFailed) as failed:
        page.act(CLICK)
    cause = failed.value.__cause__
    assert isinstance(cause, StoreUnavailableError)
    says(cause, "callback 'query'", HERE, r"store\.data", re.escape(str(nowhere)))


def test_without_a_cache_directory_the_temporary_one_is_taken_with_a_warning(
    nowhere: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(nowhere))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.warns(RuntimeWarning, match=re.escape(str(nowhere))):
        store = Dash("app").store
    assert store.get(store.put([1])) == [1]


def test_without_any_directory_the_store_is_refused(nowhere: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(nowhere))
    monkeypatch.setattr(tempfile, "tempdir", str(nowhere))
    with pytest.raises(StoreUnavailableError) as caught:
        Dash("app").store
    says(caught.value, re.escape(str(nowhere)), "FileSystemBackend|backend")


# --- handles --------------------------------------------------------------------------------------


@pytest.fixture
def page(app: Any) -> Page:
    @app.callback(ServersideOutput("store", "data"), Input("a", "n_clicks"))
    def load(n: int) -> pd.DataFrame:
        return pd.DataFrame({"n": [n]})

    @app.callback(Output("x", "title"), Input("store", "data"))
    def show(df: Any) -> str:
        return f"{len(df)}"

    opened_page = Page(app)
    opened_page.act(CLICK)
    return opened_page


def failing(page: Page, token: str) -> BaseException:
    with pytest.raises(CallbackFailed) as failed:
        page.act({"store.data": token})
    assert failed.value.__cause__ is not None
    return failed.value.__cause__


def test_an_altered_handle_says_where_what_and_what_to_do(page: Page):
    token = page["store.data"]
    error = failing(page, token[:-8] + ("A" * 8 if token[-8:] != "A" * 8 else "B" * 8))
    says(error, "callback 'show'", HERE, r"store\.data", "signature", "reload the page")


def test_a_foreign_handle_says_where_what_and_what_to_do(page: Page, app: Any):
    error = failing(Page(app), page["store.data"])
    assert isinstance(error, HandleForeign)
    says(error, "callback 'show'", HERE, r"store\.data", "another browser session", "Reload the page")


def test_an_expired_handle_says_who_made_it_who_wants_it_and_what_to_do(page: Page, app: Any):
    app.store.clear()
    error = failing(page, page["store.data"])
    says(error, "callback 'show'", "callback 'load'", r"store\.data", "[Rr]eload|[Rr]un|again|on_missing")
    assert len(re.findall(HERE, str(error))) == 2


def test_a_handle_in_an_app_without_the_transform_is_the_authors_own_text(page: Page):
    plain = DashProxy("plain", prevent_initial_callbacks=True)
    plain.layout = html.Div([layout(), dcc.Store(id="store")])
    plain.callback(Output("x", "title"), Input("store", "data"))(lambda token: token[:9])
    other = Page(plain)
    other.act({"store.data": page["store.data"]})
    assert other["x.title"] == "~enrich1~"


def test_storing_for_a_session_without_a_cookie_says_what_to_do(page: Page, app: Any):
    stranger = Page(app, client=app.server.test_client(use_cookies=False))
    with pytest.raises(CallbackFailed) as failed:
        stranger.act(CLICK)
    cause = failed.value.__cause__
    assert isinstance(cause, SessionError)
    says(cause, "cookie", "session_check=False", "callback 'load'", HERE)


def test_no_message_shows_a_whole_handle(page: Page, app: Any):
    token = page["store.data"]
    for error in (failing(Page(app), token), failing(page, token[:-1] + ("A" if token[-1] != "A" else "B"))):
        assert token[:40] not in str(error)


def test_no_error_is_of_a_kind_that_dash_swallows():
    from enrich import errors

    classes = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    kinds = [kind for kind in classes if issubclass(kind, Exception) and not issubclass(kind, Warning)]
    assert len(kinds) > 15
    assert not [kind for kind in kinds if issubclass(kind, TypeError | AttributeError)]
    assert all(issubclass(kind, enrich.EnrichError) for kind in kinds)


def test_no_output_transform_is_needed_for_one_callback_without_outputs():
    app = DashProxy("app", transforms=[NoOutputTransform()])
    app.callback(Input("a", "n_clicks"))(lambda n: None)
    assert len(app.callback_map) == 1


@pytest.mark.parametrize("group", [["a", "list"], {"a": "dict"}], ids=["list", "dict"])
def test_a_group_whose_name_can_not_be_compared_is_refused_with_its_place(app: Any, group: Any):
    def declare_it() -> None:
        app.callback(Output("x", "title"), Input("a", "n_clicks"), group=group)(lambda n: 1)
        app.callback_map

    with pytest.raises(DeclarationError) as caught:
        declare_it()
    says(caught.value, HERE, "group=")


@pytest.mark.parametrize("words", ["what the user typed", "pd.DataFram", "", "list[", "Unknown"])
def test_words_in_the_place_of_an_annotation_mean_nothing(words: str):
    @dataclasses.dataclass
    class Point:
        x: int

    app = Dash("app", prevent_initial_callbacks=True)
    app.layout = html.Div([html.Button(id="a"), html.P(id="x"), dcc.Store(id="s")])

    @app.callback(ServersideOutput("s", "data"), Input("a", "n_clicks"))
    def load(clicks):
        return {"point": Point(1).x}

    def tell(value):
        return f"{value}"

    tell.__annotations__ = {"value": words, "return": str}
    app.callback(Output("x", "title"), Input("s", "data"))(tell)
    page = Page(app)
    page.act({"a.n_clicks": 1})
    assert page["x.title"] == "{'point': 1}"

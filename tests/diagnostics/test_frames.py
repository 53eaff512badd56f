"""An error in a callback shows its author's frames, and at most one of ours."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Any

import pytest
from dash import Input, Output, dcc, html
from pages import as_async

import enrich
from enrich import Serverside, ServersideOutput, Trigger
from enrich.testing import CallbackFailed, Page

PACKAGE = str(Path(enrich.__file__).parent)


def fail(*_args: Any) -> Any:
    raise ZeroDivisionError("of the author")


def frames_of(error: BaseException) -> tuple[list[str], list[str]]:
    """The names of the author's frames, and our files, from where Dash calls the function."""
    frames = traceback.extract_tb(error.__traceback__)
    start = next(i for i, f in enumerate(frames) if f.name in ("_invoke_callback", "_async_invoke_callback"))
    own = [f.name for f in frames[start:] if f.filename == __file__]
    return own, [f.filename for f in frames[start:] if f.filename.startswith(PACKAGE)]


def use(app: Any) -> None:
    Page(app).act({"button.n_clicks": 1})


def error_of(app: Any) -> BaseException:
    with pytest.raises(CallbackFailed) as failed:
        use(app)
    assert failed.value.__cause__ is not None
    return failed.value.__cause__


def make_app(**kwargs: Any) -> Any:
    app = enrich.Dash("frames", **kwargs)
    app.layout = html.Div([html.Button(id="button"), dcc.Store(id="store"), html.Div(id="log")])
    return app


@pytest.mark.parametrize("kind", [lambda f: f, as_async], ids=["sync", "async"])
@pytest.mark.parametrize(
    ("output", "trigger", "options"),
    [
        (Output("log", "children"), Input("button", "n_clicks"), {}),
        (ServersideOutput("store", "data"), Trigger("button", "n_clicks"), {}),
        (ServersideOutput("store", "data"), Input("button", "n_clicks"), {"memoize": True}),
        (Output("log", "children"), Input("button", "n_clicks"), {"group": "g"}),
        (Output("log", "children"), Input("button", "n_clicks"), {"log": True, "loading": True}),
        ([Output("log", "children")], Input("button", "n_clicks"), {}),
    ],
    ids=["plain", "server-side", "memoized", "group", "log", "list"],
)
def test_at_most_one_frame_is_ours(kind: Any, output: Any, trigger: Any, options: Any):
    app = make_app()
    app.callback(output, trigger, **options)(kind(fail))
    if "group" in options:
        app.callback(Output("log", "title"), Input("button", "n_clicks"), **options)(kind(lambda n: "fine"))
    own, ours = frames_of(error_of(app))
    assert own[-1] == "fail"
    assert len(ours) <= 1


def test_an_error_of_the_store_shows_who_asked():
    app = make_app()

    @app.callback(Output("log", "children"), Input("button", "n_clicks"))
    def store_a_lock(n: Any) -> Any:
        import threading

        return Serverside(threading.Lock())

    error = error_of(app)
    assert "callback 'store_a_lock'" in str(error)
    _, ours = frames_of(error)
    assert len(ours) <= 1


def test_all_frames_are_there_where_the_dev_tools_are_told_not_to_prune():
    app = make_app()
    app.enable_dev_tools(debug=True, dev_tools_prune_errors=False, dev_tools_hot_reload=False)
    app.callback(ServersideOutput("store", "data"), Input("button", "n_clicks"), memoize=True)(fail)
    _, ours = frames_of(error_of(app))
    assert len(ours) > 1


def test_a_fault_of_our_own_keeps_its_frames(monkeypatch: pytest.MonkeyPatch):
    from enrich.transforms import serverside

    def broken(*_args: Any, **_kwargs: Any) -> Any:
        return {}["a bug of ours"]

    broken.__code__ = broken.__code__.replace(co_filename=f"{PACKAGE}/store/broken.py")
    monkeypatch.setattr(serverside, "_store", broken)
    app = make_app()
    app.callback(ServersideOutput("store", "data"), Input("button", "n_clicks"))(lambda n: n)
    _, ours = frames_of(error_of(app))
    assert ours[-1].endswith("broken.py")
    assert len(ours) > 2

"""Background callbacks: jobs in processes of their own, with a real Diskcache."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dash
import diskcache
import pandas as pd
import pytest
from dash import DiskcacheManager
from pages import CLICK, layout

import enrich
from enrich import (
    Dash,
    DashProxy,
    Input,
    Output,
    Serverside,
    ServersideOutput,
    ServersideOutputTransform,
    State,
    Trigger,
    dcc,
    html,
)
from enrich.page import Page

SECONDS = 60
PATH = "/_dash-update-component"


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[DiskcacheManager]:
    with diskcache.Cache(str(tmp_path / "jobs")) as cache:
        yield DiskcacheManager(cache)


@pytest.fixture
def app(manager: DiskcacheManager) -> DashProxy:
    made = Dash("app", background_callback_manager=manager, prevent_initial_callbacks=True)
    made.layout = html.Div([layout(), dcc.Store(id="store"), dcc.Store(id="other")])
    return made


class Job:
    """A background call, as dash-renderer makes it: started, and asked for until it has ended."""

    def __init__(self, page: Page, changes: dict[str, Any]) -> None:
        self.page = page
        page.act(changes)
        started = page.requests[-1]
        self.body = started.body
        self.answer = started.answer
        self.progress: list[Any] = []
        self.side_updates: dict[str, Any] = {}

    @property
    def query(self) -> dict[str, str]:
        return {"cacheKey": self.answer["cacheKey"], "job": self.answer["job"]}

    def ask(self) -> Any:
        response = self.page.client.post(
            PATH, query_string=self.query, data=json.dumps(self.body), content_type="application/json"
        )
        answer = response.get_json(silent=True) or {}
        if answer.get("progress") and answer["progress"] not in self.progress:
            self.progress.append(answer["progress"])
        self.side_updates.update(answer.get("sideUpdate") or {})
        return response.status_code, answer

    def result(self) -> tuple[int, Any]:
        """What the job gives in the end: a status, and properties by component."""
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            status, answer = self.ask()
            if status != 200 or "response" in answer:
                for component, props in (answer.get("response") or {}).items():
                    self.page.props.setdefault(component, {}).update(props)
                return status, answer.get("response")
        raise AssertionError(f"The job did not end in {SECONDS} s.")


@pytest.mark.parametrize("through", ["app.callback", "enrich.callback", "dash.callback"])
def test_a_job_runs_in_another_process_without_its_trigger(app: Any, through: str):
    callback = {
        "app.callback": app.callback,
        "enrich.callback": enrich.callback,
        "dash.callback": dash.callback,
    }[through]

    @callback(Output("x", "title"), Trigger("a", "n_clicks"), State("b", "title"), background=True)
    def work(title):
        return f"{title} {os.getpid()} {dash.ctx.triggered_id}"

    page = Page(app)
    status, response = Job(page, CLICK).result()
    assert status == 200
    title, pid, triggered = response["x"]["title"].rsplit(" ", 2)
    assert (title, triggered) == ("title of b", "a")
    assert int(pid) != os.getpid()


def test_a_job_that_needs_no_session_runs_for_whom_session_id_can_not_name(manager: DiskcacheManager):
    def user() -> str:
        raise PermissionError("Who are you?")

    transforms = [ServersideOutputTransform(session_id=user)]
    app = Dash("app", background_callback_manager=manager, transforms=transforms)
    app.layout = layout()
    app.callback(Output("x", "title"), Trigger("a", "n_clicks"), background=True)(lambda: "done")
    assert Job(Page(app), CLICK).result() == (200, {"x": {"title": "done"}})


def test_dict_signatures(app: Any):
    @app.callback(
        output={"o": Output("x", "title"), "p": [Output("y", "title")]},
        inputs={"t": Trigger("a", "n_clicks"), "i": {"b": Input("b", "title")}},
        background=True,
    )
    def work(i):
        return {"o": i["b"], "p": ["second"]}

    _, response = Job(Page(app), CLICK).result()
    assert response == {"x": {"title": "title of b"}, "y": {"title": "second"}}


@pytest.mark.parametrize("spelling", ["ServersideOutput", "Serverside"])
def test_a_job_returns_a_value_that_stays_on_the_server(app: Any, spelling: str):
    kind = ServersideOutput if spelling == "ServersideOutput" else Output

    @app.callback(kind("store", "data"), Trigger("a", "n_clicks"), background=True)
    def work():
        frame = pd.DataFrame({"value": range(10)})
        return frame if kind is ServersideOutput else Serverside(frame)

    app.callback(Output("x", "title"), Input("store", "data"))(lambda df: f"{df['value'].sum()}")
    page = Page(app)
    status, response = Job(page, CLICK).result()
    assert status == 200
    token = response["store"]["data"]
    assert token.startswith("~enrich1~")
    page.act({"store.data": token})
    assert page["x.title"] == "45"


def test_jobs_of_two_pages_with_equal_arguments_give_each_its_own_result(app: Any):
    @app.callback(ServersideOutput("store", "data"), Trigger("a", "n_clicks"), background=True)
    def work():
        return list(range(10))

    app.callback(Output("x", "title"), Input("store", "data"))(lambda numbers: str(sum(numbers)))
    pages = [Page(app), Page(app)]
    jobs = [Job(page, CLICK) for page in pages]
    assert jobs[0].answer["cacheKey"].partition("~")[0] != jobs[1].answer["cacheKey"].partition("~")[0]
    for page, job in zip(pages, jobs, strict=True):
        _, response = job.result()
        page.act({"store.data": response["store"]["data"]})
        assert page["x.title"] == "45"


def test_a_job_reads_a_value_that_stayed_on_the_server(app: Any):
    app.callback(ServersideOutput("store", "data"), Trigger("a", "n_clicks"))(
        lambda: pd.DataFrame({"value": range(10)})
    )

    @app.callback(Output("x", "title"), Input("store", "data"), State("b", "title"), background=True)
    def work(df, title):
        return f"{title} {df['value'].sum()} {os.getpid() != 0}"

    page = Page(app)
    job = Job(page, CLICK)
    assert job.body["output"] == "x.title"
    assert job.result() == (200, {"x": {"title": "title of b 45 True"}})


def test_jobs_are_chained_through_the_server(app: Any):
    @app.callback(ServersideOutput("store", "data"), Trigger("a", "n_clicks"), background=True)
    def first():
        return pd.DataFrame({"value": range(5)})

    @app.callback(ServersideOutput("other", "data"), Input("store", "data"), background=True)
    def second(df):
        return df * 2

    app.callback(Output("x", "title"), Input("other", "data"))(lambda df: f"{df['value'].sum()}")
    page = Page(app)
    _, response = Job(page, CLICK).result()
    _, response = Job(page, {"store.data": response["store"]["data"]}).result()
    page.act({"other.data": response["other"]["data"]})
    assert page["x.title"] == "20"


def test_progress_is_told_with_a_trigger_and_a_stored_value(app: Any, tmp_path: Path):
    gate = tmp_path / "gate"

    @app.callback(
        Output("x", "title"),
        Trigger("a", "n_clicks"),
        State("b", "title"),
        background=True,
        progress=[Output("y", "title"), Output("store", "data")],
        progress_default=["idle", None],
    )
    def work(set_progress, title):
        set_progress(("half", Serverside([1, 2])))
        deadline = time.monotonic() + SECONDS
        while not gate.exists() and time.monotonic() < deadline:
            os.sched_yield()
        return title

    page = Page(app)
    job = Job(page, CLICK)
    assert job.answer["progressDefault"] == {"y.title": "idle", "store.data": None}
    deadline = time.monotonic() + SECONDS
    while not job.progress and time.monotonic() < deadline:
        job.ask()
    gate.touch()
    assert job.result() == (200, {"x": {"title": "title of b"}})
    assert job.progress[0]["y.title"] == "half"
    assert job.progress[0]["store.data"].startswith("~enrich1~")


def test_a_job_without_outputs_sets_props(app: Any):
    @app.callback(Trigger("a", "n_clicks"), background=True)
    def work():
        dash.set_props("store", {"data": Serverside([1, 2])})

    job = Job(Page(app), CLICK)
    job.result()
    assert job.side_updates["store"]["data"].startswith("~enrich1~")


def test_a_job_is_canceled(app: Any, tmp_path: Path):
    pid_file = tmp_path / "pid"

    @app.callback(
        Output("x", "title"), Trigger("a", "n_clicks"), background=True, cancel=[Input("b", "n_clicks")]
    )
    def work():
        pid_file.write_text(str(os.getpid()))
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            os.sched_yield()
        return "must not end"

    page = Page(app)
    assert len(page.callbacks) == 2, "Dash declares the callback that cancels"
    job = Job(page, CLICK)
    deadline = time.monotonic() + SECONDS
    while not pid_file.exists() and time.monotonic() < deadline:
        job.ask()
    (cancel,) = [
        entry for entry in page.callbacks if entry["inputs"] == [{"id": "b", "property": "n_clicks"}]
    ]
    page.client.post(
        PATH,
        query_string={"cancelJob": job.answer["job"]},
        data=json.dumps(
            {
                "output": cancel["output"],
                "outputs": {
                    "id": cancel["output"].rpartition(".")[0],
                    "property": cancel["output"].rpartition(".")[2],
                },
                "inputs": [{"id": "b", "property": "n_clicks", "value": 1}],
                "changedPropIds": ["b.n_clicks"],
                "state": [],
            }
        ),
        content_type="application/json",
    )
    status, response = job.result()
    assert (status, response) in [(200, {}), (204, None)]


def test_an_error_in_a_job_reaches_on_error(app: Any):
    @app.callback(
        Output("x", "title"),
        Trigger("a", "n_clicks"),
        background=True,
        on_error=lambda error: f"told: {error}",
    )
    def work():
        raise ZeroDivisionError("in the job")

    _, response = Job(Page(app), CLICK).result()
    assert "in the job" in response["x"]["title"]


def test_what_a_job_can_not_store_reaches_on_error_with_its_place(app: Any):
    @app.callback(
        ServersideOutput("store", "data"),
        Trigger("a", "n_clicks"),
        background=True,
        on_error=lambda error: str(error),
    )
    def work():
        return object()

    app.callback(Output("x", "title"), Input("store", "data"))(lambda text: text)
    page = Page(app)
    _, response = Job(page, CLICK).result()
    page.act({"store.data": response["store"]["data"]})
    for part in ("callback 'work'", "test_background.py:", "store.data"):
        assert part in page["x.title"]


def test_a_job_on_an_output_that_another_callback_has_too(app: Any):
    @app.callback(Output("x", "title"), Trigger("a", "n_clicks"), background=True)
    def work():
        return "from the job"

    app.callback(Output("x", "title"), Trigger("b", "n_clicks"))(lambda: "at once")
    page = Page(app)
    page.act({"b.n_clicks": 1})
    assert page["x.title"] == "at once"
    assert Job(page, CLICK).result() == (200, {"x": {"title": "from the job"}})


def test_two_apps_run_a_job_of_one_name_each_with_its_own(manager: DiskcacheManager):
    pages = []
    for name in ("one", "two"):
        app = Dash(name, background_callback_manager=manager, prevent_initial_callbacks=True)
        app.layout = layout()
        declaration = Output("x", "title"), Trigger("a", "n_clicks"), State("b", "title")
        if name == "one":

            @app.callback(*declaration, background=True)
            def work(title):
                return f"one {title}"

        else:

            @app.callback(*declaration, background=True)
            def work(title):
                return f"two {title}"

        pages.append(Page(app))
    assert [Job(page, CLICK).result()[1] for page in pages] == [
        {"x": {"title": "one title of b"}},
        {"x": {"title": "two title of b"}},
    ]


@pytest.mark.parametrize("kind", [dash.Dash, Dash])
def test_the_cache_key_leaves_out_the_arguments_to_ignore(manager: DiskcacheManager, kind: Any):
    """Positions count as under Dash, in the order of declaration."""
    # Since Dash 4.5 two jobs have the same key only under a manager that caches.
    caching = DiskcacheManager(manager.handle, cache_by=[lambda: "same"])
    app = kind("app", background_callback_manager=caching, prevent_initial_callbacks=True)
    app.layout = layout()

    @app.callback(
        Output("x", "title"),
        Input("a", "n_clicks"),
        Input("b", "n_clicks"),
        background=True,
        cache_args_to_ignore=[0],
    )
    def work(a, b):
        return f"{a} {b}"

    page = Page(app)
    jobs = [Job(page, changes) for changes in ({"a.n_clicks": 1}, {"a.n_clicks": 2}, {"b.n_clicks": 5})]
    keys = [job.answer["cacheKey"] for job in jobs]
    assert keys[0] == keys[1] != keys[2]
    assert jobs[-1].result()[1] == {"x": {"title": "2 5"}}


@pytest.mark.parametrize(
    "output", [Output("x", "title"), ServersideOutput("store", "data")], ids=["plain", "stored"]
)
def test_a_job_that_fails_shows_its_authors_frames_alone(
    app: Any, output: Any, caplog: pytest.LogCaptureFixture
):
    app.callback(output, Trigger("a", "n_clicks"), background=True)(fail)
    job = Job(Page(app), CLICK)
    status, _ = job.result()
    assert status == 500
    error = next(record.exc_info[1] for record in caplog.records if record.exc_info)
    assert "ZeroDivisionError: of the author" in str(error)
    assert __file__ in str(error)
    assert str(Path(enrich.__file__).parent) not in str(error)


def test_a_job_that_gives_a_frame_to_a_plain_output_is_told_what_helps(
    app: Any, caplog: pytest.LogCaptureFixture
):
    app.callback(Output("x", "title"), Trigger("a", "n_clicks"), background=True)(frame)
    status, _ = Job(Page(app), CLICK).result()
    assert status == 500
    error = next(record.exc_info[1] for record in caplog.records if record.exc_info)
    assert isinstance(error, enrich.UnsendableValueError)
    assert "callback 'frame' (" in str(error)
    assert "output x.title: " in str(error)


def frame() -> Any:
    return pd.DataFrame({"a": [1]})


def fail() -> Any:
    raise ZeroDivisionError("of the author")

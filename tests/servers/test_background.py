"""Background callbacks by their real managers: four web workers, a Celery worker, a Redis, and no secret anywhere."""

import importlib.util
import json
import os
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import clients
import pytest
from processes import SECONDS, Browser, serving
from versions import needs_dash

TESTS = Path(__file__).parents[1]

pytestmark = [
    pytest.mark.server,
    needs_dash(4, 2, "signs the handles of jobs by a secret of the manager's store"),
]


class Page(Browser):
    """A browser that starts jobs and asks for them until they are done."""

    def start(self, output, inputs):
        status, text = self.post(clients.request(output, inputs), {})
        assert status == 200, text
        return json.loads(text)

    def run(self, output, inputs):
        """Run a job; what the page is told last, and what it is told on the way."""
        started = self.start(output, inputs)
        told = []
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            status, text = self.ask(output, inputs, started)
            if status != 200 or not text:
                return status, text, told
            answer = json.loads(text)
            told += [answer[name] for name in ("progress", "sideUpdate") if answer.get(name)]
            if "response" in answer:
                return status, answer, told
        raise AssertionError("The job does not end.")

    def ask(self, output, inputs, started):
        handles = {"cacheKey": started["cacheKey"], "job": started["job"]}
        return self.post(clients.request(output, inputs), handles)

    def post(self, body, query):
        path = "/_dash-update-component?" + urllib.parse.urlencode(query)
        return self._open(
            urllib.request.Request(
                self.url + path, data=json.dumps(body).encode(), headers={"Content-Type": "application/json"}
            )
        )

    def finish(self, output, inputs):
        """Run a job to its value; the value, and what the page is told on the way."""
        component, _, prop = output.rpartition(".")
        for _attempt in range(5):
            status, answer, told = self.run(output, inputs)
            # Dash asks for the result and then whether the job runs: one that ends in between counts as cancelled.
            if status == 204:
                continue
            response = answer["response"]
            if isinstance(response, dict) and prop in response.get(component, {}):
                return response[component][prop], told
        raise AssertionError(f"The job gives no value: {status} {answer}")

    def fails(self, output, inputs):
        """Does a job end in an error? Asked again as ``finish`` does; a job that gives a value has not failed."""
        for _attempt in range(5):
            status, answer, _ = self.run(output, inputs)
            if status == 204:
                continue
            if status != 200:
                return status == 500
            assert not (isinstance(answer["response"], dict) and any(answer["response"].values())), answer
        return False

    def value(self, output, inputs):
        return self.finish(output, inputs)[0]


@contextmanager
def web_workers(tmp_path, **environment):
    command = ["-m", "gunicorn", "jobs:server", "--workers", "4", "--bind", "127.0.0.1:0", "--timeout", "120"]
    with serving(command, tmp_path, **environment) as server:
        yield server.url


@contextmanager
def celery_worker(command, environment, tmp_path):
    log = tmp_path / "worker.log"
    arguments = [
        "-A",
        "jobs.celery_app",
        "worker",
        "--concurrency",
        "2",
        "--loglevel",
        "INFO",
        "--without-gossip",
    ]
    with log.open("w") as out:
        process = subprocess.Popen(
            [*command, *arguments],
            cwd=TESTS,
            env={**os.environ, **environment},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        try:
            until = time.monotonic() + SECONDS
            while " ready." not in log.read_text():
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < until, log.read_text()
            yield log
        finally:
            process.terminate()
            process.wait(SECONDS)


COMMANDS = {
    "celery": [str(Path(sys.executable).with_name("celery"))],
    "python -m celery": [sys.executable, "-m", "celery"],
}


@pytest.fixture(scope="module")
def redis(tmp_path_factory):
    from store.servers import find_program, free_port, running

    port = free_port()
    folder = tmp_path_factory.mktemp("redis")
    command = [find_program("redis-server"), "--port", str(port), "--save", "", "--dir", str(folder)]
    with running(command, port):
        yield f"redis://127.0.0.1:{port}/0"


@pytest.fixture(params=["diskcache", *COMMANDS])
def page(request, tmp_path, cache_folder):
    with page_served_by(request.param, request, tmp_path, cache_folder) as page:
        yield page


@contextmanager
def page_served_by(manager, request, tmp_path, cache_folder, **environment):
    environment |= {"PYTHONPATH": str(TESTS), "XDG_CACHE_HOME": str(cache_folder), "HOME": str(tmp_path)}
    if manager == "diskcache":
        with web_workers(tmp_path, JOBS_CACHE=str(tmp_path / "jobs"), **environment) as url:
            yield Page(url)
        return
    if importlib.util.find_spec("celery") is None:
        pytest.skip("Celery is not installed")
    environment["JOBS_REDIS"] = request.getfixturevalue("redis")
    with (
        celery_worker(COMMANDS[manager], environment, tmp_path) as log,
        web_workers(tmp_path, **environment) as url,
    ):
        yield Page(url)
    assert "unregistered task" not in log.read_text()
    assert "DuplicateNodenameWarning" not in log.read_text()


def test_jobs_take_and_give_what_other_callbacks_do(page):
    """All in one test: each start of the processes takes seconds."""
    assert page.get("/")[0] == 200

    # A Trigger, a server-side result, and progress.
    inputs = {"go.n_clicks": 1, "go.title": "four"}
    token, told = page.finish("frame.data", inputs)
    assert token.startswith("~enrich")
    assert all(set(progress) == {"bar.value", "bar.max"} for progress in told)

    # A server-side input, synchronous and asynchronous; set_props; a value deep in a result.
    total, told = page.finish("total.children", {"frame.data": token})
    assert total == 6
    # Dash tells it with each answer until the job ends: it deletes another key of Celery's than the one it reads.
    assert told
    assert all(update == {"note": {"children": "counted"}} for update in told)
    assert page.value("total-async.children", {"frame.data": token}) == 6
    deep = page.value("deep.children", {"frame.data": token})
    assert deep["rows"] == 4
    assert page.value("total.children", {"frame.data": deep["again"]}) == 6

    # Errors, and nothing to say.
    assert page.fails("broken.children", {"go.n_clicks": 1})
    status, text, _ = page.run("nothing.children", {"go.n_clicks": 1})
    assert (status, text) == (204, "")

    # Cancelling.
    started = page.start("slow.children", {"go.n_clicks": 1})
    status, text = page.post(clients.request("stop.id", {"stop.n_clicks": 1}), {"cancelJob": started["job"]})
    assert status in (200, 204), text

    # Another browser's token opens nothing in a job.
    other = Page(page.url)
    other.get("/")
    assert other.fails("total.children", {"frame.data": token})


def test_a_job_has_the_session_that_a_login_names(request, tmp_path, cache_folder):
    with page_served_by("celery", request, tmp_path, cache_folder, JOBS_LOGIN="1") as ann:
        bob = Page(ann.url)
        for page, name in ((ann, "ann"), (bob, "bob")):
            page.opener.addheaders.append(("X-User", name))
        token = ann.value("frame.data", {"go.n_clicks": 1, "go.title": "four"})
        assert ann.value("total.children", {"frame.data": token}) == 6
        assert bob.fails("total.children", {"frame.data": token})

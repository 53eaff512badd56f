"""Background jobs: what a manager knows since the declaration, led to what is compiled later.

A background manager takes a function once, when it is declared, and a worker process that only imports the module must
have its tasks. So the manager is given a function that looks up its compiled form when it is called.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol
from weakref import WeakValueDictionary

from enrich import dash_internals
from enrich.callbacks.call import Call, current_call
from enrich.callbacks.frames import hide_our_frames, with_own_frames
from enrich.callbacks.spec import CallbackSpec, Slot
from enrich.errors import DeclarationError


class JobOwner(Protocol):
    """The app that a job belongs to."""

    def compiled_job(self, job: Job) -> tuple[Callable[..., Any], Call]:
        """Build the app if need be; returns the job's function and the call it runs in."""
        ...


class Job:
    """One background callback, as its manager runs it.

    A process that does not begin as a copy of this one (all do under macOS and Windows) is sent the job. What it gets
    is the job's key, and the module that declares it: an app can't be sent.

    Parameters
    ----------
    func:
        The author's function.
    """

    key = ""
    declared = ""
    module = ""

    def __init__(self, func: Callable[..., Any]) -> None:
        self.func = func
        self.owner: JobOwner | None = None
        self.run = with_own_frames(self._async_run() if inspect.iscoroutinefunction(func) else self._run())

    def __reduce__(self) -> tuple[Any, ...]:
        return _job, (self.key, self.module, self.declared)

    def _run(self) -> Callable[..., Any]:
        @functools.wraps(self.func)
        def run(*args: Any, **kwargs: Any) -> Any:
            with self._call() as function:
                return function(*args, **kwargs)

        return run

    def _async_run(self) -> Callable[..., Any]:
        @functools.wraps(self.func)
        async def run(*args: Any, **kwargs: Any) -> Any:
            with self._call() as function:
                return await function(*args, **kwargs)

        return run

    @contextmanager
    def _call(self) -> Iterator[Callable[..., Any]]:
        if self.owner is None:
            yield self.func
            return
        function, call = self.owner.compiled_job(self)
        token = current_call.set(call)
        try:
            yield function
        finally:
            current_call.reset(token)


def make_job(spec: CallbackSpec, dependency: Callable[[Slot], Any]) -> Job:
    """Make a declaration's job and tell every background manager of it."""
    assert callable(spec.func)
    job = Job(spec.func)
    job.module, job.declared = spec.origin.module, str(spec)
    task = _task(job)
    job.key = dash_internals.register_job(
        task,
        [dependency(slot) for slot in spec.output_slots()],
        [dependency(slot) for slot in spec.input_slots() if slot.role == "input"],
        spec.options["background"].get("progress") is not None,
    )
    _jobs[job.key] = job
    job.run.__enrich_job_key__ = job.key  # type: ignore[attr-defined]
    # Dash names a job by the source of its function, which is behind this; who is sent the task needs no copy of it.
    del task.__wrapped__
    return job


_jobs: WeakValueDictionary[str, Job] = WeakValueDictionary()
"""The jobs that this process has declared, by the keys that all processes compute alike."""


def _job(key: str, module: str, declared: str) -> Job:
    """Find a job in the process that is to run it."""
    if key not in _jobs and module not in ("__main__", "__mp_main__", *sys.modules):
        importlib.import_module(module)
    if key not in _jobs:
        raise DeclarationError(
            f"The process that is to run {declared} does not know it: a process that is spawned imports the module "
            "anew, and nothing was declared by that. Declare it where the module is imported, and not below "
            "if __name__ == '__main__'."
        )
    return _jobs[key]


def _task(job: Job) -> Any:
    """What a manager is given. It is of this module, so that a process which is sent it has what it refers to."""

    async def run_async(*args: Any, **kwargs: Any) -> Any:
        try:
            return await job.run(*args, **kwargs)
        except Exception as error:
            hide_our_frames(error)
            raise

    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return job.run(*args, **kwargs)
        except Exception as error:
            hide_our_frames(error)
            raise

    task: Any = run_async if inspect.iscoroutinefunction(job.func) else run
    task.__name__ = getattr(job.func, "__name__", type(job.func).__name__)
    task.__wrapped__ = job.func
    return task

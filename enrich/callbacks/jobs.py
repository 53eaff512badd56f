"""Background jobs: what a manager knows since the declaration, led to what is compiled later.

A background manager takes a function once, when it is declared, and a worker process that only imports the module must
have its tasks. So the manager is given a function that looks up its compiled form when it is called.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from enrich import dash_internals
from enrich.callbacks.call import Call, current_call
from enrich.callbacks.frames import with_own_frames
from enrich.callbacks.spec import CallbackSpec, Slot


class JobOwner(Protocol):
    """The app that a job belongs to."""

    def compiled_job(self, job: Job) -> tuple[Callable[..., Any], Call]:
        """Build the app if need be; returns the job's function and the call it runs in."""
        ...


class Job:
    """One background callback, as its manager runs it.

    Parameters
    ----------
    func:
        The author's function.
    """

    def __init__(self, func: Callable[..., Any]) -> None:
        self.func = func
        self.owner: JobOwner | None = None
        self.run = with_own_frames(self._async_run() if inspect.iscoroutinefunction(func) else self._run())

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
    dash_internals.register_job(
        job.run,
        [dependency(slot) for slot in spec.output_slots()],
        [dependency(slot) for slot in spec.input_slots() if slot.role == "input"],
        spec.options["background"].get("progress") is not None,
    )
    return job

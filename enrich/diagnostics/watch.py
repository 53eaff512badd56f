"""A running app, watched: for the inspector's page, and for the timings in its answers.

Nothing of it is there in production: an app that isn't watched has ``None`` in the place of its ``Watch``. One that is
has a second handler for each callback, made when it is first called, whose function runs in one more bracket.
"""

from __future__ import annotations

import functools
import inspect
import logging
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import replace
from time import perf_counter as _now
from typing import Any

from enrich import dash_internals
from enrich.callbacks.emit import full_handler
from enrich.callbacks.spec import CallbackSpec, Joint, Program
from enrich.dash_internals.inspector import add_pages
from enrich.dash_internals.timings import bytes_of_request, timings
from enrich.diagnostics.calls import CallRecord, current_record, shown_error, shown_trigger
from enrich.diagnostics.description import describe
from enrich.diagnostics.page import render
from enrich.errors import HandleExpired

_log = logging.getLogger("enrich.inspector")

PATH = "_enrich/inspector"
CALLS = 200
"""How many calls are kept."""

Function = Callable[..., Any]


def watch(app: Any) -> AppWatch:
    """Watch an app, and serve the inspector's page at ``_enrich/inspector``; Dash's dev tools do this by themselves.

    The page shows source lines, values and tracebacks to whoever opens it: don't ask for it where strangers come.

    Parameters
    ----------
    app:
        A ``DashProxy`` that has not served a request yet.

    Examples
    --------
    >>> from enrich import Dash
    >>> from enrich.diagnostics.watch import watch
    >>> app = Dash("doc")
    >>> watch(app).url
    '/_enrich/inspector'
    """
    if app._watch is None:
        app._watch = AppWatch(app)
        add_pages(app, {PATH: app._watch.page, f"{PATH}/data": app._watch.data})
        if app.has_open_store:
            app._watch.opened(app.store)
    found: AppWatch = app._watch
    return found


class AppWatch:
    """What is known of one app's last calls."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.calls: deque[CallRecord] = deque(maxlen=CALLS)
        self._handlers: dict[str, tuple[CallbackSpec, Function]] = {}
        self._lock = threading.Lock()
        self._written: Program | None = None

    @property
    def url(self) -> str:
        """The page's path, for the browser."""
        return f"{self.app.config.requests_pathname_prefix}{PATH}"

    @property
    def dev_tool(self) -> dict[str, Any]:
        """A link for Dash's dev tools."""
        return {
            "namespace": "dash_html_components",
            "type": "A",
            "position": "left",
            # Without an id: Dash's error messages list the ids that the layout has.
            "props": {
                "children": "Inspector",
                "href": self.url,
                "target": "enrich-inspector",
                "className": "dash-debug-menu__button enrich-inspector-link",
                "style": {"textDecoration": "none"},
            },
        }

    def about_to_serve(self) -> None:
        """Note the callbacks as they were written: those of the first app only are forgotten once it serves."""
        self._written = self.app._build.written()

    # The page

    def page(self) -> str:
        """The inspector's page."""
        return render(self._described(), live=f"{self.url}/data")

    def data(self) -> dict[str, Any]:
        """The last calls, the latest first."""
        return {"calls": [call.as_json() for call in reversed(list(self.calls))]}

    def _described(self) -> dict[str, Any]:
        return {**describe(self.app, self._written), **self.data()}

    # The calls

    def handler(self, handler: Function, g: Any, body: Any) -> Function:
        """Take the place of a handler for one call."""
        callback_id = body["output"]
        spec = self.app._build.spec_of(callback_id)
        if spec is None:
            return handler
        watched = self._watched(callback_id, spec, handler)
        record = self._record(callback_id, spec, g, body)
        if self.app._build.map[callback_id].get("stream"):
            return self._streamed(watched, record)
        if inspect.iscoroutinefunction(watched):

            async def answer_async(*args: Any, **kwargs: Any) -> Any:
                with self._recording(record, g):
                    return self._finished(record, await watched(*args, **kwargs), g)

            return answer_async

        def answer(*args: Any, **kwargs: Any) -> Any:
            with self._recording(record, g):
                return self._finished(record, watched(*args, **kwargs), g)

        return answer

    @contextmanager
    def _recording(self, record: CallRecord, g: Any) -> Iterator[None]:
        """What runs in here is the recorded call; ends the record."""
        token = current_record.set(record)
        try:
            yield
        except Exception as error:
            _note_failure(record, error)
            raise
        finally:
            current_record.reset(token)
            self._end(record, g)

    def _streamed(self, watched: Function, record: CallRecord) -> Function:
        async def answer(*args: Any, **kwargs: Any) -> Any:
            response = await watched(*args, **kwargs)
            response.frames = self._counted(response.frames, record)
            return response

        return answer

    async def _counted(self, frames: Any, record: CallRecord) -> AsyncIterator[Any]:
        """Count what a stream sends. Its headers went ahead, so its times are told to the inspector alone."""
        record.bytes_out = 0
        try:
            async with aclosing(dash_internals.stepped(frames, lambda: current_record.set(record))) as steps:
                async for frame in steps:
                    if frame.get("done"):
                        record.status = "error" if frame.get("error") or record.error else "ok"
                    else:
                        record.chunks += 1
                    record.bytes_out += len(dash_internals.to_json(frame).encode())
                    yield frame
        finally:
            if record.status == "running":
                record.status = "stopped"
            record.end()

    def _watched(self, callback_id: str, spec: CallbackSpec, handler: Function) -> Function:
        if spec.job is not None:
            # The job runs elsewhere; this handler only starts it and asks for it.
            return handler
        known = self._handlers.get(callback_id)
        if known is None or known[0] is not spec:
            with self._lock:
                known = spec, full_handler(_bracketed(spec), self.app._build.program.wires)
                self._handlers[callback_id] = known
        return known[1]

    def _record(self, callback_id: str, spec: CallbackSpec, g: Any, body: Any) -> CallRecord:
        is_websocket = dash_internals.is_websocket(g)
        record = CallRecord(
            callback_id=callback_id,
            name=spec.func_name,
            where=str(spec.origin),
            triggered=[shown_trigger(item) for item in g.triggered_inputs],
            is_joint=isinstance(spec.func, Joint),
            transport="websocket" if is_websocket else "http",
            bytes_in=len(dash_internals.to_json(body)) if is_websocket else bytes_of_request(g),
        )
        self.calls.append(record)
        return record

    def _end(self, record: CallRecord, g: Any) -> None:
        record.end()
        self._tell(record, g)
        _log.debug(
            "%s: %s in %.1f ms", record.name, record.status, record.total * 1000, extra={"call": record}
        )

    def _finished(self, record: CallRecord, answer: Any, g: Any) -> Any:
        record.status = "ok" if record.error is None else "error"
        if isinstance(answer, str):
            record.bytes_out = len(answer) if answer.isascii() else len(answer.encode())
            if record.transport == "websocket":
                record.dump += record.lap()
                return self._with_timings(record, answer, g)
        return answer

    def _tell(self, record: CallRecord, g: Any) -> None:
        """Add the parts of a call to what it recorded itself, for the ``Server-Timing`` header."""
        known = timings(g, self.app)
        record.timings = {k: v.get("dur") for k, v in known.items() if not k.startswith("__")}
        for name, value in _parts(record).items():
            known.setdefault(name, {"dur": value, "desc": None})

    def _with_timings(self, record: CallRecord, answer: str, g: Any) -> str:
        """A message over a WebSocket has no headers: its timings stand beside the response."""
        known = {name: info.get("dur") for name, info in timings(g, self.app).items()}
        return f'{answer[:-1]}, "timings": {dash_internals.to_json({**_parts(record), **known})}}}'

    # The store

    def opened(self, store: Any) -> None:
        """Count what calls do to the app's store, in this process."""
        store.get = _counted_get(store.get)
        store.put = _counted_put(store.put)


def _parts(record: CallRecord) -> dict[str, float]:
    parts = {"load": record.load, "function": record.function, "dump": record.dump}
    if record.store.seconds:
        parts["store"] = record.store.seconds
    return {f"enrich-{name}": round(seconds * 1000, 2) for name, seconds in parts.items()}


def _bracketed(spec: CallbackSpec) -> CallbackSpec:
    """Run a callback's function in one more bracket, the innermost; every member's of a joint one."""
    if isinstance(spec.func, Joint):
        members = tuple(replace(member, spec=_bracketed(member.spec)) for member in spec.func.members)
        return spec.with_changes(func=Joint(members))
    return spec.with_changes(around=(*spec.around, _InFunction))


class _InFunction:
    """The bracket: what is before it is loading, what is behind it is dumping."""

    __slots__ = ("record",)

    def __enter__(self) -> None:
        record = self.record = current_record.get()
        if record is not None:
            record.load += record.lap()
            # Here, ctx shows the author's inputs; a transform may have had the call fired by something hidden.
            record.note_triggers(dash_internals.context().get("triggered_inputs") or ())

    def __exit__(self, _kind: Any, error: BaseException | None, _traceback: Any) -> None:
        if self.record is not None:
            self.record.function += self.record.lap()
            # Here, since an on_error may answer for it.
            if isinstance(error, Exception) and not isinstance(error, dash_internals.PreventUpdate):
                self.record.error = shown_error(error)


def _note_failure(record: CallRecord, error: Exception) -> None:
    if isinstance(error, dash_internals.PreventUpdate):
        record.status = "prevented"
    else:
        record.status = "error"
        record.error = record.error or shown_error(error)


def _counted_get(get: Function) -> Function:
    @functools.wraps(get)
    def counted(ref: Any, **kwargs: Any) -> Any:
        record = current_record.get()
        if record is None:
            return get(ref, **kwargs)
        use, start = record.store, _now()
        try:
            value = get(ref, **kwargs)
        except HandleExpired:
            use.misses += 1
            raise
        finally:
            use.seconds += _now() - start
        if "default" in kwargs and value is kwargs["default"]:
            use.misses += 1
        else:
            use.hits += 1
        return value

    return counted


def _counted_put(put: Function) -> Function:
    @functools.wraps(put)
    def counted(value: Any, **kwargs: Any) -> Any:
        record = current_record.get()
        if record is None:
            return put(value, **kwargs)
        start = _now()
        ref = put(value, **kwargs)
        record.store.seconds += _now() - start
        record.store.writes += 1
        record.store.bytes_written += ref.nbytes or 0
        return ref

    return counted

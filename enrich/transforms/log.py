"""Log: a callback writes lines to the page while it runs."""

from __future__ import annotations

import functools
import importlib.util
import inspect
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any

from dash import Output, html, no_update

from enrich import dash_internals
from enrich.callbacks.parameters import standing_in
from enrich.callbacks.spec import CallbackSpec, Joint, Program
from enrich.dash_internals.views import append_to_prop
from enrich.errors import DeclarationError
from enrich.transforms.base import DashTransform
from enrich.transforms.log_writers import LogWriters, get_default_log_writers, writer_of


@dataclass(frozen=True)
class LogConfig:
    """Say where log lines appear, and what they look like.

    Parameters
    ----------
    log_output:
        The property of a component of the layout that receives the list of lines, such as
        ``Output("my-log", "children")``.
    log_writer_map:
        Functions that make a component of a message, by level: ``{logging.INFO: html.Div, ...}``.

    Examples
    --------
    >>> import logging
    >>> from enrich import LogConfig, LogTransform, Output, html
    >>> transform = LogTransform(LogConfig(Output("my-log", "children"), {logging.INFO: html.P}))
    """

    log_output: Any
    log_writer_map: LogWriters


class DashLogger:
    """What a callback with ``log=True`` writes its lines with; every message becomes an entry on the page, in order.

    Parameters
    ----------
    log_writers:
        Functions that make a component of a message, by level.
    """

    def __init__(self, log_writers: LogWriters, log_output: Any = None, context: Any = None) -> None:
        self.log_writers = log_writers
        self.output: list[Any] = []
        self._log_output = log_output
        # Of this one call: lines of another user's call never meet these.
        self._context = context

    def info(self, message: Any, **kwargs: Any) -> None:
        """Write a line of level ``logging.INFO``; keywords go to the component that shows it."""
        self.log(logging.INFO, message, **kwargs)

    def warning(self, message: Any, **kwargs: Any) -> None:
        """Write a line of level ``logging.WARNING``."""
        self.log(logging.WARNING, message, **kwargs)

    def error(self, message: Any, **kwargs: Any) -> None:
        """Write a line of level ``logging.ERROR``."""
        self.log(logging.ERROR, message, **kwargs)

    def log(self, level: int, message: Any, **kwargs: Any) -> None:
        """Write a line of any level; nothing appears for a level below all that have a writer."""
        write = writer_of(self.log_writers, level)
        if write is None:
            return
        line = write(message, **kwargs)
        self.output.append(line)
        if self._context:
            own = self._log_output
            append_to_prop(self._context, own.component_id, own.component_property, line)

    def clear(self) -> None:
        """Forget the lines that ``get_output`` gives; those on the page stay."""
        self.output.clear()

    def get_output(self) -> Any:
        """The lines written so far, or ``no_update``."""
        return self.output or no_update


_logger: ContextVar[DashLogger] = ContextVar("enrich_logger")


class LogTransform(DashTransform):
    """Enable ``log=True``: the function receives a ``dash_logger``, whose lines appear on the page of that user.

    It is passed by keyword, or last where the function takes no ``dash_logger``. A call that writes lines replaces
    those of the call before.

    Parameters
    ----------
    log_config:
        Where lines appear, and what they look like. Default: as notifications if dash-mantine-components is installed,
        otherwise in a ``html.Div`` with the id ``"log"`` at the end of the page.
    try_use_mantine:
        Use notifications if they are there. Default ``True``.

    Raises
    ------
    DeclarationError
        At build, for a clientside callback with ``log=True``.

    Examples
    --------
    >>> from enrich import DashLogger, DashProxy, Input, LogTransform, Output
    >>> app = DashProxy("doc", transforms=[LogTransform(try_use_mantine=False)])
    >>> @app.callback(Output("total", "children"), Input("add", "n_clicks"), log=True)
    ... def add(n_clicks, dash_logger: DashLogger):
    ...     dash_logger.info("adding")
    ...     return n_clicks
    """

    after = ("GroupTransform",)

    def __init__(self, log_config: LogConfig | None = None, try_use_mantine: bool = True) -> None:
        self.log_config = log_config
        self.try_use_mantine = try_use_mantine

    def apply(self, program: Program, /) -> Program:
        if not program.says("log") or not any(spec.flag("log") for spec in program.callbacks):
            return program
        config = self.log_config
        components: tuple[Any, ...] = ()
        maps: tuple[Callable[[Any], Any], ...] = ()
        if config is None and self.try_use_mantine and importlib.util.find_spec("dash_mantine_components"):
            config, components, maps = _notifications()
        if config is None:
            config, components = _lines_in_a_div(program)
        program = program.map_callbacks(lambda spec: _logged(spec, config))
        return program.with_changes(
            components=(*program.components, *components), layout_maps=(*program.layout_maps, *maps)
        )


def _notifications() -> tuple[LogConfig, tuple[Any, ...], tuple[Callable[[Any], Any], ...]]:
    from enrich.transforms.notifications import notification_log_writers, with_container

    box = "enrich-notifications"
    config = LogConfig(Output(box, "children"), notification_log_writers())
    return config, (html.Div(id=box),), (with_container,)


def _lines_in_a_div(program: Program) -> tuple[LogConfig, tuple[Any, ...]]:
    used = {slot.id for spec in program.callbacks for slot in (*spec.output_slots(), *spec.input_slots())}
    box = "log" if "log" not in used else "enrich-log"
    return LogConfig(Output(box, "children"), get_default_log_writers()), (html.Div(id=box),)


def _logged(spec: CallbackSpec, config: LogConfig) -> CallbackSpec:
    if isinstance(spec.func, Joint) and spec.flag("log"):
        members = tuple(replace(member, spec=_logged(member.spec, config)) for member in spec.func.members)
        return spec.with_changes(func=Joint(members))
    asks = spec.flag("log")
    spec = spec.without_flags("log")
    if not asks:
        return spec
    if not callable(spec.func):
        raise DeclarationError(
            f"{spec} runs in the browser and has log=True. Use console.log there, or a Python callback."
        )

    @contextmanager
    def with_logger() -> Iterator[None]:
        own = DashLogger(config.log_writer_map, config.log_output, dash_internals.context())
        token = _logger.set(own)
        try:
            yield
        finally:
            _logger.reset(token)

    # Outermost: the log is addressed as this transform knows it, not as a blueprint's prefix would have it.
    keyword = _way_in(spec)
    adds: tuple[list[str], list[str]] = (["dash_logger"], []) if keyword is None else ([], [keyword])
    func = standing_in(_receiving(spec.func, keyword), spec.func, adds)
    return spec.with_changes(func=func, around=(with_logger, *spec.around))


def _way_in(spec: CallbackSpec) -> str | None:
    """The keyword by which the function takes the logger; ``None`` if it is the last argument."""
    try:
        parameters = inspect.signature(spec.func).parameters  # type: ignore[arg-type]
    except ValueError:
        return None
    takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    if "dash_logger" in parameters or takes_any:
        return "dash_logger"
    if isinstance(spec.inputs, dict):
        return next((name for name in parameters if name not in spec.inputs), "dash_logger")
    return None


def _receiving(func: Callable[..., Any], keyword: str | None) -> Callable[..., Any]:
    """Pass the running call's logger to a function, which stays sync, async or a generator as it was."""

    def added(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        logger = _logger.get()
        return ((*args, logger), kwargs) if keyword is None else (args, {**kwargs, keyword: logger})

    if inspect.isasyncgenfunction(func):

        @functools.wraps(func)
        async def stream_async(*args: Any, **kwargs: Any) -> AsyncIterator[Any]:
            args, kwargs = added(args, kwargs)
            async for chunk in func(*args, **kwargs):
                yield chunk

        return stream_async

    if inspect.isgeneratorfunction(func):

        @functools.wraps(func)
        def stream(*args: Any, **kwargs: Any) -> Iterator[Any]:
            args, kwargs = added(args, kwargs)
            yield from func(*args, **kwargs)

        return stream

    if inspect.iscoroutinefunction(func):

        @functools.wraps(func)
        async def run_async(*args: Any, **kwargs: Any) -> Any:
            args, kwargs = added(args, kwargs)
            return await func(*args, **kwargs)

        return run_async

    @functools.wraps(func)
    def run(*args: Any, **kwargs: Any) -> Any:
        args, kwargs = added(args, kwargs)
        return func(*args, **kwargs)

    return run

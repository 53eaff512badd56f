"""Dash's MCP server: its tools, with the arguments that the author wrote, and the messages that it answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cached_property
from typing import Any, Protocol

from dash import get_app
from dash.mcp import _server
from dash.mcp.primitives.resources import resource_clientside_callbacks
from dash.mcp.primitives.tools.callback_adapter import CallbackAdapter
from dash.mcp.primitives.tools.callback_adapter_collection import CallbackAdapterCollection

Message = Mapping[str, Any]


class NamedValue(Protocol):
    """An argument of a tool."""

    @property
    def name(self) -> str: ...

    @property
    def annotation(self) -> Any: ...

    @property
    def place(self) -> int: ...


class ToolSource(Protocol):
    """An app, as its MCP server sees it."""

    def answer(self, message: Message, of_dash: Callable[[Message], Any]) -> Any:
        """Answer one message of a client."""
        ...

    def arguments(self, callback_id: str) -> Sequence[NamedValue | None] | None:
        """The arguments of a callback in Dash's order, ``None`` for hidden ones; ``None`` for Dash's own callbacks."""
        ...

    def triggers(self, callback_id: str) -> Sequence[str]:
        """The properties that fire a callback which is given no other."""
        ...

    def stored(self, callback_id: str) -> frozenset[str]:
        """The properties for which a callback returns values that stay on the server."""
        ...

    def clientside(self) -> list[dict[str, Any]]:
        """What runs in the browser: the outputs, inputs and states of each callback, as a client is told of them."""
        ...

    def at_first(self) -> AbstractContextManager[None]:
        """Run in here what makes the values that the app begins with."""
        ...


class BuiltBody(dict[str, Any]):
    """The request of a callback that is made here: the bytes that came say nothing of its values."""


def path_of(app: Any) -> str | None:
    """The path of an app's MCP server, if it has one."""
    if not getattr(app, "_enable_mcp", False):
        return None
    return f"{app.config.routes_pathname_prefix}{app._mcp_path}"


def install() -> None:
    """Let apps of ours answer their own messages, and have tools of ours; others are as before."""
    module: Any = _server
    module._process_mcp_message = _process
    module.CallbackAdapterCollection = _tools_of
    resource_clientside_callbacks._get_clientside_callbacks = _clientside


_process_of_dash = _server._process_mcp_message
_clientside_of_dash = resource_clientside_callbacks._get_clientside_callbacks


def _process(message: Message) -> Any:
    source = source_of(get_app())
    return _process_of_dash(message) if source is None else source.answer(message, _process_of_dash)  # type: ignore[arg-type]


def _tools_of(app: Any) -> CallbackAdapterCollection:
    return CallbackAdapterCollection(app) if source_of(app) is None else _Tools(app)


def _clientside() -> list[dict[str, Any]]:
    source = source_of(get_app())
    return _clientside_of_dash() if source is None else source.clientside()


def source_of(app: Any) -> ToolSource | None:
    """What an app of ours has for its MCP server."""
    source: ToolSource | None = getattr(app, "_tool_source", None)
    return source


class _Tools(CallbackAdapterCollection):
    def __init__(self, app: Any) -> None:
        super().__init__(app)
        source = source_of(app)
        assert source is not None
        self._callbacks = [
            _Tool(tool.output_id, source) if source.arguments(tool.output_id) is not None else tool
            for tool in self._callbacks
        ]


class _Tool(CallbackAdapter):
    """A callback as its author wrote it."""

    def __init__(self, output_id: str, source: ToolSource) -> None:
        super().__init__(output_id)
        self._source = source
        self._arguments = source.arguments(output_id) or ()

    @cached_property
    def _dep_param_map(self) -> list[tuple[str, str]]:
        names = [one.name if one is not None else f"hidden {n}" for n, one in enumerate(self._arguments)]
        return list(zip(names, names, strict=True))

    @cached_property
    def _param_annotations(self) -> list[Any | None]:
        return [None if one is None else one.annotation for one in self._arguments]

    @cached_property
    def inputs(self) -> list[Any]:
        pairs = zip(super().inputs, self._arguments, strict=True)
        own = [(found, argument) for found, argument in pairs if argument is not None]
        return [found for found, _ in sorted(own, key=lambda pair: pair[1].place)]

    @cached_property
    def _input_schema(self) -> dict[str, Any]:
        schema = super()._input_schema
        properties = {
            value["name"]: self._with_sources(value, schema["properties"][value["name"]])
            for value in self.inputs
        }
        return {**schema, "properties": properties}

    def _with_sources(self, value: Any, schema: dict[str, Any]) -> dict[str, Any]:
        """Say of a value that stays on the server which tools return it."""
        prop_id = value["id_and_prop"]
        writers = [
            tool.tool_name
            for tool in get_app().mcp_callback_map.outputs_by_prop.get(prop_id, ())
            if prop_id in self._source.stored(tool.output_id)
        ]
        if not writers:
            return schema
        tools = " or ".join(f"`{name}`" for name in writers)
        said = f"A value that stays on the server: the name under which {tools} returned it, such as stored-0123456789."
        return {"type": "string", "description": "\n".join(filter(None, (said, schema.get("description"))))}

    @cached_property
    def _initial_output(self) -> Any:
        with self._source.at_first():
            return super()._initial_output

    def as_callback_body(self, kwargs: Mapping[str, Any]) -> Any:
        names = {one.name for one in self._arguments if one is not None}
        body = super().as_callback_body({name: value for name, value in kwargs.items() if name in names})
        changed = body["changedPropIds"] or list(self._source.triggers(self._output_id))
        return BuiltBody({**body, "changedPropIds": changed})

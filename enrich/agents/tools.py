"""An app's callbacks as tools: what they take, and what a client is shown of what they return."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from enrich import dash_internals
from enrich.agents.stored import StoredValues, UnknownName
from enrich.callbacks.arguments import Argument, arguments
from enrich.callbacks.call import Call, enter
from enrich.callbacks.declare import is_serverside
from enrich.callbacks.spec import CallbackSpec, FrozenId, Slot
from enrich.callbacks.tree import leaves
from enrich.errors import without_places

if TYPE_CHECKING:
    from enrich.app import DashProxy

Message = Mapping[str, Any]

INSTRUCTIONS = (
    "Tables and other values that a tool keeps on the server come back as a description: a name such as "
    "stored-0123456789, the kind, and of tables the number of rows, the schema and the first rows. "
    "Pass the name to a tool that takes the value. Names hold in this session."
)
_HIDDEN = re.compile(r'"enrich-')


class Tools:
    """The tools of one app (see ``dash_internals.mcp.ToolSource``)."""

    def __init__(self, app: DashProxy) -> None:
        self.app = app
        self.values = StoredValues(app)

    def answer(self, message: Message, of_dash: Callable[[Message], Any]) -> Any:
        """Answer one message: names in it stand for values, and so do those in the answer."""
        enter(Call(self.app))
        self.app._setup_server()
        method = message.get("method")
        try:
            answer = of_dash(self._with_values(message))
        except UnknownName as error:
            refusal = {"content": [{"type": "text", "text": str(error)}], "isError": True}
            return {"jsonrpc": "2.0", "id": message.get("id", ""), "result": refusal}
        if not isinstance(answer, dict):
            return answer
        if method == "resources/read":
            answer = _map_texts(answer, _without_hidden)
        answer = _map_texts(answer, without_places)
        if not self.app.has_store:
            return answer
        if method == "initialize" and "result" in answer:
            said = f"{answer['result'].get('instructions', '')} {INSTRUCTIONS}"
            answer = {**answer, "result": {**answer["result"], "instructions": said.strip()}}
        return self.values.shown(answer)

    def _with_values(self, message: Message) -> Message:
        params = message.get("params")
        if message.get("method") != "tools/call" or not self.app.has_store or not isinstance(params, dict):
            return message
        given = self.values.tokens(params.get("arguments") or {})
        return {**message, "params": {**params, "arguments": given}}

    def arguments(self, callback_id: str) -> Sequence[Argument | None] | None:
        spec = self.app._build.spec_of(callback_id)
        if spec is None:
            return None
        slots = spec.input_slots()
        named = arguments(spec)
        # Dash has all inputs before all states.
        return [named[i] for i in sorted(range(len(slots)), key=lambda i: not slots[i].fires)]

    def triggers(self, callback_id: str) -> Sequence[str]:
        """The first property of each member that fires it without being passed."""
        spec = self.app._build.spec_of(callback_id)
        if spec is None:
            return ()
        return list(dict.fromkeys(filter(None, map(_first_trigger, spec.singles))))

    def stored(self, callback_id: str) -> frozenset[str]:
        spec = self.app._build.spec_of(callback_id)
        if spec is None:
            return frozenset()
        return frozenset(
            str(slot) for single in spec.singles for slot in single.output_slots() if is_serverside(slot)
        )

    def clientside(self) -> list[dict[str, Any]]:
        found = []
        for spec in map(self.app._build.spec_of, self.app.callback_map):
            if spec is None or not spec.is_clientside:
                continue
            inputs, outputs = leaves(spec.inputs), spec.output_slots()
            if not any(_names_hidden(_id_text(slot)) for slot in (*inputs, *outputs)):
                found.append(
                    {
                        "outputs": [_property(slot) for slot in outputs],
                        "inputs": [_property(slot) for slot in inputs if slot.role == "input"],
                        "state": [_property(slot) for slot in inputs if slot.role == "state"],
                    }
                )
        return found

    @contextmanager
    def at_first(self) -> Iterator[None]:
        """What the app begins with is made once, for all clients: in a session that is no client's."""
        with self.app._sessions.acting_as(self.values.of_all):
            yield


def _first_trigger(spec: CallbackSpec) -> str | None:
    own = spec.input_slots()[: len(spec.input_slots()) - len(spec.ports)]
    return next(
        (str(slot) for slot in own if slot.fires and not slot.passed and isinstance(slot.id, str)), None
    )


def _property(slot: Slot) -> dict[str, str]:
    return {"component_id": _id_text(slot), "property": slot.prop}


def _id_text(slot: Slot) -> str:
    return dash_internals.id_text(slot.id.thaw() if isinstance(slot.id, FrozenId) else slot.id)


def _map_texts(value: Any, function: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return function(value)
    if isinstance(value, dict):
        return {key: _map_texts(child, function) for key, child in value.items()}
    return [_map_texts(child, function) for child in value] if isinstance(value, list) else value


def _without_hidden(text: str) -> str:
    """Leave out of a resource the components that transforms have added."""
    if not _HIDDEN.search(text):
        return text
    try:
        return json.dumps(_visible(json.loads(text)))
    except ValueError:
        return text


def _visible(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _visible(child) for key, child in value.items()}
    if isinstance(value, list):
        return [_visible(child) for child in value if not _is_hidden(child)]
    return value


def _is_hidden(item: Any) -> bool:
    """Is it a component of a transform's own, in a layout or in a list of components?"""
    if not isinstance(item, dict):
        return False
    props = item.get("props")
    return _names_hidden(props.get("id") if isinstance(props, dict) else item.get("id"))


def _names_hidden(component_id: Any) -> bool:
    return json.dumps(component_id).lstrip('"{\\').startswith("enrich-")

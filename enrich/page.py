"""A page without a browser: drives an app's callbacks over HTTP, as dash-renderer would, for tests."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_WILDCARDS = (["MATCH"], ["ALL"], ["ALLSMALLER"])


@dataclass(slots=True)
class Request:
    """One request that the page made for a callback."""

    body: dict[str, Any]
    status: int
    sent: int
    """Bytes of the request's body."""
    received: int
    """Bytes of the response's body."""
    answer: Any


@dataclass(slots=True)
class CallbackFailed(Exception):
    """A callback answered with an error; its text is what the server logged or sent."""

    output: str
    status: int
    text: str

    def __str__(self) -> str:
        return f"The callback with output {self.output!r} answered {self.status}:\n{self.text}"


@dataclass(slots=True)
class Page:
    """Load an app's page and act on it, without a browser.

    It keeps the properties of the layout's components, sends a request for each callback that an action fires, and
    follows the chain of what they return, one callback after another. Clientside callbacks are not run.

    Parameters
    ----------
    app:
        The app, on Flask.
    load:
        Fetch the page, its layout and its dependencies, and make the initial calls. Default ``True``.

    Raises
    ------
    CallbackFailed
        From ``act``, when a callback answers with an error.

    Examples
    --------
    >>> from enrich import Dash, Input, Output, html
    >>> from enrich.testing import Page
    >>> app = Dash("doc")
    >>> app.layout = html.Div([html.Button(id="button"), html.Div(id="log")])
    >>> @app.callback(Output("log", "children"), Input("button", "n_clicks"), prevent_initial_call=True)
    ... def count(n_clicks):
    ...     return f"clicked {n_clicks} times"
    >>> page = Page(app)
    >>> page.act({"button.n_clicks": 1})
    >>> page["log.children"]
    'clicked 1 times'
    """

    app: Any
    load: bool = True
    client: Any = None
    props: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Properties by component: the id as text -> the property -> the value."""
    callbacks: list[dict[str, Any]] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.client is None:
            self.client = self.app.server.test_client()
        if self.load:
            self.reload()

    def reload(self) -> None:
        """Fetch the page anew, and make its initial calls."""
        prefix = self.app.config.requests_pathname_prefix
        self._get(prefix)
        self.props.clear()
        self._collect(self._get(f"{prefix}_dash-layout"))
        self.callbacks = self._get(f"{prefix}_dash-dependencies")
        initial = [cb for cb in self.callbacks if not cb["prevent_initial_call"]]
        self._run([(cb, match, set()) for cb in initial for match in self._matches(cb)])

    def act(self, changes: Mapping[str, Any]) -> None:
        """Set properties as a user would (``{"button.n_clicks": 1}``), and run what that fires."""
        for prop_id, value in changes.items():
            component, _, prop = prop_id.rpartition(".")
            self.props.setdefault(component, {})[prop] = value
        self._run(self._fired(set(changes)))

    def __getitem__(self, prop_id: str) -> Any:
        component, _, prop = prop_id.rpartition(".")
        return self.props[component][prop]

    def _get(self, path: str) -> Any:
        response = self.client.get(path)
        if response.status_code != 200:
            raise CallbackFailed(path, response.status_code, response.text)
        return response.json

    def _collect(self, node: Any) -> None:
        if isinstance(node, list):
            for child in node:
                self._collect(child)
        elif isinstance(node, dict) and "props" in node and "type" in node:
            own = node["props"]
            if "id" in own:
                self.props[_text(own["id"])] = dict(own)
            self._collect(list(own.values()))

    # Finding what fires

    def _fired(self, changed: set[str]) -> list[tuple[dict[str, Any], dict[str, Any], set[str]]]:
        found: list[tuple[dict[str, Any], dict[str, Any], set[str]]] = []
        for callback in self.callbacks:
            if callback["clientside_function"]:
                continue
            calls: dict[str, tuple[dict[str, Any], set[str]]] = {}
            for prop_id in changed:
                for spec in callback["inputs"]:
                    match = _fits(spec, prop_id)
                    if match is not None:
                        calls.setdefault(json.dumps(match, sort_keys=True), (match, set()))[1].add(prop_id)
            found.extend((callback, match, props) for match, props in calls.values())
        return found

    def _matches(self, callback: dict[str, Any]) -> list[dict[str, Any]]:
        """Initial calls: one for each binding of MATCH that the page has."""
        specs = [*self._output_specs(callback), *callback["inputs"]]
        pattern = next((s for s in specs if '["MATCH"]' in s["id"]), None)
        if callback["clientside_function"]:
            return []
        if pattern is None:
            return [{}]
        bindings = [_fits(pattern, f"{component}.{pattern['property']}") for component in self.props]
        return [dict(b) for b in {json.dumps(b): b for b in bindings if b is not None}.values()]

    # Running

    def _run(self, calls: list[tuple[dict[str, Any], dict[str, Any], set[str]]]) -> None:
        while calls:
            callback, match, changed = calls.pop(0)
            answered = self._send(callback, match, changed)
            calls.extend(self._fired(answered) if answered else ())

    def _send(self, callback: dict[str, Any], match: dict[str, Any], changed: set[str]) -> set[str]:
        inputs = self._values(callback["inputs"], match)
        if inputs is None:
            return set()
        outputs = [self._resolve(s, match, values=False) for s in self._output_specs(callback)]
        multi = callback["output"].startswith("..")
        body = {
            "output": callback["output"],
            "outputs": outputs if multi else (outputs[0] if outputs else None),
            "inputs": inputs,
            "changedPropIds": sorted(changed),
            "state": self._values(callback["state"], match) or [],
        }
        sent = json.dumps(body)
        response = self.client.post(
            f"{self.app.config.requests_pathname_prefix}_dash-update-component",
            data=sent,
            content_type="application/json",
        )
        answer = response.get_json(silent=True)
        self.requests.append(Request(body, response.status_code, len(sent), len(response.data), answer))
        if response.status_code == 204:
            return set()
        if response.status_code != 200:
            raise CallbackFailed(callback["output"], response.status_code, response.text)
        updates = {**(answer.get("sideUpdate") or {})}
        for component, props in (answer.get("response") or {}).items():
            updates[component] = {**updates.get(component, {}), **props}
        for component, props in updates.items():
            self.props.setdefault(component, {}).update(props)
            self._collect(list(props.values()))
        return {f"{component}.{prop}" for component, props in updates.items() for prop in props}

    def _output_specs(self, callback: dict[str, Any]) -> list[dict[str, Any]]:
        output = callback["output"]
        if callback["no_output"]:
            return []
        parts = output[2:-2].split("...") if output.startswith("..") else [output]
        found = []
        for part in parts:
            component, _, prop = part.rpartition(".")
            found.append({"id": component.replace("\\.", "."), "property": prop})
        return found

    def _values(self, specs: list[dict[str, Any]], match: dict[str, Any]) -> list[Any] | None:
        """The request's items; ``None`` where a component that must be there is not."""
        items = []
        for spec in specs:
            item = self._resolve(spec, match, values=True)
            if item is None:
                if not spec.get("allow_optional"):
                    return None
                item = {**spec, "value": None}
            items.append(item)
        return items

    def _resolve(self, spec: dict[str, Any], match: dict[str, Any], *, values: bool) -> Any:
        found = []
        prop = spec["property"].partition("@")[0]
        for component, own in self.props.items():
            bound = _fits({**spec, "property": prop}, f"{component}.{prop}")
            if bound is not None and all(match.get(k, v) == v for k, v in bound.items()):
                item = {
                    "id": json.loads(component) if component.startswith("{") else component,
                    "property": spec["property"],
                }
                if values and prop in own:
                    item["value"] = own[prop]
                found.append(item)
        if '["ALL' in spec["id"]:
            return found
        return found[0] if found else (None if values else {"id": spec["id"], "property": spec["property"]})


def _text(component_id: Any) -> str:
    if isinstance(component_id, dict):
        return json.dumps(component_id, sort_keys=True, separators=(",", ":"))
    return str(component_id)


def _fits(spec: dict[str, Any], prop_id: str) -> dict[str, Any] | None:
    """What MATCH is bound to if a property fits a dependency, or ``None`` if it doesn't."""
    component, _, prop = prop_id.rpartition(".")
    if prop != spec["property"]:
        return None
    if not spec["id"].startswith("{"):
        return {} if component == spec["id"] else None
    if not component.startswith("{"):
        return None
    wanted, given = json.loads(spec["id"]), json.loads(component)
    if wanted.keys() != given.keys():
        return None
    if any(value not in _WILDCARDS and value != given[key] for key, value in wanted.items()):
        return None
    return {key: given[key] for key, value in wanted.items() if value == ["MATCH"]}

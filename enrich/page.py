"""A page without a browser: drives an app's callbacks over HTTP, as dash-renderer would, for tests."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import flask

from enrich import observing
from enrich.app import DashProxy
from enrich.errors import EnrichError
from enrich.page_errors import CallbackFailed, NotOnPage
from enrich.patched import is_patch, patched

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
class Page:
    """Load an app's page and act on it, without a browser.

    It keeps the properties of the layout's components, sends a request for each callback that an action fires, and
    follows the chain of what they return: one callback after another, and none before those that write its inputs.
    A ``Patch`` changes what it holds. Clientside callbacks are not run, ``running`` is not shown, and components that a
    callback adds make no initial calls of their own. Cookies are kept, so two pages are two browsers. Loading an app of
    enrich runs its startup checks.

    Parameters
    ----------
    app:
        The app, on Flask.
    load:
        Fetch the page, its layout and its dependencies, and make the initial calls. Default ``True``.
    client:
        The client that sends the requests. Default: a new one of the app's server, which is a new browser.

    Raises
    ------
    CallbackFailed
        When the page, its layout or a callback answers with an error.
    NotOnPage
        For the name of a component or of a property that the page doesn't have.
    EnrichError
        For an app that is not on Flask.

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
    """What the app tells the browser of its callbacks."""
    requests: list[Request] = field(default_factory=list)
    """Every request for a callback so far."""

    def __post_init__(self) -> None:
        if self.client is None:
            if not isinstance(self.app.server, flask.Flask):
                raise EnrichError(
                    f"A Page drives apps on Flask, and {self.app.config.name!r} is on {type(self.app.server).__name__}. "
                    "Use that server's own test client, or make the app without backend= and server= in its tests."
                )
            self.client = self.app.server.test_client()
        if self.load:
            self.reload()

    def reload(self) -> None:
        """Fetch the page anew, and make its initial calls."""
        prefix = self.app.config.requests_pathname_prefix
        self._get(prefix)
        if isinstance(self.app, DashProxy):
            observing.run_checks(self.app)
        self.props.clear()
        self._collect(self._get(f"{prefix}_dash-layout"))
        self.callbacks = self._get(f"{prefix}_dash-dependencies")
        initial = [cb for cb in self.callbacks if not cb["prevent_initial_call"]]
        self._run([_Pending(cb, match, set()) for cb in initial for match in self._matches(cb)])

    def act(self, changes: Mapping[str, Any]) -> None:
        """Set properties as a user would (``{"button.n_clicks": 1}``), and run what that fires."""
        places = [self._place(prop_id) for prop_id in changes]
        for component, _ in places:
            if component not in self.props and not self._may_come(component):
                raise NotOnPage.component(component, self.props)
        for (component, prop), value in zip(places, changes.values(), strict=True):
            self.props.setdefault(component, {})[prop] = value
        self._run(self._fired({f"{component}.{prop}" for component, prop in places}))

    def __getitem__(self, prop_id: str) -> Any:
        """The value of a property, as in ``page["log.children"]``."""
        component, prop = self._place(prop_id)
        if component not in self.props:
            raise NotOnPage.component(component, self.props)
        if prop not in self.props[component]:
            raise NotOnPage.property(component, prop, self.props[component])
        return self.props[component][prop]

    def _place(self, prop_id: str) -> tuple[str, str]:
        """The component and the property; a pattern may be written with its keys in any order."""
        component, _, prop = prop_id.rpartition(".")
        try:
            component = _text(_parsed(component))
        except ValueError:
            raise NotOnPage.form(prop_id) from None
        if not component or not prop:
            raise NotOnPage.form(prop_id)
        return component, prop

    def _may_come(self, component: str) -> bool:
        """Is it a component that a callback names, and that Dash lets a layout be without?"""
        if not (component.startswith("{") or self.app.config.suppress_callback_exceptions):
            return False
        return any(
            _fits(spec, f"{component}.{spec['property']}") is not None
            for callback in self.callbacks
            for spec in (*callback["inputs"], *callback["state"], *self._output_specs(callback))
        )

    def _get(self, path: str) -> Any:
        return self._open(path, path, method="GET").json

    def _open(self, what: str, path: str, **request: Any) -> Any:
        """Send a request; raises for an answer that is an error, from the exception behind it."""
        errors: list[BaseException] = []

        def note(_sender: Any, exception: BaseException, **_rest: Any) -> None:
            errors.append(exception)

        with flask.got_request_exception.connected_to(note, self.app.server):
            response = self.client.open(path, **request)
        if response.status_code not in (200, 204):
            cause = errors[-1] if errors else None
            text = f"{type(cause).__name__}: {cause}" if cause else response.text
            raise CallbackFailed(what, response.status_code, text) from cause
        return response

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

    def _fired(self, changed: set[str]) -> list[_Pending]:
        found: list[_Pending] = []
        for callback in self.callbacks:
            if callback["clientside_function"]:
                continue
            calls: dict[str, _Pending] = {}
            for prop_id in changed:
                for spec in callback["inputs"]:
                    for match in self._rows(callback, spec, prop_id):
                        pending = calls.setdefault(_text(match), _Pending(callback, match, set()))
                        pending.changed.add(prop_id)
            found.extend(calls.values())
        return found

    def _rows(self, callback: dict[str, Any], spec: dict[str, Any], prop_id: str) -> list[dict[str, Any]]:
        """The bindings of MATCH whose calls a changed property fires."""
        bound = _fits(spec, prop_id)
        if bound is None:
            return []
        return [
            row
            for row in self._matches(callback)
            if all(row.get(key) == value for key, value in bound.items())
            and _fits(spec, prop_id, smaller_than=row) is not None
        ]

    def _matches(self, callback: dict[str, Any]) -> list[dict[str, Any]]:
        """The bindings of MATCH that the page has: each is a call of its own."""
        specs = [*self._output_specs(callback), *callback["inputs"]]
        pattern = next((s for s in specs if '["MATCH"]' in s["id"]), None)
        if callback["clientside_function"]:
            return []
        if pattern is None:
            return [{}]
        bindings = [_fits(pattern, f"{component}.{pattern['property']}") for component in self.props]
        return [dict(b) for b in {json.dumps(b): b for b in bindings if b is not None}.values()]

    # Running

    def _run(self, waiting: list[_Pending]) -> None:
        while waiting:
            ready = next((one for one in waiting if not self._waits(one, waiting)), waiting[0])
            waiting.remove(ready)
            for fired in self._fired(self._send(ready.callback, ready.match, ready.changed)):
                fired.before = [*ready.before, ready.callback]
                if any(one is fired.callback for one in fired.before):
                    continue  # dash-renderer ends a circle where it would close.
                same = next(
                    (w for w in waiting if w.callback is fired.callback and w.match == fired.match), None
                )
                if same is None:
                    waiting.append(fired)
                else:
                    same.changed |= fired.changed

    def _waits(self, one: _Pending, waiting: list[_Pending]) -> bool:
        """Does a callback that is still to run write an input of this one?"""
        outputs = {
            f"{_text(item['id'])}.{item['property']}"
            for other in waiting
            if other.callback is not one.callback
            for item in _flat(self._outputs(other.callback, other.match))
        }
        inputs = self._values(one.callback["inputs"], one.match) or []
        return any(f"{_text(item['id'])}.{item['property']}" in outputs for item in _flat(inputs))

    def _outputs(self, callback: dict[str, Any], match: dict[str, Any]) -> list[Any]:
        return [self._resolve(spec, match, values=False) for spec in self._output_specs(callback)]

    def _send(self, callback: dict[str, Any], match: dict[str, Any], changed: set[str]) -> set[str]:
        inputs, states = self._values(callback["inputs"], match), self._values(callback["state"], match)
        if inputs is None or states is None:
            return set()
        # The renderer sends the properties with what tells callbacks with the same output apart.
        outputs = [
            [{**part, "property": spec["sent"]} for part in item]
            if isinstance(item, list)
            else {**item, "property": spec["sent"]}
            for item, spec in zip(self._outputs(callback, match), self._output_specs(callback), strict=True)
        ]
        multi = callback["output"].startswith("..")
        body = {
            "output": callback["output"],
            "outputs": outputs if multi else (outputs[0] if outputs else None),
            "inputs": inputs,
            "changedPropIds": sorted(changed),
            "state": states,
        }
        answer = self._post(callback["output"], body)
        updates = {**(answer.get("sideUpdate") or {})}
        for component, props in (answer.get("response") or {}).items():
            updates[component] = {**updates.get(component, {}), **props}
        for component, props in updates.items():
            held = self.props.setdefault(component, {})
            for prop, value in props.items():
                try:
                    held[prop] = patched(held[prop], value) if is_patch(value) else value
                except (TypeError, LookupError) as error:
                    text = f"{component}.{prop} holds nothing that the Patch can change: {error!r}"
                    raise CallbackFailed(callback["output"], 200, text) from error
            self._collect([held[prop] for prop in props])
        return {f"{component}.{prop}" for component, props in updates.items() for prop in props}

    def _post(self, output: str, body: dict[str, Any]) -> dict[str, Any]:
        sent = json.dumps(body)
        response = self._open(
            output,
            f"{self.app.config.requests_pathname_prefix}_dash-update-component",
            method="POST",
            data=sent,
            content_type="application/json",
        )
        answer = response.get_json(silent=True)
        self.requests.append(Request(body, response.status_code, len(sent), len(response.data), answer))
        return answer or {}

    def _output_specs(self, callback: dict[str, Any]) -> list[dict[str, Any]]:
        output = callback["output"]
        if callback["no_output"]:
            return []
        parts = output[2:-2].split("...") if output.startswith("..") else [output]
        meta = callback.get("outputs_meta") or [{}] * len(parts)
        found = []
        for part, more in zip(parts, meta, strict=True):
            component, _, prop = part.rpartition(".")
            # What stands behind @ tells callbacks with the same output apart.
            found.append(
                {
                    "id": component.replace("\\.", "."),
                    "property": prop.partition("@")[0],
                    "sent": prop,
                    **more,
                }
            )
        return found

    def _values(self, specs: list[dict[str, Any]], match: dict[str, Any]) -> list[Any] | None:
        """The request's items; ``None`` where a component that must be there is not."""
        items = []
        for spec in specs:
            item = self._resolve(spec, match, values=True)
            if item is None:
                if not spec.get("allow_optional"):
                    return None
                item = {**spec, "id": _parsed(spec["id"]), "value": None}
            items.append(item)
        return items

    def _resolve(self, spec: dict[str, Any], match: dict[str, Any], *, values: bool) -> Any:
        found = []
        prop = spec["property"]
        for component, own in self.props.items():
            bound = _fits(spec, f"{component}.{prop}", smaller_than=match)
            if bound is not None and all(match.get(k, v) == v for k, v in bound.items()):
                item = {"id": _parsed(component), "property": prop}
                if values and prop in own:
                    item["value"] = own[prop]
                found.append(item)
        if _is_for_all(spec):
            return found
        return found[0] if found else (None if values else {"id": _parsed(spec["id"]), "property": prop})


@dataclass(slots=True)
class _Pending:
    """A call that is to be made: of which callback, for which row, and what fired it."""

    callback: dict[str, Any]
    match: dict[str, Any]
    changed: set[str]
    before: list[dict[str, Any]] = field(default_factory=list)
    """The callbacks whose outputs led to it."""


def _flat(items: list[Any]) -> list[Any]:
    return [part for item in items for part in (item if isinstance(item, list) else [item])]


def _parsed(component_id: Any) -> Any:
    return json.loads(component_id) if str(component_id).startswith("{") else component_id


def _text(component_id: Any) -> str:
    if isinstance(component_id, dict):
        return json.dumps(component_id, sort_keys=True, separators=(",", ":"))
    return str(component_id)


def _fits(
    spec: dict[str, Any], prop_id: str, smaller_than: Mapping[str, Any] | None = None
) -> dict[str, Any] | None:
    """What MATCH is bound to if a property fits a dependency, or ``None`` if it doesn't.

    ``smaller_than`` is the row that ALLSMALLER looks up from.
    """
    component, _, prop = prop_id.rpartition(".")
    if prop != spec["property"]:
        return None
    if not spec["id"].startswith("{"):
        return {} if component == spec["id"] else None
    if not component.startswith("{"):
        return None
    wanted, given = json.loads(spec["id"]), json.loads(component)
    if not (wanted.keys() <= given.keys() if spec.get("partial") else wanted.keys() == given.keys()):
        return None
    for key, value in wanted.items():
        if value not in _WILDCARDS and _differ(value, given[key]):
            return None
        if value == ["ALLSMALLER"] and smaller_than and not given[key] < smaller_than[key]:
            return None
    return {key: given[key] for key, value in wanted.items() if value == ["MATCH"]}


def _is_for_all(spec: Mapping[str, Any]) -> bool:
    return '["ALL' in spec["id"] or bool(spec.get("partial") and '["MATCH"]' not in spec["id"])


def _differ(one: Any, other: Any) -> bool:
    # Python takes True for 1; the browser doesn't.
    return isinstance(one, bool) is not isinstance(other, bool) or bool(one != other)

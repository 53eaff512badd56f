"""Stored values as an MCP client sees them: a name to pass on, and what the value looks like."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from enrich.errors import HandleError, HandleExpired, HandleForeign, StoreError, StoreFullError
from enrich.store import PREFIX, Ref, looks_like_handle

if TYPE_CHECKING:
    from enrich.app import DashProxy

_log = logging.getLogger("enrich.agents")

HEAD = 5
"""How many rows of a table a client is shown."""
_COLUMNS = 100
_LONGEST_TEXT = 200
_NAME = re.compile(r"stored-[0-9a-f]{10}")
_TOKEN = re.compile(rf"{PREFIX}[\w.\-]*")


class UnknownName(LookupError):
    """A client passed a name under which it was given nothing."""


class StoredValues:
    """The names of one app's values, each session's own, kept in the app's store: every worker knows them."""

    of_all = "enrich.agents"
    """The session of what is made for all clients."""

    def __init__(self, app: DashProxy) -> None:
        self.app = app

    def tokens(self, value: Any) -> Any:
        """Put tokens in the place of names in a tool's arguments, at any depth.

        Raises
        ------
        UnknownName
            If nothing was returned to this session under a name.
        """
        if isinstance(value, str):
            return self._token(value) if _NAME.fullmatch(value) else value
        if isinstance(value, dict):
            return {key: self.tokens(child) for key, child in value.items()}
        return [self.tokens(child) for child in value] if isinstance(value, list) else value

    def _token(self, name: str) -> Any:
        store = self.app.store
        try:
            return store.get(store.named(self._record(name)))
        except HandleExpired:
            raise UnknownName(
                f"Nothing is stored as {name!r} in this session. Names hold for the MCP session in which a tool "
                "returned them, as long as the value is kept: call that tool again, and pass the name that it returns. "
                "If this happens for a name that was just returned, the client does not send back the Mcp-Session-Id "
                "header that it got."
            ) from None

    def _record(self, name: str) -> str:
        session = self.app._sessions.current_or_none() or ""
        return f"enrich.agents.{hashlib.blake2s(session.encode(), digest_size=16).hexdigest()}.{name}"

    def shown(self, value: Any) -> Any:
        """Put descriptions in the place of tokens in an answer, at any depth; in a text, short ones."""
        if isinstance(value, str):
            return self._shown_text(value) if PREFIX in value else value
        if isinstance(value, dict):
            return {key: self._shown_inside(key, child) for key, child in value.items()}
        return [self.shown(child) for child in value] if isinstance(value, list) else value

    def _shown_inside(self, key: str, child: Any) -> Any:
        # What MCP calls text must stay text: JSON, or prose.
        if key in ("text", "description") and isinstance(child, str) and PREFIX in child:
            try:
                return json.dumps(self.shown(json.loads(child)), default=str)
            except ValueError:
                return self._prose(child)
        return self.shown(child)

    def _shown_text(self, text: str) -> Any:
        return self._described(text) if looks_like_handle(text) else self._prose(text)

    def _prose(self, text: str) -> str:
        # The middle of a text may hold what is left of a token that was cut.
        return _TOKEN.sub(lambda found: self._in_words(found[0]), text)

    def _in_words(self, token: str) -> str:
        if not looks_like_handle(token):
            return "(a value on the server)"
        said = self._described(token, with_head=False)
        rows = f" of {said['rows']} rows" if "rows" in said else ""
        kind = said.get("kind", "value")
        return f"({said['name']}: {kind}{rows})" if "name" in said else f"({kind}{rows}, on the server)"

    def _described(self, token: str, *, with_head: bool = True) -> dict[str, Any]:
        try:
            ref = self._open(token)
            return {**self._named(ref), **self._look(ref, with_head)}
        except HandleExpired:
            return {"note": "a value that the server no longer keeps"}
        except HandleError:
            return {"note": "a value of another session"}

    def _open(self, token: str) -> Ref:
        session = self.app._sessions.current_or_none()
        try:
            return self.app.store.open(token, session=session)
        except HandleForeign:
            return self.app.store.open(token, session=self.of_all)

    def _named(self, ref: Ref) -> dict[str, str]:
        """Give a value the name that it has in this session, if there is room for it."""
        session = self.app._sessions.current_or_none()
        said = f"{session} {ref.store} {ref.key if ref.name is None else ref.name}"
        name = f"stored-{hashlib.blake2s(said.encode(), digest_size=5).hexdigest()}"
        store = self.app.store
        token = store.sign(ref, session=session if ref.name is None else None)
        try:
            store.put(token, name=self._record(name), payer=self.app._sessions.payer())
        except StoreFullError as error:
            # The tool's answer is there, and only passing the value on isn't possible.
            _log.warning("A value for an MCP client gets no name: %s", error)
            return {
                "note": "a value without a name, which can't be passed on: the server has no room for more"
            }
        return {"name": name}

    def _look(self, ref: Ref, with_head: bool) -> Mapping[str, Any]:
        store = self.app.store
        found = store.describe(ref)
        if found.schema is None:
            return {"kind": found.kind} | ({"value": _excerpt(store.get(ref))} if with_head else {})
        names = list(found.schema.names)[:_COLUMNS]
        look: dict[str, Any] = {
            "kind": found.kind,
            "rows": found.rows,
            "schema": {name: str(found.schema.field(name).type) for name in names},
        }
        if len(found.schema.names) > _COLUMNS:
            look["columns"] = len(found.schema.names)
        if with_head:
            look["head"] = self._head(ref, names)
        return look

    def _head(self, ref: Ref, names: list[str]) -> list[dict[str, Any]]:
        try:
            columns = self._read(ref, None)
        except StoreError:
            # A column that no other library has a type for; the others are shown.
            columns = {}
            for name in names:
                with contextlib.suppress(StoreError):
                    columns |= self._read(ref, [name])
        shown = {name: map(_cell, columns[name]) for name in names if name in columns}
        return [dict(zip(shown, row, strict=True)) for row in zip(*shown.values(), strict=True)]

    def _read(self, ref: Ref, names: list[str] | None) -> dict[str, list[Any]]:
        import pyarrow as pa

        table = self.app.store.get(ref, as_type=pa.Table, columns=names)
        head: dict[str, list[Any]] = table.slice(0, HEAD).to_pydict()
        return head


def _cell(value: Any) -> Any:
    """A value of a table as JSON has it, short."""
    if isinstance(value, bool | int) or value is None:
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, bytes):
        return f"({len(value)} bytes)"
    return _excerpt(value)


def _excerpt(value: Any) -> Any:
    """A small value itself, the beginning of a larger one."""
    try:
        text = json.dumps(value, allow_nan=False)
        if len(text) <= _LONGEST_TEXT:
            return json.loads(text)
    except (TypeError, ValueError):
        text = str(value)
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}…"

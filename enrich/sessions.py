"""Whose browser it is: a signed cookie of our own, set with the page and read by callbacks.

It is set with the page and the layout, so that callbacks that run in parallel find it there and need not each make
one; callbacks only read it. A WebSocket that comes without it is a session of its own.
"""

from __future__ import annotations

import hashlib
import inspect
import logging
import reprlib
import secrets
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

import flask
from werkzeug.http import dump_cookie

from enrich import dash_internals
from enrich.errors import HandleForeign, HandleInvalid, SessionError, StoreUnavailableError

if TYPE_CHECKING:
    from enrich.app import DashProxy
    from enrich.store import Ref

_log = logging.getLogger("enrich.sessions")
_SALT = "enrich.session"
_JOB_SALT = "enrich.job"
_SENT = "enrich_session"
"""Where a background job finds its session, among what Dash sends it of the request."""
_REMEMBERED = 4096
"""How many cookies a process knows to be genuine."""
_NOBODY = "visitors without a session"


@dataclass(slots=True)
class Visit:
    """One request, or one WebSocket connection, as the sessions of an app see it."""

    cookie: str | None
    """The app's own, as it came."""
    https: bool
    fresh: str | None = None
    """The session to begin where the cookie names none; ``None`` where none may begin."""
    session: str | None = None
    """The session, once it is known."""
    marks: frozenset[str] = frozenset()
    """Of a connection: the marks of wires that its messages so far had."""

    def may_begin_session(self) -> None:
        if self.fresh is None:
            self.fresh = secrets.token_urlsafe(16)


current_scope: ContextVar[MutableMapping[str, Any] | None] = ContextVar("enrich_scope", default=None)
"""The request or connection that a server speaking ASGI serves."""


class Sessions:
    """The browser sessions of one app."""

    def __init__(self, app: DashProxy) -> None:
        self.app = app
        self._key = f"enrich_visit_{id(self)}"
        self.on_asgi = False
        self._genuine: dict[str | None, str] = {}
        self._found: Any = None

    def current(self) -> str:
        """The id of the session whose callback or layout is running.

        Raises
        ------
        SessionError
            If the browser brought no cookie of this app.
        """
        settings = self._settings
        if settings is not None and settings.session_id is not None:
            return self._named_by(settings.session_id)
        visit = self.visit()
        if visit is None:
            # A background job has the cookies of the request that started it.
            cookie = (getattr(dash_internals.context(), "cookies", None) or {}).get(self.cookie_name)
            session = self._read(cookie)
        else:
            cookie = visit.cookie
            session = visit.session = visit.session or self._read(visit.cookie) or visit.fresh
        if session is None and cookie:
            raise SessionError(
                "The browser's session cookie was signed with a secret that this app doesn't have, so a value can't be "
                "bound to its session. Reload the page. To keep sessions across restarts and workers set "
                "ENRICH_SECRET_KEY, and list old secrets after the new one in secret=[...]."
            )
        if session is None:
            raise SessionError(
                "The browser sent no session cookie with this callback, so a value can't be bound to its session. "
                "If the app is shown in a frame of another site, browsers drop cookies unless they are marked for it: "
                "use ServersideOutputTransform(cookie_samesite='None') over https. A test client must fetch the page "
                "first. ServersideOutputTransform(session_check=False) needs no cookie, and shares values."
            )
        return session

    def current_or_none(self) -> str | None:
        """The id of the running session, or ``None`` where there is none."""
        try:
            return self.current()
        except SessionError:
            return None

    def opened(self, token: str) -> Ref:
        """What a token stands for, to the running session; a token that is for all needs none."""
        try:
            session = self.current()
        except SessionError:
            return self.app.store.open(token)
        except Exception:
            with suppress(HandleForeign):
                return self.app.store.open(token)
            raise  # session_id= failed, and perhaps it shouldn't have
        return self.app.store.open(token, session=session)

    def payer(self) -> str | None:
        """Who pays for what is stored for all, where there are quotas; ``None`` where no visitor is at work.

        Visitors who have no session pay together, as if they were one.
        """
        if self.app.store.session_quota is None:
            return None
        try:
            return self.current()
        except SessionError:
            pass
        except Exception:
            if self.uses_cookie:
                raise
            _log.debug("session_id= names nobody", exc_info=True)
        return _NOBODY if self.visit() is not None or dash_internals.context() else None

    @cached_property
    def cookie_name(self) -> str:
        """One name per app, since cookies are shared by all ports of a host."""
        identity = dash_internals.app_identity(self.app).encode()
        return f"enrich_session_{hashlib.blake2s(identity, digest_size=4).hexdigest()}"

    @cached_property
    def _cookie_start(self) -> str:
        return f"{self.cookie_name}="

    # Visits

    def visit(self) -> Visit | None:
        """The request or connection that is being served, if there is one."""
        if self.on_asgi:
            scope = current_scope.get()
            return None if scope is None else self.visit_in(scope)
        if not flask.has_request_context():
            return None
        # What stands behind the proxy is asked for once: each step through it costs more than all that is done here.
        environ = flask.request._get_current_object().environ  # type: ignore[attr-defined]
        # Kept with the request, by a name of its own: one server may serve several apps.
        visit: Visit | None = environ.get(self._key)
        if visit is None:
            cookie = self.cookie_in(environ.get("HTTP_COOKIE", ""))
            visit = environ[self._key] = Visit(cookie, environ["wsgi.url_scheme"] == "https")
        return visit

    def visit_in(self, scope: MutableMapping[str, Any]) -> Visit:
        """The visit that a server speaking ASGI serves."""
        visit: Visit | None = scope.get(self._key)
        if visit is None:
            # ASGI has all names in lower case.
            sent = b";".join([value for name, value in scope["headers"] if name == b"cookie"])
            cookie = self.cookie_in(sent.decode("latin-1"))
            visit = scope[self._key] = Visit(cookie, self.is_https(scope))
        return visit

    @staticmethod
    def is_https(scope: MutableMapping[str, Any]) -> bool:
        """Does the browser speak to the server over TLS?"""
        return scope.get("scheme") in ("https", "wss")

    def cookie_in(self, header: str) -> str | None:
        """Find the app's own cookie in a request's header; no others are read, and it needs no unquoting."""
        start = self._cookie_start
        found = []
        at = header.find(start)
        while at >= 0:
            if not at or header[at - 1] in "; ":  # else it is the end of a longer name
                found.append(header[at + len(start) :].partition(";")[0].strip())
            at = header.find(start, at + 1)
        if len(found) < 2 or not self.uses_cookie:
            return found[0] if found else None
        # A site beside this one, or a page above it, can set others of the name.
        return next((cookie for cookie in found if self._read(cookie) is not None), found[0])

    def serving_page(self) -> Visit | None:
        """The answer to the running request is a page, or a part of it that comes before its first callbacks.

        Gives the visit; ``None`` where no request is served.
        """
        visit = self.visit()
        if visit is not None and visit.fresh is None and not self.knows(visit):
            visit.may_begin_session()
            if not self.on_asgi:
                flask.after_this_request(partial(self._with_cookie, visit))
        return visit

    def knows(self, visit: Visit) -> bool:
        """Did this process see the visitor's cookie before, and find it genuine?"""
        return visit.cookie in self._genuine

    def new_cookie(self, visit: Visit) -> str | None:
        """The ``Set-Cookie`` that the answer must have, if it must have one."""
        settings = self._settings
        if visit.fresh is None or settings is None or not settings.uses_cookie:
            return None
        try:
            visit.session = visit.session or self._read(visit.cookie) or visit.fresh
            if visit.session != visit.fresh:
                return None
            signed = self.app.store.sign_text(visit.session, salt=_SALT)
        except StoreUnavailableError as error:
            # Nothing is stored yet, and perhaps nothing ever will be: what needs the store raises this itself.
            _log.warning("No session cookie was set: %s", error)
            return None
        cross_site = settings.cookie_samesite == "None"
        return dump_cookie(
            self.cookie_name,
            signed,
            httponly=True,
            samesite=settings.cookie_samesite,
            secure=visit.https or cross_site,
            partitioned=cross_site,
            path=self.app.config.requests_pathname_prefix or "/",
        )

    def _with_cookie(self, visit: Visit, response: flask.Response) -> flask.Response:
        cookie = self.new_cookie(visit)
        if cookie is not None:
            response.headers.add("Set-Cookie", cookie)
        return response

    # Clients that keep no cookies

    @property
    def uses_cookie(self) -> bool:
        """Is a session known by the app's own cookie?"""
        return self._settings is not None and bool(self._settings.uses_cookie)

    def is_genuine(self, cookie: str) -> bool:
        """Did this app sign it?"""
        return self._read(cookie) is not None

    def signed_new(self) -> str | None:
        """Begin a session; the text that its client is to send, if the store can sign any."""
        try:
            return str(self.app.store.sign_text(secrets.token_urlsafe(16), salt=_SALT))
        except StoreUnavailableError as error:
            _log.warning("No session was begun: %s", error)
            return None

    @contextmanager
    def acting_as(self, session: str) -> Iterator[None]:
        """Run a part of the running request in a session of the app's own."""
        visit = self.visit()
        if visit is None:
            yield
            return
        before, visit.session = visit.session, session
        try:
            yield
        finally:
            visit.session = before

    # Sessions that session_id= names

    def _named_by(self, session_id: Callable[[], Any]) -> str:
        sent = (dash_internals.context() or {}).get(_SENT)
        if sent is not None:
            return self.app.store.unsign_text(sent, salt=_JOB_SALT)
        try:
            return _named(session_id())
        except Exception as error:
            # It may be an answer to the visitor, such as flask.abort(401).
            error.add_note("Raised when session_id= was asked who the visitor is.")
            raise

    def sending(self, handler: Callable[..., Any]) -> Callable[..., Any]:
        """Make what starts a background job and sends it the session: a job serves no request to learn it from.

        A cookie needs no sending, since Dash sends all of them.
        """
        if self.uses_cookie:
            return handler

        def send(*args: Any, **kwargs: Any) -> Any:
            context = kwargs["callback_context"]
            with dash_internals.use_context(context):
                try:
                    session = self.current()
                except Exception:
                    _log.debug("session_id= names nobody", exc_info=True)
                else:
                    context[_SENT] = self.app.store.sign_text(session, salt=_JOB_SALT)
            return handler(*args, **kwargs)

        return send

    # The cookie's text

    @property
    def _settings(self) -> Any:
        if self._found is not None:
            return self._found
        from enrich.transforms.serverside import ServersideOutputTransform

        found = ServersideOutputTransform.find(self.app)
        if self.app._build.frozen:
            self._found = found
        return found

    def _read(self, cookie: str | None) -> str | None:
        if not cookie:
            return None
        known = self._genuine.get(cookie)
        if known is not None:
            return known
        try:
            session = self.app.store.unsign_text(cookie, salt=_SALT)
        except HandleInvalid:
            _log.info("A session cookie of another app or secret was ignored.")
            return None
        # The signature of the same text need not be computed for each request.
        if len(self._genuine) >= _REMEMBERED:
            self._genuine.clear()
        self._genuine[cookie] = session
        return session


def _named(session: Any) -> str:
    """Refuse an answer of ``session_id=`` that many visitors may share, or that differs from one request to the next."""
    if isinstance(session, str | int | UUID) and not isinstance(session, bool):
        text = str(session)
        if text.strip() and session != 0:
            return text
    if inspect.iscoroutine(session):
        session.close()
    raise SessionError(
        f"session_id= returned {reprlib.repr(session)} for this request, so nobody is known whose value it would be. "
        "Return the text, number or UUID of a visitor, one for anonymous ones too, or keep values that are for all "
        "with session_check=False."
    )

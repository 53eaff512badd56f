"""Whose browser it is: a signed cookie of our own, set with the page and read by callbacks.

It is set with the page, the layout and the dependencies, so that callbacks that run in parallel find it there and need
not each make one; callbacks only read it.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
from typing import TYPE_CHECKING, Any

import flask

from enrich import dash_internals
from enrich.errors import HandleInvalid, SessionError, StoreUnavailableError

if TYPE_CHECKING:
    from enrich.app import DashProxy

_log = logging.getLogger("enrich.sessions")
_SALT = "enrich.session"


class Sessions:
    """The browser sessions of one app."""

    def __init__(self, app: DashProxy) -> None:
        self.app = app
        self._installed_on: Any = None

    def install(self) -> None:
        """Have the server set the cookie with the page."""
        if self._installed_on is self.app.server or not isinstance(self.app.server, flask.Flask):
            return
        self._installed_on = self.app.server
        self.app.server.after_request(self._set_cookie)

    def current(self) -> str:
        """The id of the session whose callback or layout is running.

        Raises
        ------
        SessionError
            If the browser brought no cookie of this app.
        """
        settings = self._settings
        if settings is not None and settings.session_id is not None:
            return str(settings.session_id())
        fresh = flask.g.get(self._key) if flask.has_request_context() else None
        if fresh is not None:
            return str(fresh)
        cookies = getattr(dash_internals.context(), "cookies", None)
        if cookies is None and flask.has_request_context():
            cookies = flask.request.cookies
        session = self._read((cookies or {}).get(self.cookie_name))
        if session is not None:
            return session
        if dash_internals.context() or not flask.has_request_context():
            raise SessionError(
                "The browser sent no session cookie with this callback, so a value can't be bound to its session. "
                "If the app is shown in a frame of another site, browsers drop cookies unless they are marked for it: "
                "use ServersideOutputTransform(cookie_samesite='None') over https. A test client must fetch the page "
                "first. ServersideOutputTransform(session_check=False) needs no cookie, and shares values."
            )
        return self._mint()

    def current_or_none(self) -> str | None:
        """The id of the running session, or ``None`` where there is none."""
        try:
            return self.current()
        except SessionError:
            return None

    @property
    def cookie_name(self) -> str:
        """One name per app, since cookies are shared by all ports of a host."""
        identity = dash_internals.app_identity(self.app).encode()
        return f"enrich_session_{hashlib.blake2s(identity, digest_size=4).hexdigest()}"

    @property
    def _key(self) -> str:
        return f"enrich_session_{id(self)}"

    @property
    def _settings(self) -> Any:
        from enrich.transforms.serverside import ServersideOutputTransform

        return ServersideOutputTransform.find(self.app)

    def _read(self, cookie: str | None) -> str | None:
        if not cookie:
            return None
        try:
            return self.app.store.unsign_text(cookie, salt=_SALT)
        except HandleInvalid:
            _log.info("A session cookie of another app or secret was ignored.")
            return None

    def _mint(self) -> str:
        session = secrets.token_urlsafe(16)
        setattr(flask.g, self._key, session)
        return session

    def _set_cookie(self, response: flask.Response) -> flask.Response:
        settings = self._settings
        if settings is None or not settings.uses_cookie or not self._is_page():
            return response
        try:
            session = flask.g.get(self._key)
            if session is None:
                if self._read(flask.request.cookies.get(self.cookie_name)) is not None:
                    return response
                session = self._mint()
            signed = self.app.store.sign_text(session, salt=_SALT)
        except StoreUnavailableError as error:
            # Nothing is stored yet, and perhaps nothing ever will be: what needs the store raises this itself.
            _log.warning("No session cookie was set: %s", error)
            return response
        secure = flask.request.is_secure
        cross_site = settings.cookie_samesite == "None"
        response.set_cookie(
            self.cookie_name,
            signed,
            httponly=True,
            samesite=settings.cookie_samesite,
            secure=secure or cross_site,
            partitioned=cross_site,
            path=self.app.config.requests_pathname_prefix or "/",
        )
        return response

    def _is_page(self) -> bool:
        rule = flask.request.url_rule
        prefix = self.app.config.routes_pathname_prefix
        return rule is not None and rule.rule in {
            prefix,
            f"{prefix}<path:path>",
            f"{prefix}_dash-layout",
            f"{prefix}_dash-dependencies",
        }

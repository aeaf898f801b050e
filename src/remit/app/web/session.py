"""Who may use the web UI: whoever opened the one-time address that the start printed, for as long as the service runs.

Invariants:
- an address lets in once; the next one is printed where the service was started, never shown on a page;
- a form is obeyed only with the word of its session in it, whatever the browser sends besides;
- where the system says whose program asks, a session is that user's alone who opened it: cookies go to every port of this machine;
- tokens are compared in constant time, kept in memory alone, and void when the service ends.
"""

from __future__ import annotations

import hmac
import secrets
import threading
import time
from collections.abc import Callable

IDLE_SECONDS = 12 * 3600.0
_MOST_SESSIONS = 50
_WORD_BYTES = 24


class Session:
    """One signed-in browser."""

    def __init__(self, identifier: str, since: float, user: int | None = None) -> None:
        self.id = identifier
        self.user = user
        """Whose browser opened it; None: the system does not say."""
        self.word = secrets.token_urlsafe(_WORD_BYTES)
        """Stands in every form (against cross-site request forgery)."""
        self.person = ""
        """The name that was typed last, offered again."""
        self.looked_at: tuple[str, str, str, int | None] = ("", "", "", None)
        """The remit that was looked at last before anybody approved it: agent, text, refusal, version that it is to be; kept here alone."""
        self.seen = since

    def is_word(self, given: str) -> bool:
        """Whether a form bears the word of this session."""
        return hmac.compare_digest(given.encode("utf-8", "replace"), self.word.encode())


class Door:
    """Lets browsers in by one-time addresses. Safe for several threads."""

    def __init__(self, address: str, port: int, announce: Callable[[str], None], monotonic: Callable[[], float] = time.monotonic) -> None:
        """`address` is `http://127.0.0.1:8686`; `announce` is told the next one-time address when one was used."""
        self._address = address
        self._announce = announce
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._sessions: dict[str, Session] = {}
        self._once = secrets.token_urlsafe(_WORD_BYTES)
        self.cookie = f"remit-{port}"
        """Cookies know no port: two services on one machine must not sign each other out."""

    @property
    def one_time_address(self) -> str:
        """The address that signs in whoever opens it first."""
        return f"{self._address}/enter/{self._once}"

    def enter(self, given: str, user: int | None = None) -> Session | None:
        """The new session of whoever brings the word of the one-time address; None: it is wrong or was used.

        `user` is whose program brings it, as far as the system says so.
        """
        with self._lock:
            if not hmac.compare_digest(given.encode("utf-8", "replace"), self._once.encode()):
                return None
            self._once = secrets.token_urlsafe(_WORD_BYTES)
            session = Session(secrets.token_urlsafe(_WORD_BYTES), self._monotonic(), user)
            if len(self._sessions) >= _MOST_SESSIONS:
                del self._sessions[min(self._sessions.values(), key=lambda one: one.seen).id]
            self._sessions[session.id] = session
        self._announce(self.one_time_address)
        return session

    def session(self, cookie: str | None, user: int | None = None) -> Session | None:
        """The session of a cookie; None: there is none, nobody used it for too long, or it is another user's who brings it."""
        with self._lock:
            session = self._sessions.get(cookie or "")
            now = self._monotonic()
            if session is None or (session.user is not None and session.user != user):
                return None
            if now - session.seen > IDLE_SECONDS:
                del self._sessions[session.id]
                return None
            session.seen = now
            return session

    def leave(self, session: Session) -> None:
        """Signs out."""
        with self._lock:
            self._sessions.pop(session.id, None)

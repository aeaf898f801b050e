"""Who calls the API of a store: the holder of the operator's token, or a browser that is signed in, which may only read.

Invariants:
- only the token changes anything, so that no page that a browser has open can;
- a token that is wrong is refused even where none is needed: whoever sends one counts on what it is for.
"""

from __future__ import annotations

import hmac
from typing import Any

from litestar.connection import ASGIConnection
from litestar.exceptions import NotAuthorizedException
from litestar.handlers import BaseRouteHandler

from remit.app.web.peer import user_behind
from remit.app.web.session import Door

Connection = ASGIConnection[Any, Any, Any, Any]
_SAME_PAGE = ("same-origin", "none")
"""What a browser says of requests of our own pages, and of what was typed; the page of another port is `same-site`."""


class Callers:
    """Tells who a request comes from."""

    def __init__(self, token: str, token_file: str, door: Door) -> None:
        """`token_file` is where the token can be read, for telling."""
        self._token = token.encode()
        self._how = f"`Authorization: Bearer` with the text of the file `{token_file}`"
        self._door = door

    def is_operator(self, request: Connection) -> bool:
        """Whether it bears the token; False: it bears none. Raises NotAuthorizedException for a wrong one."""
        given = request.headers.get("authorization")
        if given is None:
            return False
        scheme, _, token = given.partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(token.strip().encode("utf-8", "replace"), self._token):
            raise NotAuthorizedException(f"that is not the token of this run: send {self._how}; nothing was done")
        return True

    def check_reads(self, request: Connection) -> None:
        """Raises NotAuthorizedException for whoever may not read."""
        if not self.is_operator(request) and not self._is_signed_in(request):
            raise NotAuthorizedException(f"reading needs {self._how}, or a browser that is signed in to the web UI")

    def check_changes(self, request: Connection) -> None:
        """Raises NotAuthorizedException for whoever may not change anything."""
        if not self.is_operator(request):
            raise NotAuthorizedException(f"changing anything needs {self._how}")

    def _is_signed_in(self, request: Connection) -> bool:
        is_own = request.headers.get("sec-fetch-site", "same-origin") in _SAME_PAGE
        return is_own and self._door.session(request.cookies.get(self._door.cookie), user_behind(request.scope)) is not None


def may_read(connection: Connection, _handler: BaseRouteHandler) -> None:
    """Guard of what is read."""
    callers: Callers = connection.app.state.callers
    callers.check_reads(connection)


def may_change(connection: Connection, _handler: BaseRouteHandler) -> None:
    """Guard of what is changed."""
    callers: Callers = connection.app.state.callers
    callers.check_changes(connection)


def may_stop(connection: Connection, _handler: BaseRouteHandler) -> None:
    """Guard of a quarantine: every program of this machine may, but not with a wrong token."""
    callers: Callers = connection.app.state.callers
    callers.is_operator(connection)

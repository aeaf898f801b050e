"""Who may ask at all: programs of this machine, and the pages of this service itself; never a page of a stranger that a browser has open.

The service listens on a loopback address, so a browser is the one way in for a stranger: a page of theirs (which sends `Origin`) or a
name of theirs that resolves to this machine (which stands in `Host`). Decisions and the API are for programs, which send no `Origin`;
forms of the web UI send that of the UI.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import msgspec

Headers = list[tuple[bytes, bytes]]
Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

FOR_PROGRAMS = ("/access/", "/api/", "/.well-known/", "/healthz", "/readyz", "/metrics")
"""Beginnings of the addresses that are no pages."""
_LOOPBACK = (b"127.0.0.1", b"localhost", b"[::1]")
_MOST_PORT = 65_535
_SLASHES = re.compile("//+")


class Guard:
    """Says what is wrong with where a request comes from."""

    def __init__(self, host: str) -> None:
        """`host` is the address that is served, beside the usual names of this machine."""
        self._own = {*_LOOPBACK, (f"[{host}]" if ":" in host else host).lower().encode()}
        self._accepted: set[bytes] = set()
        """Host headers that were right, as they were sent; only ever of names in `_own`, so it stays small."""

    def refusal(self, headers: Headers, *, is_page: bool = False) -> str:
        """Why a request with these headers is refused; empty when it is not. `is_page`: it is for a page of the web UI."""
        hosts = 0
        host = origin = b""
        for name, value in headers:
            if name == b"origin":
                if not is_page:
                    return "requests from a browser's page are refused: there is an Origin header"
                origin = value
            if name == b"host":
                hosts += 1
                host = value
                if value not in self._accepted and not self._is_own(value):
                    return "the Host header names another machine"
        if hosts != 1:
            return "there is not exactly one Host header"
        return "the request comes from a page of somebody else" if origin and origin.lower() != b"http://" + host.lower() else ""

    def _is_own(self, host: bytes) -> bool:
        name, colon, port = host.rpartition(b":")
        if not colon or host.endswith(b"]"):
            name, port = host, b"0"
        # Five digits at most before they are read: of more, reading alone would take its time.
        if name.lower() not in self._own or not port.isdigit() or len(port) > 5 or int(port) > _MOST_PORT:
            return False
        if len(self._accepted) < 64:
            self._accepted.add(host)
        return True


class GuardedApplication:
    """Refuses before anything else sees the request."""

    def __init__(self, guard: Guard, inner: Application, *, has_pages: bool = False) -> None:
        self._guard = guard
        self._inner = inner
        self._has_pages = has_pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            return
        if "//" in scope["path"]:
            # Routes are found without regard to empty parts, so whoever judges an address by its beginning must not see them either.
            scope = {**scope, "path": _SLASHES.sub("/", scope["path"])}
        is_page = self._has_pages and not scope["path"].startswith(FOR_PROGRAMS)
        refusal = self._guard.refusal(scope["headers"], is_page=is_page)
        if not refusal:
            await self._inner(scope, receive, send)
            return
        body = msgspec.json.encode({"error": refusal})
        echoed = [(name, value) for name, value in scope["headers"] if name == b"x-request-id"][:1]
        length = (b"content-length", b"%d" % len(body))
        headers = [(b"content-type", b"application/json"), length, (b"connection", b"close"), *echoed]
        await send({"type": "http.response.start", "status": 403, "headers": headers})
        await send({"type": "http.response.body", "body": body})

"""The evaluation routes as a bare ASGI application, in front of whatever serves the rest.

Sections 9 and 10 of AuthZEN 1.0. Invariants:
- only a POST of `application/json`, at most `MAX_BYTES` long, is decided; everything else is an HTTP error;
- `X-Request-ID` comes back as it was sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from remit.points.authzen.service import EVALUATION, EVALUATIONS, METADATA, Service, fault, metadata
from remit.points.authzen.strict import MAX_BYTES

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

JSON_HEADER = (b"content-type", b"application/json")
_MAX_DRAINED_BYTES = 16 * MAX_BYTES
"""A body that is too long is read to its end and thrown away, up to here: else its sender never sees the answer."""


class AuthzenApplication:
    """Answers AuthZEN's routes and hands every other request on."""

    def __init__(self, service: Service, rest: Application) -> None:
        self._service = service
        self._rest = rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        path = scope["path"] if scope["type"] == "http" else ""
        if path in (EVALUATION, EVALUATIONS):
            await self._evaluate(scope, receive, send)
        elif path == METADATA:
            await self._describe(scope, send)
        else:
            await self._rest(scope, receive, send)

    async def _describe(self, scope: Scope, send: Send) -> None:
        headers = _echoed(scope["headers"])
        if scope["method"] not in ("GET", "HEAD"):
            await respond(send, 405, fault("only GET is answered here"), [*headers, (b"allow", b"GET")])
            return
        host = _header(scope["headers"], b"host").decode("latin-1")
        await respond(send, 200, metadata(f"{scope['scheme']}://{host}"), headers)

    async def _evaluate(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = _echoed(scope["headers"])
        if scope["method"] != "POST":
            await respond(send, 405, fault("only POST is answered here"), [*headers, (b"allow", b"POST")])
            return
        if not is_json(_header(scope["headers"], b"content-type")):
            await respond(send, 400, fault("content-type is not `application/json`"), headers)
            return
        body = await read_body(receive)
        if body is None:
            await respond(send, 413, fault(f"the body is longer than {MAX_BYTES} bytes"), [*headers, (b"connection", b"close")])
            return
        answered: asyncio.Future[tuple[int, bytes]] = asyncio.get_running_loop().create_future()

        def take(status: int, payload: bytes) -> None:
            if not answered.done():  # a client that has left cancels the wait, not the decision
                answered.set_result((status, payload))

        ask = self._service.evaluation if scope["path"] == EVALUATION else self._service.evaluations
        ask(body, take)
        status, payload = await answered
        await respond(send, status, payload, headers)


def is_json(content_type: bytes) -> bool:
    """Whether a content type is JSON in UTF-8."""
    if content_type == b"application/json":
        return True
    kind, _, parameters = content_type.partition(b";")
    charset = parameters.replace(b" ", b"").replace(b'"', b"").lower()
    return kind.strip().lower() == b"application/json" and charset in (b"", b"charset=utf-8")


async def read_body(receive: Receive) -> bytes | None:
    """The whole body; None when it is too long. A client that leaves before it ends has sent an incomplete one."""
    parts = []
    length = 0
    while length <= _MAX_DRAINED_BYTES:
        message = await receive()
        if message["type"] == "http.disconnect":
            return b""
        part = message.get("body", b"")
        length += len(part)
        if length <= MAX_BYTES:
            parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts) if length <= MAX_BYTES else None
    return None


async def respond(send: Send, status: int, body: bytes, headers: Headers) -> None:
    """Sends a JSON body whole."""
    length = (b"content-length", b"%d" % len(body))
    await send({"type": "http.response.start", "status": status, "headers": [JSON_HEADER, length, *headers]})
    await send({"type": "http.response.body", "body": body})


def _header(headers: Headers, name: bytes) -> bytes:
    for found, value in headers:
        if found == name:
            return value
    return b""


def _echoed(headers: Headers) -> Headers:
    return [(name, value) for name, value in headers if name == b"x-request-id"][:1]

"""The point as plugins and kits see it: a request goes in as AuthZEN's JSON, what the caller gets comes out."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from remit.contracts.point import Decide, Seen
from remit.model.decision import Request
from remit.points.authzen.asgi import AuthzenApplication, Message, Receive, Scope, Send, respond
from remit.points.authzen.service import EVALUATION, EVALUATIONS, Service, fault

_QUESTION = (
    b'{"subject":{"type":"agent","id":"cost-triage"},"action":{"name":"read"},'
    b'"resource":{"type":"aws:s3","id":"arn:aws:s3:::billing-exports/a.csv"}}'
)
_NESTED = b'"context":{"a":' + b"[" * 5000 + b"]" * 5000 + b"}}"
_GARBAGE: tuple[tuple[str, bytes], ...] = (
    ("nothing", b""),
    ("no JSON", b"allow"),
    ("not UTF-8", _QUESTION.replace(b"read", b"re\xff\xfed")),
    ("cut off", _QUESTION[:-1]),
    ("two values", _QUESTION + _QUESTION),
    ("a list", b"[" + _QUESTION + b"]"),
    ("a number that is none", _QUESTION[:-1] + b',"context":{"n":NaN}}'),
    ("a member twice", _QUESTION[:-1] + b',"action":{"name":"list"}}'),
    ("a member twice, spelt otherwise", _QUESTION[:-1] + b',"\\u0061ction":{"name":"list"}}'),
    ("absurd nesting", _QUESTION[:-1] + b"," + _NESTED),
    ("a member too many", _QUESTION[:-1] + b',"rules":[]}'),
    ("a misspelt member", _QUESTION.replace(b'"name":"read"', b'"name":"read","propertees":{}')),
    ("no action", _QUESTION.replace(b'"action":{"name":"read"},', b"")),
    ("another type of subject", _QUESTION.replace(b'"agent"', b'"user"')),
    ("a system without a name", _QUESTION.replace(b"aws:s3", b"aws")),
    ("a tool and another tool", _QUESTION.replace(b"aws:s3", b"mcp:files")),
)


class AuthzenPoint:
    """AuthZEN over HTTP, asked without a socket."""

    name = "authzen"

    def ask(self, decide: Decide, request: Request) -> Seen:
        """The request as a single evaluation."""
        body = {
            "subject": {"type": "agent", "id": request.agent},
            "action": {"name": request.action, "properties": dict(request.arguments)},
            "resource": {"type": request.system, "id": request.resource},
            "context": {"session": request.session},
        }
        return _seen(asyncio.run(_answered(decide, EVALUATION, msgspec.json.encode(body))))

    def garbage(self, decide: Decide) -> Iterable[tuple[str, Seen]]:
        """Bodies that are no evaluation, or that could be read in two ways; each alone and in a list."""
        yield from self._garbage(decide)

    def _garbage(self, decide: Decide) -> Iterator[tuple[str, Seen]]:
        for what, body in _GARBAGE:
            yield what, _seen(asyncio.run(_answered(decide, EVALUATION, body)))
            yield f"{what}, in a list", _seen(asyncio.run(_answered(decide, EVALUATIONS, b'{"evaluations":[' + body + b"]}")))


async def _answered(decide: Decide, path: str, body: bytes) -> tuple[int, bytes]:
    """Status and body of a POST."""
    status, payload = 0, b""

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status, payload
        status = message.get("status", status)
        payload += message.get("body", b"")

    scope: dict[str, Any] = {
        "type": "http",
        "method": "POST",
        "path": path,
        "scheme": "http",
        "headers": [(b"host", b"localhost"), (b"content-type", b"application/json")],
    }
    await AuthzenApplication(Service(decide), _not_found)(scope, receive, send)
    return status, payload


async def _not_found(_scope: Scope, _receive: Receive, send: Send) -> None:
    await respond(send, 404, fault("not found"), [])


def _seen(answered: tuple[int, bytes]) -> Seen:
    status, payload = answered
    value = msgspec.json.decode(payload)
    answers = value.get("evaluations", [value])
    return Seen(status == 200 and any(answer.get("decision") is True for answer in answers), payload.decode())


POINT = AuthzenPoint()

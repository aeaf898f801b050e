"""A decider for tests of the point: it allows the action `read`, and remembers what it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from remit.model.decision import Decision, Outcome, Request, Step


class ReadOnlyDecide:
    def __init__(self) -> None:
        self.batches: list[list[Request]] = []

    @property
    def asked(self) -> list[Request]:
        return [request for batch in self.batches for request in batch]

    def __call__(self, requests: Sequence[Request], session: Any = None) -> list[Decision]:
        self.batches.append(list(requests))
        return [self._decision(request) for request in requests]

    def _decision(self, request: Request) -> Decision:
        if not request.is_understood:
            return Decision(outcome=Outcome.DENY, step=Step.FAULT, because=f"not understood: {request.fault}")
        if request.action.startswith("read"):
            return Decision(outcome=Outcome.ALLOW, step=Step.CAPABILITY, because="it may read", rule="objectives.o.can[0]", line=7)
        return Decision(outcome=Outcome.DENY, step=Step.NO_MATCH, because="it may only read")

    def open_session(self, agent: str, session: str, task: str | None) -> Any:
        raise AssertionError("AuthZEN has no sessions of its own")

    def shows(self, agent: str, system: str, action: str) -> bool:
        raise AssertionError("AuthZEN lists nothing")


async def posted(
    app: Any, path: str, body: bytes, headers: dict[str, str] | None = None, method: str = "POST"
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of a request to an ASGI application; the body comes in two parts."""
    sent: list[dict[str, Any]] = []
    parts = [{"body": body[:5], "more_body": True}, {"body": body[5:], "more_body": False}]

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(0)
        return {"type": "http.request", **parts.pop(0)} if parts else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    all_headers = {"host": "127.0.0.1:8686", "content-type": "application/json", **(headers or {})}
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "scheme": "http",
        "headers": [(name.lower().encode(), value.encode()) for name, value in all_headers.items()],
    }
    await app(scope, receive, send)
    answered = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], answered, b"".join(message.get("body", b"") for message in sent[1:])

"""A gateway that is spoken to in lines, with a decider and a session that note what they are told."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from remit.contracts.point import Session
from remit.model.decision import Decision, Outcome, Request, Step
from remit.points.mcp.gateway import Gateway, Out
from remit.points.mcp.pins import Pins


class RecordedSession:
    """A session that notes what it is told."""

    id = "one"

    def __init__(self, task: str | None = None) -> None:
        self.task = task
        self.told: list[tuple[str, str, Any]] = []

    def sent(self, request: Request) -> None:
        self.told.append(("sent", request.action, dict(request.arguments)))

    def received(self, request: Request, result: Any) -> None:
        self.told.append(("received", request.action, result))


class Rules:
    """Allows tools by name."""

    def __init__(self, *allowed: str, outcome: Outcome = Outcome.DENY) -> None:
        self.allowed = allowed
        self.outcome = outcome
        self.asked: list[Request] = []

    def __call__(self, requests: Sequence[Request], session: Session | None = None) -> list[Decision]:
        self.asked.extend(requests)
        return [self._decide(request) for request in requests]

    def _decide(self, request: Request) -> Decision:
        if request.is_understood and request.action in self.allowed:
            return Decision(outcome=Outcome.ALLOW, step=Step.CAPABILITY, because="a line allows it", path="r.yaml", line=9)
        because = request.fault or "a line forbids it"
        return Decision(outcome=self.outcome, step=Step.NEVER, because=because, path="r.yaml", line=14)

    def open_session(self, agent: str, session: str, task: str | None) -> Session:
        return RecordedSession(task)

    def shows(self, agent: str, system: str, action: str) -> bool:
        return action in self.allowed


class Talk:
    """A gateway, and what it reported."""

    def __init__(self, *allowed: str, task: str | None = None, rules: Rules | None = None, pins: Path | None = None) -> None:
        self.told: list[str] = []
        self.rules = rules or Rules(*allowed)
        self.session = RecordedSession(task)
        self.gateway = Gateway(
            self.rules,
            agent="reader",
            system="mcp:files",
            session=self.session,
            pins=Pins("mcp:files", pins, self.told.append),
            report=self.told.append,
        )

    def client(self, line: bytes | dict[str, Any]) -> Out:
        return self.gateway.from_client(line if isinstance(line, bytes) else json.dumps(line).encode())

    def server(self, line: bytes | dict[str, Any]) -> Out:
        return self.gateway.from_server(line if isinstance(line, bytes) else json.dumps(line).encode())

    def ask(self, method: str, identifier: int | str = 1, **params: Any) -> Out:
        return self.client({"jsonrpc": "2.0", "id": identifier, "method": method, "params": params})

    def call(self, tool: str, identifier: int | str = 1, **arguments: Any) -> Out:
        return self.ask("tools/call", identifier, name=tool, arguments=arguments)

    def answer(self, result: Any, identifier: int | str = 1) -> Out:
        return self.server({"jsonrpc": "2.0", "id": identifier, "result": result})


def text_of(line: bytes | None) -> str:
    assert line is not None
    answer = json.loads(line)
    assert answer["result"]["isError"] is True
    return answer["result"]["content"][0]["text"]


def error_of(line: bytes | None) -> dict[str, Any]:
    assert line is not None
    answer = json.loads(line)
    return {"id": answer["id"], **answer["error"]}

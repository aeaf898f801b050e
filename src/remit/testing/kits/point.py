"""What every enforcement point must do, whatever it speaks: drive a point over its own wire form and list what it does wrong.

A point's author calls `violations(POINT)` in a test and wants none. Proved are the rules of `contracts.point`:
- every decision case gives the same answer through the point as from the engine, about the same request;
- the caller is told the line that a denial rests on, and what it was about, without control characters;
- a dead log, a stale policy, a decider that fails, answers nothing or answers with anything but an allow: deny;
- what cannot be understood is denied, whatever the decider thinks of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from remit.app.remits import Policy
from remit.app.wiring import Decider, LiveSession, vocabularies
from remit.contracts.point import Decide, Point, Session
from remit.decide.engine import decide
from remit.decide.index import Index, build_index
from remit.decide.limits import NOTHING_SPENT
from remit.decide.mandate import open_mandate
from remit.document.parse import parse_or_raise
from remit.model.agent import AgentState
from remit.model.decision import Decision, LoggedDecision, Outcome, Request, Step
from remit.model.remit import Remit
from remit.store.decisions import DecisionLog, LogError

NOW_NS = 1_785_000_000_000_000_000
"""The moment at which the kit decides: July 2026."""
MIN_GARBAGE = 5
"""A point that shows less has not been asked hard enough."""

_REMIT = """
remit: 1
agent: reader
purpose: Read the files of a project and report on them.
owner: {contact: dana@example.com}
objectives:
  read:
    why: The report is about what stands in the files.
    can:
      - {call: "mcp:files", resource: read_text_file, where: {path: "/data/**"}}
      - {call: "mcp:files", resource: search, where: {query.words: "report*", limit: [10, 20]}}
  tell:
    why: The owner gets the report.
    can:
      - {transmit: "mcp:mail", resource: send, where: {to: "*@example.com"}}
never:
  - {any: "mcp:files", resource: read_text_file, where: {path: "/data/secret/**"}}
  - {transmit: "*", outside: [example.com]}
"""


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One request, and what it is decided by."""

    name: str
    request: Request
    remits: tuple[Remit, ...]
    states: Mapping[str, AgentState]

    def index(self) -> Index:
        """What the engine looks up."""
        return build_index(self.remits, self.states, vocabularies().values())


def _case(name: str, tool: str, arguments: Mapping[str, Any], *, agent: str = "reader", system: str = "mcp:files", **change: Any) -> Case:
    remit = parse_or_raise(_REMIT, "reader.yaml")
    state = change.pop("state", AgentState.ACTIVE)
    request = Request(agent=agent, system=system, action=tool, resource=tool, arguments=arguments)
    return Case(name=name, request=request, remits=(msgspec.structs.replace(remit, **change),), states={"reader": state})


def built_in_cases() -> tuple[Case, ...]:
    """Cases of every step that needs neither a clock nor a session, on tools, which every point can express."""
    from remit.model.remit import Lifecycle, Mode

    inside = {"path": "/data/a.txt"}
    return (
        _case("a line allows", "read_text_file", inside),
        _case("an argument is outside the pattern", "read_text_file", {"path": "/etc/passwd"}),
        _case("an argument climbs out", "read_text_file", {"path": "/data/../etc/passwd"}),
        _case("an argument is missing", "read_text_file", {}),
        _case("an argument is null", "read_text_file", {"path": None}),
        _case("an argument is a list", "read_text_file", {"path": ["/data/a.txt"]}),
        _case("a never forbids", "read_text_file", {"path": "/data/secret/key"}),
        _case("no line names the tool", "write_file", inside),
        _case("the tool's name differs in letter case", "READ_TEXT_FILE", inside),
        _case("nested arguments match", "search", {"query": {"words": "report of May"}, "limit": 10}),
        _case("a nested argument does not match", "search", {"query": {"words": "salaries"}, "limit": 10}),
        _case("a number is a text", "search", {"query": {"words": "report"}, "limit": "10"}),
        _case("another system", "read_text_file", inside, system="mcp:other"),
        _case("a destination inside", "send", {"to": "dana@example.com", "body": "done"}, system="mcp:mail"),
        _case("a destination outside", "send", {"to": "eve@evil.example", "body": "done"}, system="mcp:mail"),
        _case("an unknown agent", "read_text_file", inside, agent="nobody"),
        _case("a suspended agent", "read_text_file", inside, state=AgentState.SUSPENDED),
        _case("an agent without an approved remit", "read_text_file", inside, state=AgentState.DISCOVERED),
        _case("a remit that has expired", "read_text_file", inside, lifecycle=Lifecycle(expires="2026-01-31")),
        _case("only observed", "write_file", inside, mode=Mode.OBSERVE),
        _case("only observed, and suspended", "write_file", inside, mode=Mode.OBSERVE, state=AgentState.SUSPENDED),
        _case("a question to the owner", "write_file", inside, mode=Mode.ASK),
        _case("letters of every script", "read_text_file", {"path": "/data/отчёт-報告.txt"}),
        _case("hostile text", "read\x1b[2Jfile\u202e", {"p\x1bath": "\x1b]0;x\x07"}),
    )


class _Recorded:
    """A `Decide` that the kit controls, and what it was asked."""

    def __init__(self, answer: Callable[[Sequence[Request]], list[Decision]]) -> None:
        self._answer = answer
        self.asked: list[Request] = []

    def __call__(self, requests: Sequence[Request], session: Session | None = None) -> list[Decision]:  # noqa: ARG002 - the protocol's
        self.asked.extend(requests)
        return self._answer(requests)

    def open_session(self, agent: str, session: str, task: str | None) -> Session:  # noqa: ARG002 - the protocol's
        return LiveSession(session, open_mandate(session, task, None))

    def shows(self, agent: str, system: str, action: str) -> bool:  # noqa: ARG002 - the protocol's
        return True


class _KeptLog(DecisionLog):
    """A log in memory."""

    def __init__(self, *, is_dead: bool = False) -> None:
        self._is_dead = is_dead
        self.lines: list[LoggedDecision] = []

    def append(self, lines: Sequence[LoggedDecision]) -> None:
        if self._is_dead:
            raise LogError("decision log cannot be written: no space left on device")
        self.lines.extend(lines)


def violations(point: Point, cases: Iterable[Case] | None = None) -> list[str]:
    """What the point does wrong, a sentence each; empty: it may be used."""
    found = built_in_cases() if cases is None else tuple(cases)
    return [*_differences(point, found), *_unlogged(point, found), *_faults(point, found), *_misread(point)]


def _differences(point: Point, cases: Iterable[Case]) -> Iterator[str]:
    for case in cases:
        wanted = decide(case.index(), case.request, None, NOTHING_SPENT, NOW_NS / 1e9)
        recorded = _Recorded(lambda _requests, wanted=wanted: [wanted])  # type: ignore[misc]
        seen = point.ask(recorded, case.request)
        is_wanted = wanted.outcome is Outcome.ALLOW
        if seen.is_allowed != is_wanted:
            yield f"{case.name}: the engine says {wanted.outcome.value}, and the caller saw {'an allow' if seen.is_allowed else 'a denial'}"
        asked = [(request.agent, request.system, request.action, request.resource, dict(request.arguments)) for request in recorded.asked]
        given = case.request
        if asked != [(given.agent, given.system, given.action, given.resource, dict(given.arguments))]:
            yield f"{case.name}: what was decided on is not what was asked"
        if not is_wanted and wanted.line and f"{wanted.path}:{wanted.line}" not in seen.text:
            yield f"{case.name}: the denial does not name the line that it rests on"
        if not is_wanted and given.action.isalpha() and given.action not in seen.text:
            yield f"{case.name}: the denial does not name what was denied"
        if any(ord(char) < 32 and char not in "\n\t\r" for char in seen.text):
            yield f"{case.name}: control characters reach the caller"


def _unlogged(point: Point, cases: Iterable[Case]) -> Iterator[str]:
    for case in cases:
        log = _KeptLog()
        seen = point.ask(_decider(case, log), case.request)
        if [line.outcome is Outcome.ALLOW for line in log.lines] != [seen.is_allowed]:
            yield f"{case.name}: the log does not hold the one answer that the caller saw"


def _faults(point: Point, cases: Iterable[Case]) -> Iterator[str]:
    allowed = [case for case in cases if decide(case.index(), case.request, None, NOTHING_SPENT, NOW_NS / 1e9).outcome is Outcome.ALLOW]
    if not allowed:
        yield "no case is allowed, so no fault was tried"
    for case in allowed[:3]:
        for what, broken in _broken_deciders(case):
            try:
                is_allowed = point.ask(broken, case.request).is_allowed
            except Exception as error:  # noqa: BLE001 - whatever it is, the caller got no answer
                yield f"{case.name}, {what}: the point failed with {type(error).__name__}"
            else:
                if is_allowed:
                    yield f"{case.name}, {what}: allowed"


def _broken_deciders(case: Case) -> Iterator[tuple[str, Decide]]:
    def raising(error: Exception) -> Decide:
        def answer(_requests: Sequence[Request]) -> list[Decision]:
            raise error

        return _Recorded(answer)

    yield "a dead log", _decider(case, _KeptLog(is_dead=True))
    yield "a stale policy", _decider(case, _KeptLog(), fault="the remits could not be looked at for an hour")
    yield "a policy that cannot be had", Decider(_no_policy, _KeptLog(), point="kit", clock=lambda: NOW_NS)
    yield "a decider that fails", raising(RuntimeError("boom"))
    yield "a decider that does not answer in time", raising(TimeoutError())
    yield "a decider that answers nothing", _Recorded(lambda _requests: [])
    for outcome in (Outcome.DENY, Outcome.ASK):
        decision = Decision(outcome=outcome, step=Step.NO_MATCH, because="no line")
        yield f"a decider that says {outcome.value}", _Recorded(lambda _requests, decision=decision: [decision])  # type: ignore[misc]


def _misread(point: Point) -> Iterator[str]:
    """Garbage is put before a decider that allows everything that a point claims to have understood."""

    def permissive(requests: Sequence[Request]) -> list[Decision]:
        return [
            Decision(outcome=Outcome.ALLOW if request.is_understood else Outcome.DENY, step=Step.CAPABILITY, because="kit")
            for request in requests
        ]

    count = 0
    for what, seen in point.garbage(_Recorded(permissive)):
        count += 1
        if seen.is_allowed:
            yield f"garbage ({what}): allowed"
        elif not seen.text:
            yield f"garbage ({what}): nobody is told"
    if count < MIN_GARBAGE:
        yield f"only {count} sorts of garbage were tried, and {MIN_GARBAGE} are wanted"


def _decider(case: Case, log: DecisionLog, fault: str = "") -> Decider:
    remits = {remit.agent: remit for remit in case.remits}
    policy = Policy(index=case.index(), remits=remits, suspended={}, fault=fault)
    return Decider(lambda: policy, log, point="kit", clock=lambda: NOW_NS, monotonic=lambda: 0.0)


def _no_policy() -> Policy:
    raise OSError("the folder of remits is gone")

"""What becomes of each line between a client and one MCP server. No process, no descriptor, no thread: lines in, lines out.

Source: MCP 2026-07-28 and 2025-11-25. Neither version is chosen here: the two sides agree on one, or go without a handshake.

Invariants:
- a call reaches the server only after an ALLOW, and as it was understood: written anew, never the client's bytes;
- every other line that is understood passes as it came;
- a line of the server that is not JSON, or answers nothing that was asked, never reaches the client;
- a result is on the session's record before the client sees it;
- the name that a server gives itself is compared and reported, and decides nothing.

Left to others: which remit (`Decide`), which messages are decided on (`requests`), processes and ends (`process`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import msgspec

from remit.contracts.point import Decide, Session
from remit.decide.reasons import for_agent
from remit.model.decision import Decision, Outcome, Request, Step
from remit.model.shown import printable
from remit.points.mcp.lines import Overlong
from remit.points.mcp.pins import Pins
from remit.points.mcp.requests import CALL_TOOL, LIST_TOOLS, is_decided, is_disguised, request_of
from remit.points.mcp.wire import (
    DENIED,
    INTERNAL_ERROR,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    Id,
    Message,
    Refusal,
    denied_result_line,
    encode,
    error_line,
    read,
)

MAX_CLIENT_BYTES = 8 << 20
"""Longest line of the client that is read."""
MAX_SERVER_BYTES = 64 << 20
"""Longest line of the server that is read."""
MAX_IN_FLIGHT = 10_000
"""Requests of the client that wait for an answer at once."""
_CARRIES_DATA = frozenset({"prompts/get", "tasks/get", "tasks/result"})
"""Methods beside those that are decided on whose answers hold data."""
_TELLS_DATA = frozenset({"notifications/message", "notifications/progress", "sampling/createMessage", "elicitation/create"})
"""Messages of the server of its own accord that hold data."""
_INTRODUCES = frozenset({"initialize", "server/discover", LIST_TOOLS})
"""Methods whose answers are looked through for the server's own name: 2026-07-28 knows no handshake."""
_ID_FIRST = re.compile(rb'\{\s*(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?"id"\s*:\s*(-?\d{1,18}|"[^"\\]{0,100}")\s*[,}]')
_ID_LAST = re.compile(rb'"id"\s*:\s*(-?\d{1,18}|"[^"\\]{0,100}")\s*\}\s*\Z')


class Out(msgspec.Struct, frozen=True):
    """At most one line for each side."""

    to_server: bytes | None = None
    to_client: bytes | None = None


class _Envelope(msgspec.Struct, frozen=True):
    """A line of the server, its parts unread."""

    id: msgspec.Raw = msgspec.Raw()
    method: msgspec.Raw = msgspec.Raw()
    result: msgspec.Raw = msgspec.Raw()
    error: msgspec.Raw = msgspec.Raw()


class _Waiting(msgspec.Struct):
    """A request of the client that the server has not answered."""

    method: str
    request: Request | None = None
    is_cancelled: bool = False

    @property
    def brings_data(self) -> bool:
        """Whether the answer is data, whose values are on the record before the client sees it."""
        return self.request is not None or self.method in _CARRIES_DATA


_read_envelope = msgspec.json.Decoder(_Envelope).decode


class Gateway:
    """One client, one server, one session of one agent. For one caller at a time."""

    def __init__(
        self, decide: Decide, *, agent: str, system: str, session: Session, pins: Pins, report: Callable[[str], None] = lambda _text: None
    ) -> None:
        """`report` is told, in one line for people, what the client should not be bothered with."""
        self._decide = decide
        self._agent = agent
        self._system = system
        self._session = session
        self._pins = pins
        self._report = report
        self._waiting: dict[Id, _Waiting] = {}
        self._tasks: dict[str, Request] = {}
        self._names_told: set[str] = set()
        self.dropped = 0
        """Lines of the server that were not passed on."""

    # --- from the client -----------------------------------------------------------------------------------------------------

    def from_client(self, line: bytes | Overlong) -> Out:
        """What a line of the client leads to; total."""
        if isinstance(line, Overlong):
            text = f"the line has {line.size} bytes, and at most {MAX_CLIENT_BYTES} are read"
            return Out(to_client=error_line(_id_at_edge(line), INVALID_REQUEST, text))
        message = read(line)
        if isinstance(message, Refusal):
            return Out(to_client=error_line(message.id, message.code, message.why))
        method = message.method
        # A carriage return can only be white space here, but some servers take it for the end of a line.
        line = line.replace(b"\r", b" ")
        if method is None:
            return Out(to_server=line)
        if is_disguised(method):
            return Out(to_client=error_line(message.id, METHOD_NOT_FOUND, f"method `{printable(method)}` is not known"))
        if message.id is None:
            return self._notification(message, method, line)
        if (known := self._waiting.get(message.id)) is not None and not known.is_cancelled:
            return Out(to_client=error_line(message.id, INVALID_REQUEST, "a request with this `id` still waits for its answer"))
        if len(self._waiting) >= MAX_IN_FLIGHT:
            return Out(to_client=error_line(message.id, INTERNAL_ERROR, f"{MAX_IN_FLIGHT} requests wait for an answer already"))
        if is_decided(method):
            return self._decided(message, method, message.id)
        self._waiting[message.id] = _Waiting(method)
        return Out(to_server=line)

    def _notification(self, message: Message, method: str, line: bytes) -> Out:
        if is_decided(method):
            return Out(to_client=error_line(None, INVALID_REQUEST, f"`{method}` needs an `id`"))
        if method == "notifications/cancelled":
            cancelled = message.params.get("requestId")
            waiting = self._waiting.get(cancelled) if isinstance(cancelled, str | int) else None
            if waiting is not None:
                waiting.is_cancelled = True
        return Out(to_server=line)

    def _decided(self, message: Message, method: str, identifier: Id) -> Out:
        request = request_of(message, self._agent, self._system, self._session.id)
        decision = self._decision_on(request)
        # INVARIANT (allow only): every other outcome, one that is not known yet included, stays here.
        if decision.outcome is not Outcome.ALLOW:
            text = _denial(request, decision)
            if method == CALL_TOOL:
                return Out(to_client=denied_result_line(identifier, text))
            return Out(to_client=error_line(identifier, DENIED, text))
        self._session.sent(request)
        self._waiting[identifier] = _Waiting(method, request)
        # INVARIANT (as understood): the server reads the members that were decided on, and no others.
        return Out(to_server=encode({"jsonrpc": "2.0", "id": identifier, "method": method, "params": message.params}))

    def _decision_on(self, request: Request) -> Decision:
        try:
            (decision,) = self._decide([request], self._session)
        except Exception as error:  # noqa: BLE001 - INVARIANT (total): a decider that fails denies
            because = f"no decision on `{printable(request.action)}` was to be had ({type(error).__name__})"
            return Decision(outcome=Outcome.DENY, step=Step.FAULT, because=because)
        return decision

    # --- from the server -----------------------------------------------------------------------------------------------------

    def from_server(self, line: bytes | Overlong) -> Out:
        """What a line of the server leads to; total."""
        if isinstance(line, Overlong):
            return self._overlong(line)
        try:
            line = line.replace(b"\r", b" ")  # see from_client
            if not line.isascii():
                line.decode("utf-8")
            envelope = _read_envelope(line)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return self._drop(f"a line that is not JSON-RPC: `{printable(line[:80].decode('utf-8', 'replace'))}`")
        if bytes(envelope.method):
            if bytes(envelope.result) or bytes(envelope.error):
                return self._drop("a line that is a request and a response at once")
            return self._told(line)
        identifier = _read_id(envelope.id)
        if identifier is None:
            return Out(to_client=line) if bytes(envelope.error) else self._drop("a line that is no JSON-RPC message")
        waiting = self._waiting.pop(identifier, None)
        if waiting is None:
            return self._drop(f"an answer to `{printable(str(identifier))}`, which nobody asked")
        return self._answer(line, envelope, identifier, waiting)

    def _told(self, line: bytes) -> Out:
        """A request or a notification of the server."""
        if self._session.task is not None:
            try:
                message = _read_all(line)
                method = message.get("method")
                if method in _TELLS_DATA:
                    request = Request(agent=self._agent, system=self._system, action=method, resource=method)
                    self._session.received(request, message.get("params"))
            except (ValueError, TypeError, RecursionError) as error:
                return self._drop(f"a message that is not understood: {printable(str(error))}")
        return Out(to_client=line)

    def _answer(self, line: bytes, envelope: _Envelope, identifier: Id, waiting: _Waiting) -> Out:
        raw, error = memoryview(envelope.result), memoryview(envelope.error)
        if bool(len(raw)) == bool(len(error)):
            return self._misunderstood(identifier, waiting, "it is neither a result nor an error")
        try:
            if waiting.method in _INTRODUCES and raw:
                self._compare_name(_read_all(raw))
            if waiting.method == LIST_TOOLS and raw:
                return Out(to_client=encode({"jsonrpc": "2.0", "id": identifier, "result": self._shown(_read_all(raw))}))
            if waiting.brings_data and self._session.task is not None:
                self._record(waiting, _read_all(raw if len(raw) else error))
        except (ValueError, TypeError, RecursionError) as problem:
            return self._misunderstood(identifier, waiting, str(problem))
        if waiting.brings_data and raw:
            # Written anew, so that client and gateway cannot take different ones of repeated members for the result.
            front = b'{"jsonrpc":"2.0","id":%s,"result":' % json.dumps(identifier).encode()
            return Out(to_client=b"".join((front, raw, b"}")))
        return Out(to_client=line)

    def _misunderstood(self, identifier: Id, waiting: _Waiting, why: str) -> Out:
        text = f"the server's answer to `{waiting.method}` is not understood: {why}"
        self._report(printable(text))
        return Out(to_client=error_line(identifier, INTERNAL_ERROR, text))

    def _shown(self, result: Any) -> dict[str, Any]:
        """A page of `tools/list` without the tools that could not be allowed; its cursor stays."""
        if not isinstance(result, dict) or not isinstance(result.get("tools", []), list):
            raise TypeError("no list of tools")
        if "tools" not in result:
            return result
        tools = [tool for tool in result["tools"] if isinstance(tool, dict) and isinstance(tool.get("name"), str)]
        self._pins.check(tools)
        return {**result, "tools": [tool for tool in tools if self._decide.shows(self._agent, self._system, tool["name"])]}

    def _record(self, waiting: _Waiting, result: Any) -> None:
        request = waiting.request
        if request is None:
            task = result.get("taskId") if isinstance(result, dict) else None
            known = self._tasks.get(task) if isinstance(task, str) else None
            request = known or Request(agent=self._agent, system=self._system, action=waiting.method, resource=waiting.method)
        elif isinstance(result, dict):
            inner = result.get("task")
            task = inner.get("taskId") if isinstance(inner, dict) else result.get("taskId")
            if isinstance(task, str) and len(self._tasks) < MAX_IN_FLIGHT:
                self._tasks[task] = request
        self._session.received(request, result)

    def _compare_name(self, result: Any) -> None:
        info = result.get("serverInfo") if isinstance(result, dict) else None
        if info is None and isinstance(result, dict) and isinstance(result.get("_meta"), dict):
            info = result["_meta"].get("io.modelcontextprotocol/serverInfo")
        name = info.get("name") if isinstance(info, dict) else None
        if isinstance(name, str) and f"mcp:{name}" != self._system and name not in self._names_told:
            self._names_told = {name}
            self._report(f"the server calls itself `{printable(name)}`; it is decided on as `{self._system}`")

    def _overlong(self, line: Overlong) -> Out:
        out = self._drop(f"a line of {line.size} bytes; at most {MAX_SERVER_BYTES} are read")
        identifier = _id_at_edge(line)
        if identifier is None or self._waiting.pop(identifier, None) is None:
            return out
        text = f"the server's answer has {line.size} bytes, and at most {MAX_SERVER_BYTES} are passed on"
        return Out(to_client=error_line(identifier, INTERNAL_ERROR, text))

    def _drop(self, what: str) -> Out:
        self.dropped += 1
        if self.dropped == 1:
            self._report(f"dropped from `{self._system}`: {what}; more are counted in silence")
        return Out()

    # --- the end -------------------------------------------------------------------------------------------------------------

    @property
    def in_flight(self) -> int:
        """Requests of the client that wait for an answer that will come."""
        return sum(not waiting.is_cancelled for waiting in self._waiting.values())

    def unanswered(self, why: str) -> list[bytes]:
        """An error for every request that will not be answered any more."""
        lines = [error_line(identifier, INTERNAL_ERROR, why) for identifier, waiting in self._waiting.items() if not waiting.is_cancelled]
        self._waiting.clear()
        return lines


def _denial(request: Request, decision: Decision) -> str:
    text = f"denied by the remit: {for_agent(decision.because)}"
    place = f"{decision.path}:{decision.line}"
    if decision.line and place not in text:
        text += f" ({printable(place)})"
    if f"`{printable(request.action)}`" not in text:
        text += f" (tool `{printable(request.action)}` of `{printable(request.system)}`)"
    if decision.outcome is Outcome.ASK:
        text += "; nobody can answer here, so it is denied"
    elif decision.outcome is Outcome.MODIFY:
        text += "; it is allowed only in a narrower form, which this point cannot make"
    return text


def _read_all(raw: bytes | memoryview) -> Any:
    """A JSON value in which repeated members keep all their values: none is overlooked."""

    def collect(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            found = {name: [value for other, value in pairs if other == name] for name in found}
        return found

    return json.loads(bytes(raw), object_pairs_hook=collect)


def _read_id(raw: msgspec.Raw) -> Id | None:
    text = bytes(raw)
    if not text or len(text) > 8192:
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, str | int) and not isinstance(value, bool) else None


def _id_at_edge(line: Overlong) -> Id | None:
    """The identifier of a line that was not read, where its place in the text leaves no doubt."""
    match = _ID_FIRST.match(line.begin) or _ID_LAST.search(line.end)
    if match is None:
        return None
    try:
        value = json.loads(match[1])
    except (ValueError, UnicodeDecodeError):
        return None
    return value if isinstance(value, str | int) else None

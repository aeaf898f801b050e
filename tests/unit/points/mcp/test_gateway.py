"""What becomes of each line between a client and a server, without a process."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from tests.unit.points.mcp.talking import Rules, Talk, error_of, text_of

from remit.contracts.point import Session
from remit.decide.reasons import NO_TASK
from remit.model.decision import Decision, Outcome, Request
from remit.points.mcp.gateway import DENIED, MAX_CLIENT_BYTES, MAX_IN_FLIGHT, Out
from remit.points.mcp.lines import Overlong

# --- calls ---------------------------------------------------------------------------------------------------------------------


def test_an_allowed_call_is_forwarded_as_it_was_understood_and_not_as_it_was_written():
    talk = Talk("read_file")
    out = talk.client(
        b'{ "extra":1, "method" : "tools\\/call","id":"a","params":'
        b'{"_meta":{"x":1},"name":"re\\u0061d_file","arguments":{"path":"\\/a"}},"jsonrpc":"2.0"}'
    )
    expected = b'{"jsonrpc":"2.0","id":"a","method":"tools/call","params":{"_meta":{"x":1},"name":"read_file","arguments":{"path":"/a"}}}'
    assert out == Out(to_server=expected)


def test_a_denied_call_is_answered_with_the_line_and_the_tool_and_never_reaches_the_server():
    talk = Talk("read_file")
    out = talk.call("write_file", path="/a")
    assert out.to_server is None
    text = text_of(out.to_client)
    assert "r.yaml:14" in text
    assert "`write_file`" in text
    assert talk.gateway.in_flight == 0


def test_the_agent_is_not_told_that_its_point_knows_no_task():
    class Saying(Rules):
        def __call__(self, requests: Sequence[Request], session: Session | None = None) -> list[Decision]:
            return [msgspec.structs.replace(decision, because=decision.because + NO_TASK) for decision in super().__call__(requests)]

    text = text_of(Talk(rules=Saying()).call("read_file").to_client)
    assert "a line forbids it" in text
    assert "the task is not known" not in text


@pytest.mark.parametrize("outcome", [Outcome.ASK, Outcome.MODIFY, Outcome.DENY])
def test_nothing_but_an_allow_lets_a_call_through(outcome: Outcome):
    out = Talk(rules=Rules(outcome=outcome)).call("read_file")
    assert out.to_server is None
    assert text_of(out.to_client)


@pytest.mark.parametrize("error", [RuntimeError("boom"), TimeoutError(), OSError("gone")])
def test_a_decider_that_fails_denies(error: Exception):
    class Failing(Rules):
        def __call__(self, requests: Sequence[Request], session: Session | None = None) -> list[Decision]:
            raise error

    out = Talk(rules=Failing("read_file")).call("read_file")
    assert out.to_server is None
    assert "no decision" in text_of(out.to_client)


def test_a_call_that_is_not_understood_is_put_to_the_decider_as_such():
    talk = Talk("read_file")
    out = talk.call("read_file", path="/a", Path="/b")
    assert out.to_server is None
    assert [request.is_understood for request in talk.rules.asked] == [False]
    assert "letter case" in text_of(out.to_client)


def test_a_call_without_an_identifier_or_in_a_batch_reaches_nobody():
    talk = Talk("read_file")
    call = {"jsonrpc": "2.0", "method": "tools/call", "params": {"name": "read_file"}}
    assert error_of(talk.client(call).to_client)["code"] == -32600
    batch = talk.client(json.dumps([{**call, "id": 1}]).encode())
    assert batch.to_server is None
    assert error_of(batch.to_client) == {"id": None, "code": -32600, "message": "batches are not taken; send one message a line"}
    assert talk.rules.asked == []


def test_an_answer_to_a_call_reaches_the_client_with_all_that_it_holds():
    talk = Talk("read_file")
    talk.call("read_file", "a")
    out = talk.server(b'{"id":"a","jsonrpc":"2.0","result":{"content":[],"structuredContent":{"n":1.50}}}')
    assert out == Out(to_client=b'{"jsonrpc":"2.0","id":"a","result":{"content":[],"structuredContent":{"n":1.50}}}')


def test_a_call_is_decided_again_when_the_server_wanted_input_first():
    talk = Talk("read_file")
    talk.call("read_file", 1)
    talk.answer({"resultType": "input_required", "inputRequests": {}, "requestState": "s"}, 1)
    out = talk.ask("tools/call", 2, name="read_file", arguments={}, inputResponses={"a": {}}, requestState="s")
    assert out.to_server is not None
    assert json.loads(out.to_server)["params"]["requestState"] == "s"
    assert len(talk.rules.asked) == 2


# --- everything else passes ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        b'{"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {"protocolVersion": "2025-11-25"}}',
        b'{"method":"notifications/initialized","jsonrpc":"2.0"}',
        b'{"jsonrpc":"2.0","id":1,"method":"server/discover","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}',
        b'{"jsonrpc":"2.0","id":2,"method":"subscriptions/listen"}',
        b'{"jsonrpc":"2.0","id":2,"method":"prompts/get","params":{"name":"x"}}',
        b'{"jsonrpc":"2.0","id":2,"method":"tasks/get","params":{"taskId":"x"}}',
        b'{"jsonrpc":"2.0","id":2,"method":"something/newer","params":{"A":1}}',
        b'{"jsonrpc":"2.0","id":"s1","result":{"action":"accept"}}',
    ],
)
def test_other_lines_of_the_client_pass_byte_by_byte(line: bytes):
    talk = Talk()
    assert talk.client(line) == Out(to_server=line)
    assert talk.rules.asked == []


@pytest.mark.parametrize(
    "line",
    [
        b'{"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progress": 1}}',
        b'{"jsonrpc":"2.0","id":1,"method":"sampling/createMessage","params":{}}',
        b'{"jsonrpc":"2.0","id":"x","method":"elicitation/create","params":{"message":"\xc3\xa9"}}',
        b'{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"x"}}',
    ],
)
def test_other_lines_of_the_server_pass_byte_by_byte(line: bytes):
    assert Talk().server(line) == Out(to_client=line)


def test_an_answer_to_anything_else_passes_byte_by_byte_and_errors_too():
    talk = Talk("read_file")
    talk.ask("resources/list", 1)
    line = b'{"jsonrpc": "2.0", "id": 1, "result": {"resources": []}}'
    assert talk.server(line) == Out(to_client=line)
    talk.call("read_file", 2)
    line = b'{"jsonrpc":"2.0","id":2,"error":{"code":-32602,"message":"no such file"}}'
    assert talk.server(line) == Out(to_client=line)
    assert talk.gateway.in_flight == 0


def test_reading_a_resource_is_decided_and_denied_by_an_error():
    talk = Talk()
    out = talk.ask("resources/read", 5, uri="file:///etc/passwd")
    assert out.to_server is None
    error = error_of(out.to_client)
    assert (error["id"], error["code"]) == (5, DENIED)
    assert "r.yaml:14" in error["message"]
    assert Talk("resources/read").ask("resources/read", uri="file:///data/a").to_server is not None


def test_a_method_in_disguise_is_not_known():
    out = Talk("read_file").ask("Tools/Call", name="read_file")
    assert out.to_server is None
    assert error_of(out.to_client)["code"] == -32601


@pytest.mark.parametrize("method", ["resources/fetch", "tools/run", "resources/directory/read"])
def test_a_newer_method_that_may_reach_data_is_decided_as_a_tool_of_its_name(method: str):
    talk = Talk()
    out = talk.ask(method, 5, path="/a", _meta={"x": 1})
    assert out.to_server is None
    assert error_of(out.to_client)["code"] == DENIED
    assert [(request.action, request.arguments) for request in talk.rules.asked] == [(method, {"path": "/a"})]
    allowed = Talk(method).ask(method, 5, path="/a", _meta={"x": 1})
    assert allowed.to_server is not None
    assert json.loads(allowed.to_server)["params"] == {"path": "/a", "_meta": {"x": 1}}


def test_a_carriage_return_hides_no_call_from_the_gateway_and_no_answer_from_its_record():
    call = b'{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"write_file"}}'
    line = b'{"jsonrpc":"2.0","method":"notifications/x","params":{"a":\r' + call + b"\r}}"
    talk = Talk()
    assert talk.client(line) == Out(to_server=line.replace(b"\r", b" "))
    answer = b'{"jsonrpc":"2.0","id":1,"result":{"a":\r{"jsonrpc":"2.0","id":9,"result":{}}\r}}'
    talk.ask("ping", 1)
    assert talk.server(answer) == Out(to_client=answer.replace(b"\r", b" "))


# --- lines that are no messages --------------------------------------------------------------------------------------------------


def test_a_line_that_is_not_json_is_answered_and_the_session_goes_on():
    talk = Talk("read_file")
    assert error_of(talk.client(b"hello").to_client) == {
        "id": None,
        "code": -32700,
        "message": "the line is not JSON: Expecting value: line 1 column 1 (char 0)",
    }
    assert talk.call("read_file").to_server is not None


@pytest.mark.parametrize(
    ("begin", "end", "identifier"),
    [
        (b'{"jsonrpc":"2.0","id":7,"method":"tools/call"', b"}}}", 7),
        (b'{"method":"tools/call"', b'"}},"jsonrpc":"2.0","id":"a"}', "a"),
        (b'{"method":"tools/call","params":{"id":7,', b'"}}}', None),
        (b"x", b"x", None),
    ],
)
def test_a_line_that_is_too_long_is_answered_by_its_identifier_where_that_is_beyond_doubt(begin: bytes, end: bytes, identifier: Any):
    out = Talk("read_file").gateway.from_client(Overlong(MAX_CLIENT_BYTES + 5, begin, end))
    assert out.to_server is None
    error = error_of(out.to_client)
    assert (error["id"], error["code"]) == (identifier, -32600)


def test_lines_of_the_server_that_are_not_json_are_dropped_and_counted():
    talk = Talk("read_file")
    talk.call("read_file")
    for line in (
        b"Starting ...",
        b"\xff",
        b"[]",
        b"7",
        b'"x"',
        b"{}",
        b'{"id":1,',
        b'{"id":NaN}',
        b'{"a":' * 5000,
        b'{"id":1,"result":"\xff"}',
    ):
        assert talk.server(line) == Out()
    assert talk.gateway.dropped == 10
    assert len(talk.told) == 1, "told once, counted after that"
    assert talk.answer({"content": []}).to_client is not None


def test_an_answer_that_nobody_asked_for_is_dropped():
    talk = Talk("read_file")
    talk.call("read_file", 1)
    for identifier in ("1", 2, 0):
        assert talk.answer({}, identifier) == Out()
    assert talk.answer({}, 1).to_client is not None
    assert talk.answer({}, 1) == Out(), "answered already"


def test_a_line_that_is_a_request_and_an_answer_at_once_is_dropped():
    talk = Talk("read_file")
    talk.call("read_file", 1)
    assert talk.server(b'{"jsonrpc":"2.0","id":1,"method":null,"result":{}}') == Out()


def test_a_repeated_member_of_an_answer_cannot_show_the_client_another_result():
    talk = Talk("read_file", task="read it")
    talk.call("read_file", 1)
    out = talk.server(b'{"jsonrpc":"2.0","id":1,"result":{"content":"first"},"result":{"content":"a","content":"b"}}')
    assert out.to_client == b'{"jsonrpc":"2.0","id":1,"result":{"content":"a","content":"b"}}'
    assert talk.session.told[-1] == ("received", "read_file", {"content": ["a", "b"]})


def test_an_answer_that_is_too_long_becomes_an_error_of_its_call():
    talk = Talk("read_file")
    talk.call("read_file", 7)
    out = talk.gateway.from_server(Overlong(99_000_000, b'{"jsonrpc":"2.0","id":7,"result":{"content":"', b'"}}'))
    assert error_of(out.to_client)["id"] == 7
    assert talk.gateway.from_server(Overlong(99_000_000, b"x", b"y")) == Out()


# --- identifiers -----------------------------------------------------------------------------------------------------------------


def test_an_identifier_that_still_waits_is_refused_and_a_text_is_no_number():
    talk = Talk("read_file")
    assert talk.call("read_file", 1).to_server is not None
    assert error_of(talk.call("read_file", 1).to_client)["code"] == -32600
    assert talk.call("read_file", "1").to_server is not None
    assert talk.ask("ping", 1).to_server is None
    talk.answer({}, 1)
    assert talk.call("read_file", 1).to_server is not None


def test_a_cancelled_call_may_be_answered_or_not_and_frees_its_identifier():
    talk = Talk("read_file")
    talk.call("read_file", 1)
    line = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}}
    assert talk.client(line).to_server is not None
    assert talk.gateway.in_flight == 0
    assert talk.call("read_file", 1).to_server is not None
    assert talk.gateway.in_flight == 1
    assert talk.client({**line, "params": {"requestId": {"a": 1}}}).to_server is not None


def test_requests_in_flight_are_bounded():
    talk = Talk()
    for number in range(MAX_IN_FLIGHT):
        talk.ask("ping", number)
    assert talk.ask("ping", "one more").to_server is None


def test_every_waiting_request_gets_an_error_when_the_server_is_gone():
    talk = Talk("read_file")
    talk.call("read_file", 1)
    talk.ask("ping", "p")
    assert [error_of(line)["id"] for line in talk.gateway.unanswered("gone")] == [1, "p"]
    assert talk.gateway.unanswered("gone") == []


# --- where values came from ------------------------------------------------------------------------------------------------------


def test_calls_and_results_are_on_the_record_of_a_session_with_a_task():
    talk = Talk("read_file", task="summarise a.txt")
    talk.call("read_file", 1, path="a.txt")
    talk.call("write_file", 2, path="b.txt")
    result = {"content": [{"type": "text", "text": "hi"}], "structuredContent": {"content": "hi"}}
    talk.answer(result, 1)
    assert talk.session.told == [("sent", "read_file", {"path": "a.txt"}), ("received", "read_file", result)]


def test_results_that_come_later_through_a_task_are_on_the_record_of_their_call():
    talk = Talk("slow", task="do it")
    talk.call("slow", 1)
    talk.answer({"task": {"taskId": "t1", "status": "working"}}, 1)
    talk.ask("tasks/result", 2, taskId="t1")
    talk.answer({"taskId": "t1", "content": [{"type": "text", "text": "late"}]}, 2)
    assert talk.session.told[-1][:2] == ("received", "slow")
    talk.ask("prompts/get", 3, name="x")
    talk.answer({"messages": []}, 3)
    assert talk.session.told[-1][:2] == ("received", "prompts/get")


def test_errors_and_messages_of_the_server_are_on_the_record_too():
    talk = Talk("read_file", task="do it")
    talk.call("read_file", 1)
    talk.server(b'{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":"write to eve@evil.example"}}')
    assert talk.session.told[-1] == ("received", "read_file", {"code": 1, "message": "write to eve@evil.example"})
    talk.server({"jsonrpc": "2.0", "method": "notifications/message", "params": {"data": "eve"}})
    assert talk.session.told[-1] == ("received", "notifications/message", {"data": "eve"})
    before = len(talk.session.told)
    talk.server({"jsonrpc": "2.0", "method": "notifications/tools/list_changed"})
    assert len(talk.session.told) == before


@pytest.mark.parametrize("line", [b'{"jsonrpc":"2.0","id":1}', b'{"jsonrpc":"2.0","id":1,"result":{},"error":{}}'])
def test_an_answer_that_is_neither_a_result_nor_an_error_becomes_an_error(line: bytes):
    talk = Talk("read_file")
    talk.call("read_file", 1)
    assert error_of(talk.server(line).to_client)["id"] == 1
    assert talk.gateway.in_flight == 0


def test_without_a_task_results_are_not_taken_apart():
    talk = Talk("read_file")
    talk.call("read_file", 1)
    talk.answer({"content": []}, 1)
    assert [told[0] for told in talk.session.told] == ["sent"]


def test_a_result_that_cannot_be_recorded_does_not_reach_the_client(monkeypatch: pytest.MonkeyPatch):
    talk = Talk("read_file", task="x")

    def fail(_request: Request, _result: Any) -> None:
        raise ValueError("too much")

    monkeypatch.setattr(talk.session, "received", fail)
    talk.call("read_file", 1)
    assert error_of(talk.answer({"content": ["secret"]}, 1).to_client)["id"] == 1


def test_two_gateways_share_nothing():
    first, second = Talk("read_file"), Talk("read_file")
    first.call("read_file", 1)
    assert second.answer({}, 1) == Out()

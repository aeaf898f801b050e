"""Lines of the client: one meaning or none."""

from __future__ import annotations

import json

import pytest

from remit.points.mcp.wire import (
    INVALID_REQUEST,
    MAX_DEPTH,
    PARSE_ERROR,
    Message,
    Refusal,
    denied_result_line,
    encode,
    error_line,
    read,
)


def request(params: str = "{}", identifier: str = "1") -> bytes:
    return f'{{"jsonrpc":"2.0","id":{identifier},"method":"tools/call","params":{params}}}'.encode()


@pytest.mark.parametrize("identifier", ["1", "0", "-7", '"a"', '""', '"é"', str(2**63)])
def test_a_request_is_read_with_its_identifier(identifier: str):
    message = read(request('{"name":"x","arguments":{"a":[1,2.5,true,null,"é\\u00e9"]}}', identifier))
    assert isinstance(message, Message)
    assert (message.method, message.id) == ("tools/call", json.loads(identifier))
    assert message.params["arguments"] == {"a": [1, 2.5, True, None, "éé"]}


@pytest.mark.parametrize(
    "line",
    [
        b'{"jsonrpc":"2.0","method":"notifications/initialized"}',
        b'{"jsonrpc":"2.0","id":7,"result":{}}',
        b'{"jsonrpc":"2.0","id":7,"error":{"code":1,"message":"x"}}',
        b'{"jsonrpc":"2.0","id":null,"error":{"code":1,"message":"x"}}',
        b' {"jsonrpc":"2.0","id":7,"method":"ping"} ',
        b'{"jsonrpc":"2.0","id":7,"method":"x","params":{"a":{"B":1,"b":2}},"extra":1}',
        b'{"jsonrpc":"2.0","id":7,"method":"x","params":{"a":"\\ud83d\\ude00"}}',
    ],
)
def test_every_sort_of_message_is_read(line: bytes):
    assert isinstance(read(line), Message)


@pytest.mark.parametrize(
    ("line", "code", "identifier"),
    [
        (b"hello", PARSE_ERROR, None),
        (b'{"jsonrpc":"2.0"', PARSE_ERROR, None),
        (b"\xff\xfe", PARSE_ERROR, None),
        (b'\xef\xbb\xbf{"jsonrpc":"2.0","id":1,"method":"x"}', PARSE_ERROR, None),
        (request('{"a":NaN}'), PARSE_ERROR, None),
        (request('{"a":-Infinity}'), PARSE_ERROR, None),
        (request('{"a":1e999}'), PARSE_ERROR, None),
        (request('{"a":"\x01"}'), PARSE_ERROR, None),
        (request(f'{{"a":{"9" * 5000}}}'), PARSE_ERROR, None),
        (request() + request(), PARSE_ERROR, None),
        (b"[" + request() + b"]", INVALID_REQUEST, None),
        (b"[]", INVALID_REQUEST, None),
        (b"7", INVALID_REQUEST, None),
        (b"null", INVALID_REQUEST, None),
        (b"{}", INVALID_REQUEST, None),
        (request('{"a":1,"a":2}'), INVALID_REQUEST, 1),
        (request('{"a":{"b":[{"c":1,"\\u0063":2}]}}'), INVALID_REQUEST, 1),
        (b'{"jsonrpc":"2.0","id":1,"id":2,"method":"x"}', INVALID_REQUEST, None),
        (b'{"jsonrpc":"2.0","id":1,"method":"x","method":"y"}', INVALID_REQUEST, 1),
        (b'{"jsonrpc":"2.0","id":1,"method":"x","Method":"tools/call"}', INVALID_REQUEST, 1),
        (b'{"jsonrpc":"2.0","id":1,"method":"x","PARAMS":{}}', INVALID_REQUEST, 1),
        (b'{"jsonrpc":"2.0","id":1,"method":"x","param\xc5\xbf":{}}', INVALID_REQUEST, 1),
        (request('{"a":"\\ud800"}'), INVALID_REQUEST, 1),
        (request('{"a":' + "[" * MAX_DEPTH + "]" * MAX_DEPTH + "}"), INVALID_REQUEST, 1),
        (request('{"a":' + "[" * 100_000 + "]" * 100_000 + "}"), INVALID_REQUEST, None),
        (request(identifier="null"), INVALID_REQUEST, None),
        (request(identifier="true"), INVALID_REQUEST, None),
        (request(identifier="1.0"), INVALID_REQUEST, None),
        (request(identifier="[1]"), INVALID_REQUEST, None),
        (request(identifier='"' + "x" * 2000 + '"'), INVALID_REQUEST, None),
        (request(identifier=str(2**64)), INVALID_REQUEST, None),
        (request("[]"), INVALID_REQUEST, 1),
        (request('"x"'), INVALID_REQUEST, 1),
        (b'{"id":1,"method":"x"}', INVALID_REQUEST, 1),
        (b'{"jsonrpc":2.0,"id":1,"method":"x"}', INVALID_REQUEST, 1),
        (b'{"jsonrpc":"2.0","id":1,"method":7}', INVALID_REQUEST, 1),
        (b'{"jsonrpc":"2.0","id":1,"method":"x","result":{}}', INVALID_REQUEST, 1),
        (b'{"jsonrpc":"2.0","id":1}', INVALID_REQUEST, 1),
        (b'{"jsonrpc":"2.0","id":1,"result":{},"error":{}}', INVALID_REQUEST, 1),
    ],
)
def test_what_could_be_read_in_two_ways_or_is_no_message_is_refused_with_a_reason(line: bytes, code: int, identifier: int | None):
    refusal = read(line)
    assert isinstance(refusal, Refusal), line[:80]
    assert (refusal.code, refusal.id) == (code, identifier)
    assert refusal.why
    assert len(refusal.why) < 300


def test_nesting_up_to_the_limit_is_read():
    inner = MAX_DEPTH - 3  # the message, its parameters and the list around them count too
    assert isinstance(read(request('{"a":[' + "[" * inner + "]" * inner + "]}")), Message)
    wide = request('{"a":[' + ",".join(["[]"] * 5000) + "]}")
    assert isinstance(read(wide), Message)


def test_a_message_is_written_as_it_was_understood_on_one_line():
    body = {"jsonrpc": "2.0", "id": 1, "method": "x", "params": {"a": "line\nbreak é\u2028", "n": 10**30, "f": 0.1}}
    line = encode(body)
    assert b"\n" not in line
    assert json.loads(line) == body


def test_a_denied_call_is_an_answer_that_a_model_can_read():
    answer = json.loads(denied_result_line("7", "no"))
    assert answer == {
        "jsonrpc": "2.0",
        "id": "7",
        "result": {"content": [{"type": "text", "text": "no"}], "isError": True, "resultType": "complete"},
    }
    assert json.loads(error_line(None, PARSE_ERROR, "no")) == {"jsonrpc": "2.0", "id": None, "error": {"code": -32700, "message": "no"}}

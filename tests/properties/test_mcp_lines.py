"""However a line is written, no server, however it reads, sees a call that was not decided on and allowed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.unit.points.mcp.talking import Talk

from remit.points.mcp.gateway import Out

ALLOWED = "read_file"
CALL = '{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"write_file","arguments":{}}}'

names = st.sampled_from(["jsonrpc", "id", "method", "params", "name", "arguments", "Method", "METHOD", "Name", "m\\u0065thod", "x"])
space = st.sampled_from(["", " ", "\r", "\t", "\r\r", "\x0b", "\x0c", "\x1c", "\u2028", "\x85", "\xa0", "\ufeff", "\x00"])
scalars = st.sampled_from(
    ['"2.0"', '"tools/call"', '"Tools/Call"', '"ping"', '"read_file"', '"write_file"', "7", "1.0", "null", "true", "NaN", '"\\ud800"', CALL]
)


def members(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    member = st.builds(lambda before, name, value, after: f'{before}"{name}"{after}:{before}{value}{after}', space, names, values, space)
    return st.lists(member, max_size=6).map(lambda found: "{" + ",".join(found) + "}")


values = st.recursive(
    scalars,
    lambda inner: st.one_of(members(inner), st.lists(inner, max_size=3).map(lambda found: "[" + ",".join(found) + "]")),
    max_leaves=12,
)


def call_with(before: str, inside: str, after: str, tool: str, gap: str) -> str:
    return (
        f'{{{before}"jsonrpc":"2.0","id":7,{gap}"method":"tools/call","params":{{{inside}"name":"{tool}","arguments":{{}}}}{gap}{after}}}'
    )


def piece(ending: str) -> st.SearchStrategy[str]:
    made = st.builds(lambda name, value: f'"{name}":{value}', names, values)
    return st.one_of(st.just(""), made.map(lambda text: text + "," if ending == "before" else "," + text))


calls = st.builds(call_with, piece("before"), piece("before"), piece("after"), st.sampled_from([ALLOWED, "write_file"]), space)
lines = st.one_of(
    calls.map(lambda text: text.encode()), values.map(lambda text: text.encode("utf-8", "surrogatepass")), st.binary(max_size=60)
)


def folded(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return {name.casefold(): value for name, value in pairs}


def first_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return dict(reversed(pairs))


def readings(line: bytes) -> Iterator[Any]:
    """What servers of all sorts could take a line for: by line ends, by which of repeated members counts, by letter case."""
    text = line.decode("utf-8", "replace")
    for part in {text, *text.splitlines(), *text.split("\r"), *text.split("\n")}:
        for pick in (dict, first_of, folded):
            try:
                yield json.loads(part, object_pairs_hook=pick)
            except (ValueError, RecursionError):
                continue


def tools_called(line: bytes) -> set[str]:
    """Tools that some server would call for a line."""
    found = set()
    for reading in readings(line):
        for message in reading if isinstance(reading, list) else [reading]:
            if isinstance(message, dict) and str(message.get("method")).casefold().strip() == "tools/call":
                params = message.get("params")
                found.add(str(params.get("name")) if isinstance(params, dict) else "")
    return found


@given(lines)
@example(f'{{"jsonrpc":"2.0","method":"x","params":{{"a":\r{CALL}\r}}}}'.encode())
@example(f"[{CALL}]".encode())
@example(b'{"jsonrpc":"2.0","id":7,"method":"ping","METHOD":"tools/call","params":{"name":"write_file"}}')
@example(b'{"jsonrpc":"2.0","id":7,"method":"tools/call","method":"ping","params":{"name":"write_file"}}')
@example(b'{"jsonrpc":"2.0","id":7,"method":"Tools/Call","params":{"name":"write_file"}}')
@example(b'{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"read_file","NAME":"write_file"}}')
@settings(max_examples=600, deadline=None)
def test_no_server_sees_a_call_that_was_not_allowed(line: bytes):
    talk = Talk(ALLOWED)
    out = talk.client(line)
    assert (out.to_server is None) or b"\n" not in out.to_server
    if out.to_server is not None:
        called = tools_called(out.to_server)
        assert called <= {ALLOWED}
        assert not called or [request.action for request in talk.rules.asked] == [ALLOWED]


@given(lines)
@settings(max_examples=300, deadline=None)
def test_every_line_of_the_server_is_passed_on_as_json_or_dropped(line: bytes):
    talk = Talk(ALLOWED, task="x")
    talk.call(ALLOWED, 7)
    out = talk.server(line.replace(b"\n", b""))
    if out.to_client is None:
        assert out == Out()
    else:
        assert isinstance(json.loads(out.to_client), dict)
        assert len(out.to_client.splitlines()) == 1

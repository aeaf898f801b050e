"""The point as plugins and kits see it: a request goes in as a line of MCP, what the client and the server get comes out."""

from __future__ import annotations

from collections.abc import Iterable

from remit.contracts.point import Decide, Seen
from remit.model.decision import Request
from remit.points.mcp.gateway import MAX_CLIENT_BYTES, Gateway, Out
from remit.points.mcp.lines import Overlong
from remit.points.mcp.pins import Pins
from remit.points.mcp.wire import encode

_CALL = b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read_text_file","arguments":{"path":"/data/a"}}}'
_GARBAGE: tuple[tuple[str, bytes], ...] = (
    ("no JSON", b"tools/call read_text_file"),
    ("not UTF-8", _CALL.replace(b"/data/a", b"/data/\xff")),
    ("cut off", _CALL[:-1]),
    ("two values", _CALL + _CALL),
    ("a number that is none", _CALL.replace(b'"/data/a"', b"NaN")),
    ("a number without end", _CALL.replace(b'"/data/a"', b"1e999")),
    ("half a surrogate pair", _CALL.replace(b"/data/a", b"\\ud800")),
    ("a batch", b"[" + _CALL + b"]"),
    ("a text", b'"tools/call"'),
    ("a member twice", _CALL.replace(b'"method"', b'"method":"ping","method"')),
    ("a member twice, spelt otherwise", _CALL.replace(b'"method"', b'"\\u006dethod":"ping","method"')),
    ("a tool twice", _CALL.replace(b'"name"', b'"name":"list_directory","name"')),
    ("an argument twice", _CALL.replace(b'"path"', b'"path":"/etc/passwd","path"')),
    ("an argument twice but for letter case", _CALL.replace(b'"path"', b'"Path":"/etc/passwd","path"')),
    ("a tool twice but for letter case", _CALL.replace(b'"name"', b'"NAME":"write_file","name"')),
    ("a method twice but for letter case", _CALL.replace(b'"method"', b'"Method":"ping","method"')),
    ("a method in disguise", _CALL.replace(b"tools/call", b"Tools/Call ")),
    ("absurd nesting", _CALL.replace(b'"/data/a"', b"[" * 5000 + b"]" * 5000)),
    ("deep nesting", _CALL.replace(b'"/data/a"', b"[" * 100 + b"]" * 100)),
    ("no identifier", _CALL.replace(b'"id":1,', b"")),
    ("an identifier that is none", _CALL.replace(b'"id":1,', b'"id":null,')),
    ("a fraction as identifier", _CALL.replace(b'"id":1,', b'"id":1.5,')),
    ("another version of JSON-RPC", _CALL.replace(b'"2.0"', b'"1.0"')),
    ("a list of parameters", b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":["read_text_file"]}'),
    ("no tool", b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"arguments":{}}}'),
    ("a tool that is a number", b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":7}}'),
    ("a list of arguments", b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"read_text_file","arguments":["/data/a"]}}'),
    ("a request that is a response too", _CALL[:-1] + b',"result":{}}'),
)


class McpPoint:
    """MCP over standard input and output, asked without a process."""

    name = "mcp"

    def ask(self, decide: Decide, request: Request) -> Seen:
        """The request as a tool call; it was allowed when a line left for the server."""
        body = {"name": request.action, "arguments": dict(request.arguments)}
        line = encode({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": body})
        return _seen(_gateway(decide, request.agent, request.system, request.session).from_client(line))

    def garbage(self, decide: Decide) -> Iterable[tuple[str, Seen]]:
        """Lines that are no message, or could be read in two ways."""
        for what, line in _GARBAGE:
            yield what, _seen(_gateway(decide, "reader", "mcp:files", "").from_client(line))
        overlong = Overlong(MAX_CLIENT_BYTES + 1, _CALL[:100], b"")
        yield "a line without end", _seen(_gateway(decide, "reader", "mcp:files", "").from_client(overlong))


def _gateway(decide: Decide, agent: str, system: str, session: str) -> Gateway:
    opened = decide.open_session(agent, session, None)
    return Gateway(decide, agent=agent, system=system, session=opened, pins=Pins(system, None, lambda _text: None))


def _seen(out: Out) -> Seen:
    return Seen(out.to_server is not None, (out.to_client or b"").decode("utf-8"))


POINT = McpPoint()

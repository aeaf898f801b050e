"""Lines that would hold up the gateway."""

from __future__ import annotations

from remit.points.mcp.requests import MAX_FOLDERS, request_of
from remit.points.mcp.wire import Message, Refusal, read


def test_paths_of_very_many_folders_are_not_looked_up():
    paths = ["/none/" + "a/" * 2000 + str(number) for number in range(MAX_FOLDERS // 1000)]
    message = Message({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "t", "arguments": {"p": paths}}})
    request = request_of(message, "reader", "mcp:files", "one")
    assert not request.is_understood
    assert "folders" in request.fault


def test_a_number_of_very_many_digits_is_refused_in_words_for_a_person():
    refusal = read(b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","arguments":{"n":' + b"9" * 5000 + b"}}}")
    assert isinstance(refusal, Refusal)
    assert "a number has 5000 digits" in refusal.why
    assert "sys" not in refusal.why

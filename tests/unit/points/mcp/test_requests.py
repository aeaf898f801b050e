"""What a message asks for: tools with their arguments and resolved paths, resources, and nothing that could mean two things."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from remit.model.decision import Request
from remit.points.mcp.requests import MAX_PATHS, is_decided, is_disguised, request_of
from remit.points.mcp.wire import Message


def asked(params: dict[str, Any], method: str = "tools/call") -> Request:
    message = Message({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
    return request_of(message, "reader", "mcp:files", "one")


def test_a_call_is_its_tool_twice_with_its_arguments():
    request = asked({"name": "read_file", "arguments": {"path": "a.txt", "n": 1}, "_meta": {"progressToken": 1}})
    assert (request.agent, request.system, request.action, request.resource, request.session) == (
        "reader",
        "mcp:files",
        "read_file",
        "read_file",
        "one",
    )
    assert request.arguments == {"path": "a.txt", "n": 1}
    assert request.is_understood


@pytest.mark.parametrize("arguments", [{}, None])
def test_a_call_may_go_without_arguments(arguments: dict[str, Any] | None):
    assert asked({"name": "list", "arguments": arguments}).is_understood
    assert asked({"name": "list"}).is_understood


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"name": ""},
        {"name": None},
        {"name": 7},
        {"name": ["read_file"]},
        {"name": "x", "arguments": []},
        {"name": "x", "arguments": "path"},
        {"name": "x", "Name": "y"},
        {"name": "x", "arguments": {}, "ARGUMENTS": {}},
        {"name": "x", "arguments": {"path": "/a", "Path": "/b"}},
        {"name": "x", "arguments": {"list": [{"deep": {"k": 1, "\u212a": 2}}]}},
        {"name": "x", "arguments": {"paths": [f"/{number}" for number in range(MAX_PATHS + 1)]}},
    ],
)
def test_what_names_no_tool_or_could_be_read_in_two_ways_is_not_understood(params: dict[str, Any]):
    request = asked(params)
    assert not request.is_understood
    assert request.fault


def test_paths_are_resolved_through_links_wherever_they_stand(tmp_path: Path):
    data = tmp_path / "data"
    data.mkdir()
    (data / "out").symlink_to("/etc")
    (data / "file.txt").write_text("x")
    direct, linked, absent = str(data / "file.txt"), str(data / "out" / "passwd"), str(data / "new" / "file")
    request = asked({"name": "read", "arguments": {"path": linked, "many": [{"inner": direct}, absent, "relative", "~/x", 7]}})
    assert request.is_understood
    assert request.paths == {linked: "/etc/passwd", direct: direct, absent: absent}


def test_dots_are_resolved_and_dots_behind_a_link_mean_two_places(tmp_path: Path):
    (tmp_path / "data" / "deep").mkdir(parents=True)
    (tmp_path / "data" / "out").symlink_to("/usr/bin")
    climbing = f"{tmp_path}/data/deep/../../other"
    assert asked({"name": "read", "arguments": {"path": climbing}}).paths == {climbing: f"{tmp_path}/other"}
    request = asked({"name": "read", "arguments": {"path": f"{tmp_path}/data/out/../share"}})
    assert not request.is_understood
    assert "two places" in request.fault


@pytest.mark.parametrize("text", ["/a\0b", "/" + "a/" * 4000])
def test_a_path_that_no_machine_could_have_is_left_unresolved(text: str):
    request = asked({"name": "read", "arguments": {"path": text}})
    assert request.paths == {}


def test_a_loop_of_links_ends(tmp_path: Path):
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    assert asked({"name": "read", "arguments": {"path": str(tmp_path / "loop" / "x")}}).is_understood


def test_reading_a_resource_is_decided_like_a_tool_of_that_name():
    request = asked({"uri": "file:///data/a%20b.txt"}, "resources/read")
    assert (request.action, request.resource) == ("resources/read", "resources/read")
    assert request.arguments == {"uri": "file:///data/a%20b.txt", "path": "/data/a b.txt"}
    other = asked({"uri": "db://table/7"}, "resources/read")
    assert other.arguments == {"uri": "db://table/7"}
    assert other.is_understood


@pytest.mark.parametrize(
    "uri",
    [
        "file:///data/../etc/passwd",
        "file:///data/./x",
        "file:///data/..",
        "file:///data/%2e%2e/etc",
        "file:///data%2Fx",
        "file:///data\\x",
        "file:///data/\0",
        "db://a/..?x",
        "",
        7,
        None,
        "file://[x/data",
    ],
)
def test_an_address_that_is_not_plain_is_not_understood(uri: object):
    assert not asked({"uri": uri}, "resources/read").is_understood


def test_two_addresses_that_differ_in_letter_case_are_not_understood():
    assert not asked({"uri": "file:///data/a", "URI": "file:///etc/passwd"}, "resources/read").is_understood


@pytest.mark.parametrize(
    ("method", "is_it"),
    [
        ("Tools/Call", True),
        ("tools/call ", True),
        ("tools/call/", True),
        ("RESOURCES/READ", True),
        ("Tools", True),
        ("tools/call", False),
        ("ping", False),
    ],
)
def test_methods_in_disguise_are_told_apart(method: str, is_it: bool):
    assert is_disguised(method) is is_it


@pytest.mark.parametrize(
    ("method", "is_it"),
    [("tools/call", True), ("resources/read", True), ("resources/newer", True), ("tools/list", False), ("resources/subscribe", False)],
)
def test_the_families_of_tools_and_resources_are_decided_on_except_for_what_carries_no_data(method: str, is_it: bool):
    assert is_decided(method) is is_it

"""The reviewed table of tools, and the filter that a remit compiles to."""

from __future__ import annotations

import json
from typing import Any

import pytest

from remit.document.parse import parse_or_raise
from remit.model.verbs import Verb
from remit.systems.mcp.system import SYSTEM, verbs_in

HEAD = "remit: 1\nagent: a\npurpose: p\nowner: {contact: c}\nobjectives:\n  o:\n    why: w\n    can:\n"


def compiled(can: list[str], rest: str = "") -> tuple[dict[str, Any], list[tuple[str, int]]]:
    """The filter of a remit with these lines, the first in line 9, and its residue."""
    native = SYSTEM.compile(parse_or_raise(HEAD + "".join(f"      - {line}\n" for line in can) + rest))
    return json.loads(native.text), [(residue.rule, residue.line) for residue in native.residue]


@pytest.mark.parametrize(
    ("tool", "verb"),
    [
        ("read_text_file", Verb.READ),
        ("list_directory", Verb.LIST),
        ("write_file", Verb.UPDATE),
        ("create_issue", Verb.CREATE),
        ("send_email", Verb.TRANSMIT),
        ("slack_post_message", Verb.TRANSMIT),
        ("delete_entities", Verb.DELETE),
        ("run_command", Verb.EXECUTE),
        ("share_file", Verb.ADMINISTER),
        ("send_money", Verb.PAY),
        ("fetch", None),
        ("query", None),
        ("git_push", None),
        ("Read_Text_File", None),
        ("", None),
    ],
)
def test_a_tool_has_the_verb_of_the_table_or_is_unknown(tool: str, verb: Verb | None) -> None:
    assert SYSTEM.vocabulary().verb_of(tool) is verb


def test_a_table_that_gives_a_tool_two_verbs_is_refused() -> None:
    with pytest.raises(ValueError, match="`x` is `read` and `delete`"):
        verbs_in({"server": [{"name": "a", "source": "b", "read": ["x"]}, {"name": "c", "source": "d", "delete": ["x"]}]})
    with pytest.raises(ValueError, match="raed"):
        verbs_in({"server": [{"name": "a", "source": "b", "raed": ["x"]}]})


def test_a_line_becomes_an_entry_with_its_place() -> None:
    form, residue = compiled(["{call: mcp:files, resource: 'r*', where: {path: /data/**, n: [1, true]}}"])
    entry = {"name": "r*", "where": {"path": ["/data/**"], "n": [1, True]}, "rule": "objectives.o.can[0]", "line": 9}
    assert form["servers"] == [{"server": "files", "tools": [entry], "never": []}]
    assert residue == []


def test_a_verb_stands_for_the_tools_that_have_it() -> None:
    form, _ = compiled(
        ["{read: mcp:files, resource: '*_file'}", "{read: mcp:files, resource: peek_file}", "{delete: mcp:files, resource: read_file}"]
    )
    names = [tool["name"] for tool in form["servers"][0]["tools"] if tool["line"] == 9]
    assert "read_text_file" in names
    assert "peek_file" in names
    assert "write_file" not in names
    assert "read_file" not in names  # the remit itself says that here it deletes


def test_a_never_is_written_where_it_meets_a_tool() -> None:
    form, residue = compiled(["{call: mcp:files, resource: '*_file'}"], 'never: [{delete: "*"}, {any: mcp:files, resource: secret_file}]\n')
    names = [tool["name"] for tool in form["servers"][0]["never"]]
    assert "delete_file" in names
    assert "secret_file" in names
    assert "delete_branch" not in names
    assert residue == [("never[0]", 10)]  # SQL in an argument of a tool that nobody knows


@pytest.mark.parametrize(
    ("can", "rest", "expected"),
    [
        ("{read: aws:s3, resource: '*'}", "", [("objectives.o.can[0]", 9)]),
        ("{call: mcp:x, resource: bash, where: {command: 'git *'}}", "", [("objectives.o.can[0]", 9)]),
        ("{call: mcp:x, resource: t, where: {command: 'git *'}}", "", [("objectives.o.can[0]", 9)]),
        ("{call: mcp:x, resource: t, where: {a: 1}, data_class: public}", "", [("objectives.o.can[0]", 9)]),
        ("{call: mcp:x, resource: t}", "never: [{transmit: '*', outside: [a.example]}]\n", [("never[0]", 10)]),
        ("{call: mcp:x, resource: t}", "never: [{any: aws:iam}]\n", [("never[0]", 10)]),
        ("{call: mcp:x, resource: t}", "limits: {calls: 5/hour, rows: 1/task}\n", [("limits.calls", 10), ("limits.rows", 10)]),
        ("{call: mcp:x, resource: t}", "lifecycle: {expires: 2027-01-01}\n", [("lifecycle.expires", 0)]),
        ("{call: mcp:x, resource: t}", "mode: observe\n", [("mode", 0)]),
    ],
)
def test_what_a_filter_cannot_say_is_residue_with_its_line(can: str, rest: str, expected: list[tuple[str, int]]) -> None:
    assert compiled([can], rest)[1] == expected

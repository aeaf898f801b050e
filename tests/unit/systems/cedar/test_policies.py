"""Cedar policies: their text by example, and what is residue. That they decide alike is tested in tests/differential."""

from __future__ import annotations

import cedarpy
import pytest

from remit.document.parse import parse_or_raise
from remit.model.decision import Request
from remit.systems.cedar.compile import quoted
from remit.systems.cedar.request import cedar_arguments, cedar_request
from remit.systems.cedar.system import SYSTEM

HEAD = "remit: 1\nagent: a\npurpose: p\nowner: {contact: c}\nobjectives:\n  o:\n    why: w\n    can:\n"


def compiled(can: str, rest: str = "") -> tuple[str, list[tuple[str, int]]]:
    """The policies of a remit with this line, in line 9, and their residue."""
    native = SYSTEM.compile(parse_or_raise(f"{HEAD}      - {can}\n{rest}"))
    return native.text, [(residue.rule, residue.line) for residue in native.residue]


def test_a_line_becomes_a_policy_that_names_it() -> None:
    text, residue = compiled('{read: aws:s3, resource: "arn:aws:s3:::x/*"}', "never: [{any: aws:iam}]\n")
    permit = """@id("objectives.o.can[0]")
@line("9")
@why("w")
permit (principal == Agent::"a", action, resource is Resource)
when {
  resource.system == "aws:s3" &&
  resource.id like "arn:aws:s3:::x/*" &&
  context.verbs.contains("read")
};
"""
    forbid = """@id("never[0]")
@line("10")
forbid (principal == Agent::"a", action, resource is Resource)
when {
  resource.system == "aws:iam"
};
"""
    assert permit in text
    assert forbid in text
    assert residue == []


@pytest.mark.parametrize(
    ("can", "rest", "expected"),
    [
        ("{call: mcp:x, resource: t, where: {a: '*/**'}}", "", [("objectives.o.can[0]", 9)]),
        ("{call: mcp:x, resource: t, where: {a: '/x/*/**.csv'}}", "", [("objectives.o.can[0]", 9)]),
        ("{call: mcp:x, resource: t, where: {a: 5.5}}", "", [("objectives.o.can[0]", 9)]),
        ("{call: mcp:x, resource: t, where: {command: ls}}", "", [("objectives.o.can[0]", 9)]),
        ("{call: mcp:x, resource: t, where: {a: '/**/a/**/b/**/c/**/d/**/e'}}", "", [("objectives.o.can[0]", 9)]),
        ("{call: mcp:x, resource: t}", "never: [{transmit: '*', outside: [a.example]}]\n", [("never[0]", 10)]),
        ("{call: mcp:x, resource: t}", "never: [{any: mcp:x, where: {a: '*/**'}}]\n", [("never[0]", 10)]),
        ("{call: mcp:x, resource: t}", "limits: {calls: 5/hour, pay: 1 USD/day}\n", [("limits.calls", 10), ("limits.pay", 10)]),
        ("{call: mcp:x, resource: t}", "lifecycle: {expires: 2027-01-01}\n", [("lifecycle.expires", 0)]),
        ("{call: mcp:x, resource: t}", "mode: ask\n", [("mode", 0)]),
        ("{call: mcp:x, resource: t, where: {a: ['x*y*', '/a/**/b', '**z', 5, true]}}", "", []),
    ],
)
def test_what_cedar_cannot_say_is_residue_with_its_line(can: str, rest: str, expected: list[tuple[str, int]]) -> None:
    text, residue = compiled(can, rest)
    assert residue == expected
    assert cedarpy.format_policies(text)


@pytest.mark.parametrize("text", ['"', "\\", "\n", "\u202e", "a*b", "'", "ü", "\0", "${x}"])
def test_hostile_text_is_quoted_so_that_cedar_reads_the_same(text: str) -> None:
    policy = f"permit(principal, action, resource) when {{ context.text == {quoted(text)} }};"
    asked = {"principal": 'A::"a"', "action": 'A::"a"', "resource": 'A::"a"', "context": {"text": text}}
    assert cedarpy.is_authorized(asked, policy, []).allowed
    assert not cedarpy.is_authorized(asked | {"context": {"text": text + "x"}}, policy, []).allowed


@pytest.mark.parametrize("name", ["it's", 'a"b', "ü", "a b", "\n", "e\u0301", "100%"])
def test_a_request_about_any_name_is_one_that_cedar_reads(name: str) -> None:
    principal, action, resource, context, entities = cedar_request(Request(agent=name, system="mcp:x", action=name, resource=name), None)
    asked = {"principal": principal, "action": action, "resource": resource, "context": context}
    answer = cedarpy.is_authorized(asked, 'permit(principal, action, resource is Resource) when { resource.id != "" };', entities)
    assert answer.diagnostics.errors == []
    assert answer.allowed


def test_arguments_are_written_by_name_path_and_type() -> None:
    arguments = {"a": "x", "b": {"c": "/d/../e"}, "n": 5.0, "m": 2.5, "t": True, "l": [1], "z": None, "b.c": "other", "q": {"r": {"s": 1}}}
    assert cedar_arguments(Request(agent="a", system="mcp:x", action="t", resource="t", arguments=arguments)) == {
        "a": {"type": "text", "text": "x"},
        "n": {"type": "number", "number": 5},
        "m": {"type": "number"},
        "t": {"type": "boolean", "truth": True},
        "q.r.s": {"type": "number", "number": 1},
    }


def test_a_path_is_given_resolved_and_closed() -> None:
    request = Request(
        agent="a", system="mcp:x", action="t", resource="t", arguments={"p": "/d/../e", "q": "/link"}, paths={"/link": "/real"}
    )
    assert cedar_arguments(request) == {
        "p": {"type": "text", "text": "/d/../e", "path": "/e/"},
        "q": {"type": "text", "text": "/link", "path": "/real/"},
    }


def test_a_request_that_is_not_understood_has_a_resource_that_nothing_permits() -> None:
    for request in (
        Request(agent="a", system="mcp:x", action="t", resource="other"),
        Request(agent="a", system="mcp:x", action="t", resource="t", is_understood=False),
        Request(agent="a", system="aws:s3", action="s3:GetObject", resource="x"),
    ):
        assert cedar_request(request, None)[2].startswith("Unreadable::")

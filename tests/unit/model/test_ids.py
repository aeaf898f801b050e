"""Identifiers: which texts are one, and what is said of those that are not."""

from __future__ import annotations

import pytest

from remit.model.errors import IdentifierError, Problem
from remit.model.ids import SystemId, agent_slug, is_agent_slug, slug_from_name, system_id
from remit.model.shown import printable


@pytest.mark.parametrize("text", ["a", "cost-triage", "a.b_c-1", "7", "x" * 128])
def test_a_slug_is_an_agents_id_with_and_without_its_prefix(text: str) -> None:
    assert agent_slug(text) == text
    assert agent_slug(f"agent:{text}") == text


@pytest.mark.parametrize("text", ["", "A", "a b", "-a", "a-", "a/b", "agent:", "agent:agent:a", "ä", "x" * 129, "a\n"])
def test_what_is_no_slug_is_refused(text: str) -> None:
    assert not is_agent_slug(text)
    with pytest.raises(IdentifierError):
        agent_slug(text)


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Cost Triage", "cost-triage"),
        ("Über  Agent!", "uber-agent"),
        ("--x--", "x"),
        ("日本", "agent"),
        ("", "agent"),
        ("a" * 200, "a" * 128),
    ],
)
def test_a_name_becomes_a_slug(name: str, slug: str) -> None:
    assert slug_from_name(name) == slug
    assert is_agent_slug(slug)


@pytest.mark.parametrize(("text", "expected"), [("aws:s3", SystemId("aws", "s3")), ("mcp:My.Server_1", SystemId("mcp", "My.Server_1"))])
def test_a_system_is_a_kind_and_a_name(text: str, expected: SystemId) -> None:
    assert system_id(text) == expected
    assert str(expected) == text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("aws", "aws:s3"),
        ("mcp", "mcp:NAME"),
        ("files", "kind:name"),
        ("mcp:", "kind:name"),
        ("MCP:x", "kind:name"),
        ("mcp:a b", "kind:name"),
    ],
)
def test_what_is_no_system_is_told_what_would_be(text: str, told: str) -> None:
    with pytest.raises(IdentifierError, match=told):
        system_id(text)


def test_hostile_text_is_printed_on_one_line_without_control_characters() -> None:
    shown = printable("a\x1b[31m\u202e\n\u2028\ud800b" + "x" * 300)
    assert shown.isprintable()
    assert shown.startswith("a\\x1b[31m\\u202e\\n\\u2028\\ud800b")
    assert shown.endswith("...")
    assert printable("plain text", 5) == "plain..."


@pytest.mark.parametrize(
    ("problem", "told"),
    [
        (Problem(path="f", line=3, column=4, what="bad", help="do good"), "f:3:4: bad; do good"),
        (Problem(path="f", line=3, what="bad"), "f:3: bad"),
        (Problem(path="f", line=0, what="bad"), "f: bad"),
    ],
)
def test_a_problem_has_its_place_first(problem: Problem, told: str) -> None:
    assert str(problem) == told

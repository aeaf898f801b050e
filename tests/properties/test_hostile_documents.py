"""No text ends in anything but a remit or problems with places."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from remit.document.canonical import document
from remit.document.check import check
from remit.document.difference import difference
from remit.document.parse import OPTIONAL_KEYS, REQUIRED_KEYS, Parsed, is_remit, parse
from remit.model.verbs import LINE_VERBS
from remit.systems.cedar.system import SYSTEM as CEDAR
from remit.systems.mcp.system import SYSTEM as MCP

words = st.sampled_from(
    [
        *REQUIRED_KEYS,
        *OPTIONAL_KEYS,
        *LINE_VERBS,
        "contact",
        "why",
        "can",
        "resource",
        "where",
        "columns",
        "outside",
        "expires",
        "calls",
        "pay",
    ]
)
texts = (
    words
    | st.sampled_from(["aws:s3", "mcp:files", "postgres:x", "*", "**", "/data/**", "600/hour", "5 USD/day", "90d", "a@b.example"])
    | st.text(max_size=8)
)
scalars = texts | st.integers() | st.floats() | st.booleans() | st.none()
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words | st.text(max_size=5), inner, max_size=4), max_leaves=25
)
documents = st.dictionaries(words, values, max_size=10).map(
    lambda value: {"remit": 1, "agent": "a", "purpose": "p", "owner": {"contact": "c"}} | value
)


def holds(parsed: Parsed) -> None:
    """What must hold of every answer."""
    assert (parsed.remit is None) is bool(parsed.errors)
    for problem in parsed.problems:
        assert str(problem).isprintable()
        assert problem.line >= 0
        assert problem.what


@given(st.binary(max_size=200))
@settings(max_examples=400, deadline=None)
def test_random_bytes_are_problems_and_never_a_traceback(content: bytes) -> None:
    holds(parse(content, "f.yaml"))
    is_remit(content)


@given(st.text("remit: 1-[]{}&*!%@#|>'\"\\\n\t\0\ufeff\x85\u2028,?~.", max_size=80))
@settings(max_examples=800, deadline=None)
def test_random_yaml_is_problems_and_never_a_traceback(content: str) -> None:
    holds(parse(content, "f.yaml"))
    is_remit(content)


@given(documents)
@settings(max_examples=150, deadline=None)
def test_random_values_in_every_place_are_problems_and_never_a_traceback(value: dict[str, Any]) -> None:
    holds(parse(json.dumps(value), "f.yaml"))


# --- well-formed remits ---

patterns = st.sampled_from(["*", "a", "a*", "*b", "arn:aws:s3:::x/*", "read_*", "read_file", "**"])
where = st.dictionaries(
    st.sampled_from(["path", "a.b", "n"]), st.sampled_from(["/data/**", "x*", 5, 5.5, True, ["a", 1, False]]), max_size=2
)
lines = st.tuples(
    st.sampled_from(["read", "delete", "any", "transmit"]), st.sampled_from(["aws:s3", "mcp:x", "postgres:y"]), patterns, where
).map(lambda parts: {parts[0]: parts[1], "resource": parts[2]} | ({"where": parts[3]} if parts[3] else {}))
nevers = lines | st.sampled_from([{"transmit": "*", "outside": ["example.com"]}, {"any": "*", "resource": "zzz"}, {"delete": "*"}])
remits = st.builds(
    lambda cans, never, extra: (
        {
            "remit": 1,
            "agent": "a",
            "purpose": "p",
            "owner": {"contact": "c", "deputy": "d"},
            "objectives": {f"o{number}": {"why": "w", "can": can} for number, can in enumerate(cans)},
            "never": never,
        }
        | extra
    ),
    st.lists(st.lists(lines, min_size=1, max_size=4), min_size=1, max_size=3),
    st.lists(nevers, max_size=3),
    st.sampled_from([{}, {"mode": "ask"}, {"limits": {"calls": "5/hour", "rows": "9/task"}}, {"lifecycle": {"expires": "2027-01-01"}}]),
)


@given(remits)
@settings(max_examples=200, deadline=None)
def test_the_canonical_document_of_a_remit_is_a_remit_with_the_same_hash(value: dict[str, Any]) -> None:
    first = parse(json.dumps(value), "f.yaml").remit
    assert first is not None
    again = parse(json.dumps(document(first)), "g.yaml").remit
    assert again is not None
    assert again.hash == first.hash


@given(remits)
@settings(max_examples=100, deadline=None)
def test_a_remit_does_not_differ_from_itself(value: dict[str, Any]) -> None:
    remit = parse(json.dumps(value), "f.yaml").remit
    assert remit is not None
    assert difference(remit, remit) == ()


@given(remits)
@settings(max_examples=100, deadline=None)
def test_every_line_that_a_target_leaves_out_is_residue(value: dict[str, Any]) -> None:
    remit = parse(json.dumps(value), "f.yaml").remit
    assert remit is not None
    check(remit, "2026-01-01")
    cans = {f"objectives.{objective.name}.can[{number}]" for objective in remit.objectives for number in range(len(objective.can))}
    cedar = CEDAR.compile(remit)
    assert {rule for rule in cans if f'@id("{rule}")' not in cedar.text} == {
        residue.rule for residue in cedar.residue if ".can[" in residue.rule
    }
    assert MCP.compile(remit) == MCP.compile(remit)

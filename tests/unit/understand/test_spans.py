"""Patterns of action names: what they match, however many `*` a policy holds."""

from __future__ import annotations

from random import Random

from tests.unit.understand.worlds import CONCERNS, VOCABULARIES

from remit.understand.spans import Spans


def slowly(pattern: str, text: str) -> bool:
    """The definition: `*` is any run, `?` any one."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return slowly(pattern[1:], text) or (bool(text) and slowly(pattern, text[1:]))
    return bool(text) and pattern[0] in ("?", text[0]) and slowly(pattern[1:], text[1:])


def test_a_pattern_of_actions_matches_what_the_definition_says() -> None:
    spans, random = Spans(VOCABULARIES, CONCERNS), Random(7)
    found = set()
    for _ in range(5000):
        pattern = "*" + "".join(random.choices("ab*?", k=random.randrange(6)))
        name = "".join(random.choices("ab", k=random.randrange(1, 8)))
        expected = slowly(pattern, name)
        assert spans.matches("mcp:shop", pattern, name) is expected, (pattern, name)
        found.add(expected)
    assert found == {True, False}


def test_a_policy_that_holds_many_stars_holds_nobody_up() -> None:
    spans = Spans(VOCABULARIES, CONCERNS)
    for pattern in (f"s3:{'*' * 40}zz", f"s3:{'*e' * 40}zz", f"s3:{'*?' * 20}zz"):
        assert spans.named_by("aws:s3", pattern, "*") == ()
    assert not spans.matches("aws:s3", f"s3:{'*a' * 40}b", f"s3:{'a' * 4000}")

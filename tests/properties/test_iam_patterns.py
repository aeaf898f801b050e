"""Patterns of IAM against their meaning, spelled out: every text over a small alphabet, tried one by one."""

from __future__ import annotations

from functools import cache
from itertools import product

from hypothesis import example, given
from hypothesis import strategies as st

from remit.systems.aws.pattern import contains, matches, matches_by_parts, meet, overlaps

PATTERNS = st.text("ab*?", max_size=6)
TEXTS = [*("".join(chars) for size in range(7) for chars in product("ab", repeat=size)), "c", "ac", "cb", "acb", "ccc"]
"""With a letter that no pattern has: it is met by wildcards alone."""


@cache
def language(pattern: str) -> frozenset[str]:
    """The texts that a pattern matches, by the words of the guide."""
    return frozenset(text for text in TEXTS if _fits(pattern, text))


def _fits(pattern: str, text: str) -> bool:
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(_fits(pattern[1:], text[at:]) for at in range(len(text) + 1))
    return bool(text) and pattern[0] in ("?", text[0]) and _fits(pattern[1:], text[1:])


@given(PATTERNS)
def test_matching_is_what_the_guide_says(pattern: str):
    assert {text for text in TEXTS if matches(pattern, text)} == language(pattern)


@given(PATTERNS, PATTERNS)
@example("*?", "?*")
@example("a*", "a?*")
def test_a_pattern_that_contains_another_matches_all_that_it_does(outer: str, inner: str):
    if contains(outer, inner):
        assert language(inner) <= language(outer)


@given(PATTERNS, PATTERNS)
def test_patterns_overlap_when_some_text_is_matched_by_both(one: str, other: str):
    shared = bool(language(one) & language(other))
    assert overlaps(one, other) >= shared
    if len(one) + len(other) <= 6:
        assert overlaps(one, other) is shared


@given(PATTERNS, PATTERNS)
def test_a_meeting_is_exactly_what_both_match(one: str, other: str):
    met = meet(one, other)
    if met is not None:
        assert frozenset().union(*map(language, met)) == language(one) & language(other)


@given(st.lists(st.text("a:*?", max_size=4), min_size=6, max_size=6), st.lists(st.text("a", max_size=2), min_size=6, max_size=6))
def test_read_by_the_letter_a_pattern_matches_less(parts: list[str], texts: list[str]):
    pattern, arn = ":".join(parts), ":".join(texts)
    assert matches_by_parts(pattern, arn) <= matches(pattern, arn)
    if ":" not in "".join(parts) and all(matches(*pair) for pair in zip(parts, texts, strict=True)):
        assert matches_by_parts(pattern, arn)

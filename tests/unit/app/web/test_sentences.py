"""Sentences are parted and cut where a reader would."""

from __future__ import annotations

import pytest

from remit.app.web.sentences import begun, cut, parted


@pytest.mark.parametrize(
    ("text", "head", "rest"),
    [
        (
            "`a` did `x`, 9 times, last 18:27: no line covers it; see: more",
            "`a` did `x`, 9 times, last 18:27",
            "no line covers it; see: more",
        ),
        ("`a` did `x` on `arn:aws: y`", "`a` did `x` on `arn:aws: y`", ""),
        ("`a`: no owner", "`a`", "no owner"),
        ("it ends with a colon:", "it ends with a colon:", ""),
        ("", "", ""),
    ],
)
def test_what_happened_stands_before_the_first_colon_outside_code(text: str, head: str, rest: str) -> None:
    assert parted(text) == (head, rest)


@pytest.mark.parametrize(
    ("text", "most", "told"),
    [
        ("short enough", 12, "short enough"),
        ("one two three four", 10, "one two …"),
        ("ends at a comma, then more words", 16, "ends at a comma …"),
        ("it did `update on a long name` twice", 20, "it did …"),
        ("it did `this` and `that`", 18, "it did `this` and …"),
        ("`averyverylongnamethatfillstheroom` did", 10, "`averyvery…`"),
        ("averyverylongwordthatfillstheroom", 10, "averyveryl…"),
    ],
)
def test_a_long_sentence_ends_after_a_whole_word(text: str, most: int, told: str) -> None:
    assert cut(text, most) == told


@pytest.mark.parametrize(
    ("text", "told"), [("give it an identity", "Give it an identity"), ("`remit plan` takes away", "`remit plan` takes away"), ("", "")]
)
def test_a_sentence_begins_with_a_large_letter_unless_with_code(text: str, told: str) -> None:
    assert begun(text) == told

"""A sentence is cited by the line on which it stands."""

from __future__ import annotations

import pytest

from remit.model.place import Place
from remit.understand.declared import Wording

_TEXT = "You keep the shop.\nRead  shop.orders and\nwrite each note to crm.notes. Be kind."
_LINES = ((0, "a.py", 11), (_TEXT.index("Read"), "a.py", 12), (_TEXT.index("write"), "b.py", 3))
_WORDING = Wording(_TEXT, Place("a.py", 40), "its instructions", _LINES)


@pytest.mark.parametrize(
    ("sentence", "names", "expected"),
    [
        ("You keep the shop.", (), Place("a.py", 11)),
        ("Read shop.orders and write each note to crm.notes.", (), Place("a.py", 12)),
        ("Read shop.orders and write each note to crm.notes.", ("orders",), Place("a.py", 12)),
        ("Read shop.orders and write each note to crm.notes.", ("crm", "notes"), Place("b.py", 3)),
        ("Be kind.", (), Place("b.py", 3)),
        ("It says nothing of this.", (), Place("a.py", 40)),
        ("", (), Place("a.py", 40)),
    ],
)
def test_a_sentence_over_several_lines_is_cited_by_the_one_that_speaks_of_the_thing(sentence: str, names: tuple[str, ...], expected: Place):
    assert _WORDING.place_of(sentence, names) == expected


def test_where_no_line_is_known_the_place_of_the_text_is_cited():
    assert Wording(_TEXT, Place("arn:aws:bedrock:x"), "its instructions").place_of("Be kind.") == Place("arn:aws:bedrock:x")

"""Whether a value stands in a text, and what values a text holds."""

from __future__ import annotations

from typing import Any

import pytest

from remit.decide.arguments import Language, Position, language_of, leaves, position_of
from remit.decide.provenance import Shape, amounts, candidates, folded_text, folded_value, shape_of, stands_in, texts_in, tokens


@pytest.mark.parametrize(
    ("value", "text", "stands"),
    [
        ("a@example.com", "Mail a@example.com, please.", True),
        ("A@Example.COM", "mail a@example.com", True),
        ("a@example.com", "mail aa@example.com", False),
        ("a@example.com", "mail a@example.community", False),
        ("a@example.com", "mail a@example.com.evil.net", False),
        ("a@example.com", "mail a@example.com.", True),
        ("x-9", "ticket x-99", False),
        ("x-9", "ticket x-9-1", False),
        ("x-9", "ticket (x-9)", True),
        ("12", "1200", False),
        ("12", "12.50", False),
        ("12.5", "12.50 usd", False),
        ("jane doe", "Jane   Doe wrote", True),
        ("jane", "janet", False),
        ("/data/x", "open /data/x now", True),
        ("/data", "open /data/x now", True),
        ("é", "caf\u0065\u0301", False),
        ("café", "cafe\u0301", True),
    ],
)
def test_a_value_stands_in_a_text_as_whole_words_only(value: str, text: str, stands: bool) -> None:
    folded = folded_value(value)
    assert folded is not None
    assert stands_in(folded, folded_text(text)) is stands


@pytest.mark.parametrize(
    ("value", "folded"),
    [
        (True, None),
        ("", None),
        (5, "5"),
        (5.0, "5"),
        ("5.00", "5"),
        (0.1, "0.1"),
        ("  A  b ", "a b"),
        (1e300, "1" + "0" * 300),
        (float("inf"), "Infinity"),
    ],
)
def test_values_compare_folded(value: Any, folded: str | None) -> None:
    found = folded_value(value)
    assert found == folded or (found is not None and folded is not None and found.lower() in ("inf", folded.lower()))


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        ("a@example.com", Shape.MAIL),
        ("https://example.com/x", Shape.URL),
        ("example.com", Shape.HOST),
        ("10.0.0.1", Shape.HOST),
        ("de12345678901234567890", Shape.ACCOUNT),
        ("de12 3456 7890 1234 5678 90", Shape.ACCOUNT),
        ("12345678", Shape.ACCOUNT),
        ("4111-1111-1111-1111", Shape.ACCOUNT),
        ("sk-live-0123456789abcdefghij", Shape.KEY),
        ("hello", None),
        ("hello there", None),
        ("1234", None),
    ],
)
def test_a_value_has_its_shape(value: str, shape: Shape | None) -> None:
    assert shape_of(value) is shape


def test_candidates_are_counted_once_however_they_are_written() -> None:
    text = folded_text("IBAN DE12 3456 7890 1234 5678 90 (DE12345678901234567890), mail a@example.com.")
    assert candidates(text, Shape.ACCOUNT) == {"de12345678901234567890"}
    assert candidates(text, Shape.MAIL) == {"a@example.com"}
    assert amounts(folded_text("Total: $1,200.50, paid 1200.50 USD")) == {"1200.5"}


def test_words_of_a_text_are_values_too() -> None:
    assert {"a", "98.7", "key=value", "value", "b"} <= set(tokens("a 98.70 key=value (b)."))


def test_every_text_in_a_json_value_is_found() -> None:
    assert list(texts_in({"a": ["x", {"b": "y"}, 5, True, None]})) == ["x", "y", "5"]


@pytest.mark.parametrize(
    ("tool", "argument", "language"),
    [
        ("run", "command", Language.SHELL),
        ("run", "shellCommand", Language.SHELL),
        ("anything", "sql", Language.SQL),
        ("anything", "SQL-Query", Language.SQL),
        ("run_query", "query", Language.SQL),
        ("web_search", "query", None),
        ("read_file", "path", None),
        ("bash", "script", Language.SHELL),
        ("render", "script", None),
    ],
)
def test_an_argument_is_a_statement_by_tool_and_name(tool: str, argument: str, language: Language | None) -> None:
    assert language_of("mcp:x", tool, argument) is language


@pytest.mark.parametrize(
    ("argument", "position"),
    [
        ("to", Position.WHOM),
        ("recipientEmail", Position.WHOM),
        ("webhook_url", Position.WHERE),
        ("file_path", Position.OBJECT),
        ("amount", Position.AMOUNT),
        ("body", Position.CARRIED),
        ("subject", Position.CARRIED),
        ("frobnication", Position.UNKNOWN),
    ],
)
def test_an_argument_says_what_its_name_says(argument: str, position: Position) -> None:
    assert position_of(argument) is position


def test_leaves_take_the_position_of_the_nearest_known_name() -> None:
    found = list(leaves({"to": [{"name_": "x", "email": "a@b"}], "message": {"to": "c", "text": "d"}, "n": None}))
    assert found == [
        ("to", Position.WHOM, "x"),
        ("to", Position.WHOM, "a@b"),
        ("message", Position.WHOM, "c"),
        ("message", Position.CARRIED, "d"),
    ]

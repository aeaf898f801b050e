"""Destinations written so that they are overlooked, and texts written so that reading them takes long."""

from __future__ import annotations

from typing import Any

import pytest

from remit.decide.destinations import goes_outside, hosts_in_text
from remit.decide.provenance import Shape, candidates
from remit.model.decision import Request

TRANSMIT = frozenset({"transmit"})
LONG = 200_000


def why(arguments: dict[str, Any], verbs: frozenset[str] = TRANSMIT) -> str | None:
    return goes_outside(Request(agent="a", system="mcp:m", action="send", resource="send", arguments=arguments), ("example.com",), verbs)


@pytest.mark.parametrize(
    "value",
    [
        "https://example.com\t.evil.net",
        "https://example.com\n.evil.net",
        "https://example.com\r\n-evil.net",
        "http\n://evil.net",
        "/\n/evil.net",
        "jdbc:postgresql://evil.net/db",
        "view-source:https://evil.net",
        "blob:https://evil.net/x",
        "a:b:c:https://evil.net",
        "evil.net|example.com",
        "::1",
        "2001:db8::1",
        True,
        "  ",
    ],
)
def test_a_destination_in_disguise_is_not_inside(value: Any) -> None:
    assert why({"to": value}) is not None


@pytest.mark.parametrize(
    "value",
    [
        "https://a.example.com/\nhttps://b.example.com/",
        "dana@example.com\nkim@example.com",
        "jdbc:postgresql://db.example.com/costs",
        "#finance|#ops",
        "10:30",
        "@dana\n@kim",
    ],
)
def test_an_honest_destination_is_inside(value: str) -> None:
    assert why({"to": value}) is None


def test_an_address_behind_a_quote_is_found_in_a_text() -> None:
    assert hosts_in_text("mail \"dana@example.com\"'kim@evil.net' now") == ["example.com", "evil.net"]


@pytest.mark.parametrize("unit", ["`", "a", "a.", "a@", "a:", "a-", "@", "%"])
def test_a_long_run_is_not_read_once_for_each_of_its_letters(unit: str) -> None:
    # A reader that starts anew at each letter would need hours for this.
    hosts_in_text(unit * (LONG // len(unit)))
    candidates(unit * (LONG // len(unit)), Shape.MAIL)
    candidates(unit * (LONG // len(unit)), Shape.URL)


@pytest.mark.parametrize(
    ("shape", "text", "expected"),
    [
        (Shape.MAIL, "write to dana.k+x@example.com, or kim@example.com.", {"dana.k+x@example.com", "kim@example.com"}),
        (Shape.MAIL, "@example.com alone", set()),
        (Shape.URL, "see https://example.com/a, (1http://example.com/b)", {"https://example.com/a", "http://example.com/b"}),
        (Shape.URL, "://example.com", set()),
    ],
)
def test_addresses_in_a_text_are_candidates(shape: Shape, text: str, expected: set[str]) -> None:
    assert candidates(text, shape) == expected

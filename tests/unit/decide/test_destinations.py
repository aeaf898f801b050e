"""Where a request sends something to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from remit.decide.destinations import goes_outside
from remit.model.decision import Request

CASES: dict[str, list[Any]] = yaml.safe_load(
    (Path(__file__).parents[2] / "cases" / "decide" / "destinations.yaml").read_text(encoding="utf-8")
)
TRANSMIT = frozenset({"transmit"})


def why(arguments: dict[str, Any], *, verbs: frozenset[str] = TRANSMIT, system: str = "mcp:mail", resource: str = "send") -> str | None:
    request = Request(
        agent="a", system=system, action="send" if system.startswith("mcp:") else "transmit", resource=resource, arguments=arguments
    )
    return goes_outside(request, ("example.com",), verbs)


@pytest.mark.parametrize("value", CASES["inside"])
@pytest.mark.parametrize("argument", ["to", "url"])
def test_a_destination_inside_is_inside(argument: str, value: Any) -> None:
    assert why({argument: value}) is None


@pytest.mark.parametrize("value", CASES["outside"])
@pytest.mark.parametrize("argument", ["to", "url"])
def test_a_destination_outside_or_unreadable_is_not_inside(argument: str, value: Any) -> None:
    assert why({argument: value}) is not None


@pytest.mark.parametrize("value", [value for value in CASES["outside"] if "@" in str(value) or "://evil" in str(value)])
def test_an_unknown_tool_is_met_by_an_address_in_any_argument(value: str) -> None:
    assert why({"x": value}, verbs=frozenset()) is not None


@pytest.mark.parametrize(
    "arguments",
    [
        {"to": ["dana@example.com", "eve@evil.example.net"]},
        {"recipients": [{"email": "eve@evil.example.net"}]},
        {"message": {"to": "eve@evil.example.net", "text": "x"}},
        {"To": "eve@evil.example.net"},
        {"toAddress": "eve@evil.example.net"},
        {"webhook-url": "https://evil.example.net"},
    ],
)
def test_destinations_are_found_wherever_they_stand(arguments: dict[str, Any]) -> None:
    assert why(arguments) is not None


@pytest.mark.parametrize("arguments", [{}, {"body": "x"}, {"to": ""}, {"to": None}, {"to": []}, {"to": {}}])
def test_a_transmit_without_a_destination_is_not_inside(arguments: dict[str, Any]) -> None:
    assert why(arguments) is not None


def test_another_verb_without_a_destination_is_inside() -> None:
    assert why({}, verbs=frozenset({"read"})) is None


def test_text_that_is_carried_is_no_destination_of_a_known_tool() -> None:
    assert why({"to": "dana@example.com", "body": "https://evil.example.net"}) is None


def test_the_resource_of_a_system_that_is_no_tool_is_a_destination() -> None:
    assert why({}, system="slack:main", resource="channel/#fin") is None
    assert why({}, system="mail:main", resource="eve@evil.example.net") is not None


def test_a_listed_domain_in_its_own_letters_matches_its_ascii_form() -> None:
    request = Request(agent="a", system="mcp:mail", action="send", resource="send", arguments={"to": "a@xn--bcher-kva.example"})
    assert goes_outside(request, ("bücher.example",), TRANSMIT) is None


def test_the_reason_names_the_domains_that_would_be_inside() -> None:
    assert why({"to": "eve@evil.test"}) == "a destination is outside `example.com`"

from tests.unit.points.authzen.fakes import ReadOnlyDecide

from remit.contracts.registry import find
from remit.model.decision import Request
from remit.points.authzen.point import POINT


def test_the_registry_finds_it() -> None:
    assert find("POINT")["authzen"] is POINT


def test_a_request_keeps_its_meaning_over_the_wire() -> None:
    decide = ReadOnlyDecide()
    request = Request(
        agent="a", system="mcp:files", action="read_file", resource="read_file", arguments={"depth": [1, {"x": "y"}]}, session="s"
    )
    assert POINT.ask(decide, request).is_allowed
    assert decide.asked == [request]


def test_a_denial_says_why() -> None:
    seen = POINT.ask(ReadOnlyDecide(), Request(agent="a", system="aws:s3", action="delete", resource="x"))
    assert not seen.is_allowed
    assert "it may only read" in seen.text


def test_garbage_is_never_allowed_and_always_answered() -> None:
    answered = list(POINT.garbage(ReadOnlyDecide()))
    assert len(answered) > 20
    assert [what for what, seen in answered if seen.is_allowed or len(seen.text) < 10] == []

"""The point kit on every point, found by its folder alone; and the kit itself, on points that do one thing wrong."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from tests.kits.plugins.doorman.point import Doorman

from remit.contracts import registry
from remit.contracts.point import Decide, Point, Seen
from remit.model.decision import Request
from remit.testing.kits.point import built_in_cases, violations

POINTS = registry.find("POINT", extra=["tests.kits.plugins"])


def test_a_point_is_found_by_its_folder_alone():
    assert {"mcp", "authzen", "doorman"} <= POINTS.keys()


@pytest.mark.parametrize("name", sorted(POINTS))
def test_the_point_passes_the_kit(name: str):
    assert violations(POINTS[name]) == []


class _Open(Doorman):
    def ask(self, decide: Decide, request: Request) -> Seen:
        super().ask(decide, request)
        return Seen(True, "come in")


class _Deaf(Doorman):
    def ask(self, decide: Decide, request: Request) -> Seen:
        return super().ask(decide, Request(agent=request.agent, system=request.system, action=request.action, resource=request.action))


class _Silent(Doorman):
    def ask(self, decide: Decide, request: Request) -> Seen:
        return Seen(super().ask(decide, request).is_allowed, "")


class _Loud(Doorman):
    def ask(self, decide: Decide, request: Request) -> Seen:
        seen = super().ask(decide, request)
        return Seen(seen.is_allowed, seen.text + request.action)


class _Fragile(Doorman):
    def ask(self, decide: Decide, request: Request) -> Seen:
        (decision,) = decide([request])
        return Seen(decision.outcome.value == "allow", f"{request.action} {decision.because} {decision.path}:{decision.line}")


class _Lenient(Doorman):
    def ask(self, decide: Decide, request: Request) -> Seen:
        seen = super().ask(decide, request)
        return Seen(seen.is_allowed or "Error" in seen.text, seen.text)


class _Gullible(Doorman):
    def garbage(self, decide: Decide) -> Iterable[tuple[str, Seen]]:
        return [(what, Seen(True, "come in")) for what, _ in super().garbage(decide)]


class _Untried(Doorman):
    def garbage(self, decide: Decide) -> Iterable[tuple[str, Seen]]:
        return []


@pytest.mark.parametrize(
    ("point", "told"),
    [
        (_Open(), "the caller saw an allow"),
        (_Deaf(), "what was decided on is not what was asked"),
        (_Silent(), "does not name the line"),
        (_Loud(), "control characters"),
        (_Fragile(), "the point failed with"),
        (_Lenient(), "a decider that fails: allowed"),
        (_Gullible(), "garbage"),
        (_Untried(), "only 0 sorts of garbage"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Doorman) else "",
)
def test_the_kit_tells_what_a_point_does_wrong(point: Point, told: str):
    assert any(told in violation for violation in violations(point))


def test_the_cases_hold_allows_and_denials_of_every_sort():
    from remit.decide.engine import decide
    from remit.decide.limits import NOTHING_SPENT
    from remit.testing.kits.point import NOW_NS

    steps = {decide(case.index(), case.request, None, NOTHING_SPENT, NOW_NS / 1e9).step.name for case in built_in_cases()}
    assert steps >= {"STANDING", "NEVER", "CAPABILITY", "NO_MATCH"}

"""Recorded use decided again."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from tests.unit.remedy.conftest import use

from remit.model.access import Verdict
from remit.model.event import Use
from remit.model.plan import Replay
from remit.remedy.replay import Decides, replay

YES, NO, EXPLICIT = Verdict(is_allowed=True), Verdict(is_allowed=False), Verdict(is_allowed=False, is_explicit=True)
HANGS, MORE = Verdict(is_allowed=False, depends_on=("ip",)), Verdict(is_allowed=False, depends_on=("ip", "mfa"))


def always(verdict: Verdict) -> Decides:
    return lambda _principal, _action, _resource, _columns: verdict


@pytest.mark.parametrize(
    ("before", "after", "denied", "why", "unexplained"),
    [
        (YES, YES, 0, "", 0),
        (YES, NO, 1, "nothing would allow it", 0),
        (YES, EXPLICIT, 1, "a denial would say so", 0),
        (YES, HANGS, 1, "it would depend on ip", 0),
        (HANGS, HANGS, 0, "", 0),
        (HANGS, MORE, 1, "it would depend on ip, mfa", 0),
        (MORE, HANGS, 0, "", 0),
        (HANGS, NO, 1, "nothing would allow it", 0),
        (HANGS, YES, 0, "", 0),
        (NO, NO, 0, "", 1),
    ],
)
def test_a_call_is_denied_by_the_plan_only_where_the_plan_makes_the_difference(
    before: Verdict, after: Verdict, denied: int, why: str, unexplained: int
):
    shown = replay([use("maid", "open", "linen")], always(before), always(after))
    assert (len(shown.replay.would_deny), len(shown.unexplained)) == (denied, unexplained)
    assert [item.why for item in shown.replay.would_deny] == [why] * denied
    assert shown.replay.calls == 3


def test_calls_that_were_never_allowed_do_not_count():
    assert replay([use("maid", "open", "linen", allowed=0)], always(YES), always(NO)).replay == Replay(calls=0, would_deny=())


def test_each_distinct_call_is_decided_once_however_many_agents_made_it():
    asked: list[tuple[str, ...]] = []

    def after(principal: str, action: str, resource: str, columns: Sequence[str]) -> Verdict:
        asked.append((principal, action, resource))
        return NO

    shown = replay([use("maid", "open", "linen", agent=agent) for agent in ("tidy", "sort", "")], always(YES), after)
    assert asked == [("cabinet:hall/maid", "open", "linen")]
    assert [item.agent for item in shown.replay.would_deny] == ["tidy", "sort", ""]


def test_most_called_first_and_an_unknown_resource_is_said():
    uses: list[Use] = [use("maid", "open", "linen"), use("maid", "open", "*", allowed=9)]
    first, second = replay(uses, always(YES), always(NO)).replay.would_deny
    assert (first.calls, first.why) == (9, "nothing would allow it; the record does not say on which resource it was")
    assert second.calls == 3

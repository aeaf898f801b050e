"""Which single change of a remit turns a decision, tried with the engine."""

from __future__ import annotations

import pytest

from remit.document.parse import parse_or_raise
from remit.model.agent import AgentState
from remit.model.decision import Outcome
from remit.model.event import Event, Result
from remit.understand.turning import why

REMIT = """\
remit: 1
agent: desk
purpose: Keep the tickets.
owner: {{contact: dana@lumen.example}}
objectives:
  keep:
    why: Tickets are kept.
    can:
      - {{call: "mcp:tickets", resource: read}}
      - {{call: "mcp:tickets", resource: write, where: {{project: FIN}}}}
      - {{call: "mcp:tickets", resource: drop}}
      - {{call: "mcp:tickets", resource: send}}
      - {{pay: "mcp:tickets", resource: refund, where: {{account: DE1}}}}
never:
  - {{call: "mcp:tickets", resource: drop}}
  - {{call: "mcp:tickets", resource: send, where: {{project: HR}}}}
limits: {{pay: 100 EUR/day}}
mode: {mode}
"""


def _event(resource: str, outcome: Outcome, would: Outcome | None = None) -> Event:
    result = Result.ALLOWED if outcome is Outcome.ALLOW else Result.DENIED
    said = {"action": resource, "resource": resource, "place": "x:1", "agent": "desk"}
    when = "2026-11-26T10:00:00Z"
    return Event(
        id="d", source="decisions:x", happened=when, principal="", system="mcp:tickets", result=result, outcome=outcome, would=would, **said
    )


@pytest.mark.parametrize("mode", ["enforce", "observe", "ask"])
@pytest.mark.parametrize(
    ("resource", "is_allowed", "rule", "turn", "proposal"),
    [
        ("read", True, "objectives.keep.can[0]", "take away `objectives.keep.can[0]` (remit.yaml:9)", ""),
        ("drop", False, "never[0]", "take away `never[0]` (remit.yaml:15)", ""),
        ("other", False, "", "add this line", '- {call: "mcp:tickets", resource: "other"}'),
        ("write", False, "", "`objectives.keep.can[1]` (remit.yaml:10) allows it within its `where`", ""),
        ("refund", False, "", "`objectives.keep.can[4]` (remit.yaml:13) allows it within its `where`", ""),
        ("refund", True, "objectives.keep.can[4]", "whatever they are: take away `objectives.keep.can[4]` (remit.yaml:13)", ""),
        ("send", False, "never[1]", "take away `never[1]` (remit.yaml:16)", ""),
        ("send", True, "objectives.keep.can[3]", "whatever they are: take away `objectives.keep.can[3]` (remit.yaml:12)", ""),
        ("read", False, "objectives.keep.can[0]", "values of arguments, which the record does not keep", ""),
    ],
)
def test_the_change_that_turns_a_decision_is_the_same_in_every_mode(
    mode: str, resource: str, is_allowed: bool, rule: str, turn: str, proposal: str
):
    remit = parse_or_raise(REMIT.format(mode=mode).encode(), "remit.yaml")
    denied = (Outcome.ALLOW, Outcome.DENY) if mode == "observe" else (Outcome.DENY, None)
    event = _event(resource, *((Outcome.ALLOW, None) if is_allowed else denied))
    found = why(event, remit, AgentState.ACTIVE, [], 1_800_000_000.0)
    assert (found.rule, found.proposal, found.would) == (rule, proposal, event.would)
    assert turn in found.turn
    assert found.is_otherwise is (resource == "read" and not is_allowed)

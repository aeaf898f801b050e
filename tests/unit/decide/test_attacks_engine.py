"""Requests that hide what they ask for in the shape of their arguments."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from remit.decide.definition import allowed
from remit.decide.engine import decide
from remit.decide.index import build_index
from remit.decide.limits import NOTHING_SPENT
from remit.document.parse import parse_or_raise
from remit.model.agent import AgentState
from remit.model.decision import Request
from remit.model.remit import Remit

NOW = 1_800_000_000.0


def remit_of(can: list[dict[str, Any]], never: list[dict[str, Any]]) -> Remit:
    document = {
        "remit": 1,
        "agent": "a",
        "purpose": "p",
        "owner": {"contact": "dana@example.com"},
        "objectives": {"one": {"why": "w", "can": can}},
        "never": never,
    }
    return parse_or_raise(yaml.safe_dump(document, sort_keys=False), "a.yaml")


def outcome(remit: Remit, action: str, arguments: dict[str, Any]) -> str:
    request = Request(agent="a", system="mcp:m", action=action, resource=action, arguments=arguments)
    decision = decide(build_index([remit], {"a": AgentState.ACTIVE}), request, None, NOTHING_SPENT, NOW)
    assert allowed(remit, AgentState.ACTIVE, request, None, NOTHING_SPENT, NOW) is decision.outcome
    return decision.outcome.value


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"params": {"sql": "delete from x"}}, "deny"),
        ({"queries": ["select 1", "delete from x"]}, "deny"),
        ({"statements": [{"sql": "drop table x"}]}, "deny"),
        ({"sql": {"text": "delete from x"}}, "deny"),
        ({"sql": {"text": "select 1", "note": "select 2"}}, "allow"),
        ({"queries": ["select 1", "select 2"]}, "allow"),
        ({"note": {"text": "delete from x"}}, "allow"),
        ({"rows": [[1, 2]] * 20_000}, "allow"),
    ],
)
def test_a_forbidden_verb_is_found_in_a_statement_at_any_depth(arguments: dict[str, Any], expected: str) -> None:
    assert outcome(remit_of([{"call": "mcp:m", "resource": "*"}], [{"delete": "*"}]), "run_sql", arguments) == expected

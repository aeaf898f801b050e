"""Every case of tests/cases/decide/lines.yaml: the outcome and the step, by the engine and by its definition."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from remit.contracts.system import Vocabulary
from remit.decide.definition import allowed
from remit.decide.engine import decide
from remit.decide.index import build_index
from remit.decide.limits import NOTHING_SPENT
from remit.document.parse import parse_or_raise
from remit.model.agent import AgentState
from remit.model.decision import Request
from remit.model.remit import Remit
from remit.model.verbs import Verb

NOW = 1_800_000_000.0
VOCABULARIES = (
    Vocabulary(kind="aws", verbs={"s3:getobject": Verb.READ, "s3:deleteobject": Verb.DELETE}, fold=str.lower, is_complete=True),
    Vocabulary(kind="postgres", verbs={"select": Verb.READ}, fold=str.lower, is_complete=True),
    Vocabulary(
        kind="mcp",
        verbs={
            "write_file": Verb.UPDATE,
            "delete_file": Verb.DELETE,
            "send_email": Verb.TRANSMIT,
            "read_file": Verb.READ,
            "run": Verb.EXECUTE,
        },
        fold=str,
        is_complete=False,
    ),
)
GROUPS: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parents[2] / "cases" / "decide" / "lines.yaml").read_text(encoding="utf-8"))


def remit_of(group: dict[str, Any]) -> Remit:
    document = {
        "remit": 1,
        "agent": "a",
        "purpose": "p",
        "owner": {"contact": "dana@example.com"},
        "objectives": {"one": {"why": "w", "can": group["can"]}},
        **{key: group[key] for key in ("never", "limits", "mode") if key in group},
    }
    return parse_or_raise(yaml.safe_dump(document, sort_keys=False), "a.yaml")


@pytest.mark.parametrize(
    ("group", "name"), [pytest.param(group, name, id=f"{group['about']}: {name}") for group in GROUPS for name in group["cases"]]
)
def test_a_request_is_decided_as_its_case_says(group: dict[str, Any], name: str) -> None:
    system, action, resource, arguments, outcome, step = group["cases"][name]
    request = Request(agent="a", system=system, action=action, resource=action if resource is None else resource, arguments=arguments)
    remit = remit_of(group)
    decision = decide(build_index([remit], {"a": AgentState.ACTIVE}, VOCABULARIES), request, None, NOTHING_SPENT, NOW)
    assert (decision.outcome.value, decision.step.name.lower()) == (outcome, step), decision.because
    assert allowed(remit, AgentState.ACTIVE, request, None, NOTHING_SPENT, NOW, VOCABULARIES).value == outcome


def test_names_of_cases_are_used_once() -> None:
    names = [name for group in GROUPS for name in group["cases"]]
    assert len(names) == len(set(names)) >= 100

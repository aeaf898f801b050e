"""Which agent a free label names."""

from __future__ import annotations

import pytest
from tests.unit.watch.records import known

from remit.model.labels import AgentLabels, folded, says_copy

AGENTS = [
    known("cost-triage").agent,
    known("cost-triage-eu").agent,
    known("planner", name="The Planner").agent,
    known("app").agent,
    known("release-notes-agent").agent,
    known("claims-intake").agent,
    known("claims-intake-agent").agent,
    known("mail-agent").agent,
    known("twin-a", name="Twin Agent").agent,
    known("twin-b", name="twin_agent").agent,
]


@pytest.mark.parametrize(
    ("label", "slug"),
    [
        ("cost-triage", "cost-triage"),
        ("Cost_Triage", "cost-triage"),
        ("cost.triage", "cost-triage"),
        ("cost-triage-7f3a", "cost-triage"),
        ("cost-triage-worker", "cost-triage"),
        ("cost-triage-eu-2", "cost-triage-eu"),
        ("cost", None),
        ("costtriage", None),
        ("my-cost-triage", None),
        ("the planner", "planner"),
        ("planner", "planner"),
        ("planner-0af3", "planner"),
        ("planner-prod", "planner"),
        ("planner-dashboard", None),
        ("app", None),
        ("app-7", None),
        ("release-notes", "release-notes-agent"),
        ("release-notes-7", "release-notes-agent"),
        ("claims-intake", "claims-intake"),
        ("claims-intake-agent-7", "claims-intake-agent"),
        ("mail", None),
        ("twin-agent", None),
        ("twin-agent-7", None),
        ("twin-a", "twin-a"),
        ("", None),
        ("\x1b[2J", None),
        ("i-0123456789abcdef0", None),
        ("botocore-session-1700000000", None),
        ("x" * 10_000, None),
    ],
)
def test_a_label_names(label: str, slug: str | None) -> None:
    assert AgentLabels(AGENTS).named_by(label) == slug


def test_a_copy_does_not_take_the_name_of_what_it_is_a_copy_of() -> None:
    original = known("triage-desk-services", name=None, copies=("triage-desk",)).agent
    copy = known("triage-desk", name=None, at="archive/triage/agent.py:1", copies=("triage-desk-services",)).agent
    renamed = known("sales-desk", at="old/sales/agent.py:1", copies=("triage-desk-services",)).agent
    labels = AgentLabels([copy, original, renamed])
    assert labels.named_by("triage-desk-7f3a") == "triage-desk-services"
    assert labels.named_by("sales-desk") == "sales-desk"


def test_a_name_in_full_is_no_beginning() -> None:
    labels = AgentLabels(AGENTS)
    assert labels.called("Cost Triage") == "cost-triage"
    assert labels.called("cost-triage-7f3a") is None


def test_letter_case_and_separators_do_not_count() -> None:
    assert folded("Cost_Triage.EU v2") == "cost-triage-eu-v2"


@pytest.mark.parametrize(
    ("path", "is_copy"),
    [
        ("services/triage/agent.py", False),
        ("archive/triage/agent.py", True),
        ("sandbox/triage-copy/agent.py", True),
        ("old/triage_backup/agent.py", True),
        ("experiments/triage2/agent.py", True),
        ("services/triage/agent.bak.py", True),
        ("services/gold-trading/agent.py", False),
        ("services/copywriter/agent.py", False),
    ],
)
def test_a_path_says_that_it_is_a_copy(path: str, is_copy: bool) -> None:
    assert says_copy(known("triage", at=f"{path}:1").agent) is is_copy

"""Every case of tests/cases/understand/drafts.yaml; each line has its sources, and goes with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from msgspec.structs import replace
from tests.unit.understand.worlds import AGENT_FILE, lines_of, material_of

from remit.model.draft import Origin
from remit.understand.draft import draft
from remit.understand.marks import unmarked
from remit.understand.needs import needs_of

CASES: list[dict[str, Any]] = yaml.safe_load(
    (Path(__file__).parents[2] / "cases" / "understand" / "drafts.yaml").read_text(encoding="utf-8")
)
IDS = [case["name"] for case in CASES]


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_evidence_becomes_lines_with_their_origins(case: dict[str, Any]) -> None:
    found = draft(material_of(case))
    assert lines_of(found, only_used=False) == sorted(case["lines"])
    assert lines_of(found, only_used=True) == sorted(case.get("only_used", []))
    assert sorted(f"{line.verb} | {line.system} | {line.resource}" for line in found.withheld) == sorted(case.get("withheld", []))
    never = [" | ".join((line.verb, line.system, line.resource, *line.outside)) for line in found.never]
    assert sorted(never) == sorted(case.get("never", []))
    for words in case.get("unresolved", []):
        assert any(words in item.what for item in found.unresolved), found.unresolved
    assert bool(found.unresolved) == bool(case.get("unresolved"))


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_what_only_use_shows_is_not_needed(case: dict[str, Any]) -> None:
    found = draft(material_of(case))
    needed = {(need.verb, need.resource) for need in needs_of(found).needs}
    assert not any(line.is_observed_only and (line.verb, line.resource) in needed for line in found.lines)
    for line in found.lines:
        assert line.is_observed_only == ({reason.origin for reason in line.reasons} == {Origin.OBSERVED})


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_a_line_goes_when_its_evidence_goes(case: dict[str, Any]) -> None:
    material = material_of(case)
    bare = replace(
        material, agent=replace(material.agent, purpose=None, inferred_actions=(), tools=None, model=None), texts=(), mcp_servers=()
    )
    assert lines_of(draft(bare), only_used=False) == []
    assert not draft(replace(bare, uses=())).lines


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_every_reason_has_a_place_that_was_given(case: dict[str, Any]) -> None:
    given = {AGENT_FILE, "remit.yaml", "mcp.json", "log:1"}
    for line in draft(material_of(case)).lines:
        assert line.reasons
        assert {reason.because.place.path for reason in line.reasons} <= given


def test_objectives_are_named_after_what_is_declared() -> None:
    purpose = "You are the billing bot. Explain cost anomalies from s3://exports/daily/. Open a ticket in the queue triage-jobs."
    found = draft(material_of({"purpose": purpose, "code": [["ce:GetCostAndUsage", None]]}))
    assert [(objective.name, objective.why) for objective in found.objectives] == [
        ("explain-cost-anomalies", "Explain cost anomalies from s3://exports/daily/."),
        ("open-ticket", "Open a ticket in the queue triage-jobs."),
    ]
    assert found.purpose == "You are the billing bot. Explain cost anomalies from s3://exports/daily/."
    assert all(str(because.place).startswith(AGENT_FILE) for objective in found.objectives for because in objective.because)


def test_without_words_the_objective_says_that_they_are_missing() -> None:
    found = draft(material_of({"code": [["ce:GetCostAndUsage", None]]}))
    assert (found.purpose, found.purpose_because) == ("", None)
    assert [objective.name for objective in found.objectives] == ["work-of-worker"]
    assert "its owner must" in found.objectives[0].why


def test_the_same_evidence_gives_the_same_draft() -> None:
    for case in CASES:
        assert draft(material_of(case)) == draft(material_of(case))


def test_names_are_short_and_sentences_are_without_marks() -> None:
    purpose = "### Bills\n**Remind** owners of `animals` of bills that are unpaid.\nRead s3://exports/daily/ of that day."
    found = draft(material_of({"purpose": purpose, "code": [["ce:GetCostAndUsage", None]]}))
    assert found.purpose == "Remind owners of animals of bills that are unpaid. Read s3://exports/daily/ of that day."
    assert ("remind-owners", "Remind owners of animals of bills that are unpaid.") in {(one.name, one.why) for one in found.objectives}


@pytest.mark.parametrize(
    ("marked", "plain"),
    [
        ("### Run tests", "Run tests"),
        ("- [ ] do [this](https://example.com/x) *now*", "do this now"),
        ("read `my_table`, __init__.py and _never_ a * b", "read my_table, __init__.py and never a * b"),
        ("snake_case_name and *.csv stay", "snake_case_name and *.csv stay"),
    ],
)
def test_marks_go_and_names_stay(marked: str, plain: str) -> None:
    assert unmarked(marked) == plain


def test_what_words_forbid_goes_before_what_the_draft_needs() -> None:
    purpose = "Read the booking requests in the bucket kestrel-bookings under requests/. Never delete a booking."
    needs = needs_of(draft(material_of({"purpose": purpose, "code": [["s3:GetObject", "arn:aws:s3:::kestrel-bookings/requests/*"]]})))
    assert [(one.verb, one.resource, one.rule) for one in needs.forbidden] == [
        ("delete", "arn:aws:s3:::kestrel-bookings/requests/*", "never[0]")
    ]

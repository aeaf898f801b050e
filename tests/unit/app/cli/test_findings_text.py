"""Findings as a person reads them: few are told one by one, many of one rule once."""

from __future__ import annotations

import msgspec
import pytest

from remit.app.cli.findings_text import show_findings
from remit.model.finding import Finding, FindingState, Severity


def found(number: int, rule: str, severity: Severity = Severity.MEDIUM, state: FindingState = FindingState.OPEN) -> Finding:
    return Finding(
        id=f"finding:{number:012x}",
        rule=rule,
        severity=severity,
        agent=f"agent-{number}",
        key="",
        title=f"title of {number}",
        evidence=(f"a/place.py:{number}",),
        owner=None,
        remedy=f"`remit owner agent-{number} PERSON`",
        state=state,
    )


def test_many_of_one_rule_are_said_once_and_each_keeps_its_id_and_agent(capsys: pytest.CaptureFixture[str]):
    show_findings([found(number, "no-owner") for number in range(90)], ["code:shop"])
    shown = capsys.readouterr().out
    assert shown.count("title of") == 1
    assert all(f"finding:{number:012x}  agent-{number}" in shown for number in range(90))
    assert shown.splitlines()[-1] == "90 open (90 medium)"


def test_many_findings_of_few_agents_are_no_many_agents(capsys: pytest.CaptureFixture[str]):
    many = [msgspec.structs.replace(found(number, "out-of-intent"), agent=f"agent-{number % 3}") for number in range(6)]
    show_findings(many, ["code:shop"])
    assert "6 findings of 3 agents; of the first:" in capsys.readouterr().out


def test_few_are_told_each_with_what_to_do(capsys: pytest.CaptureFixture[str]):
    shown = [found(1, "copy", Severity.HIGH), found(2, "no-owner"), found(3, "no-owner", state=FindingState.ACCEPTED)]
    show_findings(shown, ["code:shop"])
    told = capsys.readouterr().out
    assert [told.count(f"to do  `remit owner agent-{number} PERSON`") for number in (1, 2, 3)] == [1, 1, 1]
    assert told.splitlines()[-1] == "2 open (1 high, 1 medium); 1 accepted"

"""The claims of the gateway step look at what the servers wrote down: a gateway that was gone around does not pass."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from remit.demo import checks
from remit.demo.agents import HONEST, POISONED, Task

HONEST_LETTER, HONEST_PAYMENT = HONEST.calls[3].arguments, HONEST.calls[2].arguments


class Told:
    """A shell whose commands answer what they are given."""

    def __init__(self, **answers: Any) -> None:
        self._answers = answers

    def json(self, *words: str) -> Any:
        """The document of this command."""
        return self._answers[words[0]]


def world(folder: Path, letters: list[Any], payments: list[Any], **answers: Any) -> Any:
    """Servers that wrote this down."""
    for name, entries in (("outbox", letters), ("payments", payments)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(dict(entry)) + "\n" for entry in entries), "utf-8")
    return SimpleNamespace(estate=SimpleNamespace(mailroom=folder), shell=Told(**answers))


def obeyed(task: Task) -> tuple[list[Any], list[Any]]:
    """What the servers of an agent without a gateway would write down."""
    letters = [call.arguments for call in task.calls if call.tool == "send_letter"]
    return letters, [call.arguments for call in task.calls if call.tool == "pay_invoice"]


def test_the_honest_task_holds_when_the_servers_wrote_down_just_that(tmp_path: Path) -> None:
    assert checks.the_honest_task_was_done(world(tmp_path, [HONEST_LETTER], [HONEST_PAYMENT])).is_held


@pytest.mark.parametrize(("letters", "payments"), [([], []), ([HONEST_LETTER], []), ([HONEST_LETTER], [HONEST_PAYMENT] * 2)])
def test_less_or_more_than_the_honest_task_does_not_hold(tmp_path: Path, letters: list[Any], payments: list[Any]) -> None:
    assert not checks.the_honest_task_was_done(world(tmp_path, letters, payments)).is_held


def test_with_the_gateway_gone_around_the_poisoned_task_does_not_hold(tmp_path: Path) -> None:
    letters, payments = obeyed(POISONED)
    found = checks.the_poison_reached_no_server(world(tmp_path, [HONEST_LETTER, *letters], [HONEST_PAYMENT, *payments]))
    assert not found.is_held
    assert "tidewater-audit.example" in found.what


def test_behind_the_gateway_what_the_person_asked_for_is_all_that_is_done(tmp_path: Path) -> None:
    own = POISONED.calls[-1].arguments
    assert checks.the_poison_reached_no_server(world(tmp_path, [HONEST_LETTER, own], [HONEST_PAYMENT])).is_held


def test_a_missing_or_foreign_agent_is_named(tmp_path: Path) -> None:
    agents = [{"id": f"agent:{name}"} for name in checks._AGENTS - {"stock-watch"}] + [{"id": "agent:ghost"}]
    found = checks.every_agent_is_found(world(tmp_path, [], [], agents={"agents": agents}))
    assert found.what == "missing: stock-watch; nobody's: ghost"


def test_a_finding_without_evidence_or_one_that_is_accepted_does_not_count(tmp_path: Path) -> None:
    def found(state: str, evidence: list[str]) -> bool:
        one = {"rule": "out-of-intent", "agent": "agent:supplier-desk", "state": state, "evidence": evidence, "title": ""}
        return checks.what_was_denied_is_a_finding(world(tmp_path, [], [], findings={"findings": [one]})).is_held

    assert found("open", ["state/remit/decisions/decisions.jsonl:6"])
    assert not found("open", [])
    assert not found("accepted", ["state/remit/decisions/decisions.jsonl:6"])

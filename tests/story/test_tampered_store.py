"""A store whose rows somebody edited by hand: nothing counts that was not signed, the agent is denied, and all else goes on."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.story.test_loop_commands import Desk

Row = dict[str, Any]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A machine with the examples connected and two remits approved."""
    made = Desk(tmp_path)
    made.run("connect", "code", "examples/company")
    made.approved("cost-triage")
    made.approved("invoice-desk")
    return made


def _edit(desk: Desk, agent: str, change: Callable[[Row], Row]) -> None:
    """Puts another body into the newest approval of an agent, as a person with the file at hand would."""
    (path,) = (desk.folder / "data").rglob("store.sqlite3")
    connection = sqlite3.connect(path)
    with connection:
        (sequence, body), *_ = connection.execute(
            "SELECT sequence, body FROM remit_record WHERE kind = 'remit' AND key LIKE ? ORDER BY sequence DESC", (f"{agent}@%",)
        )
        connection.execute("UPDATE remit_record SET body = ? WHERE sequence = ?", (json.dumps(change(json.loads(body))), sequence))
    connection.close()


CHANGES: dict[str, Callable[[Row], Row]] = {
    "its approvers": lambda row: {**row, "document": row["document"].replace("dana@lumen.example", "eve@lumen.example")},
    "its form": lambda _row: {"nothing": 1},
}


@pytest.mark.parametrize("what", CHANGES)
def test_an_edited_approval_stops_its_agent_alone_and_its_approvers_mend_it(desk: Desk, what: str) -> None:
    _edit(desk, "cost-triage", CHANGES[what])
    assert desk.json("agent", "cost-triage")["remit_fault"]
    assert desk.json("agent", "invoice-desk")["remit_fault"] is None
    desk.run("agents")
    desk.run("scan")
    desk.run("plan", "invoice-desk")
    for words in (["plan", "cost-triage"], ["retire", "cost-triage", "--as", "eve@lumen.example"]):
        assert "remit" in desk.run(*words, code=1).stderr
    assert "agent:cost-triage" in desk.run("doctor", code=1).stdout
    refused = desk.run("gateway", "--agent", "cost-triage", "--name", "x", "--", "true", code=1)
    assert "approve the file again" in refused.stderr or "damaged" in refused.stderr
    desk.run("approve", "examples/remits/cost-triage.yaml", "--as", "eve@lumen.example", code=1)
    desk.run("approve", "examples/remits/cost-triage.yaml", "--as", "dana@lumen.example")
    assert desk.json("agent", "cost-triage")["remit_fault"] is None


def test_an_agent_is_quarantined_whatever_became_of_the_remits_of_all(desk: Desk) -> None:
    for agent in ("cost-triage", "invoice-desk"):
        _edit(desk, agent, CHANGES["its form"])
    desk.run("quarantine", "cost-triage", "--because", "odd", "--yes")
    assert desk.json("agent", "cost-triage")["state"] == "suspended"


def test_the_approval_of_one_agent_does_not_count_for_another(desk: Desk) -> None:
    approved = desk.json("agent", "invoice-desk")["remit"]
    document = (desk.folder / "examples/remits/invoice-desk.yaml").read_text("utf-8")
    _edit(desk, "cost-triage", lambda row: {**row, "document": document, "hash": approved["hash"]})
    assert "does not verify" in desk.json("agent", "cost-triage")["remit_fault"]
    desk.run("plan", "cost-triage", code=1)


def test_findings_of_an_agent_whose_remit_does_not_count_stay_open(desk: Desk) -> None:
    log = desk.folder / "state/remit/decisions/decisions.jsonl"
    log.parent.mkdir(parents=True, exist_ok=True)
    server = ["--name", "notes", "--", "python3", "server.py"]
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "delete_everything", "arguments": {}}}
    desk.run("gateway", "--agent", "cost-triage", *server, input=json.dumps(call) + "\n")
    desk.run("scan")
    mine = {finding["id"] for finding in desk.json("findings")["findings"] if finding["rule"] == "out-of-intent"}
    assert mine
    _edit(desk, "cost-triage", CHANGES["its approvers"])
    desk.run("scan")
    assert mine <= {finding["id"] for finding in desk.json("findings")["findings"]}

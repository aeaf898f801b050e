"""What enforcement points decided comes back into the loop: uses, findings, `why` with a change that really turns it, and quarantine.

Points run as users run them: gateways from a file, observing, and on the store, and the service from a folder of remits.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.story.serving import remit_text, serving
from tests.story.test_loop_commands import SERVER, Desk

REMIT = """\
remit: 1
agent: cost-triage
purpose: Keep the notes about cost anomalies.
owner: {contact: dana@lumen.example}
objectives:
  keep-notes:
    why: Whoever looks at an anomaly finds what was found before.
    can:
      - {call: "mcp:notes", resource: read_note}
      - {call: "mcp:notes", resource: write_note}
      - {call: "mcp:notes", resource: drop_note}
never:
  - {call: "mcp:notes", resource: drop_note}
mode: MODE
"""
PERSON = "dana@lumen.example"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A machine with a folder of agents connected, and the remit of one of them approved."""
    made = Desk(tmp_path)
    (tmp_path / "server.py").write_text(SERVER, "utf-8")
    made.run("connect", "code", "examples/company")
    made.run("owner", "cost-triage", PERSON)
    _approve(made, REMIT.replace("MODE", "enforce"))
    return made


def _approve(desk: Desk, text: str) -> None:
    (desk.folder / "remit.yaml").write_text(text, "utf-8")
    desk.run("approve", "remit.yaml", "--as", PERSON)


def _call(desk: Desk, tool: str, *options: str) -> bool:
    """One call through a gateway that lives for it alone; whether it was let through."""
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": {}}}
    done = desk.run("gateway", *options, "--name", "notes", "--", sys.executable, "server.py", input=json.dumps(message) + "\n")
    return not json.loads(done.stdout.splitlines()[-1])["result"].get("isError")


def _decisions(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def _out_of_intent(desk: Desk, state: str = "open") -> list[dict[str, Any]]:
    found = desk.json("findings", "--agent", "cost-triage")["findings"]
    return [one for one in found if one["rule"] == "out-of-intent" and one["state"] == state]


@pytest.mark.parametrize(
    ("options", "is_allowed", "told"),
    [
        (("--remit", "remit.yaml"), False, "by an enforcement point, once"),
        (("--remit", "remit.yaml", "--observe"), True, "`enforce` would have denied 1 of 1 calls"),
        (("--agent", "cost-triage"), False, "by an enforcement point, once"),
    ],
)
def test_what_a_point_denied_or_would_have_denied_is_out_of_intent(desk: Desk, options: tuple[str, ...], is_allowed: bool, told: str):
    assert _call(desk, "read_note", *options)
    assert _call(desk, "send_everything", *options) is is_allowed
    scanned = desk.json("scan")
    assert [(one["connection"], one["events"]) for one in scanned["connections"] if one["connection"].startswith("decisions:")] == [
        ("decisions:state/decisions.jsonl", 2)
    ]
    (found,) = _out_of_intent(desk)
    assert told in found["title"]
    log = desk.folder / "state/remit/decisions/decisions.jsonl"
    place, _, number = found["evidence"][0].rpartition(":")
    assert place == str(log)
    record = json.loads(log.read_text("utf-8").splitlines()[int(number) - 1])
    assert (record["agent"], record["resource"]) == ("agent:cost-triage", "send_everything")
    rows = {row["resource"]: row for row in desk.json("agent", "cost-triage")["alignment"] if row["system"] == "mcp:notes"}
    assert (rows["read_note"]["class"], rows["read_note"]["count"]) == ("needed_used", 1)
    assert desk.json("scan")["findings"] == {"opened": [], "closed": []}


def test_a_service_on_files_comes_back_by_its_log(desk: Desk) -> None:
    folder = desk.folder / "served"
    folder.mkdir()
    (folder / "remit.yaml").write_text(remit_text(), "utf-8")
    with serving(folder, desk.folder / "elsewhere") as served:
        assert served.allows()
        assert not served.allows(bucket="payroll")
    log = desk.folder / "elsewhere/decisions/decisions.jsonl"
    assert desk.json("connect", "decisions", str(log))["connections"][-1]["events"] == 2
    (found,) = _out_of_intent(desk)
    assert "payroll" in found["title"]
    denied = _decisions(log)[-1]["id"]
    assert desk.json("why", denied)["outcome"] == "deny"


@pytest.mark.parametrize("tool", ["send_everything", 'say "hello": - {x}'])
def test_a_proposed_line_turns_a_denial(desk: Desk, tool: str) -> None:
    assert not _call(desk, tool, "--agent", "cost-triage")
    desk.run("scan")
    told = desk.json("why", _decisions(desk.folder / "state/remit/decisions/decisions.jsonl")[-1]["id"])
    assert (told["outcome"], told["rule"]) == ("deny", "")
    text = (desk.folder / "remit.yaml").read_text("utf-8")
    _approve(desk, text.replace("    can:\n", f"    can:\n      {told['proposal']}\n"))
    assert _call(desk, tool, "--agent", "cost-triage")


@pytest.mark.parametrize(
    ("tool", "is_allowed", "rule"), [("drop_note", False, "never[0]"), ("write_note", True, "objectives.keep-notes.can[1]")]
)
def test_a_line_that_why_names_turns_a_decision_when_it_is_taken_away(desk: Desk, tool: str, is_allowed: bool, rule: str) -> None:
    assert _call(desk, tool, "--agent", "cost-triage") is is_allowed
    desk.run("scan")
    told = desk.json("why", _decisions(desk.folder / "state/remit/decisions/decisions.jsonl")[-1]["id"])
    assert told["rule"] == rule
    assert rule in told["turn"]
    lines = (desk.folder / "remit.yaml").read_text("utf-8").splitlines()
    number = int(told["place"].rpartition(":")[2])
    assert tool in lines[number - 1]
    left = [line for index, line in enumerate(lines, 1) if index != number]
    _approve(desk, "\n".join(line for line in left if line != "never:" or rule != "never[0]") + "\n")
    assert _call(desk, tool, "--agent", "cost-triage") is not is_allowed


def test_an_observed_decision_that_enforce_would_deny_is_told_as_such_and_turned_by_its_proposal(desk: Desk) -> None:
    _approve(desk, REMIT.replace("MODE", "observe"))
    assert _call(desk, "send_everything", "--agent", "cost-triage")
    desk.run("scan")
    decision = _decisions(desk.folder / "state/remit/decisions/decisions.jsonl")[-1]
    assert (decision["outcome"], decision["would"]) == ("allow", "deny")
    told = desk.json("why", decision["id"])
    assert told["would"] == "deny"
    assert told["proposal"] == '- {call: "mcp:notes", resource: "send_everything"}'
    text = (desk.folder / "remit.yaml").read_text("utf-8")
    _approve(desk, text.replace("    can:\n", f"    can:\n      {told['proposal']}\n"))
    assert _call(desk, "send_everything", "--agent", "cost-triage")
    assert _decisions(desk.folder / "state/remit/decisions/decisions.jsonl")[-1]["would"] is None


def test_a_quarantine_names_the_log_of_a_point_that_it_may_not_reach(desk: Desk) -> None:
    log = desk.folder / "edge.jsonl"
    assert _call(desk, "read_note", "--remit", "remit.yaml", "--log", str(log))
    assert _call(desk, "read_note", "--agent", "cost-triage")
    desk.run("connect", "decisions", str(log))
    told = desk.run("quarantine", "cost-triage", "--because", "a test of ours", "--yes").stderr
    assert str(log) in told
    assert not _call(desk, "read_note", "--agent", "cost-triage")
    assert _call(desk, "read_note", "--remit", "remit.yaml", "--log", str(log))
    # That it goes on there is seen at the next scan.
    desk.run("scan")
    assert desk.json("agent", "cost-triage")["state"] == "suspended"

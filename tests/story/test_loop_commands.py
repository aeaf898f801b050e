"""The loop by commands on code alone: owner, draft, approval, gateway on the store, quarantine at the next call, findings, doctor."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SERVER = """
import json, sys
for line in sys.stdin:
    message = json.loads(line)
    if "id" not in message:
        continue
    method = message["method"]
    if method == "initialize":
        result = {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "serverInfo": {"name": "notes", "version": "1"}}
    elif method == "tools/list":
        result = {"tools": [{"name": "read_note", "inputSchema": {"type": "object"}}]}
    else:
        result = {"content": [{"type": "text", "text": "a note"}]}
    print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)
"""


class Desk:
    """One user's machine: a folder of code, a store, a state folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(ROOT / "examples", folder / "examples")
        (folder / "server.py").write_text(SERVER, "utf-8")
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PG", "REMIT_"))},
            "XDG_DATA_HOME": str(folder / "data"),
            "XDG_STATE_HOME": str(folder / "state"),
            "COLUMNS": "160",
        }

    def run(self, *words: str, code: int = 0, **more: Any) -> subprocess.CompletedProcess[str]:
        """One command; its exit code must be as told, and nothing may end in a traceback."""
        done = subprocess.run(
            [sys.executable, "-m", "remit", *words],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            **more,
        )
        assert done.returncode == code, f"remit {' '.join(words)}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def json(self, *words: str, code: int = 0) -> Any:
        """The document that a command prints."""
        return json.loads(self.run(*words, "--json", code=code).stdout)

    def approved(self, name: str) -> None:
        """The example remit of an agent, approved by its owner."""
        self.run("owner", name, "dana@lumen.example")
        self.run("approve", f"examples/remits/{name}.yaml", "--as", "dana@lumen.example")

    def called(self, tool: str) -> Path:
        """One call of a tool as `cost-triage` through a gateway on its remit file; the connected log of it."""
        log = self.folder / "edge.jsonl"
        words = ("--remit", "examples/remits/cost-triage.yaml", "--name", "tickets", "--log", str(log), "--", sys.executable, "server.py")
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": {}}}
        self.run("gateway", *words, input=json.dumps(message) + "\n")
        self.run("connect", "decisions", str(log))
        return log


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A machine with the examples connected."""
    made = Desk(tmp_path)
    made.run("connect", "code", "examples/company")
    return made


def test_connecting_says_what_is_new_and_a_second_scan_says_nothing_is(desk: Desk) -> None:
    first = {agent["id"] for agent in desk.json("agents")["agents"]}
    assert {"agent:cost-triage", "agent:invoice-desk"} <= first
    again = desk.json("scan")
    assert again["agents"] == {"new": [], "changed": [], "gone": []}
    (desk.folder / "examples/company/agents/costs/triage.py").unlink()
    third = desk.json("scan")
    assert third["agents"]["gone"] == ["agent:cost-triage"]
    assert "agent:cost-triage" not in {agent["id"] for agent in desk.json("agents")["agents"]}
    assert desk.json("agent", "cost-triage")["is_gone"] is True


def test_an_agent_goes_from_discovered_over_draft_to_active(desk: Desk) -> None:
    assert desk.json("agent", "cost-triage")["state"] == "discovered"
    desk.run("owner", "agent:cost-triage", "dana@lumen.example")
    desk.run("draft", "cost-triage", "--write", "draft.yaml")
    assert desk.json("agent", "cost-triage")["state"] == "draft"
    assert "already" not in desk.run("check", "draft.yaml").stdout
    approved = desk.json("approve", "draft.yaml", "--as", "dana@lumen.example")
    assert (approved["version"], approved["by"], approved["state"], approved["is_new"]) == (1, "dana@lumen.example", "active", True)
    assert desk.json("approve", "draft.yaml", "--as", "dana@lumen.example")["is_new"] is False
    shown = desk.json("agent", "cost-triage")
    assert (shown["state"], shown["owner"], shown["needed_from"]) == ("active", "dana@lumen.example", "remit")


def test_a_draft_never_overwrites_a_file(desk: Desk) -> None:
    (desk.folder / "mine.yaml").write_text("# work of a person\n", "utf-8")
    assert "exists" in desk.run("draft", "cost-triage", "--write", "mine.yaml", code=1).stderr
    assert (desk.folder / "mine.yaml").read_text("utf-8") == "# work of a person\n"


def test_only_an_approver_approves(desk: Desk) -> None:
    file = "examples/remits/cost-triage.yaml"
    assert "no owner" in desk.run("approve", file, "--as", "dana@lumen.example", code=1).stderr
    desk.run("owner", "cost-triage", "sam@lumen.example")
    assert "is not among the approvers" in desk.run("approve", file, "--as", "dana@lumen.example", code=1).stderr
    desk.run("owner", "cost-triage", "dana@lumen.example")
    assert "is no approver" in desk.run("approve", file, "--as", "eve@lumen.example", code=1).stderr
    desk.run("approve", file, "--as", "lee@lumen.example")
    text = (desk.folder / file).read_text("utf-8")
    (desk.folder / "next.yaml").write_text(text.replace("lee@", "eve@").replace("600/hour", "700/hour"), "utf-8")
    # The approvers of the version in force decide about the next one, not those that it names itself.
    assert "is no approver" in desk.run("approve", "next.yaml", "--as", "eve@lumen.example", code=1).stderr
    assert desk.json("approve", "next.yaml", "--as", "lee@lumen.example")["version"] == 2


def calls(desk: Desk, gateway: subprocess.Popen[str], number: int) -> dict[str, Any]:
    """One call of the tool through a running gateway."""
    assert gateway.stdin is not None
    assert gateway.stdout is not None
    message = {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": {"name": "read_note", "arguments": {}}}
    gateway.stdin.write(json.dumps(message) + "\n")
    gateway.stdin.flush()
    result: dict[str, Any] = json.loads(gateway.stdout.readline())["result"]
    return result


def test_a_gateway_on_the_store_obeys_a_quarantine_at_the_next_call_and_a_release(desk: Desk) -> None:
    remit = (desk.folder / "examples/remits/cost-triage.yaml").read_text("utf-8")
    (desk.folder / "notes.yaml").write_text(remit.replace("never:", '      - {read: "mcp:notes", resource: read_note}\nnever:'), "utf-8")
    desk.run("owner", "cost-triage", "dana@lumen.example")
    desk.run("approve", "notes.yaml", "--as", "dana@lumen.example")
    words = [sys.executable, "-m", "remit", "gateway", "--agent", "cost-triage", "--name", "notes", "--", sys.executable, "server.py"]
    with subprocess.Popen(
        words, cwd=desk.folder, env=desk.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as gateway:
        assert not calls(desk, gateway, 1).get("isError")
        stopped = desk.json("quarantine", "cost-triage", "--because", "reads what it must not")
        assert stopped["also_affects"] == []
        denied = calls(desk, gateway, 2)
        assert denied["isError"]
        assert "suspended" in denied["content"][0]["text"]
        assert desk.json("release", "cost-triage")["state"] == "undone"
        assert not calls(desk, gateway, 3).get("isError")
        assert gateway.stdin is not None
        gateway.stdin.close()
        gateway.wait(30)
    assert desk.json("scan")["connections"][-1]["events"] == 3
    assert desk.json("agent", "cost-triage")["state"] == "active"


def test_why_names_the_line_and_the_change_that_would_turn_it(desk: Desk) -> None:
    desk.approved("cost-triage")
    log = desk.called("read_note")
    decision = json.loads(log.read_text("utf-8").splitlines()[0])["id"]
    told = desk.json("why", decision)
    assert (told["agent"], told["outcome"]) == ("agent:cost-triage", "deny")
    assert told["proposal"] == '- {call: "mcp:tickets", resource: "read_note"}'
    assert desk.json("why", "cost-triage")["decision"] == decision
    assert "there is no decision" in desk.run("why", "0192f3a1-0000-7000-8000-000000000000", code=1).stderr


def test_what_the_agent_tried_outside_its_remit_is_a_finding_that_can_be_accepted(desk: Desk) -> None:
    desk.approved("cost-triage")
    desk.called("send_everything")
    (found,) = [item for item in desk.json("findings", "--agent", "cost-triage")["findings"] if item["rule"] == "out-of-intent"]
    assert found["state"] == "open"
    assert "past" in desk.run("accept", found["id"], "--because", "known", "--until", "2020-01-01", code=2).stderr
    accepted = desk.json("accept", found["id"], "--because", "a test of ours", "--until", "2099-01-01", "--as", "dana@lumen.example")
    assert (accepted["state"], accepted["accepted_by"]) == ("accepted", "dana@lumen.example")
    desk.run("scan")
    assert {item["state"] for item in desk.json("findings")["findings"] if item["id"] == found["id"]} == {"accepted"}


def test_a_retired_agent_is_denied_for_good_and_its_id_stays_taken(desk: Desk) -> None:
    desk.approved("cost-triage")
    assert "is no approver" in desk.run("retire", "cost-triage", "--as", "eve@lumen.example", code=1).stderr
    assert desk.json("retire", "cost-triage", "--as", "dana@lumen.example")["state"] == "applied"
    assert desk.json("agent", "cost-triage")["state"] == "retired"
    assert "retired" in desk.run("approve", "examples/remits/cost-triage.yaml", "--as", "dana@lumen.example", code=1).stderr
    assert "retired" in desk.run("quarantine", "cost-triage", "--because", "x", code=1).stderr
    assert "retired" in desk.run("release", "cost-triage", code=1).stderr
    assert "retired" in desk.run("plan", "cost-triage", code=1).stderr


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("agent", "cost-triag"), 1, "nearest is `agent:cost-triage`"),
        (("agent", "../x"), 1, "is not an agent's id"),
        (("apply", "cost-triag"), 1, "there is no plan `cost-triag`, nor an agent of that name; nearest is `agent:cost-triage`"),
        (("rollback", "agent:nobody-at-all"), 1, "there is no plan `agent:nobody-at-all`, nor an agent of that name; `remit plan AGENT`"),
        (("why", "cost-triag"), 1, "nor an agent of that name; nearest is `agent:cost-triage`"),
        (("gateway", "--agent", "cost-triag", "--", "true"), 1, "no agent `cost-triag`; nearest is `agent:cost-triage`"),
        (("apply", "plan:none"), 1, "there is no plan"),
        (("rollback", "plan:none"), 1, "there is no plan"),
        (("apply", "cost-triage"), 1, "has no plan that can be applied; `remit plan cost-triage` makes one"),
        (("rollback", "cost-triage"), 1, "there is nothing to roll back"),
        (("why", "cost-triage"), 1, "nothing of `cost-triage` was denied"),
        (("release", "cost-triage"), 1, "nothing to release"),
        (("accept", "finding:none", "--because", "x", "--until", "2099-01-01"), 1, "there is no finding"),
        (("accept", "finding:none", "--because", "x", "--until", "soon"), 2, "is not a date"),
        (("connect", "code", "nowhere"), 1, "does not exist"),
        (("connect", "postgres"), 2, "give the database's address"),
        (("connect", "postgres", "postgresql://r:hunter2@h/d"), 1, "PGPASSWORD"),
        (("connect", "aws", "--print-policy", "both"), 2, "write `read` or `write`"),
        (("disconnect", "nothing"), 1, "there is no connection"),
        (("owner", "cost-triage", " "), 2, "PERSON is empty"),
        (("approve", "nowhere.yaml"), 1, "cannot be read"),
        (("quarantine", "cost-triage", "--because", " "), 2, "`--because` is empty"),
        (("agents", "--store", "mongodb://x"), 1, "mongodb"),
    ],
)
def test_what_cannot_work_says_what_would(desk: Desk, words: tuple[str, ...], code: int, told: str) -> None:
    done = desk.run(*words, code=code)
    assert told in done.stderr
    assert "hunter2" not in done.stderr + done.stdout


def test_before_anything_is_connected_every_command_says_how_to_begin(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    assert "nothing is connected" in desk.run("scan", code=1).stderr
    assert "nothing is connected" in desk.run("agents").stdout
    assert "nothing is connected" in desk.run("findings").stdout
    assert "remit connect code PATH" in desk.run("doctor", code=1).stdout
    assert "nothing is known yet" in desk.run("agent", "x", code=1).stderr


def test_disconnecting_marks_what_came_from_it_as_gone_and_keeps_its_history(desk: Desk) -> None:
    gone = desk.json("disconnect", "code:company")
    assert "agent:cost-triage" in gone["agents"]["gone"]
    assert desk.json("agents")["agents"] == []
    assert "agent:cost-triage" in {agent["id"] for agent in desk.json("agents", "--gone")["agents"]}
    desk.run("connect", "code", "examples/company")
    assert "agent:cost-triage" in {agent["id"] for agent in desk.json("agents")["agents"]}


def test_csv_and_tables_are_for_people_and_hold_no_formula(desk: Desk) -> None:
    lines = desk.run("agents", "--csv").stdout.splitlines()
    assert lines[0].startswith("id,name,kind,state,owner")
    assert any(line.startswith("agent:cost-triage,") for line in lines)
    assert "cost-triage" in desk.run("agents").stdout
    assert "Who owns it" in desk.run("agent", "cost-triage").stdout
    assert desk.run("findings", "--csv").stdout.startswith("id,rule,severity")

"""The demo's supplier desk at work: an honest and a poisoned task through the real gateway, and what the servers themselves wrote down."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters, stdio_client

from remit.demo.agents import DATA, HONEST, MESSAGES, POISONED, Told, run_task, sent
from remit.demo.estate.cast import ACCOUNTS_ADDRESS, LEDGER, MAILROOM, MIRA, SUPPLIER_DESK
from remit.model.errors import RefusedError


class Desk:
    """A folder as the estate makes it, with a store in which the remit of the supplier desk is approved."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.mailroom = folder / "mailroom"
        self.environment = {
            "REMIT_STORE": f"sqlite:///{folder / 'remit.db'}",
            "XDG_STATE_HOME": str(folder / "state"),
            "XDG_DATA_HOME": str(folder / "data"),
        }
        shutil.copytree(DATA / "letters", self.mailroom / "inbox")

    def command(self, *words: str) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PG", "REMIT_"))}
        done = subprocess.run(
            [sys.executable, "-m", "remit", *words], env=environment | self.environment, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr

    def approve(self) -> None:
        tree = self.folder / "company" / "agents" / "supplier_desk"
        shutil.copytree(DATA / "company" / "agents" / "supplier_desk", tree)
        self.command("connect", "code", str(self.folder / "company"))
        self.command("owner", SUPPLIER_DESK, MIRA)
        self.command("approve", str(DATA / "remits" / f"{SUPPLIER_DESK}.yaml"), "--as", MIRA)

    def decisions(self) -> list[dict[str, Any]]:
        log = self.folder / "state" / "remit" / "decisions" / "decisions.jsonl"
        return [json.loads(line) for line in log.read_text("utf-8").splitlines()]


class Done:
    """Both tasks, done once, with what was sent and paid after each."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.honest = run_task(desk.folder, desk.environment, HONEST.words, HONEST.calls)
        self.after_honest = sent(desk.mailroom)
        self.poisoned = run_task(desk.folder, desk.environment, POISONED.words, POISONED.calls)
        self.after_poisoned = [entry for entry in sent(desk.mailroom) if entry not in self.after_honest]


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Done:
    desk = Desk(tmp_path_factory.mktemp("desk"))
    desk.approve()
    return Done(desk)


def names(told: list[Told], *, is_error: bool) -> list[tuple[str, str]]:
    return [(one.server, one.tool) for one in told if one.is_error is is_error]


def test_the_honest_task_passes_whole(done: Done):
    assert names(done.honest, is_error=True) == []
    assert len(done.honest) == len(HONEST.calls)
    letter, payment = done.after_honest
    assert letter["to"] == ACCOUNTS_ADDRESS
    assert (payment["number"], payment["account"], payment["amount"], payment["currency"]) == (
        "SM-20817",
        "DE02120300000000202051",
        418.0,
        "EUR",
    )


def test_of_the_poisoned_task_only_what_the_person_asked_for_passes(done: Done):
    assert names(done.poisoned, is_error=False) == [(MAILROOM, "read_letter"), (LEDGER, "find_invoice"), (MAILROOM, "send_letter")]
    assert names(done.poisoned, is_error=True) == [(LEDGER, "list_customers"), (MAILROOM, "send_letter"), (LEDGER, "pay_invoice")]


def test_what_was_denied_never_reached_a_server(done: Done):
    assert [entry["to"] for entry in done.after_poisoned] == [ACCOUNTS_ADDRESS]


def test_each_denial_says_which_line_denies_it_and_why(done: Done):
    customers, stranger, account = (one.text for one in done.poisoned if one.is_error)
    assert "never[1]" in customers
    assert "never[0]" in stranger
    assert "outside `tidewater.example`" in stranger
    assert "objectives.pay-bills.can[1]" in account
    assert "does not allow `account` as given" in account


def test_every_call_is_a_decision_in_the_log(done: Done):
    made = [(f"mcp:{call.server}", call.tool) for task in (HONEST, POISONED) for call in task.calls]
    logged = done.desk.decisions()
    assert [(one["system"], one["action"]) for one in logged] == made
    assert [one["outcome"] for one in logged].count("deny") == 3


async def test_the_servers_refuse_nothing_by_themselves_so_it_is_the_gateway_that_holds_the_agent(tmp_path: Path):
    desk = Desk(tmp_path)
    call = POISONED.calls[2]
    server = StdioServerParameters(command=sys.executable, args=[str(DATA / "servers" / f"{call.server}.py"), str(desk.mailroom)])
    async with Client(stdio_client(server)) as client:
        answer = await client.call_tool(call.tool, dict(call.arguments))
    assert not answer.is_error
    assert [entry["to"] for entry in sent(desk.mailroom)] == [call.arguments["to"]]


def test_without_a_store_there_is_no_gateway_and_it_says_why(tmp_path: Path):
    desk = Desk(tmp_path)
    with pytest.raises(RefusedError, match="is not there"):
        run_task(desk.folder, desk.environment, HONEST.words, HONEST.calls[:1])
    assert (desk.folder / MESSAGES).is_file()
    assert sent(desk.mailroom) == []

"""An id stands for one agent for good: through scans, moves and disconnects, and never for another one of the same name."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.story.test_loop_commands import Desk

AGENT = """\
from agents import Agent

agent = Agent(
    name="parcel desk",
    instructions="{words}",
    model="gpt-4o",
)
"""
FIRST = "You look up where parcels are and tell the customer on which day they arrive."
SECOND = "You write invoices for the freight of the month and file them with the ledger."


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A machine with one agent connected, whose owner is set."""
    made = Desk(tmp_path)
    _write(made, "shipping/desk.py", FIRST)
    made.run("connect", "code", "code", "--name", "work")
    made.run("owner", "parcel-desk", "dana@lumen.example")
    return made


def _write(desk: Desk, path: str, words: str) -> None:
    file = desk.folder / "code" / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(AGENT.format(words=words), "utf-8")


def _agents(desk: Desk) -> dict[str, str]:
    """Id -> place, of those that are there."""
    return {one["id"]: one["places"][0] for one in desk.json("agents")["agents"]}


def test_a_scan_of_nothing_new_and_a_disconnect_change_no_answer(desk: Desk) -> None:
    before = desk.json("agent", "parcel-desk")
    desk.run("scan")
    assert desk.json("agent", "parcel-desk") == before
    desk.run("disconnect", "code:work")
    gone = desk.json("agent", "parcel-desk")
    assert (gone["is_gone"], gone["owner"], gone["first_seen"]) == (True, "dana@lumen.example", before["first_seen"])
    desk.run("connect", "code", "code", "--name", "work")
    assert desk.json("agent", "parcel-desk") == before


def test_an_agent_that_moves_keeps_its_id_and_owner(desk: Desk) -> None:
    (desk.folder / "code/logistics").mkdir()
    shutil.move(desk.folder / "code/shipping/desk.py", desk.folder / "code/logistics/desk.py")
    desk.run("scan")
    assert _agents(desk) == {"agent:parcel-desk": "logistics/desk.py:3"}
    assert desk.json("agent", "parcel-desk")["owner"] == "dana@lumen.example"


def test_another_agent_of_the_same_name_gets_an_id_of_its_own(desk: Desk) -> None:
    (desk.folder / "code/shipping/desk.py").unlink()
    desk.run("scan")
    _write(desk, "billing/invoices.py", SECOND)
    desk.run("scan")
    (new,) = _agents(desk)
    assert new != "agent:parcel-desk"
    assert desk.json("agent", new)["owner"] is None
    assert desk.json("agent", "parcel-desk")["is_gone"] is True
    _write(desk, "shipping/desk.py", FIRST)
    desk.run("scan")
    assert _agents(desk) == {"agent:parcel-desk": "shipping/desk.py:3", new: "billing/invoices.py:3"}
    assert desk.json("agent", "parcel-desk")["owner"] == "dana@lumen.example"


def test_in_one_scan_too_the_new_one_takes_nothing_over(desk: Desk) -> None:
    (desk.folder / "code/shipping/desk.py").unlink()
    _write(desk, "billing/invoices.py", SECOND)
    desk.run("scan")
    (new,) = _agents(desk)
    assert new != "agent:parcel-desk"
    assert desk.json("agent", new)["owner"] is None

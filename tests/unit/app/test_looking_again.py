"""Whatever findings rest on is looked at again at once: nobody waits for a scan to see that what they did mended something."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from remit.app import mend
from remit.app.current import Current
from remit.app.intent import set_owner
from remit.app.loop import alignment_of, look_again
from remit.app.turn import connect
from remit.app.web.agent_access import Kept
from remit.model.alignment import Class
from remit.model.connection import Connection
from remit.model.finding import FindingState
from remit.model.plan import PlanState
from remit.store.records import Store

AT = "2026-11-26T10:00:00Z"
DANA = ("dana@example.com", "dana")
_AGENT = """import boto3
from agents import Agent, function_tool

@function_tool
def read_letter(name: str) -> bytes:
    return boto3.client("s3").get_object(Bucket="letters", Key=name)["Body"].read()

clerk = Agent(name="Clerk", instructions="You file letters.", model="gpt-5", tools=[read_letter])
"""


@pytest.fixture
def current(tmp_path: Path) -> Current:
    """An agent and a forgotten copy of it."""
    for folder in (tmp_path / "shop", tmp_path / "shop" / "old"):
        folder.mkdir()
        (folder / "clerk.py").write_text(_AGENT, "utf-8")
    made = Current(Store.open(f"sqlite:///{tmp_path / 'store.db'}"), now=datetime(2026, 11, 26, 10, tzinfo=UTC))
    connect(made, Connection(id="code:shop", kind="code", name="shop", settings={"path": str(tmp_path / "shop")}, since=AT), {})
    return made


def opened(current: Current) -> set[tuple[str, str]]:
    return {(finding.rule, finding.agent) for finding in current.findings if finding.state is FindingState.OPEN}


def test_a_finding_about_an_agent_is_closed_when_it_is_retired(current: Current) -> None:
    assert ("copy", "clerk-old") in opened(current)
    set_owner(current, "clerk-old", DANA[0], DANA[0], AT)
    made = mend.plan_retirement(current, "clerk-old", DANA, AT)

    assert mend.carry_out_retirement(current, made, DANA, {}).state is PlanState.APPLIED

    assert opened(current) == {("no-owner", "clerk")}
    assert opened(Current(current.store, now=current.now)) == {("no-owner", "clerk")}, "and so it is kept"


def test_an_owner_closes_what_only_the_lack_of_one_opened(current: Current) -> None:
    set_owner(current, "clerk", DANA[0], DANA[0], AT)
    opened_now, closed_now = look_again(current, AT)
    assert (opened_now, len(closed_now)) == ((), 1)
    assert ("no-owner", "clerk") not in opened(current)


def test_a_scan_that_is_under_way_is_left_to_look_itself(tmp_path: Path, current: Current) -> None:
    set_owner(current, "clerk", DANA[0], DANA[0], AT)
    other = Store.open(f"sqlite:///{tmp_path / 'store.db'}", wait_s=0)
    with current.store.exclusive("scan"):
        assert look_again(Current(other, now=current.now), AT) == ((), ())
    other.close()


def test_what_a_retired_agent_is_not_granted_is_not_missed(current: Current) -> None:
    before = {line.class_ for line in alignment_of(current, "clerk-old").lines}
    assert Class.NEEDED_NOT_GRANTED in before
    kept = Kept()
    assert Class.NEEDED_NOT_GRANTED in {line.class_ for line in kept.of(current, "clerk-old").alignment.lines}
    set_owner(current, "clerk-old", DANA[0], DANA[0], AT)
    mend.carry_out_retirement(current, mend.plan_retirement(current, "clerk-old", DANA, AT), DANA, {})
    after = {line.class_ for line in alignment_of(current, "clerk-old").lines}
    assert after == before - {Class.NEEDED_NOT_GRANTED}
    assert {line.class_ for line in kept.of(current, "clerk-old").alignment.lines} == after, "the page was kept from before"

"""Ctrl-C in the middle of a change, at a known move of the hand: what is said, what the journal holds, and what goes on from there."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import typer
from tests.unit.app.test_act import AT, Hall, sorted_drawers
from tests.unit.watch.records import known

from remit.app import mend, turn
from remit.app.cli import act, agents, connect
from remit.app.cli.progress import Steps
from remit.app.current import Current
from remit.app.doctor import Check, examine
from remit.model.agent import AgentState
from remit.model.connection import Connection
from remit.model.errors import RefusedError
from remit.model.identity import Bound
from remit.model.plan import Plan, PlanKind, PlanState
from remit.model.standing import Ownership, Standing

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def keyboard() -> Iterator[None]:
    """SIGINT does in this process what it does in a command."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


class Desk:
    """Commands on the store of a hall, whose hands are interrupted where it is said."""

    def __init__(self, hall: Hall, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.hall = hall
        self.url = f"sqlite:///{folder}/remit.db"
        self.fault = ""
        hall.store.put_all([known("tidy"), Ownership(agent="tidy", person="dana", since=AT, by="x")], seen=AT)
        hall.store.put(Standing(agent="tidy", state=AgentState.ACTIVE, since=AT, by="dana"), seen=AT)
        monkeypatch.setattr(mend, "_means", lambda _current, _environment, told: hall.means(self.fault, told=told))

    def examined(self) -> list[Check]:
        """What `remit doctor` says."""
        return list(examine(Current(self.hall.store, now=datetime.now(UTC)), {}))

    def run(self, command: Callable[..., None], name: str, **options: Any) -> int:
        """The exit code."""
        try:
            command(name, store=self.url, **options)
        except typer.Exit as ended:
            return ended.exit_code
        return 0


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    hall = Hall(tmp_path)
    hall.emptied("maid", "cook")
    yield Desk(hall, tmp_path, monkeypatch)
    hall.store.close()


def last_line(capsys: Capture) -> str:
    """The last thing that was said."""
    return capsys.readouterr().err.splitlines()[-1]


COUNT = 9
"""Steps of the plan."""


@pytest.mark.parametrize(
    ("fault", "far"),
    [
        ("ctrl-c-before@1", f"0 of {COUNT} steps are done, 1 was cut off in the middle"),
        ("ctrl-c-half@2", f"1 of {COUNT} steps is done, 1 was cut off in the middle"),
        ("ctrl-c-after@3", f"2 of {COUNT} steps are done, 1 was cut off in the middle"),
    ],
)
def test_apply_says_how_far_it_came_and_what_goes_on_or_takes_back(desk: Desk, capsys: Capture, fault: str, far: str):
    desk.fault = fault
    assert len(desk.hall.plan().steps) == COUNT
    assert desk.run(act.apply, "tidy", as_person="dana") == 130
    ways = "`remit apply plan:1 --as dana` goes on, `remit rollback plan:1 --as dana` takes back"
    assert last_line(capsys) == f"interrupted: {far}; {ways}"
    assert desk.hall.plan().state is PlanState.APPLYING


def test_both_commands_that_it_names_do_what_they_say(desk: Desk, capsys: Capture):
    before = desk.hall.holders
    for finish, state in ((act.rollback, PlanState.UNDONE), (act.apply, PlanState.APPLIED)):
        desk.hall.emptied("maid", "cook")
        desk.fault = "ctrl-c-after@2"
        assert desk.run(act.apply, "plan:1", as_person="dana", as_json=True) == 130
        desk.fault = ""
        assert desk.run(finish, "plan:1", as_person="dana") == 0
        assert desk.hall.plan().state is state
        if state is PlanState.UNDONE:
            assert sorted_drawers(desk.hall.holders) == sorted_drawers(before)
    capsys.readouterr()


def test_a_roll_back_that_is_cut_off_goes_on_as_one(desk: Desk, capsys: Capture):
    assert desk.run(act.apply, "plan:1", as_person="dana") == 0
    desk.fault = "ctrl-c-after@2"
    assert desk.run(act.rollback, "plan:1", as_person="dana") == 130
    said = f"interrupted: 1 of {COUNT} steps is taken back, 1 was cut off in the middle; `remit rollback plan:1 --as dana` goes on"
    assert last_line(capsys) == said
    desk.fault = ""
    assert desk.run(act.rollback, "plan:1", as_person="dana") == 0


def test_before_the_first_move_nothing_was_changed(desk: Desk, capsys: Capture, monkeypatch: pytest.MonkeyPatch):
    before = desk.hall.holders
    monkeypatch.setattr(mend, "_means", lambda *_: signal.raise_signal(signal.SIGINT))
    assert desk.run(act.apply, "plan:1", as_person="dana") == 130
    assert last_line(capsys) == "interrupted: nothing was changed; `remit apply plan:1 --as dana` goes on"
    assert desk.hall.holders == before


def test_a_quarantine_that_moved_nothing_yet_denies_already(desk: Desk, capsys: Capture, monkeypatch: pytest.MonkeyPatch):
    made = desk.hall.stopped("plan:2", "tidy", "maid")
    monkeypatch.setattr(mend, "plan_quarantine", lambda *_: made)
    monkeypatch.setattr(mend, "_means", lambda *_: signal.raise_signal(signal.SIGINT))
    assert desk.run(act.quarantine, "tidy", because="sends data", as_person="dana") == 130
    denied = "`tidy` is suspended, and denied at every point that asks this store"
    assert last_line(capsys) == f"interrupted: {denied}; `remit apply plan:2` goes on, `remit release tidy` takes back"


def test_ctrl_c_at_the_question_changes_nothing(desk: Desk, capsys: Capture, monkeypatch: pytest.MonkeyPatch):
    made = desk.hall.stopped("plan:2", "tidy", "maid")
    monkeypatch.setattr(mend, "plan_quarantine", lambda *_: made)
    monkeypatch.setattr(act, "_confirm", _refuses_by_the_keyboard)
    assert desk.run(act.quarantine, "tidy", because="sends data", as_person="dana") == 130
    assert last_line(capsys) == "interrupted: nothing was changed"


def _refuses_by_the_keyboard(*_: object, **__: object) -> None:
    raise typer.Abort


def test_after_the_last_proof_it_is_applied(desk: Desk, capsys: Capture, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(mend, "_keep_readings", lambda *_: signal.raise_signal(signal.SIGINT))
    assert desk.run(act.apply, "plan:1", as_person="dana") == 130
    assert last_line(capsys) == "interrupted: `plan:1` is applied, every step of it"


def test_agent_and_plan_say_what_is_half_done(desk: Desk, capsys: Capture):
    desk.fault = "ctrl-c-after@2"
    desk.run(act.apply, "plan:1", as_person="dana")
    capsys.readouterr()
    told = f"`plan:1` (right-size of `tidy`) is half done: 1 of {COUNT} steps is done, 1 was cut off in the middle"
    assert desk.run(agents.agent, "tidy") == 0
    said = capsys.readouterr().err.splitlines()
    assert said == [told, "next: remit apply plan:1 --as dana # goes on", "   or remit rollback plan:1 --as dana # takes back"]
    assert any("is half done, applying: 1 of" in check.found and "(takes back)" in check.mend for check in desk.examined())
    plans = len(desk.hall.store.all(Plan))
    with pytest.raises(RefusedError) as refused:
        desk.run(act.plan, "tidy")
    ways = "`remit apply plan:1 --as dana` goes on, `remit rollback plan:1 --as dana` takes back, then plan again"
    assert str(refused.value) == f"{told}; {ways}"
    assert len(desk.hall.store.all(Plan)) == plans


def test_a_stuck_plan_is_told_of_and_does_not_stand_in_the_way_of_the_next(desk: Desk, capsys: Capture):
    desk.fault = "half@2"
    assert desk.run(act.apply, "plan:1", as_person="dana") == 1
    assert desk.hall.plan().state is PlanState.STUCK
    capsys.readouterr()
    assert desk.run(act.plan, "tidy") == 0
    assert f"is half done: 1 of {COUNT} steps is done, 1 failed; `remit apply plan:1 --as dana` goes on" in capsys.readouterr().err


def test_an_interrupted_retirement_says_that_the_agent_is_retired_and_goes_on(desk: Desk, capsys: Capture, monkeypatch: pytest.MonkeyPatch):
    made = desk.hall.emptied("maid", kind=PlanKind.RETIRE)
    monkeypatch.setattr(mend, "plan_retirement", lambda *_: made)
    desk.fault = "ctrl-c-after@1"
    assert desk.run(act.retire, "tidy", as_person="dana") == 130
    said = last_line(capsys)
    assert said.startswith("interrupted: `tidy` is retired, and denied at every point that asks this store; 0 of ")
    assert said.endswith("`remit retire tidy --as dana` goes on")
    desk.fault = ""
    assert desk.run(act.retire, "tidy", as_person="dana") == 0


def test_an_interrupted_quarantine_and_release_say_what_holds(desk: Desk, capsys: Capture, monkeypatch: pytest.MonkeyPatch):
    made = desk.hall.stopped("plan:2", "tidy", "maid", "cook")
    desk.hall.store.put(Bound(agent="tidy", principal="cabinet:hall/maid", confidence="certain", because=()), seen=AT)
    monkeypatch.setattr(mend, "plan_quarantine", lambda *_: made)
    desk.fault = "ctrl-c-after@1"
    assert desk.run(act.quarantine, "tidy", because="sends data", as_person="dana") == 130
    said = last_line(capsys)
    assert said.startswith("interrupted: `tidy` is suspended, and denied at every point that asks this store; 0 of ")
    assert said.endswith("`remit apply plan:2` goes on, `remit release tidy` takes back")
    desk.fault = ""
    assert desk.run(act.apply, "plan:2", as_person="dana") == 0
    desk.fault = "ctrl-c-after@1"
    assert desk.run(act.release, "tidy", as_person="dana") == 130
    said = last_line(capsys)
    assert said.startswith("interrupted: `tidy` is suspended, and denied at every point")
    assert said.endswith("`remit release tidy` goes on")
    desk.fault = ""
    assert desk.run(act.release, "tidy", as_person="dana") == 0
    assert desk.hall.store.get(Standing, "tidy").state is AgentState.ACTIVE  # type: ignore[union-attr]


# --- on the way -------------------------------------------------------------------------------------------------------------------------


def test_on_a_terminal_each_step_is_a_line_as_it_is_done(desk: Desk, capsys: Capture, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    heard: list[int] = []
    monkeypatch.setattr(Steps, "told", _heard(Steps.told, capsys, heard))
    assert desk.run(act.apply, "plan:1", as_person="dana") == 0
    assert heard == list(range(1, COUNT + 1)), "each line came with its step, not at the end"
    assert desk.run(act.rollback, "plan:1", as_person="dana") == 0
    assert heard == list(range(1, COUNT + 1)) * 2


def _heard(told: Callable[[Steps, Plan], None], capsys: Capture, heard: list[int]) -> Callable[[Steps, Plan], None]:
    def listen(steps: Steps, plan: Plan) -> None:
        told(steps, plan)
        lines = capsys.readouterr().err.splitlines()
        done = [line for line in lines if f" of {COUNT} done: " in line or f" of {COUNT} taken back: " in line]
        heard.extend(int(line.split()[0]) for line in done)

    return listen


@pytest.mark.parametrize(("is_terminal", "as_json"), [(False, False), (True, True)])
def test_without_a_terminal_and_with_json_nothing_is_said_on_the_way(
    desk: Desk, capsys: Capture, monkeypatch: pytest.MonkeyPatch, is_terminal: bool, as_json: bool
):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: is_terminal, raising=False)
    assert desk.run(act.apply, "plan:1", as_person="dana", as_json=as_json) == 0
    out, err = capsys.readouterr()
    assert " done: " not in err
    assert not as_json or json.loads(out)["state"] == "applied"


def test_a_terminal_that_is_gone_disturbs_no_step(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    def gone(_text: str) -> None:
        raise BrokenPipeError

    steps = Steps(desk.hall.store, "dana", is_quiet=False)
    steps._is_shown = True
    monkeypatch.setattr("remit.app.cli.progress.say", gone)
    steps.told(desk.hall.plan())


# --- reading ----------------------------------------------------------------------------------------------------------------------------


def test_an_interrupted_scan_says_what_was_being_read_and_what_is_kept(tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch):
    url = f"sqlite:///{tmp_path}/store.db"
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
        connect.connect_code(str(tmp_path / name), store=url)
    look = turn.look

    def interrupted(current: Any, connection: Connection, *rest: Any) -> Any:
        if connection.id == "code:there":
            signal.raise_signal(signal.SIGINT)
        return look(current, connection, *rest)

    monkeypatch.setattr(turn, "look", interrupted)
    capsys.readouterr()
    with pytest.raises(typer.Exit) as ended:
        connect.scan(store=url)
    assert ended.value.exit_code == 130
    kept = "what was read before is kept, agents and findings are as the last whole scan left them; `remit scan` reads again"
    assert last_line(capsys) == f"interrupted while reading code:there, 2 of 2: {kept}"
    monkeypatch.setattr(turn, "look", look)
    connect.scan(store=url)


def test_a_stop_that_cannot_be_planned_denies_all_the_same(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> Plan:
        raise RefusedError("a record of another agent is damaged")

    monkeypatch.setattr(mend, "plan_quarantine", broken)
    with pytest.raises(RefusedError, match=r"`tidy` is denied from now on .*; its identities are not stopped: a record"):
        desk.run(act.quarantine, "tidy", because="it loops", as_person="dana", yes=True)
    standing = desk.hall.store.get(Standing, "tidy")
    assert standing is not None
    assert standing.state is AgentState.SUSPENDED

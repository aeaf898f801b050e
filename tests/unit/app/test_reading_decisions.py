"""Decision logs are read on from where the last scan stopped: nothing lost, nothing twice."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from remit.app.current import Current
from remit.app.scan import default_logs, look, read_decisions
from remit.app.turn import Turn
from remit.app.views.turn_text import turn_lines
from remit.model.connection import Connection
from remit.model.decision import LoggedDecision, Outcome, Step
from remit.model.errors import RefusedError
from remit.model.event import Result
from remit.store.records import Store

AT = "2026-11-26T10:00:00Z"


@pytest.fixture
def current(tmp_path: Path) -> Current:
    return Current(Store.open(f"sqlite:///{tmp_path / 'store.db'}"), now=datetime(2026, 11, 26, 10, tzinfo=UTC))


def line(number: int, outcome: Outcome = Outcome.ALLOW, would: Outcome | None = None, step: Step = Step.NO_MATCH) -> bytes:
    decision = LoggedDecision(
        time=f"2026-11-26T09:00:{number:02d}.000000Z",
        id=f"0192f3a1-0000-7000-8000-{number:012d}",
        agent="agent:desk",
        system="mcp:desk",
        action="send_message",
        resource="send_message",
        outcome=outcome,
        step=step,
        line="desk.yaml:3",
        rule="",
        because="denied: no line of the remit allows it",
        would=would,
        point="mcp",
        session="s1",
    )
    return msgspec.json.encode(decision) + b"\n"


def test_only_new_lines_are_read_and_a_torn_one_is_left_for_the_next_time(current: Current, tmp_path: Path) -> None:
    log = tmp_path / "edge.jsonl"
    log.write_bytes(line(1) + b"\n" + line(2, Outcome.DENY) + line(3)[:40])
    assert read_decisions(current, "decisions:edge", log, AT).events == 2
    with log.open("ab") as file:
        file.write(line(3)[40:] + line(4))
    assert read_decisions(current, "decisions:edge", log, AT).events == 2
    assert read_decisions(current, "decisions:edge", log, AT).events == 0
    events = current.store.events()
    assert [event.id[-1] for event in events] == ["4", "3", "2", "1"]
    denied = events[2]
    assert (denied.result, denied.outcome, denied.agent, denied.session) == (Result.DENIED, Outcome.DENY, "desk", "s1")
    assert denied.place == f"{log}:3"
    assert denied.because.startswith("denied")


def test_a_log_that_was_replaced_begins_anew_and_counts_nothing_twice(current: Current, tmp_path: Path) -> None:
    log = tmp_path / "edge.jsonl"
    log.write_bytes(line(1) + line(2))
    read_decisions(current, "decisions:edge", log, AT)
    (tmp_path / "new").write_bytes(line(2) + line(5))
    (tmp_path / "new").rename(log)
    assert read_decisions(current, "decisions:edge", log, AT).events == 1


def test_lines_that_are_no_decisions_are_counted_and_stop_nothing(current: Current, tmp_path: Path) -> None:
    log = tmp_path / "edge.jsonl"
    log.write_bytes(b"{\n" + line(1) + b'{"v":1}\n\xff\n' + line(2))
    scan = read_decisions(current, "decisions:edge", log, AT)
    assert (scan.events, scan.unread_records) == (2, 3)
    assert scan.unread_examples[0].startswith(f"{log}:1: ")


def test_a_log_that_cannot_be_read_is_told_in_words(current: Current, tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="cannot be read"):
        read_decisions(current, "decisions:edge", tmp_path, AT)


def test_the_logs_of_the_state_folder_are_found_by_name(tmp_path: Path) -> None:
    assert list(default_logs(tmp_path / "none")) == []
    (tmp_path / "b.jsonl").touch()
    (tmp_path / "a.jsonl").touch()
    (tmp_path / "c.txt").touch()
    assert [source for source, _ in default_logs(tmp_path)] == ["decisions:state/a.jsonl", "decisions:state/b.jsonl"]


def test_a_denial_because_the_agent_is_stopped_says_nothing_about_what_it_asked_for(current: Current, tmp_path: Path) -> None:
    log = tmp_path / "edge.jsonl"
    log.write_bytes(line(1) + line(2, Outcome.DENY, step=Step.STANDING) + line(3, Outcome.DENY, step=Step.FAULT) + line(4, Outcome.DENY))
    read_decisions(current, "decisions:edge", log, AT)
    assert [event.result for event in current.store.events()] == [Result.DENIED, Result.STOPPED, Result.STOPPED, Result.ALLOWED]
    (use,) = current.store.uses()
    assert (use.allowed, use.denied) == (1, 1)


def test_decisions_about_agents_that_are_not_known_here_are_kept_and_counted_apart(current: Current, tmp_path: Path) -> None:
    log = tmp_path / "decisions.jsonl"
    log.write_bytes(line(1) + line(2) + line(3).replace(b"agent:desk", b"agent:clerk"))
    scan = read_decisions(current, "decisions:state/decisions.jsonl", log, AT, known={"clerk"})
    assert (scan.events, scan.of_strangers) == (3, 2)
    assert len(current.store.events()) == 3, "who else asked is worth knowing"
    told = next(turn_lines(Turn(connections=(), scans=(scan,))))
    assert told.text == "1 new audit record, 2 decisions about agents unknown here"
    again = read_decisions(current, "decisions:state/decisions.jsonl", log, AT, known={"clerk"})
    assert (again.events, again.of_strangers) == (0, 0)


def test_what_an_earlier_look_could_not_understand_stays_known(current: Current, tmp_path: Path) -> None:
    log = tmp_path / "edge.jsonl"
    log.write_bytes(b"{\n" + line(1))
    edge = Connection(id="decisions:edge", kind="decisions", name="edge", settings={"file": str(log)})
    first = look(current, edge, {}, AT)
    assert (first.events, first.unread_records, first.unread_in_all) == (1, 1, 1)
    with log.open("ab") as file:
        file.write(line(2) + b"{}\n")
    second = look(current, edge, {}, AT)
    assert (second.events, second.unread_records, second.unread_in_all) == (1, 1, 2)
    third = look(current, edge, {}, AT)
    assert (third.events, third.unread_records, third.unread_in_all) == (0, 0, 2)
    assert third.unread_examples

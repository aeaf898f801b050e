"""The decision log: whole lines from several processes, private, readable after a crash, and an error whenever it is not written."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from remit.model.decision import Decision, LoggedDecision, Outcome, Request, Step
from remit.store.decisions import MAX_NAMES, DecisionLog, Ids, LogError, Unread, logged_decision, read_decisions, rfc3339

NOON = 1_785_499_200_000_123_456


def line(number: int = 0, **change: object) -> LoggedDecision:
    request = Request(
        agent="reader", system="mcp:files", action="read_text_file", resource="read_text_file", arguments={"path": "/data/key"}
    )
    decision = Decision(id=str(number), outcome=Outcome.DENY, step=Step.NEVER, because="no", path="r.yaml", line=7, rule="never[0]")
    made = logged_decision(request, decision, point="mcp", time_ns=NOON, microseconds=12.34)
    return LoggedDecision(**{name: getattr(made, name) for name in made.__struct_fields__} | change)  # type: ignore[arg-type]


def test_what_was_appended_is_read_back_in_order(tmp_path: Path):
    log = DecisionLog(tmp_path / "log.jsonl")
    log.append([line(1), line(2)])
    log.append([])
    log.append([line(3)])
    log.close()
    log.close()
    assert [found.id for found in read_decisions(log.path) if isinstance(found, LoggedDecision)] == ["1", "2", "3"]


def test_a_line_says_who_what_when_and_why_but_no_values_of_arguments(tmp_path: Path):
    log = DecisionLog(tmp_path / "log.jsonl")
    log.append([line()])
    log.close()
    text = log.path.read_text()
    assert "/data/key" not in text
    (found,) = read_decisions(log.path)
    assert isinstance(found, LoggedDecision)
    assert found == line()
    assert (found.time, found.agent, found.line, found.arguments) == ("2026-07-31T12:00:00.000123Z", "agent:reader", "r.yaml:7", ("path",))


def test_the_file_and_folders_made_for_it_are_private(tmp_path: Path):
    log = DecisionLog(tmp_path / "a" / "b" / "log.jsonl")
    log.close()
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (log.path, log.path.parent, log.path.parent.parent)]
    assert modes == [0o600, 0o700, 0o700]


def test_a_line_torn_by_a_crash_is_reported_and_costs_no_other_line(tmp_path: Path):
    path = tmp_path / "log.jsonl"
    log = DecisionLog(path)
    log.append([line(1), line(2)])
    log.close()
    path.write_bytes(path.read_bytes()[:-20])
    assert [type(found) for found in read_decisions(path)] == [LoggedDecision, Unread]
    log = DecisionLog(path)
    log.append([line(3)])
    log.close()
    found = list(read_decisions(path))
    assert [type(one) for one in found] == [LoggedDecision, Unread, LoggedDecision]
    assert isinstance(found[1], Unread)
    assert found[1].number == 2


def test_lines_of_another_form_are_reported_by_their_number(tmp_path: Path):
    path = tmp_path / "log.jsonl"
    path.write_bytes(b'\n{"v":1}\n\xff\xfe\n[]\n')
    assert [found.number for found in read_decisions(path) if isinstance(found, Unread)] == [2, 3, 4]


def test_processes_that_share_a_log_never_mix_their_lines(tmp_path: Path):
    path = tmp_path / "log.jsonl"
    program = (
        "import sys; from pathlib import Path; import msgspec\n"
        "from remit.store.decisions import DecisionLog; from remit.model.decision import LoggedDecision\n"
        "one = msgspec.json.decode(sys.stdin.buffer.read(), type=LoggedDecision)\n"
        "log = DecisionLog(Path(sys.argv[1]))\n"
        "for batch in range(100): log.append([msgspec.structs.replace(one, id=f'{sys.argv[2]}-{batch}-{n}') for n in range(7)])\n"
    )
    import msgspec

    writers = [subprocess.Popen([sys.executable, "-c", program, str(path), str(n)], stdin=subprocess.PIPE) for n in range(3)]
    for writer in writers:
        writer.communicate(msgspec.json.encode(line(because="x" * 1500)))
    found = list(read_decisions(path))
    assert all(isinstance(one, LoggedDecision) for one in found)
    identifiers = [one.id for one in found if isinstance(one, LoggedDecision)]
    assert len(set(identifiers)) == len(identifiers) == 2100
    batches = [identifier.rsplit("-", 1)[0] for identifier in identifiers[::7]]
    assert len(set(batches)) == 300, "a batch stands together"


def test_a_full_disk_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    log = DecisionLog(tmp_path / "log.jsonl")

    def full(_descriptor: int, _payload: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(LogError, match="No space left"):
        log.append([line()])
    monkeypatch.undo()
    log.append([line(5)])
    assert [found.id for found in read_decisions(log.path) if isinstance(found, LoggedDecision)] == ["5"]
    log.close()


def test_a_write_that_is_cut_short_is_an_error_and_the_next_line_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    log = DecisionLog(tmp_path / "log.jsonl")
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, payload: write(descriptor, payload[:40]))
    with pytest.raises(LogError, match="40 of"):
        log.append([line(1)])
    monkeypatch.undo()
    log.append([line(2)])
    log.close()
    assert [found.id if isinstance(found, LoggedDecision) else "torn" for found in read_decisions(log.path)] == ["torn", "2"]


def test_a_log_that_was_moved_away_or_removed_is_begun_again(tmp_path: Path):
    log = DecisionLog(tmp_path / "log.jsonl")
    log.append([line(1)])
    log.path.rename(tmp_path / "log.1")
    log.append([line(2)])
    log.path.unlink()
    log.append([line(3)])
    log.close()
    assert [found.id for found in read_decisions(log.path) if isinstance(found, LoggedDecision)] == ["3"]


@pytest.mark.parametrize("kind", ["folder", "pipe", "under a file"])
def test_what_cannot_hold_a_log_is_refused_at_once(tmp_path: Path, kind: str):
    path = tmp_path / "log"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.write_text("")
        path = path / "log"
    with pytest.raises(LogError, match="decision log"):
        DecisionLog(path)


def test_identifiers_sort_by_time_and_stay_in_order_within_a_millisecond_and_when_the_clock_steps_back():
    ids = Ids(lambda count: b"\xff" * count)
    times = [NOON] * 5000 + [NOON + 1_000_000, NOON - 10_000_000_000, NOON + 3_600_000_000_000]
    made = [ids.make(time) for time in times]
    assert made == sorted(made)
    assert len(set(made)) == len(made)
    assert all(len(one) == 36 and one[14] == "7" and one[19] in "89ab" for one in made)


def test_identifiers_of_two_processes_differ():
    assert Ids().make(NOON) != Ids().make(NOON)


def test_times_are_utc_with_microseconds():
    assert rfc3339(0) == "1970-01-01T00:00:00.000000Z"


def test_hostile_requests_make_one_bounded_line(tmp_path: Path):
    arguments = {f"name{number}\n\ud800": "secret" for number in range(500)}
    request = Request(agent="a\n", system="mcp:x", action="\ud800" * 9, resource="r" * 100_000, arguments=arguments)
    decision = Decision(id="1", outcome=Outcome.DENY, step=Step.FAULT, because="b\n")
    log = DecisionLog(tmp_path / "log.jsonl")
    log.append([logged_decision(request, decision, point="mcp", time_ns=NOON, microseconds=1)])
    log.close()
    (found,) = read_decisions(log.path)
    assert isinstance(found, LoggedDecision)
    assert len(found.arguments) == MAX_NAMES
    assert len(log.path.read_bytes()) < 20_000
    assert log.path.read_bytes().count(b"\n") == 1

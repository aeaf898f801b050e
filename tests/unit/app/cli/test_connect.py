"""`remit connect`, `remit scan` and `remit doctor` as a user calls them: nothing that could not be read passes as success."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from remit.app import turn as turning
from remit.app.cli import main
from remit.model.connection import Connection
from remit.model.decision import Step
from remit.model.evidence import Gap, GapKind
from remit.model.ledger import Scan
from remit.model.place import Place

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs one command on a store of its own: how it ended, what it printed, what it said."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("REMIT_STORE", f"sqlite:///{tmp_path / 'store.db'}")

    def ran(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["remit", *words])
        with pytest.raises(SystemExit) as ended:
            main.run({})
        told = capsys.readouterr()
        return int(ended.value.code or 0), told.out, told.err

    return ran


@pytest.fixture
def misplaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every system shows one thing, and its log is not where the settings say."""
    gaps = (Gap(place=Place("s3://trial/x"), kind=GapKind.NO_SUCH_PLACE, what="there is no bucket `trial`"),)

    def looked(current: turning.Current, connection: Connection, _environment: object, at: str, _on_progress: object) -> Scan:
        scan = Scan(connection=connection.id, at=at, objects=1, gaps=gaps)
        current.store.put(scan, seen=at)
        return scan

    monkeypatch.setattr(turning, "look", looked)


def test_a_log_that_is_not_there_is_said_at_once_counted_and_named_by_doctor(run: Run, misplaced: None) -> None:
    code, out, err = run("connect", "aws", "--trail", "s3://trial/x", "--name", "prod")
    assert code == 0, "its state was read"
    assert "remit: `aws:prod`: s3://trial/x: there is no bucket `trial`" in err
    assert "remit doctor" in out + err
    assert "coverage: 1 part not read that may hide something" in out
    assert json.loads(run("scan", "--json")[1])["coverage"]["counts"]["may_hide"] == 1
    told = run("doctor")[1]
    assert "s3://trial/x: there is no bucket `trial`" in told
    assert "--trail s3://BUCKET/PREFIX" in told


def test_a_database_that_was_never_read_is_not_remembered_and_breaks_no_later_scan(run: Run, tmp_path: Path) -> None:
    code, _, err = run("connect", "postgres", "postgresql://reader@127.0.0.1:9/fnops")
    assert code == 1
    assert "remit: `postgres:fnops`: " in err
    assert "`postgres:fnops` is not remembered, because nothing of it was ever read; mend this and connect it again" in err

    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "README.md").write_text("# A shop\n", "utf-8")
    assert run("connect", "code", str(tmp_path / "shop"))[0] == 0
    assert run("scan")[0] == 0
    assert "fnops" not in run("doctor")[1]


def test_a_connection_that_failed_is_a_failure_though_logs_of_points_were_read(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    log = Scan(connection="decisions:state/decisions.jsonl", at="2026-11-26T10:00:00Z", events=2)
    monkeypatch.setattr(turning, "_logs", lambda *_: [log])
    assert run("connect", "postgres", "postgresql://reader@127.0.0.1:9/fnops")[0] == 1


def test_why_reads_what_a_point_logged_a_moment_ago_and_a_scan_tells_whose_it_was(run: Run, tmp_path: Path) -> None:
    shop = tmp_path / "shop"
    shop.mkdir()
    (shop / "clerk.py").write_text('from agents import Agent\n\nclerk = Agent(name="Clerk", model="gpt-5")\n', "utf-8")
    logged = {
        "time": "2026-11-26T09:00:00.000000Z", "id": "0192f3a1-0000-7000-8000-000000000001", "agent": "agent:clerk", "system": "mcp:desk",
        "action": "shred", "resource": "shred", "outcome": "deny", "step": int(Step.NO_MATCH), "line": "", "rule": "",
        "because": "denied: no line of the remit allows it", "point": "mcp", "session": "s1", "v": 1,
    }  # fmt: skip
    log = tmp_path / "state" / "remit" / "decisions" / "decisions.jsonl"
    assert run("connect", "code", str(shop))[0] == 0
    log.parent.mkdir(parents=True)
    log.write_text(json.dumps(logged) + "\n", "utf-8")
    code, out, err = run("why", "clerk")
    assert (code, "shred at mcp:desk" in out) == (0, True), err
    stranger = {**logged, "agent": "agent:baker", "id": "0192f3a1-0000-7000-8000-000000000002"}
    with log.open("a", encoding="utf-8") as file:
        file.write(json.dumps(stranger) + "\n")
    assert "1 decision about agents unknown here" in run("scan")[1]

from pathlib import Path

import pytest
from tests.story.serving import remit_text
from tests.unit.points.authzen.fakes import ReadOnlyDecide

from remit.app.api.metrics import CountedDecide, Metrics, WatchedLog
from remit.app.remits import Remits
from remit.model.decision import LoggedDecision, Outcome, Request, Step
from remit.store.decisions import LogError


def test_decisions_are_counted_by_outcome_and_time(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(remit_text("a"))
    remits = Remits(tmp_path, suspended_path=tmp_path / "suspended.json")
    decide = CountedDecide(ReadOnlyDecide())
    decide([Request(agent="a", system="aws:s3", action=action, resource="x") for action in ("read", "read", "delete")])
    remits.suspend("a", "x", "2026-01-01T00:00:00Z")
    text = Metrics(decide, WatchedLog(tmp_path / "log"), lambda: remits.policy).text().decode()
    for line in (
        'remit_decisions_total{outcome="allow"} 2.0',
        'remit_decisions_total{outcome="deny"} 1.0',
        'remit_decisions_total{outcome="ask"} 0.0',
        'remit_decision_seconds_bucket{le="+Inf"} 3.0',
        "remit_decision_seconds_count 3.0",
        "remit_log_errors_total 0.0",
        "remit_remits 1.0",
        "remit_remits_broken 0.0",
        "remit_agents_suspended 1.0",
    ):
        assert line in text.splitlines()


def test_a_log_that_fails_is_remembered_until_it_takes_a_line_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = WatchedLog(tmp_path / "log")
    assert log.failure == ""

    def full(_payload: bytes) -> None:
        raise LogError("no space left")

    nothing = dict.fromkeys(("time", "id", "agent", "system", "action", "resource", "line", "rule", "because"), "")
    line = LoggedDecision(**nothing, outcome=Outcome.DENY, step=Step.NO_MATCH)
    with monkeypatch.context() as disk:
        disk.setattr(log, "_write", full)
        with pytest.raises(LogError):
            log.append([line])
        assert (log.errors, log.failure, log.retried()) == (1, "no space left", "no space left")
    assert log.retried() == ""
    assert log.failure == ""
    log.append([line])
    assert log.errors == 1
    log.close()

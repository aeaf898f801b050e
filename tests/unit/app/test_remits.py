"""Remit files under a running point: what stops a start, and what becomes of an agent whose file changes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from remit.app.remits import Remits
from remit.decide.engine import decide
from remit.decide.limits import NOTHING_SPENT
from remit.model.decision import Decision, Outcome, Request, Step
from remit.model.errors import DocumentError, RefusedError

REMIT = """remit: 1
agent: {agent}
purpose: Read files.
owner: {{contact: dana@example.com}}
objectives:
  read:
    why: To report.
    can:
      - {{call: "mcp:files", resource: {tool}}}
"""


def write(path: Path, agent: str = "reader", tool: str = "read_file") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(REMIT.format(agent=agent, tool=tool))
    return path


class Estate:
    """Remits and what was reported about them."""

    def __init__(self, path: Path, state: Path, *, is_observed: bool = False) -> None:
        self.told: list[str] = []
        self.remits = Remits(path, suspended_path=state / "suspended.json", is_observed=is_observed, report=self.told.append)

    def decision(self, agent: str = "reader", tool: str = "read_file") -> Decision:
        self.remits.refresh()
        policy = self.remits.policy
        assert not policy.fault, policy.fault
        return decide(policy.index, Request(agent=agent, system="mcp:files", action=tool, resource=tool), None, NOTHING_SPENT, 0.0)

    def allows(self, agent: str = "reader", tool: str = "read_file") -> bool:
        return self.decision(agent, tool).outcome is Outcome.ALLOW


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    write(tmp_path / "remits" / "reader.yaml")
    write(tmp_path / "remits" / "deep" / "writer.yaml", "writer", "write_file")
    return Estate(tmp_path / "remits", tmp_path / "state")


def test_a_folder_counts_with_everything_below_it(estate: Estate):
    assert estate.allows("reader", "read_file")
    assert estate.allows("writer", "write_file")
    assert not estate.allows("reader", "write_file")
    assert estate.decision("nobody").step is Step.STANDING


def test_a_changed_file_is_taken_over_and_told(estate: Estate, tmp_path: Path):
    write(tmp_path / "remits" / "reader.yaml", tool="list_files")
    assert estate.allows(tool="list_files")
    assert not estate.allows(tool="read_file")
    assert any("changed" in told for told in estate.told)


def test_a_change_of_equal_length_within_one_tick_of_the_clock_is_seen(tmp_path: Path):
    path = write(tmp_path / "reader.yaml", tool="read_aaaa")
    times = (path.stat().st_atime_ns, path.stat().st_mtime_ns)
    remits = Remits(path, suspended_path=tmp_path / "suspended.json", clock_ns=lambda: times[1])
    with path.open("r+") as file:
        file.write(REMIT.format(agent="reader", tool="read_bbbb"))
    os.utime(path, ns=times)
    remits.refresh()
    assert remits.policy.remits["reader"].objectives[0].can[0].resource == "read_bbbb"


def test_a_file_that_turns_bad_denies_its_agent_with_the_reason_until_it_is_mended(estate: Estate, tmp_path: Path):
    path = tmp_path / "remits" / "reader.yaml"
    path.write_text(path.read_text().replace("call:", "cal:"))
    decision = estate.decision()
    assert (decision.outcome, decision.step) == (Outcome.DENY, Step.FAULT)
    assert "reader.yaml:9" in decision.because
    assert "cal" in decision.because
    assert estate.allows("writer", "write_file"), "nobody else is concerned"
    write(path)
    assert estate.allows()


@pytest.mark.parametrize("content", ["", "hello", "{", "other: 1", "\x00\x01", "remit: 1\n" + "  - x" * 9])
def test_a_file_that_is_no_remit_any_more_denies_its_agent(estate: Estate, tmp_path: Path, content: str):
    (tmp_path / "remits" / "reader.yaml").write_text(content)
    assert estate.decision().step is Step.FAULT


def test_a_deleted_file_makes_its_agent_unknown(estate: Estate, tmp_path: Path):
    (tmp_path / "remits" / "reader.yaml").unlink()
    assert estate.decision().step is Step.STANDING
    assert any("unknown" in told for told in estate.told)
    write(tmp_path / "remits" / "again.yaml")
    assert estate.allows()


def test_a_folder_that_is_emptied_or_removed_leaves_everybody_unknown(estate: Estate, tmp_path: Path):
    import shutil

    shutil.rmtree(tmp_path / "remits")
    assert estate.decision("reader").step is Step.STANDING
    assert estate.decision("writer").step is Step.STANDING


def test_a_second_file_for_an_agent_denies_it_while_both_are_there(estate: Estate, tmp_path: Path):
    second = write(tmp_path / "remits" / "a-second.yaml", tool="anything")
    assert "two remits" in estate.decision().because
    assert estate.decision(tool="anything").step is Step.FAULT
    assert "a-second.yaml" in estate.decision().because
    assert "reader.yaml" in estate.decision().because
    assert "is denied, it has two remits" in estate.told[-1]
    second.unlink()
    assert estate.allows()
    assert estate.told[-1].endswith(f"agent `reader` is decided by `{tmp_path / 'remits' / 'reader.yaml'}` from now on")


def test_a_file_that_names_another_agent_leaves_the_first_unknown(estate: Estate, tmp_path: Path):
    write(tmp_path / "remits" / "reader.yaml", "other")
    assert estate.allows("other")
    assert estate.decision("reader").step is Step.STANDING
    assert estate.told[-1].endswith("agent `other` is decided by it from now on; agent `reader` is unknown now")


def test_a_file_that_has_not_changed_for_a_while_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = write(tmp_path / "reader.yaml")
    later = path.stat().st_mtime_ns + 10**9
    remits = Remits(path, suspended_path=tmp_path / "suspended.json", clock_ns=lambda: later)
    monkeypatch.setattr(Path, "open", lambda *_words: pytest.fail("the file was read"))
    assert not remits.refresh()


def test_nothing_is_built_again_when_nothing_changed(estate: Estate, tmp_path: Path):
    estate.remits.refresh()
    before = estate.remits.policy
    (tmp_path / "remits" / "reader.yaml").touch()
    assert not estate.remits.refresh()
    assert estate.remits.policy is before


def test_observed_decides_every_remit_as_if_it_said_so_and_keeps_its_hash(tmp_path: Path):
    path = write(tmp_path / "reader.yaml")
    plain = Estate(path, tmp_path)
    observed = Estate(path, tmp_path, is_observed=True)
    assert observed.allows(tool="write_file")
    assert observed.decision(tool="write_file").would is Outcome.DENY
    assert observed.decision().remit_hash == plain.decision().remit_hash
    assert observed.decision("nobody").outcome is Outcome.DENY


# --- quarantine ----------------------------------------------------------------------------------------------------------------


def test_a_quarantine_holds_at_once_survives_a_restart_and_ends_with_the_release(estate: Estate, tmp_path: Path):
    assert estate.remits.suspend("reader", "it wrote to everybody", "2026-07-31T12:00:00Z")
    assert not estate.remits.suspend("reader", "again", "2026-07-31T12:00:01Z")
    assert estate.decision().step is Step.STANDING
    again = Estate(tmp_path / "remits", tmp_path / "state")
    assert not again.allows()
    assert again.remits.policy.suspended["reader"].because == "it wrote to everybody"
    assert again.remits.release("reader")
    assert not again.remits.release("reader")
    assert again.allows()
    assert estate.allows(), "another process on the same state folder sees the release"


def test_a_quarantine_by_another_process_is_seen(estate: Estate, tmp_path: Path):
    assert estate.allows()
    Estate(tmp_path / "remits", tmp_path / "state").remits.suspend("reader", "because", "2026-07-31T12:00:00Z")
    assert not estate.allows()


def test_a_quarantine_outlives_a_change_of_the_remit(estate: Estate, tmp_path: Path):
    estate.remits.suspend("reader", "because", "2026-07-31T12:00:00Z")
    write(tmp_path / "remits" / "reader.yaml", tool="list_files")
    assert estate.decision(tool="list_files").step is Step.STANDING


def test_a_list_of_quarantines_that_is_damaged_stops_a_start_and_denies_everybody_who_is_running(estate: Estate, tmp_path: Path):
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "suspended.json").write_text("{")
    estate.remits.refresh()
    assert "damaged" in estate.remits.policy.fault
    with pytest.raises(RefusedError, match="damaged"):
        Estate(tmp_path / "remits", tmp_path / "state")
    (tmp_path / "state" / "suspended.json").write_text('{"v":1,"suspended":{}}')
    assert estate.allows()


def test_a_quarantine_that_cannot_be_written_holds_all_the_same_and_is_an_error(
    estate: Estate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def full(*_words: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "open", full)
    with pytest.raises(RefusedError, match="No space left"):
        estate.remits.suspend("reader", "because", "2026-07-31T12:00:00Z")
    monkeypatch.undo()
    assert estate.decision().step is Step.STANDING
    assert estate.allows("writer", "write_file")


def test_a_quarantine_beside_a_damaged_list_stops_everybody(estate: Estate, tmp_path: Path):
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "suspended.json").write_text("{")
    with pytest.raises(RefusedError, match="damaged"):
        estate.remits.suspend("reader", "because", "2026-07-31T12:00:00Z")
    assert estate.remits.policy.fault
    assert "reader" in estate.remits.policy.suspended


# --- starting ------------------------------------------------------------------------------------------------------------------


def test_a_missing_path_a_folder_without_a_remit_and_an_empty_one_stop_a_start(tmp_path: Path):
    with pytest.raises(RefusedError, match="does not exist"):
        Estate(tmp_path / "nowhere", tmp_path)
    with pytest.raises(RefusedError, match="no remit under"):
        Estate(tmp_path, tmp_path)
    (tmp_path / "values.yaml").write_text("replicas: 2\n")
    with pytest.raises(RefusedError, match="no key `remit`"):
        Estate(tmp_path, tmp_path)


def test_every_problem_of_every_file_is_told_at_once(tmp_path: Path):
    for name in ("a", "b"):
        path = write(tmp_path / f"{name}.yaml", name)
        path.write_text(path.read_text().replace("purpose", "porpoise"))
    with pytest.raises(DocumentError) as caught:
        Estate(tmp_path, tmp_path)
    assert {Path(problem.path).name for problem in caught.value.problems} == {"a.yaml", "b.yaml"}


def test_two_files_for_one_agent_stop_a_start(tmp_path: Path):
    write(tmp_path / "a.yaml")
    write(tmp_path / "b.yaml")
    with pytest.raises(DocumentError, match="already has a remit in"):
        Estate(tmp_path, tmp_path)


def test_yaml_without_the_key_is_skipped_and_named_and_may_become_a_remit(tmp_path: Path):
    write(tmp_path / "reader.yaml")
    other = tmp_path / "values.yaml"
    other.write_text("replicas: 2\n")
    (tmp_path / "notes.txt").write_text("remit: 1\n")
    estate = Estate(tmp_path, tmp_path / "state")
    assert estate.remits.skipped == [str(other)]
    write(other, "writer")
    assert estate.allows("writer")


def test_a_single_file_without_the_key_is_an_error(tmp_path: Path):
    path = tmp_path / "values.yaml"
    path.write_text("replicas: 2\n")
    with pytest.raises(DocumentError):
        Estate(path, tmp_path)


def test_a_loop_of_links_is_not_followed(tmp_path: Path):
    write(tmp_path / "remits" / "reader.yaml")
    (tmp_path / "remits" / "loop").symlink_to(tmp_path / "remits")
    (tmp_path / "remits" / "broken.yaml").symlink_to(tmp_path / "nowhere")
    with pytest.raises(DocumentError, match="cannot be read"):
        Estate(tmp_path / "remits", tmp_path)
    (tmp_path / "remits" / "broken.yaml").unlink()
    assert Estate(tmp_path / "remits", tmp_path).allows()

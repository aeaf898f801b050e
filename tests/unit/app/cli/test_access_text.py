"""What an agent can access, as a person reads it."""

from __future__ import annotations

import pytest

from remit.app.cli.access_text import show_access
from remit.app.cli.page import Page
from remit.app.views.entitlements import summary
from remit.model.alignment import Alignment, AlignmentLine, Class


def line(action: str, resource: str, class_: Class, **more: str | int) -> AlignmentLine:
    return AlignmentLine(principal="p", system="s", action=action, resource=resource, class_=class_, why="no line asks for it", **more)  # type: ignore[arg-type]


def told(lines: list[AlignmentLine], capsys: pytest.CaptureFixture[str], *, everything: bool = False) -> str:
    show_access(Page(), Alignment(agent="a", is_from_draft=False, remit_hash="", lines=tuple(lines)), str, everything=everything)
    return capsys.readouterr().out


def test_what_is_out_of_intent_comes_before_all_else_and_its_use_is_told(capsys: pytest.CaptureFixture[str]):
    used = line("select", "hr.pay", Class.USED_NOT_NEEDED, last_used="2029-12-01T00:00:00Z", count=1)
    shown = told([line("insert", "a.b", Class.NEEDED_USED, last_used="2029-12-01T00:00:00Z", count=2), used], capsys)
    assert shown.index("used but not needed") < shown.index("needed and used")
    assert "select on hr.pay; 1 time, last on 2029-12-01" in shown


def test_actions_on_one_resource_for_one_reason_are_one_line_and_the_reason_is_said_once(capsys: pytest.CaptureFixture[str]):
    shown = told([line(action, "a.b", Class.UNNEEDED) for action in ("delete", "update")] + [line("select", "a.c", Class.UNNEEDED)], capsys)
    assert "delete, update on a.b" in shown
    assert shown.count("no line asks for it") == 1


def test_use_by_one_of_several_agents_is_told_with_the_line_that_it_is_of(capsys: pytest.CaptureFixture[str]):
    shown = told([line("delete", "a.b", Class.UNNEEDED), line("select", "a.b", Class.UNNEEDED, shared_calls=1)], capsys)
    assert "delete on a.b\n" in shown
    assert "select on a.b; its identity did, 1 time; which of the agents on it is not known" in " ".join(shown.split())


def test_a_long_class_says_how_much_is_left_out_and_how_to_see_it(capsys: pytest.CaptureFixture[str]):
    lines = [line("select", f"a.t{number}", Class.UNNEEDED) for number in range(40)]
    shown = told(lines, capsys)
    assert "and 25 more; --all lists each" in shown
    assert told(lines, capsys, everything=True).count("select on a.t") == 40


def test_the_summary_counts_every_line_and_says_so_when_there_is_none():
    lines = (line("a", "r", Class.UNNEEDED), line("b", "r", Class.UNNEEDED), line("c", "r", Class.USED_NOT_NEEDED))
    assert summary(Alignment(agent="a", is_from_draft=False, remit_hash="", lines=lines)) == "1 used but not needed, 2 unneeded"
    assert summary(Alignment(agent="a", is_from_draft=False, remit_hash="", lines=())) == "nothing, as far as was read"

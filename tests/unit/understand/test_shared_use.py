"""Use of an identity that several agents share, by whom no record tells."""

from __future__ import annotations

from tests.unit.understand.worlds import CONCERNS, DATABASE_ROLE, VOCABULARIES

from remit.model.alignment import Alignment, AlignmentLine, Class
from remit.model.event import Use
from remit.understand.shared_use import with_shared_use
from remit.understand.spans import Spans

SPANS = Spans(VOCABULARIES, CONCERNS)


def line(action: str, resource: str, class_: Class = Class.UNNEEDED, principal: str = DATABASE_ROLE, **other: object) -> AlignmentLine:
    return AlignmentLine(principal=principal, system="postgres:db", action=action, resource=resource, class_=class_, why="", **other)  # type: ignore[arg-type]


def use(action: str, resource: str, allowed: int, columns: tuple[str, ...] = (), principal: str = DATABASE_ROLE) -> Use:
    return Use(
        agent="", principal=principal, source="postgres:db", system="postgres:db", action=action, resource=resource,
        first="2026-01-01T00:00:00Z", last="2026-01-02T00:00:00Z", allowed=allowed, denied=0, place="log:1", columns=columns,
    )  # fmt: skip


def calls(lines: list[AlignmentLine], *uses: Use) -> list[int]:
    alignment = Alignment(agent="a", is_from_draft=False, remit_hash="", lines=tuple(lines))
    found = with_shared_use(alignment, uses, SPANS)
    assert [(one.class_, one.count, one.last_used) for one in found.lines] == [(one.class_, one.count, one.last_used) for one in lines]
    return [one.shared_calls for one in found.lines]


def test_it_stands_in_the_line_that_covers_it_and_changes_no_class():
    lines = [line("select", "s.t", Class.NEEDED_UNUSED), line("update", "s.t")]
    assert calls(lines, use("select", "s.t", 3), use("select", "s.t", 2), use("delete", "s.t", 9)) == [5, 0]


def test_it_stands_once_in_the_narrowest_line():
    assert calls([line("select", "s.*"), line("select", "s.t")], use("select", "s.t", 3)) == [0, 3]


def test_columns_and_refusals_and_other_identities_count_as_for_the_agents_own_use():
    lines = [line("select", "s.t", columns=("a",)), line("select", "s.u")]
    assert calls(lines, use("select", "s.t", 3, ("a", "b"))) == [0, 0]
    assert calls(lines, use("select", "s.t", 3, ("a",))) == [3, 0]
    assert calls(lines, use("select", "s.u", 0)) == [0, 0]
    assert calls(lines, use("select", "s.u", 4, principal="postgres:db/other")) == [0, 0]


def test_memberships_and_needs_that_nothing_grants_were_done_by_nobody():
    lines = [line("member", "role", is_membership=True), line("select", "s.t", Class.NEEDED_NOT_GRANTED, principal="")]
    assert calls(lines, use("member", "role", 1), use("select", "s.t", 3)) == [0, 0]

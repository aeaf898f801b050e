"""What a narrowing of a role says beside its steps."""

from __future__ import annotations

import pytest
from tests.unit.systems.postgres.catalogues import CONNECTION, objects, role, table

from remit.model.alignment import AlignmentLine, Class
from remit.systems.postgres.system import SYSTEM

AGENT = f"{CONNECTION}/agent"


def kept(action: str, *columns: str) -> AlignmentLine:
    return AlignmentLine(
        principal=AGENT, system=CONNECTION, action=action, resource="app.t", class_=Class.NEEDED_UNUSED, why="x", columns=columns
    )


@pytest.mark.parametrize(
    ("granted", "keep", "is_told"),
    [
        ("agent=rw/boss", [kept("update", "a")], True),
        ("agent=rd/boss", [kept("delete")], True),
        ("agent=rw/boss", [kept("update", "a"), kept("select", "b")], False),
        ("agent=w/boss", [kept("update")], False),
        ("agent=ra/boss", [kept("insert")], False),
        ("agent=rw/boss", [kept("select")], False),
    ],
)
def test_it_is_told_where_changes_stay_and_all_reading_goes(granted: str, keep: list[AlignmentLine], is_told: bool) -> None:
    proposal = SYSTEM.narrow(objects([role("agent")], [table("app.t", [granted])]), AGENT, keep, "an-agent")
    assert any("says which rows" in sentence for sentence in proposal.residue) == is_told

"""What a gap is worth: what may hide something is told apart from what was left out and what holds nothing; one count for all."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from remit.app.coverage import Sort, counts, counts_json, coverage, sort_of
from remit.app.current import Current
from remit.app.doctor import examine
from remit.app.turn import connect
from remit.app.views.turn_text import coverage_line
from remit.app.web.coverage import covered
from remit.app.web.ledger import ledger
from remit.model.connection import Connection
from remit.model.evidence import Gap, GapKind
from remit.model.place import Place
from remit.store.records import Store

AT = "2026-11-26T10:00:00Z"


def gap(kind: GapKind, path: str, *, is_file: bool = True) -> Gap:
    return Gap(place=Place(path), kind=kind, what="why", is_file=is_file)


@pytest.mark.parametrize(
    ("kind", "path", "sort"),
    [
        (GapKind.NO_PERMISSION, "agents/notes.txt", Sort.HIDDEN),
        (GapKind.NO_SUCH_PLACE, "s3://trail/x", Sort.HIDDEN),
        (GapKind.UNSUPPORTED, ".gitignore", Sort.NOTHING),
        (GapKind.UNSUPPORTED, "shop/requirements.txt", Sort.NOTHING),
        (GapKind.UNSUPPORTED, "logo.PNG", Sort.NOTHING),
        (GapKind.UNSUPPORTED, "agent.go", Sort.NOT_READ),
        (GapKind.UNSUPPORTED, "bin/run", Sort.NOT_READ),
        (GapKind.UNSUPPORTED, "agents.zip", Sort.NOT_READ),
        (GapKind.UNSUPPORTED, "what.nobody-knows", Sort.NOT_READ),
        (GapKind.TOO_LARGE, "notes.txt", Sort.NOT_READ),
        (GapKind.BINARY, "agent.py", Sort.NOT_READ),
        (GapKind.OUTSIDE, "shared", Sort.NOT_READ),
        (GapKind.LINK, "shared", Sort.NOTHING),
        (GapKind.LEFT_OUT, "node_modules", Sort.LEFT_OUT),
    ],
)
def test_what_may_hide_something_is_told_apart_in_code(kind: GapKind, path: str, sort: Sort) -> None:
    assert sort_of(gap(kind, path), is_code=True) is sort


@pytest.mark.parametrize("kind", [GapKind.UNSUPPORTED, GapKind.SPECIAL, GapKind.LINK])
def test_no_part_of_a_system_or_a_log_counts_as_nothing_by_its_name(kind: GapKind) -> None:
    assert sort_of(gap(kind, "s3://trail/x.csv"), is_code=False) is Sort.NOT_READ


def test_pages_commands_and_programs_count_alike(tmp_path: Path) -> None:
    current = Current(Store.open(f"sqlite:///{tmp_path / 'store.db'}"), now=datetime(2026, 11, 26, 10, tzinfo=UTC))
    code = tmp_path / "shop"
    code.mkdir()
    for name in (".gitignore", "requirements.txt", "agent.go", "README.md", "left.py"):
        (code / name).write_text("left.py\n" if name == ".gitignore" else "x\n", "utf-8")
    came = connect(current, Connection(id="code:shop", kind="code", name="shop", settings={"path": str(code)}, since=AT), {})

    found = counts(current)
    assert (found[Sort.NOT_READ], found[Sort.NOTHING], found[Sort.LEFT_OUT]) == (1, 2, 1)
    assert coverage_line(found) == "1 part not read that may hide something, 1 left out on purpose, 2 with nothing to look for"
    page = covered(current)
    assert (page.not_read, page.left_out, page.nothing) == (1, 1, 2)
    expected = {"may_hide": 1, "left_out": 1, "nothing_looked_for": 2, "not_settled": 0}
    assert came.coverage["counts"] == coverage(current)["counts"] == counts_json(found) == expected
    assert [str(line.place) for line in ledger(current, "code:shop") if line.sort == Sort.NOT_READ] == ["agent.go"]
    assert any("1 part is not read and may hide something, such as agent.go" in check.found for check in examine(current, {}))

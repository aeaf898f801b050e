from __future__ import annotations

import json
from pathlib import Path

import pytest

from remit.contracts.system import RawRecord
from remit.model.evidence import Gap, GapKind
from remit.systems.postgres.read.log import MAX_LINE_BYTES, records


def text(second: int, said: str = "x") -> bytes:
    return json.dumps({"timestamp": f"2026-11-26 10:00:{second:02} GMT", "message": said}).encode() + b"\n"


def said(folder: Path, cursor: str | None = None) -> tuple[list[str], str | None, list[Gap]]:
    """The messages after a cursor, the cursor after the last of them, and the gaps."""
    messages, gaps = [], []
    for found in records(folder, cursor, "postgres:fin log"):
        if isinstance(found, RawRecord):
            messages.append(json.loads(found.payload)["message"])
            cursor = found.cursor
        else:
            gaps.append(found)
    return messages, cursor, gaps


def test_files_are_read_in_the_order_of_their_first_lines_whatever_they_are_called(tmp_path: Path):
    (tmp_path / "b.json").write_bytes(text(1, "first") + text(2, "second"))
    (tmp_path / "a.json").write_bytes(text(3, "third"))
    (tmp_path / "a.json.1").write_bytes(text(0, "zeroth"))
    (tmp_path / "a.log").write_bytes(text(9, "no JSON log"))
    assert said(tmp_path)[0] == ["zeroth", "first", "second", "third"]


def test_reading_goes_on_where_it_stopped_and_nothing_comes_twice(tmp_path: Path):
    log = tmp_path / "x.json"
    log.write_bytes(text(1, "one"))
    first, cursor, _ = said(tmp_path)
    with log.open("ab") as stream:
        stream.write(text(2, "two"))
    (tmp_path / "y.json").write_bytes(text(3, "three"))
    second, cursor, _ = said(tmp_path, cursor)
    assert (first, second, said(tmp_path, cursor)[0]) == (["one"], ["two", "three"], [])


def test_a_torn_last_line_waits_until_it_is_complete(tmp_path: Path):
    log = tmp_path / "x.json"
    whole = text(2, "two")
    log.write_bytes(text(1, "one") + whole[:20])
    first, cursor, _ = said(tmp_path)
    with log.open("ab") as stream:
        stream.write(whole[20:])
    assert (first, said(tmp_path, cursor)[0]) == (["one"], ["two"])


def test_a_line_that_was_torn_for_good_does_not_stop_the_next_file(tmp_path: Path):
    (tmp_path / "x.json").write_bytes(text(1, "one") + b'{"timestamp": "torn')
    (tmp_path / "y.json").write_bytes(text(2, "two"))
    found = [item for item in records(tmp_path, None, "log") if isinstance(item, RawRecord)]
    assert [item.place for item in found] == ["x.json:1", "x.json:2", "y.json:1"]
    assert found[1].payload == b'{"timestamp": "torn'


def test_a_file_that_was_written_anew_is_read_from_its_beginning(tmp_path: Path):
    log = tmp_path / "Mon.json"
    log.write_bytes(text(1, "one") + text(2, "two"))
    _, cursor, _ = said(tmp_path)
    log.write_bytes(text(30, "a week later"))
    assert said(tmp_path, cursor)[0] == ["a week later"]


def test_a_file_that_was_renamed_or_deleted_costs_nothing_that_came_later(tmp_path: Path):
    (tmp_path / "x.json").write_bytes(text(1, "one"))
    _, cursor, _ = said(tmp_path)
    (tmp_path / "x.json").rename(tmp_path / "x.json.1")
    (tmp_path / "x.json").write_bytes(text(2, "two"))
    assert said(tmp_path, cursor)[0] == ["two"]
    (tmp_path / "x.json.1").unlink()
    assert said(tmp_path, cursor)[0] == ["two"]


def test_places_count_lines_of_the_whole_file_after_a_restart_too(tmp_path: Path):
    log = tmp_path / "x.json"
    log.write_bytes(text(1) + text(2))
    _, cursor, _ = said(tmp_path)
    with log.open("ab") as stream:
        stream.write(text(3))
    found = [item for item in records(tmp_path, cursor, "log") if isinstance(item, RawRecord)]
    assert [item.place for item in found] == ["x.json:3"]


def test_a_line_too_long_is_a_gap_and_the_next_one_is_read(tmp_path: Path):
    (tmp_path / "x.json").write_bytes(text(1, "one") + text(2, "y" * MAX_LINE_BYTES) + text(3, "three"))
    messages, _, gaps = said(tmp_path)
    assert messages == ["one", "three"]
    assert [(gap.kind, str(gap.place)) for gap in gaps] == [(GapKind.TOO_LARGE, "x.json:2")]


def test_a_long_line_without_its_end_waits(tmp_path: Path):
    log = tmp_path / "x.json"
    log.write_bytes(text(1, "one") + b"y" * (MAX_LINE_BYTES + 10))
    assert said(tmp_path)[2] == []


@pytest.mark.parametrize("cursor", ["", "{}", "17", '{"name": 7}'])
def test_a_cursor_that_is_not_understood_is_told_and_the_log_read_again(tmp_path: Path, cursor: str):
    (tmp_path / "x.json").write_bytes(text(1, "one"))
    messages, _, gaps = said(tmp_path, cursor)
    assert messages == ["one"]
    assert gaps[0].kind is GapKind.PARSE_ERROR


def test_what_cannot_be_read_is_a_gap(tmp_path: Path):
    (tmp_path / "x.json.gz").write_bytes(b"")
    (tmp_path / "y.json").mkdir()
    assert {gap.kind for gap in said(tmp_path)[2]} == {GapKind.UNSUPPORTED, GapKind.SPECIAL}
    (gap,) = said(tmp_path / "missing")[2]
    assert gap.kind is GapKind.NO_SUCH_PLACE
    assert f"`{tmp_path}/missing` cannot be opened: no such file or directory" in gap.what


def test_a_folder_without_a_json_log_is_a_gap_and_not_a_log_without_use(tmp_path: Path):
    (tmp_path / "postgresql.log").write_text("plain text")
    (gap,) = said(tmp_path)[2]
    assert gap.kind is GapKind.NO_SUCH_PLACE
    assert "no JSON log" in gap.what
    (tmp_path / "x.json").write_bytes(b"")
    assert said(tmp_path)[2] == [], "a log that nothing was written to yet"

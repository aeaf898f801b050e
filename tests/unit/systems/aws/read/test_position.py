"""The position in a trail: nothing is lost, whatever the order of arrival, and little is read twice."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from remit.systems.aws.read.position import Position, Positions, Progress, TrailFile, positions_from, unread

START = datetime(2026, 3, 1, tzinfo=UTC)


def file(minutes: float, key: str) -> TrailFile:
    return TrailFile((START + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ"), key)


def read(files: list[TrailFile], at: Position | None, up_to: int | None = None) -> tuple[list[TrailFile], Position | None]:
    progress, waiting = unread(files, at)
    done = waiting[:up_to]
    for item in done:
        at = progress.pass_by(item)
    return done, at


def test_a_second_reading_reads_nothing_again() -> None:
    files = [file(minute, f"k{minute}") for minute in range(40)]
    first, at = read(files, None)
    assert first == files
    assert read(files, at) == ([], at)


def test_new_files_are_read_alone() -> None:
    files = [file(minute, f"k{minute}") for minute in range(40)]
    _, at = read(files, None)
    assert read([*files, file(41, "k41")], at)[0] == [file(41, "k41")]


def test_a_late_file_with_an_older_name_is_read() -> None:
    _, at = read([file(0, "2026/03/01/b"), file(5, "2026/03/02/a")], None)
    late = file(600, "2026/02/27/z")
    assert read([file(0, "2026/03/01/b"), file(5, "2026/03/02/a"), late], at)[0] == [late]


def test_a_file_that_appears_behind_the_position_makes_the_window_be_read_again() -> None:
    files = [file(0, "old"), file(30, "a"), file(40, "c")]
    _, at = read(files, None)
    hidden = file(39, "b")
    again, _ = read([*files, hidden], at)
    assert again == [file(30, "a"), hidden, file(40, "c")]


def test_files_of_one_second_are_told_apart() -> None:
    files = [file(0, f"k{number}") for number in range(5)]
    _, at = read(files, None, up_to=3)
    assert read(files, at)[0] == files[3:]


def test_the_position_stays_small() -> None:
    at = None
    progress = Progress()
    for number in range(5000):
        at = progress.pass_by(file(number / 100, f"a/long/name/of/a/file/{number}.json.gz"))
    assert at is not None
    assert len(repr(at)) < 300


def test_a_cursor_that_is_not_understood_begins_at_the_beginning() -> None:
    for text in ("", "{", "[]", '{"trail":"9"}', '{"trail":"1","streams":{"x":{"arrived":"soon","key":"k","count":1,"total":"0"}}}'):
        assert positions_from(text) == Positions()


@given(
    st.lists(st.tuples(st.integers(0, 600), st.text("abc", min_size=1, max_size=3)), unique=True, max_size=40),
    st.lists(st.integers(0, 12), max_size=12),
    st.data(),
)
def test_every_file_is_read_however_readings_are_cut_off(arrivals: list[tuple[int, str]], cuts: list[int], data: st.DataObject) -> None:
    """Files become visible up to ten minutes after the time they bear; readings stop anywhere."""
    files = [(file(minutes / 10, key), minutes / 10 + data.draw(st.integers(0, 10))) for minutes, key in arrivals]
    seen: set[TrailFile] = set()
    at: Position | None = None
    for number, cut in enumerate(cuts):
        done, at = read([item for item, visible in files if visible <= number * 6], at, cut)
        seen.update(done)
    for _ in range(2):
        done, at = read([item for item, _ in files], at)
        seen.update(done)
    assert seen == {item for item, _ in files}
    assert read([item for item, _ in files], at)[0] == []

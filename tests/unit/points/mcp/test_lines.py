"""Lines from a pipe: bounded, whole, and whoever wrote them may leave at any moment."""

from __future__ import annotations

import os
import threading

import pytest

from remit.points.mcp.lines import Overlong, read_lines, write_line


def lines_of(content: bytes, limit: int = 100, piece: int = 1 << 20) -> list[bytes | Overlong]:
    reading, writing = os.pipe()

    def write() -> None:
        for begin in range(0, len(content), piece):
            os.write(writing, content[begin : begin + piece])
        os.close(writing)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        return list(read_lines(reading, limit))
    finally:
        writer.join()
        os.close(reading)


@pytest.mark.parametrize("piece", [1, 3, 1 << 20])
def test_lines_come_one_by_one_however_they_were_cut(piece: int):
    assert lines_of(b'{"a":1}\n\n\r\n{"b":2}\r\nlast', piece=piece) == [b'{"a":1}', b'{"b":2}', b"last"]


def test_nothing_is_no_line():
    assert lines_of(b"") == []
    assert lines_of(b"\n\n") == []


@pytest.mark.parametrize("piece", [7, 50, 1 << 20])
def test_a_line_of_the_limit_is_read_and_a_longer_one_is_told_by_size_and_edges(piece: int):
    exact, longer = b"x" * 100, b"begin" + b"y" * 5000 + b"end"
    found = lines_of(exact + b"\n" + longer + b"\nnext\n" + longer, piece=piece)
    assert found[0] == exact
    assert found[2] == b"next"
    for overlong in (found[1], found[3]):
        assert isinstance(overlong, Overlong)
        assert overlong.size == len(longer)
        assert overlong.begin.startswith(b"begin")
        assert overlong.end.endswith(b"end")
        assert len(overlong.begin) + len(overlong.end) <= 512


def test_a_long_line_costs_no_more_memory_than_the_limit():
    import tracemalloc

    content = b"z" * 30_000_000
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    tracemalloc.reset_peak()
    (found,) = lines_of(content + b"\n", limit=1_000_000)
    peak = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
    assert isinstance(found, Overlong)
    assert peak < 5_000_000 + len(content), "the test's own copy of the content, and little more"


def test_a_line_that_comes_byte_by_byte_costs_little_more_than_its_length():
    import tracemalloc

    tracemalloc.start()
    (found,) = lines_of(b"d" * 20_000, limit=50_000, piece=1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found == b"d" * 20_000
    assert peak < 2_000_000, "a block to read into, and the line"


def test_a_line_is_written_whole_to_a_slow_reader():
    reading, writing = os.pipe()
    received: list[bytes | Overlong] = []
    reader = threading.Thread(target=lambda: received.extend(read_lines(reading, 10_000_000)))
    reader.start()
    write_line(writing, b"w" * 5_000_000)
    os.close(writing)
    reader.join()
    os.close(reading)
    assert received == [b"w" * 5_000_000]


def test_writing_to_one_who_left_is_an_error():
    reading, writing = os.pipe()
    os.close(reading)
    with pytest.raises(OSError, match="pipe"):
        write_line(writing, b"x")
    os.close(writing)

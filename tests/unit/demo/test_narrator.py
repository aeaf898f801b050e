"""What the demo prints: hostile text inert, long output trimmed, plain where nobody watches."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from remit.demo.claims import Found, Judged
from remit.demo.narrator import Narrator, head, parts, seconds_text, whole


def told(lines: list[str], *, is_terminal: bool = False) -> str:
    stream = io.StringIO()
    console = Console(file=stream, width=100, force_terminal=is_terminal, color_system="standard" if is_terminal else None)
    Narrator(console).output(lines, whole)
    return stream.getvalue()


@pytest.mark.parametrize("is_terminal", [False, True])
def test_nothing_that_a_command_printed_is_obeyed_but_its_colours(is_terminal: bool) -> None:
    shown = told(["\x1b[31mred\x1b[0m \x1b]8;;http://evil\x07link \x1b[2J \u202edlo \r over [bold]x[/bold]"], is_terminal=is_terminal)
    assert "\x1b]" not in shown
    assert "\x1b[2J" not in shown
    assert "\r" not in shown
    assert "\u202e" not in shown
    assert "[bold]x[/bold]" in shown
    assert ("\x1b[31m" in shown) is is_terminal


def test_a_long_line_is_cut_where_the_page_ends() -> None:
    (line,) = told(["x" * 500]).splitlines()
    assert len(line) == 100
    assert line.endswith("…")


def test_of_long_output_the_beginning_the_end_and_named_sections_are_shown() -> None:
    lines = [f"line {number}" for number in range(10)]
    lines[5] = "\x1b[1mReplay: \x1b[0m0 of 10"
    shown = parts(2, 1, Replay=2)(lines)
    assert [line.replace("\x1b[2m", "").replace("\x1b[0m", "") for line in shown] == [
        "line 0",
        "line 1",
        "... 3 lines more",
        "\x1b[1mReplay: 0 of 10",
        "line 6",
        "... 2 lines more",
        "line 9",
    ]


def test_one_line_is_never_replaced_by_a_line_that_says_so() -> None:
    assert head(2)(["a", "b", "c"]) == ["a", "b", "c"]
    assert head(2)(["a"]) == ["a"]
    assert head(2)([]) == []


def test_a_claim_is_told_with_what_was_found_and_an_address_stands_alone_on_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    narrator = Narrator()
    narrator.claim(Judged(1, "all is well", Found(False, "one is missing")))
    narrator.table([Judged(1, "all is well", Found(False, "one is missing")), Judged(2, "so it is", Found(True, "2 tried"))])
    narrator.verbatim("open http://127.0.0.1:8686/enter/" + "x" * 120)
    shown = capsys.readouterr().out
    assert "✗ all is well" in shown
    assert "FAILED  1" in shown
    assert "held    2" in shown
    assert "\nopen http://127.0.0.1:8686/enter/" + "x" * 120 + "\n" in shown


def test_a_time_is_told_in_minutes_and_seconds() -> None:
    assert [seconds_text(seconds) for seconds in (0.4, 47.2, 60, 132)] == ["0 s", "47 s", "1 min 0 s", "2 min 12 s"]

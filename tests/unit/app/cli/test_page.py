"""Pages: words are wrapped between blanks, what is one word stays one, and what is piped is not wrapped."""

from __future__ import annotations

import contextlib
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit.app.cli.page import Page, counted, listed, shortened

ARN = "arn:aws:s3:::a-bucket-with-a-long-name/" + "x" * 80


def test_no_word_is_broken_and_every_other_line_stands_below_the_first_word(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("COLUMNS", "60")
    Page().item("holds  ", f"denied: s3:GetObject on {ARN} (read back and evaluated, as nobody may act as it)", indent=2)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("  holds  denied:")
    assert all(line.startswith(" " * 9) for line in lines[1:])
    assert any(line.strip() == ARN for line in lines)
    assert all(len(line) <= 60 for line in lines if ARN not in line)


def test_what_is_piped_is_one_line_a_paragraph(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.delenv("COLUMNS", raising=False)
    Page().line("word " * 100, indent=4)
    assert len(capsys.readouterr().out.splitlines()) == 1


@given(
    words=st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=30), min_size=1),
    width=st.integers(40, 120),
)
def test_wrapping_loses_and_adds_no_word(words: list[str], width: int):
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("COLUMNS", str(width))
        with contextlib.redirect_stdout(io.StringIO()) as written:
            Page().line(" ".join(words))
    assert written.getvalue().split() == words


@pytest.mark.parametrize(
    ("text", "most", "shown"), [("short", 10, "short"), ("s3://bucket/a/very/long/key.json.gz#4", 20, "s3://buc...n.gz#4")]
)
def test_a_long_place_keeps_its_beginning_and_its_end(text: str, most: int, shown: str):
    result = shortened(text, most)
    assert (result[:8], result[-6:]) == (shown[:8], shown[-6:])
    assert len(result) <= most


def test_lists_and_counts_read_as_a_sentence():
    assert listed(["a", "b", "c"], 2) == "a, b and 1 more"
    assert (counted(1, "agent", "agents"), counted(1200, "agent", "agents")) == ("1 agent", "1,200 agents")

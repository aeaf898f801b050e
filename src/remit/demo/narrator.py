"""Tells the story on a terminal: steps, commands with what they print, claims; plain lines where nobody watches.

Text of commands is shown with their colours and nothing else that a terminal would obey.
"""

from __future__ import annotations

import re
import sys
import textwrap
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from remit.demo.claims import Judged
from remit.model.shown import printable

_COLOUR = re.compile(r"(\x1b\[[0-9;]*m)")
_MOST_OF_A_LINE = 2000
_WIDEST = 110
"""Longer lines are hard to read, however wide the terminal is."""
Trim = Callable[[Sequence[str]], list[str]]
"""Which of the lines are shown."""


class Narrator:
    """Writes to standard output."""

    def __init__(self, console: Console | None = None) -> None:
        own = console or Console(highlight=False)
        self.is_live = own.is_terminal
        """Whether somebody watches a terminal."""
        self.width = min(own.width, _WIDEST) if own.is_terminal else 100
        self._console = console or Console(highlight=False, width=self.width)

    def title(self, text: str, about: str) -> None:
        """The first lines."""
        self._print(Text.assemble((text, "bold"), f"  {about}"))

    def part(self, text: str) -> None:
        """One of many small things that are being made ready."""
        self._paragraph(text, "  ", "dim")

    def step(self, number: int, count: int, title: str, about: str) -> None:
        """The heading of a step, and what it is about."""
        self._print()
        self._print(Rule(Text.assemble((f" {number}/{count}  ", "dim"), (title, "bold cyan"), " "), style="dim", align="left"))
        self._paragraph(about, "  ")

    def remark(self, text: str) -> None:
        """A paragraph between commands."""
        self._print()
        self._paragraph(text, "  ", "italic")

    def say(self, text: str) -> None:
        """A line."""
        self._print(Text(text))

    def sum_up(self, text: str, *, is_held: bool) -> None:
        """What it all came to."""
        self._print()
        self._paragraph(text, "", "bold green" if is_held else "bold red")

    def verbatim(self, text: str) -> None:
        """A line that is copied: whole, at the margin, without colour."""
        self._console.print(Text(text), soft_wrap=True)
        sys.stdout.flush()

    @contextmanager
    def command(self, text: str) -> Iterator[None]:
        """A command that runs while this lasts; on a terminal with the time that it takes."""
        self._print()
        self._console.print(Text.assemble(("  $ ", "dim"), (text, "bold")), soft_wrap=True)
        with self.busy(""):
            yield

    @contextmanager
    def busy(self, text: str) -> Iterator[None]:
        """Something that takes a while."""
        sys.stdout.flush()
        if not self.is_live:
            yield
            return
        columns = (TextColumn("   "), SpinnerColumn(), TimeElapsedColumn(), TextColumn(printable(text)))
        with Progress(*columns, console=self._console, transient=True) as progress:
            progress.add_task("", total=None)
            yield

    def output(self, lines: Sequence[str], trim: Trim) -> None:
        """What a command printed, as far as it is shown."""
        for line in trim(lines):
            shown = _shown(line)
            shown.truncate(self.width - 4, overflow="ellipsis")
            self._console.print(Text.assemble(("  │ ", "dim"), shown), soft_wrap=True)
        sys.stdout.flush()

    def claim(self, judged: Judged) -> None:
        """One claim and whether it held."""
        is_held = judged.found.is_held
        mark = Text("✓" if is_held else "✗", "bold green" if is_held else "bold red")
        self._print()
        self._console.print(Text.assemble("  ", mark, " ", (judged.sentence, "bold")), soft_wrap=True)
        self._paragraph(judged.found.what, "    ", "dim" if is_held else "red")

    def table(self, claims: Sequence[Judged]) -> None:
        """Every claim of the story."""
        self._print()
        table = Table(box=None, padding=(0, 1), pad_edge=False, title_justify="left", header_style="bold")
        for name in ("", "Step", "Claim, tried on the live servers as the agents themselves", "What was found"):
            table.add_column(name, ratio=None if name in ("", "Step") else 1, no_wrap=name in ("", "Step"))
        for judged in claims:
            mark = Text("held", "green") if judged.found.is_held else Text("FAILED", "bold red")
            table.add_row(mark, str(judged.step), judged.sentence, Text(judged.found.what, "dim" if judged.found.is_held else "red"))
        self._print(table)

    def _paragraph(self, text: str, indent: str, style: str = "") -> None:
        for line in textwrap.wrap(text, self.width - len(indent), break_long_words=False, break_on_hyphens=False):
            self._console.print(Text.assemble(indent, (line, style)), soft_wrap=True)
        sys.stdout.flush()

    def _print(self, *what: object) -> None:
        self._console.print(*what)
        sys.stdout.flush()


def head(count: int) -> Trim:
    """The first lines, and how many there are besides."""
    return parts(count)


def parts(first: int, last: int = 0, **sections: int) -> Trim:
    """The first and the last lines, of each section that begins with this word so many lines, and how many are left out between them."""

    def trim(lines: Sequence[str]) -> list[str]:
        kept = {*range(first), *range(len(lines) - last, len(lines))}
        for number, line in enumerate(lines):
            word = _COLOUR.sub("", line).partition(":")[0]
            kept.update(range(number, number + sections.get(word, 0)))
        shown: list[str] = []
        left_out: list[str] = []
        for number, line in enumerate(lines):
            if number not in kept:
                left_out.append(line)
                continue
            shown += _instead_of(left_out)
            left_out = []
            shown.append(line)
        return shown + _instead_of(left_out)

    return trim


def _instead_of(lines: Sequence[str]) -> list[str]:
    """One line that says how many there are, where that is shorter."""
    return [f"\x1b[2m... {len(lines)} lines more\x1b[0m"] if len(lines) > 1 else list(lines)


def whole(lines: Sequence[str]) -> list[str]:
    """Every line."""
    return list(lines)


def seconds_text(seconds: float) -> str:
    """`47 s`, `1 min 12 s`."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def clock() -> float:
    """Seconds that only grow."""
    return time.monotonic()


def _shown(line: str) -> Text:
    """A line of a command: its colours are kept, everything else that a terminal would obey is escaped."""
    parts = _COLOUR.split(line[:_MOST_OF_A_LINE])
    return Text.from_ansi("".join(part if number % 2 else printable(part, _MOST_OF_A_LINE) for number, part in enumerate(parts)))

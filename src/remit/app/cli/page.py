"""How a page is set: words wrapped between blanks, what is one word (an ARN, a path, a command) left whole, whatever the width.

A terminal wraps a long word by itself, and it can be copied; a word that is broken here cannot. What is piped is not wrapped at all, so
that lines can be searched for, unless COLUMNS asks for it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

_NARROWEST = 40
_ENDLESS = 100_000

Words = str | tuple[str, str]
"""A text, or a text and its style."""


class Page:
    """Lines and blocks on standard output."""

    def __init__(self) -> None:
        self._console = Console(highlight=False)
        is_wrapped = self._console.is_terminal or os.environ.get("COLUMNS", "").isdecimal()
        self.width = max(self._console.width, _NARROWEST) if is_wrapped else _ENDLESS
        """Columns to fill; a great many where nothing is to be wrapped."""

    def line(self, *words: Words, indent: int = 0) -> None:
        """A paragraph, all of it at one indent."""
        self.item("", *words, indent=indent)

    def item(self, head: Words, *words: Words, indent: int = 0, room: int = 0) -> None:
        """A paragraph after a head of `room` columns; its other lines stand below the first word, not below the head."""
        first = _text(head)
        first.pad_right(max(room - len(first.plain), 0))
        body = _text(*words)
        for number, line in enumerate(body.divide(_ends(body.plain, max(self.width - indent - len(first.plain), _NARROWEST // 2)))):
            before = first if number == 0 else Text(" " * len(first.plain))
            self._print(Text.assemble(" " * indent, before, line))

    def _print(self, line: Text) -> None:
        line.rstrip()
        if self._console.color_system is None:
            sys.stdout.write(f"{line.plain}\n")  # what has no colours needs none of the work that they are
        else:
            self._console.print(line, soft_wrap=True)

    def blank(self) -> None:
        """An empty line."""
        self._print(Text())


def shortened(text: str, most: int) -> str:
    """A place whose middle is left out: where it begins and where it ends say most."""
    if len(text) <= most:
        return text
    kept = max(most - 3, 2)
    return f"{text[: kept // 2]}...{text[len(text) - (kept - kept // 2) :]}"


def listed(names: Sequence[str], most: int) -> str:
    """The first few of many names, and how many more there are."""
    return f"{', '.join(names[:most])} and {len(names) - most:,} more" if len(names) > most else ", ".join(names)


def counted(number: int, one: str, many: str) -> str:
    """A number with its noun."""
    return f"{number:,} {one if number == 1 else many}"


def _ends(text: str, width: int) -> list[int]:
    """Where lines begin, but for the first: after a blank, never within a word."""
    ends, begin, at = [], 0, 0
    for word in text.split(" "):
        if at > begin and cell_len(text[begin:at] + word) > width:
            ends.append(at)
            begin = at
        at += len(word) + 1
    return ends


def _text(*words: Words) -> Text:
    return Text.assemble(*(word if isinstance(word, str) else (word[0], word[1]) for word in words))

"""Text in a picture: measured by characters, because nothing here knows the fonts of whoever looks at it."""

from __future__ import annotations

import unicodedata

_WIDE_FROM = 0x250
"""From here on a font that lacks a character may be replaced by a wider one."""


def cells(text: str) -> int:
    """How many characters of equal width a text takes, at most."""
    return sum(0 if unicodedata.combining(char) else 2 if ord(char) >= _WIDE_FROM and char != "…" else 1 for char in text)


def shortened(text: str, most: int) -> str:
    """A text of at most `most` cells: the middle is left out, and more of the end is kept, where names differ."""
    if cells(text) <= most:
        return text
    if most < 2:
        return "…"[:most]
    return _beginning(text, (most - 1) * 2 // 5) + "…" + _beginning(text[::-1], most - 1 - (most - 1) * 2 // 5)[::-1]


def broken(name: str, room: int) -> tuple[str, tuple[str]]:
    """A name over two lines, at a mark where there is one."""
    first = _beginning(name, room)
    mark = max(first.rfind(mark) for mark in "-_.") + 1
    cut = mark if mark > len(first) // 3 else len(first)
    return name[:cut], (name[cut:],)


def _beginning(text: str, most: int) -> str:
    used = 0
    for number, char in enumerate(text):
        used += cells(char)
        if used > most:
            return text[:number]
    return text

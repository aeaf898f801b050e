"""Hostile text on its way to a person: what stands in a terminal, a log or a message."""

from __future__ import annotations

import unicodedata


def printable(text: str, limit: int = 200) -> str:
    """Hostile text made safe for one line of a terminal or a log: control and format characters are escaped."""
    if len(text) <= limit and text.isascii() and text.isprintable():
        return text
    shown = "".join(char if _is_plain(char) else char.encode("unicode_escape").decode("ascii") for char in text[:limit])
    return shown if len(text) <= limit else f"{shown}..."


def _is_plain(char: str) -> bool:
    return char == " " or (char.isprintable() and unicodedata.category(char) not in {"Cf", "Zl", "Zp"})

"""Sentences about agents, parted and cut where a reader would.

Invariant: code between backticks is one word. It is cut only where it alone fills the room, so that no half name passes for a whole one.
"""

from __future__ import annotations

import re

_WORD = re.compile(r"`[^`]*`|\s+|[^\s`]+|`")
_MARK = ":"


def parted(text: str) -> tuple[str, str]:
    """What happened, and what explains it: before and after the first colon that ends a word; the second may be empty."""
    for word in _WORD.finditer(text):
        if word.group().endswith(_MARK) and not word.group().startswith("`") and text.startswith(" ", word.end()):
            return text[: word.end() - len(_MARK)], text[word.end() :].lstrip()
    return text, ""


def cut(text: str, most: int) -> str:
    """A text of about `most` characters: what is longer ends after a whole word, with an ellipsis."""
    if len(text) <= most:
        return text
    end = 0
    for word in _WORD.finditer(text):
        if word.end() > most:
            break
        end = word.end()
    if end > most // 3:
        return f"{text[:end].rstrip(' ,;:')} …"
    return f"{text[:most]}…{'`' if text[:most].count('`') % 2 else ''}"


def begun(text: str) -> str:
    """A sentence with its first letter large, unless it begins with code."""
    return text[:1].upper() + text[1:]

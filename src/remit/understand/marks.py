"""Words without the marks of Markdown, for what is shown as a person's own sentence. Evidence keeps them."""

from __future__ import annotations

import re

_LINK = re.compile(r"!?\[([^\]\n]{1,300})\]\([^)\s]{1,1000}\)")
_LEADING = re.compile(r"^(?:\s*(?:#{1,6}\s+|>\s+|[-*+]\s+|\d{1,3}[.)]\s+|\[[ xX]\]\s+))+")
_INNER_HEADING = re.compile(r"(?<=\s)#{1,6}\s+")
_STRONG = re.compile(r"\*\*|`+")
_STRONG_LINE = re.compile(r"(?<!\w)__(?=\S)([^_\n]{1,300}?)(?<=\S)__(?![\w.])")
_WEAK = re.compile(r"(?<![\w*])\*(?=\S)([^*\n]{1,300}?)(?<=\S)\*(?![\w*])|(?<!\w)_(?=\S)([^_\n]{1,300}?)(?<=\S)_(?!\w)")


def unmarked(text: str) -> str:
    """The words of a text; `snake_case`, `a * b` and paths stay as they are."""
    text = _INNER_HEADING.sub("", _LEADING.sub("", _LINK.sub(r"\1", text)))
    return _WEAK.sub(lambda found: found[1] or found[2], _STRONG_LINE.sub(r"\1", _STRONG.sub("", text))).strip()


def is_heading(text: str) -> bool:
    """Whether a line is a heading and no sentence."""
    return text.startswith("#")

"""Whether SQL text could be read differently by another database than the one whose grammar it is parsed by.

The tool's database is not known, so text that another lexer splits elsewhere counts as absent. Reasons are the lexers of
PostgreSQL, MySQL, SQLite, SQL Server, BigQuery and Snowflake:
- a backslash before a quote ends a string in one and not in another; `/*! */` is run by one and a comment in others;
- comments nest in one and not in another; `--` without a space, `#` and `//` are comments in some;
- dollar quotes and backticks are strings or names in some; quotes inside square brackets belong to a name in one.
"""

from __future__ import annotations

import re

MAX_DEPTH = 60
"""Brackets nested deeper count as absent."""

_PIECE = re.compile(
    r"""
    (?P<string>'(?:[^']|'')*')
  | (?P<name>"(?:[^"]|"")*")
  | (?P<dollar>\$(?P<tag>[A-Za-z_][A-Za-z0-9_]*|)\$(?P<inside>.*?)\$(?P=tag)\$)
  | (?P<line>--[^\n]*)
  | (?P<block>/\*.*?\*/)
  | (?P<open>[(\[])
  | (?P<close>[)\]])
  | (?P<odd>['"`\\#]|//|/\*|\*/|\$\$|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f])
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPED_QUOTE = re.compile(r"\\['\"`]|\b[uU]&['\"]")
_LONE_RETURN = re.compile(r"\r(?!\n)")
_ODD_SPACE = re.compile(r"[\u00a0\u1680\u2000-\u200f\u2028-\u202f\u205f-\u2064\u3000\ufeff]")
_LIKE_SQL = re.compile(
    r"[;'\"`\\#]|--|/\*|\b(?:select|insert|update|delete|drop|copy|create|alter|grant|call|do|execute|union)\b", re.IGNORECASE
)


def reads_the_same_everywhere(text: str) -> bool:
    """Whether every lexer above splits the text in the same places."""
    if _ESCAPED_QUOTE.search(text) or _LONE_RETURN.search(text) or _ODD_SPACE.search(text):
        return False
    depth = 0
    bracket_start = -1
    for piece in _PIECE.finditer(text):
        kind = piece.lastgroup
        if kind == "inside" or kind == "tag":
            kind = "dollar"
        found = piece[0]
        if kind == "odd":
            return False
        if kind == "dollar" and _LIKE_SQL.search(piece["inside"]):
            return False
        if kind == "line" and len(found) > 2 and not found[2].isspace():
            return False
        if kind == "block" and (found.startswith(("/*!", "/*+", "/*M!")) or "/*" in found[2:]):
            return False
        if kind == "string" and bracket_start >= 0 and ("]" in found or "[" in found):
            return False
        if kind == "open":
            depth += 1
            bracket_start = piece.start() if found == "[" else bracket_start
            if depth > MAX_DEPTH:
                return False
        if kind == "close":
            depth -= 1
            bracket_start = -1 if found == "]" else bracket_start
    return True

"""Patterns for the end of a path, folder by folder; also as tools for home directories write them (`dot_claude`, `.tmpl`)."""

from __future__ import annotations

import re
from functools import lru_cache

_ATTRIBUTES = re.compile(r"^(?:(?:private|readonly|exact|empty|encrypted|executable|create|modify)_)*dot_")


@lru_cache(maxsize=4096)
def plain_path(path: str) -> str:
    """The path as its user's machine has it: what chezmoi and its like add to names is dropped."""
    plain = path.removesuffix(".tmpl")
    if "dot_" not in plain and "private_" not in plain:
        return plain
    return "/".join(_ATTRIBUTES.sub(".", part).removeprefix("private_") for part in plain.split("/"))


@lru_cache(maxsize=256)
def ends(patterns: tuple[str, ...]) -> re.Pattern[str]:
    """One expression that matches a path whose end is one of the patterns."""
    return re.compile(r"(?:\A|.*/)(?:" + "|".join(_expression(pattern) for pattern in patterns) + r")\Z", re.IGNORECASE)


@lru_cache(maxsize=256)
def below(folders: tuple[str, ...]) -> re.Pattern[str]:
    """One expression that matches a path somewhere below one of the folders."""
    return re.compile(r"(?:\A|.*/)(?:" + "|".join(_expression(folder) for folder in folders) + r")/.+\Z", re.IGNORECASE)


def _expression(pattern: str) -> str:
    parts = re.split(r"(\*\*/|\*)", pattern)
    meanings = {"**/": "(?:[^/]+/)*", "*": "[^/]*"}
    return "".join(meanings.get(part, re.escape(part)) for part in parts)

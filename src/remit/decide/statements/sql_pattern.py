"""What a line of a remit says about SQL: `ACTION OBJECT`, a bare `ACTION`, `*`, or a statement that stands for its actions.

- `select costs.daily`, `select costs.*`, `* reports.x`, `select`, `*` (anything that can be read);
- `SELECT day, amount FROM costs.daily`: the actions in it; named columns allow no others.

In an object `*` stands for any run of characters, as in `resource`. Names without quotes are folded to lower case. A name
without its schema could be in any: it misses a `can` that names a schema and meets a `never` that names one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from remit.decide.answers import ABSENT, MATCH, NO, Answer
from remit.decide.statements.sql import VERBS, SqlAction, actions_of
from remit.document.pattern import resource_matcher

_SHORT = re.compile(r"\s*([A-Za-z]+|\*)(?:\s+(\S+))?\s*\Z")


_Wanted = tuple[str, str, frozenset[str] | None]
"""Action, object, and the only columns."""


class SqlPattern:
    """A value of a `where` on a SQL argument, compiled."""

    __slots__ = ("_actions", "_is_readable")

    def __init__(self, text: str) -> None:
        short = _SHORT.match(text)
        if short is not None and (short[1] == "*" or short[1].lower() in VERBS):
            self._actions: tuple[_Wanted, ...] = ((short[1].lower(), _folded(short[2] or "*"), None),)
            self._is_readable = True
            return
        actions = actions_of(text)
        self._is_readable = actions is not None
        self._actions = tuple((action.action, action.object, action.columns) for action in actions or ())

    def answer(self, unit: object, paths: Mapping[str, str]) -> Answer:
        """How one action compares; a pattern that cannot be read leaves everything absent."""
        del paths
        if not self._is_readable or not isinstance(unit, SqlAction):
            return ABSENT
        answers = [_compare(pattern, unit) for pattern in self._actions]
        return MATCH if MATCH in answers else ABSENT if ABSENT in answers else NO


def _compare(pattern: _Wanted, unit: SqlAction) -> Answer:
    action, target, columns = pattern
    if action not in ("*", unit.action):
        return NO
    if not resource_matcher(target)(unit.object):
        return ABSENT if _could_be(target, unit.object) else NO
    if columns is None:
        return MATCH
    if unit.columns is None:
        return ABSENT
    return MATCH if unit.columns <= columns else NO


def _could_be(target: str, name: str) -> bool:
    """Whether a name without its schema could be one that the pattern names with it, or the other way round."""
    if not name:
        return False
    wide, _, last = target.rpartition(".")
    own_schema, _, own_last = name.rpartition(".")
    return bool(wide) != bool(own_schema) and resource_matcher(last)(own_last)


def _folded(target: str) -> str:
    parts = re.split(r'("(?:[^"]|"")*")', target)
    return "".join(_unquoted(part) if part.startswith('"') else part.lower() for part in parts)


def _unquoted(part: str) -> str:
    name = part[1:-1].replace('""', '"')
    return name if re.fullmatch(r"[a-z_][a-z0-9_$]*", name) else part

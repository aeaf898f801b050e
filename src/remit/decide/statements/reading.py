"""One entrance to both languages: text to actions, and text of a remit to a pattern.

Invariants:
- what cannot be parsed, or is too large to be, is None: it counts as absent;
- reading is pure, so answers are kept; nothing that is read is ever run;
- a parser is imported when the first text for it comes: both together take longer than the rest of a gateway's start.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Protocol

from remit.decide.answers import Answer
from remit.decide.arguments import Language, language_of, languages_of
from remit.model.decision import Request
from remit.model.verbs import Verb

MAX_CHARACTERS = 100_000
"""A longer statement counts as absent."""
_KEPT_CHARACTERS = 4_000


class Unit(Protocol):
    """One action in a statement: a command, a redirection, an assignment, a `select` of one table ..."""

    @property
    def verb(self) -> str | None:
        """The verb of ours that the action has by itself; None where only the tool says."""
        ...

    def __str__(self) -> str: ...


class Pattern(Protocol):
    """What a line of a remit says about actions of one language."""

    def answer(self, unit: Unit, paths: Mapping[str, str]) -> Answer:
        """How one action compares. `paths` is `Request.paths`."""
        ...


def units_of(language: Language, text: str) -> tuple[Unit, ...] | None:
    """The actions in a statement, in the order in which they stand; None where it cannot be read."""
    if len(text) > MAX_CHARACTERS:
        return None
    return _kept(language, text) if len(text) <= _KEPT_CHARACTERS else _kept_long(language, text)


NO_VERBS: frozenset[str] = frozenset()
ALL_VERBS = frozenset(verb.value for verb in Verb)
_MAX_VALUES = 200_000


def verbs_in_statements(request: Request) -> frozenset[str]:
    """The verbs that the SQL in the arguments of a request has by itself, in lists and objects too.

    A `never` looks at them beside the tool's own.
    """
    found = NO_VERBS
    waiting: list[tuple[str, object]] = list(request.arguments.items())
    left = _MAX_VALUES
    while waiting:
        name, value = waiting.pop()
        left -= 1
        if left < 0:
            return ALL_VERBS  # more than can be looked through: any of it may be a statement
        if isinstance(value, Mapping):
            # A name that says nothing of a language leaves it to the name around it: `{sql: {text: ...}}`.
            waiting.extend((key if languages_of(key) else name, inner) for key, inner in value.items())
        elif isinstance(value, list | tuple):
            waiting.extend((name, inner) for inner in value)
        elif isinstance(value, str) and Language.SQL in languages_of(name) and _is_sql(request, name):
            found |= _verbs_in(value)
    return found


def _is_sql(request: Request, name: str) -> bool:
    return language_of(request.system, request.action, name) is Language.SQL


def _verbs_in(text: str) -> frozenset[str]:
    units = units_of(Language.SQL, text)
    if units is None:
        from remit.decide.statements.sql import verbs_in_unreadable

        return verbs_in_unreadable(text)
    return frozenset(unit.verb for unit in units if unit.verb is not None)


@lru_cache(maxsize=1024)
def _kept(language: Language, text: str) -> tuple[Unit, ...] | None:
    return _read(language, text)


@lru_cache(maxsize=4)
def _kept_long(language: Language, text: str) -> tuple[Unit, ...] | None:
    """Every line of a remit asks anew, so a long text is kept for the time of its decision."""
    return _read(language, text)


def _read(language: Language, text: str) -> tuple[Unit, ...] | None:
    if language is Language.SQL:
        from remit.decide.statements.sql import actions_of

        return actions_of(text)
    from remit.decide.statements.shell import commands_of

    return commands_of(text)


@lru_cache(maxsize=4096)
def pattern_from_text(language: Language, text: str) -> Pattern:
    """The pattern that a value of a `where` is for a language."""
    if language is Language.SQL:
        from remit.decide.statements.sql_pattern import SqlPattern

        return SqlPattern(text)
    from remit.decide.statements.shell_pattern import ShellPattern

    return ShellPattern(text)

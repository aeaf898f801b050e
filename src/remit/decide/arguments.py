"""What the arguments of tools hold: shell, SQL, destinations, objects, amounts, carried text (table `arguments.toml`).

Invariants:
- the table is data: no tool and no argument is named in code;
- names are compared folded, so that `shellCommand`, `shell-command` and `shell_command` are one.
"""

from __future__ import annotations

import pkgutil
import re
import tomllib
from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Any

from remit.document.pattern import resource_matcher
from remit.model.remit import Scalar


class Language(StrEnum):
    """How an argument is read: parsed into the actions in it."""

    SHELL = "shell"
    SQL = "sql"


class Position(StrEnum):
    """What an argument says (remit language, section 7)."""

    WHOM = "whom"
    WHERE = "where"
    OBJECT = "object"
    AMOUNT = "amount"
    CARRIED = "carried"
    UNKNOWN = "unknown"


_TABLE: dict[str, Any] = tomllib.loads((pkgutil.get_data("remit.decide", "arguments.toml") or b"").decode())
_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


class _Names:
    """A set of folded names, some of them patterns."""

    def __init__(self, names: list[str]) -> None:
        self._exact = frozenset(name for name in names if "*" not in name)
        self._patterns = tuple(resource_matcher(name) for name in names if "*" in name)

    def has(self, name: str) -> bool:
        return name in self._exact or any(matches(name) for matches in self._patterns)

    def names_exactly(self, name: str) -> bool:
        return name in self._exact


@lru_cache(maxsize=8192)
def folded(name: str) -> str:
    """A name as the table writes it: words in lower case joined by `_`."""
    return re.sub(r"[\s\-.]+", "_", _WORD_START.sub("_", name)).lower()


_STATEMENTS = tuple(
    (
        Language(row["language"]),
        _Names(row["tools"]) if "tools" in row else None,
        frozenset(row.get("kinds", ())),
        frozenset(row["arguments"]),
    )
    for row in _TABLE["statement"]
)
_ROLES = {Position(role): _Names(names) for role, names in _TABLE["roles"].items()}
PAY_AMOUNT: tuple[str, ...] = tuple(_TABLE["pay"]["amount"])
PAY_CURRENCY: tuple[str, ...] = tuple(_TABLE["pay"]["currency"])
PAY_INSIDE: tuple[str, ...] = tuple(_TABLE["pay"]["inside"])
TASK_WORDS: Mapping[str, frozenset[str]] = {verb: frozenset(words) for verb, words in _TABLE["task"].items()}


@lru_cache(maxsize=16384)
def language_of(system: str, action: str, argument: str) -> Language | None:
    """How an argument of a tool (or of an action on a database) is read; None: as the value that it is.

    `argument` may be a dotted path; its last name decides.
    """
    kind = system.partition(":")[0]
    name = folded(argument.rpartition(".")[2])
    for language, tools, kinds, arguments in _STATEMENTS:
        if name in arguments and (tools.has(folded(action)) if tools is not None else kind in kinds):
            return language
    return None


@lru_cache(maxsize=4096)
def languages_of(argument: str) -> frozenset[Language]:
    """Every language that some tool gives to an argument of this name."""
    name = folded(argument.rpartition(".")[2])
    return frozenset(language for language, _, _, arguments in _STATEMENTS if name in arguments)


@lru_cache(maxsize=16384)
def position_of(argument: str) -> Position:
    """What an argument of this name says; names written out in the table go before patterns."""
    name = folded(argument)
    for position, names in _ROLES.items():
        if names.names_exactly(name):
            return position
    for position, names in _ROLES.items():
        if names.has(name):
            return position
    return Position.UNKNOWN


def leaves(arguments: Mapping[str, Any], limit: int = 10_000) -> Iterator[tuple[str, Position, Scalar]]:
    """Every scalar in the arguments: the outermost argument that holds it, what its position says, the value.

    A name inside an object decides over the names around it; a name that the table does not know takes over from them. What
    is beyond `limit` values is not yielded.
    """
    waiting: list[tuple[str, Position, Any]] = [(name, position_of(name), value) for name, value in reversed(list(arguments.items()))]
    while waiting and limit:
        name, position, value = waiting.pop()
        if isinstance(value, Mapping):
            for key, inner in reversed(list(value.items())):
                own = position_of(key)
                waiting.append((name, position if own is Position.UNKNOWN else own, inner))
        elif isinstance(value, list | tuple):
            waiting.extend((name, position, inner) for inner in reversed(list(value)))
        elif value is not None:
            limit -= 1
            yield name, position, value

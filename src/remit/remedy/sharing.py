"""What a right-sizing plan leaves on an identity for other agents alone: they need it, or used it, and the agent of the plan does not.

Decides which kept lines those are, and says them. A line that the agent needs too is none of them, nor is one that the agent's table
does not hold: nothing of it would have been taken away.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from remit.document.pattern import contains, overlaps
from remit.model.alignment import AlignmentLine, Class
from remit.model.shown import printable
from remit.remedy.situation import Situation

NEEDED = frozenset({Class.NEEDED_USED, Class.NEEDED_UNUSED})
TAKEN = frozenset({Class.UNNEEDED, Class.USED_NOT_NEEDED})
_KEPT = NEEDED | {Class.USED_NOT_NEEDED}
_MOST_ACTIONS = 12
Kept = tuple[str, AlignmentLine]
"""Slug of the other agent, and a line of its table."""


def stays_for_others(situation: Situation, ref: str) -> list[Kept]:
    """The lines of other agents on an identity that stay, and that the agent of the plan would have lost without them."""
    mine = [line for line in situation.alignments[situation.agent].lines if line.principal == ref and not line.is_membership]
    taken = _Lines(line for line in mine if line.class_ in TAKEN)
    needed = _Lines(line for line in mine if line.class_ in NEEDED)
    return [(other, line) for other, line in kept_of_others(situation, ref) if taken.meet(line) and not needed.cover(line)]


def kept_of_others(situation: Situation, ref: str) -> list[Kept]:
    """Everything of other agents that stays on an identity; a membership is none of it, whatever comes through it."""
    return [
        (other, line)
        for other in situation.others_on(ref)
        for line in situation.alignments[other].lines
        if line.principal == ref and line.class_ in _KEPT and not line.is_membership
    ]


def goes_away(situation: Situation, lines: Iterable[AlignmentLine]) -> list[AlignmentLine]:
    """Of lines of the agent's own table those that nothing of another agent keeps on their identity."""
    kept: dict[str, _Lines] = {}
    for line in (lines := list(lines)):
        if line.principal not in kept:
            kept[line.principal] = _Lines(theirs for _, theirs in kept_of_others(situation, line.principal))
    return [line for line in lines if not kept[line.principal].cover(line)]


def sentences(situation: Situation, ref: str, kept: Iterable[Kept]) -> list[str]:
    """One for each resource and reason. What was used and not needed is said by the plan already, as is what the agent's remit forbids."""
    actions: dict[tuple[str, str], dict[str, None]] = {}
    for other, line in kept:
        if line.class_ in NEEDED and not situation.forbids(line.system, line.action, line.resource):
            actions.setdefault((line.resource, other), {})[f"`{printable(line.action)}`"] = None
    return [_sentence(situation, ref, resource, other, list(names)) for (resource, other), names in actions.items()]


def _sentence(situation: Situation, ref: str, resource: str, other: str, names: Sequence[str]) -> str:
    verb, what = ("stays", "it") if len(names) == 1 else ("stay", "them")
    by_draft = ", by its draft" if situation.alignments[other].is_from_draft else ""
    return (
        f"{some(names)} on `{printable(resource)}` {verb} on `{situation.name(ref)}`: `agent:{other}` needs {what}{by_draft}, and "
        f"`agent:{situation.agent}` does not"
    )


def some(actions: Sequence[str]) -> str:
    """The first few of many, and how many more."""
    more = len(actions) - _MOST_ACTIONS
    return f"{', '.join(actions[:_MOST_ACTIONS])} and {more:,} more" if more > 0 else ", ".join(actions)


class _Lines:
    """Lines of one table, asked with lines of another: names by look-up, patterns one by one."""

    def __init__(self, lines: Iterable[AlignmentLine]) -> None:
        self._all = list(lines)
        self._patterns = [line for line in self._all if _is_pattern(line)]
        self._by_name: dict[tuple[str, str, str], list[AlignmentLine]] = {}
        for line in self._all:
            self._by_name.setdefault(_name(line), []).append(line)

    def meet(self, asked: AlignmentLine) -> bool:
        """Whether any of the lines has something in common with this one."""
        if _name(asked) in self._by_name:
            return True
        return any(
            line.system == asked.system and overlaps(line.action.lower(), asked.action.lower()) and overlaps(line.resource, asked.resource)
            for line in (self._all if _is_pattern(asked) else self._patterns)
        )

    def cover(self, asked: AlignmentLine) -> bool:
        """Whether one of the lines has all of this one."""
        if any(_has_columns(line, asked) for line in self._by_name.get(_name(asked), ())):
            return True
        return any(
            line.system == asked.system
            and contains(line.action.lower(), asked.action.lower())
            and contains(line.resource, asked.resource)
            and _has_columns(line, asked)
            for line in self._patterns
        )


def _is_pattern(line: AlignmentLine) -> bool:
    return "*" in line.action or "*" in line.resource


def _name(line: AlignmentLine) -> tuple[str, str, str]:
    return line.system, line.action.lower(), line.resource


def _has_columns(line: AlignmentLine, asked: AlignmentLine) -> bool:
    return not line.columns or (bool(asked.columns) and set(asked.columns) <= set(line.columns))

"""What needs got while an alignment is made: by identity and action, found by what a resource begins with."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import NamedTuple

from remit.document.pattern import overlaps
from remit.understand.heads import ByHead, head_of
from remit.understand.spans import covers

Columns = tuple[str, ...]
"""Empty: all of them."""


class Got(NamedTuple):
    """A part of a resource that a need got, for a principal."""

    principal: str
    rule: str
    """Of the need."""
    resource: str
    columns: Columns

    def reaches(self, resource: str, columns: Columns) -> bool:
        """Whether a use of these columns of a resource (none: of no column in particular) falls into it."""
        return is_inside(columns, self.columns) and covers(self.resource, resource)


def is_inside(columns: Columns, named: Columns) -> bool:
    """Whether what was used of a table, some columns or none in particular, is among these."""
    return not named or (bool(columns) and set(columns) <= set(named))


class Served:
    """Everything that needs got so far."""

    def __init__(self) -> None:
        self._by_action: dict[tuple[str, str], ByHead[Got]] = defaultdict(ByHead)
        self._by_rule: dict[str, list[tuple[Got, Collection[str]]]] = defaultdict(list)

    def add(self, got: Got, actions: Collection[str]) -> None:
        """Remembers what was got by actions, whose names are folded."""
        self._by_rule[got.rule].append((got, actions))
        head = head_of(got.resource)
        for action in actions:
            self._by_action[got.principal, action].add(head, got)

    def gives(self, principal: str, action: str, scope: str, columns: Columns) -> bool:
        """Whether an identity has an action on all of a scope already."""
        known = self._by_action.get((principal, action))
        if known is None:
            return False
        return any(covers(got.resource, scope) and (not got.columns or got.columns == columns) for got in known.may_cover(scope))

    def meets(self, principal: str, action: str, resource: str) -> bool:
        """Whether an identity has an action on some of a resource already."""
        known = self._by_action.get((principal, action))
        return known is not None and any(overlaps(resource, got.resource) for got in known.may_meet(resource))

    def of(self, rule: str) -> ServedNeed:
        """What one need got."""
        return ServedNeed(self._by_rule.get(rule, ()))


class ServedNeed:
    """What one need got, by whichever identity."""

    def __init__(self, got: Iterable[tuple[Got, Collection[str]]]) -> None:
        """Each part with the folded names of the actions on it."""
        self._got = tuple(got)
        self._by_action: dict[tuple[str, str], ByHead[Got]] | None = None

    def __bool__(self) -> bool:
        """Whether it got anything."""
        return bool(self._got)

    @property
    def actions(self) -> frozenset[str]:
        """The folded names of what it got."""
        return frozenset(action for _, actions in self._got for action in actions)

    def reaches(self, principal: str, actions: Iterable[str], resource: str, columns: Columns) -> bool:
        """Whether a use that is one of these actions falls into it."""
        if self._by_action is None:
            self._by_action = defaultdict(ByHead)
            for got, named in self._got:
                for action in named:
                    self._by_action[got.principal, action].add(head_of(got.resource), got)
        known = [self._by_action[principal, action] for action in actions if (principal, action) in self._by_action]
        return any(got.reaches(resource, columns) for each in known for got in each.may_cover(resource))

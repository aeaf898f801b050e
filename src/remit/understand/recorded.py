"""What identities did, by identity and act, so that a grant is compared with those uses alone that it may cover: there may be thousands."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from remit.model.access import Access
from remit.model.event import Use
from remit.understand.served import is_inside
from remit.understand.spans import Spans, covers, is_on, is_pattern

_OWNERS = frozenset({"alter", "drop", "comment", "cluster", "reindex", "refresh", "vacuum"})
"""What an owner in Postgres may do although no privilege says so."""
Call = tuple[str, str]
"""(system, action)."""


class Recorded:
    """What the identities of one agent did."""

    def __init__(self, uses: Iterable[Use], spans: Spans) -> None:
        self._spans = spans
        self._uses: dict[str, dict[Call, list[Use]]] = defaultdict(lambda: defaultdict(list))
        for use in uses:
            self._uses[use.principal][use.system, use.action].append(use)
        self._sorted: dict[tuple[str, Call], tuple[list[str], list[tuple[int, Use]]]] = {}
        """By resource, each with its place among the others of its call."""
        self._calls: dict[tuple[str, str, str], list[Call]] = {}
        self._numbered: dict[str, dict[str, list[tuple[int, Call]]]] = defaultdict(lambda: defaultdict(list))
        """By identity and system, each act with its place among those of the identity."""
        self._named: dict[tuple[str, str, str], list[tuple[int, Call]]] = defaultdict(list)
        """By identity, system and folded action."""
        for principal, calls in self._uses.items():
            for each in enumerate(calls):
                system, action = each[1]
                self._numbered[principal][system].append(each)
                self._named[principal, system, spans.folded(system, action)].append(each)

    def all(self) -> Iterator[Use]:
        """Every use."""
        return (use for calls in self._uses.values() for uses in calls.values() for use in uses)

    def names_of(self, use: Use) -> tuple[str, ...]:
        """The folded actions that a use may be one of: its own, and in Postgres that of an owner."""
        name = self._spans.folded(use.system, use.action)
        return (name, "own") if use.action in _OWNERS else (name,)

    def covered_by(self, grant: Access, principal: str) -> Iterator[Use]:
        """Allowed uses of an identity that a grant covers."""
        return (use for use in self._through(grant, principal) if use.allowed > 0)

    def verbs_as_owner(self, grant: Access) -> set[str | None]:
        """The verbs of what anybody did, or tried, that the ownership of a thing allows."""
        return {self._spans.verb_of(use.system, use.action) for principal in self._uses for use in self._through(grant, principal)}

    def _through(self, grant: Access, principal: str) -> Iterator[Use]:
        for call in self._calls_of(grant, principal):
            for use in self._beginning_like(grant.resource, principal, call):
                if is_inside(use.columns, grant.columns) and covers(grant.resource, use.resource):
                    yield use

    def _calls_of(self, grant: Access, principal: str) -> list[Call]:
        """What an identity did that the action of a grant names, each act once."""
        key = (principal, grant.system, grant.action)
        if key not in self._calls:
            self._calls[key] = [call for _, call in sorted(self._named_by(grant, principal), key=lambda each: each[0])]
        return self._calls[key]

    def _named_by(self, grant: Access, principal: str) -> Iterator[tuple[int, Call]]:
        done = self._numbered.get(principal, {})
        systems = [system for system in done if is_on(system, grant.system)] if grant.system.endswith(":*") else [grant.system]
        for system in systems:
            if grant.action == "own" or is_pattern(grant.action):
                yield from (each for each in done.get(system, ()) if self._is_call_of(grant, *each[1]))
            else:
                yield from self._named.get((principal, system, self._spans.folded(system, grant.action)), ())

    def _is_call_of(self, grant: Access, system: str, action: str) -> bool:
        return self._spans.matches(system, grant.action, action) or (grant.action == "own" and action in _OWNERS)

    def _beginning_like(self, pattern: str, principal: str, call: Call) -> Sequence[Use]:
        """Uses whose resource begins with what a pattern begins with, in the order in which they came; it covers no other."""
        uses = self._uses[principal][call]
        head = pattern.partition("*")[0]
        if not head:
            return uses
        if (principal, call) not in self._sorted:
            numbered = sorted(enumerate(uses), key=lambda each: each[1].resource)
            self._sorted[principal, call] = ([use.resource for _, use in numbered], numbered)
        names, numbered = self._sorted[principal, call]
        first = bisect_left(names, head)
        last = bisect_right(names, head, lo=first, key=lambda name: name[: len(head)])
        return [use for _, use in sorted(numbered[first:last], key=lambda each: each[0])]

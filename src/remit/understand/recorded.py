"""Uses by identity and act, so that a grant is compared with those alone that it may cover: there may be thousands of both."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from remit.model.event import Use

Call = tuple[str, str]
"""(system, action)."""


class Recorded:
    """What the identities of one agent did."""

    def __init__(self, uses: Iterable[Use]) -> None:
        self._uses: dict[str, dict[Call, list[Use]]] = defaultdict(lambda: defaultdict(list))
        for use in uses:
            self._uses[use.principal][use.system, use.action].append(use)
        self._sorted: dict[tuple[str, Call], tuple[list[str], list[tuple[int, Use]]]] = {}
        """By resource, each with its place among the others of its call."""

    def all(self) -> Iterator[Use]:
        """Every use."""
        return (use for calls in self._uses.values() for uses in calls.values() for use in uses)

    def calls(self, principal: str) -> Iterable[Call]:
        """What an identity did, each act once."""
        return self._uses.get(principal, {})

    def beginning_like(self, pattern: str, principal: str, call: Call) -> Sequence[Use]:
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

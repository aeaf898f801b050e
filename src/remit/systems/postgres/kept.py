"""The lines that a narrowing keeps, as questions about single privileges."""

from __future__ import annotations

from collections.abc import Sequence

from remit.document.pattern import contains, resource_matcher
from remit.model.access import Access
from remit.model.alignment import AlignmentLine


class Kept:
    """What is kept: actions and resources may be patterns, columns narrow."""

    def __init__(self, lines: Sequence[AlignmentLine]) -> None:
        self._lines = [
            (line.action.lower(), resource_matcher(line.action.lower()), resource_matcher(line.resource), line) for line in lines
        ]

    def columns_of(self, action: str, resource: str) -> frozenset[str] | None:
        """The columns that are kept of an action on one resource: empty for all of them, None for none."""
        found: set[str] | None = None
        for exact, matches_action, matches_resource, line in self._lines:
            if not (exact == action or matches_action(action)) or not matches_resource(resource):
                continue
            if not line.columns:
                return frozenset()
            found = (found or set()) | set(line.columns)
        return frozenset(found) if found is not None else None

    def covers(self, line: Access) -> bool:
        """Whether all of an access is kept; one whose resource is a pattern only by a line as wide."""
        if "*" in line.action or "*" in line.resource:
            return any(
                contains(kept.action.lower(), line.action) and contains(kept.resource, line.resource) and not kept.columns
                for _, _, _, kept in self._lines
            )
        columns = self.columns_of(line.action, line.resource)
        return columns is not None and (not columns or (bool(line.columns) and set(line.columns) <= columns))

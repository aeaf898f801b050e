"""Entitlements that nothing asks for by themselves, and without which something else cannot be done.

A membership gives nothing but what comes through it; an INSERT takes the numbers of its table's own sequence; an UPDATE or a DELETE that
says which rows it is about reads their columns, which Postgres allows to none but who may SELECT them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from remit.model.access import Access
from remit.model.alignment import AlignmentLine
from remit.model.place import Place

_COMPARING = frozenset({"update", "delete"})


def is_way(grant: Access) -> bool:
    """Whether an entitlement gives nothing by itself: a membership, or the numbers of a sequence."""
    return grant.action == "member" or (grant.action == "usage" and _sequence_stem(grant.resource) is not None)


def is_compared(grant: Access) -> bool:
    """Whether it lets a change of a table say which rows it is about."""
    return grant.action == "select" and grant.system.startswith("postgres:")


class Ways:
    """Lines that are needed, found by the entitlements that they are done through or cannot be done without."""

    def __init__(self, lines: Iterable[AlignmentLine]) -> None:
        """The needed lines of one identity, in their order."""
        self._lines = tuple(lines)
        self._by_place: dict[Place, list[int]] = defaultdict(list)
        self._compared: dict[tuple[str, str], list[int]] = defaultdict(list)
        self._inserted: dict[tuple[str, str], list[int]] = defaultdict(list)
        for number, line in enumerate(self._lines):
            for place in {because.place for because in line.because}:
                self._by_place[place].append(number)
            if line.action in _COMPARING:
                self._compared[line.system, line.resource].append(number)
            if line.action == "insert":
                self._inserted[line.system, line.resource.replace('"', "")].append(number)

    def leading_from(self, grant: Access) -> list[AlignmentLine]:
        """The lines that are done through a membership, with the numbers of a sequence, or by comparing what is read."""
        return [self._lines[number] for number in sorted(set(self._numbers(grant)))]

    def _numbers(self, grant: Access) -> Iterator[int]:
        if grant.action == "member":
            for place in {because.place for because in grant.because}:
                yield from self._by_place.get(place, ())
        elif is_compared(grant):
            yield from self._compared.get((grant.system, grant.resource), ())
        else:
            stem = _sequence_stem(grant.resource) or ""
            for end in (number for number, char in enumerate(stem) if char == "_"):
                yield from self._inserted.get((grant.system, stem[:end]), ())


def _sequence_stem(resource: str) -> str | None:
    """What Postgres begins the name of a column's sequence with, `schema.table_column_seq`; None for another thing."""
    plain = resource.replace('"', "")
    return plain if plain.endswith("_seq") else None

"""Entitlements that nothing asks for by themselves, and without which something else cannot be done.

A membership gives nothing but what comes through it; an INSERT takes the numbers of its table's own sequence; an UPDATE or a DELETE that
says which rows it is about reads their columns, which Postgres allows to none but who may SELECT them.
"""

from __future__ import annotations

from remit.model.access import Access
from remit.model.alignment import AlignmentLine

_COMPARING = frozenset({"update", "delete"})


def is_way(grant: Access) -> bool:
    """Whether an entitlement gives nothing by itself: a membership, or the numbers of a sequence."""
    return grant.action == "member" or (grant.action == "usage" and _sequence_stem(grant.resource) is not None)


def is_compared(grant: Access) -> bool:
    """Whether it lets a change of a table say which rows it is about."""
    return grant.action == "select" and grant.system.startswith("postgres:")


def leads_to(grant: Access, line: AlignmentLine) -> bool:
    """Whether what a line says is done through an entitlement, or cannot be done without it."""
    if grant.action == "member":
        return bool({because.place for because in grant.because} & {because.place for because in line.because})
    if is_compared(grant):
        return line.action in _COMPARING and (line.system, line.resource) == (grant.system, grant.resource)
    stem = _sequence_stem(grant.resource) or ""
    return line.action == "insert" and line.system == grant.system and stem.startswith(line.resource.replace('"', "") + "_")


def _sequence_stem(resource: str) -> str | None:
    """What Postgres begins the name of a column's sequence with, `schema.table_column_seq`; None for another thing."""
    plain = resource.replace('"', "")
    return plain if plain.endswith("_seq") else None

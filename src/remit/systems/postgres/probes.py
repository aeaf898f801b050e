"""What is tried after a change, to show that it holds: what is gone must be refused, what stays must work."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from remit.model.access import Access, Effect
from remit.model.plan import Probe

_TRIED = frozenset(
    {"select", "insert", "update", "delete", "truncate", "references", "trigger", "maintain", "usage", "execute", "create", "set"}
)
_MOST = 60
"""Of each sort: enough to show that a plan holds, few enough to be tried in seconds."""


def probes_between(principal: str, before: Sequence[Access], after: Sequence[Access]) -> Iterator[Probe]:
    """Probes for the difference of two accesses of one principal: refused now, and still allowed."""
    left = {(line.action, line.resource): line.columns for line in after if line.decision is Effect.ALLOW}
    gone: list[Probe] = []
    for line in before:
        columns = left.get((line.action, line.resource))
        if not _is_tried(line) or columns == ():
            continue
        if _is_over_all(line, after):
            continue
        lost = tuple(name for name in line.columns if name not in (columns or ()))
        if columns is None:
            gone.append(_probe(principal, line, False, ()))
        elif lost:
            gone.append(_probe(principal, line, False, lost[:1]))
    kept = [_probe(principal, line, True, line.columns) for line in after if _is_tried(line)]
    yield from gone[:_MOST]
    yield from kept[:_MOST]


def _is_tried(line: Access) -> bool:
    is_concrete = "*" not in line.action and "*" not in line.resource
    return is_concrete and line.action in _TRIED and line.decision is Effect.ALLOW


def _is_over_all(line: Access, after: Sequence[Access]) -> bool:
    return any(other.resource == "*" and other.action in ("*", line.action) for other in after)


def _probe(principal: str, line: Access, is_allowed: bool, columns: tuple[str, ...]) -> Probe:
    return Probe(
        connection=line.system, principal=principal, action=line.action, resource=line.resource, is_allowed=is_allowed, columns=columns
    )

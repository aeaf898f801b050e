"""Use of an identity that several agents share, by whom no record tells, beside the lines of one of them.

Decides in which line of an alignment such a use stands. Invariants:
- the class of a line is what it was: a use that may be another's makes nothing used;
- a use stands in one line, the narrowest that covers it, as the agent's own do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from remit.model.access import Access
from remit.model.alignment import Alignment, AlignmentLine
from remit.model.event import Use
from remit.understand.naming import as_policies_write
from remit.understand.recorded import Recorded
from remit.understand.spans import Spans, is_pattern

_Rank = tuple[bool, int, int]


def with_shared_use(alignment: Alignment, uses: Iterable[Use], spans: Spans) -> Alignment:
    """The alignment, each line with how often what it covers was done by one of the agents on its identity; `uses` are those."""
    settled = [replace(use, resource=as_policies_write(use.system, use.resource)) for use in uses]
    if not settled:
        return alignment
    calls = _calls_by_line(alignment, Recorded(settled, spans))
    lines = tuple(replace(line, shared_calls=calls[number]) if number in calls else line for number, line in enumerate(alignment.lines))
    return replace(alignment, lines=lines)


def _calls_by_line(alignment: Alignment, recorded: Recorded) -> Mapping[int, int]:
    narrowest: dict[int, tuple[_Rank, Use]] = {}
    for number, line in enumerate(alignment.lines):
        if not line.principal or line.is_membership:
            continue
        rank = (is_pattern(line.action), -len(line.resource.replace("*", "")), number)
        for use in recorded.covered_by(_as_granted(line), line.principal):
            if id(use) not in narrowest or rank < narrowest[id(use)][0]:
                narrowest[id(use)] = rank, use
    calls: Counter[int] = Counter()
    for (*_, number), use in narrowest.values():
        calls[number] += use.allowed
    return calls


def _as_granted(line: AlignmentLine) -> Access:
    return Access(system=line.system, action=line.action, resource=line.resource, columns=line.columns)

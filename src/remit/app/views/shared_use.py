"""What an agent's identities did while it shares them, told beside what it did itself."""

from __future__ import annotations

from remit.app.current import Current
from remit.model.alignment import Alignment, AlignmentLine
from remit.understand.shared_use import with_shared_use
from remit.understand.spans import Spans
from remit.understand.unsaid import placed


def told_with_shared_use(current: Current, alignment: Alignment) -> Alignment:
    """The alignment of an agent with what no record gives to it or to another agent on its identities."""
    uses = current.shared_uses(alignment.agent)
    if not uses:
        return alignment
    spans = Spans(current.vocabularies, current.concerns)
    access = current.access_of(sorted({use.principal for use in uses}))
    return with_shared_use(alignment, placed(uses, access, spans, current.concerns), spans)


def shared_use_text(line: AlignmentLine) -> str:
    """What is said of a line that the agent is not known to have used, and its identity did; empty: nothing."""
    if line.last_used or not line.shared_calls:
        return ""
    times = "1 time" if line.shared_calls == 1 else f"{line.shared_calls:,} times"
    return f"its identity did, {times}; which of the agents on it is not known"

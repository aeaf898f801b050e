"""Findings as people act on them: in which order, which one is meant, accepted until a date.

Invariants:
- a finding is accepted until a day and with a reason, never for good and never without one;
- a closed finding is not accepted: its evidence is gone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import msgspec

from remit.app.current import Current
from remit.model.errors import RefusedError, UsageError
from remit.model.finding import Finding, FindingState, Severity
from remit.model.shown import printable

SEVERITIES = (Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW)
"""Gravest first."""
_ORDER = {severity: number for number, severity in enumerate(SEVERITIES)}
_STATES = {FindingState.OPEN: 0, FindingState.ACCEPTED: 1, FindingState.CLOSED: 2}
_PREFIX = "finding:"
_SHORTEST = len(_PREFIX) + 4
"""The beginning of an id counts from so many characters on."""


def by_need(findings: Sequence[Finding], risks: Mapping[str, float]) -> list[Finding]:
    """Open ones first, gravest first, then those of the riskiest agents (`risks`: by slug)."""
    return sorted(
        findings,
        key=lambda found: (
            _STATES[found.state],
            _ORDER[found.severity],
            -risks.get(found.agent, 0.0),
            found.agent,
            found.rule,
            found.key,
        ),
    )


def finding_meant(known: Sequence[Finding], text: str) -> Finding:
    """The finding of an id, or of the beginning of one; raises RefusedError where it is none, or several."""
    wanted = text if text.startswith(_PREFIX) else _PREFIX + text
    found = [finding for finding in known if finding.id == wanted] or [
        finding for finding in known if finding.id.startswith(wanted) and len(wanted) >= _SHORTEST
    ]
    if len(found) == 1:
        return found[0]
    if not found:
        raise RefusedError(f"there is no finding `{printable(text, 80)}`; `remit findings` lists them")
    raise RefusedError(f"`{printable(text, 80)}` fits {len(found)} findings: {', '.join(f'`{other.id}`' for other in found[:5])}")


def last_day(text: str, today: date, called: str) -> str:
    """The last day of an acceptance, as typed; raises UsageError for what is no day, or past. `called` names the field."""
    try:
        last = date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{called} `{printable(text, 40)}` is not a date; write it like `2027-01-31`") from error
    if last < today:
        raise UsageError(f"{called} `{printable(text, 40)}` is past; choose a day from today on")
    return last.isoformat()


def reason(text: str, called: str) -> str:
    """Why a finding may stand, as typed; raises UsageError where nothing is said. `called` names the field."""
    said = text.strip()
    if not said:
        raise UsageError(f"{called} is empty; say why it may stand")
    return said


def accept(current: Current, text: str, because: str, until: str, by: str, at: str) -> Finding:
    """Accepts the finding that an id means for a `reason` until a `last_day`; raises RefusedError for one that is closed."""
    with current.store.exclusive("scan"):
        # Looked up again: a scan that just ended may have closed it.
        current.refresh()
        found = finding_meant(current.findings, text)
        if found.state is FindingState.CLOSED:
            raise RefusedError(f"`{found.id}` is closed: its evidence is gone")
        accepted = msgspec.structs.replace(
            found, state=FindingState.ACCEPTED, accepted_until=until, accepted_because=because, accepted_by=by
        )
        current.store.put(accepted, seen=at, by=by)
    return accepted


def commands_in(remedy: str) -> list[str]:
    """The commands in a remedy: what stands between backticks."""
    return [part for part in remedy.split("`")[1::2] if part.startswith("remit ")]

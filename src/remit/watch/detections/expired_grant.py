"""Temporary grants and identities that are still there after the date on which they were meant to end.

The date: a tag `expires` or Postgres's VALID UNTIL of the identity, or the condition of a grant (DateLessThan). Such a condition ends
the grant by itself; it is a finding all the same, because what was meant for a while stands there for somebody to lengthen. A date
without a time ends with its day, UTC.

The date of an identity itself (its tag, its VALID UNTIL) stays when its grants are narrowed: a plan does not mend that, a retirement does.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from remit.contracts.detection import Rule, Window
from remit.model.access import Principal
from remit.model.finding import Severity, Spotted
from remit.model.shown import printable
from remit.model.times import time_from_text
from remit.watch.window import agents_of, bindings_by_agent, names_of, severity_by_reach

RULE = Rule(
    id="expired-grant",
    title="A temporary grant is past its date",
    why="What was given for a while and stays is access that nobody decided to keep.",
    severity=Severity.MEDIUM,
    remedy="`remit retire AGENT --as PERSON` ends an identity that is past its date; `remit plan AGENT` takes away a grant that is, unless "
    "the agent needs it; what is still needed gets a new date on purpose, in its own system",
)
_OF_IDENTITY = (
    "`remit retire AGENT --as PERSON` takes the access of its identities away for good; where the agent is still needed, have whoever "
    "answers for it set a new date at the identity, or take the date off: no plan does"
)
_OF_GRANT = (
    "`remit plan AGENT` takes the grant away, unless the agent needs it; where it is still needed, have whoever answers for it "
    "set a new date in its condition"
)
_LENGTH_OF_DATE = len("2026-11-26")


def detect(window: Window) -> Iterator[Spotted]:
    """One finding for each identity and date, at the first of the agents that use it."""
    users: dict[str, list[str]] = {}
    live = {known.agent.id for known in agents_of(window, with_gone=True)}
    for slug, bindings in sorted(bindings_by_agent(window).items()):
        for binding in bindings:
            if slug in live:
                users.setdefault(binding.principal, []).append(slug)
    for ref, slugs in sorted(users.items()):
        principal = window.principals[ref]
        for key, date, places in sorted(_dates(window, principal)):
            if not _is_past(date, window.now):
                continue
            agents = names_of(dict.fromkeys(slugs))
            what = f"`{printable(principal.short)}`" if key == ref else f"a grant of `{printable(principal.short)}`"
            yield Spotted(
                agent=slugs[0],
                key=key,
                title=f"{what}, used by {agents}, was meant to end on {printable(date)} and is still there",
                evidence=places,
                severity=severity_by_reach(window, [ref], RULE.severity),
                remedy=_OF_IDENTITY if key == ref else _OF_GRANT,
            )


def _dates(window: Window, principal: Principal) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """(key, date, places) of everything that has a date."""
    if principal.expires is not None:
        yield principal.ref, principal.expires.text, (str(principal.expires.place), principal.place)
    access = window.access.get(principal.ref)
    seen = set()
    for line in access.access if access is not None else ():
        grant = str(line.because[-1].place) if line.because else principal.place
        if line.expires is not None and grant not in seen:
            seen.add(grant)
            yield f"{principal.ref}|{grant}", line.expires, tuple(str(because.place) for because in line.because) or (principal.place,)


def _is_past(date: str, now: datetime) -> bool:
    """Whether a date is over; what is no date is not."""
    try:
        end = time_from_text(date.strip())
    except ValueError:
        return False
    return now >= (end + timedelta(days=1) if len(date.strip()) <= _LENGTH_OF_DATE else end)

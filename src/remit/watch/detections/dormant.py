"""Agents that have not acted for a long time while their credentials still work.

How long: `lifecycle.dormant_after` of the approved remit, else thirty days. Nothing is concluded from silence where nobody listened:
only identities count whose system was recorded over that whole time, up to lately, and whose last reading had no gaps. Those of other
systems are told of as not known, and excuse none: a key that lies about is no safer because another system keeps a short log. Any sign
of the agent, in whichever system, is a sign of life, and whoever used the identity, it is not asleep.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from remit.contracts.detection import Rule, Window
from remit.model.access import Principal
from remit.model.finding import Severity, Spotted
from remit.model.identity import Bound
from remit.model.shown import printable
from remit.model.standing import KnownAgent
from remit.model.times import days_between, text_from_time
from remit.watch.window import agents_of, bindings_by_agent, severity_by_reach, shown

RULE = Rule(
    id="dormant",
    title="A dormant agent still has live credentials",
    why="Nobody would miss it, nobody watches it, and whoever finds its key acts in its name.",
    severity=Severity.MEDIUM,
    remedy="`remit retire AGENT --as PERSON` takes its access away for good; `remit quarantine AGENT --because TEXT` does so for a while",
)
_DORMANT_DAYS = 30
_RECORDED_LATELY_DAYS = 7.0
"""A trail whose newest record is older says nothing about now."""


def detect(window: Window) -> Iterator[Spotted]:
    """One finding for each agent."""
    agents = agents_of(window, with_gone=True)
    bound = bindings_by_agent(window)
    trails = _trails(window)
    last = _last_used(window)
    for known in agents:
        bindings = [binding for binding in bound.get(known.agent.id, ()) if _is_live(window.principals[binding.principal])]
        if bindings:
            yield from _of(window, known, bindings, trails, last)


def _of(
    window: Window,
    known: KnownAgent,
    bindings: Sequence[Bound],
    trails: Mapping[str, tuple[str, str]],
    last: Mapping[tuple[str, str], str],
) -> Iterator[Spotted]:
    slug = known.agent.id
    now = text_from_time(window.now)
    remit = window.remits.get(slug)
    days = remit.lifecycle.dormant_after_days if remit is not None and remit.lifecycle.dormant_after_days else _DORMANT_DAYS
    bound = {binding.principal: window.principals[binding.principal] for binding in bindings}
    principals = {ref: one for ref, one in bound.items() if _was_heard(window, one.connection, trails, days, now)}
    if not principals:
        return
    for principal in bound.values():
        said = [principal.last_used, *(login.last_used for login in principal.logins)]
        if any(at is not None and days_between(at, now) <= days for at in said):
            return
    mine = [at for (agent, ref), at in last.items() if agent == slug or ref in bound]
    if any(days_between(at, now) <= days for at in mine):
        return
    # What is new has had no time to act, unless records show that it was there before.
    if not mine and any(days_between(at, now) <= days for principal in principals.values() if (at := principal.created) is not None):
        return
    since = f"last on {max(mine)}" if mine else "never since records began"
    listed = ", ".join(shown(window, ref) for ref in sorted(principals))
    unheard = sorted({printable(one.connection) for ref, one in bound.items() if ref not in principals})
    but = f"; whether it acts in {', '.join(f'`{name}`' for name in unheard)} is not known, for too little is recorded" if unheard else ""
    yield Spotted(
        agent=slug,
        key="dormant",
        title=f"`{slug}` acted {since}, and {listed} can still be used{but}",
        evidence=(*(principal.place for _, principal in sorted(principals.items())), str(known.agent.place)),
        severity=severity_by_reach(window, principals, RULE.severity),
    )


def _is_live(principal: Principal) -> bool:
    """Whether somebody who has it could still act: a key that works, a role that can be taken on, a login."""
    if principal.kind == "group":
        return False
    if principal.logins:
        return any(login.is_active for login in principal.logins)
    if principal.ref.startswith("postgres:"):
        return bool(principal.assumed_by)
    return principal.kind != "user"


def _trails(window: Window) -> dict[str, tuple[str, str]]:
    """For each source the time of its first and of its last record."""
    trails: dict[str, tuple[str, str]] = {}
    for use in window.uses:
        first, last = trails.get(use.source, (use.first, use.last))
        trails[use.source] = (min(first, use.first), max(last, use.last))
    return trails


def _was_heard(window: Window, connection: str, trails: Mapping[str, tuple[str, str]], days: int, now: str) -> bool:
    trail = trails.get(connection)
    if trail is None or connection in window.unread:
        return False
    return days_between(trail[0], now) >= days and days_between(trail[1], now) <= _RECORDED_LATELY_DAYS


def _last_used(window: Window) -> dict[tuple[str, str], str]:
    last: dict[tuple[str, str], str] = {}
    for use in window.uses:
        key = (use.agent, use.principal)
        last[key] = max(last.get(key, ""), use.last)
    return last

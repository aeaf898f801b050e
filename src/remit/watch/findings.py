"""Findings over time: what rules see now, joined with what is known; closed by evidence alone (design section 7).

Invariants:
- the same disagreement (rule, agent, key) is one finding with one id, however often it is seen;
- a finding closes when its rule ran, does not see it any more, and what its evidence comes from was really looked at; or when nothing
  is left of what made it possible. A rule that did not run changes none of its findings;
- a closed finding that is seen again opens again, except a remembered one of which nothing new happened;
- an acceptance ends with its date: the finding is open again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from remit.contracts.detection import Rule, Window
from remit.model.finding import Finding, FindingState, Severity, Spotted
from remit.model.shown import printable

_ORDER = tuple(Severity)
_MOST_PLACES = 20
_STATES = (FindingState.OPEN, FindingState.ACCEPTED, FindingState.CLOSED)


def finding_id(rule: str, agent: str, key: str) -> str:
    """The id of a disagreement."""
    return "finding:" + hashlib.sha256("\0".join((rule, agent, key)).encode("utf-8", "replace")).hexdigest()[:12]


def update(
    known: Sequence[Finding], spotted: Mapping[str, Sequence[Spotted]], rules: Iterable[Rule], window: Window, now: str
) -> tuple[Finding, ...]:
    """Every finding as it stands now: open ones first, by severity; `spotted` has an entry for each rule that ran, by its id.

    `now` is RFC 3339, UTC.
    """
    by_id = {finding.id: finding for finding in known}
    by_rule = {rule.id: rule for rule in rules}
    seen: dict[str, Finding] = {}
    for rule_id, found in spotted.items():
        for item in found:
            fresh = _fresh(by_rule[rule_id], item, window, now)
            seen[fresh.id] = _joined(seen[fresh.id], fresh) if fresh.id in seen else fresh
    result = [_seen(fresh, by_id.get(fresh.id), now) for fresh in seen.values()]
    result += [
        _unseen(finding, window, now) if finding.rule in spotted else _until_its_date(finding, now)
        for finding in known
        if finding.id not in seen
    ]
    return tuple(sorted(result, key=lambda one: (_STATES.index(one.state), -_ORDER.index(one.severity), one.agent, one.rule, one.id)))


def _fresh(rule: Rule, item: Spotted, window: Window, now: str) -> Finding:
    return Finding(
        id=finding_id(rule.id, item.agent, item.key),
        rule=rule.id,
        agent=item.agent,
        key=item.key,
        severity=item.severity or rule.severity,
        title=printable(item.title, 500),
        evidence=tuple(dict.fromkeys(printable(place, 1000) for place in item.evidence))[:_MOST_PLACES],
        owner=_owner(item.agent, window),
        remedy=(item.remedy or rule.remedy).replace("AGENT", item.agent),
        hangs_on=tuple(dict.fromkeys(printable(place, 1000) for place in item.hangs_on))[:_MOST_PLACES],
        opened=now,
        others=item.others,
    )


def _joined(first: Finding, second: Finding) -> Finding:
    """Two sights of one disagreement."""
    return msgspec.structs.replace(
        first,
        severity=max(first.severity, second.severity, key=_ORDER.index),
        evidence=tuple(dict.fromkeys((*first.evidence, *second.evidence)))[:_MOST_PLACES],
        hangs_on=tuple(dict.fromkeys((*first.hangs_on, *second.hangs_on)))[:_MOST_PLACES],
        others=tuple(sorted({*first.others, *second.others})),
    )


def _owner(agent: str, window: Window) -> str | None:
    ownership = window.owners.get(agent)
    if ownership is not None:
        return ownership.person
    remit = window.remits.get(agent)
    return remit.owner.contact if remit is not None else None


def _seen(fresh: Finding, known: Finding | None, now: str) -> Finding:
    """A finding that a rule sees now."""
    if known is None:
        return fresh
    # INVARIANT (closed by evidence): what made it possible is gone; that it once happened is remembered and opens nothing.
    is_over = bool(known.hangs_on) and not fresh.hangs_on and set(fresh.evidence) <= set(known.evidence)
    if is_over:
        return known if known.state is FindingState.CLOSED else msgspec.structs.replace(known, state=FindingState.CLOSED, closed=now)
    is_accepted = known.accepted_until is not None and _is_before_end(now, known.accepted_until)
    return msgspec.structs.replace(
        fresh,
        state=FindingState.ACCEPTED if is_accepted else FindingState.OPEN,
        opened=now if known.state is FindingState.CLOSED else known.opened,
        accepted_until=known.accepted_until,
        accepted_because=known.accepted_because,
        accepted_by=known.accepted_by,
    )


def _unseen(finding: Finding, window: Window, now: str) -> Finding:
    """A finding that its rule does not see any more."""
    if finding.state is FindingState.CLOSED:
        return finding
    if _may_be_hidden(finding, window):
        return _until_its_date(finding, now)
    return msgspec.structs.replace(finding, state=FindingState.CLOSED, closed=now)


def _until_its_date(finding: Finding, now: str) -> Finding:
    """INVARIANT (acceptance ends): an accepted finding whose date has passed is open again."""
    if finding.state is FindingState.ACCEPTED and not (finding.accepted_until and _is_before_end(now, finding.accepted_until)):
        return msgspec.structs.replace(finding, state=FindingState.OPEN)
    return finding


def _is_before_end(now: str, until: str) -> bool:
    """A date holds up to its end, a time to the second."""
    return now[: len(until)] <= until if len(until) <= len("2026-11-26") else now < until


def _may_be_hidden(finding: Finding, window: Window) -> bool:
    """Whether what the finding rests on could not be looked at: its connection had gaps, or its agent has no remit that counts."""
    if finding.agent in window.unjudged:
        return True
    unread = set(window.unread)
    if not unread:
        return False
    places = (*finding.evidence, *finding.hangs_on, finding.key)
    for connection in unread:
        if connection.startswith("aws:") and any(place.startswith(("arn:", "s3://")) for place in places):
            return True
        if any(connection in place for place in places):
            return True
    return any(
        window.principals[binding.principal].connection in unread
        for binding in window.bindings
        if binding.agent == finding.agent and binding.principal in window.principals and binding.principal in finding.key
    )

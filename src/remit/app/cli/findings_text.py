"""Findings as a person reads them: what is wrong, where it was seen, what to do; many of one kind are said once."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence

from remit.app.cli.page import Page, counted, listed, shortened
from remit.model.finding import Finding, FindingState, Severity
from remit.model.shown import printable

_COLOURS = {Severity.CRITICAL: "bold red", Severity.HIGH: "red", Severity.MEDIUM: "yellow", Severity.LOW: "dim"}
_MANY = 5
"""From so many of one rule on, each has one line."""
_ROOM = 9
_PLACE_ROOM = 100


def show_findings(shown: Sequence[Finding], connected: Sequence[str]) -> None:
    """All of them, gravest first, and how many there are of each severity."""
    page = Page()
    if not shown:
        looked = f"looked at {', '.join(connected)}" if connected else "nothing is connected: nothing was looked at"
        page.line(f"no findings; {looked}")
        return
    for _, alike in itertools.groupby(shown, key=lambda finding: (finding.state is FindingState.CLOSED, finding.severity)):
        by_rule: dict[tuple[str, str], list[Finding]] = {}
        for finding in alike:
            by_rule.setdefault((finding.rule, finding.state), []).append(finding)
        for (_, state), members in by_rule.items():
            if len(members) >= _MANY and state == FindingState.OPEN:
                _show_many(page, members)
            else:
                for finding in members:
                    _show_one(page, finding)
            page.blank()
    _show_count(page, shown)


def _show_one(page: Page, finding: Finding) -> None:
    state = "" if finding.state is FindingState.OPEN else f", {finding.state}"
    until = f" until {finding.accepted_until}: {printable(finding.accepted_because, 200)}" if finding.accepted_until else ""
    page.item(
        (str(finding.severity), _COLOURS[finding.severity]),
        (finding.agent, "bold cyan"),
        f"  {finding.rule}{state}{until}",
        (f"  {finding.id}", "dim"),
        room=_ROOM,
    )
    page.line(printable(finding.title, 400), indent=_ROOM)
    page.item(("seen   ", "dim"), (_places(finding), "dim"), indent=_ROOM)
    page.item("to do  ", printable(finding.remedy, 400), indent=_ROOM)


def _show_many(page: Page, members: Sequence[Finding]) -> None:
    """What is said of the first is said of all; each has its agent, its place and its id."""
    first = members[0]
    agents = len({finding.agent for finding in members})
    heading = f"  {counted(len(members), 'finding', 'findings')} of {counted(agents, 'agent', 'agents')}; of the first:"
    page.item((str(first.severity), _COLOURS[first.severity]), (first.rule, "bold"), heading, room=_ROOM)
    page.line(printable(first.title, 400), indent=_ROOM)
    page.item("to do  ", printable(first.remedy, 400), indent=_ROOM)
    for finding in members:
        place = f"  {printable(finding.evidence[0], 400)}" if finding.evidence else ""
        has_room = _ROOM + len(finding.id) + len(finding.agent) + len(place) + 4 <= page.width
        page.item((f"{finding.id}  ", "dim"), (finding.agent, "bold cyan"), place if has_room else "", indent=_ROOM)


def _places(finding: Finding) -> str:
    return listed([shortened(printable(place, 400), _PLACE_ROOM) for place in finding.evidence], 3)


def _show_count(page: Page, shown: Sequence[Finding]) -> None:
    opened = Counter(finding.severity for finding in shown if finding.state is FindingState.OPEN)
    by_severity = ", ".join(f"{opened[severity]:,} {severity}" for severity in _COLOURS if opened[severity])
    others = Counter(str(finding.state) for finding in shown if finding.state is not FindingState.OPEN)
    rest = "".join(f"; {count:,} {state}" for state, count in sorted(others.items()))
    page.line((f"{sum(opened.values()):,} open" + (f" ({by_severity})" if by_severity else "") + rest, "bold"))

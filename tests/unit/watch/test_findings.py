"""Findings over time."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.watch.records import bound, remit, role, window

from remit.contracts.detection import Rule
from remit.model.finding import Finding, FindingState, Severity, Spotted
from remit.model.standing import Ownership
from remit.watch.findings import update

RULE = Rule(id="odd", title="Odd", why="So.", severity=Severity.MEDIUM, remedy="`remit plan AGENT` mends it")
ROLE = role("triage")
FIRST, LATER, LAST = "2026-11-26T10:00:00Z", "2026-11-27T10:00:00Z", "2026-11-28T10:00:00Z"


def spot(key: str = "a", agent: str = "triage", **fields: Any) -> Spotted:
    return Spotted(**{"agent": agent, "key": key, "title": "odd things", "evidence": (ROLE.ref,), **fields})


def after(known: tuple[Finding, ...], *found: Spotted, now: str = LATER, ran: bool = True, **fields: Any) -> tuple[Finding, ...]:
    return update(known, {"odd": list(found)} if ran else {}, [RULE], window(**fields), now)


def test_the_same_disagreement_is_one_finding_that_keeps_its_id_and_its_beginning() -> None:
    (first,) = after((), spot(), now=FIRST)
    (again,) = after((first,), spot(title="odder", severity=Severity.HIGH))
    assert (again.id, again.opened, again.title, again.severity) == (first.id, FIRST, "odder", Severity.HIGH)
    assert first.remedy == "`remit plan triage` mends it"
    twice = after((), spot(), spot(evidence=("b.py:3",)), spot(key="b"))
    assert sorted(len(finding.evidence) for finding in twice) == [1, 2]


def test_it_closes_when_its_evidence_is_gone_and_opens_again_when_it_is_back() -> None:
    known = after((), spot(), now=FIRST)
    (closed,) = after(known)
    assert (closed.state, closed.closed) == (FindingState.CLOSED, LATER)
    (back,) = after((closed,), spot(), now=LAST)
    assert (back.state, back.opened, back.closed) == (FindingState.OPEN, LAST, "")


@pytest.mark.parametrize(
    ("evidence", "unread", "state"),
    [
        ((ROLE.ref,), ("aws:main",), "open"),
        ((ROLE.ref,), ("postgres:finops",), "closed"),
        (("postgres:finops row pg_roles x",), ("postgres:finops",), "open"),
        (("CODEOWNERS:3",), ("aws:main",), "closed"),
    ],
)
def test_what_could_not_be_looked_at_is_not_gone(evidence: tuple[str, ...], unread: tuple[str, ...], state: str) -> None:
    known = after((), spot(evidence=evidence), now=FIRST)
    (finding,) = after(known, unread=unread)
    assert finding.state == state


def test_a_rule_that_did_not_run_changes_nothing() -> None:
    known = after((), spot(), now=FIRST)
    assert after(known, ran=False) == known


def test_an_acceptance_ends_with_its_date() -> None:
    import msgspec

    (finding,) = after((), spot(), now=FIRST)
    accepted = msgspec.structs.replace(
        finding, state=FindingState.ACCEPTED, accepted_until="2026-11-27", accepted_because="known", accepted_by="dana"
    )
    (kept,) = after((accepted,), spot(), now="2026-11-27T23:59:59Z")
    assert (kept.state, kept.accepted_because) == (FindingState.ACCEPTED, "known")
    (again,) = after((kept,), spot(), now="2026-11-28T00:00:01Z")
    assert again.state is FindingState.OPEN
    (unrun,) = after((kept,), now="2026-11-28T00:00:01Z", ran=False)
    assert unrun.state is FindingState.OPEN
    (closed,) = after((kept,))
    assert closed.state is FindingState.CLOSED


def test_what_happened_once_is_over_when_nothing_makes_it_possible_any_more() -> None:
    known = after((), spot(evidence=("log#1",), hangs_on=("grant",)), now=FIRST)
    (closed,) = after(known, spot(evidence=("log#1",)))
    assert closed.state is FindingState.CLOSED
    (still,) = after((closed,), spot(evidence=("log#1",)), now=LAST)
    assert still.state is FindingState.CLOSED
    (news,) = after((closed,), spot(evidence=("log#2", "log#1")), now=LAST)
    assert news.state is FindingState.OPEN
    (never,) = after(after((), spot(evidence=("log#1",)), now=FIRST), spot(evidence=("log#1",)))
    assert never.state is FindingState.OPEN, "it was never known to be possible, and yet it happened"


def test_its_owner_is_who_was_set_else_the_contact_of_the_remit() -> None:
    (nobody,) = after((), spot())
    (contact,) = after((), spot(), remits={"triage": remit("triage", '{read: aws:s3, resource: "*"}')})
    (owner,) = after((), spot(), owners=[Ownership(agent="triage", person="lee", since=FIRST, by="lee")])
    assert [finding.owner for finding in (nobody, contact, owner)] == [None, "dana@example.com", "lee"]


def test_open_ones_stand_first_and_the_worst_before_the_others() -> None:
    known = after((), spot("gone"), now=FIRST)
    order = after(known, spot("low", severity=Severity.LOW), spot("high", severity=Severity.CRITICAL), bindings=(bound("triage", ROLE),))
    assert [finding.key for finding in order] == ["high", "low", "gone"]


def test_hostile_text_is_escaped() -> None:
    (finding,) = after((), spot(title="\x1b[2Jall clear", evidence=("a\nb",)))
    assert "\x1b" not in finding.title
    assert "\n" not in finding.evidence[0]


def test_one_about_several_agents_is_one_finding_that_stands_under_each() -> None:
    (found,) = after((), spot(others=("pack", "sort")), spot(others=("wash",)))
    assert (found.agent, found.others) == ("triage", ("pack", "sort", "wash"))
    assert [found.is_about(slug) for slug in ("triage", "sort", "cook")] == [True, True, False]
    (alone,) = after((found,), spot())
    assert (alone.id, alone.others) == (found.id, ())

"""Which agent a record means."""

from __future__ import annotations

import pytest
from tests.unit.watch.records import because, bound, known, login, role, user

from remit.model.event import Who
from remit.watch.bind import assigner

TRIAGE, EXPORT = role("triage-role"), role("exporter")
DANA = user("dana", person=because("tag `email`", "arn:aws:iam::111122223333:user/dana"))
KEPT = login("dana_wright", person=because("its comment is a mail address"))
OWN = role("remit-read", is_own=True)
AGENTS = [
    known("cost-triage"),
    known("cost-triage-eu"),
    known("exporter"),
    known("planner"),
    known("old", is_gone=True),
    known("twin", name="exporter"),
]
BOUND = [
    bound("cost-triage", TRIAGE),
    bound("cost-triage", EXPORT),
    bound("exporter", EXPORT),
    bound("planner", DANA, key_fingerprints=("k1",)),
    bound("planner", OWN),
    bound("exporter", KEPT),
]


def who(principal: object, session: str = "", credential: str = "", agent: str = "") -> Who:
    ref = getattr(principal, "ref", principal)
    return Who(source="aws:main", principal=str(ref), session=session, credential=credential, agent=agent)


@pytest.mark.parametrize(
    ("asked", "agent"),
    [
        (who("", agent="planner"), "planner"),
        (who("", agent="nobody-we-know"), ""),
        (who(TRIAGE), "cost-triage"),
        (who(TRIAGE, "i-0abc"), "cost-triage"),
        (who(EXPORT), ""),
        (who(EXPORT, "i-0abc"), ""),
        (who(EXPORT, "cost-triage-7f3a"), "cost-triage"),
        (who(EXPORT, "Cost_Triage"), "cost-triage"),
        (who(EXPORT, "cost-triage-eu"), "cost-triage-eu"),
        (who(TRIAGE, "planner"), "planner"),
        (who(TRIAGE, "planner-7f3a"), "planner"),
        (who(TRIAGE, "planner-dashboard"), "cost-triage"),
        (who(EXPORT, "exporter"), ""),
        (who(DANA, credential="k1"), "planner"),
        (who(DANA, credential="k2"), ""),
        (who(DANA), ""),
        (who(OWN, "cost-triage"), ""),
        (who(KEPT, "psql"), ""),
        (who(KEPT, "DBeaver 24.1"), ""),
        (who(KEPT, "nightly"), "exporter"),
        (who(role("stranger")), ""),
    ],
)
def test_a_record_means(asked: Who, agent: str) -> None:
    assert assigner(AGENTS, BOUND, [TRIAGE, EXPORT, DANA, KEPT, OWN])(asked) == agent


def test_an_agent_that_is_bound_by_use_alone_takes_only_what_names_it() -> None:
    ask = assigner(AGENTS, [bound("cost-triage", TRIAGE), bound("planner", TRIAGE, is_named=False)], [TRIAGE])
    assert (ask(who(TRIAGE, "planner")), ask(who(TRIAGE, "i-0abc"))) == ("planner", "cost-triage")

"""Which grant gives a line, by which way, and which of its places are of what."""

from __future__ import annotations

import pytest

from remit.app.views.granting import Ways, way_in_short
from remit.app.wiring import vocabularies
from remit.contracts import registry
from remit.model.access import Access, PrincipalAccess
from remit.model.alignment import AlignmentLine, Class
from remit.model.identity import Because
from remit.model.place import Place
from remit.understand.spans import Spans

ROLE = "arn:aws:iam::111122223333:role/triage"
FIRST = Because(place=Place(f"{ROLE}#inline/access[0]"), text="allows s3:Get*")
SECOND = Because(place=Place(f"{ROLE}#inline/access[1]"), text="allows s3:*")
NEED = Because(place=Place("triage.py", 7), text="code calls s3:GetObject")
USE = Because(place=Place("s3://trail/1.json.gz#3"), text="s3:GetObject on it, allowed 3x")


def spans() -> Spans:
    kinds = {name: system for name, system in registry.find("SYSTEM").items() if name in ("aws", "postgres")}
    return Spans(vocabularies(), {kind: system.concerns for kind, system in kinds.items()})


def grant(action: str, resource: str, *because: Because) -> Access:
    return Access(system="aws:s3", action=action, resource=resource, because=because)


def line(action: str, resource: str, *because: Because) -> AlignmentLine:
    return AlignmentLine(
        principal=ROLE, system="aws:s3", action=action, resource=resource, class_=Class.NEEDED_USED, why="it must", because=because
    )


def ways(*grants: Access) -> Ways:
    return Ways([PrincipalAccess(principal=ROLE, access=grants)], spans())


def test_a_part_of_a_broad_grant_is_given_by_it_and_by_no_other():
    broad = grant("s3:Get*", "arn:aws:s3:::b/*", FIRST)
    found = ways(broad, grant("s3:*", "arn:aws:s3:::c/*", SECOND))
    assert found.of(line("s3:GetObject", "arn:aws:s3:::b/daily/*", NEED, FIRST, USE)) == (broad,)


def test_of_two_grants_of_one_statement_the_one_that_stands_there_gives_it():
    exact = grant("s3:GetObject", "arn:aws:s3:::b/*", FIRST)
    assert ways(grant("s3:Get*", "arn:aws:s3:::b/*", FIRST), exact).of(line("s3:GetObject", "arn:aws:s3:::b/*", FIRST)) == (exact,)


def test_what_nothing_grants_has_no_grant():
    assert ways(grant("s3:Get*", "arn:aws:s3:::b/*", FIRST)).of(line("s3:GetObject", "arn:aws:s3:::b/*", NEED)) == ()


def test_places_are_told_apart_into_need_grant_and_use():
    told = ways(grant("s3:Get*", "arn:aws:s3:::b/*", FIRST)).told(
        line("s3:GetObject", "arn:aws:s3:::b/*", NEED, FIRST, USE), {"s3://trail/1.json.gz#3"}
    )
    assert (told.need, told.uses) == ((NEED,), (USE,))
    assert [each.because for each in told.grants] == [(FIRST,)]


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (f"{ROLE}#inline/access[2]", "inline policy access"),
        (f"{ROLE}#attached/arn:aws:iam::111122223333:policy/team/Shared", "policy Shared"),
        ("postgres:finops row pg_auth_members role/triage -> role/readers", "member of readers"),
        ("postgres:finops row pg_class costs.daily relacl", "granted on tables"),
        ("somewhere else b", "somewhere else b"),
    ],
)
def test_a_way_is_told_as_people_call_it(place: str, words: str):
    assert way_in_short(grant("s3:Get*", "c", Because(place=Place(place), text=""))) == words


def test_ways_of_an_unknown_form_that_differ_in_their_thing_alone_are_one():
    assert way_in_short(grant("x", "costs.daily", Because(place=Place("row of costs.daily"), text=""))) == "row of …"

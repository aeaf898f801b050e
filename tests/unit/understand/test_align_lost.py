"""What was used and is needed, and no grant gives any more."""

import msgspec

from remit.contracts.registry import find
from remit.document.parse import parse_or_raise
from remit.model.access import PrincipalAccess, Unread
from remit.model.alignment import Class
from remit.model.event import Use
from remit.understand.align import align

POSTGRES = find("SYSTEM", only="postgres")["postgres"]
ROLE = "postgres:fin/desk"
REMIT = parse_or_raise(
    """remit: 1
agent: desk
purpose: Read bills.
owner: {contact: dana@example.com}
objectives:
  read: {why: Bills are read., can: [{read: "postgres:fin", resource: ar.bills}]}
""",
    "desk.yaml",
)
USE = Use(
    agent="desk",
    principal=ROLE,
    source="postgres:fin",
    system="postgres:fin",
    action="select",
    resource="ar.bills",
    first="2026-10-01T00:00:00Z",
    last="2026-11-01T00:00:00Z",
    allowed=40,
    denied=0,
    place="log.json:1",
)


def only_class(access: PrincipalAccess) -> Class:
    (line,) = align("desk", REMIT, [access], [USE], {"postgres": POSTGRES.vocabulary()}, {"postgres": POSTGRES.concerns}).lines
    assert "nothing that was read grants it" in line.doubt
    return line.class_


def test_it_will_break_where_every_grant_was_read() -> None:
    assert only_class(PrincipalAccess(principal=ROLE, access=())) is Class.NEEDED_NOT_GRANTED


def test_it_may_be_granted_by_what_could_not_be_read() -> None:
    unread = (Unread(place="pg_auth_members", why="no permission"),)
    assert only_class(PrincipalAccess(principal=ROLE, access=(), unread=unread)) is Class.NEEDED_USED


def past(access: PrincipalAccess) -> bool:
    stray = msgspec.structs.replace(USE, resource="hr.payroll")
    found = align("desk", REMIT, [access], [stray], {"postgres": POSTGRES.vocabulary()}, {"postgres": POSTGRES.concerns}).lines
    (line,) = (line for line in found if line.resource == "hr.payroll")
    assert line.class_ is Class.USED_NOT_NEEDED
    return line.is_past


def test_what_it_did_and_no_grant_gives_any_more_is_over_where_every_grant_was_read() -> None:
    assert past(PrincipalAccess(principal=ROLE, access=()))


def test_what_may_still_be_granted_out_of_sight_is_not_over() -> None:
    assert not past(PrincipalAccess(principal=ROLE, access=(), unread=(Unread(place="pg_auth_members", why="no permission"),)))

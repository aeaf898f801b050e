"""A group through which something needed comes is the way to it, and marked as no more than that."""

from remit.contracts.registry import find
from remit.document.parse import parse_or_raise
from remit.model.access import Access, PrincipalAccess
from remit.model.alignment import Class
from remit.model.identity import Because
from remit.model.place import Place
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


def granted(action: str, resource: str, *places: str) -> Access:
    because = tuple(Because(place=Place(place), text="") for place in places)
    return Access(system="postgres:fin", action=action, resource=resource, because=because)


def test_a_membership_is_marked_and_what_comes_through_it_is_not():
    through = "pg_auth_members ledger -> desk"
    access = PrincipalAccess(
        principal=ROLE, access=(granted("select", "ar.bills", through, "pg_class ar.bills"), granted("member", "role/ledger", through))
    )
    lines = align("desk", REMIT, [access], [], {"postgres": POSTGRES.vocabulary()}, {"postgres": POSTGRES.concerns}).lines
    assert {(line.action, line.class_, line.is_membership) for line in lines} == {
        ("select", Class.NEEDED_UNUSED, False),
        ("member", Class.NEEDED_UNUSED, True),
    }

"""The alignment is line for line what the slow definition says, on random organisations of both kinds of identity system."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from tests.unit.understand.align_slowly import align_slowly
from tests.unit.understand.worlds import AWS, CONCERNS, DATABASE_ROLE, ROLE, VOCABULARIES, grant, remit_of, use

from remit.model.access import PrincipalAccess, Unread
from remit.model.draft import Draft, DraftLine, DraftObjective, Origin, Reason
from remit.model.event import Use
from remit.model.identity import Because
from remit.model.place import Place
from remit.model.remit import Remit
from remit.understand.align import align

VERBS = ["list", "read", "create", "update", "delete", "execute", "administer", "any"]
AWS_SYSTEMS = ["aws:s3", "aws:dynamodb", "aws:sqs", "aws:iam"]
ARNS = [
    *("arn:aws:s3:::a", "arn:aws:s3:::a/*", "arn:aws:s3:::a/x/*", "arn:aws:s3:::a/x/1", "arn:aws:s3:::ab/*", "arn:aws:s3:::a*"),
    *("arn:aws:s3:::*/x/*", "arn:aws:s3:::*", "*/x/*", "*", "arn:aws:dynamodb:eu:1:table/*", "arn:aws:dynamodb:eu:1:table/t"),
]
THINGS = [
    *("arn:aws:s3:::a", "arn:aws:s3:::a/x/1", "arn:aws:s3:::a/x/2", "arn:aws:s3:::a/y/1", "arn:aws:s3:::ab/x/1", "arn:aws:s3:::b/1"),
    *("arn:aws:dynamodb:eu:1:table/t", "arn:aws:dynamodb:eu:1:table/u", "arn:aws:sqs:eu:1:q"),
]
AWS_ACTIONS = [*AWS, "s3:*", "s3:Get*", "s3:*Object*", "s3:getobject", "dynamodb:*Item", "*"]
TABLES = ["app.orders", "app.orders_old", 'app."Orders"', "app.people"]
DATABASE_THINGS = [*TABLES, "app.orders_id_seq", "app.orders_old_id_seq", "app.people_seq", "function/app.f()", "role/team"]
DATABASE_ACTIONS = ["select", "insert", "update", "delete", "references", "execute", "usage", "member", "own"]
DONE = ["select", "insert", "update", "delete", "execute", "alter", "drop", "vacuum"]
COLUMNS = [(), (), (), ("id",), ("id", "name")]
TEAM = "postgres:db row pg_auth_members team"
Line = tuple[str, str, str, tuple[str, ...]]


def accesses(random: Random) -> list[PrincipalAccess]:
    """What the identities of the agent are granted."""
    aws = [
        grant(random.choice(AWS_ACTIONS), random.choice(ARNS), {"depends_on": random.choice([(), (), ("aws:SourceIp",)])})
        for _ in range(random.randrange(20))
    ]
    database = [
        grant(random.choice(DATABASE_ACTIONS), random.choice(DATABASE_THINGS), {"columns": random.choice(COLUMNS), "by": place})
        for place in random.choices([None, TEAM], k=random.randrange(25))
    ]
    found = ((ROLE, aws), (DATABASE_ROLE, database))
    unread = (Unread(place="x", why="y"),)
    return [
        PrincipalAccess(principal=ref, access=tuple(access for _, access in granted), unread=unread if random.random() < 0.3 else ())
        for ref, granted in found
    ]


def used(random: Random) -> list[Use]:
    """What the agent did, or tried."""
    found = []
    for number in range(random.randrange(40)):
        counts = (random.randrange(3), random.randrange(3))
        at = {"place": f"log:{number}", "last": f"2026-11-{random.randrange(1, 20):02d}T00:00:00Z"}
        match random.randrange(5):
            case 0 | 1:
                found.append(use(random.choice(list(AWS)), random.choice(THINGS), *counts, at))
            case 2 | 3:
                thing = random.choice([*TABLES, "function/app.f()"])
                found.append(use(random.choice(DONE), thing, *counts, {**at, "columns": random.choice(COLUMNS)}))
            case _:
                tool = random.choice(["get_issue", "create_issue"])
                found.append(use(tool, tool, *counts, {**at, "system": "mcp:jira"}))
    return found


def lines(random: Random) -> list[Line]:
    """What it is for."""
    found: list[Line] = []
    for _ in range(random.randrange(1, 9)):
        match random.randrange(7):
            case 0 | 1 | 2:
                found.append((random.choice(VERBS), random.choice(AWS_SYSTEMS), random.choice(ARNS), ()))
            case 3 | 4:
                found.append((random.choice(VERBS), "postgres:db", random.choice(["*", "app.*", *DATABASE_THINGS]), ()))
            case 5:
                found.append((random.choice(["read", "update"]), "postgres:db", random.choice(TABLES), ("id", "name")))
            case _:
                found.append((random.choice(["read", "create"]), "mcp:jira", random.choice(["*", "get_issue"]), ()))
    return list(dict.fromkeys(found))


def remit(random: Random) -> Remit:
    """An approved remit, some lines of which may be forbidden."""
    pools = [("aws:s3", ARNS), ("postgres:db", [*TABLES, "app.*"])]
    never = []
    for system, resources in random.choices(pools, k=random.randrange(4)):
        never.append(_written(random.choice(VERBS), system, random.choice(resources), ()))
    return remit_of([_written(*line) for line in lines(random)], never)


def draft(random: Random) -> Draft:
    """A draft in which evidence names actions."""
    because = Because(place=Place("agent.py", 3), text="calls it")
    return Draft(
        agent="worker",
        purpose="Do the work.",
        purpose_because=None,
        contact=None,
        identities=(),
        objectives=(DraftObjective(name="work", why="Do the work.", because=()),),
        lines=tuple(
            DraftLine(
                objective="work",
                verb=verb,
                system=system,
                resource=resource,
                columns=columns,
                actions=tuple(random.sample([*AWS, *DATABASE_ACTIONS], random.randrange(3))),
                reasons=(Reason(origin=Origin.INFERRED, because=because),),
                is_observed_only=random.random() < 0.2,
            )
            for verb, system, resource, columns in lines(random)
        ),
    )


def _written(verb: str, system: str, resource: str, columns: tuple[str, ...]) -> dict[str, Any]:
    quoted = resource.replace('"', '\\"')
    return {verb: system, "resource": quoted, **({"columns": list(columns)} if columns else {})}


@pytest.mark.parametrize("part", range(10))
@pytest.mark.parametrize("source_of", [remit, draft])
def test_the_quick_alignment_is_the_slow_one(source_of: Any, part: int) -> None:
    for number in range(50):
        random = Random(part * 1000 + number)
        source, access, uses = source_of(random), accesses(random), used(random)
        expected = align_slowly("worker", source, access, uses, VOCABULARIES, CONCERNS)
        assert align("worker", source, access, uses, VOCABULARIES, CONCERNS) == expected, f"world {part * 1000 + number}"

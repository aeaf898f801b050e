"""Plants faults in an organisation, and writes down what is then true."""

from __future__ import annotations

import copy
from datetime import datetime, timedelta

from tests.estate import operations
from tests.estate.names import Draw, kebab
from tests.estate.truth import Agent, AwsIdentity, Company, DatabaseIdentity, Fault

OUT_OF_INTENT = "out-of-intent"
NO_OWNER = "no-owner"
PERSONAL_KEY = "personal-key"
SHARED_IDENTITY = "shared-identity"
COPY = "copy"
EXPIRED = "expired-grant"
DORMANT = "dormant"
ALL = frozenset({OUT_OF_INTENT, NO_OWNER, PERSONAL_KEY, SHARED_IDENTITY, COPY, EXPIRED, DORMANT})


def plant(draw: Draw, made: Company, wanted: set[str] | None, now: datetime) -> None:
    """Plants these faults, each at an agent of its own; None: as the seed draws them."""
    if wanted is None:
        wanted = {rule for rule in sorted(ALL) if draw.random() < 0.6}
    unknown = wanted - ALL
    if unknown:
        raise ValueError(f"unknown faults: {sorted(unknown)}; known are {sorted(ALL)}")
    free = [agent for agent in made.agents if agent.form != "bedrock"]
    draw.shuffle(free)
    for rule in (SHARED_IDENTITY, PERSONAL_KEY, OUT_OF_INTENT, EXPIRED, DORMANT, COPY, NO_OWNER):
        if rule in wanted:
            _expired(draw, made, free, now) if rule == EXPIRED else _PLANTERS[rule](draw, made, free)


def _take(free: list[Agent], fits: object = None) -> Agent:
    for agent in free:
        if not callable(fits) or fits(agent):
            free.remove(agent)
            return agent
    raise ValueError("no agent left for this fault")


def _own_role(agent: Agent) -> bool:
    return agent.aws is not None and agent.aws.style in {"assume", "ecs", "k8s", "profile"}


def _out_of_intent(draw: Draw, made: Company, free: list[Agent]) -> None:
    agent = _take(free, lambda agent: agent.aws is not None or agent.database is not None)
    evidence = []
    if agent.aws is not None:
        doing = operations.doing("s3.get", f"{made.name}-payroll/{draw.one(('2026', 'slips', 'export'))}", made.region, arg="name")
        first = next(iter((agent.aws.inline or agent.aws.managed).values()))
        first["Statement"].append({"Sid": "LegacyReports", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"})
        agent.stray.append(doing)
        evidence.append(f"{made.name}-payroll")
    if agent.database is not None:
        table = next(iter(made.tables))
        columns = tuple(list(made.tables[table])[:2])
        agent.database.groups.append(next(group for group in made.groups if group.endswith("_hr")))
        agent.stray.append(operations.doing("pg.select", table, made.region, columns=columns))
        evidence.append(table)
    made.faults.append(Fault(OUT_OF_INTENT, (agent.slug,), tuple(evidence)))


def _no_owner(draw: Draw, made: Company, free: list[Agent]) -> None:
    agent = _take(free)
    agent.owner, agent.owner_by = None, ""
    if agent.aws is not None:
        agent.aws.tags = {key: value for key, value in agent.aws.tags.items() if key.lower() not in {"owner", "contact"}}
    if agent.database is not None:
        agent.database.comment = ""
    made.faults.append(Fault(NO_OWNER, (agent.slug,), ()))


def _personal_key(draw: Draw, made: Company, free: list[Agent]) -> None:
    person = draw.one(made.people[6:])
    if draw.random() < 0.5 and any(agent.aws is not None for agent in free):
        agent = _take(free, lambda agent: agent.aws is not None)
        old = agent.aws
        assert old is not None
        agent.aws = AwsIdentity(
            "user", person.login, draw.one(("/", "/people/", "/staff/")), "keys", old.inline, old.managed, None, {}, person
        )
        agent.aws.tags = draw.one(({"email": person.mail}, {"Name": person.name, "type": "human"}, {"employee": person.name}))
        if agent.owner_by == "tag":
            agent.owner_by = "codeowners"
        made.faults.append(Fault(PERSONAL_KEY, (agent.slug,), (agent.aws.arn,)))
        return
    agent = _take(free, lambda agent: agent.database is not None)
    before = agent.database
    assert before is not None
    comment = f"{person.name}, {draw.one(('analyst', 'database developer', 'controller'))} <{person.mail}>"
    agent.database = DatabaseIdentity(person.database_role, before.grants, before.groups, "", person, comment)
    if agent.owner_by == "tag" and agent.aws is None:
        agent.owner_by = "codeowners"
    made.faults.append(Fault(PERSONAL_KEY, (agent.slug,), (person.database_role,)))


def _shared(draw: Draw, made: Company, free: list[Agent]) -> None:
    one = _take(free, _own_role)
    two = _take(free, lambda agent: _own_role(agent) and agent.form not in {"mastra", "vercel-ai"})
    assert one.aws is not None
    assert two.aws is not None
    for documents, extra in ((one.aws.inline, two.aws.inline), (one.aws.managed, two.aws.managed)):
        documents.update(extra)
    if two.owner_by == "tag":
        two.owner_by = "codeowners"
    two.aws = one.aws
    one.session, two.session = one.slug, two.slug
    for agent, other in ((one, two), (two, one)):
        agent.probes = [probe for probe in agent.probes if not any(set(probe.actions) & set(doing.actions) for doing in other.doings)]
    made.faults.append(Fault(SHARED_IDENTITY, (one.slug, two.slug), (one.aws.arn,)))


def _copy(draw: Draw, made: Company, free: list[Agent]) -> None:
    first = _take(free)
    if first.owner_by == "tag":
        first.owner_by = "codeowners"
    stem = first.folder.rsplit("/", 1)[-1]
    folder = draw.one((f"archive/{stem}", f"sandbox/{stem}-copy", f"old/{stem}_backup", f"experiments/{stem}2"))
    second = copy.copy(first)
    second.slug, second.folder, second.copy_of = f"{first.slug}-copy", folder, first.slug
    second.doings, second.probes, second.stray = list(first.doings), [], []
    made.agents.append(second)
    made.faults.append(Fault(COPY, (second.slug, first.slug), (folder,)))


def _expired(draw: Draw, made: Company, free: list[Agent], now: datetime) -> None:
    """A grant that was meant to end, by a tag on the role, a date in a policy, or the date of a login."""
    ended = now - timedelta(days=draw.randrange(12, 60))
    day, moment = ended.strftime("%Y-%m-%d"), ended.strftime("%Y-%m-%dT%H:%M:%SZ")
    ways = ["tag", "condition"] * any(_own_role(agent) for agent in free) + ["valid-until"] * any(
        agent.database is not None for agent in free
    )
    way = draw.one(ways)
    if way == "valid-until":
        agent = _take(free, lambda agent: agent.database is not None)
        assert agent.database is not None
        agent.database.valid_until = moment
        made.faults.append(Fault(EXPIRED, (agent.slug,), (agent.database.role,)))
        return
    agent = _take(free, _own_role)
    assert agent.aws is not None
    if way == "tag":
        agent.aws.tags["expires"] = draw.one((day, moment))
    else:
        # On something that nobody touches: the emulator takes a condition that is not met for an explicit deny.
        agent.aws.inline[f"temporary-{kebab(agent.team)}"] = {
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"],
                "Resource": [f"arn:aws:s3:::{made.name}-migration", f"arn:aws:s3:::{made.name}-migration/*"],
                "Condition": {"DateLessThan": {"aws:CurrentTime": moment}},
            }],
        }  # fmt: skip
    made.faults.append(Fault(EXPIRED, (agent.slug,), (agent.aws.arn,)))


def _dormant(draw: Draw, made: Company, free: list[Agent]) -> None:
    agent = _take(free)
    agent.last_day = draw.randrange(55, 80)
    refs = [agent.aws.arn] if agent.aws else []
    refs += [agent.database.role] if agent.database else []
    made.faults.append(Fault(DORMANT, (agent.slug,), tuple(refs[:1])))


_PLANTERS = {
    OUT_OF_INTENT: _out_of_intent, NO_OWNER: _no_owner, PERSONAL_KEY: _personal_key, SHARED_IDENTITY: _shared, COPY: _copy,
    DORMANT: _dormant,
}  # fmt: skip

"""What agents are granted in both systems: just enough for some, far too much for others, and by every way that systems have."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from tests.estate import operations
from tests.estate.names import Draw, camel, kebab, snake
from tests.estate.score import contains
from tests.estate.truth import ACCOUNT, Agent, AwsIdentity, Company, DatabaseIdentity, Doing

_STYLES = ("assume", "ecs", "k8s", "profile", "keys")
_EXTRA = {
    "s3": ("s3.delete", "s3.put", "s3.get"),
    "ddb": ("ddb.delete",),
    "sqs": ("sqs.purge",),
}


def policy(statements: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """A policy document."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def give(draw: Draw, made: Company) -> None:
    """Gives every agent its identities and grants; about half get more than they need."""
    for number, agent in enumerate(made.agents):
        is_broad = number % 2 == 0
        if any(doing.system == "aws" for doing in agent.doings):
            _aws(draw, made, agent, is_broad)
        if any(doing.system == "postgres" for doing in agent.doings):
            _database(draw, made, agent, is_broad)
        _leave_out(draw, agent, number)
        agent.session = draw.one((agent.slug, f"{agent.slug}-{draw.hex(4)}", snake(agent.title), f"i-0{draw.hex(16)}"))
    _shared_group(draw, made)


def _leave_out(draw: Draw, agent: Agent, number: int) -> None:
    """One need of some agents was never used, one of some was never granted."""
    aws = [doing for doing in agent.doings if doing.system == "aws" and doing.op not in {"bedrock.invoke", "lambda.invoke"}]
    spare = [doing for doing in agent.doings if sum(1 for other in agent.doings if other.system == doing.system) > 1]
    if number % 3 == 0 and spare:
        unused = draw.one(spare)
        agent.doings[agent.doings.index(unused)] = replace(unused, is_used=False)
    elif number % 3 == 1 and len(aws) > 1 and agent.aws is not None:
        missing = aws[-1]
        others = {action for doing in agent.doings if doing is not missing for action in doing.actions}
        inline = [
            statement for document in [*agent.aws.inline.values(), *agent.aws.managed.values()] for statement in document["Statement"]
        ]
        exact = [statement for statement in inline if statement.get("Action") == list(missing.actions)]
        if exact and not set(missing.actions) & others and not _is_covered(inline, missing, exact):
            for document in [*agent.aws.inline.values(), *agent.aws.managed.values()]:
                document["Statement"] = [statement for statement in document["Statement"] if statement not in exact]
            agent.aws.inline = {name: document for name, document in agent.aws.inline.items() if document["Statement"]}
            agent.aws.managed = {name: document for name, document in agent.aws.managed.items() if document["Statement"]}
            agent.doings[agent.doings.index(missing)] = replace(missing, is_used=False, is_granted=False)


def allows(identity: AwsIdentity, action: str, resource: str) -> bool:
    """Whether the policies written here allow it; a statement with a condition is taken not to."""
    documents = [*identity.inline.values(), *identity.managed.values()]
    for statement in (one for document in documents for one in document["Statement"]):
        actions, resources = (value if isinstance(value, list) else [value] for value in (statement["Action"], statement["Resource"]))
        is_about = any(contains(one.lower(), action.lower()) for one in actions) and any(contains(one, resource) for one in resources)
        if is_about and "Condition" not in statement:
            return True
    return False


def settle(made: Company) -> None:
    """Says of each need and probe in AWS whether it is granted after everything was planted."""
    for agent in made.agents:
        if agent.aws is None:
            continue
        for number, doing in enumerate(agent.doings):
            if doing.system == "aws":
                granted = all(allows(agent.aws, action, doing.resource) for action in doing.actions)
                agent.doings[number] = replace(doing, is_granted=granted, is_used=doing.is_used and granted)
        agent.probes = [doing for doing in agent.probes if doing.system != "aws" or allows(agent.aws, doing.actions[0], doing.resource)]


def _is_covered(statements: list[dict[str, Any]], doing: Doing, but: list[dict[str, Any]]) -> bool:
    service = doing.actions[0].split(":")[0]
    return any(
        f"{service}:" in str(statement["Action"]) and "*" in str(statement["Action"]) for statement in statements if statement not in but
    )


def _role_name(draw: Draw, agent: Agent) -> str:
    return draw.one(
        (kebab(agent.title), snake(agent.title), f"{camel(agent.title)}Role", f"svc-{kebab(agent.title)}", f"{kebab(agent.title)}-task")
    )


def _aws(draw: Draw, made: Company, agent: Agent, is_broad: bool) -> None:
    style = draw.one(_STYLES)
    if agent.form == "bedrock":
        style = "bedrock"
    elif agent.form in {"mastra", "vercel-ai"}:
        style = draw.one(("ecs", "k8s", "keys"))
    elif agent.form == "notebook":
        style = draw.one(("assume", "profile", "keys"))
    kind = "user" if style == "keys" else "role"
    path = draw.one(("/", "/", "/agents/", f"/{kebab(agent.team)}/"))
    name = f"svc-{kebab(agent.title)}" if kind == "user" else _role_name(draw, agent)
    identity = AwsIdentity(kind, name, path, style)
    needs = [doing for doing in agent.doings if doing.system == "aws"]
    statements = [_exact(doing) for doing in needs]
    if is_broad:
        statements += _broad(draw, made, agent, needs)
    if draw.random() < 0.35:
        cut = max(1, len(statements) // 2)
        identity.inline = {f"{kebab(agent.title)}-access": policy(statements[:cut])}
        if statements[cut:]:
            identity.managed = {f"{camel(agent.title)}Data": policy(statements[cut:])}
    elif draw.random() < 0.3:
        identity.managed = {f"{camel(agent.title)}Policy": policy(statements)}
    else:
        identity.inline = {draw.one(("permissions", "access", f"{kebab(agent.title)}-inline")): policy(statements)}
    identity.tags = {"team": agent.team, "env": draw.one(("prod", "production"))}
    if agent.owner_by == "tag" and agent.owner:
        identity.tags[draw.one(("owner", "Owner", "contact"))] = agent.owner.mail
    agent.aws = identity


def _exact(doing: Doing) -> dict[str, Any]:
    return {"Sid": camel(doing.tool or "model"), "Effect": "Allow", "Action": list(doing.actions), "Resource": doing.resource}


def _broad(draw: Draw, made: Company, agent: Agent, needs: list[Doing]) -> list[dict[str, Any]]:
    """A statement that gives too much, and what can be probed of it."""
    services = sorted({doing.op.split(".")[0] for doing in needs} & set(_EXTRA))
    if not services:
        return []
    service = draw.one(services)
    granted = {"s3": "s3", "ddb": "dynamodb", "sqs": "sqs"}[service]
    some = next(doing for doing in needs if doing.op.split(".")[0] == service)
    way = draw.one(("service", "resource"))
    allowed = {(doing.op, doing.on) for doing in agent.doings}
    base = some.on.partition("/")[0]
    for op in _EXTRA[service]:
        on = f"{base}/other" if op in {"s3.put", "s3.get"} else some.on
        if (op, on) not in allowed and len(agent.probes) < 2:
            agent.probes.append(operations.doing(op, on, made.region))
    if way == "service":
        return [{"Effect": "Allow", "Action": f"{granted}:*", "Resource": "*"}]
    if service == "s3":
        return [{"Effect": "Allow", "Action": ["s3:Get*", "s3:Put*", "s3:Delete*"], "Resource": f"arn:aws:s3:::{base}/*"}]
    kind = "table/" if service == "ddb" else ""
    return [{"Effect": "Allow", "Action": [f"{granted}:*"], "Resource": f"arn:aws:{granted}:{made.region}:{ACCOUNT}:{kind}{base}"}]


def _database(draw: Draw, made: Company, agent: Agent, is_broad: bool) -> None:
    stem = snake(agent.title)
    identity = DatabaseIdentity(draw.one((stem, f"svc_{stem}", f"{stem}_rw", f"app_{stem}"))[:60])
    if agent.owner_by == "tag" and agent.owner and agent.aws is None:
        identity.comment = f"Agent {agent.title}. Owner: {agent.owner.mail}"
    needs = [doing for doing in agent.doings if doing.system == "postgres"]
    by_table: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for doing in needs:
        by_table[doing.on][doing.actions[0]] |= set(doing.columns) | ({doing.key} if doing.op != "pg.insert" and doing.key else set())
    for table, wanted in by_table.items():
        schema = table.split(".")[0]
        identity.grants.append(f"USAGE ON SCHEMA {schema}")
        for action, columns in sorted(wanted.items()):
            is_by_column = action in {"select", "update"} and not is_broad and draw.random() < 0.5
            listed = f" ({', '.join(sorted(columns))})" if is_by_column and columns else ""
            identity.grants.append(f"{action.upper()}{listed} ON TABLE {table}")
        if "insert" in wanted:
            identity.grants.append(f"USAGE ON ALL SEQUENCES IN SCHEMA {schema}")
    if is_broad:
        table = draw.one(sorted(by_table))
        schema = table.split(".")[0]
        identity.grants.append(draw.one((f"ALL ON TABLE {table}", f"SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema}")))
        for op in ("pg.delete", "pg.insert", "pg.update"):
            if op.split(".")[1] not in by_table[table]:
                columns = tuple(list(made.tables[table])[:2])
                agent.probes.append(operations.doing(op, table, made.region, columns=columns, key=columns[0]))
                break
    agent.database = identity


def _shared_group(draw: Draw, made: Company) -> None:
    """A group of readers that several agents and one other service are in: narrowing one must not touch the rest."""
    users = [agent for agent in made.agents if agent.database]
    if len(users) < 2:
        return
    sensitive = next(iter(made.tables))
    group = draw.one(("reporting_readers", "bi_read", "leser", "analytics_ro"))
    schemas = sorted({table.split(".")[0] for agent in users[:2] for table in made.tables if any(d.on == table for d in agent.doings)})
    made.groups[group] = [f"USAGE ON SCHEMA {schema}" for schema in schemas] + [
        f"SELECT ON ALL TABLES IN SCHEMA {schema}" for schema in schemas
    ]
    for agent in users[:2]:
        assert agent.database is not None
        agent.database.groups.append(group)
    made.groups[f"{group}_hr"] = [f"USAGE ON SCHEMA {sensitive.split('.')[0]}", f"SELECT ON TABLE {sensitive}"]

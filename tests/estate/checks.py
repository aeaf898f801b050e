"""What the product says of an estate, compared with the truth: each function gives the differences, in words; none is no difference."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from tests.estate import faults
from tests.estate.score import contains
from tests.estate.truth import Agent, Company, Fault, Line

RULES = {
    faults.OUT_OF_INTENT: {"out-of-intent", "used-not-needed"},
    faults.NO_OWNER: {"no-owner"},
    faults.PERSONAL_KEY: {"persons-key"},
    faults.SHARED_IDENTITY: {"shared-identity"},
    faults.COPY: {"copy"},
    faults.EXPIRED: {"expired-grant"},
    faults.DORMANT: {"dormant"},
}
"""Kind of fault -> ids of the rules that may tell of it."""
_VERBS = {
    "s3:GetObject": {"read"},
    "s3:PutObject": {"create", "update"},
    "s3:ListBucket": {"list", "read"},
    "dynamodb:GetItem": {"read"},
    "dynamodb:Query": {"read"},
    "dynamodb:PutItem": {"create", "update"},
    "sqs:SendMessage": {"create", "transmit"},
    "sns:Publish": {"transmit"},
    "secretsmanager:GetSecretValue": {"read"},
    "logs:FilterLogEvents": {"read"},
    "bedrock:InvokeModel": {"execute"},
    "lambda:InvokeFunction": {"execute"},
}


def matched(made: Company, document: Any) -> tuple[dict[str, str], list[str]]:
    """Slug here -> id there, by the places of each agent; and the differences."""
    problems, found = [], {}
    taken: dict[str, list[str]] = defaultdict(list)
    for agent in made.agents:
        hits = [one["id"] for one in document["agents"] if not one.get("is_gone") and _is_at(agent, one)]
        if len(hits) != 1:
            problems.append(f"{agent.slug} ({agent.form}, {agent.where}): found {len(hits)} times {hits}")
        if hits:
            found[agent.slug] = hits[0]
            taken[hits[0]].append(agent.slug)
    problems += [f"{one} stands for {slugs}" for one, slugs in taken.items() if len(slugs) > 1]
    extra = [one["id"] for one in document["agents"] if one["id"] not in taken and not one.get("is_gone")]
    problems += [f"{one} is no agent: {[entry['places'] for entry in document['agents'] if entry['id'] == one]}" for one in extra]
    return found, problems


def _is_at(agent: Agent, one: dict[str, Any]) -> bool:
    first = one["places"][0] if one["places"] else ""
    at = [place for place in one["places"] if place.startswith(agent.where)]
    return first.startswith(agent.where) or (bool(at) and agent.form == "bedrock")


def identities(made: Company, document: Any) -> list[str]:
    """Differences in the identities of AWS and of the database that each agent uses."""
    found, problems = matched(made, document)
    entries = {one["id"]: one for one in document["agents"]}
    for agent in made.agents:
        if agent.slug not in found:
            continue
        got = {canonical(made, identity["ref"]) for identity in entries[found[agent.slug]]["identities"]}
        got = {ref for ref in got if ref.startswith(("arn:aws", "aws:", "postgres:"))}
        wanted = agent.identities(made.connection)
        if agent.copy_of:
            problems += [f"{agent.slug}: {ref} is not its identity" for ref in sorted(got - wanted)]
        elif got != wanted:
            problems.append(f"{agent.slug} ({agent.form}, {agent.aws and agent.aws.style}): identities {sorted(got)}, not {sorted(wanted)}")
    return problems


def canonical(made: Company, ref: str) -> str:
    """The ARN for a short form that fits one identity; anything else as it is."""
    for agent in made.agents:
        if agent.aws is not None and ref == f"aws:{agent.aws.kind}/{agent.aws.name}":
            return agent.aws.arn
    return ref


def owners(made: Company, document: Any) -> list[str]:
    """Differences in who answers for each agent: set, or named as a candidate."""
    found, problems = matched(made, document)
    entries = {one["id"]: one for one in document["agents"]}
    for agent in made.agents:
        if agent.slug not in found:
            continue
        entry = entries[found[agent.slug]]
        named = [entry["owner"]] * bool(entry["owner"]) + [candidate["name"] for candidate in entry["owner_candidates"]]
        if agent.owner is None:
            problems += [f"{agent.slug}: has no owner, and {name} is named" for name in named]
            continue
        spellings = {agent.owner.mail.lower(), agent.owner.handle.lower(), agent.owner.name.lower()}
        if not any(spelling in name.lower() for name in named for spelling in spellings):
            problems.append(f"{agent.slug}: owner {agent.owner.mail} by {agent.owner_by} is not among {named}")
    return problems


def findings(made: Company, agents: Any, document: Any, expected: list[Fault] | None = None) -> list[str]:
    """Differences between open findings and planted faults."""
    found, problems = matched(made, agents)
    back = {there: here for here, there in found.items()}
    wanted = made.faults if expected is None else expected
    seen: set[int] = set()
    for finding in document["findings"]:
        if finding["state"] != "open":
            continue
        slug = back.get(finding["agent"], finding["agent"])
        hits = [number for number, fault in enumerate(wanted) if finding["rule"] in RULES[fault.rule] and slug in fault.agents]
        seen |= set(hits)
        if not hits:
            problems.append(f"no fault: {finding['rule']} of {slug}: {finding.get('title', '')} {finding['evidence'][:3]}")
            continue
        fault = wanted[hits[0]]
        told = " ".join([*finding["evidence"], finding.get("title", "")])
        if fault.rule == faults.OUT_OF_INTENT and not any(text in told for text in fault.evidence):
            problems.append(f"no fault: {finding['rule']} of {slug} is not about {fault.evidence}: {finding.get('title', '')}")
        if not finding["evidence"]:
            problems.append(f"no evidence: {finding['rule']} of {slug}")
    missing = [fault for number, fault in enumerate(wanted) if number not in seen]
    return problems + [f"not found: {fault.rule} of {' or '.join(fault.agents)}, {fault.evidence}" for fault in missing]


def alignment(made: Company, agent: Agent, document: Any) -> list[str]:
    """Rows of alignment that must be there and are not."""
    rows = document["alignment"]
    return [
        f"{agent.slug}: no row {line.class_}: {line.action} on {line.resource}; there are {_near(made, line, rows)}"
        for line in made.lines(agent)
        if not any(row["class"] == line.class_ and _is_about(made, line, row) for row in rows)
    ]


def _is_about(made: Company, line: Line, row: dict[str, Any]) -> bool:
    system = f"postgres:{made.connection}" if line.system == "postgres" else "aws:"
    if not str(row["system"]).startswith(system):
        return False
    action, wanted = str(row["action"]).lower(), line.action.lower()
    same = contains(action, wanted) or contains(wanted, action)
    if line.system == "aws" and ":" not in action:  # a need whose native action is not known stands there as a verb
        same = action in _VERBS.get(line.action, set())
    return same and _overlap(str(row["resource"]), line.resource)


def _overlap(one: str, two: str) -> bool:
    """Whether two patterns can mean the same thing: one contains the other, as they are or without their last `*`."""
    return contains(one, two) or contains(two, one) or contains(one, two.replace("*", "x")) or contains(two, one.replace("*", "x"))


def _near(made: Company, line: Line, rows: list[dict[str, Any]]) -> list[str]:
    return [f"{row['class']} {row['action']} {row['resource']}" for row in rows if _is_about(made, line, row)][:4]

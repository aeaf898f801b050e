"""Small organisations for tests of this stage: a remit, grants, uses, and action tables like those of the systems, only shorter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from remit.contracts.system import Vocabulary
from remit.document.parse import parse_or_raise
from remit.model.access import Access, Effect, NativeObject
from remit.model.agent import Agent, AgentKind, Fingerprint, InferredAction
from remit.model.draft import Draft
from remit.model.event import Use
from remit.model.evidence import McpServerSeen, TextSeen
from remit.model.identity import Because, Bound
from remit.model.place import Confidence, Place
from remit.model.remit import Remit
from remit.model.verbs import Verb
from remit.understand.inferred import servers_of
from remit.understand.material import Material, known_resources

ROLE = "arn:aws:iam::111111111111:role/worker"
DATABASE_ROLE = "postgres:db/worker"
_OBJECT, _BUCKET, _ANY = "object", "bucket", "any"
AWS: Mapping[str, tuple[Verb, str]] = {
    "s3:GetObject": (Verb.READ, _OBJECT),
    "s3:GetObjectTagging": (Verb.READ, _OBJECT),
    "s3:GetObjectAcl": (Verb.READ, _OBJECT),
    "s3:GetBucketPolicy": (Verb.READ, _BUCKET),
    "s3:ListBucket": (Verb.LIST, _BUCKET),
    "s3:ListBucketVersions": (Verb.LIST, _BUCKET),
    "s3:PutObject": (Verb.CREATE, _OBJECT),
    "s3:DeleteObject": (Verb.DELETE, _OBJECT),
    "s3:PutBucketPolicy": (Verb.ADMINISTER, _BUCKET),
    "dynamodb:GetItem": (Verb.READ, _ANY),
    "dynamodb:PutItem": (Verb.CREATE, _ANY),
    "dynamodb:UpdateItem": (Verb.UPDATE, _ANY),
    "sqs:SendMessage": (Verb.CREATE, _ANY),
    "sqs:DeleteMessage": (Verb.DELETE, _ANY),
    "sns:Publish": (Verb.TRANSMIT, _ANY),
    "bedrock:InvokeModel": (Verb.EXECUTE, _ANY),
    "secretsmanager:GetSecretValue": (Verb.READ, _ANY),
    "ce:GetCostAndUsage": (Verb.READ, ""),
    "iam:CreateUser": (Verb.ADMINISTER, _ANY),
}
POSTGRES = {
    "select": Verb.READ,
    "insert": Verb.CREATE,
    "update": Verb.UPDATE,
    "delete": Verb.DELETE,
    "execute": Verb.EXECUTE,
    "alter": Verb.UPDATE,
    "drop": Verb.DELETE,
    "own": Verb.ADMINISTER,
    "member": Verb.ADMINISTER,
}
TOOLS = {"get_issue": Verb.READ, "create_issue": Verb.CREATE}
VOCABULARIES = {
    "aws": Vocabulary(
        kind="aws",
        verbs={name.lower(): verb for name, (verb, _) in AWS.items()},
        fold=str.lower,
        is_complete=True,
        names={name.lower(): name for name in AWS},
    ),
    "postgres": Vocabulary(kind="postgres", verbs=POSTGRES, fold=str.lower, is_complete=True),
    "mcp": Vocabulary(kind="mcp", verbs=TOOLS, fold=str, is_complete=False),
}


def aws_concerns(action: str, resource: str) -> bool:
    """As the catalogue answers: objects have a slash, buckets have none."""
    about = {name.lower(): kind for name, (_, kind) in AWS.items()}.get(action.lower(), _ANY)
    if resource == "*" or about == _ANY:
        return True
    if not about:
        return False
    if not resource.startswith("arn:"):
        return False
    name = resource.split(":", 5)[5]
    return name.strip("*") == "" or ("/" in name) is (about == _OBJECT)


def postgres_concerns(action: str, resource: str) -> bool:
    """Memberships are about roles, functions are executed, the rest is about tables."""
    if resource.startswith("role/"):
        return action == "member"
    return resource.startswith("function/") is (action == "execute")


CONCERNS = {"aws": aws_concerns, "postgres": postgres_concerns}


def _quoted(line: Mapping[str, Any]) -> str:
    return "{" + ", ".join(f"{key}: {_value(value)}" for key, value in line.items()) + "}"


def _value(value: Any) -> str:
    return "[" + ", ".join(map(str, value)) + "]" if isinstance(value, list) else f'"{value}"'


def remit_of(can: Sequence[Mapping[str, Any]], never: Sequence[Mapping[str, Any]] = ()) -> Remit:
    """A remit with one objective, `work`; the first line of its `can` stands in line 7."""
    text = 'remit: 1\nagent: worker\npurpose: Do the work.\nowner: {contact: "dana@example.com"}\nobjectives:\n'
    text += '  work: {why: "Do the work.", can: [\n' + ",\n".join(f"    {_quoted(line)}" for line in can) + "]}\n"
    if never:
        text += "never:\n" + "".join(f"  - {_quoted(line)}\n" for line in never)
    return parse_or_raise(text)


def system_of(action: str) -> str:
    """`aws:s3` of `s3:GetObject`, `aws:*` of `*`, the database of everything else."""
    return f"aws:{action.partition(':')[0].lower()}" if ":" in action else "aws:*" if action == "*" else "postgres:db"


def grant(action: str, resource: str, options: Mapping[str, Any] | None = None) -> tuple[str, Access]:
    """An entitlement and the identity that has it."""
    options = options or {}
    system = system_of(action)
    place = options.get("by") or (f"{ROLE}#policy/work[0]" if system.startswith("aws:") else f"postgres:db row pg_class {resource}")
    access = Access(
        system=system,
        action=action,
        resource=resource,
        decision=Effect.DEPENDS if options.get("depends_on") else Effect.ALLOW,
        depends_on=tuple(options.get("depends_on", ())),
        because=(Because(place=Place(place), text="grants it"),),
        but=tuple(options.get("but", ())),
        columns=tuple(options.get("columns", ())),
        expires=options.get("expires"),
    )
    return (ROLE if system.startswith("aws:") else DATABASE_ROLE), access


def use(action: str, resource: str, allowed: int, denied: int, options: Mapping[str, Any] | None = None) -> Use:
    """A use by the worker's identity in that system."""
    options = options or {}
    system = options.get("system") or system_of(action)
    kind = system.partition(":")[0]
    return Use(
        agent="worker",
        principal={"aws": ROLE, "postgres": DATABASE_ROLE}.get(kind, ""),
        source="aws:main" if kind == "aws" else system,
        system=system,
        action=action,
        resource=resource,
        first="2026-11-01T00:00:00Z",
        last=options.get("last", "2026-11-02T00:00:00Z"),
        allowed=allowed,
        denied=denied,
        place=options.get("place", "log:1"),
        columns=tuple(options.get("columns", ())),
    )


AGENT_FILE = "worker/agent.py"


def material_of(case: Mapping[str, Any]) -> Material:
    """The material of a draft case."""
    place = Place(AGENT_FILE, 1, 90)
    actions = tuple(
        InferredAction(
            system=(entry[2] if len(entry) > 2 else {}).get("system") or system_of(entry[0]).replace("postgres:db", "postgres"),
            action=entry[0],
            resource=entry[1],
            because=Place(AGENT_FILE, 10 + number),
        )
        for number, entry in enumerate(case.get("code", []))
    )
    agent = Agent(
        id="worker",
        name="Worker",
        framework=case.get("framework", "openai-agents"),
        construct="Agent",
        language="python",
        place=place,
        places=(place,),
        model=case.get("model"),
        tools=tuple(case["tools"]) if "tools" in case else None,
        purpose=case.get("purpose"),
        purpose_place=Place(AGENT_FILE, 2, 9) if "purpose" in case else None,
        delegates_to=(),
        kind=AgentKind.LOCAL if "client" in case else None,
        identities=(),
        credentials=(),
        autonomy=None,
        exposure=(),
        risk=0.0,
        owner_candidates=(),
        inferred_actions=actions,
        fingerprint=Fingerprint(whole="x"),
        copies=(),
        confidence=Confidence.CERTAIN,
        is_test=False,
    )
    relations = [
        NativeObject(connection="postgres:db", kind="pg:relation", id=name, body={"name": name.partition(".")[2].strip('"')})
        for name in case.get("relations", [])
    ]
    servers = tuple(
        McpServerSeen(place=Place("mcp.json", 3), client=case.get("client", "code"), name=name, transport="stdio", command_or_url="x")
        for name in case.get("servers", [])
    )
    texts = (TextSeen(place=Place("remit.yaml", 1), kind="remit", text=case["remit"]),) if "remit" in case else ()
    return Material(
        agent=agent,
        contact=case.get("contact", "dana@example.com"),
        bound=tuple(Bound(agent="worker", principal=ref, because=()) for ref in (ROLE, DATABASE_ROLE)),
        uses=tuple(use(*entry) for entry in case.get("uses", [])),
        texts=texts,
        mcp_servers=servers_of(agent, servers) if "client" in case else servers,
        known=known_resources(relations),
        vocabularies=VOCABULARIES,
        concerns=CONCERNS,
    )


def lines_of(found: Draft, *, only_used: bool) -> list[str]:
    """`verb | system | resource | origins` of the lines of a draft."""
    return sorted(
        f"{line.verb} | {line.system} | {line.resource} | {' '.join(sorted({reason.origin.value for reason in line.reasons}))}"
        for line in found.lines
        if line.is_observed_only is only_used
    )

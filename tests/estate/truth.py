"""What is true in an estate, in records: people, agents, identities, needs, grants and planted faults."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

ACCOUNT = "123456789012"

NEEDED_USED = "needed_used"
NEEDED_UNUSED = "needed_unused"
USED_NOT_NEEDED = "used_not_needed"
UNNEEDED = "unneeded"
NEEDED_NOT_GRANTED = "needed_not_granted"


@dataclass(frozen=True)
class Person:
    """Somebody who works there."""

    name: str
    handle: str
    mail: str

    @property
    def login(self) -> str:
        """The person's user in AWS."""
        return self.mail.split("@")[0]

    @property
    def database_role(self) -> str:
        """The person's login in the database."""
        return self.login.replace(".", "_")


@dataclass(frozen=True)
class Doing:
    """One thing that a tool does: the native actions, and on what."""

    tool: str
    says: str
    op: str
    system: str
    """`aws` or `postgres`."""
    actions: tuple[str, ...]
    resource: str
    """An ARN (`*` in it stands for any run), or `schema.table`."""
    columns: tuple[str, ...] = ()
    key: str = ""
    arg: str = ""
    on: str = ""
    """Bucket and prefix, table name, queue name ... as the code says it."""
    is_used: bool = True
    is_granted: bool = True


@dataclass(frozen=True)
class Line:
    """One row of alignment that must be found."""

    system: str
    action: str
    resource: str
    class_: str


@dataclass
class AwsIdentity:
    """A role or user in AWS."""

    kind: str
    name: str
    path: str
    style: str
    """How the agent's configuration names it: `assume`, `ecs`, `k8s`, `profile`, `keys`, `bedrock`."""
    inline: dict[str, dict[str, Any]] = field(default_factory=dict)
    managed: dict[str, dict[str, Any]] = field(default_factory=dict)
    boundary: dict[str, Any] | None = None
    tags: dict[str, str] = field(default_factory=dict)
    person: Person | None = None
    key_id: str = ""
    secret: str = ""

    @property
    def arn(self) -> str:
        """Canonical."""
        return f"arn:aws:iam::{ACCOUNT}:{self.kind}{self.path}{self.name}"


@dataclass
class DatabaseIdentity:
    """A login role in Postgres."""

    role: str
    grants: list[str] = field(default_factory=list)
    """`SELECT ON TABLE s.t`, `USAGE ON SCHEMA s` ...: what stands between GRANT and TO."""
    groups: list[str] = field(default_factory=list)
    valid_until: str = ""
    person: Person | None = None
    comment: str = ""


@dataclass
class Agent:
    """One agent, and everything that is true of it."""

    slug: str
    title: str
    folder: str
    form: str
    purpose: str
    says: str
    prompt: str
    model: str
    team: str
    owner: Person | None
    owner_by: str
    """`codeowners`, `readme`, `tag`; empty: nothing names anybody."""
    names: dict[str, str]
    doings: list[Doing]
    aws: AwsIdentity | None = None
    database: DatabaseIdentity | None = None
    session: str = ""
    last_day: int = 0
    """How many days ago it was last at work."""
    copy_of: str = ""
    probes: list[Doing] = field(default_factory=list)
    """What it can do today and needs not: to be gone after right-sizing."""
    stray: list[Doing] = field(default_factory=list)
    """What it did outside its purpose."""
    place: str = ""
    """Text that a place of this agent contains; default: its folder."""

    @property
    def where(self) -> str:
        """Part of a place by which this agent is recognised."""
        return self.place or self.folder + "/"

    def identities(self, database: str) -> set[str]:
        """Canonical refs."""
        found = {self.aws.arn} if self.aws else set()
        return found | ({f"postgres:{database}/{self.database.role}"} if self.database else set())


@dataclass(frozen=True)
class Fault:
    """A planted fault: a finding with one of these rules at one of these agents must be there, and no other."""

    rule: str
    agents: tuple[str, ...]
    """Slugs; the first is where it belongs, the others are as right."""
    evidence: tuple[str, ...]
    """Each stands in a place of the finding: a path, an ARN, a role."""


@dataclass
class Company:
    """The whole organisation, before anything of it runs."""

    seed: int
    name: str
    domain: str
    region: str
    layout: str
    database: str
    """Name of the live database."""
    connection: str
    """Name given to the database at `connect`."""
    people: list[Person]
    agents: list[Agent]
    faults: list[Fault]
    tables: dict[str, dict[str, str]]
    """`schema.table` (as SQL writes it) -> columns."""
    groups: dict[str, list[str]]
    """Group role -> its grants."""
    canaries: dict[str, str]
    """Where it is planted -> the secret that must never show up in anything of the product."""
    hostile: list[str]

    @property
    def trail_bucket(self) -> str:
        """Where CloudTrail writes."""
        return f"{self.name}-audit-trail"

    def agent(self, slug: str) -> Agent:
        """By its slug here."""
        return next(agent for agent in self.agents if agent.slug == slug)

    def lines(self, agent: Agent) -> list[Line]:
        """The rows that the alignment of an agent must show, all of whose needs are in its remit."""
        found = []
        for doing in agent.doings:
            if not doing.is_granted:
                kind = NEEDED_NOT_GRANTED
            else:
                kind = NEEDED_USED if doing.is_used else NEEDED_UNUSED
            found += [Line(doing.system, action, doing.resource, kind) for action in doing.actions]
        found += [Line(doing.system, action, doing.resource, USED_NOT_NEEDED) for doing in agent.stray for action in doing.actions]
        found += [Line(doing.system, action, doing.resource, UNNEEDED) for doing in agent.probes for action in doing.actions]
        return found

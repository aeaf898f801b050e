"""What a source saw: evidence and gaps, each with its place.

Invariants:
- evidence is a fact about a text or a system, never a conclusion; conclusions are drawn by the resolver;
- an unknown value is None, never a guess; a value that is there and could not be settled is a Gap of kind `unresolved`;
- a secret is reduced to a fingerprint where the evidence is made.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from remit.model.agent import AgentKind, Autonomy
from remit.model.place import Confidence, Place


class Role(StrEnum):
    """What the construct at a place is."""

    AGENT = "agent"
    """A model chooses actions here."""
    GROUPING = "grouping"
    """A team, crew, group chat or workflow around agents that are counted by themselves."""
    DEFINITION = "definition"
    """Declares an agent that code elsewhere constructs (CrewAI `agents.yaml`); merged into it through `key`."""
    DEPLOYMENT = "deployment"
    """Runs an agent that code elsewhere constructs (a compose service, a Kubernetes workload)."""
    INSTRUCTIONS = "instructions"
    """Instructions for a coding agent (AGENTS.md, CLAUDE.md); evidence, not an agent."""


class AgentSeen(msgspec.Struct, frozen=True, kw_only=True, tag="agent"):
    """A construct that is an agent, or is about one."""

    place: Place
    role: Role = Role.AGENT
    framework: str
    """A name from the tables: `openai-agents`, `crewai`, `no-sdk`, `n8n`, `ci-agent` ..."""
    construct: str
    """The constructor, resource type, node type or file form, as written in the tables."""
    language: str
    """`python`, `notebook`, `typescript`, `javascript`, `yaml`, `json`, `toml`, `markdown`, `terraform`."""
    name: str | None = None
    aliases: tuple[str, ...] = ()
    """Variable, key or method names: labels to fall back on and to match delegation by."""
    model: str | None = None
    tools: tuple[str, ...] | None = None
    """Names of tools; None when they could not be settled, () when there are none."""
    tool_places: tuple[tuple[str, str, int], ...] = ()
    """(tool name, path, line) of tools whose code is in this repository."""
    purpose: str | None = None
    """The instructions or description, at most 2,000 characters; hostile text."""
    purpose_place: Place | None = None
    purpose_origin: Place | None = None
    """Where its words themselves stand, where that is elsewhere than `purpose_place` (a constant, an imported prompt)."""
    purpose_lines: tuple[tuple[int, str, int], ...] = ()
    """(offset in the purpose, path, line) wherever the line changes; the source adds it, readers need not."""
    named_at: tuple[tuple[str, str, int], ...] = ()
    """(model or tool, path, line) of names that the construct itself writes out; the source adds it, readers need not."""
    delegates_to: tuple[str, ...] = ()
    """Names or aliases of other agents (handoffs, sub-agents), matched within the repository."""
    mcp_servers: tuple[str, ...] = ()
    """Names of MCP servers that the construct itself names."""
    kind: AgentKind | None = None
    """Only where the construct itself says so (Bedrock agent: managed; CI step: production)."""
    autonomy: Autonomy | None = None
    exposure: tuple[str, ...] = ()
    """Untrusted input that the construct itself shows it reads: `web`, `mail`, `issues`, `documents`, `chat`."""
    key: str | None = None
    """Joins a definition or deployment with the code it is about, such as `crewai:src/config/agents.yaml#researcher`."""
    code_hash: str | None = None
    """Hash over the construct's own text with white space folded; the source adds it from `place`, readers need not."""
    confidence: Confidence = Confidence.CERTAIN
    is_test: bool = False


class IdentitySeen(msgspec.Struct, frozen=True, kw_only=True, tag="identity"):
    """A principal named in a text, or the ambient identity of a process."""

    place: Place
    ref: str
    """Identity in the form of remit language section 1 (`aws:role/NAME`, an ARN, `postgres:DB/ROLE`, ...)."""
    because: str
    """One short clause: `AgentResourceRoleArn of the agent`, `serviceAccountName of the workload`."""
    subject: Place | None = None
    """The place of the AgentSeen that it belongs to; None: every agent of the same file."""
    confidence: Confidence = Confidence.CERTAIN
    about: tuple[str, ...] = ()
    """Where it stands apart from every agent, what else says whose it is: `name:SERVICE` (what runs calls itself so), `dir:FOLDER` and
    `runs:PATH` (what is run), `env:VARIABLE` (what reads it), `role:NAME` (its own name, where it is only declared)."""


class CredentialSeen(msgspec.Struct, frozen=True, kw_only=True, tag="credential"):
    """The name of a credential that is read here; never its value."""

    place: Place
    name: str
    kind: str
    """From the credentials table: `model-key`, `token`, `password`, `connection-string`, `aws-key`, `oauth` ..."""
    subject: Place | None = None


class SecretSeen(msgspec.Struct, frozen=True, kw_only=True, tag="secret"):
    """A secret value standing in a text, reduced to a fingerprint."""

    place: Place
    kind: str
    fingerprint: str
    """First 16 hexadecimal digits of SHA-256 over `remit-secret:` and the value."""


class McpServerSeen(msgspec.Struct, frozen=True, kw_only=True, tag="mcp-server"):
    """An MCP server that a client configuration starts or reaches, or that code connects to."""

    place: Place
    client: str
    """The client whose configuration this is (`claude-code`, `vscode`, ...), or `code`."""
    name: str
    transport: str
    """`stdio`, `http` or `sse`."""
    command_or_url: str
    """Command with its arguments, secrets replaced by `***`, or the URL without credentials and query."""
    env: tuple[str, ...] = ()
    """Names of environment variables and headers that are given; never values."""
    is_active: bool = True


class ActionSeen(msgspec.Struct, frozen=True, kw_only=True, tag="action"):
    """A call of an SDK or a statement in code: an action that running this code would take."""

    place: Place
    system: str
    """`aws:s3`, `postgres`, `http`, `shell` ...; kind alone when the connection is not known."""
    action: str
    """The system's own action: `s3:GetObject`, `select`."""
    resource: str | None = None
    function: str | None = None
    """Dotted name of the enclosing function, None at module level."""


class CallSeen(msgspec.Struct, frozen=True, kw_only=True, tag="call"):
    """One function of the repository refers to another, or a module imports another: what reachability is made of."""

    place: Place
    function: str | None
    """Dotted name of the referring function; None at module level."""
    to_path: str
    to_function: str | None
    """None: the whole module (an import)."""


class OwnerSeen(msgspec.Struct, frozen=True, kw_only=True, tag="owner"):
    """Someone named as responsible for the files that match a pattern, or for one construct."""

    place: Place
    pattern: str | None
    """CODEOWNERS pattern; None when `subject` says what it is about."""
    names: tuple[str, ...]
    because: str
    subject: Place | None = None
    folder: str | None = None
    """A README's folder, for an owner named there: everything below it, `` for the whole repository."""
    is_team: bool = False
    """A tag such as `team` names whom it belongs to or who pays for it, and nobody who can be asked."""


class TextSeen(msgspec.Struct, frozen=True, kw_only=True, tag="text"):
    """What people wrote about agents near their code: a paragraph of a README, a remit file, an agent card. Hostile text."""

    place: Place
    kind: str
    """`readme`, `remit`, `card`."""
    text: str
    """At most 4,000 characters of a paragraph or card; a remit file as a whole."""
    heading: str = ""
    """The heading that a paragraph stands under."""


class GapKind(StrEnum):
    """Why something was not read, or not settled."""

    NO_PERMISSION = "no permission"
    NO_ANSWER = "no answer"
    """The system was asked, and answered not at all, too late, or with a fault of its own."""
    NO_SUCH_PLACE = "no such place"
    """Nothing is where a setting says that something is: the setting is wrong, or what was there went away."""
    UNSUPPORTED = "unsupported"
    TOO_LARGE = "too large"
    PARSE_ERROR = "parse error"
    ENCODING = "not a text in a known encoding"
    BINARY = "binary"
    LEFT_OUT = "left out"
    LINK = "link"
    OUTSIDE = "leads outside"
    SPECIAL = "not a regular file"
    DEPTH = "nested too deep"
    VANISHED = "gone while reading"
    UNRESOLVED = "unresolved"


class Gap(msgspec.Struct, frozen=True, kw_only=True, tag="gap"):
    """Something that was not read (a file) or not settled (a value), and why."""

    place: Place
    kind: GapKind
    what: str
    """For a person: which file rule, which value, what would be needed."""
    is_file: bool = True
    """True: the whole file (or folder) was not read. False: something in a file that was read."""


MAY_HIDE = frozenset({GapKind.NO_PERMISSION, GapKind.NO_ANSWER, GapKind.NO_SUCH_PLACE})
"""What could have been seen behind such a gap was only out of sight: it is never absent."""


class FileRead(msgspec.Struct, frozen=True, kw_only=True, tag="file"):
    """A file that was read completely."""

    place: Place
    size: int
    """Bytes."""
    note: str = ""
    """Why it was read although it would be left out by itself; empty: it would not."""


Evidence = AgentSeen | IdentitySeen | CredentialSeen | SecretSeen | McpServerSeen | ActionSeen | CallSeen | OwnerSeen | TextSeen | FileRead
"""Everything that a source may see; a source yields these and gaps, as a stream."""

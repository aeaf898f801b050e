"""Which agent a free label names: the name of a role's session, of an application, of a tag.

A label is hostile text that somebody chose. Invariants:
- it names an agent when it equals the agent's id or name, or begins with it and goes on after a separator (`cost-triage-7f3a`); after a
  name of one word only by what tells one run from another (`triage-7f3a`, `triage-prod`, never `triage-dashboard`);
- of two agents the longer name wins (`cost-triage-eu` over `cost-triage`); what two agents are called names neither;
- a copy that is called like what it is a copy of does not take its name;
- a word that software gives by itself (`app`, `session`, `psql`) names nobody.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from remit.model.agent import Agent
from remit.model.ids import slug_from_name

_LEAST = 3
"""Letters of a name that can be told from chance."""
_SAYS_NOTHING = frozenset(
    [
        "agent",
        "agents",
        "ai",
        "api",
        "app",
        "application",
        "assistant",
        "aws-cli",
        "aws-sdk",
        "bot",
        "boto3",
        "botocore",
        "client",
        "cli",
        "cron",
        "default",
        "django",
        "fastapi",
        "flask",
        "job",
        "jdbc",
        "lambda",
        "llm",
        "main",
        "model",
        "mcp",
        "mcp-server",
        "node",
        "npgsql",
        "pgadmin",
        "pgbouncer",
        "psql",
        "psycopg",
        "python",
        "prod",
        "production",
        "query",
        "root",
        "run",
        "runner",
        "server",
        "service",
        "session",
        "sqlalchemy",
        "staging",
        "system",
        "task",
        "test",
        "user",
        "web",
        "worker",
    ]
)
_OF_A_RUN = frozenset(
    {
        "agent",
        "bot",
        "dev",
        "ecs",
        "eu",
        "fn",
        "function",
        "job",
        "lambda",
        "prod",
        "production",
        "run",
        "service",
        "session",
        "stage",
        "staging",
        "svc",
        "task",
        "us",
        "worker",
    }
)
"""Words that are added to the name of what runs."""
_OF_AN_AGENT = frozenset({"agent", "ai", "assistant", "bot"})
"""Words that a name may be said without, where two words are left and no other agent has that name."""
_OF_A_COPY = frozenset(
    {
        "archive",
        "archived",
        "attic",
        "backup",
        "bak",
        "clone",
        "copied",
        "copy",
        "deprecated",
        "draft",
        "experiment",
        "experimental",
        "experiments",
        "fork",
        "forked",
        "legacy",
        "obsolete",
        "old",
        "orig",
        "original",
        "poc",
        "prototype",
        "sandbox",
        "scratch",
        "temp",
        "tmp",
        "trash",
        "unused",
    }
)
"""Words in a path that say that what stands there is not the one in use."""


_FIRST_AND_LAST = re.compile(r"[^\W\d_]{2,}(?:-[^\W\d_]{2,})?\.[^\W\d_]{2,}(?:-[^\W\d_]{2,})?\Z")
_OF_SOFTWARE = frozenset(
    {
        "admin",
        "ai",
        "backup",
        "batch",
        "ci",
        "cd",
        "data",
        "db",
        "deploy",
        "etl",
        "infra",
        "int",
        "machine",
        "ml",
        "ops",
        "robot",
        "svc",
        "tf",
        "tool",
    }
    | _SAYS_NOTHING
    | _OF_A_RUN
    | _OF_AN_AGENT
    | _OF_A_COPY
)


def is_written_as_person(name: str) -> bool:
    """Whether a login is called as organisations call people: a first and a last name with a dot between, no word of software."""
    return _FIRST_AND_LAST.match(name) is not None and not _OF_SOFTWARE & set(re.split(r"[.-]", name.lower()))


def is_named_after_mail(name: str, mail: str) -> bool:
    """Whether a login is called like the one whose address it is, by two words at least: `dana_hill` and `dana.hill@example.com`."""
    local, at, _ = mail.strip().lower().partition("@")
    words = [word for word in re.split(r"[._+-]+", name.lower()) if word]
    return bool(at) and len(words) > 1 and not _OF_SOFTWARE & set(words) and words == [word for word in re.split(r"[._+-]+", local) if word]


def says_copy(agent: Agent) -> bool:
    """Whether an agent's path says that it is a copy of something."""
    words = re.split(r"[^a-z0-9]+", f"{agent.place.path} {agent.id}".lower())
    return any(word in _OF_A_COPY or word.rstrip("0123456789") in _OF_A_COPY for word in words)


def folded(text: str) -> str:
    """A name as labels are compared: letter case and the kind of separator do not count."""
    return slug_from_name(text).replace("_", "-").replace(".", "-")


def is_telling(name: str) -> bool:
    """Whether a folded name can stand for one agent."""
    return len(name) >= _LEAST and name not in _SAYS_NOTHING


def words_of(name: str) -> tuple[str, ...]:
    """The words of a name, folded."""
    return tuple(word for word in folded(name).split("-") if word)


class AgentLabels:
    """The names of all agents, looked up by label."""

    def __init__(self, agents: Iterable[Agent]) -> None:
        found: dict[str, set[str]] = {}
        listed = {agent.id: agent for agent in agents}
        for agent in listed.values():
            meant = _in_use(agent, listed)
            for name in (agent.id, agent.name):
                label = folded(name) if name else ""
                if is_telling(label):
                    found.setdefault(label, set()).add(meant)
        bare: dict[str, set[str]] = {}
        for label, slugs in found.items():
            short = "-".join(word for word in label.split("-") if word not in _OF_AN_AGENT)
            if "-" in short and short not in found:
                bare.setdefault(short, set()).update(slugs)
        found |= bare
        self._agents: Mapping[str, str] = {label: next(iter(slugs)) for label, slugs in found.items() if len(slugs) == 1}
        self._shared = frozenset(label for label, slugs in found.items() if len(slugs) > 1)
        self._memo: dict[str, str | None] = {}

    def named_by(self, label: str) -> str | None:
        """The slug of the one agent that a label names; None where it names none, or several."""
        if not label:
            return None
        if label not in self._memo:
            self._memo[label] = self._named(folded(label))
        return self._memo[label]

    def called(self, name: str) -> str | None:
        """The slug of the one agent that has this name, no more and no less."""
        return self._agents.get(folded(name))

    def _named(self, label: str) -> str | None:
        parts = label.split("-")
        for end in range(len(parts), 0, -1):
            beginning = "-".join(parts[:end])
            if beginning in self._shared:
                return None
            if beginning in self._agents and (end > 1 or all(_is_of_a_run(part) for part in parts[end:])):
                return self._agents[beginning]
        return None


def _in_use(agent: Agent, agents: Mapping[str, Agent]) -> str:
    """Whom the names of an agent mean: of a copy that is not called differently the one that it is a copy of."""
    if not says_copy(agent):
        return agent.id
    originals = [agents[slug] for slug in agent.copies if slug in agents and not says_copy(agents[slug])]
    same = [other.id for other in originals if folded(other.name or "") == folded(agent.name or "")]
    return same[0] if len(same) == 1 else agent.id


def _is_of_a_run(word: str) -> bool:
    return word in _OF_A_RUN or any(char.isdigit() for char in word)

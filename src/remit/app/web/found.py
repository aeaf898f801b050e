"""What one box finds: agents, identities, findings, plans, connections and resources that hold a text; an exact id leads to its page.

Looks through what the store holds at the moment, never through events: how much happened makes a search no slower.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Sequence
from urllib.parse import quote

import msgspec

from remit.app.current import Current
from remit.app.views.agents_json import by_risk
from remit.app.views.who_can import Asked, WhoCan, who_can
from remit.app.web.addresses import agent_address, plan_address
from remit.app.web.listing import AgentRow, rows, text_of
from remit.discover.risk import tool_verb
from remit.model.agent import AgentState
from remit.model.connection import Connection
from remit.model.finding import Finding, FindingState
from remit.model.ids import AGENT_PREFIX
from remit.model.plan import Plan
from remit.model.verbs import Verb
from remit.store.events import Touched

MOST = 12
"""Of each sort."""
_NO_RESOURCES = ("self", "role", "user", "group", "membership", "default-acl")
"""Kinds of object, without the system's prefix, that are no resources: identities are listed by themselves."""
_FINDING_PREFIX, _PLAN_PREFIX = "finding:", "plan:"
_ID_CHARS = 36
"""Of a decision's id, a UUID."""


_LEADS = (("which", "agents", "can"), ("who", "can"))
"""How a question begins whose next word is a verb."""
_ABOUT_ONE = 2
"""Words before the verb of a question about one agent: `can`, and the agent."""


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """An identity, and who acts as it."""

    ref: str
    short: str
    connection: str
    """Empty: its system is not connected."""
    agents: tuple[str, ...]


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that holds a text: the first few of each sort, and how many there are."""

    agents: Sequence[AgentRow]
    agents_in_all: int
    identities: Sequence[Identity]
    identities_in_all: int
    findings: Sequence[Finding]
    findings_in_all: int
    plans: Sequence[Plan]
    plans_in_all: int
    connections: Sequence[Connection]
    resources: Sequence[Touched]

    @property
    def is_empty(self) -> bool:
        """Whether nothing holds it."""
        return not (self.agents or self.identities or self.findings or self.plans or self.connections or self.resources)


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """Which agents can do what was asked: the first few of them, and the whole answer."""

    answer: WhoCan
    rows: Sequence[AgentRow]
    of: str = ""
    """The one agent that was asked about, a slug; empty: all that there are."""
    verdict: str = ""
    """Whether that one can."""


def asked_in(text: str) -> Asked | None:
    """The question that a text is: `delete`, `delete lumen-orders`, `who can delete`, `which agents can delete lumen-orders`.

    After `can` a word counts that tools are named by too (`remove`); by itself a verb alone does, because people look for words.
    """
    words = text.rstrip("? ").split()
    folded = tuple(word.casefold() for word in words)
    lead = next((lead for lead in _LEADS if folded[: len(lead)] == lead), ())
    if len(words) == len(lead):
        return None
    word = folded[len(lead)]
    verb = Verb(word) if word in set(Verb) else tool_verb(word) if lead else None
    return Asked(verb=verb, on=" ".join(words[len(lead) + 1 :])) if verb is not None else None


def asked_of(current: Current, text: str) -> tuple[str, Asked] | None:
    """The agent, and the question about it alone, that a text is: `can cost-triage delete`, `can cost-triage remove lumen-orders?`."""
    words = text.rstrip("? ").split()
    if len(words) <= _ABOUT_ONE or words[0].casefold() != "can":
        return None
    slug = words[1].removeprefix(AGENT_PREFIX)
    asked = asked_in(" ".join(("who can", *words[_ABOUT_ONE:])))
    return (slug, asked) if asked is not None and slug in current.agents else None


def answered(current: Current, asked: Asked, of: str = "") -> Answered:
    """Who can, riskiest first; of one agent, whether it can."""
    answer = who_can(current, asked, [current.agents[of]] if of else by_risk(current, with_gone=False))
    first = [current.agents[slug] for slug in itertools.islice(answer.able, MOST)]
    return Answered(answer=answer, rows=rows(current, first, answer), of=of, verdict=_verdict(current, answer, of) if of else "")


def _verdict(current: Current, answer: WhoCan, slug: str) -> str:
    if answer.able:
        return "Yes"
    if current.state(slug) is AgentState.RETIRED:
        return "No, it is retired"
    if answer.not_known:
        return "Not known"
    return "No, it is stopped" if answer.stopped else "No, as far as was read"


def found(current: Current, text: str, plans: Sequence[Plan]) -> Found:
    """What holds a text, whatever its case."""
    wanted = text.casefold()
    agents = [known for known in by_risk(current, with_gone=True) if wanted in text_of(current, known)]
    identities = _identities(current, wanted)
    findings = [one for one in current.findings if wanted in f"{one.id}\n{one.rule}\n{one.agent}\n{one.title}".casefold()]
    findings.sort(key=lambda one: (one.state is FindingState.CLOSED, one.state is not FindingState.OPEN, one.agent, one.id))
    some_plans = [plan for plan in plans if wanted in f"{plan.id}\n{plan.agent}\n{plan.kind}\n{plan.state}".casefold()]
    some_plans.sort(key=lambda plan: (plan.made, plan.id), reverse=True)
    named = [connection for connection in current.connections.values() if wanted in _text_of(connection)]
    return Found(
        agents=rows(current, agents[:MOST]),
        agents_in_all=len(agents),
        identities=identities[:MOST],
        identities_in_all=len(identities),
        findings=findings[:MOST],
        findings_in_all=len(findings),
        plans=some_plans[:MOST],
        plans_in_all=len(some_plans),
        connections=named[:MOST],
        resources=_resources(current, text),
    )


def exact(current: Current, text: str, plans: Sequence[Plan]) -> str:
    """The page of the one thing whose id this is; empty: it is no id of anything."""
    slug = text.removeprefix(AGENT_PREFIX)
    if slug in current.agents:
        return agent_address(slug)
    if text in current.connections:
        return f"/connections/{quote(text, safe='')}"
    finding = text.removeprefix(_FINDING_PREFIX)
    if any(known.id == _FINDING_PREFIX + finding for known in current.findings):
        return f"/findings/{finding}"
    plan = text.removeprefix(_PLAN_PREFIX)
    if any(known.id == _PLAN_PREFIX + plan for known in plans):
        return plan_address(_PLAN_PREFIX + plan)
    if len(text) == _ID_CHARS and current.store.decision(text) is not None:
        return f"/decisions/{quote(text, safe='')}"
    return ""


def _identities(current: Current, wanted: str) -> list[Identity]:
    agents: dict[str, list[str]] = defaultdict(list)
    for bound in current.bound:
        agents[bound.principal].append(bound.agent)
    refs = {**dict.fromkeys(current.principals), **dict.fromkeys(agents)}
    matching = []
    for ref in refs:
        principal = current.principals.get(ref)
        short = principal.short if principal is not None else ref
        if wanted in ref.casefold() or wanted in short.casefold():
            connection = principal.connection if principal is not None else ""
            matching.append(Identity(ref=ref, short=short, connection=connection, agents=tuple(dict.fromkeys(agents.get(ref, ())))))
    return sorted(matching, key=lambda identity: (not identity.agents, identity.ref))


def _resources(current: Current, text: str) -> list[Touched]:
    """What something happened to, and then what the connected systems say they have and nobody is on record at."""
    touched = current.store.touched(text, MOST)
    known = {item.resource for item in touched} | set(current.principals)
    wanted = text.casefold()
    for name in current.connections:
        for item in current.objects(name):
            if len(touched) >= MOST:
                return touched
            if item.id not in known and wanted in item.id.casefold() and item.kind.rpartition(":")[2] not in _NO_RESOURCES:
                touched.append(Touched(system=f"{name} {item.kind}", resource=item.id, agents=()))
                known.add(item.id)
    return touched


def _text_of(connection: Connection) -> str:
    return "\n".join((connection.id, connection.kind, *connection.settings.values())).casefold()

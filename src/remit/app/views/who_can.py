"""Which agents can do something, across all of them: by what their identities are granted now, and by the tools that they have.

How exact it is: grants are what the systems showed at the last look, evaluated as on the page of an agent; of a tool its name is known,
and what it does where a coding agent brings it along. Invariants:
- a grant on a pattern counts for whatever it covers: who may delete everything can delete the one thing that is asked about;
- an agent whose identities were not read is told of as not known, never as one that cannot;
- a retired agent can do nothing, and by an identity that a quarantine stopped nobody can until it is released.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from remit.app.current import Current
from remit.discover.risk import tool_verb
from remit.document.pattern import overlaps
from remit.model.agent import Agent, AgentState
from remit.model.plan import Plan, StepState
from remit.model.standing import KnownAgent
from remit.model.verbs import Verb
from remit.remedy import quarantine
from remit.understand.client_tools import client_tools
from remit.understand.heads import head_of
from remit.understand.holdings import Held
from remit.understand.spans import covers

_MOST_TOUCHED = 200
"""Resources on record that are looked through for those that hold a text."""
_BY_WHAT = (
    "by what identities are granted now, as it was last read, and by tools: those of a coding agent, others by their names;"
    " what a remit allows of it is decided at the enforcement points"
)
_BUCKET = "s3:bucket"
_NAMED = 2
"""Systems that a sentence names; the rest are counted."""
_MOST_STOPPED = 6
"""Agents with stopped identities that a sentence names."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What agents are asked about."""

    verb: Verb | None = None
    """None: anything at all."""
    on: str = ""
    """Text that the resource holds, whatever its case; empty: on anything."""

    def __bool__(self) -> bool:
        """Whether anything is asked."""
        return self.verb is not None or bool(self.on)

    @property
    def words(self) -> str:
        """The question as a sentence ends: `delete`, `delete lumen-orders`, `act on lumen-orders`."""
        verb = str(self.verb) if self.verb is not None else "act on" if self.on else "do anything"
        return f"{verb} {self.on}" if self.on else verb


NOTHING_ASKED = Asked()
Group = tuple[str, str]
"""Things of one kind whose names begin alike: an action that can be about one of them can be about each."""


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """One identity by which an agent can."""

    principal: str
    """Canonical ref."""
    ref: str
    """As people write it."""
    everything_in: tuple[str, ...]
    """Systems (`aws:s3`) in which it is granted on everything."""
    resources: tuple[str, ...]
    """The other resources as granted, each once, patterns first."""
    is_certain: bool
    """False: every grant hangs on a context that is not known."""
    is_named: bool
    """Whether the text that was asked for stands in each of the resources; a pattern may cover it without holding it."""

    @property
    def words(self) -> str:
        """On what, in short: `everything in aws:ce, 1 pattern and 2 resources`."""
        few, rest = self.everything_in[:_NAMED], len(self.everything_in) - _NAMED
        everything = ", ".join(few) + (f" and {rest:,} more systems" if rest > 0 else "")
        patterns = sum("*" in resource for resource in self.resources)
        named = len(self.resources) - patterns
        parts = [f"everything in {everything}"] if few else []
        parts += [f"{patterns:,} {'pattern' if patterns == 1 else 'patterns'}"] if patterns else []
        parts += [f"{named:,} {'resource' if named == 1 else 'resources'}"] if named else []
        return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


class Able(msgspec.Struct, frozen=True, kw_only=True):
    """How one agent can. Texts come from outside."""

    ways: tuple[Way, ...] = ()
    tools: tuple[str, ...] = ()
    """Tools by which it can: that it declares, by their names, and that its client brings along. On what is not known."""

    def __bool__(self) -> bool:
        """Whether it can."""
        return bool(self.ways or self.tools)


class WhoCan(msgspec.Struct, frozen=True, kw_only=True):
    """The answer about some agents."""

    asked: Asked
    able: Mapping[str, Able]
    """By slug, in the order of the agents that were asked about; only those that can."""
    not_known: tuple[str, ...]
    """Others that act as an identity of which not every grant was read: nobody knows whether they can."""
    stopped: tuple[str, ...]
    """Others that could if no quarantine had stopped their identities: once released, they can."""
    is_known_thing: bool
    """Whether anything that was read or is on record holds the text; else only grants that name it, or that are on everything, count."""

    @property
    def exactness(self) -> tuple[str, ...]:
        """How exact it is, in sentences."""
        held = f"nothing that was read or is on record holds `{self.asked.on}`: grants that name it count, and those on everything"
        listed = ", ".join(f"`{slug}`" for slug in self.stopped[:_MOST_STOPPED])
        more = f" and {len(self.stopped) - _MOST_STOPPED:,} more" if len(self.stopped) > _MOST_STOPPED else ""
        stopped = f"identities that a quarantine stopped can do nothing until they are released; then these can again: {listed}{more}"
        return (_BY_WHAT, *(() if self.is_known_thing else (held,)), *((stopped,) if self.stopped else ()))


def who_can(current: Current, asked: Asked, agents: Iterable[KnownAgent]) -> WhoCan:
    """Asks about these agents."""
    question = _Question(current, asked, [known.agent for known in agents])
    able = {agent.id: found for agent in question.agents if (found := question.able(agent))}
    return WhoCan(
        asked=asked,
        able=able,
        not_known=tuple(agent.id for agent in question.agents if agent.id not in able and not question.is_read(agent)),
        stopped=tuple(agent.id for agent in question.agents if agent.id not in able and question.is_stopped(agent)),
        is_known_thing=not asked.on or question.things.is_any,
    )


def those_who_can(current: Current, asked: Asked, agents: Sequence[KnownAgent]) -> tuple[list[KnownAgent], WhoCan | None]:
    """Those of some agents that can, in their order, with how; all of them, and no answer, where nothing is asked."""
    if not asked:
        return list(agents), None
    answer = who_can(current, asked, agents)
    return [known for known in agents if known.agent.id in answer.able], answer


class _Question:
    def __init__(self, current: Current, asked: Asked, agents: Sequence[Agent]) -> None:
        # INVARIANT (retired): every point denies it, and what it acted as is nothing that it can act as.
        self.agents = [agent for agent in agents if current.state(agent.id) is not AgentState.RETIRED]
        self.things = _Things(current, asked.on)
        self._current, self._asked = current, asked
        self._text = asked.on.casefold()
        # All at once: a system works out what its identities have in common only once then.
        refs = dict.fromkeys(bound.principal for agent in self.agents for bound in current.bound_by_agent.get(agent.id, ()))
        self._access = {found.principal: found for found in current.access_of(list(refs))}
        self._fits: dict[tuple[str, Held], bool] = {}
        self._about: dict[tuple[str, str, Group], bool] = {}
        self._covered: dict[tuple[str, str, str, Group], bool] = {}
        self._ways = {ref: self._way(ref) for ref in self._access}
        self._stopped = _shut(current)

    def able(self, agent: Agent) -> Able:
        refs = dict.fromkeys(bound.principal for bound in self._current.bound_by_agent.get(agent.id, ()))
        ways = tuple(way for ref in refs if ref not in self._stopped and (way := self._ways.get(ref)) is not None)
        return Able(ways=ways, tools=tuple(tool for tool, verbs in self._tools_of(agent).items() if self._does(tool, verbs)))

    def is_read(self, agent: Agent) -> bool:
        bound = self._current.bound_by_agent.get(agent.id, ())
        return all(
            item.principal in self._stopped or ((found := self._access.get(item.principal)) is not None and not found.unread)
            for item in bound
        )

    def is_stopped(self, agent: Agent) -> bool:
        """Whether a stop is what it cannot for, as far as grants still show: some systems show none of an identity that is stopped."""
        bound = self._current.bound_by_agent.get(agent.id, ())
        return any(item.principal in self._stopped and self._ways.get(item.principal) is not None for item in bound)

    def _does(self, tool: str, verbs: Sequence[Verb]) -> bool:
        return self._text in tool.casefold() and (self._asked.verb in verbs if self._asked.verb is not None else bool(verbs))

    def _tools_of(self, agent: Agent) -> Mapping[str, Sequence[Verb]]:
        """What each of its tools does: those of its client by what is known of them, others by their names."""
        client = client_tools(agent)
        known = {tool.written: tool.reaches for tool in (*client.listed, *client.given)} if client is not None else {}
        return {**{tool: self._by_name(tool) for tool in agent.tools or () if tool not in known}, **known}

    def _by_name(self, tool: str) -> tuple[Verb, ...]:
        name = tool.split("__", 2)[-1] if tool.startswith("mcp__") else tool
        vocabulary = self._current.vocabularies.get("mcp")
        verb = (vocabulary.verb_of(name) if vocabulary is not None else None) or tool_verb(name)
        return (verb,) if verb is not None else ()

    def _way(self, ref: str) -> Way | None:
        holding = self._current.holdings.of(self._access[ref])
        connection = self._current.principals[ref].connection
        fitting = [held for held in holding.get(self._asked.verb, ()) if self._is_fitting(connection, held)]
        if not fitting:
            return None
        others = {held.resource for held in fitting if not _is_everything(held.resource)}
        return Way(
            principal=ref,
            ref=self._current.identity_text(ref),
            everything_in=tuple(sorted({held.system for held in fitting if _is_everything(held.resource)})),
            resources=tuple(sorted(others, key=lambda resource: ("*" not in resource, resource))),
            is_certain=any(held.is_certain for held in fitting),
            is_named=all(self._text in held.resource.casefold() for held in fitting),
        )

    def _is_fitting(self, connection: str, held: Held) -> bool:
        key = (connection, held)
        if key not in self._fits:
            self._fits[key] = self._covers(connection, held)
        return self._fits[key]

    def _covers(self, connection: str, held: Held) -> bool:
        if self._text in held.resource.casefold():
            return True
        if "*" not in held.resource:
            return False
        if not self.things.is_any:
            return _is_everything(held.resource)
        return any(
            self._is_about(held, group, things[0]) and self._covers_one(connection, held, group, things)
            for group, things in self.things.beginning(connection, held)
        )

    def _is_about(self, held: Held, group: Group, one: str) -> bool:
        """Whether the grant's action can be about the things of a group; asked of one of them, because there may be thousands."""
        key = (held.system, held.action, group)
        if key not in self._about:
            self._about[key] = self._current.holdings.is_about(held, self._asked.verb, one)
        return self._about[key]

    def _covers_one(self, connection: str, held: Held, group: Group, things: Sequence[str]) -> bool:
        """Whether what it is granted on holds one of a group's things; many actions are granted on the same."""
        key = (connection, held.system, held.resource, group)
        if key not in self._covered:
            self._covered[key] = any(_meet(held.resource, thing) for thing in things)
        return self._covered[key]


class _Things:
    """Resources whose name holds a text: what connected systems say they have, and what is on record."""

    def __init__(self, current: Current, text: str) -> None:
        found: dict[str, dict[Group, set[str]]] = defaultdict(lambda: defaultdict(set))
        wanted = text.casefold()
        for name in current.connections if wanted else ():
            for item in current.objects(name):
                if wanted in item.id.casefold():
                    found[name][item.kind, _before_its_name(item.id)].add(item.id)
                    if item.kind == _BUCKET:
                        # What is granted on a bucket's objects is no grant on the bucket itself.
                        found[name][item.kind, "objects"].add(f"{item.id}/*")
        for touched in current.store.touched(text, _MOST_TOUCHED) if wanted else ():
            for place in (touched.system, f"{touched.system.partition(':')[0]}:*"):
                found[place]["", touched.resource].add(touched.resource)
        self._by_place = {place: {group: sorted(ids) for group, ids in groups.items()} for place, groups in found.items()}

    @property
    def is_any(self) -> bool:
        """Whether anything holds it."""
        return bool(self._by_place)

    def beginning(self, connection: str, held: Held) -> Iterator[tuple[Group, Sequence[str]]]:
        """Those that begin as a grant's pattern does, by their groups: it covers no other."""
        head = head_of(held.resource)
        for place in dict.fromkeys((connection, held.system)):
            for group, ids in self._by_place.get(place, {}).items():
                first = bisect_left(ids, head) if head else 0
                last = bisect_right(ids, head, lo=first, key=lambda thing: thing[: len(head)]) if head else len(ids)
                if first < last:
                    yield group, ids if last - first == len(ids) else ids[first:last]


def _shut(current: Current) -> frozenset[str]:
    """Identities that nobody can act as until a release: each step of their quarantine is done, and no login of them was seen since.

    A person's is none of them: a stop ends the keys of the agent alone.
    """
    held = {plan.id: plan for plan in current.plans.all()}
    return frozenset(
        ref
        for ref, plan in quarantine.stopped(held.values()).items()
        if (principal := current.principals.get(ref)) is not None
        and principal.person is None
        and not any(login.is_active for login in principal.logins)
        and _states_on(held[plan], ref) == {StepState.DONE}
    )


def _states_on(plan: Plan, ref: str) -> set[StepState]:
    return {state for step, state in zip(plan.steps, plan.step_states, strict=True) if step.principal == ref}


def _before_its_name(thing: str) -> str:
    """What stands before the last part of an ARN, or of a path."""
    return thing[: max(thing.rfind("/"), thing.rfind(":")) + 1]


def _meet(pattern: str, thing: str) -> bool:
    """Whether a grant's pattern covers a thing, or some of what is in it; quick for one that is no pattern itself."""
    return covers(pattern, thing) if "*" not in thing else overlaps(pattern, thing)


def _is_everything(resource: str) -> bool:
    parts = resource.split(":", 5)
    name = parts[5] if len(parts) == 6 and parts[0] == "arn" else resource
    return "*" in name and not name.strip("*/")

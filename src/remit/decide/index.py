"""Remits and states compiled for look-up: one entry per agent, and in it the lines by system, verb and resource.

Invariants:
- an index never changes; `with_remit` and its siblings return a new one that shares every other agent's entry;
- an agent without an entry, without a remit or in another state than active is denied: nothing here defaults to allow;
- lines keep the order of the document, so that the first that applies is the one that is named.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from enum import Enum

import msgspec

from remit.contracts.system import Vocabulary
from remit.decide.conditions import Test
from remit.decide.understanding import NotUnderstoodError, named_tools, verbs_of
from remit.document.pattern import TextMatch, resource_matcher
from remit.model.agent import AgentState
from remit.model.decision import Request
from remit.model.remit import Capability, Mode, Never, Objective, Remit
from remit.model.shown import printable
from remit.model.verbs import ANY, CALL, Verb

_OUR_VERBS = tuple(verb.value for verb in Verb)
_EVERY_WORD = frozenset({ANY, CALL})
UNKNOWN_TOOL = ""
"""Stands for the verb of an unknown tool in look-ups."""


def place(path: str, line: int) -> str:
    """`file:line`, as far as they are known."""
    if not line:
        return printable(path) if path else "the remit"
    return f"{printable(path)}:{line}" if path else f"line {line}"


class CanLine:
    """A line of a `can`, compiled."""

    __slots__ = ("at", "columns", "data_class", "line", "matches", "objective", "order", "resource", "rule", "system", "tests", "verb")

    def __init__(self, order: int, objective: Objective, position: int, capability: Capability, path: str) -> None:
        self.order = order
        self.verb = capability.verb
        self.system = capability.system
        self.resource = capability.resource
        self.matches: TextMatch = resource_matcher(capability.resource)
        self.tests = tuple(Test(condition) for condition in capability.where)
        self.columns = frozenset(capability.columns)
        self.data_class = capability.data_class
        self.line = capability.line
        self.rule = f"objectives.{objective.name}.can[{position}]"
        self.objective = objective.name
        self.at = place(path, capability.line)


class NeverLine:
    """A line of `never`, compiled."""

    __slots__ = ("at", "is_call", "line", "matches", "order", "outside", "resource", "rule", "system", "tests", "verb")

    def __init__(self, order: int, never: Never, path: str) -> None:
        self.order = order
        self.verb = never.verb
        self.system = never.system
        self.resource = never.resource
        self.matches: TextMatch = resource_matcher(never.resource)
        self.tests = tuple(Test(condition) for condition in never.where)
        self.outside = never.outside
        self.line = never.line
        self.rule = f"never[{order}]"
        self.at = place(path, never.line)


class CanLines:
    """The lines of a `can` for one system: by verb, then by the resource where that is written out."""

    __slots__ = ("_exact", "_rest")

    def __init__(self, lines: Iterable[CanLine]) -> None:
        self._exact: dict[tuple[str, str], tuple[CanLine, ...]] = {}
        self._rest: dict[str, tuple[CanLine, ...]] = {}
        by_verb: dict[str, list[CanLine]] = {}
        for line in lines:
            words = (*_OUR_VERBS, UNKNOWN_TOOL) if line.verb in _EVERY_WORD else (line.verb,)
            for word in words:
                by_verb.setdefault(word, []).append(line)
        for verb, found in by_verb.items():
            self._rest[verb] = tuple(line for line in found if "*" in line.resource)
            for resource in {line.resource for line in found if "*" not in line.resource}:
                self._exact[verb, resource] = tuple(line for line in found if line.matches(resource))

    def of(self, verb: str, resource: str) -> tuple[CanLine, ...]:
        """Lines with this verb whose resource may match, in the order of the document; exact ones do."""
        found = self._exact.get((verb, resource))
        return found if found is not None else self._rest.get(verb, ())

    def some(self, verbs: frozenset[str], resource: str) -> tuple[CanLine, ...]:
        """Lines whose verb and resource match."""
        if len(verbs) <= 1:
            for verb in verbs or (UNKNOWN_TOOL,):
                return tuple(line for line in self.of(verb, resource) if line.matches(resource))
        found = {line.order: line for verb in verbs for line in self.of(verb, resource) if line.matches(resource)}
        return tuple(found[order] for order in sorted(found))


class NeverLines:
    """The lines of `never` that hold for one system, by verb."""

    __slots__ = ("_by_verb",)

    def __init__(self, lines: Iterable[NeverLine]) -> None:
        by_verb: dict[str, list[NeverLine]] = {}
        for line in lines:
            words = set(_OUR_VERBS) | {UNKNOWN_TOOL} if line.verb in _EVERY_WORD else {line.verb}
            if line.outside:
                words.add(UNKNOWN_TOOL)
            for word in words:
                by_verb.setdefault(word, []).append(line)
        self._by_verb = {verb: tuple(found) for verb, found in by_verb.items()}

    def some(self, verbs: frozenset[str]) -> tuple[NeverLine, ...]:
        """Lines whose verb is one of these, or that hold for an unknown tool, in the order of the document."""
        if len(verbs) <= 1:
            for verb in verbs or (UNKNOWN_TOOL,):
                return self._by_verb.get(verb, ())
        found = {line.order: line for verb in verbs for line in self._by_verb.get(verb, ())}
        return tuple(found[order] for order in sorted(found))


class Standing(Enum):
    """Why an agent's requests are denied before any line is looked at (remit language, section 6, step 1)."""

    BROKEN = "its remit cannot be used"
    NOT_ACTIVE = "not active"
    NO_REMIT = "no approved remit"
    EXPIRED = "expired"


class Entry:
    """One agent: its state, and its remit compiled."""

    __slots__ = ("cans", "expires_at", "fault", "named", "nevers", "nevers_elsewhere", "remit", "slug", "state")

    def __init__(self, slug: str, state: AgentState, remit: Remit | None, fault: str = "") -> None:
        self.slug = slug
        self.state = state
        self.remit = remit
        self.fault = fault
        self.expires_at: float | None = None
        self.named: dict[tuple[str, str], frozenset[str]] = {}
        self.cans: dict[str, CanLines] = {}
        self.nevers: dict[str, NeverLines] = {}
        self.nevers_elsewhere = NeverLines(())
        if remit is not None:
            self._compile(remit)

    def _compile(self, remit: Remit) -> None:
        if remit.lifecycle.expires is not None:
            day = datetime.fromisoformat(remit.lifecycle.expires).replace(tzinfo=UTC)
            self.expires_at = (day + timedelta(days=1)).timestamp()
        self.named = named_tools(remit)
        by_system: dict[str, list[CanLine]] = {}
        order = 0
        for objective in remit.objectives:
            for position, capability in enumerate(objective.can):
                by_system.setdefault(capability.system, []).append(CanLine(order, objective, position, capability, remit.path))
                order += 1
        self.cans = {system: CanLines(lines) for system, lines in by_system.items()}
        nevers = [NeverLine(number, never, remit.path) for number, never in enumerate(remit.never)]
        self.nevers_elsewhere = NeverLines(line for line in nevers if line.system == "*")
        for system in {line.system for line in nevers} - {"*"}:
            self.nevers[system] = NeverLines(line for line in nevers if line.system in ("*", system))

    def standing(self, now: float) -> Standing | None:
        """What denies every request of this agent; None when it is active and its remit holds. No mode is looked at."""
        if self.fault:
            return Standing.BROKEN
        if self.state is not AgentState.ACTIVE:
            return Standing.NOT_ACTIVE
        if self.remit is None:
            return Standing.NO_REMIT
        if self.expires_at is not None and not now < self.expires_at:
            return Standing.EXPIRED
        return None

    def nevers_on(self, system: str) -> NeverLines:
        """The lines of `never` that hold for a system."""
        return self.nevers.get(system, self.nevers_elsewhere)

    def with_state(self, state: AgentState) -> Entry:
        """The same remit in another state, nothing compiled again."""
        other = object.__new__(Entry)
        for name in Entry.__slots__:
            setattr(other, name, getattr(self, name))
        other.state = state
        return other


class Index(msgspec.Struct, frozen=True):
    """Everything that a decision looks up; made by `build_index`."""

    entries: Mapping[str, Entry]
    """By slug."""
    vocabularies: Mapping[str, Vocabulary]
    """By kind of system."""

    def with_remit(self, remit: Remit, state: AgentState | None = None) -> Index:
        """This index with one remit put in; its agent keeps its state unless another is given."""
        known = self.entries.get(remit.agent)
        new = state if state is not None else known.state if known is not None else AgentState.DISCOVERED
        return self._with(Entry(remit.agent, new, remit))

    def with_state(self, slug: str, state: AgentState) -> Index:
        """This index with one agent in another state; an agent without a remit gets an entry that denies."""
        known = self.entries.get(slug)
        return self._with(known.with_state(state) if known is not None else Entry(slug, state, None))

    def with_fault(self, slug: str, why: str) -> Index:
        """This index with an agent whose policy cannot be used (a file that turned bad): every request of it is a fault."""
        known = self.entries.get(slug)
        return self._with(Entry(slug, known.state if known is not None else AgentState.DISCOVERED, None, why))

    def without(self, slug: str) -> Index:
        """This index without an agent: it is unknown from now on."""
        return Index({key: entry for key, entry in self.entries.items() if key != slug}, self.vocabularies)

    def remit_of(self, slug: str) -> Remit | None:
        """The remit that an agent is decided by."""
        known = self.entries.get(slug)
        return known.remit if known is not None else None

    def verbs_of(self, request: Request) -> frozenset[str]:
        """The verbs of what a request asks for; none for an unknown tool; raises NotUnderstoodError."""
        known = self.entries.get(request.agent)
        return verbs_of(known.named if known is not None else {}, self.vocabularies, request)

    def could_allow(self, agent: str, system: str, action: str, now: float) -> bool:
        """Whether an action could be allowed for some arguments; a tool that could not is left out of `tools/list`."""
        entry = self.entries.get(agent)
        if entry is None or entry.remit is None or entry.standing(now) is not None:
            return False
        if entry.remit.mode is Mode.OBSERVE:
            return True
        try:
            verbs = self.verbs_of(Request(agent=agent, system=system, action=action, resource=action))
        except NotUnderstoodError:
            return False
        for never in entry.nevers_on(system).some(verbs):
            if never.matches(action) and not never.tests and not never.outside:
                return False
        lines = entry.cans.get(system)
        return lines is not None and bool(lines.some(verbs, action))

    def _with(self, entry: Entry) -> Index:
        return Index({**self.entries, entry.slug: entry}, self.vocabularies)


def build_index(remits: Iterable[Remit], states: Mapping[str, AgentState], vocabularies: Iterable[Vocabulary] = ()) -> Index:
    """Compiles remits. An agent whose state is not given counts as discovered, so it is denied; so does one without a remit."""
    entries = {remit.agent: Entry(remit.agent, states.get(remit.agent, AgentState.DISCOVERED), remit) for remit in remits}
    for slug, state in states.items():
        if slug not in entries:
            entries[slug] = Entry(slug, state, None)
    return Index(entries, {vocabulary.kind: vocabulary for vocabulary in vocabularies})

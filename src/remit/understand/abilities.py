"""What lines of an alignment amount to in verbs, and so what an agent reaches: by its identities, and by the tools of its client."""

from __future__ import annotations

from collections.abc import Iterable

from remit.model.alignment import Alignment, AlignmentLine, Class, Reach
from remit.model.verbs import ANY, CALL, GRAVEST_FIRST, Verb
from remit.understand.spans import Spans, is_pattern


def reach_of(alignment: Alignment, abilities: Abilities, by_tools: Iterable[Verb] = ()) -> Reach:
    """What the identities of an agent are granted, in verbs, and what the tools do that its client brings along (`by_tools`).

    Tools of servers are no grants: what they do is granted to the server. What is no longer granted is not reached.
    """
    granted = {
        verb
        for line in alignment.lines
        if line.principal and not line.is_past and line.class_ is not Class.NEEDED_NOT_GRANTED
        for verb in abilities.verbs(line)
    } | set(by_tools)
    return Reach(agent=alignment.agent, verbs=tuple(verb for verb in GRAVEST_FIRST if verb in granted))


class Abilities:
    """What lines of an alignment amount to in verbs. A pattern has every verb of the actions that it names on its resource."""

    def __init__(self, spans: Spans) -> None:
        self._spans = spans
        self._named: dict[tuple[str, str], dict[Verb, list[str]]] = {}

    def verbs(self, line: AlignmentLine) -> tuple[Verb, ...]:
        """Gravest first; none for a tool whose verb nothing tells."""
        if not self._spans.holds_identities(line.system):
            return self._of_tool(line)
        if line.action in (ANY, CALL) or (line.action == "*" and line.resource == "*"):
            return GRAVEST_FIRST
        if line.action in set(Verb) and line.class_ is Class.NEEDED_NOT_GRANTED:
            return (Verb(line.action),)
        if not is_pattern(line.action):
            verb = self._spans.verb_of(line.system, line.action)
            return (Verb(verb),) if verb is not None else ()
        named = self._names(line.system, line.action)
        if line.resource == "*":
            return tuple(named)
        return tuple(verb for verb, names in named.items() if any(self._spans.is_about(line.system, name, line.resource) for name in names))

    def has(self, system: str, pattern: str, resource: str, verb: Verb | None) -> bool:
        """Whether a pattern of actions has a verb on a resource (None: any verb); looks at the actions of that verb alone."""
        if pattern == "*" and resource == "*":
            return True
        named = self._names(system, pattern)
        wanted = named.values() if verb is None else (named.get(verb, ()),)
        return any(self._spans.is_about(system, name, resource) for names in wanted for name in names)

    def _of_tool(self, line: AlignmentLine) -> tuple[Verb, ...]:
        if line.action in set(Verb):
            return (Verb(line.action),)
        names = (line.action, line.resource) if line.action not in (ANY, CALL) else (line.resource,)
        found = next((verb for name in names if (verb := self._spans.verb_of(line.system, name)) is not None), None)
        return (Verb(found),) if found is not None else ()

    def _names(self, system: str, action: str) -> dict[Verb, list[str]]:
        key = (system, action)
        if key not in self._named:
            found: dict[Verb, list[str]] = {verb: [] for verb in GRAVEST_FIRST}
            for name in self._spans.named_by(system, action, "*"):
                verb = self._spans.verb_of(system, name)
                if verb is not None:
                    found[Verb(verb)].append(name)
            self._named[key] = {verb: names for verb, names in found.items() if names}
        return self._named[key]

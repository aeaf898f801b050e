"""What several detections ask of a window: who is there, who belongs together, how far an identity reaches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from remit.contracts.detection import Window
from remit.model.access import Access
from remit.model.agent import AgentState
from remit.model.finding import Severity
from remit.model.identity import Bound
from remit.model.shown import printable
from remit.model.standing import KnownAgent
from remit.model.verbs import Verb

_ORDER = tuple(Severity)
_FAR = frozenset({Verb.ADMINISTER, Verb.PAY})


def agents_of(window: Window, *, with_gone: bool = False) -> list[KnownAgent]:
    """The agents that live, by id: none that is retired, none of a test."""
    return [
        known
        for slug, known in sorted(window.agents.items())
        if not known.agent.is_test and (with_gone or not known.is_gone) and state_of(window, slug) is not AgentState.RETIRED
    ]


def state_of(window: Window, slug: str) -> AgentState:
    """Where an agent stands."""
    standing = window.standings.get(slug)
    return standing.state if standing is not None else AgentState.DISCOVERED


def bindings_by_agent(window: Window) -> dict[str, list[Bound]]:
    """The identities of each agent in connected systems, without Remit's own."""
    found: dict[str, list[Bound]] = defaultdict(list)
    for binding in window.bindings:
        principal = window.principals.get(binding.principal)
        if principal is not None and not principal.is_own:
            found[binding.agent].append(binding)
    return found


def families_of(agents: Iterable[KnownAgent]) -> dict[str, str]:
    """Slug -> family: agents that run as one hand over to each other, stand in one file, or are started by one deployment."""
    parent: dict[str, str] = {}

    def root(slug: str) -> str:
        parent.setdefault(slug, slug)
        while parent[slug] != slug:
            parent[slug] = parent[parent[slug]]
            slug = parent[slug]
        return slug

    first_at: dict[object, str] = {}
    listed = list(agents)
    there = {known.agent.id for known in listed}
    for known in listed:
        agent = known.agent
        root(agent.id)
        together: list[object] = [(source, agent.place.path) for source in known.sources]
        if agent.language == "markdown":
            together += [("of one client", source, agent.place.path.rpartition("/")[0]) for source in known.sources]
        together += [(source, place.path, place.line) for source in known.sources for place in agent.places if place.line is not None]
        for key in together:
            parent[root(agent.id)] = root(first_at.setdefault(key, agent.id))
        for other in agent.delegates_to:
            if other in there:
                parent[root(other)] = root(agent.id)
    return {slug: root(slug) for slug in parent}


def is_marked_as_person(window: Window, ref: str) -> bool:
    """Whether an identity is a person's own."""
    principal = window.principals.get(ref)
    return principal is not None and principal.person is not None


def severity_by_reach(window: Window, principals: Iterable[str], base: Severity) -> Severity:
    """The rule's own severity, and one more where an identity can change permissions, pay, or do anything."""
    reaches_far = any(_is_far(access) for ref in principals if ref in window.access for access in window.access[ref].access)
    return raised(base) if reaches_far else base


def raised(severity: Severity) -> Severity:
    """The next higher severity."""
    return _ORDER[min(_ORDER.index(severity) + 1, len(_ORDER) - 1)]


def _is_far(access: Access) -> bool:
    return access.verb in _FAR or (access.verb is None and access.action in {"*", "*:*"})


def names_of(slugs: Iterable[str]) -> str:
    """Agents as a sentence lists them."""
    return ", ".join(f"`{slug}`" for slug in slugs)


def shown(window: Window, ref: str) -> str:
    """An identity as a sentence names it."""
    principal = window.principals.get(ref)
    return f"`{printable(principal.short if principal is not None else ref)}`"

"""Who took an action: from a record's identity, session and key to the agent (design section 7).

Decided once for each distinct who, so that cost grows with novelty. Steps, first that applies wins:
1. a decision log says the agent itself, where the inventory knows it;
2. Remit's own identities are nobody's;
3. a key that one agent holds: that agent;
4. a session or application named after an agent: that agent, whatever else uses the identity;
5. the one agent that uses the identity (copies of one agent count as the one that is in use), unless the record shows somebody else
   there: another key than the agent's, or a person's client on a person's login;
6. nobody: the record stays without an agent, and is counted so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from remit.model.access import Principal
from remit.model.event import Who
from remit.model.identity import Bound
from remit.model.labels import AgentLabels, folded, says_copy
from remit.model.standing import KnownAgent

_CLIENTS_OF_PEOPLE = (
    "psql",
    "pgadmin",
    "dbeaver",
    "datagrip",
    "tableplus",
    "postico",
    "beekeeper",
    "navicat",
    "metabase",
    "tableau",
    "excel",
)
"""Beginnings of the names of programs at which a person sits."""


class Assigner:
    """Says which agent a who is."""

    def __init__(self, agents: Iterable[KnownAgent], bound: Iterable[Bound], principals: Iterable[Principal]) -> None:
        self._known = {agent.agent.id: agent for agent in agents if not agent.agent.is_test}
        self._labels = AgentLabels(agent.agent for agent in self._known.values() if not agent.is_gone)
        self._principals = {principal.ref: principal for principal in principals}
        self._bound: dict[str, list[Bound]] = defaultdict(list)
        self._keys: dict[tuple[str, str], set[str]] = defaultdict(set)
        for binding in bound:
            # INVARIANT (use alone): a session's name binds by itself; it does not make the agent one of those that any record may mean.
            if binding.agent in self._known and binding.is_named:
                self._bound[binding.principal].append(binding)
                for fingerprint in binding.key_fingerprints:
                    self._keys[binding.principal, fingerprint].add(binding.agent)

    def __call__(self, who: Who) -> str:
        """The slug of the agent; empty: nobody that is known."""
        if not who.principal:
            return who.agent if who.agent in self._known else ""
        principal = self._principals.get(who.principal)
        if principal is not None and principal.is_own:
            return ""
        holders = self._keys.get((who.principal, who.credential), set()) if who.credential else set()
        if len(holders) == 1:
            return next(iter(holders))
        named = self._labels.named_by(who.session)
        if named is not None:
            return named
        bound = self._without_copies(self._bound.get(who.principal, []))
        if len(bound) != 1 or _is_somebody_else(bound[0], principal, who):
            return ""
        return bound[0].agent

    def _without_copies(self, bound: Sequence[Bound]) -> Sequence[Bound]:
        """Of agents that are copies of each other the one in use: the one whose path does not say that it is a copy, the first one seen."""
        if len(bound) < 2:
            return bound
        kept: list[Bound] = []
        for binding in sorted(bound, key=lambda one: self._order(self._known[one.agent])):
            copies = self._known[binding.agent].agent.copies
            if not any(other.agent in copies for other in kept):
                kept.append(binding)
        return kept

    @staticmethod
    def _order(known: KnownAgent) -> tuple[bool, bool, str, str, str]:
        return (known.is_gone, says_copy(known.agent), known.first_seen, known.agent.place.path, known.agent.id)


def _is_somebody_else(bound: Bound, principal: Principal | None, who: Who) -> bool:
    """Whether the record shows that another than the agent used the identity."""
    is_person = principal is not None and principal.person is not None
    if bound.key_fingerprints:
        return who.credential not in bound.key_fingerprints if who.credential else is_person
    return is_person and folded(who.session).startswith(_CLIENTS_OF_PEOPLE)


def assigner(agents: Iterable[KnownAgent], bound: Iterable[Bound], principals: Iterable[Principal]) -> Callable[[Who], str]:
    """What `Store.rebind` asks for each distinct who."""
    return Assigner(agents, bound, principals)

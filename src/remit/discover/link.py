"""From inventories to one list of agents that lasts, and to who acts as whom.

Decides: which agents of several connections are one (`joining`), which are known already (`known`), which identity of a connected system
each ref means (`principals`), and by which evidence an agent uses it. Invariants:
- pure: equal input in any order gives equal output; the order of connections does not count;
- an agent that is not shown any more is gone and keeps its record; one whose file could not be read is not gone;
- a binding names the places that show it. Evidence that names the identity, a key that proves it, a tag or session that names the agent
  bind; likeness of names binds only where both have two words or more, each fits the other alone, and nothing else says anything about
  either, and is then `possible` at most;
- a ref that fits several identities of a connected system, or none, is a gap with its candidates, and stays as it is written;
- Remit's own identities are nobody's, and an agent in a test uses none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from remit.discover import bindings, fingerprint
from remit.discover.joining import Group, Member, joined, merged
from remit.discover.known import recognised, slug_for
from remit.discover.merge import place_order
from remit.discover.principals import Directory
from remit.model.access import Principal
from remit.model.agent import Agent, OwnerCandidate
from remit.model.event import Use
from remit.model.evidence import Gap, GapKind
from remit.model.identity import Because, Bound
from remit.model.ledger import Inventory
from remit.model.standing import KnownAgent
from remit.model.teams import is_team_alone

_NOT_LOOKED_AT = frozenset(
    {
        GapKind.NO_PERMISSION,
        GapKind.UNSUPPORTED,
        GapKind.TOO_LARGE,
        GapKind.PARSE_ERROR,
        GapKind.ENCODING,
        GapKind.BINARY,
        GapKind.DEPTH,
    }
)
"""Kinds of gap behind which something may stand that was there before. What the user left out, and what is deleted, is gone."""
_NO_AGENTS_THERE = ("arn:aws:iam", "arn:aws:s3", "iam:", "iam.", "s3:", "s3.", "s3/", "sts:", "sts.", "cloudtrail")
"""Beginnings of places in AWS where no agent is hosted."""


class Linked(msgspec.Struct, frozen=True, kw_only=True):
    """What evidence amounts to, over all connections and over time."""

    agents: tuple[KnownAgent, ...]
    """By id; those that are gone too."""
    bound: tuple[Bound, ...]
    """By agent and principal."""
    gaps: tuple[Gap, ...]
    """What could not be settled, with the candidates."""


def link(
    inventories: Mapping[str, Inventory],
    principals: Sequence[Principal],
    databases: Mapping[str, str],
    known: Sequence[KnownAgent],
    uses: Sequence[Use],
    seen_at: str,
) -> Linked:
    """Joins what every connection shows now (by connection id) with what is known.

    `databases` are the names of the databases of the Postgres connections, by connection id. A connection that is not among
    `inventories` is disconnected: what only it showed is gone. One that could not be read keeps the inventory of its last look.
    """
    directory = Directory(principals, databases)
    members = _members(inventories)
    groups, gaps = joined(members, lambda agent: bindings.role_names(agent, directory))
    current, ids = _named(groups, known, seen_at)
    present = _with_final_ids(groups, current, ids)
    taken = {agent.agent.id for agent in present}
    gone = [_gone(agent, inventories) for agent in known if agent.agent.id not in taken]
    agents = tuple(sorted([*present, *gone], key=lambda agent: agent.agent.id))
    binder = bindings.Binder(agents, directory)
    for connection, inventory in sorted(inventories.items()):
        here = [(ids[connection, agent.id], agent) for agent in inventory.agents if not agent.is_test]
        binder.by_keys(here, inventory.secrets)
        binder.by_settings(here, inventory.identities)
    binder.by_evidence()
    binder.by_tags()
    binder.by_use(uses)
    binder.by_name()
    bound = binder.bound()
    agents = tuple(_with_tagged_owner(agent, bound, directory) for agent in agents)
    return Linked(agents=agents, bound=bound, gaps=tuple(dict.fromkeys([*gaps, *binder.gaps])))


def _members(inventories: Mapping[str, Inventory]) -> list[Member]:
    """Every agent of every connection, code before clouds, as a reader meets them."""
    members = [Member(connection=connection, agent=agent) for connection, inventory in inventories.items() for agent in inventory.agents]
    return sorted(members, key=lambda member: (member.is_hosted, member.connection, *place_order(member.agent.place), member.agent.id))


def _named(groups: Sequence[Group], known: Sequence[KnownAgent], seen_at: str) -> tuple[list[KnownAgent], dict[tuple[str, str], str]]:
    """The agents of this look under the ids that last, and the way there from (connection, id in its inventory)."""
    found = recognised(groups, known)
    taken = {agent.agent.id for agent in known}
    named: list[KnownAgent] = []
    ids: dict[tuple[str, str], str] = {}
    for group, before in zip(groups, found, strict=True):
        slug = before.agent.id if before is not None else slug_for(group, taken)
        taken.add(slug)
        ids.update(((member.connection, member.agent.id), slug) for member in group)
        named.append(
            KnownAgent(
                agent=msgspec.structs.replace(merged(group), id=slug),
                sources=tuple(dict.fromkeys(member.connection for member in group)),
                first_seen=before.first_seen if before is not None else seen_at,
            )
        )
    return named, ids


def _with_final_ids(groups: Sequence[Group], named: Sequence[KnownAgent], ids: Mapping[tuple[str, str], str]) -> list[KnownAgent]:
    """The same agents, referring to each other by the ids that last; copies are looked for over all connections."""
    copies = fingerprint.copies([(one.agent.id, one.agent, one.agent.fingerprint) for one in named])
    result = []
    for group, one in zip(groups, named, strict=True):
        delegates = [
            ids[member.connection, other] for member in group for other in member.agent.delegates_to if (member.connection, other) in ids
        ]
        agent = msgspec.structs.replace(one.agent, delegates_to=tuple(dict.fromkeys(delegates)), copies=copies[one.agent.id])
        result.append(msgspec.structs.replace(one, agent=agent))
    return result


def _with_tagged_owner(known: KnownAgent, bound: Sequence[Bound], directory: Directory) -> KnownAgent:
    """The agent with whom a tag or comment of its identity names; a team's tag says who pays, not who answers."""
    found, teams = list(known.agent.owner_candidates), list(known.agent.teams)
    for binding in bound:
        principal = directory.by_ref.get(binding.principal)
        if binding.agent != known.agent.id or principal is None or principal.owner is None or principal.person is not None:
            continue
        _, is_tag, key = principal.owner.place.path.rpartition("#tag/")
        listed = teams if is_tag and is_team_alone(key, principal.owner.text) else found
        if all(candidate.name != principal.owner.text for candidate in listed):
            because = Because(place=principal.owner.place, text="a tag or comment of its identity")
            listed.append(OwnerCandidate(name=principal.owner.text, because=because))
    return msgspec.structs.replace(known, agent=msgspec.structs.replace(known.agent, owner_candidates=tuple(found), teams=tuple(teams)))


def _gone(known: KnownAgent, inventories: Mapping[str, Inventory]) -> KnownAgent:
    """An agent that nothing shows: gone, unless the place where it was could not be looked at."""
    if known.is_gone or any(source in inventories and _may_be_hidden(known.agent, inventories[source]) for source in known.sources):
        return known
    return msgspec.structs.replace(known, is_gone=True)


def _may_be_hidden(agent: Agent, inventory: Inventory) -> bool:
    """INVARIANT (not permitted is not absent): whether a gap of this look may stand before the agent."""
    gaps: Iterable[Gap] = (gap for gap in (*inventory.ledger.skipped, *inventory.ledger.unresolved) if gap.kind in _NOT_LOOKED_AT)
    path = agent.place.path
    if path.startswith("arn:"):
        return any(gap.is_file and not gap.place.path.lower().startswith(_NO_AGENTS_THERE) for gap in gaps)
    return any(gap.place.path in (path, "", ".") or path.startswith(f"{gap.place.path}/") for gap in gaps)

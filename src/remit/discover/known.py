"""Ids over time: which agent of this look is which agent that is known already (remit language, section 1).

Invariants:
- an agent that is known keeps its id: told by place and construct, then, when its file moved, by its text, prompt or name;
- an id never comes back for another agent: one that is gone keeps its record and its slug for good;
- where several could be meant, none is: a new agent gets a new id.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from remit.discover.joining import Group, Member
from remit.model.agent import Agent
from remit.model.ids import slug_from_name
from remit.model.standing import KnownAgent

Key = tuple[Any, ...]
_Keys = Callable[[str, Agent, int], Iterable[Key]]
"""What an agent may be told by: (connection, agent, its number among equal ones of its file)."""


def _as_it_was(connection: str, agent: Agent, _number: int) -> Iterable[Key]:
    yield connection, agent.place.path, agent.construct, agent.name, agent.fingerprint.whole, agent.place.line


def _same_text(connection: str, agent: Agent, _number: int) -> Iterable[Key]:
    yield connection, agent.place.path, agent.construct, agent.name, agent.fingerprint.whole


def _hosted(_connection: str, agent: Agent, _number: int) -> Iterable[Key]:
    yield from ((place.path,) for place in agent.places if place.path.startswith("arn:"))


def _same_place(connection: str, agent: Agent, number: int) -> Iterable[Key]:
    yield connection, agent.place.path, agent.construct, agent.name, number


def _renamed(connection: str, agent: Agent, _number: int) -> Iterable[Key]:
    for part in (agent.fingerprint.code, agent.fingerprint.prompt):
        if part is not None:
            yield connection, agent.place.path, agent.construct, part


def _any_place(connection: str, agent: Agent, _number: int) -> Iterable[Key]:
    if agent.name is not None:
        yield from ((connection, place.path, agent.name) for place in agent.places)


def _of_other_connection(_connection: str, agent: Agent, number: int) -> Iterable[Key]:
    yield agent.place.path, agent.construct, agent.name, number


def _moved(connection: str, agent: Agent, _number: int) -> Iterable[Key]:
    parts = [part for part in (agent.fingerprint.prompt, agent.fingerprint.code) if part is not None]
    if parts:
        yield connection, agent.fingerprint.whole
    if agent.name is not None:
        yield from ((connection, agent.name, part) for part in parts)


def _moved_and_edited(connection: str, agent: Agent, _number: int) -> Iterable[Key]:
    if agent.name is not None:
        yield connection, agent.name, agent.framework, agent.construct


_TIERS: tuple[_Keys, ...] = (
    _as_it_was,
    _hosted,
    _same_text,
    _same_place,
    _renamed,
    _any_place,
    _of_other_connection,
    _moved,
    _moved_and_edited,
)
"""From the surest to the least sure."""


def recognised(groups: Sequence[Group], known: Sequence[KnownAgent]) -> list[KnownAgent | None]:
    """For each agent of this look the one that is known already; None: it is new."""
    numbers = _numbers(groups, known)
    found: list[KnownAgent | None] = [None] * len(groups)
    left = {agent.agent.id: agent for agent in known}
    for keys in _TIERS:
        # INVARIANT (no id comes back): by name alone only what moved since the last look, never what was gone before it.
        if keys is _moved_and_edited:
            left = {slug: agent for slug, agent in left.items() if not agent.is_gone}
        by_key: dict[Key, list[str]] = defaultdict(list)
        for slug, agent in left.items():
            for source in agent.sources:
                for key in keys(source, agent.agent, numbers[slug]):
                    if slug not in by_key[key]:
                        by_key[key].append(slug)
        wanted: dict[str, list[int]] = defaultdict(list)
        for position, group in enumerate(groups):
            if found[position] is None:
                asked = (key for member in group for key in keys(member.connection, member.agent, numbers[id(member)]))
                slugs = [meant for key in asked if (meant := _alone(by_key.get(key, ()), left)) is not None]
                if slugs:
                    wanted[min(slugs, key=lambda slug: (left[slug].is_gone, left[slug].first_seen, slug))].append(position)
        for slug, positions in wanted.items():
            if keys is _moved_and_edited:
                positions = [at for at in positions if any(_is_alike(left[slug].agent, member.agent) for member in groups[at])]
            if len(positions) == 1:
                found[positions[0]] = left.pop(slug)
    return found


def _is_alike(before: Agent, now: Agent) -> bool:
    """Whether one of the same name at another place may be what stood there before: its file is called the same, or its words are alike."""
    if before.place.path.rpartition("/")[2] == now.place.path.rpartition("/")[2] or before.purpose is None or now.purpose is None:
        return True
    first, second = (frozenset(re.findall(r"\w{4,}", agent.purpose.lower())) for agent in (before, now) if agent.purpose is not None)
    return 3 * len(first & second) >= len(first | second)


def _alone(slugs: Sequence[str], left: Mapping[str, KnownAgent]) -> str | None:
    """The one agent that a key means; one that is there goes before those that are gone."""
    present = [slug for slug in slugs if not left[slug].is_gone]
    meant = present or slugs
    return meant[0] if len(meant) == 1 else None


def _numbers(groups: Sequence[Group], known: Sequence[KnownAgent]) -> dict[Any, int]:
    """The place of each agent among those of its file that are constructed and called alike; comparable only where there are as many."""
    numbers: dict[Any, int] = {}
    now: dict[Key, list[Member]] = defaultdict(list)
    for group in groups:
        for member in group:
            agent = member.agent
            now[member.connection, agent.place.path, agent.construct, agent.name].append(member)
    before: dict[Key, list[KnownAgent]] = defaultdict(list)
    for item in known:
        numbers[item.agent.id] = -1
        if not item.is_gone:
            for source in item.sources:
                before[source, item.agent.place.path, item.agent.construct, item.agent.name].append(item)
    for key, members in now.items():
        earlier = before.get(key, [])
        is_comparable = len(earlier) == len(members)
        for number, member in enumerate(sorted(members, key=lambda one: one.agent.place.line or 0)):
            numbers[id(member)] = number if is_comparable or len(members) == 1 else -2 - number
        for number, item in enumerate(sorted(earlier, key=lambda one: one.agent.place.line or 0)):
            numbers[item.agent.id] = number if is_comparable else -1
    for key, earlier in before.items():
        if key not in now and len(earlier) == 1:
            numbers[earlier[0].agent.id] = 0
    for item in known:
        if item.is_gone:
            numbers[item.agent.id] = 0
    return numbers


def slug_for(group: Group, taken: set[str]) -> str:
    """An id for an agent that is new: its own, else with the name of its connection, else with a number."""
    wanted = group[0].agent.id
    if wanted not in taken:
        return wanted
    named = slug_from_name(f"{wanted[:90]}-{group[0].connection.partition(':')[2]}")
    if named not in taken:
        return named
    number = 2
    while f"{wanted[:118]}-{number}" in taken:
        number += 1
    return f"{wanted[:118]}-{number}"

"""The same agent, seen more than once, becomes one sighting.

Invariants:
- what stands first (code before a definition before a deployment) keeps its values; later sightings fill only what is unknown;
- a grouping and a file of instructions are never agents; they stay evidence about the agents that they name;
- nothing is dropped in silence: a deployment whose agent is not found is an agent when it is certain to be one, else unresolved.

`key` joins a definition or deployment with code. Beside keys that are equal as written, `dir:FOLDER` in a deployment joins every agent in
that folder, `file:PATH` every agent in that file, and `runs:PATH` every agent in the one file that a container sees at that path. A
deployment that no key joins is joined by its name, where exactly one agent in code has it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import msgspec

from remit.model.agent import AgentKind
from remit.model.evidence import AgentSeen, Gap, GapKind, Role
from remit.model.ids import slug_from_name
from remit.model.place import Confidence, Place

_MOST_IN_FOLDER = 8
"""A deployment of a folder that holds more agents than this says nothing about each of them."""
_COMPILED = (".lock.yml", ".lock.yaml")


class Sighting(msgspec.Struct, frozen=True, kw_only=True):
    """One agent, with everything that was seen of it."""

    seen: AgentSeen
    places: tuple[Place, ...]
    """Every place that is about it, the place of `seen` first."""


def merged(agents: Sequence[AgentSeen]) -> tuple[list[Sighting], list[Gap]]:
    """Each agent once, by path and line; and the deployments that no agent was found for."""
    by_role: dict[Role, list[AgentSeen]] = defaultdict(list)
    for seen in agents:
        by_role[seen.role].append(seen)
    sightings = _one_per_place(_without_compiled(by_role[Role.AGENT]))
    sightings, alone = _joined(sightings, _one_per_place(by_role[Role.DEFINITION]))
    sightings += [_promoted(definition, Confidence.LIKELY) for definition in alone]
    sightings, alone = _joined(sightings, _one_per_place(by_role[Role.DEPLOYMENT]))
    sure = [deployment for deployment in alone if deployment.seen.confidence is Confidence.CERTAIN]
    sightings += [_promoted(deployment, Confidence.CERTAIN) for deployment in sure]
    gaps = [
        Gap(
            place=deployment.seen.place,
            kind=GapKind.UNRESOLVED,
            what="runs what looks like an agent, and its code was not found here",
            is_file=False,
        )
        for deployment in alone
        if deployment.seen.confidence is not Confidence.CERTAIN
    ]
    sightings = _with_groupings(sightings, by_role[Role.GROUPING])
    sightings.sort(key=lambda sighting: place_order(sighting.seen.place))
    return sightings, gaps


def place_order(place: Place) -> tuple[str, int, int]:
    """Sorts places as a reader meets them."""
    return (place.path, place.line or 0, place.end or 0)


def _without_compiled(agents: Iterable[AgentSeen]) -> list[AgentSeen]:
    """Leaves out compiled copies (`x.lock.yml`) of agents whose own file (`x.md`) was seen."""
    kept = list(agents)
    sources = {seen.place.path for seen in kept}
    return [
        seen for seen in kept if not (seen.place.path.endswith(_COMPILED) and f"{seen.place.path.rpartition('.lock.')[0]}.md" in sources)
    ]


def _one_per_place(agents: Iterable[AgentSeen]) -> list[Sighting]:
    """The same construct, seen by two readers or twice by one, once. Two names at one line are two agents."""
    at: dict[tuple[str, int | None], list[Sighting]] = defaultdict(list)
    for seen in agents:
        here = at[seen.place.path, seen.place.line]
        for index, other in enumerate(here):
            if seen.name is None or other.seen.name is None or seen.name == other.seen.name:
                here[index] = _filled(other, Sighting(seen=seen, places=(seen.place,)))
                break
        else:
            here.append(Sighting(seen=seen, places=(seen.place,)))
    return [sighting for here in at.values() for sighting in here]


def _joined(sightings: list[Sighting], others: list[Sighting]) -> tuple[list[Sighting], list[Sighting]]:
    """The sightings filled from what is about them, and what is about none of them."""
    by_key: dict[str, list[int]] = defaultdict(list)
    for index, sighting in enumerate(sightings):
        if sighting.seen.key is not None:
            by_key[sighting.seen.key].append(index)
    result, alone = list(sightings), []
    for other in others:
        found = by_key.get(other.seen.key or "", []) or _by_path(other.seen, sightings) or _by_name(other.seen, sightings)
        for index in found:
            result[index] = _filled(result[index], other)
        if not found:
            alone.append(other)
    return result, alone


def _by_path(seen: AgentSeen, sightings: Sequence[Sighting]) -> list[int]:
    sort, _, where = (seen.key or "").partition(":")
    if sort == "file" and where:
        path, _, alias = where.partition("#")
        found = [index for index, other in enumerate(sightings) if other.seen.place.path == path]
        exact = [index for index in found if alias in {sightings[index].seen.name, *sightings[index].seen.aliases}]
        return exact or (found if not alias or len(found) == 1 else [])
    if sort == "runs" and where:
        return _in_file(where, sightings)
    if sort == "dir" and where:
        folder = "" if where in {".", "/"} else where.strip("/") + "/"
        found = [index for index, other in enumerate(sightings) if other.seen.place.path.startswith(folder) and not other.seen.is_test]
        return found if len(found) <= _MOST_IN_FOLDER else []
    return []


def _in_file(where: str, sightings: Sequence[Sighting]) -> list[int]:
    """Agents of the one file that a container sees at a path: it ends in that path, or in what is left of it without its first folders."""
    parts = where.split("/")
    for start in range(max(1, len(parts) - 1)):
        wanted = "/".join(parts[start:])
        ends = (f"/{wanted}", f"/{wanted.removesuffix('.py')}/__main__.py")
        found = [index for index, other in enumerate(sightings) if f"/{other.seen.place.path}".endswith(ends) and not other.seen.is_test]
        paths = {sightings[index].seen.place.path for index in found}
        if paths:
            return found if len(paths) == 1 else []
    return []


def _by_name(seen: AgentSeen, sightings: Sequence[Sighting]) -> list[int]:
    """The one agent in code that has the name of a deployment."""
    if seen.role is not Role.DEPLOYMENT or seen.name is None:
        return []
    slug = slug_from_name(seen.name)
    candidates = [(index, other.seen) for index, other in enumerate(sightings) if other.seen.role is Role.AGENT and not other.seen.is_test]
    found = [index for index, other in candidates if other.name is not None and slug_from_name(other.name) == slug]
    return found if len(found) == 1 else []


def _filled(first: Sighting, second: Sighting) -> Sighting:
    """The first sighting with what only the second knows."""
    own, other = first.seen, second.seen
    has_purpose = own.purpose is not None
    is_deployed = other.role is Role.DEPLOYMENT
    seen = msgspec.structs.replace(
        own,
        name=own.name if own.name is not None or is_deployed else other.name,
        aliases=tuple(dict.fromkeys((*own.aliases, *other.aliases))),
        model=own.model if own.model is not None else other.model,
        tools=other.tools if own.tools is None or (own.tools == () and other.tools) else own.tools,
        tool_places=tuple(dict.fromkeys((*own.tool_places, *other.tool_places))),
        purpose=own.purpose if has_purpose else other.purpose,
        purpose_place=own.purpose_place if has_purpose else other.purpose_place,
        purpose_lines=own.purpose_lines if has_purpose else other.purpose_lines,
        named_at=tuple(dict.fromkeys((*own.named_at, *other.named_at))),
        delegates_to=tuple(dict.fromkeys((*own.delegates_to, *other.delegates_to))),
        mcp_servers=tuple(dict.fromkeys((*own.mcp_servers, *other.mcp_servers))),
        kind=own.kind or other.kind or (AgentKind.PRODUCTION if is_deployed else None),
        autonomy=own.autonomy or other.autonomy,
        exposure=tuple(dict.fromkeys((*own.exposure, *other.exposure))),
        key=own.key or other.key,
        code_hash=own.code_hash or other.code_hash,
    )
    return Sighting(seen=seen, places=tuple(dict.fromkeys((*first.places, *second.places))))


def _promoted(sighting: Sighting, confidence: Confidence) -> Sighting:
    """What is about an agent, standing for it because nothing else does."""
    seen = msgspec.structs.replace(sighting.seen, role=Role.AGENT, confidence=confidence)
    if sighting.seen.role is Role.DEPLOYMENT and seen.kind is None:
        seen = msgspec.structs.replace(seen, kind=AgentKind.PRODUCTION)
    return Sighting(seen=seen, places=sighting.places)


def _with_groupings(sightings: list[Sighting], groupings: Sequence[AgentSeen]) -> list[Sighting]:
    """Adds the place of a team or workflow to the agents of the same file that it names."""
    places: dict[tuple[str, str], list[Place]] = defaultdict(list)
    for grouping in groupings:
        for label in grouping.delegates_to:
            places[grouping.place.path, label].append(grouping.place)
    result = []
    for sighting in sightings:
        seen = sighting.seen
        labels = [label for label in (seen.name, *seen.aliases) if label]
        extra = [place for label in labels for place in places.get((seen.place.path, label), ())]
        result.append(Sighting(seen=seen, places=tuple(dict.fromkeys((*sighting.places, *extra)))) if extra else sighting)
    return result

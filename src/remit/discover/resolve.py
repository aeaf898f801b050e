"""From evidence to inventory: which agents there are, and everything that was seen about each.

Decides: what is one agent (`merge`), what it is called (`naming`), what belongs to it (`bind`), which are copies (`fingerprint`), and in
which order they stand (`risk`). Invariants:
- pure and total: equal evidence in any order gives an equal inventory;
- an unknown value stays None; a kind is inferred only from constructs that exist in one kind of place alone;
- every gap is in the ledger: what was not read under `skipped`, what was read and not settled under `unresolved`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

import msgspec

from remit.discover import bind, fingerprint, naming
from remit.discover.merge import Sighting, merged, place_order
from remit.discover.risk import exposure_of, risk
from remit.model.agent import Agent, AgentKind
from remit.model.evidence import (
    ActionSeen,
    AgentSeen,
    CallSeen,
    CredentialSeen,
    Evidence,
    FileRead,
    Gap,
    IdentitySeen,
    McpServerSeen,
    OwnerSeen,
    SecretSeen,
    TextSeen,
)
from remit.model.ledger import Inventory, Ledger
from remit.model.place import Place

_KINDS = {
    "bedrock-agents": AgentKind.MANAGED,
    "bedrock-cdk": AgentKind.MANAGED,
    "azure-ai-agents": AgentKind.MANAGED,
    "openai-assistants": AgentKind.MANAGED,
    "managed-agent": AgentKind.MANAGED,
    "n8n": AgentKind.MANAGED,
    "dify": AgentKind.MANAGED,
    "flowise": AgentKind.MANAGED,
    "langflow": AgentKind.MANAGED,
    "copilot-studio": AgentKind.MANAGED,
    "ci-agent": AgentKind.PRODUCTION,
    "gh-aw": AgentKind.PRODUCTION,
    "kagent": AgentKind.PRODUCTION,
    "k8s": AgentKind.PRODUCTION,
    "compose": AgentKind.PRODUCTION,
    "markdown-agent": AgentKind.LOCAL,
}
"""Frameworks whose agents exist in one kind of place alone."""
_Seen = TypeVar("_Seen", bound=Evidence | Gap)


class _Sorted:
    """The stream, taken apart by kind of evidence."""

    def __init__(self, evidence: Iterable[Evidence | Gap]) -> None:
        self._by_type: dict[type[Any], list[Any]] = {}
        for seen in evidence:
            self._by_type.setdefault(type(seen), []).append(seen)

    def of(self, kind: type[_Seen]) -> list[_Seen]:
        """All evidence of one kind, by place."""
        found: list[_Seen] = self._by_type.get(kind, [])
        found.sort(key=lambda seen: place_order(seen.place))
        return found


def resolve(evidence: Iterable[Evidence | Gap]) -> Inventory:
    """The inventory that a stream of evidence amounts to."""
    stream = _Sorted(evidence)
    sightings, unmatched = merged([_with_kind(seen) for seen in stream.of(AgentSeen)])
    identities = bind.through_modules(sightings, stream.of(IdentitySeen), stream.of(CallSeen))
    agents = _agents(sightings, stream, identities)
    gaps = stream.of(Gap)
    files = stream.of(FileRead)
    ledger = Ledger(
        files_read=len({file.place.path for file in files}),
        bytes_read=sum(file.size for file in files),
        skipped=tuple(gap for gap in gaps if gap.is_file),
        unresolved=tuple(dict.fromkeys((*(gap for gap in gaps if not gap.is_file), *unmatched))),
        included=tuple(file for file in files if file.note),
        tests=sum(agent.is_test for agent in agents),
    )
    return Inventory(
        agents=tuple(sorted(agents, key=lambda agent: (-agent.risk, *place_order(agent.place), agent.id))),
        mcp_servers=_once(stream.of(McpServerSeen), lambda seen: (seen.place.path, seen.place.line, seen.client, seen.name)),
        secrets=_once(stream.of(SecretSeen), lambda seen: (seen.place.path, seen.place.line, seen.fingerprint)),
        ledger=ledger,
        identities=bind.apart(sightings, identities),
        texts=tuple(stream.of(TextSeen)),
    )


def _with_kind(seen: AgentSeen) -> AgentSeen:
    return seen if seen.kind is not None else msgspec.structs.replace(seen, kind=_KINDS.get(seen.framework))


def _agents(sightings: list[Sighting], stream: _Sorted, named: list[IdentitySeen]) -> list[Agent]:
    slugs = naming.ids(sightings)
    delegates = naming.delegates(sightings, slugs)
    identities = bind.identities(sightings, named)
    credentials = bind.credentials(sightings, stream.of(CredentialSeen))
    owners = bind.owner_candidates(sightings, stream.of(OwnerSeen))
    teams = bind.teams(sightings, stream.of(OwnerSeen))
    reach = bind.Reach(stream.of(CallSeen), stream.of(ActionSeen))
    prints = [fingerprint.fingerprint(sighting.seen) for sighting in sightings]
    copies = fingerprint.copies([(slug, sighting.seen, hashes) for slug, sighting, hashes in zip(slugs, sightings, prints, strict=True)])
    agents = []
    for index, sighting in enumerate(sightings):
        seen = sighting.seen
        actions = reach.of(sighting)
        exposure = exposure_of(seen.exposure, (*(seen.tools or ()), *seen.mcp_servers))
        agents.append(
            Agent(
                id=slugs[index],
                name=seen.name,
                framework=seen.framework,
                construct=seen.construct,
                language=seen.language,
                place=seen.place,
                places=_places(sighting, seen.purpose_place),
                model=seen.model,
                tools=seen.tools,
                purpose=seen.purpose,
                purpose_place=seen.purpose_place,
                purpose_lines=seen.purpose_lines,
                named_at=seen.named_at,
                delegates_to=delegates[index],
                kind=seen.kind,
                identities=identities[index],
                credentials=credentials[index],
                autonomy=seen.autonomy,
                exposure=exposure,
                risk=risk(
                    tools=seen.tools,
                    servers=seen.mcp_servers,
                    actions=actions,
                    identities=len(identities[index]),
                    credentials=credentials[index],
                    autonomy=seen.autonomy,
                    exposure=exposure,
                ),
                owner_candidates=owners[index],
                teams=teams[index],
                inferred_actions=actions,
                fingerprint=prints[index],
                copies=copies[slugs[index]],
                confidence=seen.confidence,
                is_test=seen.is_test,
            )
        )
    return agents


def _places(sighting: Sighting, purpose: Place | None) -> tuple[Place, ...]:
    return tuple(dict.fromkeys((*sighting.places, purpose))) if purpose is not None else sighting.places


def _once(seen: list[_Seen], key: Any) -> tuple[_Seen, ...]:
    kept: dict[Any, _Seen] = {}
    for item in seen:
        kept.setdefault(key(item), item)
    return tuple(kept.values())

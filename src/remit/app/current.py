"""What the store holds now, read when it is asked for and kept for one command.

Decides nothing: it looks records up, and hands them to the pure functions that derive the rest (principals, access, drafts, alignments).
Invariants:
- a remit counts only when its signature verifies; one that does not is a fault of its agent alone, and never "no remit";
- what came from a connection that is disconnected is not looked at.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

from remit.app.approvals import Versions, in_force, last_that_counts, versions_by_agent
from remit.app.plans import Plans
from remit.app.signing import trusted_keys
from remit.contracts import registry
from remit.contracts.system import IdentitySystem, Vocabulary, Works
from remit.discover.people import known_people, with_people
from remit.discover.risk import risk_with
from remit.model.access import NativeObject, Principal, PrincipalAccess
from remit.model.agent import AgentState
from remit.model.alignment import Reach
from remit.model.connection import Connection
from remit.model.errors import DocumentError, RefusedError
from remit.model.event import Use
from remit.model.evidence import MAY_HIDE, Gap
from remit.model.finding import Finding
from remit.model.identity import Bound
from remit.model.ids import AGENT_PREFIX, agent_slug
from remit.model.ledger import Reading, Scan
from remit.model.remit import Remit
from remit.model.shown import printable
from remit.model.standing import ApprovedRemit, KnownAgent, Ownership, Standing
from remit.store.records import Damaged, Store
from remit.understand.holdings import Holdings
from remit.understand.material import Concerns, Known, known_resources
from remit.understand.spans import Spans

Weighed = dict[str, tuple[Versions, frozenset[str], Remit | str]]
"""By agent: its versions, the keys that were trusted, and the remit that they put in force, or why they put none."""
LINKED = "remit:linked"
"""Stands for a connection where the joining of evidence says what it could not settle."""


class Current:
    """The records of one store, as they are now."""

    def __init__(self, store: Store, now: datetime, weighed: Weighed | None = None, plans: Plans | None = None) -> None:
        """`weighed` is what another one found its approved versions to be worth, `plans` those that it keeps; both add to them."""
        self.store = store
        self.now = now
        self.weighed: Weighed = weighed if weighed is not None else {}
        self.plans = plans if plans is not None else Plans(store)
        self._objects: dict[str, list[NativeObject]] = {}
        self._access: dict[str, PrincipalAccess] = {}

    # --- plugins -----------------------------------------------------------------------------------------------------------------

    @cached_property
    def systems(self) -> Mapping[str, Any]:
        """Every system by its kind."""
        return registry.find("SYSTEM")

    def identity_system(self, kind: str) -> IdentitySystem | None:
        """The system of a kind, where it holds identities that Remit reads."""
        system = self.systems.get(kind)
        return system if system is not None and isinstance(system.features.get("read"), Works) else None

    @cached_property
    def identity_systems(self) -> dict[str, IdentitySystem]:
        """By kind, every system that holds identities that Remit reads."""
        return {kind: system for kind in self.systems if (system := self.identity_system(kind)) is not None}

    @cached_property
    def vocabularies(self) -> dict[str, Vocabulary]:
        """Tables of native actions, by kind."""
        found = (system.vocabulary() for system in self.systems.values())
        return {vocabulary.kind: vocabulary for vocabulary in found if vocabulary is not None}

    # --- connections ---------------------------------------------------------------------------------------------------------------

    @cached_property
    def connections(self) -> dict[str, Connection]:
        """Everything that is connected, by id."""
        return {connection.id: connection for connection in self.store.all(Connection) if connection.is_connected}

    @cached_property
    def readings(self) -> dict[str, Reading]:
        """What the last look at each connection showed."""
        return {reading.connection: reading for reading in self.store.all(Reading) if reading.connection in self.connections}

    @cached_property
    def scans(self) -> dict[str, Scan]:
        """The last look at each connection."""
        return {scan.connection: scan for scan in self.store.all(Scan) if scan.connection in self.connections}

    def objects(self, connection: str) -> list[NativeObject]:
        """Everything that one system showed of itself."""
        if connection not in self._objects:
            self._objects[connection] = self.store.all(NativeObject, prefix=f"{connection}|")
        return self._objects[connection]

    @cached_property
    def link_gaps(self) -> tuple[Gap, ...]:
        """Names of identities that could not be settled when evidence was last joined."""
        reading = self.store.get(Reading, LINKED)
        return reading.inventory.ledger.unresolved if reading is not None else ()

    @cached_property
    def databases(self) -> dict[str, str]:
        """The name of the database of each Postgres connection, as the server says it."""
        names = {name: [item for item in self.objects(name) if item.kind == "pg:database"] for name in self.connections}
        return {name: found[0].id for name, found in names.items() if found}

    @cached_property
    def unread(self) -> list[str]:
        """Connections whose last look had gaps, or failed: what they did not show is not absent."""
        return [
            name for name, scan in self.scans.items() if scan.fault or _is_hidden((*scan.gaps, *self.skipped(name), *self._parts(name)))
        ]

    def skipped(self, connection: str) -> tuple[Gap, ...]:
        """What the last look at a connection did not read, what was left out on purpose included."""
        reading = self.readings.get(connection)
        return reading.inventory.ledger.skipped if reading is not None else ()

    def _parts(self, connection: str) -> tuple[Gap, ...]:
        """What was not settled in the things that a system did show, such as the keys of one user."""
        reading = self.readings.get(connection)
        is_system = reading is not None and self.connections[connection].kind in self.systems
        return reading.inventory.ledger.unresolved if reading is not None and is_system else ()

    def rejoin(self) -> None:
        """Looks agents, bindings and uses up again, because evidence was joined anew."""
        for name in ("agents", "bound", "bound_by_agent", "all_uses", "uses_by_agent", "link_gaps", "standings", "risks"):
            self.__dict__.pop(name, None)

    def refresh(self) -> None:
        """Looks everything up again that people settle (owners, states, remits) and that follows from it."""
        settled = ("standings", "owners", "versions", "approved", "remits", "remit_faults", "_judged_versions")
        for name in (*settled, "findings", "reaches", "risks"):
            self.__dict__.pop(name, None)

    def forget_people(self) -> None:
        """Looks identities up again, because others are known to be people's now."""
        for name in ("principals", "own", "_shorts"):
            self.__dict__.pop(name, None)

    def forget_connections(self) -> None:
        """Looks connections up again, because one was added or taken away."""
        self.__dict__.pop("connections", None)

    def forget(self, connection: str) -> None:
        """Drops what was kept of a connection, because it was read anew."""
        self._objects.pop(connection, None)
        self._access.clear()
        for name in ("_principals_as_shown", "readings", "scans", "databases", "unread", "all_uses", "uses_by_agent", "resources"):
            self.__dict__.pop(name, None)
        self.forget_people()

    @cached_property
    def principals(self) -> dict[str, Principal]:
        """Every identity of every connected system, by canonical ref."""
        found = self._principals_as_shown
        agents = [agent for reading in self.readings.values() for agent in reading.inventory.agents]
        named = [(candidate.name, str(candidate.because.place)) for agent in agents for candidate in agent.owner_candidates]
        named += [(ownership.person, f"the owner of `{slug}`") for slug, ownership in self.owners.items()]
        names = [name for agent in agents for name in (agent.id, agent.name or "")]
        known = with_people(found.values(), known_people(named, found.values()), names)
        return {principal.ref: principal for principal in known}

    @cached_property
    def _principals_as_shown(self) -> dict[str, Principal]:
        """As their systems show them, without what is known of people."""
        found: dict[str, Principal] = {}
        for connection in self.connections.values():
            system = self.identity_system(connection.kind)
            if system is not None:
                found |= {principal.ref: principal for principal in system.principals(self.objects(connection.id))}
        return found

    @cached_property
    def own(self) -> frozenset[str]:
        """The identities that Remit itself acts as."""
        return frozenset(ref for ref, principal in self.principals.items() if principal.is_own)

    @cached_property
    def resources(self) -> Known:
        """Names of things that the connected systems have."""
        return known_resources(item for name in self.connections for item in self.objects(name))

    @cached_property
    def concerns(self) -> dict[str, Concerns]:
        """By kind, whether a native action can be about a resource."""
        return {kind: system.concerns for kind, system in self.identity_systems.items()}

    def identity_text(self, ref: str) -> str:
        """An identity as people write it: the short form where it fits one identity alone."""
        principal = self.principals.get(ref)
        if principal is None:
            return ref
        return principal.short if self._shorts[principal.short] == 1 else ref

    @cached_property
    def _shorts(self) -> dict[str, int]:
        counts: dict[str, int] = defaultdict(int)
        for principal in self.principals.values():
            counts[principal.short] += 1
        return counts

    def access_of(self, refs: Sequence[str]) -> list[PrincipalAccess]:
        """What each of these identities can do; those of systems that are not connected are left out."""
        by_connection: dict[str, list[str]] = defaultdict(list)
        for ref in refs:
            principal = self.principals.get(ref)
            if principal is not None and ref not in self._access:
                by_connection[principal.connection].append(ref)
        for connection, wanted in by_connection.items():
            system = self.identity_system(self.connections[connection].kind)
            if system is not None:
                self._access |= {found.principal: found for found in system.access(self.objects(connection), wanted)}
        return [self._access[ref] for ref in refs if ref in self._access]

    @cached_property
    def holdings(self) -> Holdings:
        """What access amounts to, verb by verb."""
        return Holdings(Spans(self.vocabularies, self.concerns))

    # --- agents ----------------------------------------------------------------------------------------------------------------------

    @cached_property
    def agents(self) -> dict[str, KnownAgent]:
        """Every agent ever known, by slug; gone ones too."""
        return {known.agent.id: known for known in self.store.all(KnownAgent)}

    @cached_property
    def reaches(self) -> dict[str, Reach]:
        """What each agent reaches by its identities and by the tools of its client, in verbs."""
        return {reach.agent: reach for reach in self.store.all(Reach)}

    @cached_property
    def risks(self) -> dict[str, float]:
        """How risky each agent is, 0 to 100, by the formula of `discover.risk`; what it is granted counts while it is there."""
        return {slug: self._risk(known) for slug, known in self.agents.items()}

    def _risk(self, known: KnownAgent) -> float:
        reach = self.reaches.get(known.agent.id)
        return known.agent.risk if reach is None or known.is_gone else risk_with(known.agent, reach.verbs)

    def risk(self, slug: str) -> float:
        """How risky an agent is."""
        return self.risks[slug]

    @cached_property
    def standings(self) -> dict[str, Standing]:
        """Where each agent stands."""
        return {standing.agent: standing for standing in self.store.all(Standing)}

    @cached_property
    def owners(self) -> dict[str, Ownership]:
        """Who answers for each agent, where `remit owner` said so."""
        return {ownership.agent: ownership for ownership in self.store.all(Ownership)}

    @cached_property
    def versions(self) -> dict[str, list[ApprovedRemit | Damaged]]:
        """Every approved version of each agent, the newest last."""
        return versions_by_agent(self.store)

    @cached_property
    def approved(self) -> dict[str, ApprovedRemit]:
        """The newest version of each agent as it is written, for telling; what counts is in `remits`."""
        newest = {slug: versions[-1] for slug, versions in self.versions.items()}
        return {slug: version for slug, version in newest.items() if isinstance(version, ApprovedRemit)}

    @cached_property
    def remits(self) -> dict[str, Remit]:
        """The approved remit of each agent where it counts; where it does not, the agent is in `remit_faults`."""
        return {slug: found for slug, found in self._judged_versions.items() if isinstance(found, Remit)}

    @cached_property
    def remit_faults(self) -> dict[str, str]:
        """Agents whose approved remit does not count, and why: they are denied at every point, and never without a remit."""
        return {slug: found for slug, found in self._judged_versions.items() if isinstance(found, str)}

    @cached_property
    def _judged_versions(self) -> dict[str, Remit | str]:
        trusted = trusted_keys(self.store.folder) if self.versions else frozenset()
        found: dict[str, Remit | str] = {}
        for slug, versions in self.versions.items():
            # INVARIANT (the same is worth the same): it hangs on the versions and the keys alone, and reading a document takes long.
            known = self.weighed.get(slug)
            if known is None or known[:2] != (versions, trusted):
                known = self.weighed[slug] = (versions, trusted, self._weigh(slug, versions, trusted))
            found[slug] = known[2]
        return found

    def _weigh(self, slug: str, versions: Versions, trusted: frozenset[str]) -> Remit | str:
        try:
            return in_force(slug, versions, trusted, self.store.folder)
        except (RefusedError, DocumentError) as error:
            return str(error)

    def remit_to_act_by(self, slug: str) -> Remit | None:
        """The remit in force, None where none was approved; raises RefusedError where one was and does not count."""
        if slug in self.remit_faults:
            raise RefusedError(self.remit_faults[slug])
        return self.remits.get(slug)

    def remit_to_follow(self, slug: str) -> Remit | None:
        """Whose approvers approve the next version: the last one that counts."""
        trusted = trusted_keys(self.store.folder)
        return self.remits.get(slug) or last_that_counts(slug, self.versions.get(slug, ()), trusted, self.store.folder)

    @cached_property
    def bound(self) -> tuple[Bound, ...]:
        """Which agent uses which identity."""
        return tuple(self.store.all(Bound))

    @cached_property
    def bound_by_agent(self) -> dict[str, list[Bound]]:
        """The identities of each agent."""
        found: dict[str, list[Bound]] = defaultdict(list)
        for bound in self.bound:
            found[bound.agent].append(bound)
        return found

    @cached_property
    def all_uses(self) -> list[Use]:
        """Every use on record, by whomever."""
        return self.store.uses()

    @cached_property
    def uses_by_agent(self) -> dict[str, list[Use]]:
        """What each agent did."""
        found: dict[str, list[Use]] = defaultdict(list)
        for use in self.all_uses:
            if use.agent:
                found[use.agent].append(use)
        return found

    def uses_of(self, slug: str) -> list[Use]:
        """What one agent did; asks for no other's where not all were read already."""
        if "all_uses" in self.__dict__:
            return self.uses_by_agent.get(slug, [])
        return self.store.uses(agent=slug)

    def shared_uses(self, slug: str) -> list[Use]:
        """What was done as identities that an agent shares, and no record tells by which of those who share them."""
        shared = sorted(self.sharing(slug))
        if "all_uses" in self.__dict__:
            return [use for use in self.all_uses if not use.agent and use.principal in set(shared)]
        return [use for ref in shared for use in self.store.uses(principal=ref) if not use.agent]

    def sharing(self, slug: str) -> dict[str, list[str]]:
        """For each identity of an agent the other agents, not retired, that use it."""
        others: dict[str, list[str]] = defaultdict(list)
        mine = {bound.principal for bound in self.bound_by_agent.get(slug, ())}
        for bound in self.bound:
            if bound.principal in mine and bound.agent != slug and self.state(bound.agent) is not AgentState.RETIRED:
                others[bound.principal].append(bound.agent)
        return others

    def state(self, slug: str) -> AgentState:
        """The state of an agent."""
        standing = self.standings.get(slug)
        return standing.state if standing is not None else AgentState.DISCOVERED

    def owner(self, slug: str) -> str | None:
        """Who answers for an agent: set by `remit owner`, else the contact of its approved remit."""
        ownership = self.owners.get(slug)
        if ownership is not None:
            return ownership.person
        remit = self.remits.get(slug)
        return remit.owner.contact if remit is not None else None

    def known(self, text: str) -> KnownAgent:
        """The agent that an id means; raises RefusedError with the nearest when there is none."""
        slug = agent_slug(text)
        if slug in self.agents:
            return self.agents[slug]
        if not self.agents:
            raise RefusedError(f"there is no agent `{slug}`: nothing is known yet; begin with `remit connect code PATH`")
        raise RefusedError(f"there is no agent `{slug}`{nearest(slug, self.agents)}; `remit agents` lists all")

    @cached_property
    def findings(self) -> list[Finding]:
        """Every finding, closed ones too."""
        return self.store.all(Finding)


def _is_hidden(gaps: Iterable[Gap]) -> bool:
    """Whether something may be there that could not be seen; what is left out on purpose, or broken in itself, hides nothing else."""
    return any(gap.kind in MAY_HIDE for gap in gaps)


def nearest(slug: str, known: Iterable[str]) -> str:
    """The agents whose names are near to one that is not known, as the end of a sentence; empty: none is."""
    import difflib  # here: only a misspelt id needs it

    close = difflib.get_close_matches(slug, list(known), n=3, cutoff=0.5)
    return f"; nearest is {', '.join(f'`{AGENT_PREFIX}{printable(other)}`' for other in close)}" if close else ""

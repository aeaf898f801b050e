"""Everything that a draft is made from, gathered for one agent: evidence alone, nothing of what is granted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

import msgspec

from remit.contracts.system import Vocabulary
from remit.model.access import NativeObject, Principal
from remit.model.agent import Agent
from remit.model.event import Use
from remit.model.evidence import McpServerSeen, TextSeen
from remit.model.identity import Bound

Concerns = Callable[[str, str], bool]
"""`IdentitySystem.concerns`: whether a native action can be about a resource of that form."""


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """Names of things that the connected systems have, by which a name in a prompt or in code can be told to be one of them."""

    buckets: frozenset[str] = frozenset()
    regions: frozenset[str] = frozenset()
    """Regions of AWS in which something was seen."""
    relations: Mapping[str, Mapping[str, frozenset[str]]] = {}
    """Connection -> name of a table -> the relations of that name, `schema.table` as the system writes them."""

    def relations_called(self, connection: str, name: str) -> frozenset[str]:
        """The relations of a connection with this bare name."""
        return self.relations.get(connection, {}).get(name, frozenset())

    def is_relation(self, connection: str, relation: str) -> bool:
        """Whether a connection has a relation, written `schema.table`."""
        return any(relation in called for called in self.relations.get(connection, {}).values())


NOTHING_KNOWN = Known()


class Material(msgspec.Struct, frozen=True, kw_only=True):
    """What is known about one agent, its grants left out on purpose."""

    agent: Agent
    contact: str | None = None
    """The owner set by `remit owner`."""
    bound: tuple[Bound, ...] = ()
    principals: tuple[Principal, ...] = ()
    """Those that it is bound to."""
    uses: tuple[Use, ...] = ()
    """Its own."""
    texts: tuple[TextSeen, ...] = ()
    """What people wrote about it (`declared.texts_about`)."""
    mcp_servers: tuple[McpServerSeen, ...] = ()
    """Servers that it is given (`inferred.servers_of`)."""
    known: Known = NOTHING_KNOWN
    vocabularies: Mapping[str, Vocabulary] = {}
    """By kind of system."""
    concerns: Mapping[str, Concerns] = {}
    """By kind of system."""


def known_resources(objects: Iterable[NativeObject]) -> Known:
    """The names in what the systems said of themselves."""
    buckets: set[str] = set()
    regions: set[str] = set()
    relations: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for found in objects:
        if found.kind == "s3:bucket":
            buckets.add(found.id.rpartition(":")[2])
            regions.add(str(found.body.get("Region") or ""))
        elif found.kind == "pg:relation":
            relations[found.connection][str(found.body.get("name", ""))].add(found.id)
    told = {connection: {name: frozenset(called) for name, called in by_name.items()} for connection, by_name in relations.items()}
    return Known(buckets=frozenset(buckets), regions=frozenset(regions - {""}), relations=told)
